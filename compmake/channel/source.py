"""Where a dashboard's news come from, and how it acts on the make: `Source`, `Steer`; news of this process."""

from collections.abc import Collection
from typing import Protocol

from compmake.channel import Event
from compmake.channel.memory import MemoryChannel
from compmake.job import JobId


class Source(Protocol):
    """News of the make that runs, and of the next one when it has ended: each begins with its RUN_STARTED."""

    def read(self) -> list[Event]:
        """Return what is new since the last call, the first time all that is known; never waits."""
        ...

    def trouble(self) -> str:
        """Return in one line why no news come; empty when all is well."""
        ...

    def about(self) -> str:
        """Return where they come from, for a header: `this process`, `redis 127.0.0.1:6379 ok 1 ms`, `run42.jsonl`."""
        ...

    def close(self) -> None:
        """End; nothing is read any more."""
        ...


class Steer(Protocol):
    """What can be done to a running make from outside. Each returns a line for the user: what comes of it, or why not.

    None of them raises; through a server they may take a second or two.
    """

    def pause(self) -> str:
        """Start no jobs any more; those that run go on."""
        ...

    def resume(self) -> str:
        """Start jobs again."""
        ...

    def toggle_pause(self) -> str:
        """Pause, or go on if it is paused: the make knows whether it is, news of that may be on their way."""
        ...

    def set_workers(self, count: int) -> str:
        """Let so many workers run jobs from now on, at least 1; surplus ones end after their job."""
        ...

    def change_workers(self, step: int) -> str:
        """Let so many more workers run jobs than it was told last, or fewer if it is negative."""
        ...

    def cancel(self, job_ids: Collection[JobId]) -> str:
        """Terminate those that run and start none of the others; nothing of them is recorded."""
        ...

    def requeue(self, job_ids: Collection[JobId]) -> str:
        """End those that run, and begin them again in the same make."""
        ...

    def stop(self) -> str:
        """Take one step to end the make: start nothing more, terminate what runs, kill it."""
        ...


class MemorySource:
    """News of a make of this process."""

    def __init__(self, channel: MemoryChannel) -> None:
        """Read a channel from its start; each source has a position of its own."""
        self._channel = channel
        self._position = 0

    def read(self) -> list[Event]:
        """Return what is new; the first time all that counts of what there was."""
        events, self._position = self._channel.read(self._position)
        return events

    def trouble(self) -> str:
        """Nothing can go wrong."""
        return ""

    def about(self) -> str:
        """Return where the news come from."""
        return "this process"

    def close(self) -> None:
        """Nothing is open."""
