"""However the driver ends, nothing of it lives on, nothing told done is lost, and the next make just goes on."""

import random
import re
import signal
import sys

import psutil
import pytest
from watched import Watched
from withstanding import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends processes with their parents")

CHILDREN = """\
import os, subprocess, sys, time
from compmake import comp

def has_children(name):
    subprocess.Popen(["sleep", "1000"])
    subprocess.Popen(["setsid", "sleep", "1000"])
    if os.fork() == 0:  # a daemon of the old school
        os.setsid()
        if os.fork() == 0:
            os.execvp("sleep", ["sleep", "1000"])
        os._exit(0)
    open("started-" + name, "w").close()

def sleeps():
    has_children("sleeps")
    time.sleep(1000)

def loops():
    has_children("loops")
    while True:
        pass

def in_c():
    has_children("in_c")
    sum(range(10**13))  # never lets go of the interpreter's lock

def quick(i):
    open(f"quick-{i}", "w").close()

for function in sleeps, loops, in_c:
    comp(function)
comp(quick, 0)
comp(quick, 1)
"""
THREADED = "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
STEPS = {
    signal.SIGINT: ("starting nothing more", "Terminating"),
    signal.SIGTERM: ("Terminating",),
    signal.SIGHUP: ("Terminating",),
    signal.SIGKILL: (),
}
SLEEPS = 9
"""What the jobs above start: three for each of them."""


def begin(space, program: str = CHILDREN) -> Watched:
    """Start a make with five workers: one that sleeps, one in Python, one in C, two idle, and children of the first."""
    space.write("prog.py", program)
    make = Watched(space, "prog", "parmake", "n=5", terminal=False)
    make.wait_for_files("started-sleeps", "started-loops", "started-in_c", "quick-0", "quick-1")
    wait_until(lambda: len(sleepers(make)) == SLEEPS, "children of the jobs")
    assert len(make.workers()) >= 5
    return make


def sleepers(make: Watched) -> list[psutil.Process]:
    """Return the processes that jobs have started."""
    return [process for process in make.family() if process.name() == "sleep"]


@pytest.mark.parametrize("number", list(STEPS))
def test_a_driver_that_ends_leaves_nothing_behind(space, number):
    """Idle, sleeping and busy workers are gone within a second, with children, new sessions and daemons of theirs."""
    with begin(space) as make:
        for told in STEPS[number]:
            make.send_and_wait(number, told)
        make.process.send_signal(number)
        assert make.end(within_s=1.0) == (130 if STEPS[number] else -number)
        make.assert_gone(within_s=1.0)


def test_workers_with_processes_of_their_own_are_gone_too(space):
    """Where a module started threads while it was imported, workers are not forked; they end all the same."""
    with begin(space, THREADED + CHILDREN) as make:
        make.process.kill()
        make.end()
        make.assert_gone(within_s=1.0)


@pytest.mark.parametrize("program", [CHILDREN, THREADED + CHILDREN], ids=["forked", "spawned"])
def test_no_worker_survives_the_end_of_driver_and_zygote(space, program):
    """When both are killed at once nobody is left to clean up, but the kernel ends the workers."""
    with begin(space, program) as make:
        workers, zygote = make.workers(), make.zygote()
        make.process.send_signal(signal.SIGSTOP)  # or it would see the zygote's end before its own
        zygote.kill()
        make.process.kill()
        make.end()
        _, alive = psutil.wait_procs(workers, timeout=1.0)
        assert not [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


def test_a_driver_that_dies_while_workers_are_prepared_leaves_nothing(space):
    """Where workers come from is still importing the program, and cannot hear that the driver is gone."""
    space.write(
        "prog.py",
        """\
        import os, time
        from compmake import comp
        if os.path.exists("loaded"):
            open("loaded again", "w").close()
            time.sleep(1000)
        open("loaded", "w").close()
        def work(): return 1
        comp(work)
        """,
    )
    with Watched(space, "prog", "make", terminal=False) as make:
        make.wait_for_files("loaded again")
        make.process.kill()
        make.end()
        make.assert_gone(within_s=1.0)


WORK = """\
import time
from compmake import comp
from ledger import note

def work(i):
    time.sleep(0.002)
    note(f"{i:03}")
    return bytes([i % 256]) * (1 << i % 18)

def after(x, i):
    note(f"{i:03}")

for i in range(200):
    comp(after, comp(work, i, job_id=f"job-{i:03}"), i + 200, job_id=f"job-{i + 200:03}")
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_make_killed_again_and_again_loses_nothing_that_it_told(space, number):
    """At random moments: what was told done never runs again, the rest gets done, and nobody has to repair anything."""
    seed = random.randrange(2**32)
    print("seed", seed)
    moments = random.Random(seed)
    space.write("prog.py", WORK)
    ledger = space.path / "ledger.txt"
    told: set[str] = set()
    ever: set[str] = set()
    for _ in range(5):
        enough = moments.randrange(1, 60) * 4
        with Watched(space, "prog", "-v", "parmake", "n=2", terminal=False) as make:
            wait_until(lambda make=make, enough=enough: make.ended or size(ledger) >= enough, "jobs to run")
            make.process.send_signal(number)
            make.end()
            make.assert_gone()
        ran = set(space.take_ledger())
        assert not ran & told, "a job that was told done ran again"
        now = set(re.findall(r" done job-(\d\d\d) ", make.shown))
        assert now <= ran
        if number != signal.SIGKILL:
            assert len(ran - now) <= 2, "all is recorded but what just ran"
        told |= now
        ever |= ran
    last = space.make()
    assert not set(last) & told
    assert ever | set(last) == {f"{i:03}" for i in range(400)}
    assert space.make() == []
    assert space.run("prog", "check").code == 0


def size(path) -> int:
    """Return the size of a file, 0 if there is none."""
    return path.stat().st_size if path.exists() else 0
