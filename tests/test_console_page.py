"""docs/console.md is true: its commands are typed, its tables compared with what carries them out."""

import re
from pathlib import Path

import pytest
from consoles import Console, let_go, write_program
from documents import Folder

from compmake.config import console_mode, output_mode
from compmake.settings import KEYS as SETTINGS
from compmake.ui.dashboard.traceback_screen import KEYS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "console.md"
OPENED = {
    "the console": "rich",
    "the console, on standard error": "rich",
    "a plain prompt": "plain",
    "nothing: commands are read from standard input": "batch",
}
SHOWN = {
    "the region": "live",
    "lines of a log": "plain",
    "one JSON object an event": "json",
    "failures and the summary": "quiet",
}


def rows(heading: str, text: str = PAGE.read_text(encoding="utf-8")) -> list[list[str]]:
    """Return the rows of the table whose head has this text in it."""
    table = re.search(rf"^\| .*{re.escape(heading)}.*\n\|[-|]+\n((?:\|.*\n)+)", text, flags=re.M)
    assert table, heading
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[1].splitlines()]


def test_everything_that_is_typed_shows_what_the_page_has():
    """Apart from times, sizes and digests: makes, mistakes, files of lines, aliases, reload, the viewer, settings."""
    with Folder() as folder:
        played = [shown for _, lines in folder.play(PAGE) for shown in lines]
    assert len(played) > 14
    assert not [shown.difference for shown in played if shown.difference]


def test_the_keys_of_the_viewer_are_those_of_its_table():
    """The page has each row as the viewer's own `?` has it."""
    assert rows("in the viewer") == [[key.written, key.help] for key in KEYS]


def test_the_readme_tells_keys_that_the_viewer_has():
    """The few keys that the README picks are in the viewer's table."""
    known = {name for key in KEYS for name in key.names}
    cells = [row[0] for row in rows("does", (ROOT / "README.md").read_text(encoding="utf-8"))]
    told = [name for cell in cells for name in cell.replace("`", "").split(", ")]
    assert len(told) == 8
    assert not set(told) - known


def test_the_keys_of_a_make_are_those_that_it_explains_itself(tmp_path):
    """`?` during a make says in its own words what the page says; `f` and `b` do it."""
    space = write_program(tmp_path)
    with Console(space) as console:
        console.ready()
        console.begin("make gate-a", "gate-a")
        console.press("?")
        for key, meaning in rows("during a make")[:-1]:
            console.wait_for(re.compile(rf"^{re.escape(key.strip('`'))} +{re.escape(meaning)}$", re.M))
        console.press("f")
        console.wait_for("No failures so far.")
        console.press("b")
        console.wait_for("goes on in the background")
        console.ready()
        let_go(space, "a")
        console.wait_for("make finished")


@pytest.mark.parametrize("row", rows("opens"), ids=" / ".join)
def test_what_is_opened_and_how_a_make_is_shown(row):
    """Each row of the table is what the two deciding functions say."""
    stdin, stdout, situation, opened, shown = row
    ui = found[1] if (found := re.search(r"`ui` is `(\w+)`", situation)) else "auto"
    terms = ["dumb", "unknown", ""] if "dumb" in situation else ["xterm-256color"]
    for term in terms:
        stdin_tty, stdout_tty = stdin == "terminal", stdout == "terminal"
        is_tty = stdin_tty or stdout_tty
        mode = console_mode(
            ui, stdin_tty=stdin_tty, stdout_tty=stdout_tty, stderr_tty=stdin_tty, environ={"TERM": term}
        )
        assert mode.value == OPENED[opened]
        assert output_mode(ui, is_tty=is_tty, environ={"TERM": term}).value == SHOWN[shown]


def test_the_settings_that_the_page_names_exist():
    """In backquotes, alone or as a variable."""
    text = PAGE.read_text(encoding="utf-8")
    named = ["locals", "autoreload", "store", "keep", "keep_bytes", "durability", "ui", "ascii", "jobs"]
    assert not set(named) - set(SETTINGS)
    variables = {name.lower() for name in re.findall(r"COMPMAKE_(\w+)", text)}
    assert not variables - set(SETTINGS)
