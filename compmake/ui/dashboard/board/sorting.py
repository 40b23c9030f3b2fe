"""The columns by which jobs are sorted, and the keys for that."""

from collections.abc import Callable, Collection, Iterator, Mapping

from compmake.ui.dashboard.board.jobs import Attempt, Jobs
from compmake.ui.dashboard.board.states import State

Entry = tuple[float | str, float, int]
"""What is compared first, what then, and the number of the job."""
_NOTHING = -1.0
_AT_ONCE = 400


def _state_key(jobs: Jobs, number: int, attempt: Attempt) -> Entry:
    return _key_in_state(jobs, number, attempt, jobs.state(number))


def _key_in_state(jobs: Jobs, number: int, attempt: Attempt, state: State) -> Entry:
    """By state; the longest that runs, the newest that has ended, and what is started next come first."""
    if state is State.RUNNING:
        return state, attempt.started_at or 0.0, number
    if state is State.READY:
        return state, -jobs.priorities[number], number
    return state, -(attempt.ended_at or 0.0), number


def _time_key(jobs: Jobs, number: int, attempt: Attempt) -> Entry:
    """The longest first; what runs is before all that has ended, the oldest first."""
    if jobs.state(number) is State.RUNNING:
        return 0.0, attempt.started_at or 0.0, number
    return 1.0, -(attempt.wall_s or 0.0), number


def _usual_key(jobs: Jobs, number: int, attempt: Attempt) -> Entry:  # noqa: ARG001
    usual_s = jobs.usual_s(number)
    return -(_NOTHING if usual_s is None else usual_s), 0.0, number


_KEYS: Mapping[str, Callable[[Jobs, int, Attempt], Entry]] = {
    "state": _state_key,
    "job": lambda jobs, number, _: (jobs.ids[number], 0.0, number),
    "function": lambda jobs, number, _: (jobs.functions[number], float(jobs.state(number)), number),
    "time": _time_key,
    "usual": _usual_key,
    "rss": lambda _, number, attempt: (-attempt.peak_bytes, 0.0, number),
    "try": lambda _, number, attempt: (-attempt.number, 0.0, number),
    "worker": lambda _, number, attempt: (attempt.worker or "\uffff", attempt.started_at or 0.0, number),
}
COLUMNS = tuple(_KEYS)
"""Names of the columns, from the left."""


def by_state(jobs: Jobs, states: Collection[State]) -> Iterator[list[Entry]]:
    """Yield the jobs that are in some states when this begins, as they are sorted by state; nothing now and then.

    Of 100,000 jobs most were never tried: all of a state have the same key but for their numbers.
    """
    priorities = jobs.priorities
    for state, found in [(state, list(jobs.in_states([state]))) for state in sorted(states)]:
        entries: list[Entry] = []
        for start in range(0, len(found), _AT_ONCE):
            numbers = found[start : start + _AT_ONCE]
            if state is State.READY:
                entries += [(state, -priorities[number], number) for number in numbers]
            else:
                tried = jobs.attempts.keys() & numbers
                entries += [(state, 0.0, number) for number in numbers if number not in tried]
                entries += [_key_in_state(jobs, number, jobs.attempt(number), state) for number in tried]
            yield []
        entries.sort()
        yield entries


def key_of(jobs: Jobs, number: int, column: str) -> Entry:
    """Return by what a job is sorted in a column; big values first, texts from a to z."""
    return _KEYS[column](jobs, number, jobs.attempt(number))
