"""`Remaining`: which jobs of a make are left, folded from its table of jobs and its events; pure.

Jobs go by their rank here: 0 is the one that the scheduler starts first, and none needs one of a higher rank.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.job import JobId
from compmake.job_table import JobTable

WAITING, RUNNING, OVER = 0, 1, 2


class Kind(NamedTuple):
    """Jobs of which the same is known in the same way."""

    function: str
    first_time: bool
    """They never succeeded themselves."""


class Remaining:
    """The jobs of one make.

    Args:
        table: All that are wanted.
        workers: How many run at once, as long as no event tells.
    """

    def __init__(self, table: JobTable, workers: int) -> None:
        self.workers, self.is_paused = max(1, workers), False
        size = len(table)
        numbers = sorted(range(size), key=list(table.priorities).__getitem__, reverse=True)
        ranks = [0] * size
        for rank, number in enumerate(numbers):
            ranks[number] = rank
        self._ranks: dict[JobId, int] = dict(zip(table.ids, ranks, strict=True))
        self.count = size
        self.states = bytearray(size)
        self.missing = [0] * size
        """How many jobs each one waits for."""
        self.dependents: list[list[int]] = [[] for _ in range(size)]
        for number, needed in enumerate(table.needs):
            rank = ranks[number]
            self.missing[rank] = len(needed)
            for one in needed:
                self.dependents[ranks[one]].append(rank)
        self.doubtful = {ranks[number] for number in table.failed}
        """Jobs that failed when they were tried last."""
        self.may_run = {ranks[number] for number in table.may_run}
        """Jobs that need not run if what they need comes out as it was."""
        kinds: dict[Kind, int] = {}
        first_time, usual_s, functions = set(table.first_time), list(table.usual_s), list(table.functions)
        self.usual_s = [usual_s[number] for number in numbers]
        named = [Kind(functions[number], number in first_time or usual_s[number] is None) for number in numbers]
        self.kind = [kinds.setdefault(kind, len(kinds)) for kind in named]
        """The number of each job's kind."""
        self.kinds = list(kinds)
        self.running: dict[int, float] = {}
        """The jobs that run, and since when, in epoch seconds."""
        self._newest: dict[str, int] = {}
        """The job that began last on each worker."""
        for number in table.done:
            self._end(ranks[number])

    def rank(self, job_id: JobId) -> int | None:
        """Return the rank of a job; None if it is not one of this make."""
        return self._ranks.get(job_id)

    def is_left(self, rank: int) -> bool:
        """Tell whether a job waits or runs."""
        return self.states[rank] != OVER

    def waiting(self) -> list[int]:
        """Return the jobs that are neither over nor begun, in ascending order."""
        return [rank for rank, state in enumerate(self.states) if not state]

    def apply(self, event: Event) -> None:
        """Fold one event; those about unknown jobs do no harm."""
        fold = _FOLDS.get(event.kind)
        if fold is not None:
            fold(self, event)

    def _run_started(self, event: Event) -> None:
        self.workers, self.is_paused = max(1, event.workers), False

    def _steered(self, event: Event) -> None:
        self.workers, self.is_paused = event.workers, event.text == "paused"

    def _up_to_date(self, event: Event) -> None:
        for job_id in event.jobs:
            if (rank := self._ranks.get(job_id)) is not None:
                self._end(rank)

    def _started(self, event: Event) -> None:
        rank = self._ranks.get(event.job_id)
        before = self._newest.get(event.worker)
        if event.worker and before is not None and before != rank and before in self.running:
            self._end(before)  # which is told only when it is committed
        if rank is not None:
            self._revive(rank)
            self.states[rank] = RUNNING
            self.running[rank] = event.time
            self._newest[event.worker] = rank

    def _ended(self, event: Event) -> None:
        if (rank := self._ranks.get(event.job_id)) is not None:
            self._end(rank)

    def _failed(self, event: Event) -> None:
        """What needs it will not run either."""
        rank = self._ranks.get(event.job_id)
        to_end = [] if rank is None else [rank]
        while to_end:
            rank = to_end.pop()
            self._end(rank)
            to_end += [one for one in self.dependents[rank] if self.states[one] == WAITING]

    def _again(self, event: Event) -> None:
        """Its attempt has ended and another will follow, perhaps after others that were done are made again."""
        if (rank := self._ranks.get(event.job_id)) is not None:
            self.running.pop(rank, None)
            self._revive(rank)
        for job_id in event.jobs:
            damaged = self._ranks.get(job_id)
            if damaged is not None and self.states[damaged] == OVER:
                self._revive(damaged)

    def _end(self, rank: int) -> None:
        self.running.pop(rank, None)
        if self.states[rank] != OVER:
            self.states[rank] = OVER
            self.count -= 1
            for dependent in self.dependents[rank]:
                self.missing[dependent] -= 1

    def _revive(self, rank: int) -> None:
        """It is to be made, whatever was thought before."""
        if self.states[rank] == OVER:
            self.count += 1
            for dependent in self.dependents[rank]:
                self.missing[dependent] += 1
        self.states[rank] = WAITING


_FOLDS: Mapping[EventKind, Callable[[Remaining, Event], None]] = {
    EventKind.RUN_STARTED: Remaining._run_started,
    EventKind.STEERED: Remaining._steered,
    EventKind.UP_TO_DATE: Remaining._up_to_date,
    EventKind.JOB_STARTED: Remaining._started,
    EventKind.JOB_DONE: Remaining._ended,
    EventKind.JOB_INTERRUPTED: Remaining._ended,
    EventKind.JOB_FAILED: Remaining._failed,
    EventKind.JOB_RETRIED: Remaining._again,
    EventKind.JOB_POSTPONED: Remaining._again,
}
