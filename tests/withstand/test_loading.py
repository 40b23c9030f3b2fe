"""A program that cannot be loaded costs one clear message and exit code 2; nothing is made."""

from pathlib import Path

import pytest
from spaces import Space
from withstanding import FORBIDDEN, assert_told

import compmake

HEAD = """\
import argparse, os, sys
from compmake import comp
def f(*x):
    return x
p = comp(f, 1)
"""


def load(space: Space, text: str):
    """Make a program that begins with `HEAD`."""
    (space.path / "prog.py").write_text(HEAD + text)
    return space.run("prog", "make")


def test_a_program_that_does_not_exist_is_named_with_where_it_was_looked_for(space):
    """The message names the program, the folder, and what else can be named."""
    assert_told(space.run("nosuch", "make"), 2, "'nosuch'", str(space.path), "a file ending in .py")


def test_a_syntax_error_is_shown_with_its_line(space):
    """File, line, the text and the caret are shown, and nothing of the machinery that imports."""
    done = load(space, "def g(:\n    pass\n")
    assert_told(done, 2, "prog.py", "line 6", "def g(:", "SyntaxError", lines=6)
    assert "importlib" not in done.err


def test_a_program_that_raises_shows_its_own_traceback(space):
    """The user's frames, from the program's first line on, and the exception."""
    done = load(space, "def g():\n    raise ValueError('no way')\ng()\n")
    assert_told(done, 2, "prog raised while it was loading", "line 8", "in g", "ValueError: no way", lines=8)
    assert "importlib" not in done.err


def test_what_caused_the_exception_is_shown_too(space):
    """`raise ... from ...` at loading keeps the first cause."""
    done = load(space, "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('config') from e\n")
    assert_told(done, 2, "ZeroDivisionError: division by zero", "direct cause", "ValueError: config", lines=14)


def test_an_exception_group_is_shown_with_its_members(space):
    """An `ExceptionGroup` at loading tells all its members."""
    done = load(space, "raise ExceptionGroup('many', [ValueError('first'), KeyError('second')])\n")
    assert_told(done, 2, "ValueError: first", "KeyError: 'second'", lines=12)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("class E(BaseException):\n    pass\nraise E('\\x1b[31mred')\n", "E: \\x1b[31mred"),
        ("class E(Exception):\n    def __str__(self):\n        raise KeyError\nraise E\n", "prog.E"),
        ("def g():\n    g()\ng()\n", "RecursionError"),
        ("import missing_thing\n", "No module named 'missing_thing'"),
    ],
)
def test_any_exception_of_a_program_is_told(space, text, word):
    """Also one that is no `Exception`, whose text raises, which never ends, or comes from an import."""
    assert_told(load(space, text), 2, "raised while it was loading", word, lines=25)


def test_a_huge_message_is_cut(space):
    """An exception with a message of 1 MB does not fill the screen."""
    done = load(space, "raise ValueError('x' * 1_000_000)\n")
    assert_told(done, 2, "998,0", "more", lines=8)
    assert len(done.err) < 5_000


def test_a_program_without_jobs_is_told_how_to_define_one(space):
    """No jobs is a mistake with an explanation, not an empty success."""
    space.write("prog.py", "import compmake\n")
    assert_told(space.run("prog", "make"), 2, "prog.py", "defines no jobs", "comp(")


def test_two_jobs_of_one_id_are_both_named(space):
    """The id and both places are in the message."""
    done = load(space, "comp(f, 2, job_id='a')\ncomp(f, 3, job_id='a')\n")
    assert_told(done, 2, "'a'", "prog.py:6", "prog.py:7", "another job_id")


@pytest.mark.parametrize(
    "text",
    ["if p: pass", "for x in p: pass", "p + 1", "p[0].real"],
)
def test_a_promise_used_as_a_value_is_a_type_error_that_explains(space, text):
    """Whatever the program does with a promise: the error says that the job runs later and what to write."""
    done = load(space, text + "\n")
    assert_told(done, 2, "line 6", "TypeError: the promise of 'f'", "runs later", "Pass the promise to comp()", lines=6)


def test_an_argument_that_cannot_be_pickled_is_named_by_its_place(space):
    """The place is in Python's own syntax, inside containers too."""
    done = load(space, "comp(f, [1, {'log': open('prog.py')}])\n")
    assert_told(done, 2, "prog.py:6", "'f-2'", "args[0][1]['log']", "an open file", "Build it inside f()")


def test_arguments_nested_too_deeply_are_refused_quickly(space):
    """A list inside a list, 100,000 times: a message, neither a hang nor a crash."""
    done = load(space, "x = []\nfor _ in range(100_000):\n    x = [x]\ncomp(f, x)\n")
    assert_told(done, 2, "args[0]", "nested too deeply")
    assert len(done.err) < 400


def test_a_program_that_exits_while_loading_is_told_where(space):
    """`sys.exit()` at the top level is a mistake in the program, never a silent success."""
    assert_told(load(space, "sys.exit(0)\n"), 2, "prog.py:6", "sys.exit(0)", '__name__ == "__main__"')


def test_a_program_that_parses_arguments_while_loading_is_told_where(space):
    """The line of the program is named, not one inside argparse, and compmake's arguments are not handed on."""
    done = load(space, "a = argparse.ArgumentParser()\na.add_argument('file')\na.parse_args()\n")
    assert_told(done, 2, "prog.py:8", "sys.exit(2)", '__name__ == "__main__"')
    assert "make" not in done.err.partition("compmake:")[0]


def test_what_a_program_prints_while_loading_is_no_answer(space):
    """1 MB from Python and a line from a child process go to standard error; `--json` output stays pure."""
    (space.path / "prog.py").write_text(HEAD + "print('x' * 1_000_000)\nos.system('echo from a child')\n")
    done = space.run("prog", "ls", "--json")
    assert (done.code, [row["job"] for row in done.objects]) == (0, ["f"])
    assert len(done.err) > 1_000_000
    assert "from a child" in done.err


def test_a_path_with_spaces_and_letters_of_all_kinds_works(space):
    """Folder and file may hold spaces and non-ASCII."""
    folder = "my données, 数据"
    space.write(f"{folder}/pröğ.py", HEAD)
    assert space.run(f"{folder}/pröğ.py", "make").code == 0
    again = space.run(f"{folder}/pröğ.py", "make")
    assert "Nothing to do" in again.err
    assert [row["job"] for row in space.run("pröğ", "ls", "--json", cwd=space.path / folder).objects] == ["f"]


def test_a_program_named_like_a_module_of_python_is_refused_with_a_way_out(space):
    """`random.py` would replace the module that others import."""
    space.write("random.py", HEAD)
    elsewhere = {"PYTHONPATH": str(Path(compmake.__file__).parents[1])}
    done = space.python("-P", "-m", "compmake", "random.py", "make", env=elsewhere)  # as the console script starts
    assert_told(done, 2, "random.py", "standard library", "my_random.py")


def test_escape_codes_of_a_program_do_not_reach_the_terminal_in_messages(space):
    """Ids, file names and exception texts in error messages are made visible."""
    done = load(space, "comp(f, job_id='\\x1b[31m\\r\\x9b')\ncomp(f, job_id='\\x1b[31m\\r\\x9b')\n")
    assert_told(done, 2, "two jobs have the id")
    assert not FORBIDDEN.search(done.err)
