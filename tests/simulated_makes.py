"""Makes that never ran: graphs with durations drawn from distributions, run through a simulated scheduler as events."""

from dataclasses import dataclass
from heapq import heappop, heappush
from math import exp, hypot, log
from random import Random
from statistics import NormalDist

from graphs import job

from compmake.channel import Event, EventKind
from compmake.durations import Durations
from compmake.estimate import Estimator
from compmake.forecasting import Left, simulate
from compmake.graph import Graph
from compmake.job import Beat
from compmake.job_table import JobTable
from compmake.wanted_jobs import table_of

T = 1_700_000_000.0
SHARES = (0.2, 0.5, 0.8)
OWN_SPREAD = 0.15
"""How much a job differs from what it took last time."""
STEPS, STEP_SPREAD = 10, 0.3
"""Of jobs that tell how far they are: in how many steps, and how much these differ."""


_NO_TIME = (1e-6, 0.01)


@dataclass(frozen=True)
class SimulatedMake:
    """What happened in a make, and what was known before it."""

    table: JobTable
    workers: int
    events: tuple[Event, ...]
    laws: tuple[tuple[float, float], ...]
    """Of each job what it takes in the middle, and how much the logarithm of that differs: all that one could know."""

    @property
    def took_s(self):
        return self.events[-1].time - T


def chains(count=40, length=15):
    """Chains beside each other."""
    return {
        f"step{n % 5}-{c}-{n}": [f"step{(n - 1) % 5}-{c}-{n - 1}"] if n else []
        for c in range(count)
        for n in range(length)
    }


def fan(width=500):
    """One job, many that need it, one that needs them."""
    middle = [f"work-{n}" for n in range(width)]
    return {"split": [], **{name: ["split"] for name in middle}, "join": middle}


def serial_tail(groups=24, width=20):
    """Groups of load, train, evaluate and summary, then three jobs one after the other."""
    needs = {}
    for g in range(groups):
        needs[f"load-{g}"] = []
        needs |= {f"train-{g}-{n}": [f"load-{g}"] for n in range(width)}
        needs |= {f"evaluate-{g}-{n}": [f"train-{g}-{n}"] for n in range(width)}
        needs[f"summary-{g}"] = [f"evaluate-{g}-{n}" for n in range(width)]
    needs["aggregate-0"] = [f"summary-{g}" for g in range(groups)]
    return needs | {"plot-0": ["aggregate-0"], "report-0": ["plot-0"]}


GRAPHS = {"chains": chains, "fan": fan, "serial tail": serial_tail}


def long_jobs(count=24):
    """Few jobs that take long, and nothing else: when they end is mostly chance."""
    return {f"fit-{n}": [] for n in range(count)}


MEANS_S = {"load": 3, "train": 22, "evaluate": 3, "summary": 5, "aggregate": 60, "plot": 20, "report": 30}
MEANS_S |= {
    "split": 10,
    "work": 8,
    "join": 40,
    "step0": 2,
    "step1": 10,
    "step2": 5,
    "step3": 30,
    "step4": 1,
    "fit": 300,
}


def function_of(name):
    return name.partition("-")[0]


def simulated_make(
    needs,
    *,
    seed,
    workers=16,
    speed=None,
    known=1.0,
    spread=0.5,
    changed=None,
    without_past=(),
    telling=(),
    edited=(),
    same=False,
):
    """Return a make of a graph.

    Args:
        needs: Dependencies by job id.
        seed: Of all random numbers.
        workers: How many jobs run at once.
        speed: How long jobs take in this run, as a multiple of before; drawn from 0.7 to 1.5 unless told.
        known: The share of the jobs that succeeded before.
        spread: Standard deviation of the logarithms of the durations of one function.
        changed: How long jobs of some functions take, as a multiple of before, because their code changed.
        without_past: Functions of which no job ever succeeded.
        telling: Functions whose jobs tell how far they are.
        edited: Functions whose jobs must run; all others are up to date, unless what they need changes. None for all.
        same: Whether their results come out as they were, so that nothing else runs.
    """
    random = Random(seed)
    speed = exp(random.uniform(log(0.7), log(1.5))) if speed is None else speed
    graph = Graph({name: job(name, needed, function=f"mod:{function_of(name)}") for name, needed in needs.items()})

    def drawn(name):
        return MEANS_S[function_of(name)] * random.lognormvariate(0, spread)

    usual_s = {name: drawn(name) for name in needs}
    with_past = [name for name in needs if function_of(name) not in without_past]
    made = {name for name in with_past if random.random() < known}
    attempts = [(name, f"mod:{function_of(name)}", usual_s[name], True) for name in made]
    old = [(f"{name}-old", f"mod:{function_of(name)}", drawn(name), True) for name in with_past]
    durations = Durations.from_attempts([*attempts, *old])
    factor = {name: speed * (changed or {}).get(function_of(name), 1.0) for name in needs}
    truth_s = {name: usual_s[name] * factor[name] * random.lognormvariate(0, OWN_SPREAD) for name in needs}
    must = {name for name in needs if not edited or function_of(name) in edited}
    after = {name for name in graph.order if name in must or any(one in must for one in graph.ancestors([name]))}
    done = [name for name in needs if name not in after]
    may_run = [name for name in needs if name in after and name not in must]
    table = table_of(graph, needs, durations.priorities(graph, needs), durations, done, may_run)
    skipped = set(may_run) if same else ()
    laws = [
        (factor[name] * usual_s[name], OWN_SPREAD)
        if name in made
        else (factor[name] * MEANS_S[function_of(name)], hypot(spread, OWN_SPREAD))
        for name in table.ids
    ]
    events = list(_events(table, truth_s, workers, skipped))
    events += _told(events, truth_s, telling, random)
    events.sort(key=lambda event: event.time)
    laws = [_NO_TIME if name in skipped else law for name, law in zip(table.ids, laws, strict=True)]
    return SimulatedMake(table, workers, tuple(events), tuple(laws))


def _told(events, truth_s, telling, random):
    """Return the beats of jobs that tell how far they are, in steps of different length."""
    beats = []
    for event in events:
        if event.kind is EventKind.JOB_STARTED and function_of(event.job_id) in telling:
            steps_s = [random.lognormvariate(0, STEP_SPREAD) for _ in range(STEPS)]
            at_s, each_s = 0.0, truth_s[event.job_id] / sum(steps_s)
            for number, step_s in enumerate(steps_s):
                beat = Beat(share=number / STEPS)
                beats.append(Event(EventKind.HEARTBEAT, event.time + at_s, event.job_id, beat=beat))
                at_s += step_s * each_s
    return beats


def _events(table, truth_s, workers, skipped=()):
    """Yield what a scheduler tells that starts the ready job of the highest priority whenever a worker is free."""
    yield Event(EventKind.RUN_STARTED, T, count=len(table), workers=workers)
    missing = [len(needed) for needed in table.needs]
    dependents = [[] for _ in table.ids]
    for number, needed in enumerate(table.needs):
        for one in needed:
            dependents[one].append(number)
    ready, over = [], list(table.done)
    for number, count in enumerate(missing):
        if not count and number not in table.done:
            heappush(ready, (-table.priorities[number], number))
    now, ends, free = T, [], [f"w{n}" for n in range(workers)]
    while ready or ends or over:
        while over:
            for dependent in dependents[over.pop()]:
                missing[dependent] -= 1
                if not missing[dependent] and dependent not in table.done:
                    heappush(ready, (-table.priorities[dependent], dependent))
        while ready and free and not over:
            number = heappop(ready)[1]
            if table.ids[number] in skipped:
                yield Event(EventKind.UP_TO_DATE, now, count=1, jobs=(table.ids[number],))
                over.append(number)
                continue
            worker = free.pop()
            yield Event(EventKind.JOB_STARTED, now, table.ids[number], table.functions[number], worker=worker)
            heappush(ends, (now + truth_s[table.ids[number]], number, worker))
        if ends and not over:
            now, number, worker = heappop(ends)
            job_id, function = table.ids[number], table.functions[number]
            yield Event(EventKind.JOB_DONE, now, job_id, function, wall_s=truth_s[job_id], worker=worker)
            free.append(worker)
            over.append(number)
    yield Event(EventKind.RUN_ENDED, now, text="finished")


def looks(make, shares=SHARES):
    """Return what was estimated when these shares of the run were over, and what was left indeed."""
    estimator, found, events = Estimator(make.table, make.workers), [], list(make.events)
    at = 0
    for share in shares:
        now = T + share * make.took_s
        while at < len(events) and events[at].time <= now:
            estimator.apply(events[at])
            at += 1
        found.append((estimator.estimate(now), make.took_s - share * make.took_s))
    return found


def floors_s(make, shares=SHARES, draws=25):
    """Return what would be estimated at these shares by whoever knew how jobs are distributed and how fast the run is.

    The jobs that end later cannot be known; nobody can be better than this by more than luck. What jobs tell of how
    far they are is not used.
    """
    random, table = Random(1), make.table
    order = sorted(range(len(table)), key=table.priorities.__getitem__, reverse=True)
    ranks = {number: rank for rank, number in enumerate(order)}
    numbers = {job_id: number for number, job_id in enumerate(table.ids)}
    dependents = [[] for _ in order]
    for number, needed in enumerate(table.needs):
        for one in needed:
            dependents[ranks[one]].append(ranks[number])
    found = []
    for share in shares:
        now = T + share * make.took_s
        before = [event for event in make.events if event.time <= now]
        began = {numbers[event.job_id]: event.time for event in before if event.kind is EventKind.JOB_STARTED}
        done = {numbers[event.job_id] for event in before if event.kind is EventKind.JOB_DONE} | set(table.done)
        done |= {numbers[job_id] for event in before for job_id in event.jobs}
        missing = [len([one for one in table.needs[number] if one not in done]) for number in order]
        ready = [rank for rank, number in enumerate(order) if not missing[rank] and number not in (began.keys() | done)]
        ends_s = []
        for _ in range(draws):
            running = [(ranks[one], _drawn(make.laws[one], now - began[one], random)) for one in began.keys() - done]
            durations_s = [_drawn(make.laws[number], 0.0, random) for number in order]
            ends_s.append(simulate(Left(make.workers, running, ready, missing, dependents, durations_s)))
        found.append(sorted(ends_s)[draws // 2])
    return found


def _drawn(law, age_s, random):
    """Return what a job of this age takes further."""
    middle_s, sd = law
    least = NormalDist().cdf(log(age_s / middle_s) / sd) if age_s > 0 else 0.0
    share = min(1 - 1e-9, max(1e-9, least + (1 - least) * random.random()))
    return max(0.0, middle_s * exp(sd * NormalDist().inv_cdf(share)) - age_s)
