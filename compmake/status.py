"""One pass over the graph: the state of every job outside a run, as `list`, `why`, `plan` and `stats` show it."""

from collections.abc import Iterable
from dataclasses import dataclass

from compmake.checking import Checker, Match
from compmake.functions import parameter_name
from compmake.graph import Graph
from compmake.job import Digest, JobId, JobState, Reason, ReasonCode
from compmake.recorded import shown_arguments
from compmake.staleness import Current, Explain

_NO_RESULT = Digest(b"")


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job as it is between two runs."""

    state: JobState
    """DONE, STALE, TODO, FAILED or BLOCKED."""
    is_matched: bool = True
    """Whether a record matches its own inputs: then only a dependency's new result can make it run."""
    waits_for: tuple[JobId, ...] = ()
    """Dependencies that are not done."""


_DONE = JobStatus(JobState.DONE)


class Status:
    """The states of all jobs."""

    def __init__(self, graph: Graph, checker: Checker, explain: Explain) -> None:
        """Look at the jobs once, dependencies first.

        Args:
            graph: The program's jobs.
            checker: Decides each job.
            explain: What texts of reasons are made from.
        """
        self.graph = graph
        self._checker = checker
        self._explain = explain
        self.jobs: dict[JobId, JobStatus] = {}
        checker.look_at_results(graph.order)
        self._results = checker.sweep(graph.order)
        for job_id in graph.order:
            self.jobs[job_id] = _DONE if job_id in self._results else self._look(job_id)

    def now(self, job_id: JobId) -> Current:
        """Return the job as it is now, compared with the results that its dependencies have now."""
        return self._checker.current(job_id, self._results)

    def states(self) -> dict[JobId, JobState]:
        """Return every job's state."""
        return {job_id: status.state for job_id, status in self.jobs.items()}

    def state(self, job_id: JobId) -> JobState:
        """Return a job's state."""
        return self.jobs[job_id].state

    def reasons(self, job_id: JobId) -> tuple[Reason, ...]:
        """Return why the job would run; empty if it is done."""
        status = self.jobs[job_id]
        if status.state is JobState.DONE:
            return ()
        own = () if status.is_matched else self._checker.reasons(self.now(job_id), self._explain)
        if own:
            return own
        return tuple(Reason(ReasonCode.MAY_CHANGE, f"may change: {dep}", new=dep) for dep in status.waits_for)

    def arguments(self, job_id: JobId) -> list[tuple[str, str]]:
        """Return the arguments: parameter name and short text, promises as `<job id>`."""
        now = self.now(job_id)
        parameters = self._explain.parameters(now.job)
        shown = shown_arguments(now.arguments, now.job.dependencies)
        return [(parameter_name(place, parameters), text) for place, text in shown]

    def blocked_by(self, job_id: JobId) -> list[JobId]:
        """Return the chain from a blocked job to the failed one that blocks it, that one last."""
        chain: list[JobId] = []
        here: JobId | None = job_id
        while here is not None:
            bad = [
                d for d in self.graph.dependencies(here) if self.jobs[d].state in (JobState.FAILED, JobState.BLOCKED)
            ]
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
        match = checker.match(checker.current(job_id, self._results), self._results)
        self._results[job_id] = self._result(job_id, match)
        if match is not None:
            return JobStatus(JobState.STALE, True, waits) if waits else _DONE
        record = checker.records.newest.get(job_id)
        if record is not None and not record.ok and not record.asked:
            return JobStatus(JobState.FAILED, False, waits)
        if any(jobs[dep].state in (JobState.FAILED, JobState.BLOCKED) for dep in waits):
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


def count_states(states: Iterable[JobState]) -> dict[JobState, int]:
    """Return how many jobs are in each state, in the order in which states are shown."""
    counts = dict.fromkeys(JobState, 0)
    for state in states:
        counts[state] += 1
    return {state: count for state, count in counts.items() if count}
