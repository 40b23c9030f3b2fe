"""Where workers come from: the process that forks them dies, cannot import the program, or must not fork."""

import pytest
from bad_jobs import Made

KILLED = """\
import os, signal, time
from compmake import comp
from ledger import note

def wait_for(name):
    while not os.path.exists(name):
        time.sleep(0.001)

def quick(i):
    note(f"quick {i:02d}")

def kills(x):
    if not os.path.exists("killed"):
        wait_for("waiting")
        open("killed", "w").close()
        os.kill(os.getppid(), signal.SIGKILL)
        wait_for("never")
    note("kills")

def waits(x):
    if not os.path.exists("killed"):
        open("waiting", "w").close()
        wait_for("never")
    note("waits")

before = [comp(quick, i) for i in range(20)]
bad = [comp(kills, before), comp(waits, before)]
for i in range(20, 40):
    comp(quick, i, extra_dep=before)
for i in range(40, 60):
    comp(quick, i, extra_dep=bad)
"""

PROGRAM = """\
from compmake import comp
import picky, sound

for i in range(10):
    comp(sound.works, i)
    if i % 3 == 0:
        comp(picky.works, i, job_id=f"picky-{i}")
"""
SOUND = """\
from ledger import note

def works(i):
    note(f"sound {i}")
"""
PICKY = """\
import __main__
from ledger import note

if not hasattr(__main__, "__file__"):
    {statement}

def works(i):
    note("picky")
"""
THREADED = """\
import os, signal, sys, threading
import numpy
from compmake import comp
from ledger import note

wake = threading.Event()
threading.Thread(target=wake.wait, daemon=True).start()
POOL = numpy.ones((200, 200)) @ numpy.ones((200, 200))

def works(i):
    with open("/proc/self/cmdline") as file:
        note(f"works {i} " + str("main_of_worker" in file.read()))
    print("printed", i)
    return POOL[0, 0] * i

def kills(x):
    os.kill(os.getpid(), signal.SIGKILL)

def after(x):
    note(f"after {x}")

for i in range(10):
    comp(after, comp(works, i))
    if i == 5:
        comp(kills, 0)
"""


def make(space, *command: str) -> Made:
    """Run the command and gather what is left."""
    done = space.run("prog", *command)
    return Made(space, done, space.take_ledger())


def test_when_the_zygote_is_killed_the_make_goes_on_with_another(space):
    """Jobs that ran begin anew and no attempt is counted; what was done before is not lost; all end exactly once."""
    space.write("prog.py", KILLED)
    made = make(space, "parmake", "n=2")
    assert made.done.code == 0, made.done.err
    assert made.noted == ["kills", *(f"quick {i:02d}" for i in range(60)), "waits"]
    assert made.details["kills"]["attempt"] == 1


@pytest.mark.parametrize(
    ("statement", "kind", "words"),
    [
        ("raise OSError('no licence here')", "OSError", "no licence here"),
        ("import sys; sys.exit(3)", "SystemExit", "3"),
        ("import os; os._exit(3)", "ProcessExited", "exit code 3"),
        ("import os; os.kill(os.getpid(), 9)", "Killed", "SIGKILL"),
    ],
)
def test_a_module_that_cannot_be_imported_in_workers_fails_its_jobs_only(space, statement, kind, words):
    """Jobs that need the module fail with what the import did; all others are made exactly once."""
    space.write("picky.py", PICKY.format(statement=statement))
    space.write("sound.py", SOUND)
    space.write("prog.py", PROGRAM)
    made = make(space, "parmake", "n=2")
    assert made.done.code == 1, made.done.err
    assert made.noted == [f"sound {i}" for i in range(10)]
    failed = {job for job, state in made.states.items() if state != "done"}
    assert failed == {f"picky-{i}" for i in (0, 3, 6, 9)}
    for job in failed:
        failure = made.details[job]["failure"]["cause"] or made.details[job]["failure"]
        assert failure["type"] == kind
        assert words in failure["message"]
        if kind in ("OSError", "SystemExit"):
            assert failure["frames"][-1]["file"] == str(space.path / "picky.py")


def test_a_program_that_starts_threads_gets_workers_that_are_not_forked(space):
    """Where threads run forking is unsafe: workers are new processes, and everything else is the same."""
    pytest.importorskip("numpy")
    space.write("prog.py", THREADED)
    made = make(space, "parmake", "n=2")
    assert made.done.code == 1, made.done.err
    assert made.failure("kills")[0] == "Killed"
    assert made.noted == sorted([f"works {i} True" for i in range(10)] + [f"after {200.0 * i}" for i in range(10)])
    assert {job for job, state in made.states.items() if state != "done"} == {"kills"}
    assert made.details["works-3"]["output_text"].startswith("printed")


def test_a_stopped_zygote_hinders_neither_timeout_nor_the_others(space):
    """A job stops the process that reaps workers, and dies: its timeout ends it, everything else is made."""
    space.write(
        "prog.py",
        """\
        import os, signal
        from compmake import comp
        from ledger import note

        def stops_its_parent():
            os.kill(os.getppid(), signal.SIGSTOP)
            os._exit(3)

        def quick(number):
            note(str(number))

        for number in range(5):
            comp(quick, number)
        comp.options(timeout=1)(stops_its_parent)
        for number in range(5, 15):
            comp(quick, number)
        """,
    )
    done = space.run("prog", "make")
    assert done.code == 1, done.err
    assert "15 done, 1 failed" in done.err
    assert space.take_ledger() == sorted(map(str, range(15)))


def test_limits_that_a_job_lowers_are_put_back(space):
    """File size and open files: the jobs that follow in the same worker can write and open as before."""
    space.write(
        "prog.py",
        """\
        import resource
        from compmake import comp

        def lowers(name):
            number = getattr(resource, name)
            resource.setrlimit(number, (20, resource.getrlimit(number)[1]))

        def large(number):
            return bytes(100_000)

        for name in ("RLIMIT_FSIZE", "RLIMIT_NOFILE"):
            lowered = comp(lowers, name, job_id=name)
            for number in range(5):
                comp(large, number, extra_dep=lowered)
        """,
    )
    done = space.run("prog", "make")
    assert done.code == 0, done.err
    assert "RLIMIT_FSIZE; put back" in space.run("prog", "details", "RLIMIT_FSIZE").out
