"""The view: everything a screen shows, folded from events."""

import pytest

from compmake.channel import Event, EventKind
from compmake.job import Beat, Failure, Frame, JobId, JobState
from compmake.ui.view import RunningJob, View

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


STARTED = Event(EventKind.JOB_STARTED, 101.0, X, "f", worker="w1")
DONE = Event(EventKind.JOB_DONE, 102.0, X, "f")
FAILED = Event(EventKind.JOB_FAILED, 102.0, X, "f", failure=Failure("ValueError", "no"))
RETRIED = Event(EventKind.JOB_RETRIED, 102.0, X, "f", count=2, failure=Failure("ValueError", "no"))
POSTPONED = Event(EventKind.JOB_POSTPONED, 102.0, X, "f")


@pytest.mark.parametrize(
    ("events", "counts"),
    [
        ([STARTED], {"running": 1}),
        ([STARTED, DONE], {"done": 1}),
        ([DONE], {"done": 1}),  # so short that its start was not told
        ([FAILED], {"failed": 1}),
        ([STARTED, RETRIED], {"retried": 1}),
        ([RETRIED], {"retried": 1}),
        ([STARTED, RETRIED, STARTED], {"running": 1, "retried": 1}),
        ([STARTED, RETRIED, STARTED, DONE], {"done": 1, "retried": 1}),
        ([STARTED, RETRIED, STARTED, RETRIED, STARTED, FAILED], {"failed": 1, "retried": 1}),
        ([STARTED, POSTPONED], {}),
        ([POSTPONED], {}),
        ([STARTED, POSTPONED, STARTED, DONE], {"done": 1}),
        ([STARTED, Event(EventKind.NOTICE, 102.0, text="read this")], {"running": 1}),
        ([STARTED, Event(EventKind.HEARTBEAT, 102.0, X, beat=Beat())], {"running": 1}),
        ([DONE, Event(EventKind.HEARTBEAT, 102.0, X, beat=Beat())], {"done": 1}),
        ([STARTED, Event(EventKind.JOB_INTERRUPTED, 102.0, X)], {"interrupted": 1}),
        ([Event(EventKind.JOB_INTERRUPTED, 102.0, X)], {"interrupted": 1}),
    ],
)
def test_each_story_of_a_job_leaves_the_right_counts(events, counts):
    """Whatever is told of one of ten jobs, it is counted once, where it is; attempts that are repeated fail nothing."""
    view = fold(start(), *events)
    told = {state.value: count for state, count in view.counts().items()} | {"retried": view.retried}
    waiting = told.pop("waiting")
    assert {word: count for word, count in told.items() if count} == counts
    assert waiting == 10 - sum(count for word, count in counts.items() if word != "retried")


def test_running_jobs_have_their_newest_beat():
    """A running job has its worker, its start and its newest beat, and is gone when it ended."""
    old, new = Beat(progress="epoch 1/2"), Beat("m.py:3 in f", "epoch 2/2", "loss 0.1", 99.0, 1 << 20, frozen=True)
    view = fold(start(), STARTED)
    assert view.running == {X: RunningJob(X, "f", 101.0, heard_at=101.0, worker="w1")}
    for at, beat in ((102.0, old), (103.0, new)):
        view.apply(Event(EventKind.HEARTBEAT, at, X, beat=beat))
    assert view.running == {X: RunningJob(X, "f", 101.0, heard_at=103.0, worker="w1", beat=new)}
    view.apply(DONE)
    assert not view.running


def test_a_new_attempt_knows_nothing_of_the_one_before():
    """After a retry the job has the start of the new attempt and no beat."""
    view = fold(start(), STARTED, Event(EventKind.HEARTBEAT, 101.5, X, beat=Beat(progress="epoch 2/2")), RETRIED)
    view.apply(Event(EventKind.JOB_STARTED, 110.0, X, "f", worker="w2"))
    assert view.running == {X: RunningJob(X, "f", 110.0, heard_at=110.0, worker="w2")}


def test_a_job_is_silent_when_no_beat_came_for_five_seconds():
    """Silence is the age of the last sign of life; the driver's own process gives none, so its jobs are not silent."""
    job = RunningJob(X, "f", 100.0, heard_at=110.0, worker="w1")
    assert [job.silent_s(now) for now in (109.0, 114.9, 115.0, 122.0)] == [0.0, 0.0, 5.0, 12.0]
    assert job._replace(worker="").silent_s(999.0) == 0.0


def test_the_job_that_started_first_is_the_longest_running():
    """Also when starts are told in another order."""
    starts = [Event(EventKind.JOB_STARTED, at, JobId(name), "f") for name, at in (("b", 3.0), ("c", 9.0), ("a", 1.0))]
    assert [job.job_id for job in fold(start(), *starts).longest_running] == ["a", "b", "c"]


def test_a_worker_runs_one_job():
    """Ends are told once they are committed: until then only the job that began last on each worker runs."""
    began = [("a", "w1"), ("b", "w2"), ("c", "w1"), ("d", "w1")]
    view = fold(start(), *(Event(EventKind.JOB_STARTED, 101.0, JobId(name), "f", worker=w) for name, w in began))
    assert sorted(view.running) == ["b", "d"]
    ends = [Event(EventKind.JOB_DONE, 102.0, JobId(name), "f", worker="w1") for name in "ac"]
    for event in ends:
        view.apply(event)
    assert (sorted(view.running), view.done, view.waiting) == (["b", "d"], 2, 6)


def test_an_attempt_on_another_worker_goes_on_when_the_first_worker_has_a_new_job():
    """A job that was given to another worker does not run on the one that it had before."""
    events = [STARTED, RETRIED, STARTED, Event(EventKind.JOB_STARTED, 103.0, JobId("y"), "f", worker="w1")]
    events[2] = Event(EventKind.JOB_STARTED, 102.5, X, "f", worker="w2")
    assert sorted(fold(start(), *events).running) == sorted([X, "y"])


def test_retries_are_grouped_apart_from_failures():
    """Attempts that were repeated have groups of their own; jobs that were retried count once each."""
    view = fold(start(), RETRIED, RETRIED, FAILED)
    assert [(group.count, group.job_ids) for group in view.retries] == [(2, [X, X])]
    assert [group.count for group in view.failures] == [1]
    assert (view.retried, view.failed, view.last_retry.count) == (1, 1, 2)


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
    assert fold(start(), RETRIED, start()).retried == 0


@pytest.mark.parametrize("kind", list(EventKind))
def test_events_about_unknown_jobs_do_no_harm(kind):
    """A viewer that came late folds what it did not see the start of."""
    fold(Event(kind, 1.0, X))
