"""What is typed behind `/`: which jobs are listed. `text` fuzzy over ids, `~regex`, `=selection`, `!` inverts."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, Protocol

from compmake.errors import CompmakeError
from compmake.job import JobId, JobState
from compmake.selection.live import Member
from compmake.ui.dashboard.board.jobs import Jobs
from compmake.ui.dashboard.board.states import State

States = Callable[[], Mapping[JobId, JobState]]


class Chosen(NamedTuple):
    """What a selection means."""

    member: Member
    is_snapshot: bool = False
    """Whether it must be asked for again when states change: `deps of failed`."""


class Select(Protocol):
    """Returns what a selection means as `ls` takes it; raises a `CompmakeError` that says what is wrong with it."""

    def __call__(self, text: str, states: States) -> Chosen:
        """`states` returns how the jobs stand on the screen."""
        ...


_JOB_STATES = tuple(JobState.DONE if state is State.UP_TO_DATE else JobState[state.name] for state in State)
_ALL = frozenset(State)
_NOT_OVER = _ALL - {State.DONE, State.UP_TO_DATE}
_BAD = frozenset({State.FAILED, State.BLOCKED, State.INTERRUPTED})


class Filter(NamedTuple):
    """Which jobs are listed."""

    text: str = ""
    """As typed; without any, jobs that are not done."""
    failed_only: bool = False
    chosen: Chosen | None = None

    @property
    def states(self) -> Collection[State]:
        """No jobs in others are listed; in these all are, unless some were chosen, which failed ones stand before."""
        return _BAD if self.failed_only else _NOT_OVER if self.chosen is None else _ALL

    @property
    def name(self) -> str:
        """How it is called above the list."""
        return "failed, blocked" if self.failed_only else self.text or "not done"

    def shows(self, jobs: Jobs, number: int) -> bool:
        """Tell whether a job is listed."""
        state = jobs.state(number)
        chosen = None if self.failed_only else self.chosen
        return state in self.states and (chosen is None or chosen.member(jobs.ids[number], _JOB_STATES[state]))

    @property
    def is_snapshot(self) -> bool:
        """Whether it must be worked out anew when states change."""
        return self.chosen is not None and self.chosen.is_snapshot


def states_of(jobs: Jobs) -> Mapping[JobId, JobState]:
    """Return how all jobs stand, in the words of selections."""
    return {job_id: _JOB_STATES[jobs.state(number)] for number, job_id in enumerate(jobs.ids)}


def filter_of(text: str, jobs: Jobs, select: Select | None) -> Filter:
    """Return the filter that was typed.

    Raises:
        ValueError: It is none; the message says why.
    """
    text = text.strip()
    wanted = text.removeprefix("!").strip()
    if not wanted:
        return Filter()
    chosen = _chosen(wanted, jobs, select)
    if text.startswith("!"):
        member = chosen.member
        chosen = chosen._replace(member=lambda job_id, state: not member(job_id, state))
    return Filter(text, chosen=chosen)


def _chosen(wanted: str, jobs: Jobs, select: Select | None) -> Chosen:
    if wanted.startswith("~"):
        try:
            found = re.compile(wanted[1:].strip()).search
        except (re.error, RecursionError, OverflowError) as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return Chosen(lambda job_id, _: found(job_id) is not None)
    if wanted.startswith("="):
        if select is None:
            raise ValueError("selections need the program: only `compmake PROGRAM dash` and the console know it")
        try:
            return select(wanted[1:].strip(), lambda: states_of(jobs))
        except CompmakeError as error:
            raise ValueError(str(error)) from error
    fits = _fuzzy(wanted)
    return Chosen(lambda job_id, _: fits(job_id))


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
