"""The terminal that other tests type at: it shows, keeps and answers what a real one would."""

import sys

import pytest
from terminal import Terminal


@pytest.fixture
def shell(tmp_path):
    """An interactive shell."""
    with Terminal(["/bin/bash", "--norc", "--noprofile", "-i"], cwd=tmp_path, env={"PS1": "ready> "}) as terminal:
        terminal.wait_for("ready>")
        yield terminal


def test_what_scrolled_away_is_kept(shell):
    """All lines since the last `enter`, and none from before."""
    shell.enter("seq 100; echo over")
    lines = shell.wait_for("over\nready>").splitlines()
    assert lines[:2] == ["1", "2"] and lines[99:] == ["100", "over", "ready>"]
    shell.enter("echo again")
    assert shell.wait_for("again\nready>").splitlines() == ["again", "ready>"]


def test_the_size_is_told_to_programs(shell):
    """At the start, and when it changes."""
    shell.enter("stty size")
    shell.wait_for("24 80")
    shell.resize(40, 10)
    shell.enter("stty size")
    shell.wait_for("10 40")
    assert len(shell.lines) == 10


def test_a_full_screen_program_leaves_what_was_there(shell):
    """The second page comes and goes; lines on it do not scroll away."""
    shell.enter("echo kept; printf '\\033[?1049h\\033[Hinside'; read x; printf '\\033[?1049l'; echo left")
    shell.wait_for("inside")
    assert shell.screen.in_full_screen and "kept" not in shell.shown
    shell.send("\r")
    assert "kept" in shell.wait_for("left\n")
    assert not shell.screen.in_full_screen


def test_a_program_that_asks_where_the_cursor_is_gets_an_answer(shell):
    """Column and row from 1, as terminals count."""
    shell.enter("stty -icanon; printf '\\r\\033[6n'; read -d R answer; stty icanon; echo; echo ${answer:2}")
    shell.wait_for(";1")


def test_how_a_program_ended_is_known(tmp_path):
    """Its exit code, or the signal."""
    with Terminal([sys.executable, "-c", "raise SystemExit(3)"], cwd=tmp_path) as terminal:
        assert terminal.wait_end() == 3
    with Terminal([sys.executable, "-c", "import os; print('here', flush=True); os.abort()"], cwd=tmp_path) as terminal:
        assert terminal.wait_end() == -6
        assert "here" in terminal.shown


def test_waiting_in_vain_shows_the_screen(shell):
    """With what was waited for."""
    with pytest.raises(AssertionError, match=r"waited in vain for 'nothing': 0.1 s passed\n\| ready>"):
        shell.wait_for("nothing", timeout_s=0.1)
