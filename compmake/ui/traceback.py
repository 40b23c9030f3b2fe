"""A failure made readable: the user's lines with their source, library frames folded, the exception last."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from compmake.job import Failure, Frame
from compmake.text_safety import one_line, sanitize
from compmake.ui.text import plural
from compmake.ui.view import where

_MESSAGE_CELLS = 160
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


def render_failure(failure: Failure, *, all_frames: bool = False) -> list[str]:
    """Return the lines of a traceback, safe to print: what caused it first, the exception itself last.

    Args:
        failure: What happened.
        all_frames: Show library frames too instead of counting them.
    """
    lines: list[str] = []
    if failure.cause is not None:
        lines += render_failure(failure.cause, all_frames=all_frames)
        during = "While that was handled, this happened:" if failure.cause_is_context else "That caused this:"
        lines += ["", during, ""]
    unfolded = all_frames or failure.deepest_user_frame is None
    for shown, group in groupby(failure.frames, key=lambda frame: frame.is_user or unfolded or not frame.file):
        frames = list(group)
        lines += _shown(frames, failure) if shown else [_folded(frames, failure)]
    lines += [f"  {line}" for note in failure.notes for line in sanitize(note).split("\n")]
    lines += sanitize(_said(failure)).split("\n")
    return lines


def _folded(frames: list[Frame], failure: Failure) -> str:
    """Count library frames; the one that raised is named, for there is nothing of the user's below it."""
    text = f"  … {plural(len(frames), 'library frame')}"
    last = frames[-1]
    if last is failure.frames[-1]:
        text += f", raised at {Path(last.file).name}:{last.line} in {last.function}"
    return sanitize(text)


def _shown(frames: list[Frame], failure: Failure) -> Iterator[str]:
    """Show frames; the same line again and again, as in a recursion, is shown once and counted."""
    for (file, line, function), same in groupby(frames, key=lambda frame: (frame.file, frame.line, frame.function)):
        repeated = list(same)
        if not file:
            yield f"  … {sanitize(function)}"
            continue
        yield f"  {sanitize(f'{file}:{line} in {function}')}"
        yield from _source(repeated[-1], any(frame is failure.deepest_user_frame for frame in repeated))
        if len(repeated) > 1:
            yield f"  … the same line {plural(len(repeated) - 1, 'more time')}"


def _source(frame: Frame, whole: bool) -> Iterator[str]:
    near = [pair for pair in frame.source if whole or abs(pair[0] - frame.line) <= _LINES_AROUND_OTHERS]
    digits = max((len(str(number)) for number, _ in near), default=0)
    for number, text in near:
        mark = ">" if number == frame.line else " "
        yield f"    {mark} {number:>{digits}}  {sanitize(text.expandtabs())}".rstrip()
