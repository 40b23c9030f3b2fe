"""The dashboard in the console, as people open it: from the prompt, and back to it."""

import re

import pytest
from consoles import ONE_BY_ONE, READING, Console, let_go, squeezed, write_program


@pytest.fixture
def space(tmp_path):
    """A program with jobs that run until a test lets them go, and one that fails."""
    return write_program(tmp_path)


@pytest.fixture
def console(space):
    """A console with a make in the background, at its prompt."""
    with Console(space) as console:
        console.ready()
        console.enter("make -j 3 &")
        console.ready("▶")
        yield console


def opened(console, text="─ Jobs"):
    """Press F2, and return what the dashboard shows."""
    console.press("f2")
    console.wait_until(lambda: console.screen.in_full_screen, "the dashboard")
    return console.wait_for(text)


def closed(console, key="q"):
    """Leave the dashboard."""
    console.press(key)
    console.wait_until(lambda: not console.screen.in_full_screen and console.line_modes == READING, "the prompt")


def test_f2_and_back_leaves_the_half_typed_line_and_its_cursor(console, space):
    """In the middle of a make; the prompt stands there once, and the line can be carried out."""
    console.send("ls all gate-a")
    console.press(*["left"] * 7)
    console.wait_until(lambda: console.prompt.endswith("ls all"), "the cursor")
    above = [line for line in console.everything if line.startswith("@ ")][:-1]
    shown = opened(console, "gate-a ")
    assert re.search(r"▶ run +gate-a +gate", shown)
    console.resize(100, 30)
    console.wait_for("Enter open")
    console.resize(80, 24)
    closed(console)
    console.wait_until(lambda: console.prompt.endswith("ls all"), "the line with its cursor")
    assert [line for line in console.everything if line.startswith("@ ")][:-1] == above
    console.press(*["backspace"] * 4)
    console.enter()
    console.wait_for(re.compile(r"^gate-a +running", re.MULTILINE))
    let_go(space, "a", "b")


def test_from_filter_to_traceback_and_back(console, space):
    """The way of somebody who looks for what went wrong."""
    opened(console)
    console.press("f")
    console.wait_for("filter: failed, blocked")
    console.wait_for(re.compile(r"▌ ✘ fail +func2-3 "))
    console.wait_for("ValueError: fifteen is too much")
    console.press("enter")
    console.wait_for("> steps.py:14 in func2")
    console.press("q")
    console.press("/")
    console.send("~^func3-3\r")
    console.wait_for(re.compile(r"▌ ⊘ block +func3-3 "))
    console.press("4")
    console.wait_for("func2-3 ✘")
    closed(console)
    let_go(space, "a", "b")


def test_what_happens_meanwhile_is_told_behind_the_dashboard(console, space):
    """Verdicts wait for the prompt; the dashboard stays at the end of the make."""
    opened(console)
    let_go(space, "a", "b")
    console.wait_for("─ Summary")
    assert "make finished" not in "\n".join(console.screen.scrolled)
    closed(console, "f2")
    console.ready()
    assert "[1]" in console.wait_for("make finished in")


def test_commands_behind_a_colon(console, space):
    """What they say is a page, one line stands below; a make goes on in the background; what is wrong is told."""
    opened(console)
    console.press(":")
    console.send("ls failed\r")
    console.wait_for("1 job: 1 failed")
    console.press("q")
    console.wait_for("─ Jobs")
    console.press(":")
    console.send("make func1\r")
    console.wait_for("waits for [1]")
    console.press(":")
    console.send("lst\r")
    console.wait_for("unknown command 'lst'")
    console.press(":", "up", "up", "enter")
    console.wait_for("waits for [2]")
    let_go(space, "a", "b")


def test_what_commands_say_is_laid_out_for_the_screen(console, space):
    """Words at the end of a long line are on the next one, not beyond the edge."""
    opened(console)
    console.press(":")
    console.send("help stats\r")
    shown = console.wait_for("W wrap")
    assert "…" not in shown
    let_go(space, "a", "b")


def test_a_command_that_needs_the_terminal_has_it(console, space):
    """A pipe, for example; Enter comes back."""
    opened(console)
    console.press(":")
    console.send("ls failed | wc -l\r")
    console.wait_for("Enter: back to the dashboard")
    assert not console.screen.in_full_screen
    console.press("enter")
    console.wait_for("─ Jobs")
    console.press(":")
    console.send("exit\r")
    console.wait_for("stop it and leave?")
    let_go(space, "a", "b")
    console.send("y\r")
    assert console.wait_end() == 0


def test_jobs_are_marked_and_cancelled_after_a_question(console, space):
    """`a` asks what to do, and whether that is meant."""
    opened(console)
    console.press("/")
    console.send("gate\r")
    console.wait_for("2 of 11")
    console.press(" ", " ", "a")
    console.wait_for("2 marked jobs:")
    console.press("x")
    console.wait_for("Cancel 2 marked jobs?")
    console.press("n")
    console.wait_for("/ filter")
    assert re.search(r"▶ run +gate-a", console.shown)
    console.press("a", "x", "y")
    console.wait_for(re.compile("! stop +gate-a"))
    console.wait_for("─ Summary")


def test_the_make_is_paused_and_given_more_workers(console, space):
    """`p` and `+`; the answer stands below, and the header says how it is."""
    opened(console)
    console.press("p")
    console.wait_for("Paused: no job is started any more")
    console.wait_for("PAUSED")
    console.press("p")
    console.wait_for("Jobs are started again")
    console.press("+")
    console.wait_for("4 workers from now on")
    let_go(space, "a", "b")


def test_before_any_make_it_shows_how_the_jobs_stand(space):
    """And the make that is begun in it."""
    let_go(space, "a", "b")
    assert space.run("prog", "make").code == 1
    with Console(space) as console:
        console.ready()
        shown = opened(console, "▌ ✘ fail   func2-3")
        assert "─ No make" in shown
        console.press(":")
        console.send("remake -y func2-3\r")
        console.wait_for("─ Summary")


@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "xterm"},
        {"TERM": "xterm", "NO_COLOR": "1"},
        {"TERM": "screen-256color", "COMPMAKE_ASCII": "1"},
        {"TERM": "vt100", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_any_capable_terminal_will_do(space, env):
    """With 256 colours, 16, or none; with ASCII alone states are still words and signs."""
    let_go(space, "a", "b")
    assert space.run("prog", "make").code == 1
    with Console(space, env=env) as console:
        console.ready()
        shown = opened(console, "func2-3")
        assert re.search(r"(✘|\[x\]) fail +func2-3", shown)
        if env["TERM"] == "vt100" or "COMPMAKE_ASCII" in env:
            assert shown.isascii()
        if "NO_COLOR" in env:
            codes = re.findall(rb"\x1b\[([\d;]*)m", console.raw.partition(b"\x1b[?1049h")[2] or console.raw)
            assert not {code for many in codes for code in many.split(b";")} & {b"%d" % n for n in range(30, 38)}
        closed(console)


def test_a_terminal_that_cannot_be_filled_is_told_in_one_line(space):
    """And what to use there."""
    with Console(space, env={"TERM": "dumb"}) as console:
        console.ready()
        shown = squeezed(console.run("dash"))
        assert squeezed("the dashboard needs a capable terminal") in shown
        assert squeezed("`watch` tells the same in lines") in shown
    told = space.run("prog", "dash")
    assert told.code == 2
    assert "the dashboard needs a capable terminal" in told.err


def test_wrong_keys_in_the_settings_are_told_at_the_prompt(space):
    """The dashboard does not open with keys that are not meant."""
    space.write("compmake.toml", 'keys = {filtr = "x"}\n')
    with Console(space) as console:
        console.ready()
        console.send("half a li")
        console.press("f2")
        console.wait_for("there is no action 'filtr': did you mean filter?")
        console.wait_until(lambda: console.prompt.endswith("half a li"), "the line")


def test_d_opens_it_over_a_make_in_the_foreground(space):
    """The make goes on; what happened meanwhile is told in the region, the summary if it has ended."""
    with Console(space) as console:
        console.ready()
        console.begin("make -j 3", "func2-3", "gate-a")
        console.press("d")
        console.wait_for("─ Workers")
        console.press("q")
        console.wait_until(lambda: not console.screen.in_full_screen, "the region")
        console.wait_for("[d]ash")
        assert console.line_modes == ONE_BY_ONE
        console.press("d")
        console.wait_for("─ Workers")
        let_go(space, "a", "b")
        console.wait_for("─ Summary")
        console.press("q")
        console.ready("✘1")
        shown = console.shown
        assert shown.count("ValueError: fifteen is too much") == 2  # the verdict and the summary
        assert "✔ 9 done  ✘ 1 failed" in shown


def test_over_a_make_in_the_foreground_it_asks_and_acts_too(space):
    """The line that began the make is not over: what is asked of the store and of the make must not wait for that."""
    with Console(space) as console:
        console.ready()
        console.begin("make -j 3", "func2-3", "gate-a")
        console.press("d")
        console.wait_for("─ Workers")
        console.press("3")
        console.wait_for(re.compile("x = |name = "))
        console.press("p")
        console.wait_for("Paused: no job is started any more")
        console.press("p", "q", "q")
        let_go(space, "a", "b")
        console.ready("✘1")


def test_keys_that_come_fast_count_each(console, space):
    """The second `p` and the second `+` come before the news of the first."""
    opened(console)
    console.send("++")
    console.wait_for("5 workers from now on")
    console.send("pp")
    console.wait_for("Jobs are started again")
    let_go(space, "a", "b")


def test_tab_completes_behind_a_colon(console, space):
    """Commands, then what they take: what all begin with, with Tab again one after the other; Esc leaves the line."""
    opened(console)
    console.send(":wh\t")
    console.wait_for("where  why")
    console.press("ctrl-u")
    console.send("rem\t")
    console.wait_for(":remake")
    console.send(" gat\t")
    console.wait_for(":remake gate")
    console.wait_for("gate-a  gate-b")
    console.press("tab", "tab", "tab")
    console.wait_for(":remake gate-b")
    console.press("escape")
    console.wait_for("/ filter")
    console.send("/=run\t in ga\t\t")
    console.wait_for("/=running in gate")
    console.press("escape")
    console.wait_for("filter: not done")
    let_go(space, "a", "b")


def test_ctrl_c_leaves_the_dashboard_and_lets_the_make_go_on(space):
    """Over a make in the foreground too, whose keys are heard again; there the next Ctrl-C is for the make."""
    with Console(space) as console:
        console.ready()
        console.begin("make -j 3", "func2-3", "gate-a")
        console.press("d")
        console.wait_for("─ Workers")
        console.press("ctrl-c")
        console.wait_until(lambda: not console.screen.in_full_screen, "the region")
        console.wait_for("[d]ash")
        assert console.line_modes == ONE_BY_ONE
        let_go(space, "a", "b")
        console.ready("✘1")
        assert "9 done" in console.shown


HOSTILE_STEPS = """\
import os, sys, time
from pathlib import Path

def shout():
    while not (Path(__file__).parent / "open").exists():
        os.write(1, b"\\x1b[2J\\x1b[?1049l\\x1bc\\x00nul \\xff\\x9b2J " + "日本語".encode() * 500 + b"\\n")
        time.sleep(0.05)
"""


def test_hostile_output_is_followed_live_and_harmless(space):
    """Escape sequences, NULs, wide characters, very long lines: the screen stays what it was."""
    space.write("steps.py", HOSTILE_STEPS)
    space.write("prog.py", "from compmake import comp\nfrom steps import shout\ncomp(shout, job_id='loud')\n")
    with Console(space) as console:
        console.ready()
        console.enter("make -j 2 &")
        console.ready("▶")
        opened(console, "loud")
        console.press("o")
        console.wait_for("\\x1b[2J\\x1b[?1049l\\x1bc\\x00nul")
        console.press("W")
        console.wait_for(" of ")
        assert "[2 output]" in console.shown and console.screen.in_full_screen
        assert "compmake prog" in console.lines[0] and "/ filter" in console.lines[-1]
        (space.path / "open").touch()
        console.wait_for("printed by attempt 1")


def test_what_a_former_attempt_printed_is_said_to_be_that(console, space):
    """Of a job that waits to be made again the attempt is named."""
    let_go(space, "a", "b")
    console.wait_for("make finished in")
    for name in "ab":
        (space.path / f"open-{name}").unlink()
    console.enter("remake -y gate-a &")
    console.ready("▶")
    opened(console, "gate-a")
    console.press("a", "x", "y")
    console.wait_for("! stop   gate-a")
    console.press("o")
    console.wait_for(re.compile(r"printed by attempt 1, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n waiting for a"))
