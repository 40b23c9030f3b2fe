"""Runs jobs in the driver's own process, one at a time, for a debugger: they have the terminal."""

import sys
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

from compmake.codec import CallMessage
from compmake.executor import Running
from compmake.job import JobId, Outcome, OutcomeKind
from compmake.recording import INLINE
from compmake.store import Objects
from compmake.worker import Worker


class InlineExecutor:
    """An `Executor` without processes: `collect` runs the call that was submitted."""

    def __init__(
        self, objects: Objects, report: Callable[[JobId, str, float | None], None], *, with_locals: bool = True
    ) -> None:
        """Prepare to run.

        Args:
            objects: Where results go and dependencies come from.
            report: Hears what a running job says about its progress.
            with_locals: Whether the local variables of jobs that fail are kept.
        """
        self._worker = Worker(
            objects, None, report, modules_before=set(sys.modules), with_locals=with_locals, is_driver=True
        )
        self._queue: deque[CallMessage] = deque()

    def capacity(self) -> int:
        """Return 1 if no call is waiting, else 0."""
        return 0 if self._queue else 1

    def submit(self, call: CallMessage) -> None:
        """Take one call."""
        self._queue.append(call)

    def running(self) -> Sequence[Running]:
        """Return the waiting call: `collect` begins it at once."""
        return [Running(call.job_id, "", time.time()) for call in self._queue]

    def collect(self, timeout_s: float | None) -> list[Outcome]:  # noqa: ARG002 -- a call cannot be left half run
        """Run the waiting call and return its outcome."""
        return [self._worker.run(self._queue.popleft())._replace(worker=INLINE)] if self._queue else []

    def stop(self, level: int) -> None:
        """Do nothing: nothing runs between two calls of `collect`, and in one only an exception ends it."""

    def hold(self, is_held: bool) -> None:
        """Do nothing: who runs jobs here is not steered."""

    def resize(self, workers: int) -> None:
        """Do nothing: there is one process."""

    def cancel(self, job_ids: Collection[JobId]) -> None:
        """Do nothing: between two calls of `collect` nothing runs."""

    def suspend(self) -> None:
        """Do nothing: it stops with this process."""

    def resume(self) -> None:
        """Do nothing."""

    def close(self) -> list[Outcome]:
        """End; a call that was not begun is interrupted."""
        self._worker.close()
        left, self._queue = list(self._queue), deque()
        return [Outcome(call.job_id, OutcomeKind.INTERRUPTED, 0.0, 0.0) for call in left]
