"""The one line of a make that redraws itself on a terminal, without a toolkit; failures scroll above it."""

from collections.abc import Callable, Sequence
from typing import TextIO

from compmake.job import JobState
from compmake.text_safety import cells
from compmake.ui.expectation import eta_text
from compmake.ui.redrawing import Redrawing, Size
from compmake.ui.running import running_text
from compmake.ui.text import Parts, Style, bar, duration
from compmake.ui.verdicts import Verdicts

_NARROW, _NORMAL, _WIDE = 30, 50, 100
"""Cells from which there is room for the end that is expected, for that beside the time gone by, for its range too."""
_BAR_CELLS = 10
_BAR_LEAST_CELLS = 4
_JOBS_CELLS = 34
"""What runs says more than the bar: that has what is left beyond these cells."""


class LiveLine(Redrawing):
    """One line at the bottom of a terminal that redraws itself; failures scroll above it.

    Args:
        stream: The terminal; not the process's own stderr if jobs' output is captured there.
        style: Colours and glyphs.
        width: Asked for the terminal's columns at each drawing.
        verbose: List jobs that succeed too.
        prefix: What stands before a command to run it, `compmake my_program`.
    """

    def __init__(
        self, stream: TextIO, *, style: Style, width: Callable[[], int], verbose: bool = False, prefix: str = ""
    ) -> None:
        verdicts = Verdicts(style, prefix=prefix, verbose=verbose)
        super().__init__(stream, style=style, size=lambda: Size(width(), 2), verdicts=verdicts)

    def _lines(self, now: float, size: Size) -> Sequence[Parts]:
        return [self._parts(now, size.columns - 1)]

    def _parts(self, now: float, room: int) -> Parts:
        view, style = self.view, self._style
        parts: Parts = [(JobState.DONE, f"{view.done}/{view.total} done")]
        counted = ((JobState.FAILED, view.failed), (JobState.BLOCKED, view.blocked))
        parts += [(state, f"  {count} {state.value}") for state, count in counted if count]
        age, eta = duration(view.elapsed_s(now)), eta_text(view, now, style, brief=room < _WIDE)
        times = [age] if room < _NARROW or not eta else [age, eta]
        parts.append(("dim", "".join(f"  {text}" for text in (times if room >= _NORMAL else times[-1:]))))
        left = room - sum(cells(text) for _, text in parts)
        bar_cells = min(_BAR_CELLS, left - _JOBS_CELLS - 1)
        if view.total and bar_cells >= _BAR_LEAST_CELLS:
            parts.insert(1, ("", f" {bar(view.done / view.total, bar_cells, style)}"))
            left -= bar_cells + 1
        if view.running:
            sign = f"  {style.glyph(JobState.RUNNING)} "
            jobs = running_text(view.longest_running, now, left - cells(sign), style, last_line=True)
            parts.append((JobState.RUNNING, sign + jobs))
        return parts
