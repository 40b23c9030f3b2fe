"""`Jobs`: the state of every job of a make, and what is known of those to which something happened."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import compress
from operator import add
from typing import NamedTuple

from compmake.channel import DoneJobs
from compmake.job import Failure, JobId
from compmake.job_table import JobTable
from compmake.ui.dashboard.board.states import State

_FAILURES_KEPT = 2000


class Attempt(NamedTuple):
    """What is known of the newest attempt at a job."""

    number: int = 0
    """As records count it, 1 for the first one ever; 0 if it was not told."""
    worker: str = ""
    started_at: float | None = None
    """Epoch seconds, by the driver's clock."""
    ended_at: float | None = None
    wall_s: float | None = None
    """None while it runs."""
    peak_bytes: int = 0


class Move(NamedTuple):
    """A job of this function went from one state to another."""

    function: str
    old: State
    new: State
    usual_s: float | None


_NEVER = Attempt()
_STATES = tuple(State)
"""By number; an enum is called in Python code each time."""
_OPEN = frozenset({State.WAITING, State.READY})
_GOOD = frozenset({State.DONE, State.UP_TO_DATE})
_CONCLUDED = bytes(
    [state if state not in _OPEN else State.READY for state in _STATES]
    + [state if state not in _OPEN else State.WAITING for state in _STATES]
).ljust(256)
"""The states of jobs that miss nothing, behind them those of jobs that miss something, by their states before."""


class Jobs:
    """All jobs of a make by their number in the order of definition; without a table those that were heard of."""

    def __init__(self) -> None:
        self.has_table = False
        self.generation = 0
        """Counts up when numbers mean other jobs than before."""
        self.ids: list[JobId] = []
        self.functions: list[str] = []
        self.needs: list[Sequence[int]] = []
        self.counts = [0] * len(State)
        """Jobs by state."""
        self.failures: dict[JobId, Failure] = {}
        """The newest failure of each failed job, of the last 2,000 that failed."""
        self._dependents: list[list[int]] = []
        self._usual_s: list[float | None] = []
        self.priorities: list[float] = []
        """How early each is started: the higher, the earlier."""
        self._numbers: dict[JobId, int] = {}
        self._states = bytearray()
        self._missing = array("l")
        """How many of its needs are not there."""
        self.attempts: dict[int, Attempt] = {}
        """What is known of the newest attempt of each job that was tried."""
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return len(self.ids)

    def number(self, job_id: JobId) -> int | None:
        """Return the number of a job, None if it was never heard of."""
        return self._numbers.get(job_id)

    def state(self, number: int) -> State:
        """Return how a job stands now."""
        return _STATES[self._states[number]]

    def attempt(self, number: int) -> Attempt:
        """Return what is known of its newest attempt."""
        return self.attempts.get(number, _NEVER)

    def usual_s(self, number: int) -> float | None:
        """Return what it is expected to take, None if nothing is known."""
        return self._usual_s[number]

    def dependents(self, number: int) -> Sequence[int]:
        """Return the numbers of the jobs that need it."""
        return self._dependents[number]

    def take_changed(self) -> set[int]:
        """Return the jobs whose state or attempt changed since the last call."""
        changed, self._changed = self._changed, set()
        return changed

    def in_states(self, states: Collection[State]) -> Iterator[int]:
        """Yield the jobs that are in one of some states now; a loop over all of them would take long."""
        return compress(range(len(self._states)), self._mask(states))

    def counts_by_function(self) -> Iterable[tuple[tuple[str, State], int]]:
        """Return how many jobs of each function are in each state, functions in the order of their first jobs."""
        counts = Counter(zip(self.functions, self._states, strict=True))
        return [((name, _STATES[state]), count) for (name, state), count in counts.items()]

    def usual_by_function(self, states: Collection[State] = _STATES) -> Mapping[str, list[float]]:
        """Return what the jobs in some states are expected to take, as far as that is known; all take a while."""
        found: defaultdict[str, list[float]] = defaultdict(list)
        for name, usual_s in compress(zip(self.functions, self._usual_s, strict=True), self._mask(states)):
            if usual_s is not None:
                found[name].append(usual_s)
        return found

    def _mask(self, states: Collection[State]) -> bytes:
        return bytes(self._states).translate(bytes(state in states for state in range(256)))

    # What the fold calls.

    def set_table(self, table: JobTable, done: State) -> None:
        """Take over all jobs, those of `table.done` in that state; what is known of those heard of before stays."""
        heard = [(job_id, self.state(number), self.attempts.get(number)) for job_id, number in self._numbers.items()]
        functions = dict(zip(self.ids, self.functions, strict=True))
        self.has_table, self.generation = True, self.generation + 1
        self.ids, self.functions, self.needs = list(table.ids), list(table.functions), list(table.needs)
        self._usual_s, self.priorities = list(table.usual_s), list(table.priorities)
        self._numbers = dict(zip(self.ids, range(len(self.ids)), strict=True))
        self._dependents = [[] for _ in self.ids]
        for number, needed in enumerate(self.needs):
            for other in needed:
                self._dependents[other].append(number)
        self._states = bytearray([State.WAITING]) * len(self.ids)
        for number in table.done:
            self._states[number] = done
        self.attempts, self._changed = {}, set()
        self._conclude()
        for job_id, state, attempt in heard:
            number = self.found(job_id, functions[job_id])
            if attempt is not None:
                self.attempts[number] = attempt
            if state not in _OPEN:
                self.move(number, state)

    def set_done(self, done: DoneJobs) -> None:
        """Take over jobs that were done before anybody looked; they may be thousands."""
        numbers = [self.found(job_id, name) for job_id, name in zip(done.job_ids, done.functions, strict=True)]
        about = (done.attempts, done.workers, done.started_at, done.ended_at, done.wall_s, done.peak_bytes)
        self.attempts.update(zip(numbers, map(Attempt._make, zip(*about, strict=True)), strict=True))
        self._changed.update(numbers)
        for number in numbers:
            self._states[number] = State.DONE
        self._conclude()

    def _conclude(self) -> None:
        """Work out anew what follows from the jobs that are done: who is ready, and the counts."""
        missing = array("l", map(len, self.needs))
        for number in self.in_states(_GOOD):
            for other in self._dependents[number]:
                missing[other] -= 1
        waits = map(len(_STATES).__mul__, map(bool, missing))
        self._states = bytearray(map(add, self._states, waits)).translate(_CONCLUDED)
        self._missing, self.counts = missing, [self._states.count(state) for state in State]

    def found(self, job_id: JobId, function: str) -> int:
        """Return the number of a job; one of which nobody had heard is added."""
        known = self._numbers.get(job_id)
        if known is not None:
            return known
        number = self._numbers[job_id] = len(self.ids)
        self.ids.append(job_id)
        self.functions.append(function)
        self.needs.append(())
        self._dependents.append([])
        self._usual_s.append(None)
        self.priorities.append(0.0)
        self._missing.append(0)
        self._states.append(State.READY)
        self.counts[State.READY] += 1
        self._changed.add(number)
        return number

    def move(self, number: int, state: State) -> list[Move]:
        """Let a job be in a state, and what needs it in the state that follows; return every move."""
        old = self.state(number)
        if old is state:
            return []
        moves: list[Move] = []
        self._move(number, state, moves)
        if state in _GOOD and old not in _GOOD:
            self._count_needs(number, -1, moves)
        elif old in _GOOD and state not in _GOOD:
            self._count_needs(number, +1, moves)
        if state is State.FAILED:
            self._block(number, moves)
        return moves

    def set_attempt(self, number: int, attempt: Attempt) -> None:
        """Note what is known of its newest attempt."""
        self.attempts[number] = attempt
        self._changed.add(number)

    def note_memory(self, number: int, rss_bytes: int) -> None:
        """Note how much memory a running job has in use."""
        attempt = self.attempts.get(number)
        if attempt is not None and rss_bytes > attempt.peak_bytes:
            self.set_attempt(number, attempt._replace(peak_bytes=rss_bytes))

    def add_failure(self, job_id: JobId, failure: Failure) -> None:
        """Keep why a job failed."""
        self.failures.pop(job_id, None)
        self.failures[job_id] = failure
        if len(self.failures) > _FAILURES_KEPT:
            del self.failures[next(iter(self.failures))]

    def open_state(self, number: int) -> State:
        """Return READY or WAITING, whichever follows from what the job needs."""
        return State.WAITING if self._missing[number] else State.READY

    def _move(self, number: int, state: State, moves: list[Move]) -> None:
        """Make one transition. Counts change here and nowhere else."""
        old = self.state(number)
        self.counts[old] -= 1
        self.counts[state] += 1
        self._states[number] = state
        self._changed.add(number)
        moves.append(Move(self.functions[number], old, state, self._usual_s[number]))

    def _count_needs(self, number: int, step: int, moves: list[Move]) -> None:
        for other in self._dependents[number]:
            self._missing[other] += step
            old = self.state(other)
            if old in _OPEN and (new := self.open_state(other)) is not old:
                self._move(other, new, moves)

    def _block(self, number: int, moves: list[Move]) -> None:
        stack = list(self._dependents[number])
        while stack:
            other = stack.pop()
            if self.state(other) in _OPEN:
                self._move(other, State.BLOCKED, moves)
                stack += self._dependents[other]
