"""`Estimator`: when a make will end, folded from its table of jobs and its events; pure."""

from collections.abc import Iterator, Sequence
from math import erf, exp, log, sqrt
from random import Random
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.forecasting import Left, bounds, longest_chain_s, simulate
from compmake.job_table import Estimate, JobTable
from compmake.remaining import Remaining
from compmake.speeds import Begun, Speeds

MOST_SIMULATED = 20_000
"""With more jobs left there are only bounds."""
_STEPS = 8_000
_DRAWS_LEAST, _DRAWS_MOST = 4, 24
_UNKNOWN_AT_MOST = 0.3
"""With a larger share of unknown work there is only a lower bound."""
_FAIL_AGAIN = 0.7
"""How likely a job fails that failed when it was tried last."""
_OVERDUE = 0.25
"""A job that takes longer than any before is expected to take this part of its age more."""
_ABOVE_LEAST = 0.15
"""Where the end is between its bounds: those that start the longest chains first come near the least."""
_NINE_IN_TEN = 1.2816
_CASES = 32
_EMPIRICAL = 10
"""With so many past durations of a function new ones are drawn from them."""


def _normal(share: float) -> float:
    """Return below what this share of a normal distribution lies; `statistics` would cost every start 5 ms."""
    low, high = -6.0, 6.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + erf(middle / sqrt(2))) / 2 < share else (low, middle)
    return (low + high) / 2


_NORMAL_CASES = [_normal((at + 0.5) / _CASES) for at in range(_CASES)]


class _Kind(NamedTuple):
    """What is expected of the jobs of one kind."""

    factor: float
    """What they take as a multiple of what was expected, in the middle."""
    sd: float
    share: float
    """As `speeds.Factor` has them."""
    cases: Sequence[float]
    """How single jobs differ from that: multiples, each as likely as the others, in ascending order."""
    is_known: bool

    @property
    def mean(self) -> float:
        """Return what they take on average."""
        return self.factor * sum(self.cases) / len(self.cases)


class Estimator:
    """What is left of one make, and how fast it goes.

    Args:
        table: The make's jobs.
        workers: How many run at once, as long as no event tells.
    """

    def __init__(self, table: JobTable, workers: int = 1) -> None:
        self._spreads = table.spreads
        self._remaining = remaining = Remaining(table, workers)
        known_s = [usual_s for usual_s in remaining.usual_s if usual_s is not None]
        measured = {kind.function for kind in remaining.kinds if not kind.first_time}
        self._speeds = Speeds(table.spreads, measured, sum(known_s) / len(known_s) if known_s else 1.0)
        centres_s = [self._speeds.centre_s(kind.function) if kind.first_time else None for kind in remaining.kinds]
        usual = zip(remaining.kind, remaining.usual_s, strict=True)
        self._expected_s = [usual_s if centres_s[kind] is None else centres_s[kind] for kind, usual_s in usual]
        """By rank; None if nothing is known."""
        random = Random(0)
        self._luck = [random.randrange(_CASES) for _ in range(len(table) + 997)]

    def apply(self, event: Event) -> None:
        """Fold one event."""
        if event.kind is EventKind.JOB_DONE:
            rank = self._remaining.rank(event.job_id)
            if rank is not None:
                kind, expected_s = self._remaining.kinds[self._remaining.kind[rank]], self._expected_s[rank]
                self._speeds.ended(kind.function, expected_s, first_time=kind.first_time, wall_s=event.wall_s)
        self._remaining.apply(event)

    def estimate(self, now: float, *, simulated: bool = True) -> Estimate:
        """Return when the make will end, as far as that is known at `now` (epoch seconds).

        Args:
            now: Epoch seconds.
            simulated: Simulate what is left unless that is too much; else only bound it, which takes a tenth as long.
        """
        remaining = self._remaining
        if not remaining.count:
            return Estimate(now, 0.0, 0.0, 0.0, 0.0)
        if remaining.is_paused or remaining.workers <= 0:
            return Estimate(now, reason="paused" if remaining.is_paused else "no workers")
        waiting, running = remaining.waiting(), list(remaining.running)
        self._speeds.learn(self._begun(now))
        kinds = [self._kind(number) for number in range(len(remaining.kinds))]
        medians_s = self._medians_s(waiting + running, kinds)
        unknown_s = sum([medians_s[rank] for rank in waiting if not kinds[remaining.kind[rank]].is_known])
        unknown_s += sum([medians_s[rank] for rank in running if not kinds[remaining.kind[rank]].is_known])
        reason = ""
        if unknown_s > _UNKNOWN_AT_MOST * sum(medians_s):
            if not any(kinds[remaining.kind[rank]].is_known for rank in (*running, *waiting)):
                return Estimate(now, reason="no history", speed=exp(self._speeds.run))
            reason = "at least"
            for rank in (*waiting, *running):
                if not kinds[remaining.kind[rank]].is_known:
                    medians_s[rank] = 0.0
        chain_s, bounded = self._bounds(now, waiting, medians_s, kinds)
        if not simulated or remaining.count > MOST_SIMULATED:
            left_s, low_s, high_s = bounded
        else:
            left_s, low_s, high_s = self._simulated(now, waiting, medians_s, kinds)
        return Estimate(now, left_s, low_s, high_s, chain_s, reason, exp(self._speeds.run))

    def _begun(self, now: float) -> Iterator[Begun]:
        for rank, started_at in self._remaining.running.items():
            kind = self._remaining.kinds[self._remaining.kind[rank]]
            yield Begun(kind.function, self._expected_s[rank], kind.first_time, max(0.0, now - started_at))

    def _kind(self, number: int) -> _Kind:
        kind = self._remaining.kinds[number]
        factor = self._speeds.factor(kind.function)
        past_s, centre_s = self._spreads.get(kind.function, ()), self._speeds.centre_s(kind.function)
        if kind.first_time and centre_s and len(past_s) >= _EMPIRICAL:
            cases = [_quantile(past_s, (at + 0.5) / _CASES) / centre_s for at in range(_CASES)]
        else:
            sd = self._speeds.sd(kind.function, first_time=kind.first_time)
            cases = [exp(sd * case) for case in _NORMAL_CASES]
        is_known = not kind.first_time or self._speeds.is_known(kind.function)
        return _Kind(exp(factor.mean), factor.sd, factor.share, cases, is_known)

    def _medians_s(self, ranks: Sequence[int], kinds: Sequence[_Kind]) -> list[float]:
        """Return what each of these jobs takes in the middle, by rank; others take no time."""
        medians_s = [0.0] * len(self._expected_s)
        factors, kind, expected_s = [kind.factor for kind in kinds], self._remaining.kind, self._expected_s
        for rank in ranks:
            own_s = expected_s[rank]
            medians_s[rank] = (1.0 if own_s is None else own_s) * factors[kind[rank]]
        return medians_s

    def _bounds(
        self, now: float, waiting: Sequence[int], medians_s: Sequence[float], kinds: Sequence[_Kind]
    ) -> tuple[float, tuple[float, float, float]]:
        """Return the longest chain, and the end with its range."""
        remaining = self._remaining
        means = [kind.mean / kind.factor for kind in kinds]
        durations_s = [median_s * means[kind] for median_s, kind in zip(medians_s, remaining.kind, strict=True)]
        running = []
        for rank, started_at in remaining.running.items():
            age_s = max(0.0, now - started_at)
            beyond = _beyond(medians_s[rank], kinds[remaining.kind[rank]].cases, age_s)
            running.append((rank, sum(beyond) / len(beyond) if beyond else _OVERDUE * age_s))
        left = Left(remaining.workers, running, (), remaining.missing, remaining.dependents, durations_s)
        chain_s = longest_chain_s(left, waiting)
        work_s = sum([durations_s[rank] for rank in waiting]) + sum(going_on_s for _, going_on_s in running)
        least_s, most_s = bounds(work_s, chain_s, remaining.workers)
        wide = exp(_NINE_IN_TEN * sqrt(self._speeds.run_sd**2 + self._speeds.drift_sd**2))
        middle_s = least_s + _ABOVE_LEAST * (most_s - least_s)
        return chain_s, (middle_s, least_s / wide, max(middle_s, most_s) * wide)

    def _simulated(
        self, now: float, waiting: Sequence[int], medians_s: Sequence[float], kinds: Sequence[_Kind]
    ) -> tuple[float, float, float]:
        """Return the end and its range, of some draws of what the jobs will take."""
        remaining, random = self._remaining, Random(1)
        draws = min(_DRAWS_MOST, max(_DRAWS_LEAST, _STEPS // len(waiting or (0,))))
        ready = [rank for rank in waiting if not remaining.missing[rank]]
        kind_of, luck = remaining.kind, self._luck
        # What is drawn few times is drawn evenly: as much below the middle as above.
        evenly = [_normal((draw + 0.5) / draws) for draw in range(draws)]
        apart = [random.sample(evenly, draws) for _ in kinds]
        logs = []
        for draw in range(draws):
            of_run = self._speeds.run_sd * evenly[draw]
            deviations = [
                exp(kind.share * of_run + kind.sd * own[draw]) for kind, own in zip(kinds, apart, strict=True)
            ]
            cases = [[dev * case for case in kind.cases] for dev, kind in zip(deviations, kinds, strict=True)]
            offset = random.randrange(997)
            durations_s = [0.0] * len(medians_s)
            for rank in waiting:
                durations_s[rank] = medians_s[rank] * cases[kind_of[rank]][luck[rank + offset]]
            running = []
            for rank, started_at in remaining.running.items():
                age_s = max(0.0, now - started_at)
                beyond = _beyond(medians_s[rank], cases[kind_of[rank]], age_s)
                share = (luck[rank + offset] + 0.5) / _CASES
                overdue_s = -_OVERDUE * age_s * log(share)
                running.append((rank, beyond[int(share * len(beyond))] if beyond else overdue_s))
            failing = {rank for rank in remaining.doubtful if luck[rank + offset] < _FAIL_AGAIN * _CASES}
            left = Left(
                remaining.workers, running, ready, remaining.missing, remaining.dependents, durations_s, failing
            )
            logs.append(log(max(simulate(left), 1e-3)))
        middle = sum(logs) / draws
        sd = sqrt(sum((one - middle) ** 2 for one in logs) / (draws - 1) + self._speeds.drift_sd**2)
        return exp(middle), exp(middle - _NINE_IN_TEN * sd), exp(middle + _NINE_IN_TEN * sd)


def _beyond(median_s: float, cases: Sequence[float], age_s: float) -> list[float]:
    """Return what a job may still take at this age, of all it may take in total; empty if it is older than any."""
    return [total_s - age_s for case in cases if (total_s := median_s * case) > age_s]


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)
