"""Failures looked at from the prompt: the viewer, the debugger, a Python prompt with results."""

import re

import pytest
from consoles import ONE_BY_ONE, READING, Console, squeezed


@pytest.fixture
def viewing(console):
    """The viewer of the job that failed, opened from the prompt."""
    console.enter("traceback func2-3")
    console.wait_until(lambda: console.screen.in_full_screen, "the viewer")
    console.wait_for("local variables:")
    return console


def at_prompt_again(console):
    """Expect the prompt, the screen as it was, and a line that can be carried out."""
    shown = console.ready()
    assert not console.screen.in_full_screen and "local variables" not in shown
    assert "compmake 1." in console.everything[0]
    assert "7 done" in console.run("ls")


@pytest.mark.parametrize("key", ["q", "escape"])
def test_the_viewer_is_opened_and_left(viewing, key):
    """Error, source line and variables; then the prompt, with what was on the screen before."""
    shown = viewing.shown
    assert "ValueError: fifteen is too much" in shown and re.search(r"^ +x = 15$", shown, re.MULTILINE)
    viewing.press(key)
    at_prompt_again(viewing)


def test_the_viewer_survives_a_resize(viewing):
    """It is drawn anew, and left as ever."""
    viewing.resize(60, 12)
    viewing.wait_until(lambda: any("q quit" in line or " q" in line for line in viewing.lines), "the viewer")
    viewing.resize(100, 30)
    viewing.wait_for("local variables:")
    viewing.press("q")
    viewing.ready()


def test_r_in_the_viewer_remakes_the_job(viewing):
    """The viewer closes, the make is seen, and the prompt counts."""
    viewing.press("r")
    viewing.wait_for("make finished")
    assert "✘ failed func2-3" in viewing.ready("7/11 ✘1")


def test_a_piped_traceback_is_plain_text(console):
    """No viewer: all of it as text."""
    shown = console.run("traceback func2-3 | cat")
    assert "> 14" in shown and "x = 15" in shown and not console.screen.in_full_screen


def test_the_debugger_stops_at_the_exception(console):
    """pdb in the console's process, on the saved arguments; leaving it gives the prompt."""
    console.enter("debug func2-3")
    console.wait_for("(Pdb)")
    assert console.line_modes[2]
    console.send("p x + 1\r")
    console.wait_for("16")
    console.send("q\r")
    assert "func2-3 failed here; nothing was recorded." in console.ready()


def test_ctrl_d_and_ctrl_c_in_the_debugger_do_not_end_the_console(console):
    """They are the debugger's; the prompt comes back."""
    console.enter("debug func2-3")
    console.wait_for("(Pdb)")
    console.press_until("ctrl-c", lambda: "--KeyboardInterrupt--" in console.shown, "the debugger's answer")
    console.press("ctrl-d")
    console.ready()
    assert "7 done" in console.run("ls")


def test_ctrl_c_while_a_job_is_debugged_shows_where_it_hangs(console):
    """pdb opens at the user's line with its variables; `q` leaves."""
    console.enter("debug gate-a")
    console.wait_for("waiting for a")
    console.press("ctrl-c")
    assert re.search(r"steps\.py\(\d+\)gate\(\)", squeezed(console.wait_for("(Pdb)")))
    console.send("p name * 9\r")
    console.wait_for("aaaaaaaaa")
    console.send("q\r")
    assert "gate-a was interrupted here; nothing was recorded." in console.ready()


def asks_for_python(console, prompt):
    """Expect a prompt that reads single keys: what is typed before that may be taken for something else."""
    console.wait_until(
        lambda: re.fullmatch(prompt, console.prompt) and console.line_modes in (ONE_BY_ONE, READING), f"{prompt}"
    )


def test_load_opens_a_python_prompt_with_the_results(console):
    """The result of one job is `result`; Ctrl-D comes back."""
    console.enter("load func1-2")
    asks_for_python(console, r">>>|In \[1\]:")
    console.send("print(result + 100)\r")
    console.wait_for("110")
    asks_for_python(console, r">>>|In \[2\]:")
    console.press("ctrl-d")
    console.ready()
    assert console.line_modes == READING


def test_why_tells_all_failures_and_what_they_block(console):
    """Grouped, with place and next commands, in the console as elsewhere."""
    shown = console.run("why")
    assert "ValueError: fifteen is too much" in shown and "func3-3" in shown


def test_an_inline_make_has_the_terminal(console, made):
    """`make --inline` runs in this process: what a job asks can be answered."""
    made.edit("steps.py", "    if x == 15:", "    if x == 15 and input('really? ') == 'no':")
    console.enter("make func2-3 --inline")
    console.wait_for("[Y/n]")
    console.send("\r")
    console.wait_for("really?")
    console.send("yes\r")
    console.ready()
    assert re.search(r"^func2-3 +done", console.run("ls func2-3"), re.MULTILINE)


def test_debug_of_a_job_that_killed_its_process_asks(made):
    """Here that would be the console; no answer leaves it alone."""
    made.edit("steps.py", 'raise ValueError("fifteen is too much")', "os.kill(os.getpid(), 9)")
    with Console(made) as console:
        console.ready()
        console.run("make func2-3")
        console.enter("debug func2-3")
        console.wait_for("here that is the console: run func2-3? [y/N]")
        console.send("\r")
        assert "nothing was done" in console.ready()
