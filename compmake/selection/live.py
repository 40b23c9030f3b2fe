"""Which jobs a selection means while their states change: asked job by job, not worked out for all at once; pure."""

from collections.abc import Callable

from compmake.job import JobId, JobState
from compmake.selection.nodes import AllOf, AnyOf, Except, InState, Not, Related, Scope, Selection

Member = Callable[[JobId, JobState], bool]
"""Tells whether a job is selected, given the state in which it is now."""
_STORED = (JobState.TODO, JobState.STALE)
"""What the store alone can tell of a job that a make has not made yet."""
_OPEN = (JobState.WAITING, JobState.READY, JobState.INTERRUPTED)


def member_of(selection: Selection, scope: Scope, *, stored: Scope) -> Member:
    """Return what tells whether a job is selected.

    Args:
        selection: What was typed.
        scope: What it selects from; its states are asked for where one job's own state is not enough.
        stored: The same with the states that the store tells.

    Raises:
        SelectionError: It names a job or function that is not there, or a pattern that nothing matches.
    """
    match selection:
        case InState(state) if state not in _STORED:
            return lambda _, now: now is state
        case InState():
            open_jobs = selection.jobs(stored)
            return lambda job_id, now: now in _OPEN and job_id in open_jobs
        case Not(term):
            inner = member_of(term, scope, stored=stored)
            return lambda job_id, now: not inner(job_id, now)
        case AnyOf(terms):
            some = [member_of(term, scope, stored=stored) for term in terms]
            return lambda job_id, now: any(member(job_id, now) for member in some)
        case AllOf(terms):
            every = [member_of(term, scope, stored=stored) for term in terms]
            return lambda job_id, now: all(member(job_id, now) for member in every)
        case Except((first, *others)):
            kept = member_of(first, scope, stored=stored)
            left = member_of(Except(tuple(others)), scope, stored=stored) if others else None
            return lambda job_id, now: kept(job_id, now) and not (left is not None and left(job_id, now))
    jobs = selection.jobs(scope)
    return lambda job_id, _: job_id in jobs


def is_snapshot(selection: Selection, *, inside: bool = False) -> bool:
    """Tell whether a selection must be worked out anew when states change: `deps of failed`."""
    match selection:
        case InState():
            return inside
        case Related(_, start):
            return is_snapshot(start, inside=True)
        case Not(term):
            return is_snapshot(term, inside=inside)
        case AnyOf(terms) | AllOf(terms) | Except(terms):
            return any(is_snapshot(term, inside=inside) for term in terms)
    return False
