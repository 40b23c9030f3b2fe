"""Programs written as one text, edited, and made again in a new process."""

import shutil
from typing import NamedTuple

import pytest

_MARK = "== "


class Edit(NamedTuple):
    """A program, one edit of it, and what must run then."""

    program: str
    """Files one after the other, each after a line `== its name`."""
    file: str
    old: str
    new: str
    runs: tuple[str, ...] = ()
    """What jobs note in the ledger after the edit, sorted."""


def write_program(space, program):
    """Write the files of a program."""
    name = ""
    files: dict[str, list[str]] = {}
    for line in program.strip().splitlines():
        if line.startswith(_MARK):
            name = line.removeprefix(_MARK)
        else:
            files.setdefault(name, []).append(line)
    for name, lines in files.items():
        space.write(name, "\n".join(lines) + "\n")


def claims(cases):
    """Return parameters named by their claims."""
    return pytest.mark.parametrize("edit", list(cases.values()), ids=list(cases))


class Made:
    """Programs that were made once; every test edits a copy of its own."""

    def __init__(self, folder):
        self._folder = folder
        self._made = {}

    def make_edited(self, space, edit):
        """Copy the made program, edit it, and return what the next make ran."""
        self.copy_edited(space, edit)
        return space.make()

    def copy_edited(self, space, edit):
        """Copy the made program and edit it."""
        first = self._made.get(edit.program)
        if first is None:
            path = self._folder / str(len(self._made))
            path.mkdir()
            first = self._made[edit.program] = type(space)(path)
            write_program(first, edit.program)
            assert first.make(), "the first make ran nothing"
        shutil.copytree(first.path, space.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("ledger.txt"))
        space.edit(edit.file, edit.old, edit.new)
