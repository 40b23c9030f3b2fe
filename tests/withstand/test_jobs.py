"""One bad job costs one job: whatever a job does, its failure is told and every other job goes on."""

import pytest
from odd_jobs import FAIL, PROGRAM, WORK
from spaces import Space
from withstanding import FORBIDDEN


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The space of a program with all odd jobs, made once, and how that ended."""
    space = Space(tmp_path_factory.mktemp("jobs"))
    space.write("prog.py", PROGRAM)
    return space, space.run("prog", "make")


@pytest.fixture(scope="module")
def details(made):
    """What `details --json` tells of every job, read in one process."""
    space, _ = made
    names = [*FAIL, *WORK, *(f"after-{name}" for name in FAIL + WORK)]
    told = space.run("prog", "-c", "; ".join(f"details {name} --json" for name in names))
    assert told.code == 0, told.err
    return {row["job"]: row for row in told.objects}


def test_every_job_was_tried_and_only_the_bad_ones_failed(made):
    """Exit code 1; exactly the bad jobs failed, exactly their readers are blocked, all others are done."""
    space, done = made
    assert done.code == 1, done.err
    assert f"{2 * len(WORK)} done, {len(FAIL)} failed, {len(FAIL)} blocked" in done.err
    assert space.take_ledger() == sorted(WORK)


def test_the_log_has_one_line_for_each_failure_and_no_escape_code(made):
    """Without a terminal: `FAILED job function() time memory message`, plain text only."""
    _, done = made
    failed = [line for line in done.err.splitlines() if " FAILED " in line]
    assert sorted(line.split()[2] for line in failed) == sorted(FAIL)
    assert not FORBIDDEN.search(done.err)
    assert "this is a bug" not in done.err


def test_a_huge_message_does_not_fill_the_log(made):
    """1 MB of exception text is cut in the log, the summary and the record."""
    _, done = made
    assert max(map(len, done.err.splitlines())) < 12_000
    assert "more characters were cut" in done.err


@pytest.mark.parametrize(
    ("job", "kind", "message"),
    [
        ("raises", "ValueError", "no way"),
        ("exits", "SystemExit", "job called sys.exit(0)"),
        ("generator", "UnpicklableError", "result: a generator cannot be pickled"),
        ("recurses", "RecursionError", "maximum recursion depth"),
        ("bad_text", "prog.BadText", "its text cannot be shown: KeyError"),
        ("base_exception", "BaseException", "base"),
        ("group", "ExceptionGroup", "many"),
        ("no_file", "BadResultError", "File('not/there.txt'), which does not exist"),
        ("open_file", "UnpicklableError", "result['log'][0]: an open file cannot be pickled"),
        ("deep", "UnpicklableError", "nested too deeply"),
        ("out_of_memory", "MemoryError", ""),
        ("defines", "DefinitionError", "comp() inside job 'defines'"),
    ],
)
def test_a_failure_names_the_thing_and_the_cause(details, job, kind, message):
    """The record of a failed job has the type and a message that tells what was wrong."""
    failure = details[job]["failure"]
    assert failure["type"] == kind
    assert message in failure["message"]


def test_the_members_of_a_group_are_in_its_failure(details):
    """An `ExceptionGroup` keeps what its members said."""
    notes = "\n".join(details["group"]["failure"]["notes"])
    assert "ValueError: first" in notes
    assert "KeyError: 'second'" in notes


@pytest.mark.parametrize("job", ["changes_folder", "deletes_folder"])
def test_a_changed_folder_is_put_back_and_noted(made, details, job):
    """The next job runs in the program's folder, and `details` says what happened."""
    space, _ = made
    assert "put back" in details[job]["notes"][0]
    assert str(space.path) in details[f"after-{job}"]["result"]


@pytest.mark.parametrize("job", ["closes_stdout", "closes_descriptors", "replaces_stdout"])
def test_what_a_job_does_to_its_streams_ends_with_it(details, job):
    """The output of the next job is captured, and it can print."""
    assert details[f"after-{job}"]["output_text"] == f"read {job}\n"


@pytest.mark.parametrize(
    ("job", "shown"),
    [
        ("closes_stdout", "before\n"),
        ("bad_utf8", "\ufffd\ufffd then \\x1b[31mtext\n"),
        ("no_newline", "no newline\n"),
        ("prints_all_ways", "python\nerror\nchild\n"),
    ],
)
def test_output_is_shown_as_it_came_but_harmless(made, job, shown):
    """What is no UTF-8 becomes a mark, escape codes become visible, a last line without end is a line."""
    space, _ = made
    out = space.run("prog", "output", job).out
    assert sorted(out.splitlines()) == sorted(shown.splitlines())


def test_a_flood_keeps_head_and_tail(made):
    """Of 5 MB the first and the last lines are kept, and it is said how much is not."""
    space, _ = made
    out = space.run("prog", "output", "flood").out
    assert out.startswith("line 000000 ")
    assert "line 005119 " in out
    assert "4,194,304 bytes of output not kept" in out
    assert len(out) < 1_100_000


def test_results_of_all_kinds_reach_their_readers(details):
    """None, a lambda and an instance of a class of the program are results like any other."""
    assert all(details[f"after-{job}"]["state"] == "done" for job in ("none", "function", "thing"))


def test_a_second_make_tries_the_failed_ones_only(made, details):
    """What was done among bad jobs is up to date."""
    space, _ = made
    space.take_ledger()
    done = space.run("-q", "prog", "make")
    assert done.code == 1
    assert space.take_ledger() == []
    rows = space.run("prog", "ls", "--json").objects
    assert sum(row["state"] == "done" for row in rows) == 2 * len(WORK)
