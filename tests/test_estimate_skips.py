"""When a make will end some of whose jobs perhaps need not run: what they need may come out as it was."""

import pytest
from run_events import T
from simulated_makes import GRAPHS, looks, simulated_make

from compmake.channel import Event, EventKind
from compmake.estimate import MOST_SIMULATED, Estimator
from compmake.job import JobId
from compmake.job_table import JobTable


def estimator(fits=10, may_run=10):
    """Return one for jobs of 10 s: so many of `fit` that run, and so many of `report` that perhaps need not."""
    ids = [JobId(f"fit-{n}") for n in range(fits)] + [JobId(f"report-{n}") for n in range(may_run)]
    needs = [()] * fits + [(n % fits,) for n in range(may_run)]
    functions = ["fit"] * fits + ["report"] * may_run
    priorities = [2.0] * fits + [1.0] * may_run
    jobs = JobTable(ids, functions, needs, [10.0] * len(ids), priorities, may_run=range(fits, fits + may_run))
    return Estimator(jobs)


def fit_done(of, number):
    of.apply(Event(EventKind.JOB_DONE, T + number, JobId(f"fit-{number}"), "fit", wall_s=10.0, worker="w1"))


@pytest.mark.parametrize("count", [10, MOST_SIMULATED])
def test_the_range_holds_both_that_they_run_and_that_they_do_not(count):
    """Simulated or bounded: before anything is seen the end is between the two."""
    found = estimator(count, count).estimate(T)
    assert found.low_s < 1.1 * 10 * count and 0.9 * 20 * count < found.high_s
    assert 10 * count < found.left_s < 20 * count


def test_those_found_up_to_date_tell_of_the_others():
    """After some of a function need not run the rest hardly counts."""
    of = estimator()
    for number in range(5):
        fit_done(of, number)
        of.apply(Event(EventKind.UP_TO_DATE, T + number, count=1, jobs=(JobId(f"report-{number}"),)))
    assert of.estimate(T + 5).left_s == pytest.approx(55, rel=0.15)


def test_those_that_run_tell_of_the_others():
    """After some of a function had to run the rest counts in full."""
    of = estimator()
    for number in range(5):
        fit_done(of, number)
        of.apply(Event(EventKind.JOB_DONE, T + number, JobId(f"report-{number}"), "report", wall_s=10.0, worker="w1"))
    assert of.estimate(T + 5).left_s == pytest.approx(95, rel=0.15)


@pytest.mark.parametrize("same", [False, True])
@pytest.mark.parametrize("graph", GRAPHS)
def test_after_an_edit_the_range_holds_the_end(graph, same):
    """Whether results come out as they were or not, nine times in ten, also while nobody knows yet."""
    edited = ("train", "work", "step1", "step3")
    makes = [simulated_make(GRAPHS[graph](), seed=seed, edited=edited, same=same) for seed in range(8)]
    found = [look for make in makes for look in looks(make)]
    assert sum(estimate.low_s <= truth_s <= estimate.high_s for estimate, truth_s in found) >= 0.9 * len(found)
