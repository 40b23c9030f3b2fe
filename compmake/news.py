"""What a make tells its channel: at once, or when what it tells of has been committed."""

import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from compmake.channel import Channel, Event, EventKind, FunctionNews
from compmake.durations import Durations
from compmake.executor import Running
from compmake.graph import Graph
from compmake.job import Job, JobId, Outcome

READY_EVERY_S = 0.25


class Forecast(NamedTuple):
    """What can be told of a make before it begins."""

    expected_s: float | None = None
    """How long it is expected to take; None if nobody knows."""
    functions: tuple[FunctionNews, ...] = ()
    causes: tuple[str, ...] = ()
    """Lines that say what will run and why."""


NO_FORECAST = Forecast()


class News:
    """The events of one make."""

    def __init__(self, channel: Channel, graph: Graph) -> None:
        self._channel = channel
        self._graph = graph
        self._later: list[Event] = []
        self._uncommitted: set[JobId] = set()
        """Jobs that these are about."""
        self._shown: set[JobId] = set()
        """Running jobs of which it was told that they have begun."""
        self._up_to_date = 0
        self._ready, self._ready_again_s = 0, 0.0

    def tell(self, kind: EventKind, *, job: Job | None = None, **fields: Any) -> None:
        """Tell now."""
        where: dict[str, Any] = {"job_id": job.job_id, "function": job.display_function} if job is not None else {}
        self._channel.publish([Event(kind, time.time(), **where, **fields)])

    def tell_start(self, command: str, wanted: int, workers: int, forecast: Forecast) -> None:
        """Tell that the make begins, how many jobs it wants, and what is known of them."""
        functions, expected_s = forecast.functions, forecast.expected_s
        self.tell(
            EventKind.RUN_STARTED,
            count=wanted,
            text=command,
            workers=workers,
            expected_s=expected_s,
            functions=functions,
        )
        if forecast.causes:
            self.tell(EventKind.PLANNED, text="\n".join(forecast.causes))

    def tell_later(self, kind: EventKind, job: Job, outcome: Outcome, **fields: Any) -> None:
        """Tell when the outcome has been committed: an event says `done` only then."""
        event = Event(
            kind,
            time.time(),
            job_id=job.job_id,
            function=job.display_function,
            wall_s=outcome.wall_s,
            peak_bytes=outcome.peak_bytes,
            worker=outcome.worker,
            **fields,
        )
        self._later.append(event)
        self._uncommitted.add(job.job_id)

    def tell_committed(self) -> None:
        """Tell what waited for a commit."""
        if self._later:
            events, self._later = self._later, []
            self._uncommitted.clear()
            self._channel.publish(events)

    def forget_uncommitted(self) -> None:
        """Tell nothing of what waited for a commit, which failed."""
        self._later.clear()
        self._uncommitted.clear()

    def tell_up_to_date(self, count: int) -> None:
        """Tell how many jobs are up to date by now."""
        if count != self._up_to_date:
            self.tell(EventKind.UP_TO_DATE, count=count - self._up_to_date)
            self._up_to_date = count

    def tell_ready(self, count: int) -> bool:
        """Tell how many jobs wait only for a worker; return whether that must be told later, for it was just told."""
        if count == self._ready:
            return False
        now_s = time.monotonic()
        if now_s < self._ready_again_s:
            return True
        self.tell(EventKind.READY, count=count - self._ready)
        self._ready, self._ready_again_s = count, now_s + READY_EVERY_S
        return False

    def tell_running(self, running: Iterable[Running], attempt: Callable[[JobId], int]) -> None:
        """Tell which jobs have begun; of those that have ended meanwhile nobody needs to know when they did.

        Args:
            running: What runs now.
            attempt: Returns at which attempt a job is.
        """
        for job_id, worker, started_at in running:
            # A job is not told to begin before what it needs is told to be done.
            if job_id not in self._shown and self._uncommitted.isdisjoint(self._graph.dependencies(job_id)):
                self._shown.add(job_id)
                function = self._graph.jobs[job_id].display_function
                about: dict[str, Any] = {"function": function, "worker": worker, "count": attempt(job_id)}
                self._channel.publish([Event(EventKind.JOB_STARTED, started_at, job_id=job_id, **about)])

    def note_ended(self, job_id: JobId) -> bool:
        """Note that a job runs no longer; return whether it was told that it had begun."""
        if job_id not in self._shown:
            return False
        self._shown.remove(job_id)
        return True


def function_news(graph: Graph, job_ids: Collection[JobId], durations: Durations) -> tuple[FunctionNews, ...]:
    """Return what there is to do of each function, for the start of a run: these jobs are not up to date."""
    counts: dict[str, int] = {}
    known: dict[str, list[float]] = {}
    for job_id in job_ids:
        job = graph.jobs[job_id]
        function = job.display_function
        counts[function] = counts.get(function, 0) + 1
        expected_s = durations.expected_s(job_id, job.function_name)
        if expected_s is not None:
            known.setdefault(function, []).append(expected_s)
    return tuple(
        FunctionNews(name, count, sum(known[name]) / len(known[name]) if name in known else None)
        for name, count in counts.items()
    )
