"""Graph: the jobs of a program with their edges both ways, in an order in which they can run; pure."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from compmake.errors import DefinitionError
from compmake.job import Job, JobId
from compmake.text_safety import one_line

_DIGITS = re.compile("[0-9]+")
_CYCLE_JOBS_SHOWN = 10


class Graph:
    """All jobs and their edges; it does not change once it is built.

    Raises:
        DefinitionError: A job depends on an id that no job has, or on itself through other jobs.
    """

    def __init__(self, jobs: Mapping[JobId, Job]) -> None:
        self.jobs = jobs
        self._dependencies: dict[JobId, tuple[JobId, ...]] = {}
        self._dependents: dict[JobId, list[JobId]] = {}
        in_order = True
        for job_id, job in jobs.items():
            needed = _needed(job)
            for dependency in needed:
                if dependency not in self._dependencies:
                    in_order = False
                    if dependency not in jobs:
                        raise DefinitionError(_undefined(job, dependency))
                self._dependents.setdefault(dependency, []).append(job_id)
            self._dependencies[job_id] = needed
        self.order: tuple[JobId, ...] = tuple(jobs if in_order else self._sort())
        """Every job after all that it needs; as far as that allows, in order of definition."""

    def dependencies(self, job_id: JobId) -> Sequence[JobId]:
        """Return what the job needs, each once, in order of appearance; order-only dependencies included."""
        return self._dependencies[job_id]

    def dependents(self, job_id: JobId) -> Sequence[JobId]:
        """Return what needs the job, each once, in order of definition."""
        return self._dependents.get(job_id, ())

    def ancestors(self, ids: Iterable[JobId]) -> set[JobId]:
        """Return everything that `ids` need, directly or not, without `ids` themselves."""
        return _closure(ids, self.dependencies)

    def descendants(self, ids: Iterable[JobId]) -> set[JobId]:
        """Return everything that needs one of `ids`, directly or not, without `ids` themselves."""
        return _closure(ids, self.dependents)

    def top(self) -> list[JobId]:
        """Return the jobs that no other job needs, in order of definition."""
        return [job_id for job_id in self.jobs if job_id not in self._dependents]

    def bottom(self) -> list[JobId]:
        """Return the jobs that need no other, in order of definition."""
        return [job_id for job_id, needed in self._dependencies.items() if not needed]

    def _sort(self) -> Iterator[JobId]:
        """Yield every job after its dependencies: depth first, without recursion because chains may be long."""
        finished: set[JobId] = set()
        for first in self.jobs:
            path: dict[JobId, Iterator[JobId]] = {}
            following: JobId | None = None if first in finished else first
            while following is not None or path:
                if following is not None:
                    if following in path:
                        raise DefinitionError(_cycle([*path, following]))
                    path[following] = iter(self._dependencies[following])
                else:
                    ready = path.popitem()[0]
                    finished.add(ready)
                    yield ready
                    if not path:
                        break
                waiting = path[next(reversed(path))]
                following = next((needed for needed in waiting if needed not in finished), None)


def _needed(job: Job) -> tuple[JobId, ...]:
    dependencies = job.dependencies
    if len(dependencies) + len(job.order_after) > 1:
        return job.all_dependencies
    return (dependencies[0].job_id,) if dependencies else job.order_after


def _closure(ids: Iterable[JobId], neighbours: Callable[[JobId], Sequence[JobId]]) -> set[JobId]:
    start = set(ids)
    found = set(start)
    to_visit = list(start)
    while to_visit:
        for neighbour in neighbours(to_visit.pop()):
            if neighbour not in found:
                found.add(neighbour)
                to_visit.append(neighbour)
    return found - start


def natural_key(text: str) -> tuple[str, str]:
    """Return a sort key by which func1-3 comes before func1-23; different texts have different keys."""
    return _DIGITS.sub(_by_value, text), text


def _by_value(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return chr(min(len(digits), sys.maxunicode)) + digits  # a longer number is a greater one


def sorted_ids(ids: Iterable[JobId]) -> list[JobId]:
    """Return the ids in natural order."""
    return sorted(ids, key=natural_key)


def _undefined(job: Job, dependency: JobId) -> str:
    file, line = job.defined_at
    place = f" ({file}:{line})" if file else ""
    return (
        f"job '{one_line(job.job_id, 80)}'{place} depends on '{one_line(dependency, 80)}', which no job is called. "
        "Pass the promise that comp() returned, or define that job first."
    )


def _cycle(path: list[JobId]) -> str:
    cycle = [one_line(job_id, 40) for job_id in path[path.index(path[-1]) :]]
    if len(cycle) > _CYCLE_JOBS_SHOWN:
        cycle[_CYCLE_JOBS_SHOWN // 2 : -_CYCLE_JOBS_SHOWN // 2] = [f"… {len(cycle) - _CYCLE_JOBS_SHOWN} more …"]
    return f"jobs depend on each other in a circle: {' -> '.join(cycle)}. Remove one of these dependencies."
