"""`Control`: what can be done to a running make from outside, from other threads and from signal handlers."""

import contextlib
import os
import threading
from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from compmake.job import JobId, JobState
from compmake.words import plural

START_NONE, TERMINATE, KILL = 1, 2, 3
"""Each Ctrl-C takes one step: start nothing more, ask running jobs to end, kill them."""
MOST_WORKERS = 1000
REFUSED = "Refused: "
"""How an answer begins when nothing is done."""
INLINE = "jobs run in the driver's own process (--inline): only Ctrl-C reaches them"
ENDED = "the make has ended"


class Suspending(Protocol):
    """Somebody with processes that must stop when this one does."""

    def suspend(self) -> None:
        """Stop them."""
        ...

    def resume(self) -> None:
        """Let them go on."""
        ...


class Wishes(NamedTuple):
    """What is wanted of a make."""

    paused: bool = False
    workers: int | None = None
    """How many; None if nobody has said."""
    cancelled: frozenset[JobId] = frozenset()
    """Jobs to cancel that `take` has not returned before."""
    requeued: frozenset[JobId] = frozenset()
    """Jobs to end and to begin again that `take` has not returned before."""


class Control:
    """What the user wants of a make, which looks when `wake` is readable. A `Steer` whose every call returns at once.

    A handler of signals may change `level` at any moment; nothing waits for a lock there.
    """

    def __init__(self) -> None:
        self.level = 0
        """How far the user has gone in wanting the make to end."""
        self.key = "Ctrl-C"
        """What takes the next step."""
        self.refusal = ""
        """Why nothing but the end can be wished for, if that is so."""
        self.executor: Suspending | None = None
        """Who runs the jobs in other processes, once somebody does."""
        self.workers = 0
        """How many run jobs, as far as it is known or was wished."""
        self.states: Mapping[JobId, JobState] = {}
        """Of the jobs that the make wants, once that is known."""
        self._wishes = Wishes()
        self._is_new = False
        self._lock = threading.Lock()
        self.wake, self._wake = os.pipe()
        """Readable when something has changed."""
        for descriptor in (self.wake, self._wake):
            os.set_blocking(descriptor, False)

    def press(self, at_least: int = 0) -> None:
        """Go one step further towards the end, or as far as `at_least`."""
        self.level = min(KILL, max(self.level + 1, at_least))
        self._tell()

    def pause(self) -> str:
        """Start no jobs any more; those that run go on."""
        if self.refusal:
            return f"{REFUSED}{self.refusal}."
        was_paused = self._wishes.paused
        self._wish(paused=True)
        return "It is paused already." if was_paused else "Paused: no job is started any more; those that run go on."

    def resume(self) -> str:
        """Start jobs again."""
        if self.refusal:
            return f"{REFUSED}{self.refusal}."
        was_paused = self._wishes.paused
        self._wish(paused=False)
        return "Jobs are started again." if was_paused else "It is not paused."

    def toggle_pause(self) -> str:
        """Pause, or go on."""
        return self.resume() if self.is_paused else self.pause()

    def set_workers(self, count: int) -> str:
        """Let so many workers run jobs from now on."""
        if self.refusal:
            return f"{REFUSED}{self.refusal}."
        if not 1 <= count <= MOST_WORKERS:
            return f"{REFUSED}workers are 1 to {MOST_WORKERS}; `pause` lets none begin another job."
        ends = "; one that is too many ends after its job" if count < self.workers else ""
        self.workers = count
        self._wish(workers=count)
        return f"{plural(count, 'worker')} from now on{ends}."

    def change_workers(self, step: int) -> str:
        """Let so many more workers run jobs, or fewer if it is negative."""
        return self.set_workers(self.workers + step)

    def cancel(self, job_ids: Collection[JobId]) -> str:
        """Terminate those that run and start none of the others."""
        if self.refusal:
            return f"{REFUSED}{self.refusal}."
        states = [(job_id, self.states.get(job_id)) for job_id in job_ids]
        running = [job_id for job_id, state in states if state is JobState.RUNNING]
        waiting = [job_id for job_id, state in states if state in (JobState.READY, JobState.WAITING)]
        with self._lock:
            cancelled = self._wishes.cancelled.union(running, waiting)
        self._wish(cancelled=cancelled)
        parts = [f"{plural(len(running), 'running job')} terminated"] if running else []
        parts += [f"{plural(len(waiting), 'waiting job')} not started"] if waiting else []
        if not parts:
            return "Nothing to cancel: this make runs none of these jobs, and will not."
        return f"Cancelled: {', '.join(parts)}."

    def requeue(self, job_ids: Collection[JobId]) -> str:
        """End those that run, and begin them again."""
        if self.refusal:
            return f"{REFUSED}{self.refusal}."
        running = [job_id for job_id in job_ids if self.states.get(job_id) is JobState.RUNNING]
        if not running:
            return "Nothing to end: this make runs none of these jobs now."
        with self._lock:
            requeued = self._wishes.requeued.union(running)
        self._wish(requeued=requeued)
        return f"{plural(len(running), 'running job')} ended, and made again."

    def stop(self) -> str:
        """Take one step to end the make; the make itself tells what that means."""
        if self.refusal == ENDED:
            return f"{REFUSED}{ENDED}."
        self.key = "`stop`"
        self.press()
        return ("Stopping: nothing more is started.", "Terminating what runs.", "Killing what runs.")[self.level - 1]

    @property
    def is_paused(self) -> bool:
        """Whether it was wished that no job is started."""
        return self._wishes.paused

    @property
    def is_changed(self) -> bool:
        """Whether `take` has something new."""
        return self._is_new

    def take(self) -> Wishes:
        """Return what is wanted now; the jobs to cancel, or to begin again, are returned once."""
        with self._lock:
            self._is_new = False
            wishes, self._wishes = self._wishes, self._wishes._replace(cancelled=frozenset(), requeued=frozenset())
            return wishes

    def suspend_workers(self) -> None:
        """Stop the workers, for this process is about to be stopped."""
        if self.executor is not None:
            self.executor.suspend()

    def wake_workers(self) -> None:
        """Let them go on."""
        if self.executor is not None:
            self.executor.resume()

    def close(self) -> None:
        """Close the pipe; nothing can be wished for any more."""
        self.refusal = ENDED
        descriptors, self.wake, self._wake = (self.wake, self._wake), -1, -1
        for descriptor in descriptors:
            os.close(descriptor)

    def _wish(self, **changes: object) -> None:
        with self._lock:
            self._wishes = self._wishes._replace(**changes)  # type: ignore[arg-type]
            self._is_new = True
        self._tell()

    def _tell(self) -> None:
        with contextlib.suppress(OSError):  # it is full, or the make has ended
            os.write(self._wake, b"!")
