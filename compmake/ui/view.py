"""`View`: everything a screen shows of a make, folded from its events alone; no clock, no input or output."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.job import Beat, Failure, JobId, JobState
from compmake.job_table import Estimate, JobTable
from compmake.ui.workload import Begun, Workload

SILENT_AFTER_S = 5.0
_JOBS_NAMED = 1000
_NO_BEAT = Beat()


class RunningJob(NamedTuple):
    """A job that runs now, as its newest `beat` tells."""

    job_id: JobId
    function: str
    started_at: float
    heard_at: float
    """When it gave its last sign of life, in epoch seconds: a beat, or its start."""
    worker: str = ""
    """`w3`; empty for the driver's own process, which gives no beats."""
    beat: Beat = _NO_BEAT

    def silent_s(self, now: float) -> float:
        """Return for how long its worker has given no sign of life; 0 while that is no longer than usual."""
        age_s = now - self.heard_at
        return age_s if self.worker and age_s >= SILENT_AFTER_S else 0.0


class GroupKey(NamedTuple):
    """What makes failures the same to people: function, type of the exception, the user's line it passed last."""

    function: str
    type_name: str
    file: str
    line: int


@dataclass(slots=True)
class FailureGroup:
    """Failures with the same key: the first of them, how many there are, and the jobs in order (1,000 are named)."""

    key: GroupKey
    first: Failure
    count: int = 0
    job_ids: list[JobId] = field(default_factory=list)


def where(failure: Failure) -> str:
    """Return the user's line a failure passed last, `mycomputations.py:88 in step`; empty if there is none."""
    frame = failure.deepest_user_frame
    return f"{Path(frame.file).name}:{frame.line} in {frame.function}" if frame else ""


def group_key(function: str, failure: Failure) -> GroupKey:
    """Return by what a failure is grouped with others."""
    frame = failure.deepest_user_frame
    return GroupKey(function, failure.type_name, frame.file if frame else "", frame.line if frame else 0)


def _failure(event: Event) -> Failure:
    return event.failure or Failure("Failed", "")


class FailureGroups:
    """Failures counted by group, groups in order of first appearance."""

    def __init__(self) -> None:
        self._groups: dict[GroupKey, FailureGroup] = {}

    def __iter__(self) -> Iterator[FailureGroup]:
        return iter(self._groups.values())

    def __len__(self) -> int:
        return len(self._groups)

    def add(self, job_id: JobId, function: str, failure: Failure) -> FailureGroup:
        """Count one more failure and return its group."""
        key = group_key(function, failure)
        group = self._groups.setdefault(key, FailureGroup(key, failure))
        group.count += 1
        if group.count <= _JOBS_NAMED:
            group.job_ids.append(job_id)
        return group


class View:
    """One make as its events tell it. A new `RUN_STARTED` begins anew; events about unknown jobs do no harm."""

    def __init__(self) -> None:
        self._reset(Event(EventKind.RUN_STARTED, 0.0))
        self.started = False

    def _reset(self, event: Event) -> None:
        self.started = True
        self.command = event.text
        self.total = event.count
        self.todo = sum(news.jobs for news in event.functions)
        """Those of them that are not up to date, as far as that was known before; 0 if it was not told."""
        self.workers = event.workers
        self.is_paused = False
        """Whether no job is started now."""
        self.estimate: Estimate | None = event.estimate
        """When it is expected to end, as it was told last."""
        self.expected: Estimate | None = event.estimate
        """When it was expected to end as it began, or soon afterwards."""
        self.started_at = event.time
        self.ended_at: float | None = None
        self._workload = Workload(event.functions)
        self._table: JobTable | None = None
        self._usual_s: dict[JobId, float | None] = {}
        """What each job is expected to take, once somebody has asked."""
        self.ended = ""
        """Empty while it runs; then `finished`, `interrupted`, or the error of the store that stopped it."""
        self.made = 0
        self.up_to_date = 0
        self.failed = 0
        self.blocked = 0
        self.ready = 0
        """Jobs that wait for nothing but a worker."""
        self.interrupted = 0
        self.running: dict[JobId, RunningJob] = {}
        self._newest: dict[str, JobId] = {}
        """The job that began last on each worker."""
        self.failures = FailureGroups()
        self.last_failure: FailureGroup | None = None
        """The group that counted up last."""
        self.retries = FailureGroups()
        """Failures of attempts that were followed by another; they are not among `failures`."""
        self.last_retry: FailureGroup | None = None
        """The group of them that counted up last."""
        self._retried: set[JobId] = set()

    @property
    def done(self) -> int:
        """Jobs whose result is there: made in this run or up to date before."""
        return self.made + self.up_to_date

    @property
    def waiting(self) -> int:
        """Jobs of which nothing was heard yet."""
        return max(0, self.total - self.done - self.failed - self.blocked - self.interrupted - len(self.running))

    @property
    def retried(self) -> int:
        """Jobs of which an attempt failed and another followed, however the last one ended."""
        return len(self._retried)

    @property
    def longest_running(self) -> list[RunningJob]:
        """The running jobs, the one that started first at the front."""
        return sorted(self.running.values(), key=lambda job: job.started_at)

    @property
    def nothing_to_do(self) -> bool:
        """Whether the run ended well and every job was up to date."""
        return self.ended == "finished" and self.up_to_date == self.total and not (self.made or self.failed)

    def counts(self) -> dict[JobState, int]:
        """Return the number of jobs by state; the sum is `total`."""
        return {
            JobState.DONE: self.done,
            JobState.RUNNING: len(self.running),
            JobState.FAILED: self.failed,
            JobState.BLOCKED: self.blocked,
            JobState.INTERRUPTED: self.interrupted,
            JobState.WAITING: self.waiting,
        }

    def elapsed_s(self, now: float) -> float:
        """Return how long the run has taken at `now` (epoch seconds), or took if it has ended."""
        return max(0.0, (now if self.ended_at is None else self.ended_at) - self.started_at)

    def usual_s(self, function: str) -> float | None:
        """Return what a job of the function usually takes, None if that is not known."""
        return self._workload.usual_s(function)

    def job_usual_s(self, job: RunningJob) -> float | None:
        """Return what it took last time, else what jobs of its function usually take, None if that is not known."""
        if self._table is not None and not self._usual_s:
            self._usual_s = dict(zip(self._table.ids, self._table.usual_s, strict=True))
        own_s = self._usual_s.get(job.job_id)
        return self.usual_s(job.function) if own_s is None else own_s

    def work_fraction(self, now: float) -> float:
        """Return which part of this run's work is done, 0 to 1; what was up to date is no work."""
        running = [Begun(job.function, job.started_at) for job in self.running.values()]
        return self._workload.fraction(running, self.waiting, now)

    def expectation(self, now: float) -> Estimate | None:
        """Return when it will end, counted from `now` (epoch seconds); None if nothing was estimated or it has ended.

        Between two estimates time goes by: what is left becomes less, its range does not become narrower.
        """
        if self.ended or not self.started:
            return None
        if self.is_paused:
            return Estimate(now, reason="paused")
        found = self.estimate
        if found is None or found.left_s is None:
            return found
        gone_s = max(0.0, now - found.made_at)
        left_s, low_s, high_s = (
            None if end_s is None else max(0.0, end_s - gone_s) for end_s in (found.left_s, found.low_s, found.high_s)
        )
        return found._replace(made_at=now, left_s=left_s, low_s=low_s, high_s=high_s)

    def left_s(self, now: float) -> float | None:
        """Return in how many seconds the run is expected to end, None if nobody can tell."""
        found = self.expectation(now)
        return None if found is None or found.reason else found.left_s

    def apply(self, event: Event) -> None:
        """Fold one event."""
        _FOLDS[event.kind](self, event)

    def _up_to_date(self, event: Event) -> None:
        self.up_to_date += event.count

    def _became_ready(self, event: Event) -> None:
        self.ready += event.count

    def _started(self, event: Event) -> None:
        before = self.running.get(self._newest.get(event.worker, event.job_id))
        if before is not None and before.worker == event.worker != "":
            del self.running[before.job_id]  # it has ended, which is told only when it is committed
        self._newest[event.worker] = event.job_id
        self.running[event.job_id] = RunningJob(event.job_id, event.function, event.time, event.time, event.worker)

    def _heartbeat(self, event: Event) -> None:
        if job := self.running.get(event.job_id):
            self.running[event.job_id] = job._replace(heard_at=event.time, beat=event.beat or _NO_BEAT)

    def _done(self, event: Event) -> None:
        self.running.pop(event.job_id, None)
        self.made += 1
        self._workload.done(event.function, event.wall_s)

    def _many_done(self, event: Event) -> None:
        if event.done is not None:
            for job_id in self.running.keys() & set(event.done.job_ids):
                del self.running[job_id]
            self.made += len(event.done.job_ids)
            for function, wall_s in zip(event.done.functions, event.done.wall_s, strict=True):
                self._workload.done(function, wall_s)

    def _failed(self, event: Event) -> None:
        self.running.pop(event.job_id, None)
        self.failed += 1
        self._workload.failed(event.function)
        self.last_failure = self.failures.add(event.job_id, event.function, _failure(event))

    def _retry(self, event: Event) -> None:
        self.running.pop(event.job_id, None)
        self._retried.add(event.job_id)
        self.last_retry = self.retries.add(event.job_id, event.function, _failure(event))

    def _blocked(self, event: Event) -> None:
        self.blocked += event.count

    def _interrupted(self, event: Event) -> None:
        self.running.pop(event.job_id, None)
        self.interrupted += 1

    def _postponed(self, event: Event) -> None:
        self.running.pop(event.job_id, None)
        self.made -= event.count

    def _steered(self, event: Event) -> None:
        self.workers = event.workers
        self.is_paused = event.text == "paused"

    def _estimated(self, event: Event) -> None:
        self.estimate = found = event.estimate
        if self.expected is None and found is not None:
            gone_s = max(0.0, found.made_at - self.started_at)
            left_s, low_s, high_s = (
                None if end_s is None else gone_s + end_s for end_s in (found.left_s, found.low_s, found.high_s)
            )
            self.expected = found._replace(made_at=self.started_at, left_s=left_s, low_s=low_s, high_s=high_s)

    def _table_told(self, event: Event) -> None:
        self._table, self._usual_s = event.table, {}

    def _said(self, event: Event) -> None:
        """It is to be read; nothing counts because of it."""

    def _ended(self, event: Event) -> None:
        self.running.clear()
        self.ended_at = event.time
        self.ended = event.text


_FOLDS: Mapping[EventKind, Callable[[View, Event], None]] = {
    EventKind.RUN_STARTED: View._reset,
    EventKind.UP_TO_DATE: View._up_to_date,
    EventKind.READY: View._became_ready,
    EventKind.JOB_STARTED: View._started,
    EventKind.HEARTBEAT: View._heartbeat,
    EventKind.JOB_DONE: View._done,
    EventKind.JOBS_DONE: View._many_done,
    EventKind.JOB_FAILED: View._failed,
    EventKind.JOB_RETRIED: View._retry,
    EventKind.BLOCKED: View._blocked,
    EventKind.JOB_INTERRUPTED: View._interrupted,
    EventKind.JOB_POSTPONED: View._postponed,
    EventKind.PLANNED: View._said,
    EventKind.NOTICE: View._said,
    EventKind.JOBS: View._table_told,
    EventKind.STEERED: View._steered,
    EventKind.ESTIMATE: View._estimated,
    EventKind.RUN_ENDED: View._ended,
}
