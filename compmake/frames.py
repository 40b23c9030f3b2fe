"""The frames of a traceback as data: which are shown, whose they are, and their source."""

import linecache
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NamedTuple

from compmake.frame_locals import Locals
from compmake.job import Frame

FIRST_FRAMES, LAST_FRAMES = 20, 30
SOURCE_CHARS = 500
_SOURCE_LINES = 5
_OWN_FOLDER = str(Path(__file__).parent) + os.sep


class Look(NamedTuple):
    """How frames are looked at."""

    hide: Callable[[str], bool]
    is_user: Callable[[str], bool]
    locals: Mapping[FrameType, Locals]
    """What is known of local variables."""


class _Step(NamedTuple):
    frame: FrameType
    line: int


def is_own_file(path: str) -> bool:
    """Tell whether a file is a part of compmake."""
    return path.startswith(_OWN_FOLDER)


def frames_of(exc: BaseException, look: Look) -> tuple[Frame, ...]:
    """Return where an exception passed, outermost first: of long tracebacks both ends, with a mark in between."""
    head, left_out, tail = _kept(_steps(exc, look))
    mark = [Frame("", left_out, f"{left_out:,} frames left out", False)] if left_out else []
    return (*(_frame(step, look) for step in head), *mark, *(_frame(step, look) for step in tail))


def user_frames(exc: BaseException, look: Look) -> Iterator[FrameType]:
    """Yield the user's frames among them, the deepest first."""
    head, _, tail = _kept(_steps(exc, look))
    yield from (step.frame for step in reversed(head + tail) if look.is_user(step.frame.f_code.co_filename))


def _kept(steps: list[_Step]) -> tuple[list[_Step], int, list[_Step]]:
    """Return the first and the last steps, and how many there are in between."""
    left_out = len(steps) - FIRST_FRAMES - LAST_FRAMES
    return (steps, 0, []) if left_out <= 1 else (steps[:FIRST_FRAMES], left_out, steps[-LAST_FRAMES:])


def _steps(exc: BaseException, look: Look) -> list[_Step]:
    steps = []
    traceback: TracebackType | None = exc.__traceback__
    while traceback is not None:
        if not look.hide(traceback.tb_frame.f_code.co_filename):
            steps.append(_Step(traceback.tb_frame, traceback.tb_lineno or 0))
        traceback = traceback.tb_next
    return steps


def _frame(step: _Step, look: Look) -> Frame:
    code = step.frame.f_code
    is_user = look.is_user(code.co_filename)
    found = frame_at(code.co_filename, step.line, code.co_qualname, is_user=is_user, names=step.frame.f_globals)
    return found._replace(locals=look.locals.get(step.frame, ()))


def frame_at(file: str, line: int, function: str, *, is_user: bool, names: dict[str, Any] | None = None) -> Frame:
    """Return a frame that is known by its place only, with its source lines as `linecache` has them.

    Args:
        file: As the code object names it.
        line: The line that it was at.
        function: Name of the function.
        is_user: Whether it is the user's own code: five lines around are kept then.
        names: The module's globals, by which source inside a zip file is found.
    """
    around = _SOURCE_LINES if is_user else 0
    try:
        lines = linecache.getlines(file, names)
    except Exception:  # a module's own __loader__ may do anything
        lines = []
    start = max(1, line - around)
    source = ((start + at, text.rstrip()) for at, text in enumerate(lines[start - 1 : line + around]))
    return Frame(file, line, function, is_user, tuple((at, _cut(text)) for at, text in source))


def _cut(line: str) -> str:
    more = len(line) - SOURCE_CHARS
    return line if more <= 0 else f"{line[:SOURCE_CHARS]}... ({more:,} more characters were cut)"
