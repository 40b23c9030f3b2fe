"""`Workload`: how much work a make has done and has left, by function; pure."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from compmake.channel import FunctionNews

_OVERDUE = 0.25
"""A job that takes longer than usual is expected to take this part of its age more."""
_UNKNOWN_AT_MOST = 0.3
"""With a larger share of unknown work what is left would be a guess."""
_UNKNOWN_S = 1.0
"""What a job counts as long as nothing is known of any."""


class Begun(NamedTuple):
    """A job that runs: its function and since when, in epoch seconds."""

    function: str
    started_at: float


class Work(NamedTuple):
    """What there is to do, in seconds of one worker's time; what is not known counts as the mean."""

    behind_s: float = 0.0
    left_s: float = 0.0
    overdue_s: float = 0.0
    """What running jobs are expected to take beyond what is usual; they are done but for that."""
    longest_s: float = 0.0
    """What the running job has left that has most."""
    unknown_s: float = 0.0
    """The part of `left_s` of functions of which nothing is known."""

    @property
    def fraction(self) -> float:
        """Which part is done, 0 to 1."""
        everything_s = self.behind_s + self.left_s
        return self.behind_s / everything_s if everything_s > 0 else 1.0

    def ends_in_s(self, workers: int) -> float | None:
        """Return when so many workers are expected to have done it, None if too much of it is unknown."""
        if self.unknown_s > _UNKNOWN_AT_MOST * self.left_s:
            return None
        return max(self.longest_s, (self.left_s + self.overdue_s) / max(1, workers))


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

    def work(self, running: Collection[Begun], waiting: int, now: float) -> Work:
        """Return what is behind and what is left at `now`, in epoch seconds.

        Args:
            running: The jobs that run.
            waiting: How many others are to come.
            now: Epoch seconds.
        """
        measured_s = self._mean_s()
        mean_s = _first(measured_s, _UNKNOWN_S)
        work = Work(behind_s=sum(t.ended * _first(t.usual_s, mean_s) for t in self._tallies.values()))
        for job in running:
            # As long as nothing was measured, work is counted in jobs, and running ones are not done.
            age_s = max(0.0, now - job.started_at) if measured_s is not None else 0.0
            work = self._with_running(work, job.function, age_s, mean_s)
        at_work = Counter(job.function for job in running)
        to_come = {name: max(0, t.jobs - t.ended - at_work[name]) for name, t in self._tallies.items()}
        total = sum(to_come.values())
        # What was found up to date meanwhile or is blocked is missing among all functions alike.
        share = min(1.0, waiting / total) if total else 0.0
        left_s, unknown_s = work.left_s, work.unknown_s
        for name, count in to_come.items():
            own_s = self.usual_s(name)
            function_s = count * share * _first(own_s, mean_s)
            left_s += function_s
            unknown_s += function_s if own_s is None else 0.0
        others_s = max(0, waiting - total) * mean_s  # whoever started the make did not tell what they are
        return work._replace(left_s=left_s + others_s, unknown_s=unknown_s + others_s)

    def _with_running(self, work: Work, function: str, age_s: float, mean_s: float) -> Work:
        own_s = self.usual_s(function)
        usual_s = _first(own_s, mean_s)
        left_s = max(0.0, usual_s - age_s)
        overdue_s = age_s * _OVERDUE if age_s > usual_s else 0.0
        return Work(
            behind_s=work.behind_s + min(age_s, usual_s),
            left_s=work.left_s + left_s,
            overdue_s=work.overdue_s + overdue_s,
            longest_s=max(work.longest_s, left_s, overdue_s),
            unknown_s=work.unknown_s + (left_s if own_s is None else 0.0),
        )

    def _mean_s(self) -> float | None:
        known = [(tally.jobs, usual_s) for tally in self._tallies.values() if (usual_s := tally.usual_s) is not None]
        jobs = sum(count for count, _ in known)
        return sum(count * usual_s for count, usual_s in known) / jobs if jobs else None


def _first(known_s: float | None, otherwise_s: float) -> float:
    return otherwise_s if known_s is None else known_s
