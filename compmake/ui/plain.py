"""The plain log of a make, for pipes, files and terminals that cannot redraw: never an escape code."""

import threading
from collections.abc import Sequence
from typing import TextIO

from compmake.channel import Event, EventKind
from compmake.ui.frontend import Output, running_text
from compmake.ui.summary import start_line, summary_lines, verdict_line
from compmake.ui.text import clock
from compmake.ui.traceback import render_failure
from compmake.ui.view import View

STATUS_EVERY_S = 30.0
_BEGIN_AFTER_S = 1.0
_RUNNING_NAMED = 3


class PlainLog:
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
        self.view = View()
        self._out = Output(stream, ascii_only)
        self._verbose, self._quiet, self._prefix = verbose, quiet, prefix
        self._lock = threading.RLock()
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
                self._line(f"{clock(now)} {_status(self.view, now)}")

    def say(self, text: str) -> None:
        """Log a line of the caller's."""
        with self._lock:
            self._line(text)

    def close(self) -> None:
        """Nothing is left to tidy."""

    def _log(self, event: Event) -> None:
        if event.kind is EventKind.JOB_FAILED:
            self._begin()
            self._line(verdict_line(event, "FAILED"))
            group = self.view.last_failure
            if group is not None and group.count == 1 and not self._quiet:
                for line in render_failure(group.first):
                    self._line(f"    {line}" if line else "")
        elif event.kind is EventKind.JOB_DONE and self._verbose:
            self._begin()
            self._line(verdict_line(event, "done"))
        elif event.kind is EventKind.RUN_ENDED and not (self._quiet and self._went_well):
            for line in summary_lines(self.view, prefix=self._prefix):
                self._line(line)

    @property
    def _went_well(self) -> bool:
        return self.view.ended == "finished" and not self.view.failed

    def _begin(self) -> None:
        """Say what is being made; not for a make that finds nothing to do at once."""
        if not self._begun and not self._quiet:
            self._begun = True
            self._line(f"{clock(self.view.started_at)} {start_line(self.view)}")

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")


def _status(view: View, now: float) -> str:
    """Return `60/191 done 1 running 1 failed running: train-b=9 (31s)`."""
    parts = [f"{view.done}/{view.total} done"]
    counted = ((len(view.running), "running"), (view.failed, "failed"), (view.blocked, "blocked"))
    parts += [f"{count} {word}" for count, word in counted if count]
    if view.running:
        jobs = list(view.running.values())
        named = [running_text(job, now) for job in jobs[:_RUNNING_NAMED]]
        parts.append(f"running: {', '.join(named + (['…'] if len(jobs) > len(named) else []))}")
    return " ".join(parts)
