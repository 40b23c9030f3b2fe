"""What the events of a real make say of its jobs, beyond what a screen shows."""

import json

PROGRAM = """\
from compmake import comp

def first():
    return 1

def second(x):
    return x + 1

comp(second, comp(first, job_id="a"), job_id="b")
comp(second, 5, job_id="c")
"""


def events(space):
    """Return the events of a make, from its recording."""
    space.run("--record", "run.jsonl", "prog", "make")
    with open(space.path / "run.jsonl") as file:
        return [json.loads(line) for line in file][1:]


def test_all_jobs_are_told_after_the_start(space):
    """In order of definition, with what each needs, and which are up to date already."""
    space.write("prog.py", PROGRAM)
    start, jobs = events(space)[:2]
    assert (start["event"], jobs["event"]) == ("run-started", "jobs")
    assert (jobs["table"]["ids"], jobs["table"]["needs"], jobs["table"]["done"]) == (["a", "b", "c"], [[], [0], []], [])
    space.edit("prog.py", "return 1", "return 2 - 1")
    assert events(space)[1]["table"]["done"] == [2]


def test_jobs_found_up_to_date_later_are_named(space):
    """`b` need not run, as `a` was made again to an equal result: it is told by name; those of the start are not."""
    space.write("prog.py", PROGRAM)
    space.run("prog", "make")
    space.edit("prog.py", "return 1", "return 2 - 1")
    told = [(event["count"], event.get("jobs", [])) for event in events(space) if event["event"] == "up-to-date"]
    assert told == [(1, []), (1, ["b"])]
