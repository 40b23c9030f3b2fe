"""A failure made readable: the user's lines with their source, library frames folded; or data."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from compmake.job import Failure, Frame
from compmake.text_safety import one_line, sanitize
from compmake.ui.view import where
from compmake.words import plural

_MESSAGE_CELLS = 160
_NAME_CELLS = 60
_VALUE_CELLS = 220
_LINES_AROUND_OTHERS = 1
"""Source lines around a user line that only called on; the line reached last has all that were kept."""


def summary_line(failure: Failure) -> str:
    """Return the failure in one line: `ValueError: x is NaN    mycomputations.py:88 in step`."""
    place = where(failure)
    return f"{headline(failure)}    {one_line(place, _MESSAGE_CELLS)}" if place else headline(failure)


def headline(failure: Failure, cells: int = _MESSAGE_CELLS) -> str:
    """Return type and message in one line of at most `cells` terminal cells."""
    return one_line(_said(failure), cells)


def _said(failure: Failure) -> str:
    return f"{failure.type_name}: {failure.message}" if failure.message else failure.type_name


def render_failure(failure: Failure, *, all_frames: bool = False, with_locals: bool = False) -> list[str]:
    """Return the lines of a traceback, safe to print: what caused it first, the exception itself last.

    Args:
        failure: What happened.
        all_frames: Show library frames too instead of counting them.
        with_locals: Show local variables: of the user's frame that each exception reached last, with `all_frames` of
            all of the user's frames.
    """
    lines: list[str] = []
    for link in chain(failure):
        if lines:
            during = "While that was handled, this happened:" if link.cause_is_context else "That caused this:"
            lines += ["", during, ""]
        own = [frame for frame in link.frames if frame.is_user]
        locals_of = (own if all_frames else own[-1:]) if with_locals else []
        lines += _link_lines(link, _Shown(all_frames or not own, own[-1] if own else None, locals_of))
    return lines


def chain(failure: Failure) -> list[Failure]:
    """Return a failure behind all that led to it, what came first at the front."""
    links = [failure]
    while links[-1].cause is not None:
        links.append(links[-1].cause)
    return links[::-1]


class _Shown(NamedTuple):
    """What is shown of the frames of one exception."""

    all_frames: bool
    whole: Frame | None
    """The frame whose source is shown as far as it was kept."""
    locals_of: Sequence[Frame]


def _link_lines(link: Failure, shown: _Shown) -> Iterator[str]:
    for is_shown, group in groupby(link.frames, key=lambda frame: frame.is_user or shown.all_frames or not frame.file):
        frames = list(group)
        if is_shown:
            yield from _frame_lines(frames, shown)
        else:
            yield _folded(frames, link)
    yield from (f"  {line}" for note in link.notes for line in sanitize(note).split("\n"))
    yield from sanitize(_said(link)).split("\n")


def source_line(frame: Frame) -> str:
    """Return the line of source that a frame was at, `> 88  raise ValueError(x)`; empty if it is not known."""
    text = next((text for number, text in frame.source if number == frame.line), "")
    return one_line(f"> {frame.line}  {text.strip()}", _MESSAGE_CELLS) if text else ""


def _folded(frames: list[Frame], failure: Failure) -> str:
    """Count library frames; the one that raised is named, for there is nothing of the user's below it."""
    text = f"  … {plural(len(frames), 'library frame')}"
    last = frames[-1]
    if last is failure.frames[-1]:
        text += f", raised at {Path(last.file).name}:{last.line} in {last.function}"
    return sanitize(text)


def _frame_lines(frames: list[Frame], shown: _Shown) -> Iterator[str]:
    """Show frames; the same line again and again, as in a recursion, is shown once and counted."""
    for (file, line, function), same in groupby(frames, key=lambda frame: (frame.file, frame.line, frame.function)):
        repeated = list(same)
        if not file:
            yield f"  … {sanitize(function)}"
            continue
        yield f"  {sanitize(f'{file}:{line} in {function}')}"
        yield from _source(repeated[-1], whole=any(frame is shown.whole for frame in repeated))
        if any(frame is repeated[-1] for frame in shown.locals_of):
            yield from _locals(repeated[-1])
        if len(repeated) > 1:
            yield f"  … the same line {plural(len(repeated) - 1, 'more time')}"


def _source(frame: Frame, *, whole: bool) -> Iterator[str]:
    near = [pair for pair in frame.source if whole or abs(pair[0] - frame.line) <= _LINES_AROUND_OTHERS]
    digits = max((len(str(number)) for number, _ in near), default=0)
    for number, text in near:
        mark = ">" if number == frame.line else " "
        yield f"    {mark} {number:>{digits}}  {sanitize(text.expandtabs())}".rstrip()


def _locals(frame: Frame) -> Iterator[str]:
    if frame.locals:
        yield "    local variables:"
    for name, text in frame.locals:
        yield f"      {one_line(name, _NAME_CELLS)} = {one_line(text, _VALUE_CELLS)}"


def failure_object(failure: Failure) -> dict[str, Any]:
    """Return a failure as `--json` tells it."""
    return {
        "type": failure.type_name,
        "message": failure.message,
        "frames": [_frame_object(frame) for frame in failure.frames],
        "notes": list(failure.notes),
        "cause": None if failure.cause is None else failure_object(failure.cause),
        "context": failure.cause_is_context,
        "members": [failure_object(member) for member in failure.members],
    }


def _frame_object(frame: Frame) -> dict[str, Any]:
    return {
        "file": frame.file,
        "line": frame.line,
        "function": frame.function,
        "user": frame.is_user,
        "source": [list(pair) for pair in frame.source],
        "locals": dict(frame.locals),
    }
