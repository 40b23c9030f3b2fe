"""A small program that was made once: every test gets a copy of its own."""

import shutil

import pytest
from spaces import Space

PROGRAM = """\
from compmake import comp
from steps import func1, func2, func3

for x in [1, 2, 3]:
    comp(func3, comp(func2, comp(func1, x), 10))
"""
STEPS = """\
from ledger import note

FACTOR = 5

def func1(x):
    note(f"func1 {x}")
    print(f"func1 got {x}")
    return x * FACTOR

def func2(x, y):
    note(f"func2 {x}")
    if x == 15:
        raise ValueError("fifteen is too much")
    return x + y

def func3(x):
    note(f"func3 {x}")
    return f"text {x}"
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Nine jobs: func2-3 failed, func3-3 is blocked; the store also knows old-1 and old-2, no longer defined."""
    space = Space(tmp_path_factory.mktemp("made"))
    space.write("steps.py", STEPS)
    older = "".join(f"comp(func1, {x}, job_id='old-{x}')\n" for x in (1, 2)).replace("(func1, ", "(func1, 10 * ")
    space.write("prog.py", "from compmake import comp\nfrom steps import func1\n" + older)
    assert space.run("prog", "make").code == 0
    space.write("prog.py", PROGRAM)
    assert space.run("prog", "make").code == 1
    space.take_ledger()
    return space


@pytest.fixture
def small(made, tmp_path):
    """A copy of the program that was made, with its store."""
    folder = tmp_path / "small"
    shutil.copytree(made.path, folder)
    return Space(folder)


@pytest.fixture
def fresh(space):
    """The same program, never made."""
    space.write("steps.py", STEPS)
    space.write("prog.py", PROGRAM)
    return space
