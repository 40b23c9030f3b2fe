"""`why` names each cause and shows the difference; `plan` groups causes; what users can do about them."""

import pytest
from edited_programs import Edit, claims, write_program

PROGRAM = """
== helper.py
LIMIT = 3
def clean(x):
    return x + 1
== work.py
from pathlib import Path
from compmake import File
from helper import clean, LIMIT
from ledger import note
def job(x, verbose=False):
    note(f"job {x}")
    return clean(x) + LIMIT
def user(made):
    note("user")
    return made
def read(path):
    note("read")
    return Path(path).read_text()
def leave(name):
    note("leave")
    Path(name).write_text("x")
    return File(name)
def fail(x):
    raise ValueError(f"boom {x}")
== prog.py
from compmake import comp, File
from work import fail, job, leave, read, user
made = comp(job, 1)
comp(user, made)
comp.options(version="1", job_id="versioned")(job, 5)
comp.options(code="function", job_id="shallow")(job, 6)
comp.options(ignore=["verbose"], job_id="quiet")(job, 7, verbose=True)
comp.options(files=["table.csv"], job_id="named")(user, "table.csv")
comp(read, File("data.txt"))
comp(leave, "left.txt")
== data.txt
one
== table.csv
1,2
"""


def edited(file, old, new):
    """Return an edit of the program whose effect is only asked for."""
    return Edit(PROGRAM, file, old, new)


def reasons(space, job):
    """Return what `why JOB --json` says."""
    return space.run("prog", "why", job, "--json").objects[0]["reasons"]


REASONS = {
    # name: (edit, job, code, text, lines of the difference)
    "an argument": (
        edited("prog.py", "comp(job, 1)", "comp(job, 2)"),
        "job",
        "argument-changed",
        "argument x changed: 1 -> 2",
        (),
    ),
    "an option": (
        edited("prog.py", 'version="1"', 'version="2"'),
        "versioned",
        "option-changed",
        "version changed: 1 -> 2",
        (),
    ),
    "the own function": (
        edited("work.py", "clean(x) +", "clean(x) -"),
        "job",
        "function-changed",
        "own function job() changed (work.py:5)",
        ("-    return clean(x) + LIMIT", "+    return clean(x) - LIMIT"),
    ),
    "a helper": (
        edited("helper.py", "x + 1", "x + 2"),
        "job",
        "helper-changed",
        "helper clean() changed (helper.py:2), used by job()",
        ("-    return x + 1", "+    return x + 2"),
    ),
    "a global": (
        edited("helper.py", "= 3", "= 4"),
        "job",
        "global-changed",
        "global LIMIT changed: 3 -> 4 (helper.py:1), used by job()",
        (),
    ),
    "a file that is an argument": (
        edited("data.txt", "one", "two"),
        "read",
        "file-changed",
        "file data.txt changed",
        (),
    ),
    "a file named in files=": (
        edited("table.csv", "1", "3"),
        "named",
        "file-changed",
        "file table.csv changed",
        (),
    ),
    "a dependency that may change": (
        edited("helper.py", "x + 1", "x + 2"),
        "user",
        "dependency-may-change",
        "may change: job",
        (),
    ),
    "a job never made": (
        edited("prog.py", "comp(leave", "comp(user, 9, job_id='new')\ncomp(leave"),
        "new",
        "never-made",
        "never made",
        (),
    ),
    "a dependency that is another job": (
        edited("prog.py", "comp(user, made)", "comp(user, comp(job, 8))\nmade"),
        "user",
        "dependency-changed",
        "the result of job-2 changed (made)",
        (),
    ),
}


@pytest.mark.parametrize("name", REASONS)
def test_why_names_the_cause(space, made, name):
    """The code is for programs, the text names the thing and where it is, the difference shows old and new."""
    edit, job, code, text, lines = REASONS[name]
    made.copy_edited(space, edit)
    (reason,) = [found for found in reasons(space, job) if found["code"] == code]
    assert reason["text"].startswith(text)
    assert set(lines) <= set(reason["diff"].splitlines())
    shown = space.run("prog", "why", job).out
    assert text in shown
    assert all(line in shown for line in lines)


def test_why_of_a_file_that_a_job_made(space, made):
    """A job vouches for the file that it returned."""
    made.copy_edited(space, edited("data.txt", "one", "one"))
    (space.path / "left.txt").unlink()
    (reason,) = reasons(space, "leave")
    assert (reason["code"], reason["text"]) == ("file-changed", "file left.txt, which it made, is gone")
    assert space.make() == ["leave"]


def test_why_of_a_failed_job(space, made):
    """The error itself is told, and what it blocks names it."""
    made.copy_edited(space, edited("prog.py", "comp(user, made)", "comp(user, comp(fail, 1))"))
    assert space.run("prog", "make").code == 1
    assert reasons(space, "fail")[0]["code"] == "failed-last-time"
    assert "ValueError: boom 1" in space.run("prog", "why", "fail").out
    assert "waits for fail, which failed" in space.run("prog", "why", "user").out


def test_why_of_an_argument_that_cannot_be_compared(space, made):
    """Such a job always runs, and why says which argument and what to do."""
    made.copy_edited(space, edited("prog.py", "comp(user, made)", "comp(user, made)\ncomp(user, Odd(), job_id='odd')"))
    space.edit("prog.py", "from work", "from odd import Odd\nfrom work")
    space.write(
        "odd.py", "import os\nclass Odd:\n    def __reduce__(self):\n        return (bytes, (os.urandom(8),))\n"
    )
    assert space.make() == ["user"]
    assert "argument-cannot-be-compared" in {found["code"] for found in reasons(space, "odd")}
    assert space.make() == ["user"]


def test_plan_groups_jobs_by_cause(space, made):
    """One line a cause, counted; what may follow is counted apart."""
    made.copy_edited(space, edited("helper.py", "x + 1", "x + 2"))
    told = space.run("prog", "plan").out
    assert "3 jobs will run: helper clean() changed (helper.py:2), used by job()" in told
    assert "up to 1 more if those results change" in told


def test_accept_takes_what_why_lists(space, made):
    """An accepted result counts as made by the code of now; the next edit counts again."""
    made.copy_edited(space, edited("helper.py", "x + 1", "x + 1 + 0"))
    assert space.run("prog", "accept", "stale", "-y").code == 0
    assert space.make() == []
    space.edit("helper.py", "x + 1 + 0", "x + 5")
    assert space.make() == ["job 1", "job 5", "job 7", "user"]


def test_invalidate_and_remake(space, made):
    """Both run the job though nothing changed; an equal result leaves its dependents."""
    made.copy_edited(space, edited("data.txt", "one", "one"))
    assert space.run("prog", "invalidate", "job").code == 0
    assert [found["code"] for found in reasons(space, "job")] == ["asked-for"]
    assert space.make() == ["job 1"]
    space.take_ledger()
    assert space.run("prog", "remake", "job").code == 0
    assert space.take_ledger() == ["job 1"]
    assert space.make() == []


OPTIONS = {
    "version= replaces the function's own code": Edit(
        PROGRAM, "work.py", "clean(x) + LIMIT", "LIMIT + clean(x)", ("job 1", "job 6", "job 7")
    ),
    "code='function' leaves helpers out": Edit(
        PROGRAM, "helper.py", "return x + 1", "return 1 + x", ("job 1", "job 5", "job 7")
    ),
    "ignore= leaves an argument out": Edit(PROGRAM, "prog.py", "verbose=True", "verbose=False"),
    "another version runs the job": Edit(PROGRAM, "prog.py", 'version="1"', 'version="2"', ("job 5",)),
}


@claims(OPTIONS)
def test_options_of_a_job(space, made, edit):
    """The user's ways out do what they say, and nothing else."""
    assert made.make_edited(space, edit) == list(edit.runs)


def test_another_code_mode_is_one_cause(space):
    """Of a mode that changed only that is told; what then changes is a module."""
    write_program(space, PROGRAM)
    space.write("compmake.toml", 'code = "module"\n')
    assert space.run("prog", "make").code == 0
    (found,) = space.run("--config", "code=closure", "prog", "why", "user", "--json").objects
    assert [reason["text"] for reason in found["reasons"]] == ["code mode changed: module -> closure"]
    space.edit("helper.py", "x + 1", "x + 2")
    assert "helper module helper changed (helper.py:1)\n" in space.run("prog", "why", "user").out


def test_a_dependency_without_a_result_may_change(space):
    """What needs a job that was cleaned may change, no more: made again to the same result it leaves that as it is."""
    write_program(space, PROGRAM)
    space.run("prog", "make")
    space.run("prog", "clean", "job")
    assert [reason["code"] for reason in reasons(space, "user")] == ["dependency-may-change"]
    assert "up to 1 more if those results change" in space.run("prog", "plan", "user").out
    assert "1 done, 0 failed, 0 blocked, 1 up to date" in space.run("prog", "make", "user").err
