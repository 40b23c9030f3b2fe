"""`Workers`: what each worker of a make does now, how long ago it was heard, and what it has made."""

from collections import Counter
from dataclasses import dataclass

from compmake.channel import DoneJobs
from compmake.job import Beat, JobId

NO_BEAT = Beat()
DRIVER = "driver"
"""Where jobs run that run in the driver's own process."""
SILENT_AFTER_S = 5.0
LOST_AFTER_S = 10.0
"""A worker that was silent for so long is perhaps lost; that it is only the driver can tell."""


@dataclass(slots=True)
class WorkerNow:
    """One worker."""

    name: str
    job_id: JobId | None = None
    """What it runs; None while it is idle."""
    function: str = ""
    attempt: int = 0
    started_at: float = 0.0
    """When its job began, or when it fell idle."""
    heard_at: float = 0.0
    """When it gave its last sign of life, by the driver's clock."""
    usual_s: float | None = None
    beat: Beat = NO_BEAT
    has_beaten: bool = False
    """Whether its job has given a sign of life; the driver's own process gives none."""
    done: int = 0
    failed: int = 0

    def silent_s(self, now: float) -> float:
        """Return for how long it has given no sign of life; 0 while that is no longer than usual."""
        age_s = now - self.heard_at
        return age_s if self.job_id is not None and self.name != DRIVER and age_s >= SILENT_AFTER_S else 0.0


class Workers:
    """The workers in the order of their names."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerNow] = {}
        self._places: dict[JobId, str] = {}

    def __len__(self) -> int:
        return len(self._workers)

    @property
    def busy(self) -> int:
        """How many run a job."""
        return len(self._places)

    def all(self) -> list[WorkerNow]:
        """Return them by their numbers."""
        return sorted(self._workers.values(), key=_rank)

    def running(self, job_id: JobId) -> WorkerNow | None:
        """Return the worker that runs a job."""
        name = self._places.get(job_id)
        return None if name is None else self._workers[name]

    # What the fold calls.

    def start(
        self, name: str, job_id: JobId, function: str, started_at: float, attempt: int, usual_s: float | None
    ) -> JobId | None:
        """Let a worker begin a job; return what it ran before, which has ended."""
        worker = self._of(name)
        former = worker.job_id
        if former is not None:
            self._places.pop(former, None)
        worker.job_id, worker.function, worker.started_at = job_id, function, started_at
        worker.attempt, worker.heard_at, worker.usual_s = attempt, started_at, usual_s
        worker.beat, worker.has_beaten = NO_BEAT, False
        self._places[job_id] = worker.name
        return None if former == job_id else former

    def hear(self, job_id: JobId, beat: Beat, at: float) -> None:
        """Note a sign of life."""
        worker = self.running(job_id)
        if worker is not None:
            worker.beat, worker.heard_at, worker.has_beaten = beat, at, True

    def end(self, name: str, job_id: JobId, at: float, *, done: int = 0, failed: int = 0) -> None:
        """Let a job be no longer at work, wherever it was."""
        place = self._places.pop(job_id, None)
        worker = self._of(place or name)
        worker.done += done
        worker.failed += failed
        if worker.job_id == job_id:
            worker.job_id, worker.function, worker.started_at = None, "", at
            worker.beat, worker.has_beaten = NO_BEAT, False

    def end_many(self, done: DoneJobs) -> None:
        """Let jobs be no longer at work that were done."""
        for job_id in self._places.keys() & set(done.job_ids):
            self.end(self._places[job_id], job_id, done.ended_at[-1])
        ended_at = dict(zip(done.workers, done.ended_at, strict=True))
        for name, count in Counter(done.workers).items():
            worker = self._of(name)
            worker.done += count
            if worker.job_id is None:
                worker.started_at = ended_at[name]

    def end_all(self, at: float) -> None:
        """Let nobody be at work."""
        for job_id, name in list(self._places.items()):
            self.end(name, job_id, at)

    def drop_surplus(self, most: int) -> list[str]:
        """Forget workers that were replaced: of more than `most` those that are idle longest; return their names."""
        surplus = len(self._workers) - max(most, 1)
        if surplus <= 0:
            return []
        idle = sorted((worker.started_at, worker.name) for worker in self._workers.values() if worker.job_id is None)
        names = [name for _, name in idle[:surplus]]
        for name in names:
            del self._workers[name]
        return names

    def _of(self, name: str) -> WorkerNow:
        name = name or DRIVER
        return self._workers.setdefault(name, WorkerNow(name))


def _rank(worker: WorkerNow) -> tuple[int, str]:
    digits = worker.name[1:]
    return int(digits) if digits.isdecimal() and len(digits) < 12 else 0, worker.name
