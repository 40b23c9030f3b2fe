"""The banner and the prompt: what they tell, when, and what Ctrl-C does there."""

import os
import re

from consoles import Console, let_go

READS = """\
from compmake import File, comp

comp(len, [File("input.txt")], job_id="reads")
"""


def test_the_banner_tells_how_the_jobs_stand_and_of_the_last_run(made):
    """What is open, the counts by state with their words, what to type, and how the last run ended."""
    with Console(made) as console:
        shown = console.ready("7/11")
        assert re.match(
            r"compmake \S+ · prog · 11 jobs( \(✔ 7 done, ✘ 1 failed, ⊘ 1 blocked, · 2 todo\))?\n"
            r"Type `make`, `ls failed`, `dash` \(F2\), `help`\.\s"
            r"Last run: 7 done, 1 failed, 1 blocked, (just now|.* ago)\.\n",
            shown,
        )


def test_the_banner_of_a_program_never_made_tells_of_no_run(fresh):
    """All is to be made, and the prompt can be typed at."""
    with Console(fresh) as console:
        shown = console.ready("0/11")
        assert "prog · 11 jobs" in shown and "Last run" not in shown


def test_the_prompt_has_a_fixed_beginning_and_end(shared):
    """`@ ` stands in column 1 and `: ` before what is typed, so that scripts and eyes can find it."""
    assert shared.prompt == "@ 7/11 ✘1:"
    shared.send("x")
    shared.wait_until(lambda: shared.prompt == "@ 7/11 ✘1: x", "one blank before what is typed")


def test_the_prompt_does_not_wait_for_the_counters(space):
    """Until it is known how the jobs stand there is an ellipsis; the numbers then follow by themselves."""
    space.write("prog.py", READS)
    file = space.write("input.txt", "1")
    assert space.run("prog", "make").code == 0
    file.unlink()
    os.mkfifo(file)  # who reads it waits until somebody has written
    with Console(space) as console:
        assert console.ready().splitlines()[0].endswith("prog · 1 job")
        assert console.prompt == "@ …/1:"
        console.send("ls")
        console.wait_until(lambda: console.prompt == "@ …/1: ls", "the typed text")
        file.write_text("1")
        console.wait_until(lambda: console.prompt == "@ 1/1: ls", "the counters, what was typed still there")


def test_the_counters_follow_a_make_in_the_background(console, made):
    """The prompt counts what runs and what was done while the user does nothing."""
    console.run("make gate() &")
    console.ready("7/11 ✘1 ▶1")
    let_go(made, "a")
    console.ready("8/11 ✘1 ▶1")
    let_go(made, "b")
    console.wait_until(lambda: console.prompt == "@ 9/11 ✘1:", "the end of the make")


def test_ctrl_c_at_the_prompt_clears_the_line(console):
    """What was typed is not carried out; the console goes on."""
    console.send("clean all")
    console.wait_until(lambda: console.prompt.endswith(": clean all"), "what was typed")
    console.press("ctrl-c")
    console.ready("7/11")
    assert console.run("ls todo").count("gate-") == 2


def test_a_blank_line_is_nothing(shared):
    """Enter alone gives the next prompt, and nothing else."""

    def prompts():
        return [number for number, line in enumerate(shared.everything) if line.startswith("@ ")]

    before = prompts()
    shared.send("  \r")
    shared.wait_until(lambda: shared.at_prompt() and prompts() == [*before, before[-1] + 1], "the next prompt")


def test_a_mistake_is_one_line_and_the_console_goes_on(shared):
    """Errors of the user have no traceback and leave the prompt."""
    for line, told in (
        ("make nosuch", "compmake: no job is called 'nosuch'"),
        ("make (func1", "compmake: "),
        ("ls --nosuch", "compmake: list has no option --nosuch"),
        ("ls 'unclosed", "compmake: "),
    ):
        shown = shared.run(line)
        assert told in shown and "Traceback" not in shown
