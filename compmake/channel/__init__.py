"""Live news of a make: the `Event`, and the `Channel` protocol by which it travels."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Protocol

from compmake.failure import from_json, to_json
from compmake.job import Beat, Failure, JobId
from compmake.job_table import Estimate, JobTable

_NO_JOB = JobId("")


class EventKind(Enum):
    """What happened. What would be one event for each of thousands of jobs is one event with a count."""

    RUN_STARTED = "run-started"
    """`count` jobs are wanted, `text` is the command, `workers` is 0 when jobs run in the driver's own process,
    `functions` are those of the jobs that were not up to date at the start."""
    JOBS = "jobs"
    """`table` is all wanted jobs; told once, soon after the start."""
    PLANNED = "planned"
    """`text` is lines that say what will run and why."""
    UP_TO_DATE = "up-to-date"
    """`count` jobs need not run, `jobs` are those of them that were found since the make began; below 0 so many of
    those told before must be made after all."""
    READY = "ready"
    """`count` more jobs could run if a worker were free, below 0 so many fewer; told a few times a second."""
    JOB_STARTED = "job-started"
    """`worker` has begun it at `time`, as attempt `count`. Not told of jobs that ended before anybody could look."""
    HEARTBEAT = "heartbeat"
    """`beat` is all that is known of the running job now."""
    JOB_DONE = "job-done"
    JOBS_DONE = "jobs-done"
    """`done` is jobs that were done before whoever reads this looked; told by nobody but who has summed it up."""
    JOB_FAILED = "job-failed"
    JOB_RETRIED = "job-retried"
    """An attempt failed with `failure`; `count` more may follow, the next one soon."""
    BLOCKED = "blocked"
    """`count` jobs cannot run because `job_id` failed."""
    JOB_INTERRUPTED = "job-interrupted"
    JOB_POSTPONED = "job-postponed"
    """The running job must wait for the damaged results of `jobs`; `count` of these were made in this run and are no
    longer done. With `count` 0 also: its worker was lost for a reason that is not the job's."""
    STEERED = "steered"
    """Somebody steered it: `workers` run jobs from now on; `text` is `paused` while no job is started, else empty."""
    ESTIMATE = "estimate"
    """`estimate` is when it is expected to end; told again and again."""
    NOTICE = "notice"
    """`text` is something that whoever started the make should read now."""
    RUN_ENDED = "run-ended"
    """`text` is `finished`, `interrupted`, or the error of the store that stopped it."""


class FunctionNews(NamedTuple):
    """What a make has to do of one function."""

    name: str
    """As users write it in selections: `func1`, `Model.fit`."""
    jobs: int
    """How many of its jobs were not up to date when the make began."""
    usual_s: float | None = None
    """What one of these jobs is expected to take; None if the function never succeeded before."""


class DoneJobs(NamedTuple):
    """Jobs that were done, in columns that are parallel; never empty."""

    job_ids: Sequence[JobId]
    functions: Sequence[str]
    started_at: Sequence[float]
    ended_at: Sequence[float]
    wall_s: Sequence[float]
    peak_bytes: Sequence[int]
    workers: Sequence[str]
    attempts: Sequence[int]
    """0 if it was not told."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a make; a view of the whole make folds from its events alone.

    `time` is in epoch seconds: of the start for a start, of the end for an end. Fields that mean nothing for a kind
    keep their default.
    """

    kind: EventKind
    time: float
    job_id: JobId = _NO_JOB
    function: str = ""
    """As users write it in selections: `func1`, `Model.fit`."""
    wall_s: float = 0.0
    peak_bytes: int = 0
    count: int = 0
    text: str = ""
    workers: int = 0
    expected_s: float | None = None
    """How long the whole run is expected to take, if that is known."""
    failure: Failure | None = None
    worker: str = ""
    """`w3`; empty for the driver's own process."""
    beat: Beat | None = None
    functions: tuple[FunctionNews, ...] = ()
    jobs: tuple[JobId, ...] = ()
    table: JobTable | None = None
    estimate: Estimate | None = None
    """When the run is expected to end; of the start it is what was expected then."""
    done: DoneJobs | None = None
    """Not among what `to_dict` returns: it is not told further."""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold, without the fields that have their default."""
        data: dict[str, Any] = {"event": self.kind.value, "time": self.time}
        given = {"job": self.job_id, "function": self.function, "wall_s": self.wall_s, "peak_bytes": self.peak_bytes}
        given |= {"count": self.count, "text": self.text, "workers": self.workers, "worker": self.worker}
        data |= {name: value for name, value in given.items() if value}
        if self.expected_s is not None:
            data["expected_s"] = self.expected_s
        if self.failure is not None:
            data["failure"] = json.loads(to_json(self.failure))
        if self.beat is not None:
            data["beat"] = self.beat._asdict()
        if self.functions:
            data["functions"] = [function._asdict() for function in self.functions]
        if self.jobs:
            data["jobs"] = list(self.jobs)
        if self.table is not None:
            data["table"] = self.table.to_dict()
        if self.estimate is not None:
            data["estimate"] = self.estimate._asdict()
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Event":
        """Return the event that `to_dict` described.

        Raises:
            ValueError: The kind is unknown, or a value has the wrong type.
        """
        try:
            return cls(
                kind=EventKind(data["event"]),
                time=float(data["time"]),
                job_id=JobId(str(data.get("job", ""))),
                function=str(data.get("function", "")),
                wall_s=float(data.get("wall_s", 0.0)),
                peak_bytes=int(data.get("peak_bytes", 0)),
                count=int(data.get("count", 0)),
                text=str(data.get("text", "")),
                workers=int(data.get("workers", 0)),
                expected_s=float(data["expected_s"]) if "expected_s" in data else None,
                failure=from_json(json.dumps(data["failure"])) if "failure" in data else None,
                worker=str(data.get("worker", "")),
                beat=_beat(**data["beat"]) if "beat" in data else None,
                functions=tuple(_function(**function) for function in data.get("functions", ())),
                jobs=tuple(JobId(str(job_id)) for job_id in data.get("jobs", ())),
                table=JobTable.from_dict(data["table"]) if "table" in data else None,
                estimate=_estimate(**data["estimate"]) if "estimate" in data else None,
            )
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise ValueError(f"this is no event: {error!r}") from error


def _beat(
    *, place: Any, progress: Any, last_line: Any, cpu_percent: Any, rss_bytes: Any, frozen: Any, share: Any = None
) -> Beat:
    told = None if share is None else float(share)
    return Beat(str(place), str(progress), str(last_line), float(cpu_percent), int(rss_bytes), bool(frozen), told)


def _function(*, name: Any, jobs: Any, usual_s: Any) -> FunctionNews:
    return FunctionNews(str(name), int(jobs), None if usual_s is None else float(usual_s))


def _estimate(*, made_at: Any, reason: Any, speed: Any, **seconds: Any) -> Estimate:
    times = {name: None if value is None else float(value) for name, value in seconds.items()}
    return Estimate(float(made_at), **times, reason=str(reason), speed=float(speed))


class Channel(Protocol):
    """Carries events from the driver to whoever watches; every backend passes tests/contracts/test_channel.py.

    News, not truth: losing all of it changes no result. Safe to use from several threads.
    """

    def publish(self, events: Sequence[Event]) -> None:
        """Send events, in this order. Never raises and never waits for a reader."""
        ...

    def read(self, since: int) -> tuple[list[Event], int]:
        """Return the events after position `since` (0: from the oldest that is kept) and the position to go on from."""
        ...

    def subscribe(self, receive: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call `receive` with all that is published from now on, in order; return what ends that."""
        ...
