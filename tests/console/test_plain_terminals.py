"""The console on terminals that can do little, and where one of the streams is none."""

import os
import re

import pytest
from consoles import Console, is_gone, let_go, process_of, squeezed
from withstanding import FORBIDDEN

PLAIN = [{"TERM": "dumb"}, {"COMPMAKE_UI": "plain", "NO_COLOR": "1"}]


@pytest.fixture(params=PLAIN, ids=["dumb", "plain"])
def plain(request, made):
    """A console without a toolkit, at its prompt."""
    with Console(made, env=request.param) as console:
        console.ready()
        yield console


@pytest.fixture
def dumb(made):
    """A console on a terminal that knows no escape code."""
    with Console(made, env={"TERM": "dumb"}) as console:
        console.ready()
        yield console


def test_the_prompt_and_commands_work(plain):
    """The same prompt, lists, pipes, mistakes."""
    plain.ready("7/11 ✘1")
    shown = plain.run("ls failed; ls | grep -c .; nosuch")
    assert re.search(r"^func2-3 +failed", shown, re.MULTILINE)
    assert "\n11\n" in shown and "unknown command 'nosuch'" in shown


def test_a_dumb_terminal_gets_no_escape_code(dumb, made):
    """Nothing but text in the whole of a session: make, failure, background, jobs, leaving."""
    dumb.run("remake func2-3")
    dumb.run("make gate-a &")
    dumb.run("jobs")
    let_go(made, "a")
    dumb.wait_for("make finished")
    dumb.send("exit\r")
    assert dumb.wait_end() == 0
    assert not FORBIDDEN.search(dumb.raw.decode().replace("\r\n", "\n"))


def test_a_make_is_a_plain_log(plain):
    """Lines that stay; the failure and the summary are there, and the prompt comes back."""
    shown = plain.run("remake func2-3")
    assert re.search(r"FAILED func2-3 .*ValueError: fifteen is too much", shown)
    assert "0 done, 1 failed, 0 blocked" in shown


def test_ctrl_c_in_the_middle_of_a_make(dumb, made):
    """The same three steps, told in the log."""
    dumb.enter("make gate-a")
    process = process_of(made, "a", dumb.wait_until)
    dumb.press("ctrl-c")
    dumb.wait_for("Interrupted: starting nothing more, waiting for 1 running job. Ctrl-C again")
    dumb.press("ctrl-c")
    dumb.wait_for("Terminating 1 running job.")
    dumb.ready("7/11")
    assert is_gone(process)


def test_ctrl_c_at_the_prompt_gives_the_next(plain):
    """What was typed is not carried out."""
    plain.send("clean all")
    plain.wait_for(": clean all")
    # A signal that comes just before Python begins to read is heard with the next key only.
    plain.press_until("ctrl-c", lambda: plain.at_prompt() and plain.prompt.endswith("1:"), "a new prompt")
    assert "7 done" in plain.run("ls")


def test_background_makes_are_told_between_the_lines(dumb, made):
    """Without redrawing: the failure is a line, the prompt is there once more."""
    dumb.run("remake func2-3 &")
    dumb.wait_for("failed func2-3")
    dumb.wait_for("make finished")
    dumb.ready()
    assert "1 job: 1 done" in dumb.run("ls func1")


def test_leaving_with_a_make_running_asks(dumb, made):
    """No stays, yes stops it."""
    dumb.run("make gate-a &")
    process = process_of(made, "a", dumb.wait_until)
    dumb.send("exit\r")
    dumb.wait_for("[y/N]")
    dumb.send("n\r")
    dumb.wait_for("still here")
    dumb.press("ctrl-d")
    dumb.wait_until(lambda: squeezed("".join(dumb.everything)).count("[y/N]") == 2, "the question")
    dumb.send("y\r")
    assert dumb.wait_end() == 0
    assert is_gone(process)


def test_a_traceback_is_text(dumb):
    """There is no viewer."""
    assert "> 14" in dumb.run("traceback func2-3")


@pytest.mark.parametrize(
    "env", [{"COMPMAKE_ASCII": "1"}, {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_ascii_terminals_get_ascii(made, env):
    """Words in place of glyphs, in banner, prompt, lists and region."""
    with Console(made, env=env) as console:
        console.ready("7/11 [x]1")
        console.run("ls; why; plan; nosuch")
        console.begin("make gate-a", " MAKE", "gate-a")
        let_go(made, "a")
        console.ready("8/11")
        assert console.raw.isascii()


def test_data_goes_to_standard_output_and_the_prompt_to_the_terminal(made):
    """Standard output is a file, standard input a terminal: lists are in the file, all else on the screen."""
    argv = ["/bin/sh", "-c", 'exec "$0" -m compmake prog > data.txt', os.sys.executable]
    with Console(made, argv=argv) as console:
        console.ready("7/11")
        console.run("ls failed")
        shown = console.run("remake func2-3")
        assert "make finished" in shown and "func2-3 " in shown
        console.press("ctrl-d")
        assert console.wait_end() == 0
        assert console.has_the_keyboard_back()
    data = (made.path / "data.txt").read_text()
    assert re.fullmatch(r"func2-3 +failed .*\n", data)
