"""`LiveRegion`: a make in the foreground of the console; several lines at the bottom of the terminal."""

from collections.abc import Callable, Sequence
from typing import TextIO

from compmake.ui.redrawing import Redrawing, Size
from compmake.ui.region_text import region_lines
from compmake.ui.text import Parts, Style
from compmake.ui.titles import Title
from compmake.ui.verdicts import Verdicts

_SAME_SHOWN = 2
_SILENT_AT_MOST_S = 0.5


class LiveRegion(Redrawing):
    """Counts, work done, a line for each running job, the keys; verdicts scroll above, in the end the summary.

    Args:
        stream: The terminal; not the process's own stderr if jobs' output is captured there.
        style: Colours and glyphs.
        size: Asked for columns and rows of the terminal at each drawing.
        verbose: List jobs that succeed too.
        title: Tells how far the make is beside the screen.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        style: Style,
        size: Callable[[], tuple[int, int]],
        verbose: bool = False,
        title: Title | None = None,
    ) -> None:
        verdicts = Verdicts(style, width=lambda: size()[0], verbose=verbose, same_shown=_SAME_SHOWN)
        super().__init__(
            stream, style=style, size=lambda: Size(*size()), verdicts=verdicts, hide_cursor=True, title=title
        )
        self._level = 0
        self._first_asked_at = 0.0

    def show_step(self, level: int, now: float) -> None:
        """Say which step the next Ctrl-C takes, if that is new; `level` is how far the user went."""
        if level != self._level:
            self._level = level
            self.redraw(now)

    def _is_under_way(self, now: float) -> bool:
        if self.view.started:
            return not self.view.ended
        self._first_asked_at = self._first_asked_at or now
        return now - self._first_asked_at >= _SILENT_AT_MOST_S  # before the start it is found out what must run

    def _lines(self, now: float, size: Size) -> Sequence[Parts]:
        if not self.view.started:
            return [[("bold", " MAKE"), ("dim", "  about to begin")]]
        return region_lines(
            self.view,
            now,
            columns=size.columns,
            rows=size.rows,
            style=self._style,
            level=self._level,
            same_shown=_SAME_SHOWN,
        )
