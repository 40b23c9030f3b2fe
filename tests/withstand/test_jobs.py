"""Whatever a job raises, returns or prints: its failure is told, what it printed is kept, every other job goes on."""

import pytest
from bad_jobs import make_program
from withstanding import FORBIDDEN

FAIL = {
    "raises": ("ValueError", "no way"),
    "exits": ("SystemExit", "job called sys.exit(0)"),
    "recurses": ("RecursionError", "maximum recursion depth"),
    "bad_text": ("prog.BadTextError", "its text cannot be shown: KeyError"),
    "two_arguments": ("prog.TwoArgumentsError", "it fails because it must"),
    "not_loadable_exception": ("prog.NotLoadableError", "as it is"),
    "base_exception": ("BaseException", "base"),
    "group": ("ExceptionGroup", "many"),
    "big_message": ("ValueError", "yyy"),
    "out_of_memory": ("MemoryError", ""),
    "generator": ("UnpicklableError", "result: a generator cannot be pickled"),
    "no_file": ("BadResultError", "File('not/there.txt'), which does not exist"),
    "open_file": ("UnpicklableError", "result['log'][0]: an open file cannot be pickled"),
    "deep": ("UnpicklableError", "nested too deeply"),
    "defines": ("DefinitionError", "comp() inside job 'defines'"),
}
PRINT = {
    "prints_escape_codes": "\ufffd\ufffd then \\x1b[31mtext\n",
    "prints_no_newline": "no newline\n",
    "prints_all_ways": "python\nerror\nchild\nC\nC too, formatted\n",
    "prints_then_closes": "before\n",
}
WORK = (*PRINT, "nothing", "function", "thing", "not_loadable")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The program with all odd jobs, made by two workers."""
    return make_program(tmp_path_factory.mktemp("outcomes"), "outcomes", "parmake", "n=2")


def test_every_job_was_tried_and_only_the_bad_ones_failed(made):
    """Exit code 1; exactly the bad jobs failed, exactly their readers are blocked, all others are done."""
    failed = {*FAIL, "after-not_loadable"}
    assert made.done.code == 1, made.done.err
    assert {job for job, state in made.states.items() if state == "failed"} == failed
    assert {job for job, state in made.states.items() if state == "blocked"} == {f"after-{job}" for job in FAIL}
    assert f"{2 * len(WORK) - 1} done, {len(failed)} failed, {len(FAIL)} blocked" in made.done.err
    assert made.noted == sorted(set(WORK) - {"not_loadable"})


def test_the_log_has_one_line_for_each_failure_and_no_escape_code(made):
    """Without a terminal: `FAILED job function() time memory message`, plain text only."""
    failed = [line for line in made.done.err.splitlines() if " FAILED " in line]
    assert sorted(line.split()[2] for line in failed) == sorted([*FAIL, "after-not_loadable"])
    assert not FORBIDDEN.search(made.done.err)
    assert "this is a bug" not in made.done.err


def test_a_huge_message_does_not_fill_the_log(made):
    """1 MB of exception text is cut in the log, the summary and the record."""
    assert max(map(len, made.done.err.splitlines())) < 12_000
    assert "more characters were cut" in made.done.err


@pytest.mark.parametrize("job", FAIL)
def test_a_failure_names_the_thing_and_the_cause(made, job):
    """The record of a failed job has the type and a message that tells what was wrong."""
    kind, words = FAIL[job]
    told_kind, told = made.failure(job)
    assert told_kind == kind
    assert words in told


def test_a_result_that_cannot_be_loaded_fails_its_reader_only(made):
    """The job that made it is done; the reader's failure names the result and the line that refused."""
    assert made.states["not_loadable"] == "done"
    kind, message = made.failure("after-not_loadable")
    assert kind == "LoadError"
    assert "result of 'not_loadable' cannot be loaded: RuntimeError: this result does not want" in message
    cause = made.details["after-not_loadable"]["failure"]["cause"]
    assert [frame["function"] for frame in cause["frames"] if frame["user"]] == ["refuse"]


def test_the_members_of_a_group_are_in_its_failure(made):
    """An `ExceptionGroup` keeps what its members said."""
    notes = "\n".join(made.details["group"]["failure"]["notes"])
    assert "ValueError: first" in notes
    assert "KeyError: 'second'" in notes


@pytest.mark.parametrize("job", PRINT)
def test_output_is_shown_as_it_came_but_harmless(made, job):
    """Of Python, C code and children; what is no UTF-8 becomes a mark, escape codes become visible."""
    out = made.space.run("prog", "output", job).out
    assert sorted(out.splitlines()) == sorted(PRINT[job].splitlines())


def test_results_of_all_kinds_reach_their_readers(made):
    """None, a lambda and an instance of a class of the program are results like any other."""
    assert all(made.states[f"after-{job}"] == "done" for job in ("nothing", "function", "thing"))


def test_a_second_make_tries_the_failed_ones_only(made):
    """What was done among bad jobs is up to date."""
    done = made.space.run("-q", "prog", "make")
    assert done.code == 1
    assert made.space.take_ledger() == []
