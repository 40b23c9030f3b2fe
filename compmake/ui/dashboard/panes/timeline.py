"""The timeline: one row for each worker, what it did when."""

from typing import NamedTuple

from compmake.text_safety import cells
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.timeline import Segment
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean, left
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.text import clock, cut, roughly

_LEAST_SPAN_S = 10.0


def span_of(scene: Scene) -> float:
    """Return how many seconds are shown."""
    return max(_LEAST_SPAN_S, min(scene.look.span_s, scene.board.view.elapsed_s(scene.now)))


class Row(NamedTuple):
    """One row: a worker, before it perhaps those in whose place it came."""

    name: str
    segments: list[Segment]
    runs: bool
    """Whether the last segment goes on."""


def rows_of(board: Board, start: float, end: float) -> list[Row]:
    """Return what was done in each worker's place; those that are no more and that nobody followed come last."""
    rows: list[Row] = []
    for worker in board.workers.all():
        segments = list(board.timeline.since(worker.name, start))[::-1]
        if worker.job_id is not None:
            segments.append(Segment(worker.function, worker.started_at, end))
        rows.append(Row(worker.name, segments, worker.job_id is not None))
    for name in board.timeline.gone():
        segments = list(board.timeline.since(name, start))[::-1]
        if not segments:
            continue
        free = [row for row in rows if row.segments and row.segments[0].start >= segments[-1].end]
        if free:
            first = min(free, key=lambda row: row.segments[0].start)
            first.segments[:0] = segments
        else:
            rows.append(Row(name, segments, runs=False))
    return rows


def timeline_title(scene: Scene) -> str:
    """Return the title of the pane."""
    return f"Timeline: one row per worker, last {roughly(span_of(scene))}"


def timeline_lines(scene: Scene, columns: int, rows: int) -> list[Line]:
    """Return a row for each worker that there is room for, and the times below if there is room."""
    span_s = span_of(scene)
    end = scene.board.view.ended_at or scene.now
    workers = rows_of(scene.board, end - span_s, end)
    label_cells = min(max((len(row.name) for row in workers), default=2), 8)
    width = columns - label_cells - 2
    if width < 8 or not workers:
        return []
    has_axis = rows > len(workers)
    top = min(scene.look.tops.get("timeline", 0), max(0, len(workers) - rows))
    lines: list[Line] = []
    for row in workers[top : top + rows - has_axis]:
        name = left(clean(row.name, scene.style), label_cells, scene.style)
        lines.append([("plain", f" {name} "), *_row(scene, row, end - span_s, end, width)])
    if has_axis:
        times = f"{clock(end - span_s)}{clock(end):>{max(width - 8, 9)}}"
        lines.append([("dim", " " * (label_cells + 2) + times)])
    return lines


def _row(scene: Scene, row: Row, start: float, end: float, width: int) -> Line:
    per_cell_s = (end - start) / width
    line: Line = []
    at = 0
    for number, segment in enumerate(row.segments):
        first = max(at, int((segment.start - start) / per_cell_s))
        last = min(width, max(first + 1, int((segment.end - start) / per_cell_s)))
        if first >= width or last <= first:
            continue
        runs = row.runs and number == len(row.segments) - 1
        role = "running" if runs else "failed" if segment.failed else "done"
        line += [("plain", " " * (first - at)), (role, _drawn(scene, segment, last - first, runs=runs))]
        at = last
    return [part for part in line if part[1]]


def _drawn(scene: Scene, segment: Segment, width: int, *, runs: bool) -> str:
    """Return `▕train────▏`, `▕train──✘▏`, `▕train────▶` in so many cells."""
    end = ">" if scene.style.ascii else "▶"
    bad = "x" if scene.style.ascii else "✘"
    if width == 1:
        return end if runs else bad if segment.failed else "▏"
    tail = end if runs else f"{bad}▏" if segment.failed and width > 2 else bad if segment.failed else "▏"
    inside = width - 1 - len(tail)
    name = cut(clean(segment.function, scene.style), inside, scene.style) if inside >= 2 else ""
    return "▕" + name + "─" * (inside - cells(name)) + tail
