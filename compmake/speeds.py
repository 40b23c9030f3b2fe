"""How long jobs take in this run against what is expected of them, by function; pure.

The logarithm of what a job takes over what was expected is taken for normal: a part that all jobs of the run share
(the machine is busy), one that those of a function share (its code changed), and the job's own. Jobs that still run
count too, as taking longer than their age: those that have ended are the short ones, and they alone would tell of a
faster run than it is.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import erfc, exp, inf, log, pi, sqrt
from typing import NamedTuple

from compmake.job_shares import Told

_RUN_SD = 0.3
"""How much runs differ from each other."""
_FUNCTION_SD = 0.12
"""How much a function differs from its run; that is learned, and this is worth so many functions:"""
_FUNCTIONS = 4
_OWN_SD = 0.15
"""How much a job differs from what it took last time; that is learned, and this is worth so many jobs:"""
_OWN_JOBS = 10
_PAST_SD, _PAST_JOBS = 0.5, 2
_NEW_SD = 0.6
_NEW_JOBS = 3
_DRIFT_SD = 0.08
"""How much faster or slower a run becomes; learned from blocks of so many jobs, and worth so many blocks:"""
_BLOCK_JOBS, _BLOCKS = 6, 4
_TAIL = 1.0
"""The smaller, the less a function counts that is far from the others."""
_UNKNOWN_SD, _NOTHING_SD = 1.5, 5.0
"""How much a function of which nothing is known differs from the others; and from a second as long as there are none.
"""
_TELLING_SD = 0.6
"""What a job tells of itself makes its function known if it is as good as what an ended one tells."""
OVERDUE = 0.25
"""A job that takes longer than any before is expected to take this part of its age more."""
_JITTER_S = 0.01
"""What any job may take more or less: short ones say little of the run."""
_SHORTEST_S = 1e-4
_TELLS_NOTHING = -2.5
"""As long as a job has run no longer than nearly all: so many standard deviations below what is expected."""
_ROUNDS = 12
_SETTLED = 1e-3


class Begun(NamedTuple):
    """A job that runs."""

    function: str
    expected_s: float | None
    first_time: bool
    """It never succeeded itself; what is expected is usual for its function."""
    age_s: float
    told: Told | None = None

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


class _Drift:
    """How much the speed differs from one handful of jobs to the next, beyond what chance makes of it."""

    def __init__(self) -> None:
        self._total, self._weight, self._jobs = 0.0, 0.0, 0
        self._about, self._blocks = _BLOCKS * _DRIFT_SD**2, _BLOCKS
        self.sd = _DRIFT_SD

    def add(self, value: float, weight: float) -> None:
        """Take how much longer a job took than was expected by then, and what that is worth: 1 over its variance."""
        self._total += weight * value
        self._weight += weight
        self._jobs += 1
        if self._jobs == _BLOCK_JOBS and self._weight > 0:
            mean = self._total / self._weight
            self._about += max(0.0, mean * mean - 1 / self._weight)
            self._blocks += 1
            self.sd = sqrt(self._about / self._blocks)
            self._total, self._weight, self._jobs = 0.0, 0.0, 0


class _Function:
    """What is known of one function."""

    def __init__(self, spread_s: Sequence[float], *, is_measured: bool = False) -> None:
        logs = [log(max(one_s, _SHORTEST_S)) for one_s in spread_s]
        self.is_past = bool(logs)
        self.is_known = self.is_past or is_measured
        self.centre = sum(logs) / len(logs) if logs else 0.0
        about = sum((value - self.centre) ** 2 for value in logs)
        count = len(logs)
        # Of few past durations the centre is not known well either.
        self.history_sd = sqrt((_PAST_JOBS * _PAST_SD**2 + about) / (_PAST_JOBS + max(0, count - 1)))
        self.history_sd *= sqrt(1 + 1 / count) if count else 1.0
        self.own, self.others = _Sums(), _Sums()
        self.is_told = False
        """Whether running jobs tell how far they are."""
        self.age_s: float | None = None
        """How long its running jobs have run by now, in the middle, as long as nothing else is known of it."""
        self.own_sd = _OWN_SD
        self.factor = Factor(0.0, _FUNCTION_SD, 1.0)

    def sd(self, first_time: bool) -> float:
        """Return how much a job differs from what is expected of it."""
        return self.history_sd if first_time else self.own_sd

    def learn_spread(self, running: Sequence[Begun]) -> None:
        centre = self.factor.mean
        own = [begun for begun in running if not begun.is_new]
        self.own_sd = self.own.spread(centre, _OWN_SD, _OWN_JOBS, _variances(own, centre, self.own_sd))
        if not self.is_past:
            new = _variances([begun for begun in running if begun.is_new], centre, self.history_sd)
            self.history_sd = self.others.spread(centre, _NEW_SD, _NEW_JOBS, new)


class Speeds:
    """Learns from the jobs of one run.

    Args:
        spreads: Seconds that past jobs of each function took.
        measured: Functions of which some jobs succeeded before.
        usual_s: What all jobs are expected to take of which something is known.
    """

    def __init__(
        self, spreads: Mapping[str, Sequence[float]], measured: Collection[str] = (), usual_s: Collection[float] = ()
    ) -> None:
        names = {*spreads, *measured}
        self._functions = {name: _Function(spreads.get(name, ()), is_measured=name in measured) for name in names}
        self.run = 0.0
        """Logarithm of how long jobs take in this run, as a multiple of what they usually take."""
        self.run_sd = _RUN_SD
        self._function_sd = _FUNCTION_SD
        self._drift = _Drift()
        self._usual_s, self._usual_jobs = sum(usual_s), len(usual_s)

    def ended(self, function: str, expected_s: float | None, *, first_time: bool, wall_s: float) -> None:
        """Learn from a job that succeeded."""
        known = self._of(function)
        value, weight = _log_ratio(wall_s, expected_s), _weight(expected_s)
        if known.is_known and expected_s is not None:
            self._drift.add((value - known.factor.mean), weight / known.sd(first_time) ** 2)
        (known.others if first_time or expected_s is None else known.own).add(value, weight)
        if expected_s is None:
            self._usual_s += wall_s
            self._usual_jobs += 1

    def centre_s(self, function: str) -> float | None:
        """Return what a job of the function took in the past, None if none ever succeeded."""
        known = self._of(function)
        return exp(known.centre) if known.is_past else None

    @property
    def drift_sd(self) -> float:
        """How much faster or slower the run may become: other work on the machine begins and ends."""
        return self._drift.sd

    def factor(self, function: str) -> Factor:
        """Return what jobs of a function take; where nothing is expected of them, as a multiple of one second."""
        return self._of(function).factor

    def sd(self, function: str, *, first_time: bool) -> float:
        """Return how much jobs of a function differ from what they are expected to take, as a logarithm."""
        return self._of(function).sd(first_time)

    def is_known(self, function: str) -> bool:
        """Tell whether a job of the function succeeded, in this run or before."""
        known = self._of(function)
        return known.is_known or known.is_told or known.others.jobs > 0

    def has_ended(self, function: str) -> bool:
        """Tell whether a job of the function succeeded in this run."""
        known = self._of(function)
        return known.own.jobs + known.others.jobs > 0

    def least_s(self, function: str) -> float:
        """Return what jobs take at least of a function of which nothing is known: what half of those that run have."""
        return self._of(function).age_s or 0.0

    @property
    def _usual(self) -> float:
        """The logarithm of what a job of any function takes on average; one second as long as nobody knows."""
        return log(max(self._usual_s / self._usual_jobs, _SHORTEST_S)) if self._usual_jobs else 0.0

    def learn(self, running: Iterable[Begun]) -> None:
        """Work out all factors, from the jobs that have ended and those that run now."""
        ages: dict[str, list[Begun]] = {}
        for begun in running:
            ages.setdefault(begun.function, []).append(begun)
            self._of(begun.function)
        for name, known in self._functions.items():
            begun_s = sorted([begun.age_s for begun in ages.get(name, ())])
            known.is_told = any(one.told is not None and one.told.sd < _TELLING_SD for one in ages.get(name, ()))
            known.age_s = begun_s[(len(begun_s) - 1) // 2] if begun_s and not self.is_known(name) else None
        for _ in range(_ROUNDS):
            means: dict[str, tuple[float, float]] = {}
            for name, known in self._functions.items():
                precision, mean = _told(known, ages.get(name, ()))
                means[name] = precision, mean
            self._learn_run(means)
            moved = 0.0
            for name, known in self._functions.items():
                before, known.factor = known.factor, self._factor(known, *means[name])
                known.learn_spread(ages.get(name, ()))
                moved = max(moved, abs(known.factor.mean - before.mean))
            if moved < _SETTLED:
                break

    def _learn_run(self, means: Mapping[str, tuple[float, float]]) -> None:
        told = [
            (mean, self._function_sd**2 + 1 / precision)
            for name, (precision, mean) in means.items()
            if precision > 0 and self._functions[name].is_known
        ]
        # A function that is far from the others has changed, which says little of the run.
        # Of two it is more likely the one that is farther from how runs usually are.
        votes = [(mean, 1 / (variance + _RUN_SD**2)) for mean, variance in told]
        centre = _middle([(0.0, 1 / _RUN_SD**2), *votes])
        counts = [_count(mean - centre, variance) for mean, variance in told]
        if len(told) == 1:
            counts = [1.0]
        total, precision = 0.0, 1 / _RUN_SD**2
        for count, (mean, variance) in zip(counts, told, strict=True):
            total += count / variance * mean
            precision += count / variance
        self.run, self.run_sd = total / precision, 1 / sqrt(precision)
        about = _FUNCTIONS * _FUNCTION_SD**2
        if len(told) > 1:  # a single one cannot be told from its run
            for count, (mean, variance) in zip(counts, told, strict=True):
                about += min(1.0, count) * max(0.0, (mean - self.run) ** 2 - variance + self._function_sd**2)
        self._function_sd = sqrt(about / (_FUNCTIONS + len(told)))

    def _factor(self, known: _Function, told: float, mean: float) -> Factor:
        # What a job tells of itself says more than what jobs of other functions took.
        unknown_sd = _UNKNOWN_SD if self._usual_jobs and not known.is_told else _NOTHING_SD
        prior, sd = (self.run, self._function_sd) if known.is_known else (self._usual, unknown_sd)
        # The farther it is from the others the more its own jobs count: it has changed.
        others = min(1.0, _count(mean - prior, sd**2 + 1 / told)) / sd**2 if told and known.is_known else 1 / sd**2
        precision = told + others
        share = others / precision if known.is_known else 0.0
        middle = (told * mean + prior * others) / precision
        if known.age_s is not None:  # as long as none has ended all take longer than those that run have by now
            middle = max(middle, log(max((1 + OVERDUE) * known.age_s, _SHORTEST_S)))
        return Factor(middle, 1 / sqrt(precision), share)

    def _of(self, function: str) -> _Function:
        known = self._functions.get(function)
        if known is None:
            known = self._functions[function] = _Function(())
            known.factor = Factor(self._usual, _UNKNOWN_SD, 0.0)
        return known


def _count(apart: float, variance: float) -> float:
    """Return how much a function counts that is so far from the others, from 0 for one far away to 2 for one amid."""
    return (_TAIL + 1) / (_TAIL + apart * apart / variance)


def _middle(weighted: Sequence[tuple[float, float]]) -> float:
    """Return the median of values with weights; 0 of none."""
    half = sum(weight for _, weight in weighted) / 2
    for value, weight in sorted(weighted):
        half -= weight
        if half <= 0:
            return value
    return 0.0


def _told(known: _Function, running: Sequence[Begun]) -> tuple[float, float]:
    """Return what the jobs of a function tell of its factor: how much that is worth, and their mean."""
    own, others = 1 / known.own_sd**2, 1 / known.history_sd**2
    precision = own * known.own.weight + others * known.others.weight
    total = own * known.own.first + others * known.others.first
    for begun in running:
        sd = known.sd(begun.is_new)
        if begun.told is not None:
            worth = _weight(begun.expected_s) / (sd**2 + begun.told.sd**2)
            precision += worth
            total += worth * _log_ratio(begun.told.total_s, begun.expected_s)
            continue
        beyond = (_log_ratio(begun.age_s, begun.expected_s) - known.factor.mean) / sd
        if beyond < _TELLS_NOTHING:
            continue
        weight = _weight(begun.expected_s) / sd**2
        # As if it took what a job takes that has come so far; how far it has come is worth less than its end.
        hazard = _hazard(beyond)
        worth = weight * min(1.0, max(0.0, hazard * (hazard - beyond)))
        value = known.factor.mean + sd * hazard / max(1e-9, hazard * (hazard - beyond))
        precision += worth
        total += worth * value
    return precision, total / precision if precision else 0.0


def _variances(running: Sequence[Begun], centre: float, sd: float) -> list[float]:
    """Return for each job that runs how far from `centre` it will end by what is known, squared."""
    found = []
    for begun in running:
        beyond = (_log_ratio(begun.age_s, begun.expected_s) - centre) / sd
        if begun.told is None and beyond >= _TELLS_NOTHING:
            found.append(sd * sd * (1 + beyond * _hazard(beyond)))
    return found


def _hazard(beyond: float) -> float:
    """Return the density of the normal distribution over what lies beyond."""
    if beyond > 6:
        return beyond + 1 / beyond
    return exp(-beyond * beyond / 2) / sqrt(2 * pi) / (erfc(beyond / sqrt(2)) / 2)


def _log_ratio(seconds: float, expected_s: float | None) -> float:
    return log(max(seconds, _SHORTEST_S) / (1.0 if expected_s is None else max(expected_s, _SHORTEST_S)))


def _weight(expected_s: float | None) -> float:
    """Return what a job tells, from 0 to 1: short ones are measured badly."""
    if expected_s is None:
        return 1.0
    jitter = _JITTER_S / max(expected_s, _SHORTEST_S)
    return _OWN_SD**2 / (_OWN_SD**2 + jitter * jitter) if jitter < inf else 0.0
