"""What is typed behind `/`: which jobs are listed. `text` fuzzy over ids, `~regex`, `=selection`, `!` inverts."""

import re
from collections.abc import Callable, Collection
from typing import NamedTuple

from compmake.errors import CompmakeError
from compmake.job import JobId
from compmake.ui.dashboard.board.jobs import Jobs
from compmake.ui.dashboard.board.states import State

Select = Callable[[str], Collection[JobId]]
"""Returns the jobs of a selection as `ls` takes it; raises a `CompmakeError` that says what is wrong with it."""
_OVER = frozenset({State.DONE, State.UP_TO_DATE})
_NOT_OVER = frozenset(State) - _OVER
_BAD = frozenset({State.FAILED, State.BLOCKED, State.INTERRUPTED})


class Filter(NamedTuple):
    """Which jobs are listed."""

    text: str = ""
    """As typed; without any, jobs that are not done."""
    failed_only: bool = False
    matches: Callable[[JobId], bool] | None = None

    @property
    def states(self) -> Collection[State] | None:
        """All jobs in these are listed, and no others; None if that is asked of each job."""
        return None if self.matches is not None else _BAD if self.failed_only else _NOT_OVER

    @property
    def name(self) -> str:
        """How it is called above the list."""
        base = "failed, blocked" if self.failed_only else "" if self.text else "not done"
        return ", ".join(filter(None, (base, self.text)))

    def shows(self, jobs: Jobs, number: int) -> bool:
        """Tell whether a job is listed."""
        state = jobs.state(number)
        if self.failed_only and state not in _BAD:
            return False
        if self.matches is None:
            return self.failed_only or state not in _OVER
        return self.matches(jobs.ids[number])


def filter_of(text: str, select: Select | None, *, failed_only: bool = False) -> Filter:
    """Return the filter that was typed.

    Raises:
        ValueError: It is none; the message says why.
    """
    text = text.strip()
    wanted = text.removeprefix("!").strip()
    if not wanted:
        return Filter("", failed_only)
    matches = _matcher(wanted, select)
    if text.startswith("!"):
        return Filter(text, failed_only, lambda job_id: not matches(job_id))
    return Filter(text, failed_only, matches)


def _matcher(wanted: str, select: Select | None) -> Callable[[JobId], bool]:
    if wanted.startswith("~"):
        try:
            found = re.compile(wanted[1:].strip()).search
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return lambda job_id: found(job_id) is not None
    if wanted.startswith("="):
        if select is None:
            raise ValueError("selections need the program: only `compmake PROGRAM dash` and the console know it")
        try:
            return frozenset(select(wanted[1:].strip())).__contains__
        except CompmakeError as error:
            raise ValueError(str(error)) from error
    return _fuzzy(wanted)


def _fuzzy(wanted: str) -> Callable[[JobId], bool]:
    """Letters in this order with others between, each word for itself; capitals count only if any is typed."""
    folds = wanted == wanted.lower()
    parts = wanted.split()

    def matches(job_id: JobId) -> bool:
        text = job_id.lower() if folds else job_id
        return all(part in text or _in_order(part, text) for part in parts)

    return matches


def _in_order(letters: str, text: str) -> bool:
    at = -1
    for letter in letters:
        at = text.find(letter, at + 1)
        if at < 0:
            return False
    return True
