"""Carries out what is wished of one make, between two rounds of its loop: the end, pauses, workers, jobs to end."""

from compmake.channel import EventKind
from compmake.control import Control
from compmake.executor import Executor
from compmake.graph import Graph
from compmake.interrupting import step_text
from compmake.job import JobId, JobState
from compmake.news import News
from compmake.plan import Plan
from compmake.words import plural

PAUSED = "paused"
"""The text of `EventKind.STEERED` while no job is started."""


class Heeding:
    """Heeds the wishes of one make's `Control`; it is asked at each round, so that asking must cost nothing."""

    def __init__(
        self, control: Control, graph: Graph, plan: Plan, executor: Executor, news: News, workers: int
    ) -> None:
        """Begin with nothing heeded; `workers` are those that the make begins with."""
        self._control, self._graph, self._plan, self._executor, self._news = control, graph, plan, executor, news
        self._workers = workers
        self._level = 0
        self._paused = False
        self._cancelled: set[JobId] = set()
        self._requeued: set[JobId] = set()
        """Jobs that are being ended, and begin again then."""

    @property
    def may_start(self) -> bool:
        """Whether jobs may be started: nobody wants the make to end, and it is not paused."""
        return not (self._control.level or self._paused)

    @property
    def is_paused(self) -> bool:
        """Whether the make waits for somebody to resume it, and for nothing else."""
        return self._paused and not self._control.level

    def is_cancelled(self, job_id: JobId) -> bool:
        """Tell whether somebody has cancelled a job."""
        return job_id in self._cancelled

    def was_ended(self, job_id: JobId) -> bool:
        """Tell whether a job that was interrupted is one that somebody wanted to end."""
        return job_id in self._cancelled or job_id in self._requeued

    def begins_again(self, job_id: JobId) -> bool:
        """Tell, once, whether a job that was ended is to be made again."""
        if job_id not in self._requeued:
            return False
        self._requeued.discard(job_id)
        return job_id not in self._cancelled and not self._control.level

    def look(self) -> None:
        """Do what is wished since the last look."""
        if self._control.is_changed:
            self._steer()
        if self._control.level > self._level:
            self._level = self._control.level
            text = step_text(self._level, len(self._executor.running()), self._control.key)
            self._news.tell(EventKind.NOTICE, text=text)
            self._executor.stop(self._level)

    def _steer(self) -> None:
        wishes, executor = self._control.take(), self._executor
        before = self._workers, self._paused
        if wishes.workers not in (None, self._workers):
            self._workers = wishes.workers
            executor.resize(self._workers)
        if wishes.paused != self._paused:
            self._paused = wishes.paused
            executor.hold(self._paused)
        cancelled = self._cancel(wishes.cancelled) if wishes.cancelled else 0
        if wishes.requeued:
            self._requeue(wishes.requeued)
            if not cancelled and before == (self._workers, self._paused):
                return
        self._news.tell(EventKind.STEERED, workers=self._workers, text=PAUSED if self._paused else "", count=cancelled)

    def _requeue(self, job_ids: frozenset[JobId]) -> None:
        """End jobs that run, so that they begin again."""
        running = {job_id for job_id in job_ids if self._plan.states.get(job_id) is JobState.RUNNING}
        self._requeued |= running
        if running:
            self._executor.cancel(running)
            self._news.tell(EventKind.NOTICE, text=f"{plural(len(running), 'running job')} ended, to be made again")

    def _cancel(self, job_ids: frozenset[JobId]) -> int:
        """Cancel jobs that have not ended; return how many."""
        states = self._plan.states
        running = {job_id for job_id in job_ids if states.get(job_id) is JobState.RUNNING}
        waiting = [job_id for job_id in job_ids if states.get(job_id) in (JobState.READY, JobState.WAITING)]
        self._cancelled |= running
        if running:
            self._executor.cancel(running)
        for job_id in waiting:
            self._plan.cancelled(job_id)
            self._news.tell(EventKind.JOB_INTERRUPTED, job=self._graph.jobs[job_id])
        return len(running) + len(waiting)
