"""`JobTable`: the jobs of one make, as whoever watches it must know them; `Estimate`: when it will end; pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from compmake.job import JobId


class Estimate(NamedTuple):
    """When a make is expected to end, as far as that was known at `made_at`; times are counted from then."""

    made_at: float
    """Epoch seconds."""
    left_s: float | None = None
    """In the middle; None if nothing honest can be said."""
    low_s: float | None = None
    """Nine in ten makes take longer."""
    high_s: float | None = None
    """Nine in ten makes take less."""
    critical_s: float | None = None
    """The longest chain of jobs that is left."""
    reason: str = ""
    """Why there is no number: `paused`, `no workers`, `no history`; or `at least` if `left_s` is a lower bound."""
    speed: float = 1.0
    """How long jobs take in this run, as a multiple of what they usually take."""


@dataclass(frozen=True, eq=False)
class JobTable:
    """All wanted jobs of a make in the order in which they were defined; other fields are parallel to `ids`.

    Whoever makes it hands over sequences that never change; nothing is copied.
    """

    ids: Sequence[JobId]
    functions: Sequence[str]
    """As users write them: `func1`, `Model.fit`."""
    needs: Sequence[Sequence[int]]
    """Numbers of the jobs that each one needs, among the wanted ones."""
    usual_s: Sequence[float | None]
    """What each is expected to take; None if nothing is known."""
    priorities: Sequence[float]
    """The higher, the earlier a job is started."""
    done: Collection[int] = ()
    """Numbers of the jobs that were up to date before anything ran."""
    first_time: Collection[int] = ()
    """Numbers of the jobs that never succeeded themselves: `usual_s` is that of their function."""
    failed: Collection[int] = ()
    """Numbers of the jobs that failed when they were tried last."""
    may_run: Collection[int] = ()
    """Numbers of the jobs that need not run if what they need comes out as it was."""
    spreads: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Seconds that past jobs of each function took, from short to long; a few of them stand for all."""

    def __len__(self) -> int:
        return len(self.ids)

    def __deepcopy__(self, memo: dict[int, Any]) -> "JobTable":
        """Return itself, for it never changes; columns that nobody has asked for yet could not be copied."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; function names are numbered, for there are few."""
        names = {name: number for number, name in enumerate(dict.fromkeys(self.functions))}
        return {
            "ids": list(self.ids),
            "names": list(names),
            "functions": [names[name] for name in self.functions],
            "needs": [list(needed) for needed in self.needs],
            "usual_s": [None if usual_s is None else round(usual_s, 6) for usual_s in self.usual_s],
            "priorities": [round(priority, 6) for priority in self.priorities],
            "done": sorted(self.done),
            "first_time": sorted(self.first_time),
            "failed": sorted(self.failed),
            "may_run": sorted(self.may_run),
            "spreads": {name: [round(one_s, 6) for one_s in spread] for name, spread in self.spreads.items()},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "JobTable":
        """Return the table that `to_dict` described.

        Raises:
            ValueError: It is none.
        """
        try:
            names = [str(name) for name in data["names"]]
            table = cls(
                ids=[JobId(str(job_id)) for job_id in data["ids"]],
                functions=[names[number] for number in data["functions"]],
                needs=[tuple(map(int, needed)) for needed in data["needs"]],
                usual_s=[None if usual_s is None else float(usual_s) for usual_s in data["usual_s"]],
                priorities=[float(priority) for priority in data["priorities"]],
                done=frozenset(map(int, data["done"])),
                first_time=frozenset(map(int, data.get("first_time", ()))),
                failed=frozenset(map(int, data.get("failed", ()))),
                may_run=frozenset(map(int, data.get("may_run", ()))),
                spreads={str(n): tuple(map(float, spread)) for n, spread in data.get("spreads", {}).items()},
            )
        except (KeyError, IndexError, TypeError, AttributeError) as error:
            raise ValueError(f"this is no table of jobs: {error!r}") from error
        size = len(table.ids)
        columns = (table.functions, table.needs, table.usual_s, table.priorities)
        numbers = [
            *table.done,
            *table.first_time,
            *table.failed,
            *table.may_run,
            *(number for needed in table.needs for number in needed),
        ]
        if any(len(column) != size for column in columns) or any(not 0 <= number < size for number in numbers):
            raise ValueError("this is no table of jobs: its columns do not fit")
        return table
