"""The line that was probably meant."""

import pytest
from vocabularies import VOCABULARY

from compmake.errors import UserError
from compmake.ui.commands.line import parse_line
from compmake.ui.commands.registry import find_command
from compmake.ui.suggestion import suggestion
from compmake.ui.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("detials train-b=7-lr=0.1", "details train-b=7-lr=0.1"),
        ("ls; detials  func1-3 | less", "ls; details  func1-3 | less"),
        ("lff", "lf"),
        ("why train-b=7-lr=0.2", "why train-b=7-lr=0.1"),
        ("ls faild in fun1()", "ls failed in func1()"),
        ("ls (func2-1 or fnc2-1)", "ls (func2-1 or func2-1)"),
        ("ls 'a b cc'", "ls 'a b c'"),
        ("make --dryrun func1()", "make --dry-run func1()"),
        ("help mkae", "help make"),
        ("remaek fun1() in faild > x.txt", "remake func1() in failed > x.txt"),
    ],
)
def test_slips_are_corrected(line, meant):
    """In commands, the user's own ones, jobs, functions, states and options; the rest stays as it was typed."""
    assert suggestion(line, VOCABULARY) == meant


@pytest.mark.parametrize(
    "line", ["", "ls", "make func1() -j 4", "ls xyzzyplugh", "ls func*", "ls | detials", "qqqqqq", "make ?", "@detials"]
)
def test_what_is_right_or_far_off_is_left_alone(line):
    """No line is offered that would be the same, or a guess."""
    assert suggestion(line, VOCABULARY) is None


def test_commands_are_corrected_before_the_jobs_are_known():
    """And jobs are then not doubted."""
    assert suggestion("detials nosuch", Vocabulary()) == "details nosuch"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("detials 'a b c' x", "unknown command 'detials': did you mean: details 'a b c' x"),
        ("lff", "unknown command 'lff': did you mean lf?"),
        ("qqqqqq x", "unknown command 'qqqqqq': `help` lists the commands"),
    ],
)
def test_the_message_has_the_line_that_runs(line, hint):
    """An unknown command is answered with what was probably meant, the user's own words included."""
    (step,) = parse_line(line)
    with pytest.raises(UserError) as refused:
        find_command(step.words[0].text, step.words[1:], VOCABULARY.aliases)
    assert str(refused.value) == hint
