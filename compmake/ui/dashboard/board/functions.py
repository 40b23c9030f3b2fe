"""`FunctionTallies`: the jobs of a make counted by function, how long they take, and the work that is left of each."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from compmake.channel import FunctionNews
from compmake.ui.dashboard.board.jobs import Jobs
from compmake.ui.dashboard.board.states import State

_DURATIONS_KEPT = 200
_OPEN = frozenset({State.WAITING, State.READY, State.RUNNING})
_OVER = frozenset(State) - _OPEN
_GOOD = frozenset({State.DONE, State.UP_TO_DATE})


@dataclass(slots=True)
class FunctionTally:
    """The jobs of one function."""

    name: str
    done: int = 0
    """Up to date ones included."""
    running: int = 0
    left: int = 0
    """Neither done nor failed nor blocked, those that run not counted."""
    failed: int = 0
    usual_s: float | None = None
    """What one job was expected to take before the make began."""
    open_usual_s: float = 0.0
    """Sum of what is known of the jobs that are left, those that run included."""
    open_known: int = 0
    """How many jobs are in that sum."""
    durations_s: deque[float] = field(default_factory=lambda: deque(maxlen=_DURATIONS_KEPT))
    """Of the last 200 that were done in this make."""

    def quantile_s(self, fraction: float) -> float | None:
        """Return what this part of its jobs took less than; what is usual as long as none was done."""
        if not self.durations_s:
            return self.usual_s
        ordered = sorted(self.durations_s)
        return ordered[min(len(ordered) - 1, int(fraction * len(ordered)))]

    def left_s(self) -> float:
        """Return the work that is left, in seconds of one worker; jobs of which nothing is known count as the others.

        What running jobs have behind them is not taken off.
        """
        open_jobs = self.left + self.running
        usual_s = self.open_usual_s / self.open_known if self.open_known else self.quantile_s(0.5)
        return self.open_usual_s + (open_jobs - self.open_known) * (usual_s or 0.0)


class FunctionTallies:
    """The functions in the order in which their first jobs are defined."""

    def __init__(self, news: Iterable[FunctionNews] = ()) -> None:
        self._tallies = {told.name: FunctionTally(told.name, left=told.jobs, usual_s=told.usual_s) for told in news}
        self._known: dict[str, tuple[float, int]] = {}
        """What all jobs of a function are expected to take, as far as that is known, and of how many it is."""

    def all(self) -> list[FunctionTally]:
        """Return them."""
        return list(self._tallies.values())

    def count_anew(self, jobs: Jobs) -> None:
        """Count all jobs; what took how long stays."""
        before, self._tallies = self._tallies, {}
        for (name, state), count in jobs.counts_by_function():
            tally = self._tallies.get(name)
            if tally is None:
                tally = self._tallies[name] = FunctionTally(name)
                if name in before:
                    tally.usual_s, tally.durations_s = before[name].usual_s, before[name].durations_s
            self._count(tally, state, None, count)
        over = jobs.usual_by_function(_OVER)
        for name, (usual_s, known) in self._known.items():
            seconds, tally = over.get(name, ()), self._tallies[name]
            tally.open_known = known - len(seconds)
            tally.open_usual_s = max(0.0, usual_s - sum(seconds)) if tally.open_known else 0.0

    def take_table(self, jobs: Jobs) -> None:
        """Take over all jobs, and what they are expected to take."""
        self._known = {name: (sum(seconds), len(seconds)) for name, seconds in jobs.usual_by_function().items()}
        self.count_anew(jobs)
        for name, (usual_s, known) in self._known.items():
            self._of(name).usual_s = usual_s / known

    def moved(self, name: str, old: State, new: State, usual_s: float | None) -> None:
        """Note that a job went from one state to another."""
        tally = self._of(name)
        self._count(tally, old, usual_s, -1)
        self._count(tally, new, usual_s, +1)

    def took(self, name: str, wall_s: float) -> None:
        """Note how long a job took that was done."""
        self._of(name).durations_s.append(wall_s)

    def _of(self, name: str) -> FunctionTally:
        tally = self._tallies.get(name)
        if tally is None:
            tally = self._tallies[name] = FunctionTally(name)
        return tally

    @staticmethod
    def _count(tally: FunctionTally, state: State, usual_s: float | None, step: int) -> None:
        if state in _OPEN:
            tally.running += step * (state is State.RUNNING)
            tally.left += step * (state is not State.RUNNING)
            if usual_s is not None:
                tally.open_usual_s = max(0.0, tally.open_usual_s + step * usual_s)
                tally.open_known += step
        elif state in _GOOD:
            tally.done += step
        elif state is State.FAILED:
            tally.failed += step
