"""No control sequence from ids, values, output or errors reaches the terminal, through whatever command."""

import re

import pytest
from spaces import Space
from withstanding import FORBIDDEN, OWN_SEQUENCES, run_in_terminal

PROGRAM = r"""
import os, sys
from compmake import comp, progress

EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b2J \x7f\x00 \r back \u202e bidi \udc80"
IDS = ["\x1b[2Jclear\x07", "line\nbreak\rreturn", "csi\x9b31m", "x" * 10_000, "tab\there", "\u202ebidi"]

class Evil(Exception):
    pass
Evil.__qualname__ = "Evil\x1b[31m"

def fails(text):
    print(text.encode("utf-8", "replace").decode())
    error = Evil(text)
    error.add_note(text)
    raise error

def works(text):
    os.write(1, b"\x1b[31m\x9b\xff\r\x07\x1b]0;title\x07\n")
    for i in progress([1, 2, 3], "\x1b[31mphase"):
        pass
    return text

for job_id in IDS:
    comp(fails, EVIL, job_id="bad " + job_id)
    comp(works, comp(works, EVIL[:-1], job_id=job_id), job_id="after " + job_id)
comp(works, comp(fails, 3, job_id="bad \x1b[5m"), job_id="blocked \x1b[5m")
"""
LOOKS = ["ls", "why", "plan", "stats", "runs", "config", "help", "check", "ls failed", "ls --json", "why --json"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The space of a program with evil ids, texts and output, made once, and how that ended."""
    space = Space(tmp_path_factory.mktemp("escape"))
    space.write("prog.py", PROGRAM)
    return space, space.run("prog", "make", "-v")


def assert_clean(text: str) -> None:
    """Assert that nothing in the text steers a terminal."""
    found = FORBIDDEN.search(text)
    assert found is None, ascii(text[max(0, found.start() - 80) : found.start() + 40])


def without_own(shown: str) -> str:
    """Return what a terminal was sent, without compmake's own sequences."""
    return OWN_SEQUENCES.sub("", shown)


def test_the_log_of_a_make_is_clean(made):
    """Also `-v`, which lists jobs that succeed, and the summary."""
    _, done = made
    assert done.code == 1
    assert "12 done, 7 failed, 1 blocked" in done.err
    assert_clean(done.out + done.err)


def test_every_looking_command_is_clean(made):
    """Lists, reasons, plans and numbers over jobs with evil ids and arguments."""
    space, _ = made
    done = space.run("prog", "-c", "; ".join(LOOKS))
    assert done.code == 0, done.err
    assert_clean(done.out + done.err)


@pytest.mark.parametrize("command", ["details", "traceback", "output", "why", "traceback --all", "details --json"])
def test_every_command_about_one_job_is_clean(made, command):
    """The failed job with escape codes in its id, its argument, its output, its exception, its notes."""
    space, _ = made
    done = space.run("prog", *command.split(), "bad*clear*")
    assert done.code == 0, done.err
    assert "red" in done.out
    assert_clean(done.out + done.err)


def test_messages_about_evil_names_are_clean(made):
    """Errors name what was typed, made visible."""
    space, _ = made
    for words in (["make", "\x1b[31mnosuch\x9b\r"], ["\x1b[31mcommand"], ["details", "after*"], ["--bo\x1b[31mgus"]):
        done = space.run("prog", *words)
        assert done.code == 2
        assert_clean(done.out + done.err)


def test_a_very_long_id_does_not_fill_the_screen(made):
    """An id of 10,000 characters is cut in lists and messages."""
    space, done = made
    assert "x" * 300 not in done.err
    assert "x" * 300 not in space.run("prog", "ls").out


@pytest.mark.parametrize("command", ["make", "ls", "why", "details bad*clear*", "stats", "plan"])
def test_a_terminal_gets_only_our_own_sequences(made, command):
    """In a pseudo-terminal: colours, carriage return and erase of compmake's line, nothing of the program's."""
    space, _ = made
    code, shown = run_in_terminal(space, "prog", *command.split())
    assert code in (0, 1)
    assert command == "plan" or re.search("\x1b\\[", shown), "colours are shown on a terminal"
    assert_clean(without_own(shown))
