"""`Painter`: draws the whole dashboard in any size, each part in its area."""

from collections.abc import Sequence

from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import block, spelled, title
from compmake.ui.dashboard.panes.layout import HEADER, KEYS, STATUS, Area, layout
from compmake.ui.dashboard.panes.look import About, Details, Look
from compmake.ui.text import Style


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

    def draw(self, columns: int, rows: int, now: float, about: About, details: Details | None = None) -> Sequence[Line]:
        """Return exactly `rows` lines of at most `columns` cells.

        Args:
            columns: Cells of a line.
            rows: Lines.
            now: By the driver's clock: `Board.now`.
            about: What the header tells beside the make itself.
            details: Of the job under the cursor, as far as they were asked for.
        """
        self.areas = layout(columns, rows, self._look.zoom, workers=self._board.view.workers)
        lines: list[Line] = []
        for area in self.areas:
            if area.x == 0:
                lines += self._part(area, now, about, details)
        return spelled(lines[:rows], self._style)

    def _part(self, area: Area, now: float, about: About, details: Details | None) -> list[Line]:
        if area.name == KEYS:
            return block([self._look.foot], area.columns, area.rows, self._style)
        if area.name in (HEADER, STATUS):
            return block([[("strong", about.program)]], area.columns, area.rows, self._style)
        return block([title(area.name, area.columns, self._style)], area.columns, area.rows, self._style)

    def scroll(self, rows: int) -> None:
        """Scroll the pane that has the keys, other than the list of jobs."""

    def area_at(self, x: int, y: int) -> Area | None:
        """Return the part in which a cell of the screen lies."""
        inside = [a for a in self.areas if a.x <= x < a.x + a.columns and a.y <= y < a.y + a.rows]
        return inside[0] if inside else None
