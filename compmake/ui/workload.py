"""`Workload`: how much of the work of a make is done, by function; pure."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from compmake.channel import FunctionNews

_UNKNOWN_S = 1.0
"""What a job counts as long as nothing is known of any."""


class Begun(NamedTuple):
    """A job that runs: its function and since when, in epoch seconds."""

    function: str
    started_at: float


@dataclass(slots=True)
class _Tally:
    news: FunctionNews
    ended: int = 0
    done: int = 0
    done_s: float = 0.0

    @property
    def jobs(self) -> int:
        return max(self.news.jobs, self.ended)

    @property
    def usual_s(self) -> float | None:
        if self.news.usual_s is not None:
            return self.news.usual_s
        return self.done_s / self.done if self.done else None


class Workload:
    """The jobs of one make by function.

    Args:
        functions: What it has to do, as far as it was told.
    """

    def __init__(self, functions: Iterable[FunctionNews] = ()) -> None:
        self._tallies = {news.name: _Tally(news) for news in functions}

    def done(self, function: str, wall_s: float) -> None:
        """Count a job that was made."""
        tally = self._tally(function)
        tally.ended += 1
        tally.done += 1
        tally.done_s += wall_s

    def failed(self, function: str) -> None:
        """Count a job that was not made; it leaves no work."""
        self._tally(function).ended += 1

    def _tally(self, function: str) -> _Tally:
        tally = self._tallies.get(function)
        if tally is None:
            tally = self._tallies[function] = _Tally(FunctionNews(function, 0))
        return tally

    def usual_s(self, function: str) -> float | None:
        """Return what a job takes: as it was told, else the mean in this run, None if none was made yet."""
        tally = self._tallies.get(function)
        return tally.usual_s if tally is not None else None

    def fraction(self, running: Collection[Begun], waiting: int, now: float) -> float:
        """Return which part of the work is done, 0 to 1; what is not known counts as the mean.

        Args:
            running: The jobs that run; each is done in part, for as long as is usual.
            waiting: How many others are to come.
            now: Epoch seconds.
        """
        measured_s = self._mean_s()
        mean_s = _first(measured_s, _UNKNOWN_S)
        behind_s = sum(t.ended * _first(t.usual_s, mean_s) for t in self._tallies.values())
        everything_s = behind_s
        for job in running:
            usual_s = _first(self.usual_s(job.function), mean_s)
            # As long as nothing was measured, work is counted in jobs, and running ones are not done.
            age_s = max(0.0, now - job.started_at) if measured_s is not None else 0.0
            behind_s += min(age_s, usual_s)
            everything_s += usual_s
        at_work = Counter(job.function for job in running)
        to_come = {name: max(0, t.jobs - t.ended - at_work[name]) for name, t in self._tallies.items()}
        total = sum(to_come.values())
        # What was found up to date meanwhile or is blocked is missing among all functions alike.
        share = min(1.0, waiting / total) if total else 0.0
        everything_s += sum(count * share * _first(self.usual_s(name), mean_s) for name, count in to_come.items())
        everything_s += max(0, waiting - total) * mean_s  # whoever started the make did not tell what they are
        return behind_s / everything_s if everything_s > 0 else 1.0

    def _mean_s(self) -> float | None:
        known = [(tally.jobs, usual_s) for tally in self._tallies.values() if (usual_s := tally.usual_s) is not None]
        jobs = sum(count for count, _ in known)
        return sum(count * usual_s for count, usual_s in known) / jobs if jobs else None


def _first(known_s: float | None, otherwise_s: float) -> float:
    return otherwise_s if known_s is None else known_s
