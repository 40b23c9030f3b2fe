"""Calls that were sent ahead to a worker: they run once, wherever, and their outputs never mix."""

import re
from collections import Counter

import pytest
from bad_jobs import make_program


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """200 short jobs; the 100th kills its worker, the 150th writes garbage into its sockets."""
    return make_program(tmp_path_factory.mktemp("ahead"), "ahead", "parmake", "n=2")


def test_a_worker_killed_with_calls_sent_ahead_loses_none_of_them(made):
    """The job that did it failed; all others are done, each ran exactly once, and so did the one that failed."""
    assert {job for job, state in made.states.items() if state != "done"} == {"short-100"}
    assert made.failure("short-100")[0] == "Killed"
    assert [int(line.split()[0]) for line in made.noted] == list(range(200))


def test_calls_were_sent_ahead_and_garbage_ended_no_worker(made):
    """At most three workers did it all: two, and one for the one that was killed."""
    by_worker = Counter(line.split()[-1] for line in made.noted)
    assert 2 <= len(by_worker) <= 3


def test_outputs_never_mix(made):
    """What Python, C and the job itself wrote into the descriptor is the output of the job that did, all of it."""
    for number in set(range(200)) - {100}:
        expected = [f"python {number}", f"C {number}"] + [f"descriptor {number}"] * (number % 50 == 20)
        assert sorted(made.details[f"short-{number}"]["output_text"].splitlines()) == sorted(expected)


def test_what_was_printed_before_a_death_is_kept(made):
    """Of the job that was killed what had reached the descriptor, and nothing of those before it."""
    assert made.details["short-100"]["output_text"].splitlines()[-1] == "last words"
    assert set(re.findall(r"\d+", made.details["short-100"]["output_text"])) <= {"100"}
