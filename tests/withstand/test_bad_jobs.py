"""One bad job costs one job: whatever dies, hangs or takes too much, all other jobs are made exactly once."""

import re
import sys
from pathlib import Path

import pytest
from bad_jobs import make_program
from withstanding import FORBIDDEN

import compmake

ENDED = {
    "sigkill": ("Killed", "killed by SIGKILL"),
    "sigterm": ("Killed", "its process got SIGTERM"),
    "segfault": ("Crashed", "SIGSEGV"),
    "aborts": ("Crashed", "SIGABRT"),
    "exit_0": ("ProcessExited", "exit code 0 in the middle of the job"),
    "exit_3": ("ProcessExited", "exit code 3 in the middle of the job"),
    "sys_exit_3": ("SystemExit", "job called sys.exit(3)"),
    "keyboard_interrupt": ("KeyboardInterrupt", ""),
    "closes_everything": ("ProcessExited", "did the job close file descriptors?"),
    "freezes": ("TimedOut", "longer than its timeout of 0.3 s"),
    "hangs": ("TimedOut", "longer than its timeout of 0.3 s"),
    "hangs_in_c": ("TimedOut", "longer than its timeout of 0.3 s"),
}
LINUX_ONLY = {
    "stack_overflow_in_c": ("Crashed", "SIGSEGV"),
    "allocates": ("MemoryError", "over the job's memory limit of 150M"),
    "allocates_arrays": ("MemoryError", "over the job's memory limit of 150M"),
    "grows": ("MemoryError", "over the job's memory limit of 150M"),
    "child_allocates": ("subprocess.CalledProcessError", "returned non-zero exit status 1"),
    "child_shares_memory": ("OutOfMemory", "of memory, more than its limit of 150"),
}
BAD = ENDED | (LINUX_ONLY if sys.platform == "linux" else {})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The program with all bad jobs, three innocent ones before and behind each, made by two workers."""
    pytest.importorskip("numpy")
    return make_program(tmp_path_factory.mktemp("deaths"), "deaths", "parmake", "n=2")


def test_every_innocent_job_is_done_and_only_the_bad_ones_failed(made):
    """Exit code 1, and the counts in the summary are those of the states."""
    assert made.done.code == 1, made.done.err
    assert {job for job, state in made.states.items() if state != "done"} == set(BAD)
    assert {made.states[job] for job in BAD} == {"failed"}
    assert f"{len(made.states) - len(BAD)} done, {len(BAD)} failed, 0 blocked" in made.done.err


def test_every_job_ran_exactly_once(made):
    """The jobs' own ledger, which no worker can take with it when it dies, has each job one time."""
    assert made.noted == sorted(made.states)


@pytest.mark.parametrize("job", BAD)
def test_a_death_is_told_with_its_kind_and_cause(made, job):
    """Type and message of the failure say what ended the job."""
    kind, words = BAD[job]
    told_kind, told = made.failure(job)
    assert told_kind.endswith(kind)
    assert words in told


@pytest.mark.parametrize(
    ("job", "line"),
    [
        ("segfault", "ctypes.string_at(0)"),
        ("aborts", "os.abort()"),
        ("sigterm", "os.kill(os.getpid(), signal.SIGTERM)"),
        ("hangs", "time.sleep(0.01)"),
        ("grows", "kept.append(bytearray(1_000_000))"),
    ],
)
def test_the_line_that_did_it_is_told(made, job, line):
    """A crash in C, a signal and a timeout name the user's line at which the job was, as an exception does."""
    if job in BAD:
        assert made.lines_reached(job)[-1] == line


@pytest.mark.parametrize("death", ["os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_a_death_that_tells_no_line_is_told_with_the_one_last_seen(space, death):
    """It is not given for the line of the death, neither by `why` nor as a frame."""
    space.write(
        "prog.py",
        f"""\
        import os
        from compmake import comp, progress

        def dies():
            progress("step", 1, 2)
            {death}

        comp(dies)
        """,
    )
    assert space.run("prog", "parmake", "n=1").code == 1
    (told,) = space.run("prog", "traceback", "dies", "--json").objects
    assert told["failure"]["frames"] == []
    error, seen, source = space.run("prog", "why", "dies").out.splitlines()[1:4]
    assert "prog.py" not in error
    assert re.fullmatch(r" +last seen at prog.py:5 in dies, \d\.\ds before", seen)
    assert source.strip() == '> 5  progress("step", 1, 2)'


def test_the_log_has_one_line_for_each_failure_and_nothing_of_compmake_itself(made):
    """However a job ended: one `FAILED`, no escape code, no traceback of ours."""
    failed = re.findall("^[0-9:]{8} FAILED (\\S+)", made.done.err, re.MULTILINE)
    assert sorted(failed) == sorted(BAD)
    assert not FORBIDDEN.search(made.done.err)
    assert "this is a bug" not in made.done.err
    assert f"{Path(compmake.__file__).parent}/" not in made.done.err


def test_a_second_make_runs_the_failed_jobs_only(made):
    """What was done beside dying workers is up to date."""
    done = made.space.run("prog", "make", "not", "failed")
    assert done.code == 0, done.err
    assert made.space.take_ledger() == []
