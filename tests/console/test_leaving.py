"""The ways in which a console ends: the terminal is as before, no worker is left, the store is free."""

import shutil
import signal
import sys

import psutil
import pytest
from consoles import Console, is_gone, let_go, process_of


@pytest.fixture
def making(console):
    """A make in the background; its job runs."""
    console.run("make gate-a &")
    console.ready("▶1")
    return console


def assert_free(space):
    """Somebody else can make at once."""
    let_go(space, "a")
    done = space.run("prog", "make", "gate-a")
    assert done.code == 0, done.err


@pytest.mark.parametrize("how", ["exit", "quit", "ctrl-d"])
def test_leaving_restores_the_terminal(console, how):
    """`exit`, `quit` and Ctrl-D end it with 0; every mode is as a shell needs it."""
    if how == "ctrl-d":
        console.press(how)
    else:
        console.enter(how)
    assert console.wait_end() == 0
    assert console.has_the_keyboard_back()


def test_ctrl_d_with_something_typed_does_not_leave(console):
    """The line stays."""
    console.send("ls")
    console.press("ctrl-d")
    console.press("left", "ctrl-d")  # deletes the letter below the cursor
    console.wait_until(lambda: console.lines[console.cursor[1]].endswith(": l"), "what is left of the line")


@pytest.mark.parametrize("answer", ["n\r", "\r", "\x03", "\x04"])
def test_with_a_make_running_it_asks_and_no_is_the_default(making, answer):
    """Whatever is no yes: the console stays, and so does the make."""
    making.press("ctrl-d")
    making.wait_for("make [1] is running")
    making.wait_for("[y/N]")
    making.send(answer)
    making.ready("▶1")
    assert "running" in making.run("jobs")


def test_yes_stops_the_make_in_order_and_leaves(making, made):
    """The summary is told, the worker is gone, the store is not locked, the run is recorded as interrupted."""
    process = process_of(made, "a", making.wait_until)
    making.enter("exit")
    making.wait_for("[y/N]")
    making.send("y\r")
    making.wait_for("make interrupted")
    assert making.wait_end() == 0
    assert making.has_the_keyboard_back() and is_gone(process)
    assert "interrupted" in made.run("prog", "runs").out.splitlines()[1]
    assert_free(made)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_console_and_its_make(making, made, number):
    """At the prompt, with a make in the background: in order."""
    process = process_of(made, "a", making.wait_until)
    making.signal(number)
    assert making.wait_end() == 130
    assert making.has_the_keyboard_back() and is_gone(process)
    assert_free(made)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_the_middle_of_a_make_in_the_foreground_stops_it_in_order(console, made, number):
    """As two Ctrl-C: the job is terminated, the summary told; and the console ends."""
    console.begin("make gate-a", " MAKE", "waiting for a")
    process = process_of(made, "a", console.wait_until)
    console.signal(number)
    console.wait_for("make interrupted")
    assert console.wait_end() == 130
    assert console.has_the_keyboard_back() and is_gone(process)
    assert_free(made)


@pytest.mark.parametrize("line", ["make gate-a &", "make gate-a"])
def test_a_terminal_that_is_closed_ends_it(console, made, line):
    """The window was closed, at the prompt or in the middle of a make: the workers end, the store is free."""
    console.begin(line, "1 job")
    worker, process = process_of(made, "a", console.wait_until), psutil.Process(console.pid)
    console.hang_up()
    console.wait_until(lambda: is_gone(process), "the console's end")
    assert is_gone(worker)
    assert "interrupted" in made.run("prog", "runs").out.splitlines()[1]
    assert_free(made)


def test_a_killed_console_leaves_no_worker(making, made):
    """SIGKILL cannot be heeded; the zygote notices, and the lock is the kernel's."""
    worker = process_of(made, "a", making.wait_until)
    others = psutil.Process(making.pid).children(recursive=True)
    making.signal(signal.SIGKILL)
    assert making.wait_end() == -signal.SIGKILL
    _, left = psutil.wait_procs([worker, *others], 20)
    assert all(map(is_gone, left))
    assert_free(made)


def test_ctrl_c_at_an_empty_prompt_does_not_leave(console):
    """However often."""
    for _ in range(3):
        console.press("ctrl-c")
    console.ready()
    assert "7 done" in console.run("ls")


def test_the_shell_can_be_typed_at_afterwards(made):
    """In a shell: the line after the console is echoed and edited as ever."""
    with Console(
        made, argv=["/bin/sh", "-c", f"{sys.executable} -m compmake prog; read line; echo got $line"]
    ) as shell:
        shell.ready()
        shell.enter("ls func1")
        shell.wait_for("1 job: ")
        shell.ready()
        shell.press("ctrl-d")
        shell.wait_until(shell.has_the_keyboard_back, "the terminal as it was")
        shell.send("hello\r")
        shell.wait_for("got hello")


def test_a_store_that_is_removed_leaves_the_prompt_usable(console, made):
    """Lines cannot be kept in it any more; commands say what is wrong, and the console can be left."""
    shutil.rmtree(made.path / ".compmake")
    assert "compmake: " in console.run("make func1")
    assert "Traceback" not in console.run("ls") and "ENTER" not in console.shown
    console.enter("exit")
    assert console.wait_end() == 0
