"""A typed line: words, quotes, and where the output of its commands goes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compmake.errors import UserError
from compmake.selection import quote
from compmake.ui.commands.line import Redirect, Step, parse_line, step_from_arguments
from compmake.words import Word, split_words


def words(text):
    """Return the words of a line that is one plain command."""
    (step,) = parse_line(text)
    assert step == Step(step.words)
    return [word.text for word in step.words]


def test_semicolons_separate_commands():
    """`;` ends a command with or without spaces; empty ones are no commands."""
    assert [step.words[0].text for step in parse_line(";make; ls failed;why ;; ")] == ["make", "ls", "why"]


@pytest.mark.parametrize("line", ["", "  \t", ";", " ; ;"])
def test_a_blank_line_has_no_steps(line):
    """Nothing typed is nothing done, and no error."""
    assert parse_line(line) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ls 'a b' c", ["ls", "a b", "c"]),
        ("ls \"a 'b\" 'c \"d'", ["ls", "a 'b", 'c "d']),
        (r"ls a\ b \; \"", ["ls", "a b", ";", '"']),
        (r'ls "a\"b\\c\d" ' + r"'\n'", ["ls", r'a"b\c\d', r"\n"]),
        ("ls out='my file'.svg", ["ls", "out=my file.svg"]),
        ("ls '' x", ["ls", "", "x"]),
        ("ls # x=1,2 p/q a*", ["ls", "#", "x=1,2", "p/q", "a*"]),
        ("ls 'a|b>c;d&'", ["ls", "a|b>c;d&"]),
        ("ls a&b", ["ls", "a&b"]),
        ("ls ('a b' or 'c')", ["ls", "(", "a b", "or", "c", ")"]),
        ("ls func1() (f() g())", ["ls", "func1()", "(f()", "g())"]),
    ],
)
def test_words(line, expected):
    """Quotes and backslashes protect; nothing else but the operators is special."""
    assert words(line) == expected


def test_a_word_knows_that_it_was_quoted():
    """Only what was protected stands for itself."""
    assert split_words("last 'last' la'st' \\last") == [
        Word("last"),
        Word("last", True),
        Word("last", True),
        Word("last", True),
    ]


def test_the_shell_gets_what_follows_the_pipe():
    """Everything after the first `|` up to `;` is handed on as it was typed, quotes, pipes and all."""
    steps = parse_line("""ls failed | grep -v "a;b" | sort > out.txt & ; make""")
    assert steps[0].pipe == """grep -v "a;b" | sort > out.txt &"""
    assert [word.text for word in steps[0].words] == ["ls", "failed"]
    assert steps[1] == Step((Word("make"),))


@pytest.mark.parametrize(
    ("line", "redirect"),
    [
        ("ls > out.txt", Redirect(">", "out.txt")),
        ("ls>out.txt", Redirect(">", "out.txt")),
        ("ls >>'my file'; make", Redirect(">>", "my file")),
    ],
)
def test_output_goes_to_a_file(line, redirect):
    """`>` and `>>` name one file."""
    assert parse_line(line)[0] == Step((Word("ls"),), redirect=redirect)


@pytest.mark.parametrize("line", ["make all &", "make all&", "make all & ; ls"])
def test_background(line):
    """`&` at the end of a command puts it into the background."""
    assert parse_line(line)[0] == Step((Word("make"), Word("all")), background=True)


def test_background_with_a_file():
    """`&` may follow the file's name."""
    assert parse_line("ls > out.txt &")[0] == Step((Word("ls"),), redirect=Redirect(">", "out.txt"), background=True)


@pytest.mark.parametrize(
    ("line", "problem", "caret"),
    [
        ("make 'abc", "the quote ' is not closed", 5),
        ('make; ls "a', 'the quote " is not closed', 9),
        ("ls | grep 'x", "the quote ' is not closed", 10),
        ("ls \\", "nothing follows the backslash", 3),
        ("| grep x", "a command is missing before |", 0),
        ("make; > x", "a command is missing before >", 6),
        ("&", "a command is missing before &", 0),
        ("ls |", "a shell command is missing after |", 3),
        ("ls | ; make", "a shell command is missing after |", 3),
        ("ls >", "the name of a file is missing after >", 3),
        ("ls >> ; make", "the name of a file is missing after >>", 3),
        ("ls > a b", "only one file can follow >", 7),
        ("make & ls", "& can only end a command", 7),
        ("make & | x", "& can only end a command", 7),
        ("make && ls", "&& is not known here", 5),
        ("ls 界 'x", "the quote ' is not closed", 6),
    ],
)
def test_errors_point_at_the_place(line, problem, caret):
    """What cannot be understood is shown with a caret under it."""
    with pytest.raises(UserError) as caught:
        parse_line(line)
    message, shown, pointer = str(caught.value).splitlines()
    assert message.startswith(problem)
    assert shown == f"  {line}"
    assert pointer == " " * (caret + 2) + "^"


def test_the_caret_of_a_long_line_is_near_the_place():
    """Of a line of 10,000 characters only the neighbourhood is shown."""
    with pytest.raises(UserError) as caught:
        parse_line("make " + "\x1b" * 10_000 + " 'x" + "y" * 10_000)
    assert max(map(len, str(caught.value).splitlines())) < 250
    assert "\x1b" not in str(caught.value)


def test_arguments_of_a_shell_are_not_split_again():
    """The shell has taken its quotes: what holds whitespace, or nothing, was protected there."""
    step = step_from_arguments(["ls", "a b", "c;d", "", "'x'"])
    words = (Word("ls"), Word("a b", True), Word("c;d"), Word("", True), Word("'x'"))
    assert step == Step(words, from_shell=True)


line_text = st.text() | st.text(alphabet="ab ;|>&'\"\\()#=\n\x1b界", max_size=40)


@settings(max_examples=2500, deadline=None)
@given(line_text)
def test_any_line_parses_or_is_a_user_error(line):
    """Whatever is typed, each step has a command, or one typed error tells what is wrong."""
    try:
        steps = parse_line(line)
    except UserError:
        return
    assert all(step.words for step in steps)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(min_size=1), min_size=1))
def test_quoted_words_come_back(texts):
    """What quote() protects is read as one word each, whatever it holds."""
    assert words(" ".join(map(quote, texts))) == texts
