"""`Estimator`: when a make will end, folded from its table of jobs and its events; pure."""

from collections.abc import Collection, Iterator, Sequence
from math import exp, log, sqrt
from random import Random
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.forecasting import Chain, Left, bounds, longest_chain, simulate
from compmake.function_speed import Begun
from compmake.job_cases import CASES, JobKind, beyond, cases, normal
from compmake.job_shares import Shares, Told
from compmake.job_skips import Skips
from compmake.job_table import Estimate, JobTable
from compmake.remaining import Remaining
from compmake.speeds import OVERDUE, Speeds

MOST_SIMULATED = 20_000
"""With more jobs left there are only bounds."""
_STEPS = 16_000
_DRAWS_LEAST, _DRAWS_MOST = 4, 32
_CHAIN = 100
"""Of a chain of more jobs chance is levelled out."""
_UNKNOWN_AT_MOST = 0.3
"""If what is unknown makes a larger share of what is left there is only a lower bound."""
_FAIL_AGAIN = 0.7
"""How likely a job fails that failed when it was tried last."""
_ABOVE_LEAST = 0.15
"""Where the end is between its bounds: those that start the longest chains first come near the least."""
_LEAST_OF_CHAIN = 0.1
"""No draw ends sooner than this part of the longest chain: in the middle of some, all and nothing count alike."""
_NINE_IN_TEN = 1.2816
_RUNS = frozenset({EventKind.JOB_STARTED, EventKind.JOB_DONE, EventKind.JOB_FAILED})
_ENDS = frozenset({EventKind.JOB_FAILED, EventKind.JOB_RETRIED, EventKind.JOB_POSTPONED, EventKind.JOB_INTERRUPTED})


class _Job(NamedTuple):
    """A job that runs."""

    rank: int
    age_s: float
    told: Told | None
    is_overdue: bool
    """It is older than what was expected in this run, and none of its function has ended to tell of what to expect."""


class _Now(NamedTuple):
    """What is known at one time."""

    waiting: Sequence[int]
    """Ranks, ascending."""
    running: Sequence[_Job]
    kinds: Sequence[JobKind]
    medians_s: Sequence[float]
    """What each job that is left takes in the middle; by rank."""


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
        self._speeds = Speeds(table.spreads, measured, known_s)
        self._shares = Shares()
        self._skips = Skips({rank: remaining.kinds[remaining.kind[rank]].function for rank in remaining.may_run})
        centres_s = [self._speeds.centre_s(kind.function) if kind.first_time else None for kind in remaining.kinds]
        usual = zip(remaining.kind, remaining.usual_s, strict=True)
        self._expected_s = [usual_s if centres_s[kind] is None else centres_s[kind] for kind, usual_s in usual]
        """By rank; None if nothing is known."""
        random = Random(0)
        self._luck = [random.randrange(CASES) for _ in range(len(table) + 997)]

    def apply(self, event: Event) -> None:
        """Fold one event."""
        remaining, rank = self._remaining, self._remaining.rank(event.job_id)
        if rank is not None:
            kind = remaining.kinds[remaining.kind[rank]]
            if event.kind in _RUNS:
                self._skips.ran(rank)
            if event.kind is EventKind.HEARTBEAT:
                began_at = remaining.running.get(rank)
                if began_at is not None and event.beat is not None and event.beat.share is not None:
                    self._shares.heard(rank, kind.function, event.beat.share, event.time - began_at)
            elif event.kind is EventKind.JOB_DONE:
                expected_s = self._expected_s[rank]
                self._speeds.ended(kind.function, expected_s, first_time=kind.first_time, wall_s=event.wall_s)
                self._shares.ended(rank, event.wall_s)
            elif event.kind in _ENDS:
                self._shares.ended(rank, None)
        elif event.kind is EventKind.UP_TO_DATE and event.count > 0:
            for found in map(remaining.rank, event.jobs):
                if found is not None:
                    self._skips.skipped(found)
        remaining.apply(event)

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
        known, reason = self._known(now), ""
        chain, bounded = self._bounds(known)
        unknown = self._unknown(known)
        if unknown and self._share(known, unknown) > _UNKNOWN_AT_MOST:
            if len(unknown) == remaining.count:
                return Estimate(now, reason="no history", speed=exp(self._speeds.run))
            known, reason = known._replace(medians_s=self._least_s(known.medians_s, unknown)), "at least"
            chain, bounded = self._bounds(known)
        is_simulated = simulated and remaining.count <= MOST_SIMULATED
        left_s, low_s, high_s = self._simulated(known, chain) if is_simulated else bounded
        if reason:
            left_s = low_s
        return Estimate(now, left_s, low_s, high_s, min(chain.takes_s, left_s), reason, exp(self._speeds.run))

    def _known(self, now: float) -> _Now:
        """Return what is known, after learning from the jobs that run."""
        remaining, jobs = self._remaining, []
        for rank, began_at in remaining.running.items():
            age_s = max(0.0, now - began_at)
            jobs.append(_Job(rank, age_s, self._shares.told(rank, age_s), is_overdue=False))
        self._speeds.learn(self._begun(jobs))
        kinds, waiting = [self._kind(number) for number in range(len(remaining.kinds))], remaining.waiting()
        jobs = [job._replace(is_overdue=self._is_overdue(job, kinds)) for job in jobs]
        factors, kind, expected_s = [kind.factor for kind in kinds], remaining.kind, self._expected_s
        medians_s = [0.0] * len(expected_s)
        for rank in (*waiting, *remaining.running):
            own_s = expected_s[rank]
            medians_s[rank] = (1.0 if own_s is None else own_s) * factors[kind[rank]]
        return _Now(waiting, jobs, kinds, medians_s)

    def _is_overdue(self, job: _Job, kinds: Sequence[JobKind]) -> bool:
        number, own_s = self._remaining.kind[job.rank], self._expected_s[job.rank]
        if job.told is not None or self._speeds.has_ended(self._remaining.kinds[number].function):
            return False
        return own_s is None or job.age_s > own_s * exp(self._speeds.run) * kinds[number].cases[-1]

    def _begun(self, running: Sequence[_Job]) -> Iterator[Begun]:
        for job in running:
            kind = self._remaining.kinds[self._remaining.kind[job.rank]]
            yield Begun(kind.function, self._expected_s[job.rank], kind.first_time, job.age_s, job.told)

    def _kind(self, number: int) -> JobKind:
        kind = self._remaining.kinds[number]
        factor = self._speeds.factor(kind.function)
        sd = self._speeds.sd(kind.function, first_time=kind.first_time)
        past_s = self._spreads.get(kind.function, ()) if kind.first_time else ()
        multiples = cases(sd, past_s, self._speeds.centre_s(kind.function))
        is_known = not kind.first_time or self._speeds.is_known(kind.function)
        return JobKind(exp(factor.mean), factor.sd, factor.share, multiples, sd, is_known)

    def _unknown(self, known: _Now) -> set[int]:
        """Return the ranks of the jobs that are left of which nothing is known."""
        kind, running = self._remaining.kind, [job.rank for job in known.running]
        return {rank for rank in (*known.waiting, *running) if not known.kinds[kind[rank]].is_known}

    def _share(self, known: _Now, unknown: Collection[int]) -> float:
        """Return how much sooner the end may be without these jobs than with, as a part of what is left."""
        kinds, kind_of = known.kinds, self._remaining.kind
        long_s, none_s = list(known.medians_s), list(known.medians_s)
        for rank in unknown:
            long_s[rank] *= exp(_NINE_IN_TEN * kinds[kind_of[rank]].sd)
            none_s[rank] = 0.0
        running = [job for job in known.running if job.rank not in unknown]
        without_s = self._bounds(known._replace(medians_s=none_s, running=running))[1][0]
        return 1 - without_s / max(self._bounds(known._replace(medians_s=long_s))[1][0], 1e-9)

    def _least_s(self, medians_s: Sequence[float], unknown: Collection[int]) -> list[float]:
        """Return what jobs take if those of which nothing is known take no longer than others of them have by now."""
        least_s, remaining = list(medians_s), self._remaining
        for rank in unknown:
            function = remaining.kinds[remaining.kind[rank]].function
            least_s[rank] = min(least_s[rank], self._speeds.least_s(function))
        return least_s

    def _bounds(self, known: _Now) -> tuple[Chain, tuple[float, float, float]]:
        """Return the longest chain, and the end with its range."""
        remaining, kind_of, kinds = self._remaining, self._remaining.kind, known.kinds
        means = [kind.mean / kind.factor for kind in kinds]
        durations_s = [median_s * means[kind] for median_s, kind in zip(known.medians_s, kind_of, strict=True)]
        for rank, odds in self._odds().items():
            durations_s[rank] *= odds
        running = []
        for job in known.running:
            kind = kinds[kind_of[job.rank]]
            further_s = beyond(known.medians_s[job.rank], kind.cases, job.age_s, job.told, kind.cases_sd)
            is_overdue = job.is_overdue or not further_s
            running.append((job.rank, OVERDUE * job.age_s if is_overdue else sum(further_s) / len(further_s)))
        left = Left(remaining.workers, running, (), remaining.missing, remaining.dependents, durations_s)
        chain = longest_chain(left, known.waiting)
        work_s = sum([durations_s[rank] for rank in known.waiting]) + sum(further_s for _, further_s in running)
        least_s, most_s = bounds(work_s, chain.takes_s, remaining.workers)
        wide = exp(_NINE_IN_TEN * sqrt(self._speeds.run_sd**2 + self._speeds.drift_sd**2))
        middle_s = least_s + _ABOVE_LEAST * (most_s - least_s)
        return chain, (middle_s, least_s / wide, max(middle_s, most_s) * wide)

    def _odds(self) -> dict[int, float]:
        """Return how likely jobs are made at all, by rank: those that may be up to date, or need one that may fail."""
        by_function = self._skips.odds()
        odds = {rank: by_function[function] for rank, function in self._skips.unsure.items()}
        remaining = self._remaining
        unsure = [rank for rank in remaining.doubtful if remaining.is_left(rank)]
        seen = set(unsure)
        while unsure:
            for dependent in remaining.dependents[unsure.pop()]:
                if dependent not in seen:
                    seen.add(dependent)
                    odds[dependent] = (1 - _FAIL_AGAIN) * odds.get(dependent, 1.0)
                    unsure.append(dependent)
        return odds

    def _skip_some(self, durations_s: list[float], random: Random) -> None:
        """Let jobs take no time that turn out to be up to date in one draw; by rank."""
        if self._skips.unsure:
            odds, offset = self._skips.drawn_odds(random), random.randrange(997)
            for rank, function in self._skips.unsure.items():
                if self._luck[rank + offset] >= odds[function] * CASES:
                    durations_s[rank] = 0.0

    def _simulated(self, known: _Now, longest: Chain) -> tuple[float, float, float]:
        """Return the end and its range, of some draws of what the jobs will take; `longest` is the longest chain."""
        chain, least_s = longest.ranks, max(_LEAST_OF_CHAIN * longest.takes_s, 1e-3)
        waiting, kinds, medians_s = known.waiting, known.kinds, known.medians_s
        remaining, random = self._remaining, Random(1)
        draws = min(_DRAWS_MOST, max(_DRAWS_LEAST, _STEPS // len(waiting or (0,))))
        ready = [rank for rank in waiting if not remaining.missing[rank]]
        kind_of, luck = remaining.kind, self._luck
        # What is drawn few times is drawn evenly: as much below the middle as above.
        evenly = [normal((draw + 0.5) / draws) for draw in range(draws)]
        apart = [random.sample(evenly, draws) for _ in kinds]
        cases_of = [int((draw + 0.5) / draws * CASES) for draw in range(draws)]
        serial = {rank: random.sample(cases_of, draws) for rank in chain} if len(chain) <= _CHAIN else {}
        logs = []
        for draw in range(draws):
            of_run = self._speeds.run_sd * evenly[draw]
            deviations = [
                exp(kind.share * of_run + kind.sd * own[draw]) for kind, own in zip(kinds, apart, strict=True)
            ]
            multiples = [[dev * case for case in kind.cases] for dev, kind in zip(deviations, kinds, strict=True)]
            offset = random.randrange(997)
            durations_s = [0.0] * len(medians_s)
            for rank in waiting:
                durations_s[rank] = medians_s[rank] * multiples[kind_of[rank]][luck[rank + offset]]
            for rank, own in serial.items():
                durations_s[rank] = medians_s[rank] * multiples[kind_of[rank]][own[draw]]
            self._skip_some(durations_s, random)
            running = []
            for rank, age_s, told, is_overdue in known.running:
                kind = kind_of[rank]
                usual_s = medians_s[rank] if told is None else medians_s[rank] * deviations[kind]
                further_s = beyond(usual_s, multiples[kind], age_s, told, kinds[kind].cases_sd)
                share = (luck[rank + offset] + 0.5) / CASES
                if is_overdue or not further_s:
                    running.append((rank, -OVERDUE * age_s * log(share)))
                else:
                    running.append((rank, further_s[int(share * len(further_s))]))
            failing = {rank for rank in remaining.doubtful if luck[rank + offset] < _FAIL_AGAIN * CASES}
            left = Left(
                remaining.workers, running, ready, remaining.missing, remaining.dependents, durations_s, failing
            )
            logs.append(log(max(simulate(left), least_s)))
        middle = sum(logs) / draws
        sd = sqrt(sum((one - middle) ** 2 for one in logs) / (draws - 1) + self._speeds.drift_sd**2)
        return exp(middle), exp(middle - _NINE_IN_TEN * sd), exp(middle + _NINE_IN_TEN * sd)
