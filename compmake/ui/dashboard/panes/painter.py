"""`Painter`: draws the whole dashboard in any size, each part in its area."""

from collections.abc import Sequence
from typing import NamedTuple

from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.detail import DetailPane
from compmake.ui.dashboard.panes.ended import empty_lines, ended_lines, ended_title, lost_lines
from compmake.ui.dashboard.panes.events import events_lines
from compmake.ui.dashboard.panes.fitting import Label, block, spelled, title
from compmake.ui.dashboard.panes.functions import functions_lines
from compmake.ui.dashboard.panes.header import header_lines, status_lines
from compmake.ui.dashboard.panes.jobs import jobs_lines, jobs_note, jobs_title
from compmake.ui.dashboard.panes.layout import (
    DETAIL,
    EVENTS,
    FUNCTIONS,
    HEADER,
    JOBS,
    KEYS,
    STATUS,
    TIMELINE,
    WORKERS,
    Area,
    layout,
)
from compmake.ui.dashboard.panes.look import About, Details, Look
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.dashboard.panes.timeline import rows_of, timeline_lines, timeline_title
from compmake.ui.dashboard.panes.workers import workers_labels, workers_line, workers_lines, workers_title
from compmake.ui.text import Style

_MARGIN = 2
"""Rows above and below the cursor that are seen too, where there is room."""


class _Pane(NamedTuple):
    """A part of the screen, and what stands in the line above it."""

    title: str
    lines: list[Line]
    note: str = ""
    labels: Sequence[Label] = ()


class Painter:
    """Draws what a board knows.

    Args:
        board: What is known of the make.
        rows: The list of jobs.
        look: What the user looks at.
        style: Signs and how a cut is marked.
    """

    def __init__(self, board: Board, rows: JobRows, look: Look, style: Style) -> None:
        self._board, self._rows, self._look, self._style = board, rows, look, style
        self.areas: list[Area] = []
        """Where what is, as it was drawn last; for the mouse."""
        self.page = 1
        """How many jobs were to be seen when it was drawn last."""
        self.top = 0
        """The first of them."""
        self._detail = DetailPane()
        self._timeline_seen: tuple[object, ...] = ()
        """What the timeline was drawn of."""
        self._timeline_drawn: list[Line] = []

    def draw(self, columns: int, rows: int, now: float, about: About, details: Details | None = None) -> list[Line]:
        """Return exactly `rows` lines of `columns` cells.

        Args:
            columns: Cells of a line.
            rows: Lines.
            now: By the driver's clock: `Board.now`.
            about: What the header tells beside the make itself.
            details: Of the job under the cursor, as far as they were asked for.
        """
        scene = Scene(self._board, now, self._style, self._look, about)
        self.areas = layout(
            columns,
            rows,
            self._look.zoom,
            workers=self._wanted(scene, columns),
            functions=len(self._board.functions.all()) + 1,
        )
        lines: list[Line] = []
        for area in self.areas:
            part = self._part(scene, area, details)
            if area.x == 0:
                lines += part
                continue
            start = len(lines) - len(part)
            for at, line in enumerate(part):
                lines[start + at] += [("rule", "│" if at else "┬" if area.name == FUNCTIONS else "┼"), *line]
        return spelled(lines, self._style)

    def _wanted(self, scene: Scene, columns: int) -> int:
        """Return how many lines the workers would fill, or the summary in their place."""
        view = self._board.view
        if view.ended:
            return len(ended_lines(scene, columns * 3 // 5))
        return max(view.workers, len(self._board.workers), 1)

    def _part(self, scene: Scene, area: Area, details: Details | None) -> list[Line]:
        width, style = area.columns, self._style
        if area.name == KEYS:
            return block([self._look.foot], width, 1, style)
        if area.name == HEADER:
            return block(header_lines(scene, width), width, area.rows, style)
        if area.name == STATUS:
            return block(status_lines(scene, width), width, area.rows, style)
        if area.name == WORKERS and area.rows == 1:
            return block([self._one_line(scene)], width, 1, style)
        pane = self._pane(scene, area, details)
        has_focus = self._look.focus == area.name
        above = title(pane.title, width, style, note=pane.note, labels=pane.labels, focus=has_focus)
        return block([above, *pane.lines], width, area.rows, style)

    def _one_line(self, scene: Scene) -> Line:
        if scene.about.trouble:
            return lost_lines(scene, 10_000)[0]
        view = self._board.view
        if view.ended:
            return ended_lines(scene, 10_000)[0]
        return workers_line(scene) if view.started else [("dim", f" {ended_title(scene)}")]

    def _pane(self, scene: Scene, area: Area, details: Details | None) -> _Pane:
        columns, rows = area.columns, area.rows - 1
        match area.name:
            case "workers":
                return self._workers(scene, columns, rows)
            case "jobs":
                self._follow_cursor(rows - 1)
                lines = jobs_lines(scene, self._rows, columns, rows, self.top)
                return _Pane(jobs_title(scene, self._rows), lines, jobs_note(scene, self._rows))
            case "functions":
                return _Pane("Functions", functions_lines(scene, columns, rows))
            case "timeline":
                return _Pane(timeline_title(scene), self._timeline(scene, columns, rows))
            case "events":
                return _Pane("Events", events_lines(scene, rows))
            case _:
                job_id = self._rows.job
                lines = self._detail.lines(scene, job_id, details, columns, rows)
                return _Pane(self._detail.title(scene, job_id, rows), lines, self._detail.scroll.position)

    def _workers(self, scene: Scene, columns: int, rows: int) -> _Pane:
        view = self._board.view
        lost = lost_lines(scene, columns) if scene.about.trouble else []
        if not view.started:
            return _Pane(ended_title(scene), [*lost, *empty_lines(scene, columns)])
        if view.ended:
            return _Pane(ended_title(scene), [*lost, *ended_lines(scene, columns)])
        zoomed = self._look.zoom == WORKERS
        lines = workers_lines(scene, columns, rows - len(lost), zoomed=zoomed)
        has_columns = not lost and len(self._board.workers)
        labels = workers_labels(scene, columns, rows, zoomed=zoomed) if has_columns else ()
        return _Pane(workers_title(scene), [*lost, *lines], labels=labels)

    def _timeline(self, scene: Scene, columns: int, rows: int) -> list[Line]:
        """Return the timeline as it was drawn last, for up to a second: it has thousands of segments."""
        board, look = self._board, self._look
        places = len(board.workers), look.tops.get(TIMELINE, 0), look.span_s
        seen = (int(scene.now), board.generation, board.view.ended, columns, rows, places)
        if seen != self._timeline_seen:
            self._timeline_seen, self._timeline_drawn = seen, timeline_lines(scene, columns, rows)
        return [list(line) for line in self._timeline_drawn]

    def _follow_cursor(self, page: int) -> None:
        """Scroll the list of jobs as little as is needed to see the cursor."""
        self.page = max(1, page)
        at, last_top = self._rows.at, max(0, len(self._rows.order) - self.page)
        margin = min(_MARGIN, (self.page - 1) // 2)
        self.top = max(min(self.top, at - margin), at + margin - self.page + 1, 0)
        self.top = min(self.top, last_top)

    def scroll(self, rows: int) -> None:
        """Scroll the pane that has the keys; in the list of jobs the cursor moves instead."""
        pane = self._look.zoom or self._look.focus
        if pane == DETAIL:
            self._detail.scroll.move(rows)
        elif pane != JOBS:
            area = next((area for area in self.areas if area.name == pane), None)
            most = self._length(pane) - (area.rows - 2 if area is not None else 0)
            self._look.tops[pane] = max(0, min(self._look.tops.get(pane, 0) + rows, most))

    def _length(self, pane: str) -> int:
        board = self._board
        lengths = {
            WORKERS: len(board.workers) * (2 if self._look.zoom == WORKERS else 1),
            TIMELINE: len(rows_of(board, 0.0, 0.0)) + 1,
            FUNCTIONS: len(board.functions.all()),
            EVENTS: len(board.happenings),
        }
        return lengths.get(pane, 0)

    def area_at(self, x: int, y: int) -> Area | None:
        """Return the part in which a cell of the screen lies."""
        inside = [a for a in self.areas if a.x <= x < a.x + a.columns and a.y <= y < a.y + a.rows]
        return inside[0] if inside else None

    def row_at(self, x: int, y: int) -> int | None:
        """Return the row of the list of jobs that is drawn in a cell of the screen."""
        area = self.area_at(x, y)
        if area is None or area.name != JOBS or y < area.y + 2:
            return None
        row = self.top + y - area.y - 2
        return row if row < len(self._rows.order) else None
