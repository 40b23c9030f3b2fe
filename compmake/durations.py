"""What past attempts cost, for each job and function, and what that says about the order of work; pure."""

from collections.abc import Collection, Iterable

from compmake.graph import Graph
from compmake.job import JobId

_KEPT = 200
_SPREAD = 21
_UNKNOWN_S = 1.0


class Durations:
    """Wall-clock seconds to expect of jobs, learned from attempts that succeeded."""

    def __init__(
        self, jobs_s: dict[JobId, float], functions_s: dict[str, list[float]], failed: Iterable[JobId] = ()
    ) -> None:
        self._jobs_s = jobs_s
        self._functions_s = {function: _median(durations_s) for function, durations_s in functions_s.items()}
        self._spread_s = functions_s
        self._failed = frozenset(failed)
        everything = [duration_s for durations_s in functions_s.values() for duration_s in durations_s]
        self._unknown_s = sum(everything) / len(everything) if everything else _UNKNOWN_S

    @classmethod
    def from_attempts(cls, attempts: Iterable[tuple[JobId, str, float, bool]]) -> "Durations":
        """Learn from past attempts.

        Args:
            attempts: Job id, function, wall-clock seconds, and whether it succeeded; newest first.
        """
        jobs_s: dict[JobId, float] = {}
        functions_s: dict[str, list[float]] = {}
        newest: dict[JobId, bool] = {}
        for job_id, function, wall_s, ok in attempts:
            newest.setdefault(job_id, ok)
            if ok:
                jobs_s.setdefault(job_id, wall_s)
                durations_s = functions_s.setdefault(function, [])
                if len(durations_s) < _KEPT:
                    durations_s.append(wall_s)
        return cls(jobs_s, functions_s, [job_id for job_id, ok in newest.items() if not ok])

    def expected_s(self, job_id: JobId, function: str) -> float | None:
        """Return how long the job took last time, else what is usual for its function, None if that never ran."""
        own_s = self._jobs_s.get(job_id)
        return self._functions_s.get(function) if own_s is None else own_s

    def is_measured(self, job_id: JobId) -> bool:
        """Tell whether the job itself succeeded before."""
        return job_id in self._jobs_s

    def failed_last(self, job_id: JobId) -> bool:
        """Tell whether the job failed when it was tried last."""
        return job_id in self._failed

    @property
    def functions(self) -> Collection[str]:
        """The functions (`module:qualname`) of which a job succeeded before."""
        return self._spread_s.keys()

    def spread_s(self, function: str) -> tuple[float, ...]:
        """Return what jobs of the function took, from short to long; of many a few that stand for all."""
        ordered = sorted(self._spread_s.get(function, ()))
        if len(ordered) <= _SPREAD:
            return tuple(ordered)
        return tuple(ordered[round(at * (len(ordered) - 1) / (_SPREAD - 1))] for at in range(_SPREAD))

    def unmeasured(self, graph: Graph, needed_ids: Iterable[JobId]) -> set[str]:
        """Return the functions (`module:qualname`) of these jobs that never succeeded before."""
        return {graph.jobs[job_id].function_name for job_id in needed_ids} - self._functions_s.keys()

    def priorities(self, graph: Graph, needed_ids: Collection[JobId]) -> dict[JobId, float]:
        """Return for each needed job the expected seconds from its start to the end of all needed that depends on it.

        Working on the highest first shortens the whole. A job of which nothing is known counts as the mean of all
        attempts, or as one second.
        """
        needed = set(needed_ids)
        priorities: dict[JobId, float] = {}
        for job_id in reversed(graph.order):
            if job_id in needed:
                own_s = self.expected_s(job_id, graph.jobs[job_id].function_name)
                after_s = 0.0
                for dependent in graph.dependents(job_id):
                    if priorities.get(dependent, 0.0) > after_s:
                        after_s = priorities[dependent]
                priorities[job_id] = after_s + (self._unknown_s if own_s is None else own_s)
        return priorities


def _median(values: list[float]) -> float:
    """Return the middle value; `statistics` would cost every start 3 ms."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
