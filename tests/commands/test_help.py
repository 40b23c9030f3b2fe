"""`help` is printed from the registry, and its examples work."""

import shutil
from itertools import pairwise

import pytest
from command_lines import run_each

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.ui.commands.general import overview
from compmake.ui.commands.line import parse_line
from compmake.ui.commands.registry import SECTIONS, all_commands, find_command, parse_arguments

CORE = "plan list why stats details output traceback debug load diagram clean invalidate accept delete check gc dump"
NEWS = "watch where dash"
MAKES = "make parmake remake parremake"
STEERING = "pause resume workers cancel requeue stop"
CONSOLE = "jobs fg reload alias unalias clear exit"


def test_the_commands_are_these():
    """Every command is registered, each in a section of `help`; those of the console alone are marked."""
    names = {command.name: command.console for command in all_commands()}
    assert names.keys() == {
        *CORE.split(),
        *NEWS.split(),
        *MAKES.split(),
        *STEERING.split(),
        *CONSOLE.split(),
        "runs",
        "help",
        "config",
    }
    assert {name for name, is_console in names.items() if is_console} == set(CONSOLE.split())
    assert {command.section for command in all_commands()} == set(SECTIONS)


def test_help_lists_every_command(space):
    """`help` shows name, aliases and summary of all, and needs no program that loads."""
    listed, flag, missing = run_each(space, [["nosuch", "help"], ["--help"], ["nosuch", "help", "lst"]])
    assert (listed.code, flag.code) == (0, 0)
    for command in all_commands():
        assert any(line.startswith(f"  {command.name}") and command.summary in line for line in listed.out.splitlines())
        assert all(f"[{', '.join(command.aliases)}]" in listed.out for _ in command.aliases)
    assert listed.out in flag.out
    assert "usage: compmake" in flag.out
    assert (missing.code, "did you mean list" in missing.err) == (2, True)


@pytest.mark.parametrize("width", [None, 50, 100, 160])
def test_help_fills_the_width_of_the_screen(width):
    """The paragraph on selections has lines of its own only where the one before is full."""
    lines = list(overview(width))
    paragraph = lines[lines.index("") + 1 : -1]
    for line, following in pairwise(paragraph):
        assert len(line) <= (width or 80) < len(f"{line} {following.split()[0]}")


def test_help_of_a_command_has_usage_options_and_two_examples(space):
    """Each command explains itself: usage, every option, exactly two examples that begin with its name."""
    commands = list(all_commands())
    for command, done in zip(commands, run_each(space, [["x", "help", c.name] for c in commands]), strict=True):
        assert done.code == 0
        assert done.out.startswith(command.usage + "\n")
        assert command.summary in done.out
        for option in command.options:
            assert option.help in done.out
        assert len(command.examples) == 2
        for example in command.examples:
            assert parse_line(example)[0].words[0].text in (command.name, *command.aliases)
            assert f"\n  {example}\n" in done.out


def test_every_example_works(small, tmp_path):
    """Each example of `help` can be typed as it stands, in a program that has its jobs; some ask first.

    Those of the console's own commands are parsed: they need a terminal, as `dash` does; those that steer a make want
    `--control`.
    """
    examples = [example for command in all_commands() if not command.console for example in command.examples]
    folders = []
    for number, _ in enumerate(examples):
        folder = tmp_path / f"copy{number}"
        shutil.copytree(small.path, folder)
        folders.append(str(folder))
    lines = [["prog", "-c", example] for example in examples]
    for example, done in zip(examples, run_each(small, lines, folders), strict=True):
        asks = done.code == 2 and "say -y to mean it" in done.err
        may_fail = "make" in example or example.startswith("debug")  # the job of the example raises
        refused = example.split()[0].strip(";") in STEERING.split() and "--control" in done.err
        refused |= example.startswith("dash") and "needs a capable terminal" in done.err
        assert done.code == 0 or (done.code == 1 and may_fail) or asks or refused, (example, done)
        assert "usage" not in done.err


def test_every_example_of_the_console_can_be_parsed():
    """Commands, options and words are such as the command takes."""
    for command in all_commands():
        for example in command.examples if command.console else ():
            for step in parse_line(example):
                found = find_command(step.words[0].text)
                assert parse_arguments(found, step.words[1:]) is not None
