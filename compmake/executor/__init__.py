"""What the loop may rely on in anything that runs jobs: the `Executor` protocol."""

from typing import Protocol

from compmake.codec import CallMessage
from compmake.job import Outcome


class Executor(Protocol):
    """Runs calls somewhere and tells how each ended, exactly once.

    `submit` never blocks and `collect` is the only place that waits. An executor owns everything it starts and ends it
    in `close`.
    """

    def capacity(self) -> int:
        """Return how many more calls it wants now; 0 when it is full."""
        ...

    def submit(self, call: CallMessage) -> None:
        """Take one call; its outcome comes out of a later `collect`."""
        ...

    def collect(self, timeout_s: float | None) -> list[Outcome]:
        """Wait until something ended, or for `timeout_s`, and return what ended in that order.

        Raises:
            KeyboardInterrupt: The user asked to stop; calls under way are answered as INTERRUPTED by `close`.
            StoreError: A result could not be stored; that is no failure of the job.
        """
        ...

    def close(self) -> list[Outcome]:
        """End whatever still runs and return the outcomes of calls that were not collected, as INTERRUPTED."""
        ...
