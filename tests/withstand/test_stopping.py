"""Ctrl-C in three steps, SIGTERM, SIGHUP: the prompt comes back, what is done is kept, nothing is left running."""

import re
import signal

import pytest
from spaces import Space
from watched import CTRL_C, Watched

PROGRAM = """\
import os, signal, subprocess, time
from compmake import comp
from ledger import note

def started(name):
    open("started-" + name, "w").close()

def quick(i):
    note(f"quick {i}")
    return i

def waits(i):
    started(f"waits-{i}")
    while not os.path.exists("go"):
        time.sleep(0.01)
    note(f"waits {i}")
    return i

def after(i):
    note("after")

def sleeps():
    try:
        started("sleeps")
        time.sleep(100)
    finally:
        note("finally sleeps")

def loops():
    try:
        started("loops")
        while True:
            pass
    finally:
        note("finally loops")

def has_child():
    try:
        started("has_child")
        subprocess.run(["sleep", "100"])
    finally:
        note("finally has_child")

def ignores():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    started("ignores")
    while True:
        time.sleep(100)

def in_c():
    started("in_c")
    sum(range(10**13))

def floods():
    started("floods")
    while True:
        print("x" * 1000)

for i in range(4):
    comp(quick, i)
for i in range(40):
    comp(after, comp(waits, i))
for function in sleeps, loops, has_child, ignores, in_c, floods:
    comp(function)
"""
TOLD = {1: r"starting nothing more.*Ctrl-C again terminates", 2: r"Terminating.*Ctrl-C again kills", 3: "Killing"}


@pytest.fixture
def program(space):
    """The folder with the program above."""
    space.write("prog.py", PROGRAM)
    return space


def states(space: Space) -> dict[str, str]:
    """Return the state of every job."""
    return {row["job"]: row["state"] for row in space.run("prog", "ls", "--json").objects}


def started(make: Watched, *names: str) -> None:
    """Wait until these jobs run."""
    make.wait_for_files(*(f"started-{name}" for name in names))


def press(make: Watched, times: int) -> None:
    """Press Ctrl-C, each time waiting for what is told; the last time only for the key."""
    for step in range(1, times):
        make.press_and_wait(CTRL_C, TOLD[step])
    make.press(CTRL_C)


def test_one_ctrl_c_starts_nothing_more_and_lets_running_jobs_end(program):
    """It is told what comes next; what ended is recorded; exit code 130 with a summary."""
    with Watched(program, "prog", "parmake", "n=2", "quick() after() waits()") as make:
        started(make, "waits-0", "waits-1")
        make.press_and_wait(CTRL_C, TOLD[1])
        (program.path / "go").touch()
        assert make.end() == 130
        assert re.search(r"make interrupted.*\b[2-6].* done.*0 failed.*not started", make.shown), make.shown
        assert "next: compmake prog parmake" in make.shown, "it is said how to go on"
        make.assert_gone()
    ran = program.take_ledger()
    assert {"waits 0", "waits 1"} <= set(ran)
    assert "after" not in ran
    found = states(program)
    assert sum(state == "done" for state in found.values()) == len(ran)
    assert "failed" not in found.values()


def test_two_ctrl_c_end_ordinary_jobs_at_once(program):
    """Their `finally` runs, they are not failed, the prompt is back within a second, the terminal is as it was."""
    names = ["sleeps", "loops", "has_child"]
    with Watched(program, "prog", "parmake", "n=3", "quick()", *names) as make:
        before = make.settings_of_terminal()
        started(make, *names)
        press(make, 2)
        assert make.end(within_s=1.0) == 130
        assert "3 interrupted" in make.shown
        assert make.settings_of_terminal() == before
        assert make.shown.count("\x1b[?25l") == make.shown.count("\x1b[?25h"), "the cursor is shown"
        assert make.shown.endswith("\n")
        make.assert_gone()
    assert set(program.take_ledger()) >= {f"finally {name}" for name in names}
    assert {states(program)[name] for name in names} == {"todo"}


def test_a_job_made_before_and_interrupted_now_is_still_stale(program):
    """What was known of it stays: it is stale, for its reason, not failed."""
    program.edit("prog.py", "    while not os.path.exists", "    while i and not os.path.exists")
    assert program.run("prog", "make", "waits").code == 0
    (program.path / "started-waits-0").unlink()
    program.edit("prog.py", "    while i and not os.path.exists", "    while not os.path.exists")
    with Watched(program, "prog", "make", "waits") as make:
        started(make, "waits-0")
        press(make, 2)
        assert make.end(within_s=1.0) == 130
    assert states(program)["waits"] == "stale"


def test_three_ctrl_c_kill_what_does_not_listen(program):
    """Jobs that ignore SIGTERM and jobs deep in C code are gone within a second."""
    with Watched(program, "prog", "parmake", "n=2", "ignores", "in_c") as make:
        started(make, "ignores", "in_c")
        press(make, 3)
        assert make.end(within_s=1.0) == 130
        assert re.search(TOLD[3], make.shown)
        make.assert_gone()
    assert "failed" not in states(program).values()


def test_after_two_ctrl_c_patience_ends_too(program):
    """Jobs that ignore SIGTERM are killed after a few seconds."""
    with Watched(program, "prog", "parmake", "n=2", "ignores", "sleeps") as make:
        started(make, "ignores", "sleeps")
        press(make, 2)
        assert make.end(within_s=6.0) == 130
        make.assert_gone()


def test_jobs_lost_after_ctrl_c_are_not_started_again(program):
    """All workers die while the make waits for them: it ends, and these jobs are still to be made."""
    with Watched(program, "prog", "parmake", "n=2", "waits()") as make:
        started(make, "waits-0", "waits-1")
        make.press_and_wait(CTRL_C, TOLD[1])
        zygote = make.zygote()
        assert zygote is not None
        zygote.kill()
        assert make.end(within_s=2.0) == 130
        assert "40 not started" in make.shown
        make.assert_gone()
    assert not program.take_ledger()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_heeded_in_order(program, number):
    """What is done is recorded, what runs is ended, the store is sound, exit code 130."""
    with Watched(program, "prog", "parmake", "n=2", "quick()", "sleeps", "loops", terminal=False) as make:
        started(make, "sleeps", "loops")
        make.process.send_signal(number)
        assert make.end(within_s=1.0) == 130
        assert "Traceback" not in make.shown
        make.assert_gone()
    ran = program.take_ledger()
    assert {"finally sleeps", "finally loops"} <= set(ran)
    assert sum(state == "done" for state in states(program).values()) == len(ran) - 2
    assert program.run("prog", "check").code == 0


def test_a_terminal_that_goes_away_ends_the_make_in_order(program):
    """The window is closed: SIGHUP, and every write fails."""
    with Watched(program, "prog", "parmake", "n=2", "quick()", "sleeps") as make:
        started(make, "sleeps")
        make.hang_up()
        assert make.end(within_s=2.0) == 130
        make.assert_gone()
    assert "finally sleeps" in program.take_ledger()
    assert program.run("prog", "check").code == 0


def test_ctrl_c_before_the_first_worker_has_started(space):
    """The program imports for long a second time, where workers come from: one Ctrl-C is enough."""
    space.write(
        "prog.py",
        """\
        import os, time
        from compmake import comp

        def work(): open("worked", "w").close()

        if os.path.exists("loaded"):
            open("loaded again", "w").close()
            time.sleep(60)
        open("loaded", "w").close()
        comp(work)
        """,
    )
    with Watched(space, "prog", "make") as make:
        make.wait_for_files("loaded again")
        make.press(CTRL_C)
        assert make.end(within_s=1.0) == 130
        assert "1 not started" in make.shown
        make.assert_gone()
    assert not (space.path / "worked").exists()


def test_ctrl_c_in_a_flood_of_output(program):
    """A job that prints without end is ended as any other."""
    with Watched(program, "prog", "parmake", "n=2", "floods", "sleeps") as make:
        started(make, "floods", "sleeps")
        press(make, 2)
        assert make.end(within_s=1.0) == 130
        make.assert_gone()


def test_ctrl_c_ends_an_inline_job_at_once(program):
    """It has the terminal: KeyboardInterrupt is raised in it, with one key, and nothing is recorded as failed."""
    with Watched(program, "prog", "make", "--inline", "sleeps") as make:
        started(make, "sleeps")
        make.press(CTRL_C)
        assert make.end(within_s=1.0) == 130
        assert "1 interrupted" in make.shown
    assert program.take_ledger() == ["finally sleeps"]
    assert states(program)["sleeps"] == "todo"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_ends_an_inline_job_in_order(program, number):
    """The job's `finally` runs, what is done is recorded, exit code 130."""
    with Watched(program, "prog", "make", "--inline", "quick() sleeps", terminal=False) as make:
        started(make, "sleeps")
        make.process.send_signal(number)
        assert make.end(within_s=1.0) == 130
    ran = program.take_ledger()
    assert "finally sleeps" in ran
    assert sum(state == "done" for state in states(program).values()) == len(ran) - 1


SCRIPT = """\
import os, signal, sys, threading, time
from compmake import Context
from jobs import naps, quick

with Context() as context:
    context.comp(quick, 1)
    for i in range(3):
        context.comp(naps, i)
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        context.make(jobs=2, silent=False)
    except KeyboardInterrupt:
        assert threading.current_thread() is threading.main_thread()
        assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
        print("caught", context.result("quick"), [context.view().state(job) for job in ("quick", "naps")])
    open("go", "w").close()
    thread = threading.Thread(target=lambda: print("in a thread", context.make(jobs=2)))
    thread.start()
    thread.join()
"""
JOBS = """\
import os, time

def quick(i):
    return i

def naps(i):
    open(f"started-{i}", "w").close()
    if not os.path.exists("go"):
        time.sleep(100)
"""


def test_ctrl_c_reaches_whoever_called_context_make(space):
    """As KeyboardInterrupt, with what was done kept and signals as before; then a second thread can make the rest."""
    space.write("script.py", SCRIPT)
    space.write("jobs.py", JOBS)
    with Watched(space, command=("script.py",)) as script:
        script.wait_for_files("started-0", "started-1")
        script.press_and_wait(CTRL_C, TOLD[1])
        script.press_and_wait(CTRL_C, "caught")
        assert script.end() == 0, script.shown
        assert "caught 1" in script.shown
        assert "in a thread" in script.shown
        script.assert_gone()
