"""`Verdicts`: the lines that scroll above what a make redraws; equal failures are only counted after the first few."""

from collections.abc import Callable

from compmake.channel import Event, EventKind
from compmake.job import JobState
from compmake.text_safety import one_line
from compmake.ui.summary import ID_CELLS, job_name, notice_lines, retry_line, steered_line, summary_lines, verdict_line
from compmake.ui.text import Style, cut, wrap
from compmake.ui.view import FailureGroup, View, where

_LEAST_CELLS = 20
_INDENT = 11
"""Cells of the time, the sign and the blanks behind them: what follows a line of a verdict stands below its word."""


class Verdicts:
    """What is said for good of the events of a make on a terminal.

    Args:
        style: Colours and glyphs.
        prefix: What stands before a command to run it, `compmake my_program`.
        width: Asked for the columns of the terminal for the summary; in the interactive console alone.
        verbose: List jobs that succeed too.
        same_shown: How many failures of a group are shown.
        name: `[1]`, of a make in the background: while the user types each failure has one line, cut to the terminal.
    """

    def __init__(
        self,
        style: Style,
        *,
        prefix: str = "",
        width: Callable[[], int] | None = None,
        verbose: bool = False,
        same_shown: int = 3,
        name: str = "",
    ) -> None:
        self._style, self._prefix, self._width = style, prefix, width
        self._verbose, self._same_shown, self._name = verbose, same_shown, name

    def lines(self, event: Event, view: View) -> list[str]:
        """Return the lines about an event that `view` has just folded; mostly none."""
        match event.kind:
            case EventKind.JOB_FAILED if view.last_failure:
                return self._failed(event, view.last_failure)
            case EventKind.JOB_RETRIED if view.last_retry:
                return self._first_of(
                    self._told(retry_line, event, JobState.STALE, "retry"), view.last_retry, "retries"
                )
            case EventKind.JOB_DONE if self._verbose:
                return self._told(verdict_line, event, JobState.DONE)
            case EventKind.STEERED:
                return self._wrapped([steered_line(event)])
            case EventKind.NOTICE | EventKind.PLANNED:
                return self._wrapped(notice_lines(event))
            case EventKind.RUN_ENDED:
                width = self._width() if self._width is not None else None
                return summary_lines(view, prefix=self._prefix, style=self._style, width=width, name=self._name)
        return []

    def _failed(self, event: Event, group: FailureGroup) -> list[str]:
        lines = self._told(verdict_line, event, JobState.FAILED)
        if group.count == 1 and not self._name:
            command = f"{self._prefix} details {job_name(event.job_id)}".strip()
            place = one_line(where(group.first), ID_CELLS)
            lines += self._wrapped(["   ".join(filter(None, [" " * (_INDENT - 3), place, f"next: {command}"]))])
        return self._first_of(lines, group, "failures")

    def _told(self, tell: Callable[[Event, str], str], event: Event, state: JobState, word: str = "") -> list[str]:
        """Return what `tell` says of an event, fitted to the terminal; only then is its word painted, in its colour."""
        word = f"{self._style.glyph(state)} {word or state.value}"
        line = self._style.spell(tell(event, word))
        lines = self._cut([line]) if self._name else self._wrapped([line], indent=_INDENT)
        return [lines[0].replace(word, self._style.paint(state, word), 1), *lines[1:]]

    def _first_of(self, lines: list[str], group: FailureGroup, what: str) -> list[str]:
        """Return the lines about one of a group, nothing once enough of it were."""
        if group.count == self._same_shown:
            return [*lines, *self._wrapped([f"{' ' * _INDENT} more {what} like these are only counted"])]
        return lines if group.count < self._same_shown else []

    def _wrapped(self, lines: list[str], *, indent: int = 0) -> list[str]:
        width = self._room()
        return [part for line in lines for part in wrap(line, width, indent=indent)]

    def _cut(self, lines: list[str]) -> list[str]:
        width = self._room()
        return lines if width is None else [cut(line, width, self._style) for line in lines]

    def _room(self) -> int | None:
        """Return the cells of a line; the last column stays free."""
        return None if self._width is None else max(self._width() - 1, _LEAST_CELLS)
