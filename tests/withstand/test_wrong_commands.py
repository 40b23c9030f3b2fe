"""A command that is wrong is told before anything is done: what is wrong, and what was probably meant."""

import pytest
from spaces import Space
from withstanding import assert_told


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A program with two jobs, never made."""
    space = Space(tmp_path_factory.mktemp("commands"))
    space.write("prog.py", "from compmake import comp\nfrom ledger import note\nfor i in 1, 2: comp(note, 'x')\n")
    return space


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("mkae",), ("'mkae'", "make")),
        (("make", "--inlin"), ("--inlin",)),
        (("make", "-z"), ("-z", "make")),
        (("--bogus", "make"), ("--bogus", "--help")),
        (("make", "notee"), ("notee", "note")),
        (("make", "note-7*"), ("note-7*",)),
        (("make", "nothing()"), ("nothing()",)),
        (("make", "not"), ("not",)),
        (("make", "(note"), (")",)),
        (("make", "todo", "in"), ("in",)),
        (("why", "--json=3"), ("--json",)),
        (("-c", 'make "note'), ('"', "quote")),
        (("-c", "ls |"), ("|",)),
        (("--config", "keep=many", "make"), ("keep", "many", "number")),
        (("--config", "keep=-1", "make"), ("keep", "-1")),
        (("--config", "colour=1", "make"), ("colour", "color")),
        (("--ui", "loud", "make"), ("ui", "loud", "quiet")),
        (("dump", "note", "dir"), ("dir",)),
        (("details",), ("details",)),
        (("details", "note", "note-2"), ("2 jobs", "one")),
        (("remake",), ("remake",)),
        (("help", "mkae"), ("mkae", "make")),
    ],
)
def test_a_mistake_in_a_command_is_named_and_nothing_is_done(place, arguments, words):
    """Exit code 2, at most two lines and a mark below the place, the wrong word in them, no job run."""
    done = place.run(*(("prog", *arguments) if arguments[0][0] != "-" else (*arguments[:2], "prog", *arguments[2:])))
    assert_told(done, 2, *words, lines=3)
    assert place.take_ledger() == []


def test_a_mistake_late_in_a_line_is_told_before_its_first_command_runs(place):
    """`make; lss`: the second word is wrong, so nothing at all is done."""
    assert_told(place.run("prog", "-c", "make; lss"), 2, "'lss'", "ls")
    assert place.take_ledger() == []
