"""Programs as people write them, made by worker processes: no guard, functions of a script, random numbers."""

import pytest

UNGUARDED = """\
from compmake import comp
from ledger import note

note("top level")

def works(i):
    note(f"works {i}")
    return i

for i in range(20):
    comp(works, i)
"""
SCRIPT = """\
from dataclasses import dataclass
from compmake import Context
from ledger import note

note("top level")
FACTOR = 10

@dataclass
class Point:
    x: int

    def scaled(self, by):
        return Point(self.x * by)

def moved(point, by):
    note(f"moved {point.x}")
    assert isinstance(point, Point)
    return Point(point.x + by)

def scaler(by):
    def local(point):
        return point.scaled(by * FACTOR)
    return local

def applied(function, point):
    return function(point)

def fails(point):
    raise LookupError(f"no point at {point.x}")

ctx = Context()
points = [ctx.comp(moved, Point(i), 100) for i in range(6)]
scaled = [ctx.comp(scaler(2), point) for point in points]
lambdas = [ctx.comp(lambda point, i=i: point.x + i, point) for i, point in enumerate(scaled)]
passed = ctx.comp(applied, lambda point: point.scaled(FACTOR), points[0])
method = ctx.comp(Point(7).scaled, 3)
ctx.comp(fails, points[0])
summary = ctx.make(jobs=2)
print(summary.done, summary.failed, [ctx.result(promise) for promise in lambdas])
print(ctx.result(passed), ctx.result(method))
"""
RANDOM = """\
import random
from compmake import comp
from ledger import note
{at_top}

def draws(i):
    {inside}
    note(f"{{i}} {{random.random()}} {{numpy.random.random()}} {{list({{'a', 'b', 'c', str(i)}})}} {{hash(str(i))}}")

for i in range(30):
    comp(draws, i)
"""


def test_the_top_level_of_a_program_runs_once_for_all_workers(space):
    """No `if __name__` guard is needed: it runs in the driver, and once where the workers come from."""
    space.write("prog.py", UNGUARDED)
    assert space.make("prog", "n=4") == sorted(["top level"] * 2 + [f"works {i}" for i in range(20)])


def test_a_script_without_a_guard_makes_its_own_functions_and_classes_in_workers(space):
    """`python script.py` with `Context`, jobs=2: functions, lambdas, closures and classes of `__main__` go and come."""
    space.write("script.py", SCRIPT)
    done = space.python("script.py")
    assert done.code == 0, done.err
    numbers = [(i + 100) * 20 + i for i in range(6)]
    assert done.out.splitlines() == [f"20 1 {numbers}", "Point(x=1000) Point(x=21)"]
    assert space.take_ledger() == sorted([*(f"moved {i}" for i in range(6)), "top level"])


@pytest.mark.parametrize(("at_top", "inside"), [("import numpy", ""), ("", "import numpy")])
def test_random_numbers_are_the_same_in_every_run_and_for_any_number_of_workers(space, at_top, inside):
    """Each job has random numbers of its own, wherever numpy is imported, and the hash seed is fixed."""
    pytest.importorskip("numpy")
    space.write("prog.py", RANDOM.format(at_top=at_top, inside=inside))
    first = space.make("prog", "n=1")
    assert len({line.split()[1] for line in first}) == len({line.split()[2] for line in first}) == 30
    for arguments in (["n=1"], ["n=4"], ["--inline"]):
        assert space.run("prog", "clean", "-y").code == 0
        assert space.make("prog", *arguments) == first


CIRCLE = {
    "prog.py": "from compmake import comp\nimport first\nimport second\ncomp(second.job, 1)\n",
    "first.py": "import second\nLIMIT = second.START + 1\n",
    "second.py": "import first\nSTART = 3\ndef job(x):\n    return x + first.LIMIT\n",
}


def test_modules_that_import_one_another_load_in_the_order_of_the_program(space):
    """A worker that needs only the second of them imports the first before it, as the program did."""
    for name, text in CIRCLE.items():
        space.write(name, text)
    assert "1 done, 0 failed" in space.run("prog", "make").err
