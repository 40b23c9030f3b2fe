"""The viewer of a failure, in a pseudo-terminal and in every size."""

import base64
import json
import re
import signal
import sys

import pytest
from spaces import Space
from terminal import Terminal, compmake_terminal
from withstanding import FORBIDDEN

from compmake.failure import capture
from compmake.text_safety import cells
from compmake.ui.commands.session import FailureReport
from compmake.ui.dashboard.failure_rows import first_row, row_line, rows_of
from compmake.ui.dashboard.screen import FullScreen, canvas
from compmake.ui.dashboard.text_page import TextPage
from compmake.ui.dashboard.traceback_screen import KEYS, Viewer
from compmake.ui.text import Style

PROGRAM = """\
from compmake import comp
from work import outer

comp(outer, 3, job_id="it's one")
"""
WORK = """\
import json

def inner(text, password):
    wide = "日本語" * 10
    print("inner has", len(text), "\\x1b[2J")
    return json.loads(text)

def outer(count):
    for number in range(100):
        print("line", number)
    try:
        inner("{bad", "hunter2-is-it")
    except ValueError as error:
        raise RuntimeError("not this\\ntime") from error
"""
SHOW = """\
import sys
from compmake.opening import open_workspace
from compmake.failure import from_json
from compmake.job import JobId
from compmake.ui.commands.attempts import output_of
from compmake.ui.commands.session import FailureReport, Session
from compmake.ui.dashboard.traceback_screen import show_traceback

workspace = open_workspace(sys.argv[1], tell=print, read_only=True)
(job_id, record), = workspace.records.newest.items()
output = output_of(Session(workspace, None), record)
report = FailureReport(job_id, "head of " + job_id, "call", from_json(record.failure), output)
colors, ascii_only = int(sys.argv[2]), len(sys.argv) > 3
print("before")
print("chosen:", repr(show_traceback(report, colors=colors, ascii_only=ascii_only)))
input("after: ")
"""


@pytest.fixture(scope="module")
def failed(tmp_path_factory):
    """One job that failed, two exceptions long."""
    space = Space(tmp_path_factory.mktemp("viewer"))
    space.write("work.py", WORK)
    space.write("prog.py", PROGRAM)
    space.write("show.py", SHOW)
    assert space.run("prog", "make").code == 1
    return space


def viewer(space, *options, colors=256, **more):
    """Open the viewer alone, in a terminal."""
    argv = [sys.executable, "show.py", "prog", str(colors), *options]
    terminal = Terminal(argv, cwd=space.path, **more)
    terminal.wait_for("head of")
    return terminal


def here(terminal):
    """Return the row that the cursor is on."""
    return next(line for line in terminal.lines if line.startswith("> "))


def test_it_begins_at_the_users_line_that_was_reached_last(failed):
    """Head and error, frames, the source around the line, the variables; secrets are masked."""
    with viewer(failed) as terminal:
        assert here(terminal).startswith("> work.py:14 in outer   raise RuntimeError(")
        shown = terminal.wait_for("count  = 3")
        assert "RuntimeError: not this⏎time" in shown
        assert re.search(r"^> 14 +raise RuntimeError", shown, re.MULTILINE)
        assert "work.py:12 in outer   inner(" in shown and "library frames" in shown
        terminal.press("g", "j")
        shown = terminal.wait_for("text     = '{bad'")
        assert "password = ***" in shown and "hunter2-is-it" not in shown.partition("local variables")[2]


def test_keys_go_through_frames_and_exceptions(failed):
    """Down and up, first and last; each exception has its whole message."""
    with viewer(failed) as terminal:
        terminal.press("G")
        terminal.wait_until(lambda: here(terminal).startswith("> RuntimeError"), "the exception")
        assert "\ntime\n" in terminal.shown
        terminal.press("k", "up")
        terminal.wait_until(lambda: "JSONDecodeError" in here(terminal), "the cause")
        assert "this caused what follows" in here(terminal)
        terminal.press("page up")
        terminal.wait_until(lambda: "work.py:12" in here(terminal), "the first frame")
        terminal.press("page down")
        terminal.wait_until(lambda: here(terminal).startswith("> RuntimeError"), "the last row")


def test_z_unfolds_library_frames_and_stays_where_it_was(failed):
    """They are marked by a word, not only by colour."""
    with viewer(failed) as terminal:
        terminal.press("g", "j", "j")
        terminal.wait_until(lambda: "… 3 library frames" in here(terminal), "the folded frames")
        terminal.press("z")
        terminal.wait_until(lambda: "(library)" in here(terminal), "a library frame")
        terminal.press("z")
        terminal.wait_until(lambda: "… 3 library frames" in here(terminal), "the folded frames")


def test_the_output_is_a_page_of_its_own(failed):
    """All of it, from its end; what could steer the terminal is visible; `q` and Esc go back."""
    with viewer(failed) as terminal:
        for back in ("q", "escape"):
            terminal.press("o")
            shown = terminal.wait_for("Output of it's one")
            assert "inner has 4 \\x1b[2J" in shown and "line 99" in shown
            terminal.press("g")
            terminal.wait_for("line 0\n")
            terminal.press(back)
            terminal.wait_for("head of")


def test_e_opens_the_editor_at_the_line(failed, tmp_path):
    """The editor has the terminal as it was, then the viewer is back."""
    script = tmp_path / "editor"
    script.write_text('#!/bin/sh\necho "editing $@"\nread answer\necho "$answer" > "$0.told"\n')
    script.chmod(0o755)
    with viewer(failed, env={"EDITOR": f"{script} --wait"}) as terminal:
        assert terminal.line_modes == (False, False, True)
        terminal.press("e")
        terminal.wait_for(f"editing --wait +14 {failed.path}/work.py")
        assert terminal.line_modes == (True, True, True) and not terminal.screen.in_full_screen
        terminal.send("typed\r")
        terminal.wait_for("head of")
        terminal.wait_until(lambda: terminal.screen.in_full_screen, "the viewer")
        assert (tmp_path / "editor.told").read_text() == "typed\n"
        terminal.press("G", "e")
        terminal.wait_for("there is no line here to edit")


def test_e_says_so_when_the_file_is_gone(failed):
    """One line at the bottom."""
    with viewer(failed, env={"EDITOR": "/no/such/editor"}) as terminal:
        terminal.press("e")
        terminal.wait_for("the editor /no/such/editor cannot be started")


def test_y_copies_by_osc_52(failed):
    """The place; `Y` the traceback."""
    with viewer(failed) as terminal:
        terminal.press("y")
        terminal.wait_for("copied ")
        terminal.press("Y")
        terminal.wait_for("copied the traceback")
        place, whole = [base64.b64decode(text).decode() for text in re.findall(rb"\x1b\]52;c;([^\x07]*)", terminal.raw)]
        assert place == f"{failed.path}/work.py:14"
        assert whole.endswith("RuntimeError: not this\ntime") and "That caused this:" in whole


def test_r_leaves_with_the_command_that_makes_the_job_again(failed):
    """With an id that needs quotes."""
    with viewer(failed) as terminal:
        terminal.press("r")
        terminal.wait_for("chosen: 'remake \"it\\'s one\"'")


@pytest.mark.parametrize("leave", ["q", "escape", "ctrl-c", "?q"])
def test_the_terminal_is_as_it_was(failed, leave):
    """After `q`, Esc, Ctrl-C, and from the page of keys: the modes, the screen and what stood on it, no mouse."""
    with viewer(failed) as terminal:
        if leave == "?q":
            terminal.press("?")
            terminal.wait_for("open your editor")
            terminal.press("q")
            terminal.wait_for("head of")
            leave = "q"
        assert not {1000, 1002, 1003, 1006} & terminal.screen.private_modes
        terminal.press(leave)
        shown = terminal.wait_for("after:")
        assert not terminal.screen.in_full_screen and "before" in shown and "chosen: ''" in shown
        assert terminal.line_modes == (True, True, True)
        terminal.enter("typed")
        assert terminal.wait_end() == 0


def test_sigint_of_the_program_is_as_it_was(failed):
    """A signal that comes while it is open leaves it only."""
    with viewer(failed) as terminal:
        terminal.signal(signal.SIGINT)
        terminal.wait_for("after:")
        terminal.press("ctrl-c")
        assert terminal.wait_end() == -signal.SIGINT


def test_it_follows_the_size_of_the_terminal(failed):
    """Smaller and larger, with the cursor on the same frame."""
    with viewer(failed) as terminal:
        for columns, rows in ((40, 10), (20, 5), (160, 45), (80, 24)):
            terminal.resize(columns, rows)
            rule = "─" * columns if rows >= 12 else "? keys"
            terminal.wait_until(lambda rule=rule: any(rule in line for line in terminal.lines), f"{columns}x{rows}")
            assert here(terminal).startswith("> work.py:14")


@pytest.mark.parametrize(("colors", "expected"), [(0, 0), (8, 8), (256, 256)])
def test_colours_are_those_that_the_terminal_has(failed, colors, expected):
    """None with NO_COLOR: bold and reverse only; the cursor has a sign of its own in any case."""
    with viewer(failed, colors=colors) as terminal:
        terminal.wait_for("count  = 3")
        codes = {code for found in re.findall(rb"\x1b\[([\d;]*)m", terminal.raw) for code in found.split(b";")}
        coloured = {code for code in codes if code[:1] in (b"3", b"9") and code not in (b"39", b"3")}
        assert bool(coloured) == bool(expected)
        assert (b"38" in codes) == (expected == 256)
        assert here(terminal)


def test_ascii_terminals_get_ascii_signs(failed):
    """compmake's own signs are spelled; what cannot be shown of others does not break anything."""
    env = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    with viewer(failed, "ascii", colors=0, env=env) as terminal:
        terminal.press("g", "j")
        terminal.wait_for("text ")
        terminal.wait_for("... 3 library frames")
        assert "".join(terminal.lines).isascii()


def boom(depth):
    """Fail far down, with every kind of thing that a failure can hold."""
    text, wide, control = "x" * 5000, "日本語" * 50, "\x1b[31m\t\n"
    if depth:
        return boom(depth - 1)
    try:
        json.loads("{bad")
    except ValueError as error:
        members = [ValueError(wide), ExceptionGroup("inside", [KeyError(control), error]), TypeError(text)]
        raise ExceptionGroup("many\nlines " + wide, members) from error


@pytest.fixture(scope="module")
def report():
    """A failure with a long recursion, a cause, groups in groups, wide, long and hostile texts."""
    try:
        boom(80)
    except ExceptionGroup as error:
        error.add_note("a note\nof two lines")
        failure = capture(error, is_user=lambda path: path == __file__, hide=lambda path: False)
    output = "".join(f"line {n} {'日' * n}\x1b[2J\r\n" for n in range(200))
    return FailureReport("job\x1b[2J", "head " * 50, "call " * 500, failure, output)


def test_members_of_groups_have_frames_of_their_own(report):
    """Also those of groups inside; they are indented, and the cursor reaches them."""
    lines = ["".join(text for _, text in row_line(row)) for row in rows_of(report.failure, fold=True)]
    assert any(line.startswith("  [1] ValueError: 日本語") for line in lines)
    inside = next(at for at, line in enumerate(lines) if line.startswith("    [2] json.decoder.JSONDecodeError"))
    assert "in boom" in lines[inside - 2] and "library frames" in lines[inside - 1]
    rows = rows_of(report.failure, fold=True)
    assert rows[first_row(rows, report.failure)].frame is report.failure.deepest_user_frame


@pytest.mark.parametrize("ascii_only", [False, True])
def test_no_size_is_too_small_or_too_large(report, ascii_only):
    """Every page in every state, from one cell to 300x100: never an exception, never a line too wide or too many."""
    screen = FullScreen(256)
    keys = [key.names[0] for key in KEYS if key.action not in ("edit", "copy place", "copy all", "leave", "remake")]
    for columns, rows in ((1, 1), (2, 3), (20, 5), (7, 40), (300, 2), (40, 10), (80, 24), (160, 45), (300, 100)):
        page = Viewer(report, screen, Style(ascii=ascii_only))
        output = page._output_page()
        for key in [*keys, "W", *["up"] * 12, "z", *["page down"] * 9, " ", " ", "backspace"]:
            for shown in (page, output):
                lines = shown.draw(columns, rows)
                assert len(lines) <= rows
                drawn = canvas(lines, columns, rows)
                assert (drawn.cols(), drawn.rows()) == (columns, rows)
                shown.press(key if shown is page or key not in ("esc", "q") else "j")
            assert not any(FORBIDDEN.search(text) for line in page.draw(columns, rows) for _, text in line)


@pytest.mark.parametrize(("style", "ellipsis"), [(Style(), "…"), (Style(ascii=True), "...")])
def test_lines_that_are_cut_end_in_the_ellipsis(style, ellipsis):
    """Also where a line is of several parts; what fits exactly is whole."""
    lines = [[("plain", "x" * 10), ("strong", "y" * 10)], [("plain", "z" * 12)], [("plain", "日本語" * 5)]]
    shown = [text.decode().rstrip() for text in canvas(lines, 12, 3, style).text]
    room = 12 - len(ellipsis)
    wide = "日本語日本語"[: room // 2]
    assert shown == [("x" * 10 + "y" * 10)[:room] + ellipsis, "z" * 12, wide + ellipsis]


def test_wrapped_lines_lose_nothing():
    """What is too long goes on below, wide characters and all."""
    text = "日本語 and ascii " * 20
    page = TextPage("t", [[("plain", text[:50]), ("strong", text[50:])]])
    page.press("W")
    lines = ["".join(part for _, part in line) for line in page.draw(17, 60)[1:-1]]
    assert "".join(lines) == text
    assert max(map(cells, lines)) <= 17


def test_an_output_of_megabytes_is_shown_at_once(report):
    """Many lines, or one line without an end, wrapped or not."""
    for output in ("x" * 5_000_000, "a line\n" * 300_000, "日" * 300_000):
        page = Viewer(report._replace(output=output), FullScreen(0), Style())._output_page()
        for _ in range(2):
            canvas(page.draw(80, 24), 80, 24)
            page.press("W")


def test_the_console_opens_it_and_carries_out_what_was_chosen(failed):
    """`traceback JOB` at the prompt; `q` comes back to the prompt; `r` makes the job again at once."""
    with compmake_terminal(failed, "prog") as terminal:
        terminal.wait_for("@ ")
        terminal.enter("traceback failed")
        terminal.wait_for("r remake")
        assert terminal.screen.in_full_screen
        terminal.press("q")
        terminal.wait_for(re.compile("^@ ", re.MULTILINE))
        terminal.enter("traceback failed --plain")
        terminal.wait_for("That caused this:")
        assert not terminal.screen.in_full_screen
        terminal.enter("traceback failed")
        terminal.wait_for("r remake")
        terminal.press("r")
        terminal.wait_for(re.compile("make finished.*^@ ", re.DOTALL | re.MULTILINE))
        terminal.enter("runs")
        terminal.wait_for('remake "it\'s one"')
