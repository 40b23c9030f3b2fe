"""The view: everything a screen shows, folded from events."""

import pytest

from compmake.channel import Event, EventKind
from compmake.job import Failure, Frame, JobId, JobState
from compmake.ui.view import View

X = JobId("x")


def fold(*events):
    view = View()
    for event in events:
        view.apply(event)
    return view


def start(count=10, **fields):
    return Event(EventKind.RUN_STARTED, 100.0, count=count, **fields)


def failed(job_id, line=3):
    frame = Frame("m.py", line, "g", True)
    return Event(EventKind.JOB_FAILED, 105.0, JobId(job_id), "f", failure=Failure("ValueError", "no", (frame,)))


def test_counts_always_sum_to_the_total():
    """After each event of a run every job is in exactly one state."""
    events = [
        start(),
        Event(EventKind.UP_TO_DATE, 100.1, count=3),
        Event(EventKind.JOB_STARTED, 100.2, X, "f"),
        Event(EventKind.JOB_DONE, 101.0, X, "f"),
        Event(EventKind.JOB_STARTED, 101.0, JobId("y"), "f"),
        failed("y"),
        Event(EventKind.BLOCKED, 105.0, JobId("y"), count=2),
        Event(EventKind.JOB_STARTED, 105.0, JobId("z"), "f"),
        Event(EventKind.JOB_INTERRUPTED, 106.0, JobId("z"), "f"),
        Event(EventKind.RUN_ENDED, 107.0, text="interrupted"),
    ]
    view = View()
    for event in events:
        view.apply(event)
        assert sum(view.counts().values()) == view.total == 10
    assert (view.done, view.made, view.up_to_date, view.failed, view.blocked, view.interrupted) == (4, 1, 3, 1, 2, 1)


def test_running_jobs_know_their_start_and_progress():
    """A running job has its start, what it said last, and is gone when it ended."""
    view = fold(
        start(), Event(EventKind.JOB_STARTED, 101.0, X, "f"), Event(EventKind.PROGRESS, 102.0, X, text="epoch 1/2")
    )
    assert view.running == {X: (X, "f", 101.0, "epoch 1/2")}
    view.apply(Event(EventKind.JOB_DONE, 103.0, X))
    assert not view.running


def test_elapsed_stops_at_the_end():
    """Elapsed time grows with `now` until the run ended."""
    view = fold(start())
    assert view.elapsed_s(160.0) == 60.0
    view.apply(Event(EventKind.RUN_ENDED, 130.0, text="finished"))
    assert view.elapsed_s(999.0) == 30.0


def test_a_postponed_job_takes_results_back():
    """When stored results are damaged the job waits again and they are no longer done."""
    view = fold(
        start(),
        Event(EventKind.UP_TO_DATE, 100.0, count=4),
        Event(EventKind.JOB_DONE, 100.0, JobId("y"), "g"),
        Event(EventKind.JOB_STARTED, 101.0, X, "f"),
        Event(EventKind.JOB_POSTPONED, 102.0, X, "f", count=1),
        Event(EventKind.UP_TO_DATE, 102.0, count=-2),
    )
    assert (view.made, view.up_to_date, view.done) == (0, 2, 2)
    assert view.counts()[JobState.WAITING] == 8


def test_failures_are_grouped():
    """The same exception at the same line of the same function is one group."""
    view = fold(start(), failed("a"), failed("b"), failed("c", line=9))
    assert [(group.count, group.job_ids) for group in view.failures] == [(2, ["a", "b"]), (1, ["c"])]


def test_nothing_to_do_needs_all_jobs_up_to_date():
    """Only a finished run in which every job was up to date had nothing to do."""
    end = Event(EventKind.RUN_ENDED, 101.0, text="finished")
    assert fold(start(3), Event(EventKind.UP_TO_DATE, 100.0, count=3), end).nothing_to_do
    assert not fold(
        start(3), Event(EventKind.UP_TO_DATE, 100.0, count=2), Event(EventKind.JOB_DONE, 101.0, X), end
    ).nothing_to_do


def test_a_new_run_begins_anew():
    """The view of the second run knows nothing of the first."""
    view = fold(start(), failed("a"), Event(EventKind.RUN_ENDED, 107.0, text="finished"), start(5, workers=2))
    assert (view.total, view.failed, len(view.failures), view.ended, view.workers) == (5, 0, 0, "", 2)


@pytest.mark.parametrize("kind", list(EventKind))
def test_events_about_unknown_jobs_do_no_harm(kind):
    """A viewer that came late folds what it did not see the start of."""
    fold(Event(kind, 1.0, X))
