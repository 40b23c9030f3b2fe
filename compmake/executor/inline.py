"""Runs jobs in the driver's own process, one at a time."""

import contextlib
from collections import deque
from collections.abc import Callable

from compmake.capture import Capture
from compmake.codec import CallMessage
from compmake.job import JobId, Outcome, OutcomeKind
from compmake.store import Objects
from compmake.worker import Worker


class InlineExecutor:
    """An `Executor` without processes: `collect` runs the call that was submitted."""

    def __init__(self, objects: Objects, report: Callable[[JobId, str], None], *, capture: bool = True) -> None:
        """Prepare to run.

        Args:
            objects: Where results go and dependencies come from.
            report: Hears what a running job says about its progress.
            capture: Whether to keep what jobs print; without, it goes to the terminal and a debugger can be used.
        """
        self._capture = Capture() if capture else None
        self._worker = Worker(objects, self._capture, report)
        self._queue: deque[CallMessage] = deque()

    def capacity(self) -> int:
        """Return 1 if no call is waiting, else 0."""
        return 0 if self._queue else 1

    def submit(self, call: CallMessage) -> None:
        """Take one call."""
        self._queue.append(call)

    def collect(self, timeout_s: float | None) -> list[Outcome]:  # noqa: ARG002 -- a call cannot be left half run
        """Run the waiting call and return its outcome."""
        return [self._worker.run(self._queue.popleft())] if self._queue else []

    def close(self) -> list[Outcome]:
        """Put the descriptors back; a call that was not begun is interrupted."""
        if self._capture is not None:
            with contextlib.suppress(OSError):
                self._capture.close()
            self._capture = None
        self._worker.close()
        left, self._queue = list(self._queue), deque()
        return [Outcome(call.job_id, OutcomeKind.INTERRUPTED, 0.0, 0.0) for call in left]
