"""Ctrl-C and kill -9 in the middle of a make: nothing done is lost, nothing runs twice but what was running."""

import os
import re
import signal

import pytest
from withstanding import assert_told, start, wait_until

PROGRAM = """\
import os, time
from compmake import comp
from ledger import note

def quick(i):
    note(f"quick {i}")
    return i

def hangs(x):
    note("hangs")
    open("started", "w").close()
    if not os.path.exists("go"):
        time.sleep(60)
    return x

def after(x):
    note("after")
    return x

for i in range(20):
    comp(quick, i)
comp(after, comp(hangs, 1, extra_dep=comp(quick, 20)))
"""
QUICK = sorted(f"quick {i}" for i in range(21))


@pytest.fixture
def hanging(space):
    """A make that stands in the middle of its last job but one."""
    space.write("prog.py", PROGRAM)
    process = start(space, "prog", "make", "quick()", "after()")
    try:
        wait_until((space.path / "started").exists, "the hanging job")
        yield space, process
    finally:
        process.kill()
        process.wait()


def states(space):
    """Return the state of every job."""
    return {row["job"]: row["state"] for row in space.run("prog", "ls", "--json").objects}


def test_ctrl_c_ends_the_make_and_the_next_one_continues(hanging):
    """Exit code 130, no failure recorded, what is done stays done, and the next make runs the rest."""
    space, process = hanging
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert b"make interrupted" in err
    assert b"1 interrupted" in err
    ran = space.take_ledger()
    assert "after" not in ran
    assert {job for job, state in states(space).items() if state == "failed"} == set()
    (space.path / "go").touch()
    again = space.make()
    assert sorted(ran + again) == sorted([*QUICK, "after", "hangs", "hangs"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_make_needs_no_repair(hanging, number):
    """After a kill, the next make runs at once and only what was not done; the lock of the dead one is no lock."""
    space, process = hanging
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode != 0
    ran = space.take_ledger()
    (space.path / "go").touch()
    again = space.make()
    assert sorted(ran + again) == sorted([*QUICK, "after", "hangs", "hangs"])
    assert space.make() == []
    assert space.run("prog", "check").code == 0


def test_makes_killed_at_any_moment_lose_nothing(space):
    """A job kills its own make, again and again: what was reported done never runs again, and the rest gets done."""
    space.write(
        "prog.py",
        """\
        import os, signal
        from compmake import comp
        from ledger import note

        def work(i):
            note(f"{i:02}")
            if not os.path.exists(f"killed-{i}") and i % 7 == 3:
                open(f"killed-{i}", "w").close()
                os.kill(os.getpid(), signal.SIGKILL)
            return bytes([i]) * (1 << i % 20)

        for i in range(24):
            comp(work, i, job_id=f"work-{i:02}")
        """,
    )
    reported: set[str] = set()
    for _ in range(10):
        done = space.run("prog", "-c", "make -v")
        ran = set(space.take_ledger())
        assert not ran & reported, "a job that was reported done ran again"
        reported |= set(re.findall(r" done work-(\d\d) ", done.err))
        if done.code != -signal.SIGKILL:
            break
    assert done.code == 0, done.err
    assert reported <= {f"{i:02}" for i in range(24)}
    assert len(reported) >= 20
    assert space.make() == []
    assert space.run("prog", "check").code == 0


def test_ctrl_c_while_the_program_loads_is_told_in_a_line(space):
    """Exit code 130 and no traceback, before anything is made."""
    space.write("prog.py", "import time\nopen('started', 'w').close()\ntime.sleep(60)\n")
    process = start(space, "prog", "make")
    wait_until((space.path / "started").exists, "the program to load")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"compmake: interrupted\n")


def test_a_job_that_raises_keyboard_interrupt_is_taken_for_ctrl_c(space):
    """It cannot be told apart: the make ends with 130, and no failure is recorded."""
    space.write("prog.py", "from compmake import comp\ndef f():\n    raise KeyboardInterrupt\ncomp(f)\n")
    assert space.run("prog", "make").code == 130
    assert states(space) == {"f": "todo"}


def test_a_job_that_kills_compmake_leaves_a_store_without_a_lock(space):
    """`os._exit` in a job ends an inline make; the store is usable at once."""
    space.write(
        "prog.py", "import os\nfrom compmake import comp\ndef f():\n    os._exit(7)\ncomp(f)\ncomp(len, 'abc')\n"
    )
    assert space.run("prog", "make", "len").code == 0
    assert space.run("prog", "make").code == 7
    assert states(space) == {"f": "todo", "len": "done"}
    assert os.path.exists(space.path / ".compmake" / "prog" / "lock")
    assert_told(space.run("prog", "make", "nothere"), 2, "nothere")
