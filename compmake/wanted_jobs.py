"""`job_table`: the jobs that a make wants, in columns that are worked out when somebody looks at them; pure."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Generic, TypeVar, overload

from compmake.durations import Durations
from compmake.functions import display_name
from compmake.graph import Graph
from compmake.job import JobId
from compmake.job_table import JobTable
from compmake.plan import Plan

T = TypeVar("T")


class _Late(Sequence[T], Generic[T]):
    """A sequence that is worked out when it is first asked for: nobody looks at the table of a short make."""

    def __init__(self, size: int | None, make: Callable[[], Sequence[T]]) -> None:
        """Prepare; `size` is None if only that tells how long it is."""
        self._size, self._make = size, make

    @cached_property
    def _values(self) -> Sequence[T]:
        return self._make()

    @cached_property
    def _set(self) -> frozenset[T]:
        return frozenset(self._values)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        return self._values[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._values)

    def __contains__(self, value: object) -> bool:
        return value in self._set

    def __len__(self) -> int:
        return len(self._values) if self._size is None else self._size


class _Columns:
    """The columns of a table; each is worked out once."""

    def __init__(self, graph: Graph, wanted: Collection[JobId], durations: Durations) -> None:
        self._graph, self._wanted, self._durations = graph, wanted, durations

    @cached_property
    def ids(self) -> list[JobId]:
        jobs, wanted = self._graph.jobs, self._wanted
        return list(jobs) if len(wanted) == len(jobs) else [job_id for job_id in jobs if job_id in wanted]

    @cached_property
    def numbers(self) -> dict[JobId, int]:
        return {job_id: number for number, job_id in enumerate(self.ids)}

    def functions(self) -> list[str]:
        return [self._graph.jobs[job_id].display_function for job_id in self.ids]

    def needs(self) -> list[tuple[int, ...]]:
        of, numbers = self._graph.dependencies, self.numbers
        return [tuple([numbers[one] for one in of(job_id) if one in numbers]) for job_id in self.ids]

    def usual_s(self) -> list[float | None]:
        jobs, expected_s = self._graph.jobs, self._durations.expected_s
        return [expected_s(job_id, jobs[job_id].function_name) for job_id in self.ids]

    def first_time(self) -> list[int]:
        measured = self._durations.is_measured
        return [number for number, job_id in enumerate(self.ids) if not measured(job_id)]

    def failed(self) -> list[int]:
        failed_last = self._durations.failed_last
        return [number for number, job_id in enumerate(self.ids) if failed_last(job_id)]


def job_table(
    graph: Graph, plan: Plan, durations: Durations, done: Collection[JobId], may_run: Collection[JobId]
) -> JobTable:
    """Return the jobs of a make, for its news.

    Args:
        graph: The program's jobs.
        plan: What the make wants, its priorities set.
        durations: What past attempts cost.
        done: Jobs that were up to date before anything ran.
        may_run: Jobs that need not run if what they need comes out as it was.
    """
    return table_of(graph, plan.wanted, plan.priorities, durations, done, may_run)


def table_of(
    graph: Graph,
    wanted: Collection[JobId],
    priorities: Mapping[JobId, float],
    durations: Durations,
    done: Collection[JobId] = (),
    may_run: Collection[JobId] = (),
) -> JobTable:
    """Return the table of any set of jobs, see `job_table`; needs outside the set are left out."""
    columns, size = _Columns(graph, wanted, durations), len(wanted)
    return JobTable(
        ids=_Late(size, lambda: columns.ids),
        functions=_Late(size, columns.functions),
        needs=_Late(size, columns.needs),
        usual_s=_Late(size, columns.usual_s),
        priorities=_Late(size, lambda: [priorities.get(job_id, 0.0) for job_id in columns.ids]),
        done=_Late(len(done), lambda: [columns.numbers[job_id] for job_id in done]),
        first_time=_Late(None, columns.first_time),
        failed=_Late(None, columns.failed),
        may_run=_Late(len(may_run), lambda: [columns.numbers[job_id] for job_id in may_run]),
        spreads=_spreads(durations),
    )


def _spreads(durations: Durations) -> dict[str, tuple[float, ...]]:
    spreads: dict[str, tuple[float, ...]] = {}
    for function in durations.functions:
        name = display_name(function.partition(":")[2])
        spreads[name] = tuple(sorted((*spreads.get(name, ()), *durations.spread_s(function))))
    return spreads
