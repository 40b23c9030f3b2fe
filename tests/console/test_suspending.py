"""Ctrl-Z, the shell's fg, and windows that change their size."""

import re
import shlex
import signal
import sys

import psutil
import pytest
from consoles import COOKED, ONE_BY_ONE, Console, let_go, process_of

SHELL = ["/bin/bash", "--norc", "--noprofile", "-i"]


@pytest.fixture
def shell(made):
    """A console begun in an interactive shell, at its prompt."""
    with Console(made, argv=SHELL, env={"PS1": "shell> "}) as started:
        started.wait_for("shell>")
        started.send(f"{shlex.quote(sys.executable)} -m compmake prog\r")
        started.ready()
        yield started


def is_stopped(process):
    """Tell whether a process is stopped by a signal."""
    return process.status() == psutil.STATUS_STOPPED


def at_the_shell(terminal):
    """Tell whether the shell waits for a line."""
    return terminal.lines[terminal.cursor[1]].startswith("shell>")


def test_ctrl_z_at_the_prompt_gives_the_shell_and_fg_the_prompt(shell):
    """Twice: the shell's own modes, then the prompt with what was typed."""
    shell.send("ls fun")
    shell.wait_until(lambda: shell.prompt.endswith(": ls fun"), "what was typed")
    for _ in range(2):
        shell.press("ctrl-z")
        shell.wait_until(lambda: at_the_shell(shell), "the shell")
        shell.send("echo $((40+2))\r")
        shell.wait_for("42")
        shell.wait_until(lambda: at_the_shell(shell), "the shell")
        shell.send("fg\r")
        shell.wait_until(lambda: shell.prompt.endswith(": ls fun"), "the prompt as it was")
    shell.send("c1\r")
    shell.wait_for("1 job: 1 done")


def test_ctrl_z_at_the_prompt_stops_the_workers_too(console, made):
    """A make in the background pauses with the console; continued, both go on."""
    console.run("make gate-a &")
    console.ready("▶1")
    process, worker = psutil.Process(console.pid), process_of(made, "a", console.wait_until)
    console.press("ctrl-z")
    console.wait_until(lambda: is_stopped(process) and is_stopped(worker), "console and worker to be stopped")
    assert console.line_modes == COOKED
    console.signal(signal.SIGCONT)
    console.wait_until(lambda: not is_stopped(worker), "the worker to go on")
    let_go(made, "a")
    console.ready("8/11")


def test_ctrl_z_in_the_middle_of_a_make_and_fg(shell, made):
    """The workers stop with it; the shell can be used; after `fg` the region is back and the make goes on."""
    shell.begin("make gate-a", " MAKE", "waiting for a")
    worker = process_of(made, "a", shell.wait_until)
    shell.wait_until(lambda: shell.line_modes == ONE_BY_ONE, "keys one by one")
    shell.press("ctrl-z")
    shell.wait_until(lambda: at_the_shell(shell), "the shell")
    shell.wait_until(lambda: is_stopped(worker), "the worker to be stopped")
    assert not shell.screen.cursor.hidden
    shell.send("fg\r")
    shell.wait_until(lambda: shell.lines[shell.cursor[1]].startswith(" MAKE"), "the region")
    shell.wait_until(lambda: not is_stopped(worker), "the worker to go on")
    let_go(made, "a")
    shell.ready("8/11")


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (30, 6), (150, 50), (80, 4)])
def test_a_resize_at_the_prompt_keeps_the_line(console, columns, rows):
    """Prompt and typed text stand there once, and can be carried out."""
    console.send("ls func1")
    console.wait_until(lambda: console.prompt.endswith("ls func1"), "what was typed")
    console.resize(columns, rows)
    console.wait_until(lambda: console.prompt.endswith("ls func1"), "what was typed")
    console.press("enter")
    console.wait_for("1 job: 1 done")
    console.ready()


@pytest.mark.parametrize(("columns", "rows"), [(40, 24), (25, 5), (150, 50), (80, 3)])
def test_a_resize_in_the_middle_of_a_make_redraws_the_region(console, made, columns, rows):
    """One region that fits, then the prompt."""
    console.begin("make gate-a", " MAKE", "waiting for a")
    console.resize(columns, rows)
    console.wait_until(
        lambda: (
            sum("^C stop" in line for line in console.lines) == 1
            and all(len(line) < columns for line in console.lines[console.cursor[1] :])
        ),
        "a region that fits",
    )
    let_go(made, "a")
    console.ready("8/11")


def test_a_narrow_terminal_has_everything(made):
    """40 columns: prompt, lists, a make and its summary, in lines that fit or are wrapped."""
    with Console(made, columns=40, rows=15) as console:
        console.ready("7/11")
        assert re.search(r"^func2-3 +failed", console.run("ls failed"), re.MULTILINE)
        assert "func2-3" in console.run("remake func2-3")
        console.begin("make gate-a", " MAKE", "gate-a")
        assert all(len(line) < 40 for line in console.lines[console.cursor[1] :])
        let_go(made, "a")
        console.ready("8/11")
        shown = console.run("why func2-3")
        assert "fifteen is too much" in " ".join(shown.split())
