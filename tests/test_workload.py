"""How much of a make is done: by work, not by the number of jobs."""

import copy

import pytest
from graphs import job
from run_events import T, begin, done, failed, start

from compmake.channel import Event, EventKind, FunctionNews
from compmake.durations import Durations
from compmake.graph import Graph
from compmake.job import JobId, Promise
from compmake.job_table import JobTable
from compmake.news import function_news
from compmake.ui.view import View
from compmake.wanted_jobs import table_of


def fold(*events):
    view = View()
    for event in events:
        view.apply(event)
    return view


def ended(function, wall_s, number):
    return Event(EventKind.JOB_DONE, T, JobId(f"{function}-{number}"), function, wall_s=wall_s)


def test_long_jobs_count_more_than_short_ones():
    """Of 90 jobs of 1 s and 10 of 91 s, the short ones are a tenth of the work."""
    view = fold(start(100, functions=(FunctionNews("short", 90, 1.0), FunctionNews("long", 10, 91.0))))
    for number in range(90):
        view.apply(ended("short", 1.0, number))
    assert view.work_fraction(T) == pytest.approx(90 / 1000)


def test_what_was_up_to_date_is_no_work():
    """A make of 1,000 jobs of which two must run begins with nothing done, and one of them is half of it."""
    events = [start(1000, functions=(FunctionNews("train", 2, 5.0),)), Event(EventKind.UP_TO_DATE, T, count=998)]
    assert fold(*events).work_fraction(T) == 0.0
    assert fold(*events, done("a")).work_fraction(T) == 0.5


def test_a_running_job_counts_for_as_long_as_usual():
    """Of two jobs of 10 s one that runs for 5 s is a quarter; for 60 s it is a half, for it may take much longer."""
    view = fold(start(2, workers=1, functions=(FunctionNews("train", 2, 10.0),)), begin("a"))
    assert [view.work_fraction(T + age_s) for age_s in (0, 5, 60)] == [0.0, 0.25, 0.5]


def test_a_function_that_never_ran_is_measured_in_this_run():
    """As soon as one job of it was done its duration is the usual one."""
    view = fold(start(3, workers=1, functions=(FunctionNews("train", 3),)), begin("a"))
    assert view.usual_s("train") is None
    view.apply(done("a"))
    assert view.usual_s("train") == 41.0


def test_what_is_usual_for_a_job_is_what_it_took_itself():
    """Else what jobs of its function take."""
    table = JobTable([JobId("a"), JobId("b")], ["train"] * 2, [(), ()], [3.0, None], [0.0] * 2)
    told = Event(EventKind.JOBS, T, table=table)
    view = fold(start(2, functions=(FunctionNews("train", 2, 10.0),)), begin("a"), begin("b"))
    assert [view.job_usual_s(view.running[JobId(job_id)]) for job_id in "ab"] == [10.0, 10.0]
    view.apply(told)
    assert [view.job_usual_s(view.running[JobId(job_id)]) for job_id in "ab"] == [3.0, 10.0]


def test_a_view_can_be_copied_when_the_table_of_jobs_was_told():
    """As for a screen that shows a make from its middle on; the table works out its columns when it is asked."""
    graph = Graph({"a": job("a", ["b"])._replace(args=(Promise(JobId("b")),)), "b": job("b")})
    view = fold(
        start(2), Event(EventKind.JOBS, T, table=table_of(graph, ["a", "b"], {}, Durations({}, {}))), begin("a")
    )
    assert copy.deepcopy(view).job_usual_s(view.running[JobId("a")]) is None


def test_without_news_of_functions_jobs_count_alike():
    """Whoever tells only how many jobs there are gets a share of their number."""
    view = fold(start(4), done("a"), failed("b"))
    assert view.work_fraction(T) == 0.5


def test_before_anything_was_measured_running_jobs_are_no_part_of_what_is_done():
    """Nobody knows how far they are."""
    view = fold(start(4, functions=(FunctionNews("train", 4),)), begin("a"))
    assert view.work_fraction(T + 60) == 0.0


def test_blocked_jobs_are_no_work_any_more():
    """When a failure blocks all others, what runs is all that is left."""
    view = fold(start(10, functions=(FunctionNews("train", 10, 10.0),)), failed("a"))
    view.apply(Event(EventKind.BLOCKED, T, JobId("a"), count=8))
    assert view.work_fraction(T) == 0.5
    view.apply(done("b"))
    assert view.work_fraction(T) == 1.0


def test_a_make_of_nothing_is_done():
    """No job, no work."""
    assert fold(start(0)).work_fraction(T) == 1.0


def test_functions_are_told_with_the_mean_of_their_jobs():
    """Each job counts with its own last duration, a new one with what is usual for its function."""

    attempts = [(JobId("a"), "mod:f", 4.0, True), (JobId("b"), "mod:f", 8.0, True)]
    jobs = [job("a"), job("b"), job("c"), job("d", function="mod:g")]
    graph = Graph({job.job_id: job for job in jobs})
    news = function_news(graph, [JobId(name) for name in "acd"], Durations.from_attempts(attempts))
    assert news == (FunctionNews("f", 2, 5.0), FunctionNews("g", 1, None))
