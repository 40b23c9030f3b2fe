"""`Lookup`: finds out in a thread of its own what is known of the job under the cursor; no screen waits for it."""

import threading
from collections.abc import Callable
from typing import NamedTuple

from compmake.channel.address import Output
from compmake.job import JobId
from compmake.ui.dashboard.panes.look import Details
from compmake.words import bytes_text

_OUTPUT_EVERY_S = 0.5
_LINES = 500
_ENDS_WITHIN_S = 1.0


class Wish(NamedTuple):
    """What is to be found out."""

    job_id: JobId
    runs: bool
    """Whether it runs now: then what it prints is asked for again and again."""
    ended_at: float | None
    """When its newest attempt ended, as far as that is known: later the store knows more."""


class Lookup:
    """Fetches the details of one job at a time.

    Args:
        fetch: Returns what the store knows of a job; with whether to read it anew.
        printed: Returns what a running job has printed, None if that cannot be heard; may take a second.
    """

    def __init__(
        self, fetch: Callable[[JobId, bool], Details], printed: Callable[[JobId], Output | None] | None
    ) -> None:
        self._fetch, self._printed = fetch, printed
        self._wish: Wish | None = None
        self._found: tuple[Wish | None, Details | None] = (None, None)
        self.version = 0
        """Counts up with what is found."""
        self._change = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="compmake-lookup", daemon=True)
        self._thread.start()

    def ask(self, wish: Wish | None) -> Details | None:
        """Return what is known of a job by now, None if nothing is; the rest comes soon."""
        if wish != self._wish:
            with self._change:
                self._wish = wish
                self._change.notify()
        found, details = self._found
        return details if found is not None and wish is not None and found.job_id == wish.job_id else None

    def close(self) -> None:
        """End."""
        with self._change:
            self._is_closed = True
            self._change.notify()
        self._thread.join(_ENDS_WITHIN_S)

    def _run(self) -> None:
        done: Wish | None = None
        while True:
            with self._change:
                if self._wish == done and not self._is_closed:
                    # What runs goes on printing.
                    self._change.wait(_OUTPUT_EVERY_S if done is not None and done.runs else None)
                if self._is_closed:
                    return
                wish = self._wish
            if wish is not None:
                self._look(wish, is_new=wish != done)
            done = wish

    def _look(self, wish: Wish, *, is_new: bool) -> None:
        before, details = self._found
        if is_new or details is None:
            renew = wish.ended_at is not None and (before is None or before != wish)
            details = self._fetch(wish.job_id, renew)
        if wish.runs:
            output = self._printed(wish.job_id) if self._printed is not None else None
            details = _with_output(details, output)
        if self._found != (wish, details):
            self._found = (wish, details)
            self.version += 1


def _with_output(details: Details, output: Output | None) -> Details:
    """Return the details with what the attempt that runs has printed, instead of the one before."""
    if output is None:
        return details._replace(output=(), output_note="what it prints cannot be heard here")
    lines = output.end.decode(errors="replace").replace("\r\n", "\n").split("\n") if output.end else []
    missing = output.size_bytes - len(output.end)
    note = f"{bytes_text(missing)} before this were not kept" if missing > 0 else ""
    return details._replace(output=lines[-_LINES:], output_note=note)
