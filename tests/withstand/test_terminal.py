"""What a make shows: on a terminal one line that redraws itself, elsewhere plain lines."""

import re

from withstanding import FORBIDDEN, run_in_terminal

PROGRAM = """\
import time
from compmake import comp

def works(i):
    time.sleep(0.02)
    return i

def fails(i):
    raise ValueError(f"number {i}")

def after(x):
    return x

for i in range(30):
    comp(works, i)
comp(after, comp(fails, 7))
"""


def test_on_a_terminal_one_line_redraws_itself_and_the_summary_stays(space):
    """The line has done/total, failed and the running job; it is erased, then the summary stands."""
    space.write("prog.py", PROGRAM)
    code, shown = run_in_terminal(space, "prog", "make")
    assert code == 1
    drawn = re.findall("\r([^\r\n]*)\x1b\\[K", shown)
    plain = [re.sub("\x1b\\[[0-9;]*m", "", line) for line in drawn]
    assert any(re.search(r"\d+/32 done.*1 failed.*works", line) for line in plain), plain
    last_screen = shown.replace("\r\n", "\n").rpartition("\x1b[K")[2]
    assert "/32 done" not in last_screen
    assert "30 done" in last_screen
    assert "1 failed" in last_screen
    assert "1 blocked" in last_screen
    assert "number 7" in last_screen


def test_without_a_terminal_there_are_plain_lines_only(space):
    """One line for each failure, its traceback once, the summary, and never an escape code."""
    space.write("prog.py", PROGRAM)
    done = space.run("prog", "make")
    assert done.code == 1
    assert not FORBIDDEN.search(done.err)
    assert len([line for line in done.err.splitlines() if "FAILED fails" in line]) == 1
    assert "30 done, 1 failed, 1 blocked" in done.err
    assert len(done.err.splitlines()) < 25


def test_a_dumb_terminal_gets_the_plain_log(space):
    """TERM=dumb knows no erasing."""
    space.write("prog.py", PROGRAM)
    _, shown = run_in_terminal(space, "prog", "make", env={"TERM": "dumb"})
    assert not FORBIDDEN.search(shown.replace("\r\n", "\n"))


def test_no_color_means_no_colour(space):
    """NO_COLOR leaves the line, without colours."""
    space.write("prog.py", PROGRAM)
    _, shown = run_in_terminal(space, "prog", "make", env={"NO_COLOR": "1"})
    assert "\x1b[K" in shown
    assert not re.search("\x1b\\[[0-9;]*m", shown)


def test_nothing_to_do_is_one_line(space):
    """A make that finds everything up to date leaves one line that says so."""
    space.write("prog.py", "from compmake import comp\ncomp(len, 'abc')\n")
    assert space.run("prog", "make").code == 0
    _, shown = run_in_terminal(space, "prog", "make")
    assert shown.rpartition("\x1b[K")[2].strip() == "Nothing to do: 1 job is up to date."
