"""`Verdicts`: the lines that scroll above what a make redraws; equal failures are only counted after the first few."""

from collections.abc import Callable

from compmake.channel import Event, EventKind
from compmake.job import JobState
from compmake.text_safety import one_line
from compmake.ui.summary import ID_CELLS, job_name, notice_lines, retry_line, summary_lines, verdict_line
from compmake.ui.text import Style, wrap
from compmake.ui.view import FailureGroup, View, where

_LEAST_CELLS = 20


class Verdicts:
    """What is said for good of the events of a make on a terminal.

    Args:
        style: Colours and glyphs.
        prefix: What stands before a command to run it, `compmake my_program`.
        width: Asked for the columns of the terminal for the summary; in the interactive console alone.
        verbose: List jobs that succeed too.
        same_shown: How many failures of a group are shown.
    """

    def __init__(
        self,
        style: Style,
        *,
        prefix: str = "",
        width: Callable[[], int] | None = None,
        verbose: bool = False,
        same_shown: int = 3,
    ) -> None:
        self._style, self._prefix, self._width = style, prefix, width
        self._verbose, self._same_shown = verbose, same_shown

    def lines(self, event: Event, view: View) -> list[str]:
        """Return the lines about an event that `view` has just folded; mostly none."""
        match event.kind:
            case EventKind.JOB_FAILED if view.last_failure:
                return self._failed(event, view.last_failure)
            case EventKind.JOB_RETRIED if view.last_retry:
                word = self._style.paint(JobState.STALE, f"{self._style.glyph(JobState.STALE)} retry")
                return first_of([retry_line(event, word)], view.last_retry, "retries", self._same_shown)
            case EventKind.JOB_DONE if self._verbose:
                return [verdict_line(event, self._painted(JobState.DONE))]
            case EventKind.NOTICE | EventKind.PLANNED:
                return self._wrapped(notice_lines(event))
            case EventKind.RUN_ENDED:
                width = self._width() if self._width is not None else None
                return summary_lines(view, prefix=self._prefix, style=self._style, width=width)
        return []

    def _failed(self, event: Event, group: FailureGroup) -> list[str]:
        lines = [verdict_line(event, self._painted(JobState.FAILED))]
        if group.count == 1:
            command = f"{self._prefix} details {job_name(event.job_id)}".strip()
            place = one_line(where(group.first), ID_CELLS)
            lines.append("   ".join(filter(None, ["        ", place, f"next: {command}"])))
        return first_of(lines, group, "failures", self._same_shown)

    def _wrapped(self, lines: list[str]) -> list[str]:
        if self._width is None:
            return lines
        width = max(self._width() - 1, _LEAST_CELLS)
        return [part for line in lines for part in wrap(line, width)]

    def _painted(self, state: JobState) -> str:
        return self._style.paint(state, f"{self._style.glyph(state)} {state.value}")


def first_of(lines: list[str], group: FailureGroup, what: str, shown: int) -> list[str]:
    """Return the lines about one of a group, nothing once `shown` of it were."""
    if group.count == shown:
        return [*lines, f"            more {what} like these are only counted"]
    return lines if group.count < shown else []
