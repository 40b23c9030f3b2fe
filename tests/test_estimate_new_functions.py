"""When a make will end of whose functions some never ran: what their running jobs tell, by their age or in words."""

from run_events import T
from simulated_makes import MEANS_S, floors_s, long_jobs, looks, simulated_make
from test_estimate import ended, run, singles, started, table

from compmake.channel import Event, EventKind
from compmake.job import Beat, JobId
from compmake.job_table import JobTable


def told(job_id, at, share):
    return Event(EventKind.HEARTBEAT, T + at, JobId(job_id), beat=Beat(share=share))


def with_new(known, new, usual_s, needs=()):
    """Return a table of jobs of the function `f` that take `usual_s`, and of some of `g` that never ran."""
    ids = [JobId(f"j{n}") for n in range(known)] + [JobId(f"new{n}") for n in range(new)]
    return JobTable(
        ids,
        ["f"] * known + ["g"] * new,
        [()] * known + [needs] * new,
        [usual_s] * known + [None] * new,
        [1.0] * len(ids),
    )


def test_the_age_of_a_job_of_a_new_function_counts_for_those_that_wait():
    """Four that wait take as long as the two that run have taken by now, whatever all others take."""
    running = [started("new0"), started("new1", worker="w2")]
    found = run(with_new(5_000, 6, 0.01), *running, workers=2).estimate(T + 20)
    assert found.reason == "at least" and 40 < found.left_s < 120


def test_one_job_of_a_new_function_at_the_end_makes_it_a_lower_bound():
    """It may take longer than all others together: what is left is as little known as that one job."""
    jobs = with_new(40, 1, 1.0, range(40))
    found = run(jobs, *(ended(f"j{n}", n + 1, 1.0) for n in range(35))).estimate(T + 35)
    assert found.reason == "at least" and 3 < found.left_s <= 6


def test_few_short_jobs_of_a_new_function_do_not_keep_the_number_away():
    """They are expected to take what others take, and little depends on them."""
    assert run(with_new(100, 2, 1.0)).estimate(T).reason == ""


def test_the_first_of_a_new_function_to_end_do_not_tell_how_much_its_jobs_differ():
    """One ended after 130 s and 15 still run after 180 s: the others take some 300 s, not hours."""
    begun = [started(f"j{n}", worker=f"w{n}") for n in range(16)]
    found = run(table(singles(24), None), *begun, ended("j0", 130, 130.0), workers=16).estimate(T + 180)
    assert 300 < found.left_s < 1500


def test_a_function_that_became_slower_is_not_taken_for_a_slow_run():
    """Of two functions the one that is farther from how runs usually are has changed; a third goes as before."""
    names = ["f"] * 20 + ["g"] * 20 + ["h"] * 20
    ids = [JobId(f"j{n}") for n in range(60)]
    jobs = JobTable(ids, names, [()] * 60, [10.0] * 60, [60.0 - n for n in range(60)])
    found = run(jobs, *(ended(f"j{n}", n, 10.0 if n < 20 else 20.0) for n in range(40))).estimate(T + 40)
    assert found.speed < 1.1 and 180 < found.left_s < 230


def test_what_a_running_job_tells_is_believed_where_nothing_else_is_known():
    """A quarter was over after 10 s, and 30 s are left; without a word there is no number."""
    silent = run(table(singles(1), None), started("j0"))
    assert silent.estimate(T + 10).reason == "no history"
    found = run(table(singles(1), None), started("j0"), told("j0", 0, 0.0), told("j0", 10, 0.25)).estimate(T + 10)
    assert found.reason == "" and 22 < found.left_s < 40


def test_what_a_running_job_tells_counts_more_than_what_other_functions_take():
    """All others took 0.3 s; of one a third was over after 10 s, and 20 s are left."""
    others = [ended(f"j{n}", 1, 0.3) for n in range(40)]
    begun = [started("new0", worker="w2"), told("new0", 0, 0.0), told("new0", 10, 1 / 3)]
    assert run(with_new(40, 1, None), *others, *begun, workers=2).estimate(T + 10).left_s > 16


def test_those_that_wait_are_expected_to_take_what_a_running_one_tells():
    """Its siblings of a new function."""
    begun = [started("j0"), told("j0", 0, 0.0), told("j0", 20, 0.5)]
    assert 90 < run(table(singles(4), None), *begun).estimate(T + 20).left_s < 190


def test_what_a_job_tells_counts_the_more_the_further_it_is():
    """Against 10 s that it took last time: of a tenth told after 9 s little is believed, of nine tenths nearly all."""
    early = run(table(singles(1)), started("j0"), told("j0", 0, 0.0), told("j0", 9, 0.1)).estimate(T + 9)
    late = run(table(singles(1)), started("j0"), told("j0", 0, 0.0), told("j0", 90, 0.9)).estimate(T + 90)
    assert early.left_s < 30 and 5 < late.left_s < 13


def test_loops_that_begin_again_are_not_believed():
    """The first loop was not the whole job; then what is usual counts, as if nothing had been told."""
    again = [told("j0", 0, 0.0), told("j0", 2, 0.9), told("j0", 3, 0.1), told("j0", 4, 0.8)]
    with_words = run(table(singles(1)), started("j0"), *again).estimate(T + 4)
    assert with_words.left_s == run(table(singles(1)), started("j0")).estimate(T + 4).left_s


def test_a_loop_that_is_over_early_does_not_end_the_job():
    """All of it was told after 1 s, and the job goes on: more and more of what is usual is expected."""
    begun = [started("j0"), told("j0", 0, 0.0), told("j0", 1, 1.0)]
    assert run(table(singles(1), 100.0), *begun).estimate(T + 1.1).left_s < 10
    assert run(table(singles(1), 100.0), *begun).estimate(T + 20).left_s > 50


def test_words_that_proved_wrong_count_less_for_the_next_job():
    """Two jobs went on for long when half of their loop took 1 s; the third one's word is doubted."""

    def half(job_id, at):
        return [started(job_id, at), told(job_id, at, 0.0), told(job_id, at + 1, 0.5)]

    first = run(table(singles(3), 20.0), *half("j0", 0)).estimate(T + 1).left_s
    wrong = [*half("j0", 0), ended("j0", 20, 20.0), *half("j1", 20), ended("j1", 40, 20.0), *half("j2", 40)]
    third = run(table(singles(3), 20.0), *wrong).estimate(T + 41).left_s
    assert first < 52 and third > 12


def test_beats_that_say_nothing_do_no_harm():
    """No total, all at once, nothing at all, of a job that is over."""
    words = [told("j0", 0, None), told("j0", 0, 1.0), told("j0", 0, 0.0), told("x", 0, 0.5), told("j1", 5, 0.5)]
    assert 5 < run(table(singles(1)), started("j0"), *words).estimate(T).left_s < 15


def test_progress_halves_the_error_of_few_long_jobs():
    """Of a function that never ran; half-way nobody could do much better who knows all but what will be drawn."""
    errors = {}
    for telling in ((), ("fit",)):
        makes = [simulated_make(long_jobs(), seed=seed, without_past=MEANS_S, telling=telling) for seed in range(8)]
        found = [looks(make, (0.8,))[0] for make in makes]
        errors[telling] = sum(abs(one.left_s - truth_s) / truth_s for one, truth_s in found) / len(found)
        floor = sum(abs(floors_s(make, (0.8,))[0] - 0.2 * make.took_s) / (0.2 * make.took_s) for make in makes)
    assert errors[("fit",)] < 0.5 * errors[()] and errors[("fit",)] < floor / len(makes)
