"""How long jobs take in this run against what is expected of them, by function; pure.

The logarithm of what a job takes over what was expected is taken for normal: a part that all jobs of the run share
(the machine is busy), one that those of a function share (its code changed), and the job's own.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import exp, log, sqrt

from compmake.function_speed import FUNCTION_SD, SHORTEST_S, Begun, Factor, FunctionSpeed, log_ratio, weight_of

_RUN_SD = 0.3
"""How much runs differ from each other."""
_FUNCTIONS = 4
"""How much functions differ from the run is learned; what is expected of that is worth so many of them."""
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
_ROUNDS = 12
_SETTLED = 1e-3


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


class Speeds:
    """Learns from the jobs of one run.

    Args:
        spreads: Seconds that past jobs of each function took.
        measured: Functions of which some jobs succeeded before.
        usual_s: What all jobs are expected to take of which something is known.
    """

    def __init__(
        self, spreads: Mapping[str, Sequence[float]], measured: Collection[str], usual_s: Collection[float]
    ) -> None:
        names = {*spreads, *measured}
        self._functions = {name: FunctionSpeed(spreads.get(name, ()), is_measured=name in measured) for name in names}
        self.run = 0.0
        """Logarithm of how long jobs take in this run, as a multiple of what they usually take."""
        self.run_sd = _RUN_SD
        self._function_sd = FUNCTION_SD
        self._drift = _Drift()
        self._usual_s, self._usual_jobs = sum(usual_s), len(usual_s)

    def ended(self, function: str, expected_s: float | None, *, first_time: bool, wall_s: float) -> None:
        """Learn from a job that succeeded."""
        known = self._of(function)
        value, weight = log_ratio(wall_s, expected_s), weight_of(expected_s)
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
        """Tell whether a job of the function succeeded, in this run or before, or one that runs tells how far it is."""
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
        return log(max(self._usual_s / self._usual_jobs, SHORTEST_S)) if self._usual_jobs else 0.0

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
                means[name] = known.told(ages.get(name, ()))
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
        about = _FUNCTIONS * FUNCTION_SD**2
        if len(told) > 1:  # a single one cannot be told from its run
            for count, (mean, variance) in zip(counts, told, strict=True):
                about += min(1.0, count) * max(0.0, (mean - self.run) ** 2 - variance + self._function_sd**2)
        self._function_sd = sqrt(about / (_FUNCTIONS + len(told)))

    def _factor(self, known: FunctionSpeed, told: float, mean: float) -> Factor:
        # What a job tells of itself says more than what jobs of other functions took.
        unknown_sd = _UNKNOWN_SD if self._usual_jobs and not known.is_told else _NOTHING_SD
        prior, sd = (self.run, self._function_sd) if known.is_known else (self._usual, unknown_sd)
        # The farther it is from the others the more its own jobs count: it has changed.
        others = min(1.0, _count(mean - prior, sd**2 + 1 / told)) / sd**2 if told and known.is_known else 1 / sd**2
        precision = told + others
        share = others / precision if known.is_known else 0.0
        middle = (told * mean + prior * others) / precision
        if known.age_s is not None:  # as long as none has ended all take longer than those that run have by now
            middle = max(middle, log(max((1 + OVERDUE) * known.age_s, SHORTEST_S)))
        return Factor(middle, 1 / sqrt(precision), share)

    def _of(self, function: str) -> FunctionSpeed:
        known = self._functions.get(function)
        if known is None:
            known = self._functions[function] = FunctionSpeed((), is_measured=False)
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
