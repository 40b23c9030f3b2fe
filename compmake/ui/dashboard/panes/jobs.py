"""The list of jobs: only the rows that are to be seen are worked out."""

from typing import NamedTuple

from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.board.states import SIGNS, State
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean, left, right
from compmake.ui.dashboard.panes.scene import Scene
from compmake.words import bytes_text

_GAP = 2
_OVER = frozenset({State.DONE, State.UP_TO_DATE})


class _Column(NamedTuple):
    name: str
    cells: int
    least_columns: int
    """The pane must be so wide for it."""


_COLUMNS = (
    _Column("function", 14, 68),
    _Column("time", 6, 30),
    _Column("usual", 6, 54),
    _Column("rss", 5, 48),
    _Column("try", 3, 66),
    _Column("worker", 6, 90),
)
"""Those behind state and job."""


def jobs_title(scene: Scene, rows: JobRows) -> str:
    """Return the title of the pane."""
    arrow = "↑" if rows.order.is_reversed else "↓"
    marked = f"{scene.dot}{len(rows.marked)} marked" if rows.marked else ""
    shown = clean(rows.filter.name, scene.style)
    return f"Jobs{scene.dot}filter: {shown}{scene.dot}sort: {rows.column} {arrow}{marked}"


def jobs_note(scene: Scene, rows: JobRows) -> str:
    """Return what stands at the right of the title."""
    if rows.is_busy:
        return "working" + scene.style.ellipsis
    return f"{len(rows.order)} of {len(scene.board.jobs)}"


def jobs_lines(scene: Scene, rows: JobRows, columns: int, count: int, top: int) -> list[Line]:
    """Return the names of the columns and the rows from `top` on."""
    if not rows.order:
        return [[("dim", f" {text}")] for text in _nothing(scene, rows)]
    shown = [column for column in _COLUMNS if columns >= column.least_columns]
    if columns >= 110:
        shown = [column._replace(cells=20) if column.name == "function" else column for column in shown]
    mark_cells = 3 if scene.style.ascii else 1
    state_cells = mark_cells + 6
    job_cells = max(4, columns - 2 - state_cells - _GAP - sum(column.cells + _GAP for column in shown))
    lines = [_head(scene, state_cells, job_cells, shown, rows.column)]
    at = rows.at
    visible = range(top, min(top + count - 1, len(rows.order)))
    return lines + [_row(scene, rows, row, row == at, job_cells, shown) for row in visible]


def _nothing(scene: Scene, rows: JobRows) -> list[str]:
    """Return why no job is listed, and what to do."""
    board, view = scene.board, scene.board.view
    if rows.is_busy:
        return ["looking through the jobs" + scene.style.ellipsis]
    if not len(board.jobs) and board.jobs.has_table:
        return ["no job is known: nothing was ever made"]
    if not len(board.jobs):
        return ["no job was heard of yet; the list of jobs is on its way" + scene.style.ellipsis]
    if not rows.filter.text and not rows.filter.failed_only:
        of_make = " of this make" if view.started else ""
        return [f"no job{of_make} is left: all {len(board.jobs):,} are done", "/ lists others: `/~.` all of them"]
    return ["no job fits the filter", "/ changes it, f turns `failed` on and off"]


def _head(scene: Scene, state_cells: int, job_cells: int, shown: list[_Column], sorted_by: str) -> Line:
    names = [("state", state_cells, True), ("job", job_cells, True)]
    names += [(column.name, column.cells, column.name in ("function", "worker")) for column in shown]
    line: Line = [("plain", "  ")]
    for name, width, is_left in names:
        text = (left if is_left else right)(name, width, scene.style)
        line.append(("strong" if name == sorted_by else "dim", text))
        line.append(("plain", " " * _GAP))
    return line[:-1]


def _row(scene: Scene, rows: JobRows, row: int, is_here: bool, job_cells: int, shown: list[_Column]) -> Line:
    jobs, style = scene.board.jobs, scene.style
    number = rows.order[row]
    job_id, state, attempt = jobs.ids[number], jobs.state(number), jobs.attempt(number)
    sign = SIGNS[state]
    role = sign.role
    taken_s = attempt.wall_s
    if state is State.RUNNING and attempt.started_at is not None:
        taken_s = max(0.0, scene.now - attempt.started_at)
    told = {
        "function": clean(jobs.functions[number], style),
        "time": scene.time_text(taken_s),
        "usual": scene.time_text(scene.board.usual_s(number)),
        "rss": bytes_text(attempt.peak_bytes) if attempt.peak_bytes else scene.none,
        "try": str(attempt.number) if attempt.number else scene.none,
        "worker": clean(attempt.worker, style) or scene.none,
    }
    is_marked = job_id in rows.marked
    gutter = ("*" if is_marked else " ") if not is_here else ("*" if is_marked else "▌")
    rest = ""
    for column in shown:
        is_left = column.name in ("function", "worker")
        rest += " " * _GAP + (left if is_left else right)(told[column.name], column.cells, style)
    name = left(clean(job_id, style), job_cells, style, middle=True)
    state_text = f"{sign.mark(style)} {sign.brief:<5}"
    if is_here:
        return [("cursor", f"{gutter} {state_text}{' ' * _GAP}{name}{rest}")]
    body = "dim" if state in _OVER or state is State.WAITING else "plain"
    gap = " " * _GAP
    return [("mark" if is_marked else "plain", f"{gutter} "), (role, state_text), (body, f"{gap}{name}{rest}")]
