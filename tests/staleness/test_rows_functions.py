"""Edits of functions, helpers, values and files beside the job: exactly the jobs that use them run."""

from edited_programs import Edit, claims, write_program

TWO_AWAY = """
== low.py
def scale(x):
    return x * 10
def unused(x):
    return x * 99
== mid.py
from low import scale
def prepare(x):
    return scale(x) + 1
== work.py
from ledger import note
from mid import prepare
LIMIT = 5
TABLE = {"a": [1, 2], "b": (3,)}
def job(x, factor=2):
    note(f"job {x}")
    return prepare(x) * factor
def limited(x):
    note(f"limited {x}")
    return min(x, LIMIT) + len(TABLE)
def total(parts):
    note("total")
    return sum(parts)
def parity(x):
    note("parity")
    return x % 2
def tell(x):
    note("tell")
    return x
== prog.py
from compmake import comp
from work import job, limited, parity, tell, total
made = [comp(job, x) for x in (1, 2)]
comp(total, made)
comp(limited, 9)
comp(tell, comp(parity, 7))
"""

JOBS = ("job 1", "job 2", "total")

CASES = {
    "a comment is no reason": Edit(TWO_AWAY, "mid.py", "    return scale", "    # why\n    return scale"),
    "a docstring is no reason": Edit(TWO_AWAY, "mid.py", "    return scale", '    """Why."""\n    return scale'),
    "blank lines are no reason": Edit(TWO_AWAY, "work.py", "def job", "\n\n\n\ndef job"),
    "an annotation is no reason": Edit(TWO_AWAY, "low.py", "def scale(x)", "def scale(x: int) -> int"),
    "quotes, brackets and line breaks are no reason": Edit(
        TWO_AWAY,
        "work.py",
        'TABLE = {"a": [1, 2], "b": (3,)}',
        "TABLE = {\n    'a': [\n        1,\n        2,\n    ],\n    'b': (3,),\n}",
    ),
    "reordered functions are no reason": Edit(
        TWO_AWAY,
        "low.py",
        "def scale(x):\n    return x * 10\ndef unused(x):\n    return x * 99\n",
        "def unused(x):\n    return x * 99\n\n\ndef scale(x):\n    return x * 10\n",
    ),
    "a helper that nobody calls is no reason": Edit(TWO_AWAY, "low.py", "x * 99", "x * 98"),
    "a new helper that nobody calls is no reason": Edit(TWO_AWAY, "mid.py", "def prep", "def new(): ...\ndef prep"),
    "an import that nobody uses is no reason": Edit(TWO_AWAY, "mid.py", "from low", "import json\nfrom low"),
    "the own function": Edit(TWO_AWAY, "work.py", ") * factor", ") * factor + 1", JOBS),
    "the own function, with an equal result, leaves dependents": Edit(
        TWO_AWAY, "work.py", "return x % 2", "return (x + 2) % 2", ("parity",)
    ),
    "a helper one call away": Edit(TWO_AWAY, "mid.py", "+ 1", "+ 2", JOBS),
    "a helper two calls away in another module": Edit(TWO_AWAY, "low.py", "x * 10", "x * 11", JOBS),
    "a default argument": Edit(TWO_AWAY, "work.py", "factor=2", "factor=3", JOBS),
    "a module constant": Edit(TWO_AWAY, "work.py", "LIMIT = 5", "LIMIT = 6", ("limited 9",)),
    "a value inside a module's table": Edit(TWO_AWAY, "work.py", '"b": (3,)', '"b": (4,)', ("limited 9",)),
    "a constant written in another way is no reason": Edit(TWO_AWAY, "work.py", "LIMIT = 5", "LIMIT = 2 + 3"),
    "one argument in a loop: the jobs that see it, and what follows": Edit(
        TWO_AWAY, "prog.py", "(1, 2)", "(1, 3)", ("job 3", "total")
    ),
    "a value put in front: only the new job, and what takes all": Edit(
        TWO_AWAY, "prog.py", "(1, 2)", "(0, 1, 2)", ("job 0", "total")
    ),
    "the same loop in another order: only what sees the order": Edit(
        TWO_AWAY, "prog.py", "(1, 2)", "(2, 1)", ("total",)
    ),
}


@claims(CASES)
def test_edit_of_plain_code(space, made, edit):
    """Functions and constants count where they are used, by what they mean."""
    assert made.make_edited(space, edit) == list(edit.runs)


ONE_FILE = """
== prog.py
import sys
from ledger import note
from compmake import comp
START = 0
def job(x):
    note(f"job {x}")
    return x + 1
def other(x):
    note(f"other {x}")
    return x
for x in (1, 2):
    comp(job, x)
"""

IN_ONE_FILE = {
    "a value added to the loop": Edit(ONE_FILE, "prog.py", "(1, 2)", "(5, 1, 2)", ("job 5",)),
    "an unrelated comp": Edit(ONE_FILE, "prog.py", "for x in", "comp(other, 8)\nfor x in", ("other 8",)),
    "a print at top level": Edit(ONE_FILE, "prog.py", "for x in", 'print("hello", file=sys.stderr)\nfor x in'),
    "another loop around it": Edit(
        ONE_FILE, "prog.py", "for x in (1, 2):\n    comp(job, x)", "for y in [0]:\n  for x in (1, 2):\n    comp(job, x)"
    ),
    "a variable of the loop, renamed": Edit(
        ONE_FILE, "prog.py", "for x in (1, 2):\n    comp(job, x)", "for value in (1, 2):\n    comp(job, value)"
    ),
}


@claims(IN_ONE_FILE)
def test_functions_and_loops_in_one_file(space, made, edit):
    """What describes the graph is no part of any job: only new jobs run."""
    assert made.make_edited(space, edit) == list(edit.runs)


LAMBDAS = """
== work.py
from ledger import note
def apply(f, x):
    note(f"apply {x}")
    return f(x)
def adder(n):
    def add(x):
        return x + n
    return add
== prog.py
from functools import partial
from compmake import comp
from work import adder, apply
import shapes
comp(apply, lambda x: x + 1, 1)
comp(apply, adder(5), 2)
comp(apply, partial(shapes.power, n=2), 3)
comp(apply, shapes.Square().area, 4)
== shapes.py
def power(x, n):
    return x**n
class Square:
    def area(self, x):
        return x * x
"""

PASSED = {
    "a lambda's body": Edit(LAMBDAS, "prog.py", "lambda x: x + 1", "lambda x: x + 2", ("apply 1",)),
    "a closure's captured value": Edit(LAMBDAS, "prog.py", "adder(5)", "adder(6)", ("apply 2",)),
    "a closure's body": Edit(LAMBDAS, "work.py", "return x + n", "return x - n", ("apply 2",)),
    "a partial's function": Edit(LAMBDAS, "shapes.py", "x**n", "x**n + 1", ("apply 3",)),
    "a bound method": Edit(LAMBDAS, "shapes.py", "x * x", "x * x + 1", ("apply 4",)),
    "another lambda beside it is no reason": Edit(
        LAMBDAS, "prog.py", "comp(apply, lambda", "unused = lambda x: x\ncomp(apply, lambda"
    ),
}


@claims(PASSED)
def test_functions_among_the_arguments(space, made, edit):
    """A function that a job is given counts with its code."""
    assert made.make_edited(space, edit) == list(edit.runs)


RESTLESS = """
== work.py
import logging
import random
import threading
import time
from ledger import note
log = logging.getLogger(__name__)
lock = threading.Lock()
STARTED = time.time()
NOISE = random.Random().random()
cache = {}
def job(x):
    note(f"job {x}")
    with lock:
        log.info("at %s %s", STARTED, NOISE)
        cache[x] = x
        return cache[x]
== prog.py
from compmake import comp
from work import job
comp(job, 1)
comp(job, 2)
"""


def test_globals_that_differ_from_run_to_run(space):
    """A logger, a lock, a time stamp, a cache at top level never make a job run again."""
    write_program(space, RESTLESS)
    assert space.make() == ["job 1", "job 2"]
    assert space.make() == []
