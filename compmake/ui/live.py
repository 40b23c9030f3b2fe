"""The one line of a make that redraws itself on a terminal, without a toolkit; failures scroll above it."""

import threading
from collections.abc import Callable, Sequence
from typing import TextIO

from compmake.channel import Event, EventKind
from compmake.job import JobState
from compmake.text_safety import cells, one_line
from compmake.ui.frontend import Output
from compmake.ui.running import running_text
from compmake.ui.summary import ID_CELLS, job_name, notice_lines, retry_line, summary_lines, verdict_line
from compmake.ui.text import Style, bar, cut, duration, roughly
from compmake.ui.view import FailureGroup, View, where

REDRAW_AT_MOST_S = 1 / 8
REDRAW_AT_LEAST_S = 1.0
_SAME_FAILURES_SHOWN = 3
_BAR_CELLS = 10
_BAR_LEAST_CELLS = 4
_JOBS_CELLS = 34
"""What runs says more than the bar: that has what is left beyond these cells."""
_ERASE = "\r\x1b[K"


class LiveLine:
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
        self.view = View()
        self._out = Output(stream, style.ascii)
        self._style, self._width, self._verbose, self._prefix = style, width, verbose, prefix
        self._lock = threading.RLock()
        self._drawn = False
        self._drawn_at = 0.0
        self._changed = False

    def feed(self, events: Sequence[Event], now: float) -> None:
        """Take what happened; print verdicts above the line."""
        with self._lock:
            above: list[str] = []
            for event in events:
                self.view.apply(event)
                above += self._verdict(event)
            self._changed = True
            if above:
                self._print(above)
            self._draw_if_due(now)

    def tick(self, now: float) -> None:
        """Redraw, so that elapsed times move."""
        with self._lock:
            self._draw_if_due(now)

    def close(self) -> None:
        """Erase the line."""
        with self._lock:
            self._print([])

    def _print(self, lines: list[str]) -> None:
        erase = _ERASE if self._drawn else ""
        self._out.write(erase + "".join(f"{line}\n" for line in lines))
        self._drawn, self._drawn_at = False, 0.0

    def _verdict(self, event: Event) -> list[str]:
        match event.kind:
            case EventKind.JOB_FAILED if self.view.last_failure:
                return self._failed(event, self.view.last_failure)
            case EventKind.JOB_RETRIED if self.view.last_retry:
                word = self._style.paint(JobState.STALE, f"{self._style.glyph(JobState.STALE)} retry")
                return _first_of([retry_line(event, word)], self.view.last_retry, "retries")
            case EventKind.JOB_DONE if self._verbose:
                return [verdict_line(event, self._painted(JobState.DONE))]
            case EventKind.NOTICE:
                return notice_lines(event)
            case EventKind.RUN_ENDED:
                return summary_lines(self.view, prefix=self._prefix, style=self._style)
        return []

    def _failed(self, event: Event, group: FailureGroup) -> list[str]:
        lines = [verdict_line(event, self._painted(JobState.FAILED))]
        if group.count == 1:
            command = f"{self._prefix} details {job_name(event.job_id)}".strip()
            place = one_line(where(group.first), ID_CELLS)
            lines.append("   ".join(filter(None, ["        ", place, f"next: {command}"])))
        return _first_of(lines, group, "failures")

    def _painted(self, state: JobState) -> str:
        return self._style.paint(state, f"{self._style.glyph(state)} {state.value}")

    def _draw_if_due(self, now: float) -> None:
        if not self.view.started or self.view.ended:
            return
        since = abs(now - self._drawn_at)  # a clock that was put back must not freeze the line
        if since >= (REDRAW_AT_MOST_S if self._changed else REDRAW_AT_LEAST_S):
            self._drawn, self._drawn_at, self._changed = True, now, False
            self._out.write(f"\r{self._text(now)}\x1b[K")

    def _text(self, now: float) -> str:
        """Return the line, cut to the terminal; its last column stays free, lest some terminals wrap."""
        room, text = self._width() - 1, ""
        for role, part in self._parts(now, room):
            shown = cut(self._style.spell(part), room, self._style)
            room -= cells(shown)
            text += self._style.paint(role, shown)
        return text

    def _parts(self, now: float, room: int) -> list[tuple[JobState | str, str]]:
        view, style = self.view, self._style
        parts: list[tuple[JobState | str, str]] = [(JobState.DONE, f"{view.done}/{view.total} done")]
        counted = ((JobState.FAILED, view.failed), (JobState.BLOCKED, view.blocked))
        parts += [(state, f"  {count} {state.value}") for state, count in counted if count]
        expected = "" if view.expected_s is None else f" of ~{roughly(view.expected_s)}"
        parts.append(("dim", f"  {duration(view.elapsed_s(now))}{expected}"))
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


def _first_of(lines: list[str], group: FailureGroup, what: str) -> list[str]:
    """Return the lines about one of a group, nothing once enough like it were shown."""
    if group.count == _SAME_FAILURES_SHOWN:
        return [*lines, f"            more {what} like these are only counted"]
    return lines if group.count < _SAME_FAILURES_SHOWN else []
