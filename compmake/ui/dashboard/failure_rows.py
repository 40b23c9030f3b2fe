"""A failure as rows that one can go through, and what is told of each: frames, exceptions, members of groups; pure."""

from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from compmake.job import Failure, Frame
from compmake.text_safety import one_line, sanitize
from compmake.ui.dashboard.keys import Line
from compmake.ui.traceback import chain, headline
from compmake.words import plural

_ROW_CELLS = 400
_SOURCE_CELLS = 2000


class Row(NamedTuple):
    """One row: a frame, library frames that are folded, or the exception itself."""

    failure: Failure
    frame: Frame | None = None
    folded: tuple[Frame, ...] = ()
    depth: int = 0
    """Levels of exception groups around it."""
    label: str = ""
    """Of an exception: which member of its group it is, or what became of it."""

    @property
    def place(self) -> Frame | None:
        """The frame that can be opened in an editor."""
        return self.frame or (self.folded[-1] if self.folded else None)


def fullest(told: Failure | None, known: Failure | None) -> Failure | None:
    """Return what a job failed of with all its frames, as the store knows it; news carry the last frame only.

    Args:
        told: By the news.
        known: By the store; perhaps of an attempt before.
    """
    if told is None or known is None:
        return told or known
    is_same = known.type_name == told.type_name and known.message.startswith(told.message)
    return known if is_same else told


def rows_of(failure: Failure, *, fold: bool, depth: int = 0, label: str = "") -> list[Row]:
    """Return the rows from the far end of the chain on: frames, then the exception that ended there."""
    links = chain(failure)
    rows: list[Row] = []
    for link, following in zip(links, [*links[1:], None], strict=True):
        becomes = "" if following is None else _became(following)
        rows += _frames(link, fold=fold, depth=depth)
        rows.append(Row(link, depth=depth, label=f"{label if following is None else ''}{becomes}"))
        for number, member in enumerate(link.members, 1):
            rows += rows_of(member, fold=fold, depth=depth + 1, label=f"[{number}] ")
    return rows


def first_row(rows: list[Row], failure: Failure) -> int:
    """Return the row to begin with: the user's own line that was reached last."""
    deepest = failure.deepest_user_frame
    by_choice = [
        [at for at, row in enumerate(rows) if deepest is not None and row.frame is deepest],
        [at for at, row in enumerate(rows) if row.frame is not None and row.frame.is_user],
        [at for at, row in enumerate(rows) if row.failure is failure and row.place is not None],
        [at for at, row in enumerate(rows) if row.failure is failure],
    ]
    return next((found[-1] for found in by_choice if found), 0)


def _became(following: Failure) -> str:
    return "while this was handled: " if following.cause_is_context else "this caused what follows: "


def _frames(link: Failure, *, fold: bool, depth: int) -> list[Row]:
    fold = fold and any(frame.is_user for frame in link.frames)
    rows: list[Row] = []
    for is_shown, group in groupby(link.frames, key=lambda frame: frame.is_user or not fold or not frame.file):
        frames = tuple(group)
        rows += [Row(link, frame, depth=depth) for frame in frames] if is_shown else [Row(link, None, frames, depth)]
    return rows


def row_line(row: Row) -> Line:
    """Return the row as it stands in the list."""
    indent = ("plain", "  " * row.depth)
    if row.folded:
        return [indent, ("dim", f"… {plural(len(row.folded), 'library frame')}")]
    if row.frame is None:
        return [indent, ("dim", row.label), ("error", headline(row.failure, _ROW_CELLS))]
    frame = row.frame
    if not frame.file:
        return [indent, ("dim", f"… {one_line(frame.function, _ROW_CELLS)}")]
    place = one_line(f"{Path(frame.file).name}:{frame.line} in {frame.function}", _ROW_CELLS)
    source = one_line(source_at(frame), _ROW_CELLS)
    if frame.is_user:
        return [indent, ("strong", place), ("plain", f"   {source}")]
    return [indent, ("dim", f"{place}  (library)   {source}")]


def source_at(frame: Frame) -> str:
    """Return the line of source that a frame was at, empty if it was not kept."""
    return next((text.strip() for number, text in frame.source if number == frame.line), "")


def detail_lines(row: Row, *, head: str, call: str, around: int) -> list[Line]:
    """Return all that is known of a row.

    Args:
        row: Which one.
        head: The job, its function, the attempt; told of exceptions.
        call: The job's call.
        around: Lines of source above and below the one that a frame was at.
    """
    if row.folded:
        return [_place_line(frame) for frame in row.folded]
    if row.frame is None:
        return _exception_lines(row.failure, head, call)
    return _frame_lines(row.frame, around)


def _place_line(frame: Frame) -> Line:
    source = one_line(source_at(frame), _ROW_CELLS)
    return [("dim", one_line(f"{frame.file}:{frame.line} in {frame.function}", _ROW_CELLS)), ("plain", f"   {source}")]


def _exception_lines(failure: Failure, head: str, call: str) -> list[Line]:
    message = sanitize(failure.message).split("\n")
    lines: list[Line] = [[("error", sanitize(failure.type_name)), ("plain", ": " if failure.message else "")]]
    lines[0].append(("plain", message[0]))
    lines += [[("plain", text)] for text in message[1:]]
    lines += [[("plain", f"  {text}")] for note in failure.notes for text in sanitize(note).split("\n")]
    return [*lines, [], [("plain", one_line(head, _ROW_CELLS))], [("plain", f"  {one_line(call, 5 * _ROW_CELLS)}")]]


def _frame_lines(frame: Frame, around: int) -> list[Line]:
    if not frame.file:
        return [[("dim", "a long traceback: its first and last frames are kept")]]
    lines: list[Line] = [[("place", one_line(f"{frame.file}:{frame.line} in {frame.function}", _ROW_CELLS))]]
    near = [pair for pair in frame.source if abs(pair[0] - frame.line) <= around]
    digits = max((len(str(number)) for number, _ in near), default=0)
    for number, text in near:
        is_here = number == frame.line
        shown = one_line(text.expandtabs(), _SOURCE_CELLS)
        lines.append([("here" if is_here else "dim", f"{'>' if is_here else ' '} {number:>{digits}}  ")])
        lines[-1].append(("here" if is_here else "plain", shown))
    if not frame.source:
        lines.append([("dim", "  its source was not found")])
    if frame.locals:
        lines.append([("dim", "local variables:")])
    width = min(max((len(name) for name, _ in frame.locals), default=0), 20)
    for name, text in frame.locals:
        lines.append([("name", f"  {one_line(name, 60).ljust(width)}"), ("plain", f" = {one_line(text, 220)}")])
    return lines
