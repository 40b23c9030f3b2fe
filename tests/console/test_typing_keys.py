"""What is seen while a line is typed: completion, suggestions from the history, colours."""

import re
import stat

import pytest
from consoles import Console
from pyte.screens import Char


def colours(console: Console, text: str) -> set[str]:
    """Return the colours in which a text stands in the line of the cursor."""
    y = console.cursor[1]
    start = console.lines[y].rindex(text)
    cells: list[Char] = [console.screen.buffer[y][x] for x in range(start, start + len(text))]
    return {cell.fg for cell in cells}


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("trac", "traceback"),
        ("ls func2-", "ls func2-"),
        ("details gate-", "details gate-"),
        ("ls func3(", "ls func3()"),
        ("ls fai", "ls failed"),
        ("make not fail", "make not failed"),
        ("make --dry", "make --dry-run"),
        ("config autorel", "config autoreload"),
        ("help invali", "help invalidate"),
        ("ls func1; inval", "ls func1; invalidate"),
        ("make descendants o", "make descendants of"),
    ],
)
def test_tab_completes_what_may_stand_there(shared, typed, completed):
    """Commands, options, ids as far as they agree, functions, states, operators, settings."""
    shared.send(typed)
    shared.wait_until(lambda: shared.prompt.endswith(f": {typed}"), "what was typed")
    shared.press("tab")
    shared.wait_until(lambda: shared.prompt.endswith(f": {completed}"), "what was completed")
    shared.press("ctrl-c")
    shared.ready()


def test_tab_lists_what_is_possible_below_the_line(shared):
    """Ids with the state of their jobs; the next Tab takes the first."""
    shared.send("ls func2-")
    shared.press("tab")
    shared.wait_for(re.compile(r"^ +func2-2 +done.*\n +func2-3 +failed", re.MULTILINE))
    shared.press("tab")
    shared.wait_until(lambda: shared.prompt.endswith("ls func2-2"), "the first")
    shared.press("ctrl-c")
    shared.ready()


def test_what_was_typed_before_is_suggested_and_taken_with_the_right_arrow(console):
    """The rest of a line of the history stands there in grey."""
    console.run("ls failed in func2()")
    console.send("ls f")
    console.wait_for(": ls failed in func2()")
    assert console.prompt.endswith(": ls f") and colours(console, "ailed in") != colours(console, "ls f")
    console.press("right")
    console.wait_until(lambda: console.prompt.endswith("ls failed in func2()"), "the suggestion in the line")


def test_the_history_is_kept_beside_the_store_for_the_owner_alone(made):
    """The next console has the lines: the arrow brings them back; the file is nobody else's to read."""
    with Console(made) as console:
        console.ready()
        console.run("ls func3()")
        console.run("ls blocked")
        console.enter("exit")
        assert console.wait_end() == 0
    file = made.path / ".compmake" / "prog" / "history"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with Console(made) as console:
        console.ready()
        console.press("up", "up")
        console.wait_until(lambda: console.prompt.endswith(": ls blocked"), "the line before the last")


def test_ctrl_r_searches_the_history(console):
    """Found by any part of it."""
    console.run("ls done in func3()")
    console.run("ls todo")
    console.press("ctrl-r")
    console.wait_for("reverse-i-search")
    console.send("func3")
    console.wait_for("ls done in func3()")
    console.press("enter")
    console.wait_gone("reverse-i-search")
    assert console.lines[console.cursor[1]].endswith(": ls done in func3()")
    console.press("enter")
    console.wait_until(lambda: "\n".join(console.everything).count("2 jobs: 2 done") == 2, "the jobs once more")


def test_what_is_typed_is_coloured(shared):
    """A command, an unknown command and a job that is unknown look different from each other."""
    found = []
    for line, word in (("ls func1", "ls"), ("lx func1", "lx"), ("ls funk1", "funk1")):
        shared.send(line)
        shared.wait_until(lambda line=line: shared.prompt.endswith(f": {line}"), "what was typed")
        y, x = shared.cursor[1], shared.prompt.rindex(word)
        cell = shared.screen.buffer[y][x]
        found.append((cell.fg, cell.bold, cell.underscore))
        shared.press("ctrl-c")
        shared.ready()
    assert len(set(found[:2])) == 2 and found[2] != ("default", False, False)


def test_without_colours_nothing_is_coloured(made):
    """NO_COLOR leaves bold and underlined at most."""
    with Console(made, env={"NO_COLOR": "1"}) as console:
        console.ready()
        console.run("ls failed; nosuch")
        console.send("details func2-3 nosuch")
        console.wait_for("details func2-3 nosuch")
        assert not re.search(rb"\x1b\[[0-9;]*\b([34][0-8]|9[0-7])[;m]", console.raw)


def test_a_long_line_can_be_edited_across_the_margin(console):
    """It goes on in the next row of the screen; its beginning is reached and changed."""
    names = " ".join(["func1", "func2", "func3"] * 6)
    console.send(f"lx {names}")
    console.wait_for(names[-6:])
    console.press("home", "right", "delete", "s")
    console.wait_for("ls func1 func2")
    console.press("end")
    console.press("enter")
    console.wait_for("3 jobs: ")
