"""Signals at odd moments and from odd places: while the program loads, from jobs, from a shell; pauses."""

import os
import signal
import time

import psutil
import pytest
from watched import CTRL_Z, Watched
from withstanding import assert_told, start, wait_until

SENDERS = """\
import os, signal, time
from compmake import comp
from ledger import note

TARGETS = {"group": lambda: 0, "parent": os.getppid}
NAMES = [f"{target}-{name}" for target in TARGETS for name in ("INT", "TERM", "HUP")]

def send(target, name):
    open(f"sent-{target}-{name}", "w").close()
    os.kill(TARGETS[target](), getattr(signal, f"SIG{name}"))
    time.sleep(0.05)
    return 1

def beside():
    while not all(os.path.exists("sent-" + name) for name in NAMES):
        time.sleep(0.01)
    note("beside")

def innocent(i):
    note(f"innocent {i:02}")

comp(beside)
for name in NAMES:
    comp(send, *name.split("-"), job_id=name)
    for i in range(5):
        comp(innocent, i)
"""
WAITS = """\
import os, time
from compmake import comp
from ledger import note

def waits(i):
    open(f"started-{i}", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.01)
    note(f"waits {i}")

for i in range(2):
    comp.options(timeout=2.0)(waits, i)
"""


def states(space):
    """Return the state of every job."""
    return {row["job"]: row["state"] for row in space.run("prog", "ls", "--json").objects}


def test_ctrl_c_while_the_program_loads_is_told_in_a_line(space):
    """Exit code 130 and no traceback, before anything is made."""
    space.write("prog.py", "import time\nopen('started', 'w').close()\ntime.sleep(60)\n")
    process = start(space, "prog", "make")
    wait_until((space.path / "started").exists, "the program to load")
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, b"compmake: interrupted\n")


def test_an_inline_job_that_raises_keyboard_interrupt_is_taken_for_ctrl_c(space):
    """It cannot be told apart: the make ends with 130, and no failure is recorded."""
    space.write("prog.py", "from compmake import comp\ndef f():\n    raise KeyboardInterrupt\ncomp(f)\n")
    assert space.run("prog", "make", "--inline").code == 130
    assert states(space) == {"f": "todo"}


def test_an_inline_job_that_ends_compmake_leaves_a_store_without_a_lock(space):
    """`os._exit` in an inline job ends the make with it; the store is usable at once."""
    space.write(
        "prog.py", "import os\nfrom compmake import comp\ndef f():\n    os._exit(7)\ncomp(f)\ncomp(len, 'abc')\n"
    )
    assert space.run("prog", "make", "--inline", "len").code == 0
    assert space.run("prog", "make", "--inline").code == 7
    assert states(space) == {"f": "todo", "len": "done"}
    assert os.path.exists(space.path / ".compmake" / "prog" / "lock")
    assert_told(space.run("prog", "make", "nothere"), 2, "nothere")


def test_a_job_that_sends_signals_around_harms_no_other(space):
    """To its process group: it fails itself. To the parent of all workers: nothing happens. Others run exactly once."""
    space.write("prog.py", SENDERS)
    done = space.run("prog", "parmake", "n=2")
    assert done.code == 1, done.err
    found = states(space)
    failed = {job for job, state in found.items() if state != "done"}
    assert failed == {"group-INT", "group-TERM", "group-HUP"}, done.err
    assert space.take_ledger() == ["beside", *(f"innocent {i:02}" for i in range(5) for _ in range(6))]
    told = space.run("prog", "-c", "; ".join(f"details {job} --json" for job in sorted(failed))).objects
    assert [row["failure"]["type"] for row in told] == ["Killed", "KeyboardInterrupt", "Killed"]
    assert ["SIGHUP" in told[0]["failure"]["message"], "SIGTERM" in told[2]["failure"]["message"]] == [True, True]


def test_ctrl_z_stops_everything_and_fg_lets_it_go_on(space):
    """Driver and workers stop; afterwards they go on, and the pause counts for no timeout."""
    space.write("prog.py", WAITS)
    with Watched(space, "prog", "parmake", "n=2") as make:
        make.wait_for_files("started-0", "started-1")
        driver, workers = psutil.Process(make.process.pid), make.workers()
        assert len(workers) == 2
        make.press(CTRL_Z)
        wait_until(lambda: {one.status() for one in (driver, *workers)} == {psutil.STATUS_STOPPED}, "all to stop")
        until = time.monotonic() + 2.1  # longer than the timeout of the jobs
        wait_until(lambda: time.monotonic() > until, "the timeout to pass")
        os.killpg(make.process.pid, signal.SIGCONT)  # what `fg` and `bg` do
        wait_until(lambda: psutil.STATUS_STOPPED not in {one.status() for one in workers}, "all to go on")
        (space.path / "go").touch()
        assert make.end() == 0, make.shown
        assert "2 done" in make.shown
    assert space.take_ledger() == ["waits 0", "waits 1"]


def test_ctrl_c_after_a_pause_works_as_before(space):
    """Stopped, gone on, then ended."""
    space.write("prog.py", WAITS)
    with Watched(space, "prog", "parmake", "n=2") as make:
        make.wait_for_files("started-0", "started-1")
        driver = psutil.Process(make.process.pid)
        make.press(CTRL_Z)
        wait_until(lambda: driver.status() == psutil.STATUS_STOPPED, "it to stop")
        os.killpg(make.process.pid, signal.SIGCONT)
        make.send_and_wait(signal.SIGINT, "starting nothing more")
        make.process.send_signal(signal.SIGINT)
        assert make.end(within_s=1.0) == 130
        make.assert_gone()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT])
def test_what_the_shell_ignores_for_us_stays_ignored(space, number):
    """`nohup` and a shell's background ignore a signal for what they start: the make goes on, its jobs too."""
    space.write("prog.py", WAITS)
    with Watched(
        space, "prog", "parmake", "n=2", terminal=False, prepare=lambda: signal.signal(number, signal.SIG_IGN)
    ) as make:
        make.wait_for_files("started-0", "started-1")
        for process in (psutil.Process(make.process.pid), *make.workers()):
            process.send_signal(number)
        (space.path / "go").touch()
        assert make.end() == 0, make.shown
    assert space.take_ledger() == ["waits 0", "waits 1"]


def test_what_a_job_runs_in_the_background_is_left_alone_when_another_worker_dies(space):
    """It lives as long as the worker whose job started it."""
    space.write(
        "prog.py",
        """\
        import os, signal, time
        from compmake import comp

        def serves():
            os.system("sleep 1000 & echo $! > server.tmp; mv server.tmp server")
            while not os.path.exists("next"):
                time.sleep(0.01)
            os.kill(int(open("server").read()), 0)

        def dies():
            while not os.path.exists("server"):
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

        comp(serves)
        comp(dies)
        """,
    )
    with Watched(space, "prog", "parmake", "n=2", terminal=False) as make:
        make.wait_for_files("server")
        wait_until(lambda: "FAILED dies" in make.shown, "a death")
        wait_until(lambda: len(make.workers()) == 2, "a new worker")
        (space.path / "next").touch()
        assert make.end() == 1
        assert "1 done, 1 failed" in make.shown
        make.assert_gone()


def test_what_a_job_has_started_ends_with_its_worker(space):
    """Where workers come from is killed: the job is made again, and no child of its first attempt goes on beside it."""
    space.write(
        "prog.py",
        """\
        import os, subprocess, time
        from compmake import comp

        def works():
            child = subprocess.Popen(["sleep", "1000"])
            if os.path.exists("child"):
                assert open("child").read() != str(child.pid)
                child.kill()
                open("again", "w").close()
                while not os.path.exists("go"):
                    time.sleep(0.01)
                return child.wait()
            with open("child.tmp", "w") as file:
                file.write(str(child.pid))
            os.rename("child.tmp", "child")
            time.sleep(1000)

        comp(works)
        """,
    )
    with Watched(space, "prog", "make", terminal=False) as make:
        make.wait_for_files("child")
        zygote = make.zygote()
        assert zygote is not None
        zygote.kill()
        make.wait_for_files("again")
        first = int((space.path / "child").read_text())
        wait_until(lambda: not psutil.pid_exists(first) or first not in {one.pid for one in make.family()}, "its end")
        (space.path / "go").touch()
        assert make.end() == 0, make.shown
