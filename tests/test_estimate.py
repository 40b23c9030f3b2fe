"""When a make will end, folded from its table and its events."""

import pytest
from run_events import T
from simulated_makes import GRAPHS, SHARES, looks, simulated_make

from compmake.channel import Event, EventKind
from compmake.estimate import Estimator
from compmake.job import Failure, JobId
from compmake.job_table import JobTable


def table(needs, usual_s=10.0, **fields):
    """Return a table of jobs of the function `f`, from id -> ids that it needs."""
    ids = list(needs)
    numbers = {job_id: number for number, job_id in enumerate(ids)}
    depth = [0.0] * len(ids)
    for job_id in reversed(ids):
        for one in needs[job_id]:
            depth[numbers[one]] = max(depth[numbers[one]], depth[numbers[job_id]] + 1)
    edges = [[numbers[one] for one in needs[job_id]] for job_id in ids]
    return JobTable(ids, ["f"] * len(ids), edges, [usual_s] * len(ids), depth, **fields)


def singles(count):
    return {f"j{number}": [] for number in range(count)}


def started(job_id, at=0.0, worker="w1"):
    return Event(EventKind.JOB_STARTED, T + at, JobId(job_id), "f", worker=worker)


def ended(job_id, at, wall_s, kind=EventKind.JOB_DONE, **fields):
    return Event(kind, T + at, JobId(job_id), "f", wall_s=wall_s, **fields)


def run(jobs, *events, workers=1):
    estimator = Estimator(jobs, workers)
    for event in (Event(EventKind.RUN_STARTED, T, count=len(jobs), workers=workers), *events):
        estimator.apply(event)
    return estimator


def left_s(estimator, at=0.0):
    return estimator.estimate(T + at).left_s


def about(seconds):
    return pytest.approx(seconds, rel=0.1)


def test_work_is_shared_by_the_workers():
    """Ten jobs of 10 s take 50 s with two workers; the range holds the truth and is no wider than half of that."""
    found = run(table(singles(10)), workers=2).estimate(T)
    assert found.left_s == pytest.approx(50, rel=0.2)
    assert 25 < found.low_s < found.left_s < found.high_s < 90


def test_a_chain_takes_its_length_however_many_workers_there_are():
    """What cannot be done at once is not; the longest chain is told."""
    found = run(table({"a": [], "b": "a", "c": "b", "d": []}), workers=8).estimate(T)
    assert found.left_s == about(30) and found.critical_s == about(30)


def test_a_running_job_has_less_left_as_it_ages():
    """What it took so far is not expected again."""
    estimator = run(table(singles(1)), started("j0"))
    assert left_s(estimator, 7) == pytest.approx(3, rel=0.5) and left_s(estimator, 0) == about(10)


def test_an_overdue_job_is_expected_to_take_a_quarter_of_its_age_more():
    """Nobody knows when it ends, but the estimate neither falls to nothing nor stays where it was."""
    estimator = run(table(singles(1)), started("j0"))
    assert 5 < left_s(estimator, 60) < 30


def test_a_slow_run_is_noticed():
    """When ten jobs took twice as long as usual the others are expected to."""
    events = [ended(f"j{number}", 20 * (number + 1), 20.0) for number in range(10)]
    found = run(table(singles(20)), *events).estimate(T + 200)
    assert found.left_s == pytest.approx(200, rel=0.15) and found.speed > 1.3


def test_jobs_that_go_on_running_count_against_those_that_ended_soon():
    """The first to end are the short ones; the others, still running, keep the estimate from taking that for speed."""
    past = tuple(2.0 * number for number in range(1, 21))  # 2 to 40 s
    jobs = table(singles(100), 20.0, first_time=range(100), spreads={"f": past})
    begun = [started(f"j{number}", worker=f"w{number}") for number in range(20)]
    short = [ended(f"j{number}", past[number], past[number]) for number in range(5)]
    naive = sum(past[:5]) / 5 / 20.0
    found = run(jobs, *begun, *short, workers=20).estimate(T + 11)
    assert naive < 0.4 and 0.75 < found.speed < 1.1


def test_a_failed_job_and_all_that_needs_it_leave_no_work():
    """They will not be made in this run."""
    jobs = table({"a": [], "b": "a", "c": "b", "d": []})
    assert left_s(run(jobs, ended("a", 5, 5.0, EventKind.JOB_FAILED, failure=Failure("E", ""))), 5) == about(10)


def test_an_attempt_that_is_repeated_leaves_the_whole_job():
    """Also when its worker had begun another job before that was told."""
    again = ended("j0", 9, 9.0, EventKind.JOB_RETRIED, count=1)
    assert left_s(run(table(singles(2)), started("j0"), started("j1", 9), again), 9) == about(20)


def test_jobs_found_up_to_date_leave_no_work():
    """At the start and later."""
    found = Event(EventKind.UP_TO_DATE, T, count=2, jobs=(JobId("j3"), JobId("j4")))
    assert left_s(run(table(singles(5), done=[0]), found)) == about(20)


def test_what_ended_is_known_before_it_is_told():
    """A worker that began another job has ended the one before, which is told when it is committed."""
    assert left_s(run(table(singles(2)), started("j0"), started("j1", 10)), 10) == about(10)


def test_more_workers_end_sooner():
    """The number is that of now, not of the start."""
    estimator = run(table(singles(40)))
    before_s = left_s(estimator)
    estimator.apply(Event(EventKind.STEERED, T, workers=4))
    assert left_s(estimator) == pytest.approx(before_s / 4, rel=0.1)


def test_there_is_a_reason_instead_of_a_number():
    """Nothing honest can be said while no job starts, or as long as no job of any function ever succeeded."""
    estimator = run(table(singles(4)))
    estimator.apply(Event(EventKind.STEERED, T, workers=2, text="paused"))
    assert estimator.estimate(T)[1:6] == (None, None, None, None, "paused")
    estimator.apply(Event(EventKind.STEERED, T, workers=0))
    assert (left_s(estimator), estimator.estimate(T).reason) == (None, "no workers")
    estimator.apply(Event(EventKind.STEERED, T, workers=1))
    assert estimator.estimate(T).reason == ""
    new = run(table(singles(4), None), started("j0"))
    assert (left_s(new, 5), new.estimate(T + 5).reason) == (None, "no history")


def test_the_jobs_of_this_run_tell_of_a_new_function():
    """As soon as one has succeeded there is an estimate, with a wide range."""
    new = run(table(singles(11), None), started("j0"), ended("j0", 20, 20.0))
    found = new.estimate(T + 20)
    assert found.reason == "" and 100 < found.left_s < 400 and found.high_s > 1.5 * found.left_s


def test_much_unknown_work_makes_it_a_lower_bound():
    """What is known of the rest takes that long in nine of ten makes."""
    known, new = table(singles(4)), table({f"new{number}": [] for number in range(4)}, None)
    both = JobTable([*known.ids, *new.ids], ["f"] * 4 + ["g"] * 4, [()] * 8, [*known.usual_s, *new.usual_s], [0.0] * 8)
    found = run(both, ended("j0", 10, 10.0)).estimate(T + 10)
    assert found.reason == "at least" and 20 < found.left_s < 30


def test_nothing_left_takes_no_time():
    assert run(table(singles(1)), ended("j0", 10, 10.0)).estimate(T + 10)[1:4] == (0.0, 0.0, 0.0)


def test_events_of_unknown_jobs_do_no_harm():
    kinds = [started("x"), *(ended("x", 1, 1.0, kind) for kind in EventKind if kind is not EventKind.RUN_STARTED)]
    assert left_s(run(table(singles(1)), *kinds[:-1], Event(EventKind.STEERED, T, workers=1))) == about(10)


def many(**fields):
    """Return more jobs than are simulated: one, all that need it, and one beside them."""
    return table({"bad": [], **{f"after{number}": ["bad"] for number in range(25_000)}, "good": []}, 1.0, **fields)


def test_of_very_many_jobs_those_that_a_failure_blocks_are_no_work():
    """Neither once it failed, nor mostly if it failed when it was tried last."""
    assert left_s(run(many())) == about(25_002)
    failed = ended("bad", 1, 1.0, EventKind.JOB_FAILED, failure=Failure("E", ""))
    assert left_s(run(many(), failed), 1) == about(1)
    assert left_s(run(many(failed=[0]))) == about(2 + 0.3 * 25_000)


@pytest.mark.parametrize(("workers", "text", "reason"), [(2, "paused", "paused"), (0, "", "no workers")])
def test_very_many_jobs_end_nowhen_while_none_is_started(workers, text, reason):
    found = run(many(), Event(EventKind.STEERED, T, workers=workers, text=text)).estimate(T)
    assert (found.left_s, found.reason) == (None, reason)


def test_very_many_jobs_are_bounded_not_simulated():
    """The end is between the bounds of any schedule that leaves no worker idle."""
    needs = {f"j{number}": [f"j{number - 1}"] if number % 5 else [] for number in range(30_000)}
    found = run(table(needs, 1.0), workers=10).estimate(T)
    assert found.left_s == pytest.approx(3000, rel=0.05) and found.low_s < 3000 < found.high_s


def test_an_estimate_does_not_jump_from_one_look_to_the_next():
    """Looking twice with nothing new gives the same end, to within the time between."""
    estimator = run(table(singles(50)), started("j0"), workers=4)
    assert left_s(estimator, 0.1) - left_s(estimator, 0.6) == pytest.approx(0.5, abs=1.0)


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_end_is_foreseen(graph):
    """Over graphs of several forms, runs faster and slower than before, and jobs known and new.

    The mean error at 20, 50 and 80 % of the run is at most 10, 10 and 15 %, and the range holds the truth in 80 %.
    """
    makes = [simulated_make(GRAPHS[graph](), seed=seed, known=(1.0, 1.0, 0.9)[seed % 3]) for seed in range(9)]
    found = [looks(make) for make in makes]
    for at, most in zip(range(len(SHARES)), (0.10, 0.10, 0.15), strict=True):
        errors = [abs(estimate.left_s - truth_s) / truth_s for estimate, truth_s in (row[at] for row in found)]
        assert sum(errors) / len(errors) <= most
    covered = [estimate.low_s <= truth_s <= estimate.high_s for row in found for estimate, truth_s in row]
    assert sum(covered) >= 0.8 * len(covered)


def test_a_job_that_failed_last_time_probably_fails_again():
    """What needs it is not counted upon in most of what is simulated, so the end comes sooner."""
    needs = {"bad": [], **{f"after{number}": ["bad"] for number in range(10)}, "good": []}
    certain_s, doubtful_s = left_s(run(table(needs))), left_s(run(table(needs, failed=[0])))
    assert certain_s == pytest.approx(120, rel=0.1) and doubtful_s < 0.6 * certain_s
