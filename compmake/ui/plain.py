"""The plain log of a make, for pipes, files and terminals that cannot redraw: never an escape code."""

from collections.abc import Callable, Sequence
from typing import TextIO

from compmake.channel import Event, EventKind
from compmake.text_safety import cells, one_line
from compmake.ui.expectation import eta_text
from compmake.ui.frontend import Log
from compmake.ui.running import running_text
from compmake.ui.summary import notice_lines, retry_line, start_line, steered_line, summary_lines, verdict_line
from compmake.ui.text import Style, clock, printed
from compmake.ui.traceback import headline, render_failure
from compmake.ui.view import View

STATUS_EVERY_S = 30.0
_BEGIN_AFTER_S = 1.0
_LINE_CELLS = 200
_OUTPUT_LINES = 3
_OUTPUT_CELLS = 160


class PlainLog(Log):
    """The log for pipes, files and dumb terminals: a line for each failure, and one every 30 seconds.

    Args:
        stream: Where to write; not the process's own stderr if jobs' output is captured there.
        ascii_only: Write compmake's own signs in ASCII.
        verbose: List jobs that succeed too.
        quiet: Only failures, and the summary if there were any.
        prefix: What stands before a command to run it, `compmake my_program`.
    """

    def __init__(
        self, stream: TextIO, *, ascii_only: bool = False, verbose: bool = False, quiet: bool = False, prefix: str = ""
    ) -> None:
        super().__init__(stream, ascii_only=ascii_only)
        self._style = Style(ascii=ascii_only)
        self._verbose, self._quiet, self._prefix = verbose, quiet, prefix
        self._begun = False
        self._status_at = 0.0

    def feed(self, events: Sequence[Event], now: float) -> None:
        """Take what happened and log what deserves it."""
        with self._lock:
            for event in events:
                self.view.apply(event)
                if event.kind is EventKind.RUN_STARTED:
                    self._begun, self._status_at = False, now
                self._log(event)

    def tick(self, now: float) -> None:
        """Log how far the make is, if it was not said for 30 seconds."""
        with self._lock:
            if self._quiet or not self.view.started or self.view.ended:
                return
            if now - self._status_at >= _BEGIN_AFTER_S:
                self._begin()
            if now - self._status_at >= STATUS_EVERY_S:
                self._status_at = now
                self._line(status_line(self.view, now, self._style))

    def tell(self, say: Callable[[View], Sequence[str]], now: float) -> None:  # noqa: ARG002 -- for those that redraw
        """Print what `say` returns of the make."""
        with self._lock:
            for line in say(self.view):
                self._line(line)

    def _log(self, event: Event) -> None:
        lines = self._lines_about(event)
        if lines and event.kind is not EventKind.RUN_ENDED:
            self._begin()
        for line in lines:
            self._line(line)

    def _lines_about(self, event: Event) -> list[str]:
        match event.kind:
            case EventKind.JOB_FAILED:
                return [verdict_line(event, "FAILED"), *self._failure_block(event)]
            case EventKind.JOB_RETRIED if not self._quiet:
                return [retry_line(event, "RETRY")]
            case EventKind.JOB_DONE if self._verbose:
                return [verdict_line(event, "done")]
            case EventKind.PLANNED if not self._quiet:
                return notice_lines(event)
            case EventKind.NOTICE:
                return notice_lines(event)
            case EventKind.STEERED if not self._quiet:
                return [steered_line(event)]
            case EventKind.RUN_ENDED if not (self._quiet and self._went_well):
                return summary_lines(self.view, prefix=self._prefix)
        return []

    def _failure_block(self, event: Event) -> list[str]:
        """Return the traceback and the last lines that the job printed, for the first failure of its group."""
        group = self.view.last_failure
        if group is None or group.count > 1 or self._quiet:
            return []
        output = event.text.rstrip().split("\n")[-_OUTPUT_LINES:] if event.text.strip() else []
        trace = render_failure(group.first)
        if trace == [headline(group.first)]:  # the verdict has said it
            trace = []
        lines = [*trace, *(f"| {one_line(printed(line), _OUTPUT_CELLS)}" for line in output)]
        return [f"    {line}".rstrip() for line in lines]

    @property
    def _went_well(self) -> bool:
        return self.view.ended == "finished" and not self.view.failed

    def _begin(self) -> None:
        """Say what is being made; not for a make that finds nothing to do at once."""
        under_way = self.view.started and not self.view.ended
        if under_way and not self._begun and not self._quiet:
            self._begun = True
            self._line(f"{clock(self.view.started_at)} {start_line(self.view)}")

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")


def status_line(view: View, now: float, style: Style) -> str:
    """Return `14:31:00 60/191 done 1 running 1 failed ETA 4m (3-6) ~14:37 running: train-b=9 (31s, epoch 31/40)`."""
    parts = [f"{clock(now)} {view.done}/{view.total} done"]
    counted = ((len(view.running), "running"), (view.failed, "failed"), (view.blocked, "blocked"))
    parts += [f"{count} {word}" for count, word in counted if count]
    if eta := eta_text(view, now, style):
        parts.append(eta)
    if view.running:
        parts.append("running: ")
    line = " ".join(parts)
    return line + (running_text(view.longest_running, now, _LINE_CELLS - cells(line), style) if view.running else "")
