"""Writes docs/commands.md from the registry of commands: `python docs/generate_commands.py`."""

from collections.abc import Iterator
from pathlib import Path

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.cli import USAGE
from compmake.settings import KEYS
from compmake.ui.commands.registry import SECTIONS, Command, all_commands

TARGET = Path(__file__).with_name("commands.md")
_TITLES = {"make": "Making jobs", "look": "Looking", "fix": "Mending a job", "store": "The store", "general": "General"}
_HEAD = """\
# Commands

This page is printed from the registry that `help` uses, by `python docs/generate_commands.py`.

A command is given after the program (`compmake my_program ls failed`), in a line (`-c "make; ls failed"`), or on
standard input, one line each. `SEL` is a selection of jobs and `JOB` one job; both are explained in the
[README](../README.md#which-jobs). In brackets: what may be left out. An option with a value is written
`dir=out` or `--dir out`.
"""
_SETTINGS = """\
## Settings

The later place wins: `config.toml` in `~/.config/compmake`, then `compmake.toml` beside the program (or
`[tool.compmake]` of the nearest `pyproject.toml`), then the environment (`COMPMAKE_KEEP=5`), then `--config keep=5`.

| setting | expects | meaning |
|---|---|---|
"""


def page() -> str:
    """Return docs/commands.md as it should be."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield _HEAD
    yield f"```text\n{USAGE}```\n"
    commands = list(all_commands())
    for section in SECTIONS:
        yield f"## {_TITLES[section]}\n"
        for found in commands:
            if found.section == section:
                yield from _command(found)
    yield _SETTINGS + "\n".join(f"| `{name}` | {key.expected} | {key.meaning} |" for name, key in KEYS.items())
    yield ""


def _command(found: Command) -> Iterator[str]:
    yield f"### {found.name}\n"
    also = f" Also: {', '.join(f'`{alias}`' for alias in found.aliases)}." if found.aliases else ""
    yield f"{found.summary}{also}\n"
    yield "```text\n" + "\n".join([found.usage, "", *(f"example: {example}" for example in found.examples)]) + "\n```\n"
    if found.options:
        yield "\n".join(f"- `{option.spellings}`: {option.help}" for option in found.options) + "\n"


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
