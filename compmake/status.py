"""One pass over the graph: the state of every job outside a run, as `list`, `why`, `plan` and `stats` show it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from compmake.causes import Causes, causes_of
from compmake.checking import Checker, Match
from compmake.functions import parameter_name
from compmake.graph import Graph
from compmake.job import Digest, JobId, JobState, Reason, ReasonCode
from compmake.recorded import shown_arguments
from compmake.staleness import Current, Explain

_NO_RESULT = Digest(b"")
_IN_THE_WAY = (JobState.FAILED, JobState.BLOCKED)


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it is between two runs."""

    state: JobState
    """DONE, STALE, TODO, FAILED or BLOCKED."""
    is_matched: bool = True
    """Whether a record matches its own inputs: then only a dependency's new result can make it run."""
    waits_for: tuple[JobId, ...] = ()
    """Dependencies that are not done."""
    is_known: bool = True
    """Whether there are records that it could have been compared with."""


_DONE = JobStatus(JobState.DONE)
_NEVER_MADE = (Reason(ReasonCode.NEVER_MADE, "never made"),)


class Status:
    """The states of all jobs."""

    def __init__(
        self,
        graph: Graph,
        checker: Checker,
        explain: Explain,
        *,
        order: Sequence[JobId] | None = None,
        done: Mapping[JobId, Digest] | None = None,
    ) -> None:
        """Look at the jobs once, dependencies first.

        Args:
            graph: The program's jobs.
            checker: Decides each job.
            explain: What texts of reasons are made from.
            order: The jobs to look at, with all that they need, dependencies first; default all.
            done: What `Checker.sweep` has found among them, after `Checker.look_at_results`; default is to do both.
        """
        self.graph = graph
        self._checker = checker
        self._explain = explain
        self.jobs: dict[JobId, JobStatus] = {}
        self.running: Collection[JobId] = ()
        """Jobs that run just now, in a make of this process."""
        order = graph.order if order is None else order
        if done is None:
            checker.look_at_results(order)
            done = checker.sweep(order)
        self._results = dict(done)
        for job_id in order:
            self.jobs[job_id] = _DONE if job_id in done else self._look(job_id)

    def now(self, job_id: JobId) -> Current:
        """Return the job as it is now, compared with the results that its dependencies have now."""
        return self._checker.current(job_id, self._results)

    def states(self) -> dict[JobId, JobState]:
        """Return every job's state."""
        states = {job_id: status.state for job_id, status in self.jobs.items()}
        return states | dict.fromkeys(self.running, JobState.RUNNING)

    def state(self, job_id: JobId) -> JobState:
        """Return a job's state."""
        return JobState.RUNNING if job_id in self.running else self.jobs[job_id].state

    def reasons(self, job_id: JobId) -> tuple[Reason, ...]:
        """Return why the job would run; empty if it is done."""
        status = self.jobs[job_id]
        if status.state is JobState.DONE:
            return ()
        if not status.is_known and self.graph.jobs[job_id].call is not None:
            return _NEVER_MADE
        own = () if status.is_matched else self._checker.reasons(self.now(job_id), self._explain)
        if own:
            return own
        return tuple(Reason(ReasonCode.MAY_CHANGE, f"may change: {dep}", new=dep) for dep in status.waits_for)

    def arguments(self, job_id: JobId) -> list[tuple[str, str]]:
        """Return the arguments: parameter name and short text, promises as `<job id>`."""
        job = self.graph.jobs[job_id]
        parameters = self._explain.parameters(job)
        shown = shown_arguments(self._checker.arguments(job), job.dependencies)
        return [(parameter_name(place, parameters), text) for place, text in shown]

    def blocked_by(self, job_id: JobId) -> list[JobId]:
        """Return the chain from a blocked job to the failed one that blocks it, that one last."""
        chain: list[JobId] = []
        here: JobId | None = job_id
        while here is not None:
            bad = [d for d in self.graph.dependencies(here) if self.jobs[d].state in _IN_THE_WAY]
            here = next((d for d in bad if self.jobs[d].state is JobState.FAILED), bad[0] if bad else None)
            if here is not None:
                chain.append(here)
                if self.jobs[here].state is JobState.FAILED:
                    break
        return chain

    def _look(self, job_id: JobId) -> JobStatus:
        checker, jobs = self._checker, self.jobs
        needed = self.graph.dependencies(job_id)
        waits = tuple([dep for dep in needed if jobs[dep].state is not JobState.DONE])
        if not checker.has_records(job_id):  # so it is with all jobs of a first make: no need to look closer
            self._results[job_id] = _NO_RESULT
            blocked = any(jobs[dep].state in _IN_THE_WAY for dep in waits)
            return JobStatus(JobState.BLOCKED if blocked else JobState.TODO, False, waits, is_known=False)
        match = checker.match(checker.current(job_id, self._results), self._results)
        self._results[job_id] = self._result(job_id, match)
        if match is not None:
            return JobStatus(JobState.STALE, True, waits) if waits else _DONE
        record = checker.records.newest.get(job_id)
        if record is not None and not record.ok and not record.asked:
            return JobStatus(JobState.FAILED, False, waits)
        if any(jobs[dep].state in _IN_THE_WAY for dep in waits):
            return JobStatus(JobState.BLOCKED, False, waits)
        return JobStatus(JobState.TODO if record is None else JobState.STALE, False, waits)

    def _result(self, job_id: JobId, match: Match | None) -> Digest:
        """Return what dependents are compared with: the result there is, though it may change."""
        if match is not None:
            return match.record.result_digest
        newest = self._checker.records.newest.get(job_id)
        if newest is not None and newest.ok:
            return newest.result_digest
        kept = self._checker.records.superseded.get(job_id)
        return kept[0].result_digest if kept else _NO_RESULT


def causes_to_run(
    graph: Graph, checker: Checker, explain: Explain, order: Sequence[JobId], done: Mapping[JobId, Digest]
) -> Causes:
    """Return why a make is about to run jobs, as `plan` tells it; `order` and `done` are as for `Status`."""
    todo = [job_id for job_id in order if job_id not in done]
    if not any(map(checker.has_records, todo)) and all(graph.jobs[job_id].call is not None for job_id in todo):
        return causes_of(todo, lambda _: _NEVER_MADE)  # a first make need not wait for this
    records = checker.records
    promised, settled = dict(records.promised), set(records.settled)
    status = Status(graph, checker, explain, order=order, done=done)
    causes = causes_of(todo, status.reasons)
    # The make decides anew, with the results as they will be: until then nobody has claimed anything.
    records.promised, records.settled = promised, settled
    return causes


def count_states(states: Iterable[JobState]) -> dict[JobState, int]:
    """Return how many jobs are in each state, in the order in which states are shown."""
    counts = dict.fromkeys(JobState, 0)
    for state in states:
        counts[state] += 1
    return {state: count for state, count in counts.items() if count}
