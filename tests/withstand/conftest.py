"""A program that was made once, for tests that damage copies of its store."""

import shutil

import pytest
from spaces import Space
from stored_program import ALL, PROGRAM


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A program and its store, made once; tests work on copies."""
    space = Space(tmp_path_factory.mktemp("template"))
    space.write("prog.py", PROGRAM)
    assert space.make() == ALL
    return space.path


@pytest.fixture
def made(template, tmp_path):
    """A copy of the program with its store."""
    shutil.copytree(template, tmp_path / "copy", copy_function=shutil.copy2)
    return Space(tmp_path / "copy")
