"""A make in the foreground of a real terminal: its keys, what signals do, and how the terminal is left."""

import signal
import sys
from pathlib import Path

import psutil
import pytest
from terminal import Terminal

COOKED, KEYS_COME_ONE_BY_ONE = (True, True, True), (False, False, True)
TESTS = Path(__file__).parent
PATHS = {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}


@pytest.fixture
def terminal():
    with Terminal([sys.executable, str(TESTS / "watched_program.py")], cwd=TESTS, env=PATHS) as shown:
        shown.wait_for("[f]ailures [b]ackground")
        shown.wait_until(lambda: shown.line_modes == KEYS_COME_ONE_BY_ONE, "keys one by one")
        yield shown


def ends(terminal, in_background):
    """Expect the end of the watching, a terminal that is as it was, and a line that can be typed then."""
    terminal.wait_for(f"in the background: {in_background}")
    assert terminal.line_modes == COOKED and not terminal.screen.cursor.hidden
    terminal.send("hello\r")
    terminal.wait_for("then typed: hello")
    assert terminal.wait_end() == 0


def test_keys_come_one_by_one_and_are_not_echoed(terminal):
    """While the region is shown nothing that is typed stands in it; Ctrl-C stays a signal."""
    assert terminal.line_modes == KEYS_COME_ONE_BY_ONE
    terminal.press("x", "y", "?")
    shown = terminal.wait_for("leave the make in the background")
    assert "xy" not in shown


def test_b_leaves_it_in_the_background(terminal):
    """The region goes, what was said above it stays."""
    terminal.press("b")
    terminal.wait_gone("MAKE")
    assert any("failed broken" in line for line in terminal.lines)
    ends(terminal, True)


def test_f_shows_the_failures_so_far(terminal):
    """They are printed above the region, grouped, and stay there."""
    terminal.press("f")
    terminal.wait_for("ValueError: x is NaN  1x  train()  mycomputations.py:88  broken")
    assert terminal.lines[terminal.cursor[1]].startswith(" MAKE")


def test_p_pauses_and_goes_on(terminal):
    """What each press did is told above the region."""
    terminal.press("p")
    terminal.wait_for(" paused, 0 workers")
    terminal.press("p")
    terminal.wait_for(" going on, 0 workers")


def test_plus_and_minus_change_the_workers(terminal):
    """One more for each press; below one there is none, and that is said."""
    terminal.press("+", "+")
    terminal.wait_for("going on, 2 workers")
    terminal.press("-", "-")
    terminal.wait_for("Refused: workers are 1 to 1000")


def test_ctrl_c_takes_one_step_after_the_other(terminal):
    """Each says what it did and which step comes next; at the end there is the summary."""
    terminal.press("ctrl-c")
    terminal.wait_for("Interrupted: starting nothing more, waiting for 1 running job. Ctrl-C again")
    terminal.wait_for("^C terminate")
    terminal.press("ctrl-c")
    terminal.wait_for("Terminating 1 running job. Ctrl-C again kills them.")
    terminal.wait_for("make interrupted in 3.0s")
    ends(terminal, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_the_process_terminates_the_jobs(terminal, number):
    """SIGTERM and SIGHUP are as two Ctrl-C, in order: the summary is told and the terminal is left tidy."""
    terminal.signal(number)
    terminal.wait_for("make interrupted in 3.0s")
    ends(terminal, False)


def test_pasted_text_is_no_key(terminal):
    """Neither its letters nor those of keys that send several characters do anything."""
    terminal.paste("break it into bits\nfoo\nb\n")
    terminal.press("up", "delete")
    terminal.press("ctrl-c")
    terminal.wait_for("^C terminate")
    assert not any("in the background:" in line or "1x" in line for line in terminal.lines)


def test_ctrl_z_leaves_the_terminal_to_the_shell(terminal):
    """Stopped, with its workers, the terminal is as a shell needs it; continued, the region is there again."""
    process = psutil.Process(terminal.pid)
    for _ in range(2):
        terminal.press("ctrl-z")
        terminal.wait_until(lambda: process.status() == psutil.STATUS_STOPPED, "the process to be stopped")
        terminal.wait_gone("MAKE")
        assert terminal.line_modes == COOKED and not terminal.screen.cursor.hidden
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("MAKE")
        terminal.wait_until(lambda: terminal.line_modes == KEYS_COME_ONE_BY_ONE, "keys one by one")
    assert "".join(terminal.everything).count("suspended") == "".join(terminal.everything).count("resumed") == 2
    terminal.press("b")
    ends(terminal, True)


@pytest.mark.parametrize(("columns", "rows"), [(40, 5), (50, 24), (130, 40), (80, 3)])
def test_a_resize_redraws_at_once(terminal, columns, rows):
    """The region has the new size, once, and what was said above is not damaged."""
    terminal.resize(columns, rows)
    terminal.wait_until(
        lambda: (
            sum("MAKE" in line for line in terminal.everything) == 1
            and len(terminal.lines[terminal.cursor[1]]) < columns
            and terminal.lines[-1 if rows < 6 else terminal.cursor[1] + 2].endswith("^C stop")
        ),
        "the region in its new size",
    )
    assert any("failed broken" in line for line in terminal.everything)


def test_a_plain_log_knows_the_same_keys():
    """On terminals that cannot redraw the log goes on, and `f`, `b` and Ctrl-C do what they do elsewhere."""
    argv = [sys.executable, str(TESTS / "watched_program.py"), "plain"]
    with Terminal(argv, cwd=TESTS, env=PATHS | {"TERM": "dumb"}) as terminal:
        terminal.wait_for("FAILED broken")
        terminal.press("f")
        terminal.wait_for("1x  train()")
        terminal.press("ctrl-c")
        terminal.wait_for("Interrupted: starting nothing more")
        terminal.press("b")
        ends(terminal, True)
        assert b"\x1b" not in terminal.raw
