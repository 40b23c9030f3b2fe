"""What the loop may rely on in anything that runs jobs: the `Executor` protocol."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

from compmake.codec import CallMessage
from compmake.job import JobId, Outcome


class Running(NamedTuple):
    """A call that is being run now."""

    job_id: JobId
    worker: str
    """`w3`; empty for the driver's own process."""
    started_at: float
    """Epoch seconds, as the driver saw it."""


class Executor(Protocol):
    """Runs calls somewhere and tells how each ended, exactly once.

    `submit` never blocks and `collect` is the only place that waits. An executor owns everything it starts and ends it
    in `close`. Calls may be sent ahead to where they will run; only those that `running` names have begun.
    """

    def capacity(self) -> int:
        """Return how many more calls it wants now; 0 when it is full."""
        ...

    def submit(self, call: CallMessage) -> None:
        """Take one call; its outcome comes out of a later `collect`."""
        ...

    def running(self) -> Sequence[Running]:
        """Return the calls that have begun and not ended, as far as `collect` has told."""
        ...

    def collect(self, timeout_s: float | None) -> list[Outcome]:
        """Wait until something ended, and return what did, in that order.

        It also returns when `stop` was called, when `timeout_s` has passed, and when a job has begun that is not over
        at once, for then `running` has news.

        Raises:
            KeyboardInterrupt: The user asked to stop; calls under way are answered as INTERRUPTED by `close`.
            StoreError: A result could not be stored; that is no failure of the job.
        """
        ...

    def stop(self, level: int) -> None:
        """End early: 1 gives back what has not begun, 2 also asks running jobs to end, 3 also kills them.

        Those given back come out of `collect` as RETURNED, those ended so as INTERRUPTED.
        """
        ...

    def hold(self, is_held: bool) -> None:
        """Begin no call while held: those not begun come out of `collect` as RETURNED, those running go on."""
        ...

    def resize(self, workers: int) -> None:
        """Let so many workers run calls from now on, at least 1; surplus ones end after their call."""
        ...

    def cancel(self, job_ids: Collection[JobId]) -> None:
        """End calls: what has not begun comes out as RETURNED, what runs is asked to end and killed if it does not.

        The latter come out as INTERRUPTED, unless they have ended by themselves.
        """
        ...

    def suspend(self) -> None:
        """Stop whatever runs in other processes, for this one is about to be stopped."""
        ...

    def resume(self) -> None:
        """Let it go on."""
        ...

    def close(self) -> list[Outcome]:
        """End whatever still runs and return the outcomes of calls that were not collected, as INTERRUPTED."""
        ...
