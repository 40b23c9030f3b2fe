"""When the jobs that are left will have been done: simulated in the order of the scheduler, or bounded; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a make. Jobs go by their rank: 0 is started first, and none needs one of a higher rank."""

    workers: int
    """At least 1."""
    running: Sequence[tuple[int, float]]
    """Ranks of the jobs that run, and how many seconds each is expected to go on."""
    ready: Sequence[int]
    """Ranks of those that wait for nothing but a worker."""
    missing: Sequence[int]
    """How many jobs each one waits for; by rank."""
    dependents: Sequence[Sequence[int]]
    """By rank."""
    durations_s: Sequence[float]
    """By rank."""
    failing: Collection[int] = ()
    """Ranks of jobs that will fail: what needs them is not made."""


def simulate(left: Left) -> float:
    """Return in how many seconds the last job ends if every free worker takes the ready job of the lowest rank."""
    missing, ready = list(left.missing), list(left.ready)
    dependents, durations_s, failing = left.dependents, left.durations_s, left.failing
    heapify(ready)
    ends = [(at_s, rank) for rank, at_s in left.running]
    heapify(ends)
    free = left.workers - len(ends)
    now_s = 0.0
    while True:
        while free > 0 and ready:
            rank = heappop(ready)
            heappush(ends, (now_s + durations_s[rank], rank))
            free -= 1
        if not ends:
            return now_s
        now_s, rank = heappop(ends)
        free += 1
        if rank in failing:
            continue
        for dependent in dependents[rank]:
            missing[dependent] -= 1
            if missing[dependent] == 0:
                heappush(ready, dependent)


class Chain(NamedTuple):
    """Jobs that can only be done one after the other."""

    takes_s: float
    ranks: Sequence[int]
    """Of those that wait, in order."""


def longest_chain(left: Left, waiting: Sequence[int]) -> Chain:
    """Return the longest chain of jobs that run and of `waiting`: ranks in ascending order."""
    dependents, durations_s = left.dependents, left.durations_s
    after_s: dict[int, float] = {}
    longest_s, first = 0.0, -1
    for rank in reversed(waiting):
        own_s = durations_s[rank]
        if dependents[rank]:
            own_s += max([after_s.get(dependent, 0.0) for dependent in dependents[rank]])
        after_s[rank] = own_s
        if own_s > longest_s:
            longest_s, first = own_s, rank
    for rank, going_on_s in left.running:
        own_s = going_on_s + max([after_s.get(dependent, 0.0) for dependent in dependents[rank]], default=0.0)
        if own_s > longest_s:
            longest_s, first = own_s, rank
    ranks = [first] if first in after_s else []
    while first >= 0:
        first = max([one for one in dependents[first] if one in after_s], key=after_s.__getitem__, default=-1)
        ranks += [first] if first >= 0 else []
    return Chain(longest_s, ranks)


def bounds(work_s: float, chain_s: float, workers: int) -> tuple[float, float]:
    """Return between what times the end must be, whatever the order: no worker is idle while a job is ready.

    Args:
        work_s: What all that is left takes, one after the other.
        chain_s: What the longest chain of it takes.
        workers: At least 1.
    """
    shared_s = work_s / workers
    return max(chain_s, shared_s), shared_s + chain_s * (1 - 1 / workers)
