"""What a selection is made of, and which jobs each part means in a scope."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from compmake.errors import SelectionError
from compmake.graph import Graph
from compmake.job import JobId, JobState
from compmake.selection.names import jobs_named, unknown_job


@dataclass(frozen=True, slots=True)
class Scope:
    """What a selection selects from."""

    graph: Graph
    states: Callable[[], Mapping[JobId, JobState]]
    """Called only if the selection names a state: knowing them may mean reading the store."""
    last: tuple[JobId, ...] = ()
    """What the previous command selected."""
    command_names: Collection[str] = ()
    """Names of commands, so that an error can explain `make clean`."""


class Selection(Protocol):
    """A selection that was understood; which jobs it means depends on the scope."""

    def jobs(self, scope: Scope) -> set[JobId]:
        """Return the selected jobs.

        Raises:
            SelectionError: It names a job or function that is not there, or a pattern that nothing matches.
        """
        ...


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted word: the job of exactly that id."""

    text: str

    def jobs(self, scope: Scope) -> set[JobId]:
        if self.text not in scope.graph.jobs:
            raise SelectionError(unknown_job(self.text, scope.graph))
        return {JobId(self.text)}


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word that is no keyword: a job id, a glob or a function."""

    text: str
    keywords: frozenset[str]
    """What it could have been meant to be."""

    def jobs(self, scope: Scope) -> set[JobId]:
        return jobs_named(self.text, scope.graph, self.keywords, scope.command_names)


@dataclass(frozen=True, slots=True)
class InState:
    """The jobs in one state."""

    state: JobState

    def jobs(self, scope: Scope) -> set[JobId]:
        return {job_id for job_id, state in scope.states().items() if state is self.state} & scope.graph.jobs.keys()


@dataclass(frozen=True, slots=True)
class Everything:
    """`all`."""

    def jobs(self, scope: Scope) -> set[JobId]:
        return set(scope.graph.jobs)


@dataclass(frozen=True, slots=True)
class Top:
    """`top`: jobs that no other needs."""

    def jobs(self, scope: Scope) -> set[JobId]:
        return set(scope.graph.top())


@dataclass(frozen=True, slots=True)
class Bottom:
    """`bottom`: jobs that need no other."""

    def jobs(self, scope: Scope) -> set[JobId]:
        return set(scope.graph.bottom())


@dataclass(frozen=True, slots=True)
class Last:
    """`last`: what the previous command selected, as far as the program still defines it."""

    def jobs(self, scope: Scope) -> set[JobId]:
        return set(scope.last) & scope.graph.jobs.keys()


@dataclass(frozen=True, slots=True)
class Related:
    """`deps of ...` and its kin; what the jobs themselves are is not asked."""

    relation: str
    start: Selection

    def jobs(self, scope: Scope) -> set[JobId]:
        graph = scope.graph
        start = self.start.jobs(scope)
        if self.relation == "ancestors":
            return graph.ancestors(start)
        if self.relation == "descendants":
            return graph.descendants(start)
        step = graph.dependencies if self.relation == "deps" else graph.dependents
        return {neighbour for job_id in start for neighbour in step(job_id)}


@dataclass(frozen=True, slots=True)
class Not:
    """All jobs but these."""

    term: Selection

    def jobs(self, scope: Scope) -> set[JobId]:
        return set(scope.graph.jobs) - self.term.jobs(scope)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Union."""

    terms: tuple[Selection, ...]

    def jobs(self, scope: Scope) -> set[JobId]:
        return set().union(*(term.jobs(scope) for term in self.terms))


@dataclass(frozen=True, slots=True)
class AllOf:
    """Intersection."""

    terms: tuple[Selection, ...]

    def jobs(self, scope: Scope) -> set[JobId]:
        return set.intersection(*(term.jobs(scope) for term in self.terms))


@dataclass(frozen=True, slots=True)
class Except:
    """Difference, to the right: the first term without (the second without (the third ...))."""

    terms: tuple[Selection, ...]

    def jobs(self, scope: Scope) -> set[JobId]:
        *others, selected = [term.jobs(scope) for term in self.terms]
        for term in reversed(others):
            selected = term - selected
        return selected
