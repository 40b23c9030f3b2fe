"""Workers, and what they come from, killed at random: no job is lost, none runs twice, nothing hangs.

The witness is a ledger that the jobs write themselves, each at its start and at its end.
"""

import random
import select
import sys
from collections import Counter
from collections.abc import Collection, Mapping

import psutil
import pytest
from watched import Watched

PROGRAM = """\
import os, random, time
from compmake import comp

LEDGER = os.open(os.path.join(os.path.dirname(__file__), "ledger.txt"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def work(i, longest_s):
    os.write(LEDGER, f"{i:05} start\\n".encode())
    time.sleep(random.uniform(0, longest_s))
    os.write(LEDGER, f"{i:05} end\\n".encode())
    return i

for i in range(JOBS):
    comp.options(job_id=f"{i:05}", retries=0 if i % 5 else 1000)(work, i, 0.015)
"""
_LINE_BYTES = 11
_WORKERS = 3


def faults(ledger: str, states: Mapping[str, str], *, may_repeat: Collection[str] = ()) -> list[str]:
    """Return in words what a ledger says against a make.

    Args:
        ledger: Lines of jobs.
        states: What compmake tells of each job.
        may_repeat: Jobs that were lost without being at fault, or that may be tried again.
    """
    lines = Counter(ledger.splitlines())
    found = [f"{line}: not of a job" for line in lines if line.split()[0] not in states]
    for job, state in states.items():
        starts, ends = lines[f"{job} start"], lines[f"{job} end"]
        if state not in ("done", "failed"):
            found.append(f"{job}: lost, it is {state}")
        if state == "done" and not ends:
            found.append(f"{job}: done, but it never ended")
        if starts < ends:
            found.append(f"{job}: ended more often than it started")
        if starts > 1 and job not in may_repeat:
            found.append(f"{job}: started {starts} times")
    return found


@pytest.mark.parametrize(
    ("ledger", "fault"),
    [
        ("1 start\n1 end\n2 start\n2 end\n3 start\n", ""),
        ("1 start\n1 end\n2 start\n2 end\n3 start\n3 end\n", ""),
        ("1 start\n1 end\n2 start\n2 end\n", ""),
        ("1 start\n1 end\n2 start\n2 end\n2 start\n2 end\n", "2: started 2 times"),
        ("1 start\n1 end\n2 start\n2 end\n3 start\n3 start\n", "3: started 2 times"),
        ("1 start\n1 end\n", "2: done, but it never ended"),
        ("1 start\n2 start\n2 end\n", "1: done, but it never ended"),
        ("1 start\n1 end\n1 end\n2 start\n2 end\n", "1: ended more often than it started"),
        ("1 start\n1 end\n2 start\n2 end\n4 end\n", "4 end: not of a job"),
    ],
)
def test_the_witness_sees_what_is_missing_and_what_is_twice(ledger, fault):
    """A ledger with a planted fault is not believed, one without is."""
    assert faults(ledger, {"1": "done", "2": "done", "3": "failed"}) == [fault] * bool(fault)


def test_the_witness_sees_jobs_that_were_forgotten():
    """A job that is neither done nor failed after the make was lost."""
    assert faults("", {"1": "todo"}) == ["1: lost, it is todo"]


def storm(space, *, jobs: int, workers: int, zygotes: int) -> None:
    """Make a program while so many workers and zygotes are killed, and ask the ledger how it went."""
    seed = random.randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    space.write("prog.py", PROGRAM.replace("JOBS", str(jobs)))
    ledger = space.path / "ledger.txt"
    ledger.touch()
    victims = ["worker"] * workers + ["zygote"] * zygotes
    chance.shuffle(victims)
    moments = sorted(chance.sample(range(0, int(jobs * 1.6) * _LINE_BYTES, _LINE_BYTES), len(victims)))
    with Watched(space, "prog", "parmake", f"n={_WORKERS}", terminal=False) as make:
        for victim, moment in zip(victims, moments, strict=True):
            while ledger.stat().st_size < moment:
                assert not make.ended, make.shown
                select.select([], [], [], 0.0005)
            kill_one(make, victim, chance)
        code = make.end()
        make.assert_gone()
    rows = space.run("prog", "ls", "--json").objects
    states = {row["job"]: row["state"] for row in rows}
    failed = {job for job, state in states.items() if state == "failed"}
    assert code == (1 if failed else 0), make.shown
    assert len(states) == jobs
    retried = {f"{i:05}" for i in range(0, jobs, 5)}
    assert faults(ledger.read_text(), states, may_repeat=states if zygotes else retried) == []
    assert len(failed) <= workers
    assert ledger.read_text().count("start") <= jobs + workers + _WORKERS * zygotes, "a kill costs what ran"
    assert not failed & retried
    assert make.shown.count("Killed: its process was killed by SIGKILL") >= len(failed)
    ledger.write_text("")
    again = space.run("prog", "make")
    assert again.code == 0, again.err
    assert Counter(ledger.read_text().split()[::2]) == dict.fromkeys(failed, 2), "only what failed runs again"
    assert space.run("prog", "check").code == 0


def kill_one(make: Watched, victim: str, chance: random.Random) -> None:
    """Kill a random worker, or the zygote; as soon as there is one."""
    while not make.ended:
        found = make.workers() if victim == "worker" else [one for one in [make.zygote()] if one is not None]
        if found:
            try:
                chance.choice(found).kill()
                return
            except psutil.NoSuchProcess:
                continue
        select.select([], [], [], 0.0005)


needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="finds workers in a process tree as Linux has it")


@needs_linux
@pytest.mark.parametrize(
    ("jobs", "workers", "zygotes"),
    [
        pytest.param(1000, 60, 0, id="workers"),
        pytest.param(400, 0, 5, id="zygotes"),
        pytest.param(600, 30, 5, id="both"),
    ],
)
def test_no_job_is_lost_or_runs_twice_when_workers_are_killed(space, jobs, workers, zygotes):
    """Who was killed in the middle of a job fails or is tried again; all others are done, exactly once."""
    storm(space, jobs=jobs, workers=workers, zygotes=zygotes)


@needs_linux
@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("workers", "zygotes"), [(1000, 0), (1000, 50)], ids=["workers", "both"])
def test_a_thousand_kills_among_five_thousand_jobs(space, workers, zygotes):
    """The same for longer."""
    storm(space, jobs=5000, workers=workers, zygotes=zygotes)
