"""A program for the console, never made and made once, and the console at its prompt."""

import shutil

import pytest
from consoles import Console, write_program
from spaces import Space


@pytest.fixture
def fresh(tmp_path):
    """A program that was never made: nine jobs in three rows, one of which will fail, and two that wait."""
    return write_program(tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The same, the nine jobs made: func2-3 failed, func3-3 is blocked, the two that wait were never made."""
    space = write_program(tmp_path_factory.mktemp("template"))
    assert space.run("prog", "make", "not gate()").code == 1
    return space.path


@pytest.fixture
def made(template, tmp_path):
    """A copy of the program that was made, with its store."""
    shutil.copytree(template, tmp_path / "made")
    return Space(tmp_path / "made")


@pytest.fixture
def console(made):
    """The console of a program that was made, at its prompt."""
    with Console(made) as opened:
        opened.ready()
        yield opened


@pytest.fixture(scope="module")
def opened(template, tmp_path_factory):
    """The consoles that `shared` hands out; only the last is alive."""
    consoles = []
    yield consoles
    for console in consoles:
        console.close()


@pytest.fixture
def shared(opened, template, tmp_path_factory):
    """A console that the tests of a module share, for what changes nothing; at its prompt, the screen empty."""
    if not opened or not opened[-1].at_prompt():
        folder = tmp_path_factory.mktemp("shared") / "made"
        shutil.copytree(template, folder)
        opened.append(Console(Space(folder)))
        opened[-1].space = Space(folder)
    console = opened[-1]
    console.ready()
    yield console
    if not console.at_prompt():
        console.press("ctrl-c")
