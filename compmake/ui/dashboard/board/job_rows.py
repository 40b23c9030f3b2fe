"""`JobRows`: which jobs are listed in which order, where the cursor is, and which jobs are marked.

Filtering and sorting go on in slices. While the cursor is in the list the order stays as it is: rows change in place.
"""

import contextlib
import heapq
import time
from collections.abc import Callable, Iterator
from operator import itemgetter

from compmake.job import JobId
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.filtering import Filter, Select, filter_of
from compmake.ui.dashboard.board.ordering import Ordering
from compmake.ui.dashboard.board.sorting import COLUMNS, Entry, by_state, key_of

_SLICE = 500
"""Jobs between two looks at the clock."""
_AT_ONCE_S = 0.01
_CALM_S = 3.0
"""After a key the order stays for so long even if the cursor is at the top."""
_ORDER_EVERY_S = 1.0
_SNAPSHOT_EVERY_S = 3.0
_FEW = 5_000
"""With more changes than that all is sorted anew."""


class JobRows:
    """The list of jobs as one viewer sees it.

    Args:
        board: Where the jobs come from.
        select: What `=selection` means; None if nobody knows.
    """

    def __init__(self, board: Board, select: Select | None = None) -> None:
        self._board, self._select = board, select
        self.message = ""
        """What is wrong with what was typed last."""
        self.filter = Filter()
        self.column = "state"
        self.marked: set[JobId] = set()
        self.cursor: JobId | None = None
        """None as long as it is at the top, whatever job is there."""
        self._order = Ordering()
        self._pass: Iterator[None] | None = None
        self._changed: set[int] = set()
        self._seen = (-1, -1)
        self._at = 0
        self._held_until = self._next_order_at = self._next_snapshot_at = 0.0
        self._mark_from: JobId | None = None

    # What is listed.

    def set_filter(self, text: str) -> bool:
        """List other jobs; return False, and change nothing, if the text is no filter: `message` says why."""
        try:
            self.filter = self._filter(text)
        except ValueError as error:
            self.message = str(error)
            return False
        self.message = ""
        self._begin()
        return True

    def _filter(self, text: str) -> Filter:
        return filter_of(text, self._board.jobs, self._select)

    def toggle_failed(self) -> None:
        """List failed and blocked jobs only, or no longer only them."""
        self.filter = self.filter._replace(failed_only=not self.filter.failed_only)
        self._begin()

    def sort_by(self, column: str) -> None:
        """Sort by one of `COLUMNS`."""
        if column not in COLUMNS:
            raise ValueError(f"there is no column {column!r}")
        self.column = column
        self._begin()

    def reverse(self) -> None:
        """Sort the other way round."""
        self._order.is_reversed = not self._order.is_reversed

    @property
    def order(self) -> Ordering:
        """The numbers of the jobs that are listed, by row; none as long as numbers mean other jobs than before."""
        seen = (self._board.generation, self._board.jobs.generation)
        if seen != self._seen:
            self._seen = seen
            self._order.set([], {})
            self._work_out_filter()
            self._start_pass()
        return self._order

    def _work_out_filter(self) -> None:
        """Let a selection mean what it means now; if it cannot be worked out any more it means what it meant."""
        with contextlib.suppress(ValueError):
            self.filter = self._filter(self.filter.text)._replace(failed_only=self.filter.failed_only)

    @property
    def is_busy(self) -> bool:
        """Whether a pass over all jobs is under way."""
        return self._pass is not None

    def step(self, budget_s: float, now: float, clock: Callable[[], float] = time.perf_counter) -> bool:
        """Go on with whatever is to be done; return whether the list changed.

        Args:
            budget_s: For how long.
            now: By the driver's clock.
            clock: Measures the budget.
        """
        _ = self.order
        self._changed |= self._board.jobs.take_changed()
        if self._pass is None:
            return self._follow(now)
        until_s = clock() + budget_s
        for _ in self._pass:
            if clock() >= until_s:
                return False
        self._pass = None
        return True

    def reorder(self) -> None:
        """Bring the order up to date now, wherever the cursor is."""
        self._next_order_at = self._held_until = 0.0
        if self._pass is None:
            self._take_over_changes()

    def _follow(self, now: float) -> bool:
        if not self.order:
            self.cursor = None
        is_in_list = self.cursor is not None
        if is_in_list or not self._changed or now < self._held_until or now < self._next_order_at:
            return False
        if self.filter.is_snapshot and now >= self._next_snapshot_at:
            self._next_snapshot_at = now + _SNAPSHOT_EVERY_S
            self._work_out_filter()
            self._start_pass()
        self._take_over_changes()
        self._next_order_at = now + _ORDER_EVERY_S
        return True

    def _take_over_changes(self) -> None:
        changed, self._changed = self._changed, set()
        if len(changed) > _FEW:
            self._start_pass()
            return
        jobs = self._board.jobs
        fresh = [key_of(jobs, number, self.column) for number in changed if self.filter.shows(jobs, number)]
        self._order.change(changed, fresh)

    def _begin(self) -> None:
        """Start a pass that the user wants; of few jobs it is over at once, whatever they type next."""
        self._start_pass()
        self.step(_AT_ONCE_S, 0.0)

    def _start_pass(self) -> None:
        self._pass = self._whole_pass()

    def _whole_pass(self) -> Iterator[None]:
        """Filter and sort all jobs; what is listed changes at the very end."""
        jobs, kept, column = self._board.jobs, self.filter, self.column
        self._changed = set()
        entries: list[Entry] = []
        by_number: dict[int, Entry] = {}
        if column == "state" and kept.chosen is None:
            for block in by_state(jobs, kept.states):
                entries += block
                by_number.update(zip(map(itemgetter(-1), block), block, strict=True))
                yield
            self._order.set(entries, by_number)
            return
        blocks: list[list[Entry]] = []
        for start in range(0, len(jobs), _SLICE):
            block = [
                key_of(jobs, number, column)
                for number in range(start, min(start + _SLICE, len(jobs)))
                if kept.shows(jobs, number)
            ]
            block.sort()
            blocks.append(block)
            yield
        for entry in heapq.merge(*blocks):
            entries.append(entry)
            by_number[entry[-1]] = entry
            if not len(entries) % _SLICE:
                yield
        self._order.set(entries, by_number)

    # Where the cursor is.

    @property
    def at(self) -> int:
        """The row of the cursor."""
        if self.cursor is None or not self.order:
            return 0
        number = self._board.jobs.number(self.cursor)
        if number is not None and number in self.order:
            self._at = self.order.row(number)
        else:
            self._at = min(self._at, len(self.order) - 1)
            self.cursor = self._board.jobs.ids[self.order[self._at]]
        return self._at

    @property
    def job(self) -> JobId | None:
        """The job under the cursor, None if the list is empty."""
        return self._board.jobs.ids[self.order[self.at]] if self.order else None

    def move(self, rows: int, now: float) -> None:
        """Go down, or up."""
        self.go(self.at + rows, now)

    def go(self, row: int, now: float) -> None:
        """Go to a row; at the first one the order follows the make again."""
        if not self.order:
            return
        self._at = max(0, min(row, len(self.order) - 1))
        self.cursor = self._board.jobs.ids[self.order[self._at]] if self._at else None
        self.hold(now)

    def find(self, job_id: JobId, now: float) -> bool:
        """Go to a job; return False if it is not listed."""
        number = self._board.jobs.number(job_id)
        if number is None or number not in self.order:
            return False
        self.go(self.order.row(number), now)
        return True

    def hold(self, now: float) -> None:
        """Leave the order as it is for a while: the user is doing something."""
        self._held_until = now + _CALM_S

    # Marks.

    @property
    def chosen(self) -> list[JobId]:
        """What an action is about: the marked jobs, else the one under the cursor."""
        return sorted(self.marked) if self.marked else [self.job] if self.job is not None else []

    def mark(self) -> None:
        """Mark the job under the cursor, or take its mark away."""
        if self.job is not None:
            self.marked ^= {self.job}
            self._mark_from = self.job

    def mark_range(self) -> None:
        """Mark all jobs from the one that was marked last to the cursor."""
        if not self.order:
            return
        jobs = self._board.jobs
        number = jobs.number(self._mark_from) if self._mark_from is not None else None
        start = self.order.row(number) if number is not None and number in self.order else self.at
        first, last = sorted((start, self.at))
        self.marked |= {jobs.ids[number] for number in self.order.numbers(first, last)}

    def unmark_all(self) -> None:
        """Take all marks away."""
        self.marked.clear()
