"""Attempts that fail are repeated as often as asked, and how they failed is told at once."""

import re
import statistics
import subprocess
import sys
import time

import pytest
from bad_jobs import Made
from spaces import Space, clean_environment

RETRIES = """\
import os, signal, sys, time
from compmake import comp
from ledger import note

def attempt(name):
    with open(name, "a+") as file:
        file.write("x")
        return file.tell()

def flaky(name, how):
    number = attempt(name)
    note(f"{name} {number}")
    print("attempt", number)
    if number <= 2:
        how(number)
    return number

def raises(number): raise ValueError(f"number {number}")
def dies(number): os._exit(number)
def hangs(number): time.sleep(60)
def always(name): raise KeyError(attempt(name))
def innocent(i): note(f"innocent {i}")

for i in range(5):
    comp(innocent, i)
comp.options(job_id="raising", retries=2)(flaky, "raising", raises)
comp.options(job_id="dying", retries=2)(flaky, "dying", dies)
comp.options(job_id="hanging", retries=2, timeout=0.2)(flaky, "hanging", hangs)
comp.options(job_id="hopeless", retries=1)(flaky, "hopeless", raises)
comp(flaky, "plain", raises, job_id="plain")
for i in range(5, 10):
    comp(innocent, i)
"""
DEATHS = """\
import os, signal, time
from compmake import comp

def dies(x, i):
    with open("died", "a") as file:
        file.write(f"dies-{i} {time.monotonic()}\\n")
    os.kill(os.getpid(), signal.SIGKILL)

def waits(i):
    while not os.path.exists("over"):
        time.sleep(0.01)

comp(waits, 0)
for i in range(10):
    comp(dies, 0, i, job_id=f"dies-{i}")
"""
TOLD_S = 0.1


@pytest.fixture(scope="module")
def retried(tmp_path_factory):
    """A make of jobs that fail twice, some with attempts left and some without."""
    space = Space(tmp_path_factory.mktemp("retries"))
    space.write("prog.py", RETRIES)
    done = space.run("prog", "parmake", "n=2")
    return Made(space, done, space.take_ledger())


def test_a_job_is_tried_again_as_often_as_asked(retried):
    """Whether it raised, died or hung: twice more with `retries=2`, once more with 1, not at all without."""
    attempts = [f"{job} {number}" for job in ("dying", "hanging", "raising") for number in (1, 2, 3)]
    attempts += ["hopeless 1", "hopeless 2", "plain 1", *(f"innocent {i}" for i in range(10))]
    assert retried.noted == sorted(attempts)
    assert {job for job, state in retried.states.items() if state != "done"} == {"hopeless", "plain"}


def test_a_job_that_failed_for_good_is_counted_once(retried):
    """One `FAILED` line and one failure in the summary for it, a `RETRY` line for each attempt before."""
    assert re.findall(r" FAILED (\S+)", retried.done.err).count("hopeless") == 1
    assert "13 done, 2 failed, 0 blocked, 4 retried" in retried.done.err, retried.done.err.splitlines()[-4:]
    told = re.findall(r" RETRY (\S+) .*\((\d) more attempts?\)", retried.done.err)
    assert sorted(told) == sorted(
        [(job, left) for job in ("dying", "hanging", "raising") for left in "12"] + [("hopeless", "1")]
    )


@pytest.mark.parametrize(
    ("job", "words"),
    [
        ("raising", "ValueError: number {}"),
        ("dying", "ProcessExited: its process ended with exit code {}"),
        ("hanging", "TimedOut: it took longer than its timeout of 0.2 s"),
    ],
)
def test_earlier_attempts_are_noted(retried, job, words):
    """`details` of a job that succeeded in the end tells how the attempts before it failed."""
    notes = retried.details[job]["notes"]
    assert len(notes) == 2
    for number, note in enumerate(notes, 1):
        assert note.startswith(f"attempt {number} of this run failed: {words.format(number)}")
    assert retried.details[job]["output_text"] == "attempt 3\n"


def test_a_dead_worker_is_told_within_a_tenth_of_a_second(space):
    """From the last thing that a job did before SIGKILL to its line in the log, while another job runs."""
    space.write("prog.py", DEATHS)
    process = subprocess.Popen(
        [sys.executable, "-m", "compmake", "prog", "parmake", "n=2"],
        cwd=space.path,
        env=clean_environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    told = {}
    assert process.stderr is not None
    with process, process.stderr:
        for line in process.stderr:
            found = re.search(r" FAILED (dies-\d+) ", line)
            if found is not None:
                told[found[1]] = time.monotonic()
            if len(told) == 10:
                (space.path / "over").touch()
    assert process.returncode == 1
    died = dict(line.split() for line in (space.path / "died").read_text().splitlines())
    assert len(died) == len(told) == 10
    delays_s = sorted(told[job] - float(at) for job, at in died.items())
    assert statistics.median(delays_s) < TOLD_S, delays_s
