"""`stats eta`: what was expected of past makes, against what they took."""

import json

import pytest

from compmake.foretold import Foretold, Look, foretold, past, remember
from compmake.job_table import Estimate
from compmake.store.files import FileStore
from compmake.store.memory import MemoryStore

SLEEPERS = (
    "import time\nfrom compmake import comp\ndef nap(n):\n    time.sleep(0.45)\nfor n in range(6):\n    comp(nap, n)\n"
)


def estimates(*told):
    """Return estimates of what is left, made at these seconds of a run that began at 1000."""
    return [Estimate(1000.0 + at, left_s, left_s * 0.8, left_s * 1.2, reason=reason) for at, left_s, reason in told]


def test_an_estimate_counts_until_the_next():
    """At 20, 50 and 80 % of a make the newest estimate counts, less the time since."""
    made = foretold(7, 1000.0, 100.0, estimates((0, 90, ""), (30, 60, ""), (79, 5, "")))
    assert [(look.share, look.left_s) for look in made.looks] == [(0.0, 90), (0.2, 70), (0.5, 40), (0.8, 4)]
    assert [round(made.error(look), 3) for look in made.looks] == [-0.1, -0.125, -0.2, -0.8]
    assert list(map(made.is_covered, made.looks)) == [True, True, True, False]


def test_where_there_was_no_number_nothing_counts():
    """Neither `paused` nor a lower bound is wrong or right."""
    made = foretold(7, 1000.0, 100.0, estimates((10, 90, "at least"), (40, 60, "")))
    assert [look.share for look in made.looks] == [0.5, 0.8]


def test_the_store_keeps_the_newest():
    """Two hundred makes, the newest first; what cannot be read is nothing."""
    store = MemoryStore()
    for number in range(203):
        remember(store, Foretold(number, 10.0, ()))
    assert [make.run_id for make in past(store)] == list(range(202, 2, -1))
    store.set_meta("foretold", '{"from": "the future"}')
    assert past(store) == []


def test_of_a_steered_make_only_what_was_expected_afterwards_counts():
    """There was nothing to expect of its start any more; how it was steered is kept."""
    made = foretold(7, 1000.0, 100.0, estimates((60, 30, "")), "paused, other workers")
    assert [look.share for look in made.looks] == [0.8] and made.steered == "paused, other workers"
    store = MemoryStore()
    remember(store, made)
    assert past(store) == [made]


def test_what_was_kept_before_anybody_noted_how_makes_were_steered_is_read():
    store = MemoryStore()
    store.set_meta("foretold", "[[7, 100.0, [[0.5, 50.0, 40.0, 30.0, 50.0]]]]")
    assert past(store) == [Foretold(7, 100.0, (Look(0.5, 50.0, 40.0, 30.0, 50.0),))]


def test_a_steered_make_is_listed_with_what_was_done_to_it(space):
    """And it is said what counts of it, and what stands where there was no number."""
    path = space.write("prog.py", SLEEPERS)
    assert space.run("prog", "make", "-j", "1").code == 0
    store = FileStore.open(path.parent / ".compmake" / "prog", create=False)
    try:
        remember(store, foretold(7, 1000.0, 100.0, estimates((60, 30, "")), "paused"))
    finally:
        store.close()
    lines = space.run("prog", "stats", "eta").out.splitlines()
    assert lines[1].split() == ["7", "1m40s", "–", "–", "–", "-50%!", "paused"]
    assert "Of a make that was steered" in " ".join(lines) and "– where there was no number" in " ".join(lines)


def test_a_make_that_ended_of_itself_is_looked_at(space):
    """Its estimates are kept; one that failed early or took less than 2 seconds has none."""
    space.write("prog.py", SLEEPERS)
    assert "Nothing is known yet" in space.run("prog", "stats", "eta").out
    assert space.run("prog", "make", "-j", "1").code == 0
    assert space.run("prog", "remake", "nap()", "-y", "-j", "1").code == 0
    lines = space.run("prog", "stats", "eta").out.splitlines()
    assert lines[0].split("  ")[0] == "run" and lines[1].lstrip().startswith("2 ")
    assert "of a make that was steered" not in " ".join(lines).lower()
    makes = [json.loads(line) for line in space.run("prog", "stats", "eta", "--json").out.splitlines()]
    assert makes[0]["took_s"] > 2.5 and [look["share"] for look in makes[0]["looks"]] == [0.0, 0.2, 0.5, 0.8]
    assert all(abs(look["left_s"] - look["truth_s"]) < 1.0 for look in makes[0]["looks"])


def test_a_job_named_eta_is_counted_as_others_are(space):
    """The word means the job where there is one."""
    space.write("prog.py", "from compmake import comp\ncomp(pow, 2, 3, job_id='eta')\n")
    assert "1 job" in space.run("prog", "stats", "eta").out


@pytest.mark.parametrize("text", ["[[1]]", "null", "[[1, 2, [[1]]]]"])
def test_notes_that_make_no_sense_are_no_error(text):
    store = MemoryStore()
    store.set_meta("foretold", text)
    assert past(store) == []
