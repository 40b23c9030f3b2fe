"""`FunctionSpeed`: what the jobs of one function tell of how long they take in this run; pure.

Jobs that still run count too, as taking longer than their age: those that have ended are the short ones, and they alone
would tell of a faster run than it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, inf, log, pi, sqrt
from typing import NamedTuple

from compmake.job_shares import Told

FUNCTION_SD = 0.12
"""How much a function differs from its run, as long as nothing is learned of that."""
SHORTEST_S = 1e-4
_OWN_SD = 0.15
"""How much a job differs from what it took last time; that is learned, and this is worth so many jobs:"""
_OWN_JOBS = 10
_PAST_SD, _PAST_JOBS = 0.5, 2
_NEW_SD = 0.6
_NEW_JOBS = 3
_JITTER_S = 0.01
"""What any job may take more or less: short ones say little of the run."""
_TELLS_NOTHING = -2.5
"""As long as a job has run no longer than nearly all: so many standard deviations below what is expected."""


class Begun(NamedTuple):
    """A job that runs."""

    function: str
    expected_s: float | None
    first_time: bool
    """It never succeeded itself; what is expected is usual for its function."""
    age_s: float
    told: Told | None
    """What it told itself."""

    @property
    def is_new(self) -> bool:
        """Whether nothing is known of the job itself."""
        return self.first_time or self.expected_s is None


class Factor(NamedTuple):
    """What jobs of a function take in this run, as a multiple of what is expected; logarithms."""

    mean: float
    sd: float
    """How little that is known, apart from what is not known of the run."""
    share: float
    """How much of what is not known of the run counts here."""


@dataclass(slots=True)
class _Sums:
    """Of logarithms of finished jobs: weights, and the first and second moment."""

    weight: float = 0.0
    first: float = 0.0
    second: float = 0.0
    jobs: int = 0

    def add(self, value: float, weight: float) -> None:
        self.weight += weight
        self.first += weight * value
        self.second += weight * value * value
        self.jobs += 1

    def spread(self, centre: float, prior_sd: float, prior_jobs: int, running: Sequence[float]) -> float:
        """Return the standard deviation of the values around `centre`.

        Args:
            centre: Where most are.
            prior_sd: What is expected of it.
            prior_jobs: How many jobs that is worth.
            running: The variance of each of the jobs that run, which will end later than those that have ended.
        """
        about = self.second - 2 * centre * self.first + centre * centre * self.weight
        about = prior_jobs * prior_sd * prior_sd + max(0.0, about) + sum(running)
        return sqrt(about / (prior_jobs + self.weight + len(running)))


class FunctionSpeed:
    """What is known of one function."""

    def __init__(self, spread_s: Sequence[float], *, is_measured: bool) -> None:
        logs = [log(max(one_s, SHORTEST_S)) for one_s in spread_s]
        self.is_past = bool(logs)
        self.is_known = self.is_past or is_measured
        self.centre = sum(logs) / len(logs) if logs else 0.0
        about = sum((value - self.centre) ** 2 for value in logs)
        count = len(logs)
        # Of few past durations the centre is not known well either.
        self.history_sd = sqrt((_PAST_JOBS * _PAST_SD**2 + about) / (_PAST_JOBS + max(0, count - 1)))
        self.history_sd *= sqrt(1 + 1 / count) if count else 1.0
        self.own, self.others = _Sums(), _Sums()
        """Of jobs that had succeeded before themselves, and of those that had not."""
        self.is_told = False
        """Whether running jobs tell how far they are."""
        self.age_s: float | None = None
        """How long its running jobs have run by now, in the middle, as long as nothing else is known of it."""
        self.own_sd = _OWN_SD
        self.factor = Factor(0.0, FUNCTION_SD, 1.0)

    def sd(self, first_time: bool) -> float:
        """Return how much a job differs from what is expected of it."""
        return self.history_sd if first_time else self.own_sd

    def learn_spread(self, running: Sequence[Begun]) -> None:
        """Learn how much its jobs differ, with the factor that it has now."""
        centre = self.factor.mean
        own = [begun for begun in running if not begun.is_new]
        self.own_sd = self.own.spread(centre, _OWN_SD, _OWN_JOBS, _variances(own, centre, self.own_sd))
        if not self.is_past:
            new = _variances([begun for begun in running if begun.is_new], centre, self.history_sd)
            self.history_sd = self.others.spread(centre, _NEW_SD, _NEW_JOBS, new)

    def told(self, running: Sequence[Begun]) -> tuple[float, float]:
        """Return what its jobs tell of its factor: how much that is worth, and their mean."""
        own, others = 1 / self.own_sd**2, 1 / self.history_sd**2
        precision = own * self.own.weight + others * self.others.weight
        total = own * self.own.first + others * self.others.first
        for begun in running:
            sd = self.sd(begun.is_new)
            if begun.told is not None:
                worth = weight_of(begun.expected_s) / (sd**2 + begun.told.sd**2)
                precision += worth
                total += worth * log_ratio(begun.told.total_s, begun.expected_s)
                continue
            beyond = (log_ratio(begun.age_s, begun.expected_s) - self.factor.mean) / sd
            if beyond < _TELLS_NOTHING:
                continue
            weight = weight_of(begun.expected_s) / sd**2
            # As if it took what a job takes that has come so far; how far it has come is worth less than its end.
            hazard = _hazard(beyond)
            worth = weight * min(1.0, max(0.0, hazard * (hazard - beyond)))
            value = self.factor.mean + sd * hazard / max(1e-9, hazard * (hazard - beyond))
            precision += worth
            total += worth * value
        return precision, total / precision if precision else 0.0


def _variances(running: Sequence[Begun], centre: float, sd: float) -> list[float]:
    """Return for each job that runs how far from `centre` it will end by what is known, squared."""
    found = []
    for begun in running:
        beyond = (log_ratio(begun.age_s, begun.expected_s) - centre) / sd
        if begun.told is None and beyond >= _TELLS_NOTHING:
            found.append(sd * sd * (1 + beyond * _hazard(beyond)))
    return found


def _hazard(beyond: float) -> float:
    """Return the density of the normal distribution over what lies beyond."""
    if beyond > 6:
        return beyond + 1 / beyond
    return exp(-beyond * beyond / 2) / sqrt(2 * pi) / (erfc(beyond / sqrt(2)) / 2)


def log_ratio(seconds: float, expected_s: float | None) -> float:
    """Return the logarithm of what a job takes over what is expected, of one second where nothing is."""
    return log(max(seconds, SHORTEST_S) / (1.0 if expected_s is None else max(expected_s, SHORTEST_S)))


def weight_of(expected_s: float | None) -> float:
    """Return what a job tells, from 0 to 1: short ones are measured badly."""
    if expected_s is None:
        return 1.0
    jitter = _JITTER_S / max(expected_s, SHORTEST_S)
    return _OWN_SD**2 / (_OWN_SD**2 + jitter * jitter) if jitter < inf else 0.0
