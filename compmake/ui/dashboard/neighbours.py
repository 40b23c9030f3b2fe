"""The neighbourhood of a job as text: what it needs above it, what needs it below, some steps in both directions."""

from collections.abc import Callable, Sequence

from compmake.job import JobId
from compmake.text_safety import one_line
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.states import SIGNS
from compmake.ui.dashboard.keys import Line
from compmake.words import plural

_DEPTH = 3
_EACH = 12
"""So many neighbours of one job are named."""
_MOST = 400
_CELLS = 300


def neighbour_lines(board: Board, job_id: JobId, *, ascii_only: bool = False) -> list[Line]:
    """Return the lines; a job that was named before is not unfolded again."""
    jobs = board.jobs
    number = jobs.number(job_id)
    if number is None:
        return [[("dim", "nothing is known of this job")]]
    above = _branch(board, number, lambda at: jobs.needs[at], ascii_only)
    below = _branch(board, number, jobs.dependents, ascii_only)
    lines: list[Line] = [[("strong", "needs")], *(above or [[("dim", "  nothing")]]), []]
    lines += [[("cursor", " "), *_name(board, number, ascii_only)], []]
    return [*lines, [("strong", "is needed by")], *(below or [[("dim", "  nothing")]])]


def _branch(board: Board, number: int, next_to: Callable[[int], Sequence[int]], ascii_only: bool) -> list[Line]:
    lines: list[Line] = []
    seen = {number}

    def walk(here: int, depth: int) -> None:
        near = next_to(here)
        for other in near[:_EACH]:
            if len(lines) >= _MOST:
                return
            again = other in seen and bool(next_to(other))
            line: Line = [("plain", "  " * depth), *_name(board, other, ascii_only)]
            lines.append([*line, ("dim", "  (see above)")] if again else line)
            if other not in seen:
                seen.add(other)
                if depth < _DEPTH:
                    walk(other, depth + 1)
        if len(near) > _EACH:
            lines.append([("plain", "  " * depth), ("dim", f"and {plural(len(near) - _EACH, 'more job')}")])

    walk(number, 1)
    return lines


def _name(board: Board, number: int, ascii_only: bool) -> Line:
    sign = SIGNS[board.jobs.state(number)]
    glyph = sign.ascii if ascii_only else sign.glyph
    return [
        (sign.role, f"{glyph} "),
        ("plain", one_line(board.jobs.ids[number], _CELLS)),
        (sign.role, f"  {sign.word}"),
    ]
