"""What the dashboard knows: folds of events, without a screen."""

import re

from dashboard_scenes import FAILURE, Watching, beat, begun, ended, event, opening, story, table
from run_events import T, end

from compmake.channel import Event, EventKind
from compmake.job import JobId
from compmake.job_table import JobTable
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.states import State
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.dashboard.panes.timeline import rows_of, timeline_lines
from compmake.ui.text import Style


def state_of(watching, job_id):
    return watching.board.jobs.state(watching.board.jobs.number(JobId(job_id)))


def states(watching, *job_ids):
    return [state_of(watching, job_id) for job_id in job_ids]


def worker_of(watching, name):
    return next(worker for worker in watching.board.workers.all() if worker.name == name)


def test_the_table_tells_what_is_ready():
    """Before anything is heard jobs are up to date, ready if all that they need is, or waiting."""
    watching = Watching(opening())
    assert states(watching, "load-b=0", "summary-b=0") == [State.UP_TO_DATE, State.READY]
    assert states(watching, "load-b=1", "train-b=1-lr=0.0") == [State.READY, State.WAITING]


def test_a_job_that_is_done_makes_others_ready():
    """What needs nothing else any more could run now."""
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), ended("load-b=1", 4, "w1", 3.0)])
    assert states(watching, "load-b=1", "train-b=1-lr=0.0", "summary-b=1") == [State.DONE, State.READY, State.WAITING]


def test_all_that_needs_a_failed_job_is_blocked():
    """Near and far dependents are, their neighbours are not."""
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), ended("load-b=1", 4, "w1", 3.0, fails=True)])
    blocked = ["train-b=1-lr=0.0", "evaluate-b=1-lr=0.4", "summary-b=1", "report"]
    assert states(watching, *blocked) == [State.BLOCKED] * 4
    assert watching.board.jobs.failures["load-b=1"] == FAILURE
    assert state_of(watching, "load-b=2") is State.READY


def test_counts_always_add_up():
    """Whatever is told, each job is in one state, and the tallies of the functions say the same."""
    watching = Watching()
    for told in [*story(), end()]:
        watching.board.feed([told], told.time - T)
        jobs = watching.board.jobs
        assert sum(jobs.counts) == len(jobs)
        counted = [sum(jobs.state(number) is state for number in range(len(jobs))) for state in State]
        assert jobs.counts == counted
        if jobs.has_table:
            tallies = watching.board.functions.all()
            good = jobs.counts[State.DONE] + jobs.counts[State.UP_TO_DATE]
            assert sum(tally.done for tally in tallies) == good
            assert sum(tally.running for tally in tallies) == jobs.counts[State.RUNNING]
            assert sum(tally.failed for tally in tallies) == jobs.counts[State.FAILED]


def test_a_retried_job_waits_again_and_keeps_its_failure():
    """Between two attempts it is ready, and why the first one failed can be read."""
    told = event(EventKind.JOB_RETRIED, 4, "load-b=1", worker="w1", wall_s=3.0, count=2, failure=FAILURE)
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), told])
    assert state_of(watching, "load-b=1") is State.READY
    assert "load-b=1" in watching.board.jobs.failures


def test_an_attempt_whose_beginning_was_not_told_began_its_time_ago():
    """Short attempts are told only when they end, also after another attempt that was told of."""
    again = event(EventKind.JOB_RETRIED, 4, "load-b=1", worker="w1", wall_s=3.0, count=2, failure=FAILURE)
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), again, ended("load-b=1", 9, "w2", 0.5)])
    attempt = watching.board.jobs.attempt(watching.board.jobs.number("load-b=1"))
    assert (attempt.started_at, attempt.ended_at, attempt.worker) == (T + 8.5, T + 9, "w2")


def test_damaged_results_take_a_done_job_back():
    """A job that is begun again although it was done lets what needs it wait again."""
    events = [begun("load-b=1", 1, "w1"), ended("load-b=1", 4, "w1", 3.0), begun("train-b=1-lr=0.0", 5, "w1")]
    events += [event(EventKind.JOB_POSTPONED, 6, "train-b=1-lr=0.0", count=1), begun("load-b=1", 7, "w1")]
    watching = Watching([*opening(), *events])
    assert states(watching, "load-b=1", "train-b=1-lr=0.0") == [State.RUNNING, State.WAITING]


def test_jobs_found_up_to_date_need_not_run():
    """The job is up to date, and what needs it is ready."""
    watching = Watching([*opening(), Event(EventKind.UP_TO_DATE, T + 1, count=1, jobs=(JobId("load-b=1"),))])
    assert states(watching, "load-b=1", "train-b=1-lr=0.0") == [State.UP_TO_DATE, State.READY]


def test_the_end_leaves_nothing_running():
    """What still ran when the make ended was interrupted, and its workers are idle."""
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), end(5, "interrupted")])
    assert state_of(watching, "load-b=1") is State.INTERRUPTED
    assert worker_of(watching, "w1").job_id is None


def test_a_new_make_begins_anew():
    """Nothing of the make before is left."""
    watching = Watching([*story(), Event(EventKind.RUN_STARTED, T + 100, count=1)])
    assert len(watching.board.jobs) == 0 and watching.listed == []
    assert watching.board.workers.all() == []


def test_without_a_table_jobs_appear_as_they_are_heard_of():
    """Old records tell no table: what runs, failed or was done is known all the same."""
    watching = Watching(story(with_table=False))
    assert state_of(watching, "train-b=1-lr=0.1") is State.FAILED
    assert state_of(watching, "train-b=1-lr=0.2") is State.RUNNING
    assert watching.listed[:3] == [f"train-b={b}-lr=0.1" for b in (5, 3, 1)]


def test_a_table_that_comes_late_changes_nothing_that_was_heard():
    """The same is known in the end, whenever the table came."""
    early, late = Watching(story()), Watching([*story(with_table=False), Event(EventKind.JOBS, T, table=table())])
    assert [late.board.jobs.state(n) for n in range(len(table()))] == [
        early.board.jobs.state(n) for n in range(len(table()))
    ]
    assert late.board.jobs.counts == early.board.jobs.counts


def test_what_a_running_job_needs_is_done():
    """Who has missed the beginning concludes it."""
    watching = Watching([*opening(), begun("train-b=3-lr=0.0", 1, "w1")])
    assert state_of(watching, "load-b=3") is State.DONE


def test_no_more_jobs_run_than_workers_have():
    """That a short job was done is told only when it is committed; its worker has long begun the next one."""
    watching = Watching([*opening(), *(begun(f"load-b={number}", number, f"w{number % 2}") for number in range(4, 12))])
    board = watching.board
    assert board.jobs.counts[State.RUNNING] == board.workers.busy == 2
    board.feed([ended("load-b=4", 13, "w0", 1.0)], 13.0)
    assert state_of(watching, "load-b=4") is State.DONE


def test_workers_that_were_replaced_are_forgotten():
    """There are never more rows than workers, however many processes there were; those that run something stay."""
    watching = Watching(opening())
    for number in range(100):
        job_id, worker = f"load-x={number}", f"w{number}"
        watching.board.feed([begun(job_id, number, worker), ended(job_id, number + 1, worker, 1.0)], number)
    watching.feed(begun("load-b=1", 100, "w3"))
    assert [worker.name for worker in watching.board.workers.all()] == ["w3", *[f"w{n}" for n in range(93, 100)]]


def test_a_worker_is_silent_by_the_age_of_its_last_beat():
    """Silence is counted from the last sign of life; a job that was just begun is not silent, nor is an idle worker."""
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), beat("load-b=1", 9)])
    worker = worker_of(watching, "w1")
    assert worker.silent_s(T + 12) == 0
    assert worker.silent_s(T + 15) == 6
    watching.feed(ended("load-b=1", 16, "w1", 15.0))
    assert worker_of(watching, "w1").silent_s(T + 60) == 0


def test_long_silence_is_an_event():
    """It is told once, and again only after the worker was heard."""
    watching = Watching([*opening(), begun("load-b=1", 1, "w1"), beat("load-b=1", 2)])
    for second in (5, 13, 14):
        watching.board.look_for_silence(T + second)
    told = [happening.text for happening in watching.board.happenings.newest(9)]
    assert [text for text in told if "silent" in text] == [
        "w1 is silent while it runs load-b=1 (rss 1.8G at the last beat)"
    ]


def test_clocks_of_two_machines_are_never_compared():
    """The driver's clock is known from the news that travelled fastest, an hour off or not."""
    board = Board()
    board.feed([Event(EventKind.RUN_STARTED, T, count=1)], heard_s=100.0)
    assert board.now(103.0) == T + 3
    board.feed([Event(EventKind.READY, T + 4.0, count=1)], heard_s=103.0)  # the first had travelled for a second
    assert board.now(103.0) == T + 4
    board.feed([Event(EventKind.READY, T + 4.5, count=1)], heard_s=120.0)  # held up on its way
    assert board.now(120.0) == T + 21


def test_short_jobs_share_a_segment_of_the_timeline():
    """Thousands of jobs of a function, one after the other, need no more memory than one."""
    watching = Watching(opening())
    for number in range(100):
        at = 1 + number / 10
        watching.board.feed([event(EventKind.JOB_DONE, at, f"load-x={number}", worker="w1", wall_s=0.1)], at)
    assert len(list(watching.board.timeline.since("w1", T))) == 1


def test_the_share_of_a_function_is_of_the_work_that_is_left():
    """A function of few long jobs counts more than one of many short ones."""
    watching = Watching(opening())
    left_s = {tally.name: tally.left_s() for tally in watching.board.functions.all()}
    assert left_s["train"] == 23 * 5 * 22 and left_s["evaluate"] == 23 * 5 * 2


def test_the_quantiles_are_of_this_make():
    """p50 is what is usual until a job was done, then what was measured."""
    watching = Watching(opening())
    tally = next(tally for tally in watching.board.functions.all() if tally.name == "load")
    assert tally.quantile_s(0.5) == 3.0
    for number in range(1, 11):
        watching.feed(ended(f"load-b={number}", number, "w1", float(number)))
    assert (tally.quantile_s(0.5), tally.quantile_s(0.9)) == (6.0, 10.0)


def test_steering_is_seen():
    """More workers and a pause are told as events, and in the header."""
    watching = Watching([*opening(), Event(EventKind.STEERED, T + 1, workers=3, text="paused")])
    assert "PAUSED" in watching.texts()[0] and "/3 workers" in watching.texts()[0]
    assert "paused" in watching.board.happenings.newest(1)[0].text


def test_the_timeline_keeps_what_replaced_workers_did():
    """In the row of the worker that came in their place, with the mark of their failure."""
    watching = Watching(
        [Event(EventKind.RUN_STARTED, T, count=9, workers=2), begun("a-1", 0, "w1"), begun("b-1", 0, "w2")]
    )
    watching.feed(ended("a-1", 20, "w1", 20, fails=True), begun("a-2", 22, "w3"))
    first, second = timeline_lines(Scene(watching.board, watching.now, Style(), watching.look, watching.about), 60, 2)
    assert re.fullmatch(r" w3 +▕a─+✘▏ *▕a─+▶", "".join(text for _, text in second))
    assert "w2" in first[0][1]


def test_a_worker_that_nobody_followed_has_a_row_of_its_own():
    """With fewer workers than before it is not forgotten at once."""
    watching = Watching(
        [Event(EventKind.RUN_STARTED, T, count=9, workers=2), begun("a-1", 0, "w1"), begun("b-1", 0, "w2")]
    )
    watching.feed(Event(EventKind.STEERED, T + 5, workers=1), ended("a-1", 20, "w1", 20), ended("b-1", 30, "w2", 30))
    watching.feed(begun("b-2", 31, "w2"))
    rows = rows_of(watching.board, T, watching.now)
    assert [(row.name, len(row.segments), row.runs) for row in rows] == [("w2", 2, True), ("w1", 1, False)]


def test_a_dead_worker_is_not_idle():
    """Also if its death is told after the beginning of its successor's first job."""
    watching = Watching([Event(EventKind.RUN_STARTED, T, count=9, workers=1), begun("a-1", 0, "w1")])
    watching.feed(begun("a-2", 21, "w2"), ended("a-1", 20, "w1", 20, fails=True))
    assert [worker.name for worker in watching.board.workers.all()] == ["w2"]
    assert [len(row.segments) for row in rows_of(watching.board, T, watching.now)] == [2]


def test_what_is_usual_of_a_new_function_is_what_its_jobs_took():
    """For those that wait too, until their own last duration is known."""
    jobs = JobTable([JobId("a"), JobId("b"), JobId("c")], ["f"] * 3, [()] * 3, [None, None, 9.0], [0.0] * 3)
    watching = Watching([Event(EventKind.RUN_STARTED, T, count=3, workers=1), Event(EventKind.JOBS, T, table=jobs)])
    assert [watching.board.usual_s(number) for number in range(3)] == [None, None, 9.0]
    watching.feed(Event(EventKind.JOB_DONE, T + 4, JobId("a"), "f", wall_s=4.0, worker="w1"))
    assert [watching.board.usual_s(number) for number in (1, 2)] == [4.0, 9.0]
