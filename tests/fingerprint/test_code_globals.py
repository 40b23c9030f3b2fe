"""Globals: by value where that is what they are, by the statement that binds them otherwise."""

# ruff: noqa: E501  (the little programs stand on one line each)

import pytest

BY_VALUE = {
    "number": ("LIMIT = 3", "LIMIT = 4"),
    "same value": ("LIMIT = 60 * 60", None),
    "list filled by a loop": (
        "LIMIT = []\nfor i in range(3):\n    LIMIT.append(i)",
        "LIMIT = []\nfor i in range(4):\n    LIMIT.append(i)",
    ),
    "table filled by keys": ("LIMIT = {}\nLIMIT['a'] = 1", "LIMIT = {}\nLIMIT['a'] = 2"),
    "path": ("from pathlib import Path\nLIMIT = Path('a')", "from pathlib import Path\nLIMIT = Path('b')"),
    "date": (
        "import datetime\nLIMIT = datetime.date(2020, 1, 1)",
        "import datetime\nLIMIT = datetime.date(2020, 1, 2)",
    ),
    "made of another": ("A = 2\nLIMIT = (A, A + 1)", "A = 3\nLIMIT = (A, A + 1)"),
    "array": ("import numpy as np\nLIMIT = np.array([1, 2])", "import numpy as np\nLIMIT = np.array([1, 3])"),
    "conditional": ("FAST = True\nif FAST:\n    LIMIT = 1\nelse:\n    LIMIT = 2", "LIMIT = 2"),
}


@pytest.mark.parametrize(("old", "new"), BY_VALUE.values(), ids=BY_VALUE)
def test_global_counts_by_value(program, old, new):
    """A changed value counts and is shown; another way to write the same value does not."""
    program.write("prog", f"{old}\n\ndef job():\n    return LIMIT\n")
    code = program.code()
    assert "prog:LIMIT" in code.globals
    assert "prog:LIMIT" not in code.units
    if new is None:
        assert not program.changes("prog", "60 * 60", "3600")
    else:
        assert program.changes("prog", old, new)


BY_STATEMENT = {
    "logger": "import logging\nX = logging.getLogger('a')",
    "lock": "import threading\nX = threading.Lock()",
    "time": "import time\nX = time.time()",
    "time in a list": "import time\nX = []\nX.append(time.time_ns())",
    "random generator": "import numpy as np\nX = np.random.default_rng()",
    "random number": "import random\nX = random.random()",
    "environment": "import os\nX = os.environ.get('HOME', '')",
    "process": "import os\nX = os.getpid()",
    "open file": "X = open(__file__)",
    "now": "import datetime\nX = datetime.datetime.now()",
    "uuid": "import uuid\nX = uuid.uuid4()",
    "set by a function": "import time\nX = None\ndef start():\n    global X\n    X = time.time_ns()\nstart()",
    "object": "X = object()",
    "imported clock": "from time import time_ns\nX = time_ns()",
    "arguments of the process": "import sys\nX = sys.argv",
}


@pytest.mark.parametrize("binding", BY_STATEMENT.values(), ids=BY_STATEMENT)
def test_global_that_differs_from_run_to_run_is_no_reason(program, binding):
    """Two loads of an unchanged program give the same code, whatever its globals are."""
    program.write("helper", f"{binding}\n\ndef work():\n    return X\n")
    program.write("prog", "import helper\ndef job():\n    return helper.work()\n")
    assert program.code().digest == program.code().digest


def test_edit_of_the_binding_statement_counts(program):
    """A global that has no comparable value counts by the statement that binds it, and by what that uses."""
    program.write("prog", "def make():\n    return object()\nX = [make(), 1]\ndef job():\n    return X\n")
    assert program.changes("prog", ", 1]", ", 2]")
    assert program.changes("prog", "return object()", "return object() or 1")


def test_statement_that_changes_a_global_counts(program):
    """An object that is changed below its binding counts with the change, also in a program that defines jobs."""
    program.write("prog", "class C:\n    pass\nX = C()\nX.rate = 3\nX.tags = []\ndef job():\n    return X.rate\n")
    assert program.changes("prog", "rate = 3", "rate = 4")


def test_huge_global_counts_by_its_statement(program):
    """A table over 1 MB is not digested, and looking at it takes no time that anyone notices."""
    program.write(
        "prog", "ROWS = [[i] * 1000 for i in range(1000)]\nN = [1] * 3_000_000\ndef job():\n    return ROWS, N\n"
    )
    code = program.code()
    assert {"prog:ROWS", "prog:N"} <= set(code.units)
    assert not code.globals


def test_cache_filled_by_jobs_is_no_reason(program):
    """The value counts as it was right after loading, not what jobs made of it."""
    program.write(
        "prog", "CACHE = {}\nSEEN = [1]\ndef job(x):\n    SEEN.append(x)\n    return CACHE.setdefault(x, x)\n"
    )
    first = program.code()
    loaded = program.load()
    loaded.value("prog.job")(3)
    assert loaded.code("prog.job").digest == first.digest


def test_value_set_from_elsewhere_while_loading_counts(program):
    """A setting that the program changes in another module counts by the value it then has."""
    program.write("helper", "DEBUG = False\ndef work():\n    return DEBUG\n")
    program.write("prog", "import helper\nhelper.DEBUG = False\ndef job():\n    return helper.work()\n")
    assert program.changes("prog", "helper.DEBUG = False", "helper.DEBUG = True")


def test_global_of_an_imported_module_by_attribute(program):
    """`helper.LIMIT` and `from helper import LIMIT` are the same global."""
    program.write("helper", "LIMIT = 3\nOTHER = 4\n")
    program.write(
        "prog",
        "import helper\nfrom helper import LIMIT as L\ndef job():\n    return helper.LIMIT\ndef two():\n    return L\n",
    )
    assert set(program.code("prog.job").globals) == set(program.code("prog.two").globals) == {"helper:LIMIT"}


def test_local_name_hides_a_global(program):
    """A parameter or local variable of the same name is no use of the global."""
    program.write(
        "prog",
        "a = b = c = d = e = 1\ndef job(a, *b, **c):\n    d = [e for e in (1,)]\n    with open(a) as f, open(b):\n        pass\n    return d\n",
    )
    assert not program.code().globals
    program.write("prog", "x = [1]\ndef job():\n    return [x for x in x]\n")
    assert set(program.code().globals) == {"prog:x"}


def test_walrus_binds_around_a_comprehension(program):
    """A name bound by `:=` in a comprehension is local to the function around it."""
    program.write("prog", "y = 1\ndef job():\n    z = [y := i for i in (1, 2)]\n    return y, z\n")
    assert not program.code().globals


def test_global_statement_uses_the_global(program):
    """A function that rebinds a global depends on what it was."""
    program.write("prog", "count = 1\ndef job():\n    global count\n    count += 1\n")
    assert set(program.code().globals) == {"prog:count"}


@pytest.mark.parametrize(
    "register",
    [
        "@register('a')\ndef handler(x):\n    return 1\n",
        "def handler(x):\n    return 1\nregister('a')(handler)\n",
        "def handler(x):\n    return 1\nfor name, f in [('a', handler)]:\n    registry.TABLE[name] = f\n",
        "class handler:\n    def __call__(self, x):\n        return 1\nregistry.TABLE['a'] = handler()\n",
        "import functools\ndef handler(y, x):\n    return 1\nregistry.TABLE['a'] = functools.partial(handler, 1)\n",
    ],
    ids=["decorator", "call", "loop", "instance", "partial"],
)
def test_what_is_registered_in_a_table_counts(program, register):
    """A function that the job finds only through a table filled while loading counts."""
    program.write(
        "registry",
        "TABLE = {}\ndef register(n):\n    def add(f):\n        TABLE[n] = f\n        return f\n    return add\n",
    )
    program.write("plugs", f"import registry\nfrom registry import register\n{register}")
    program.write("work", "import registry\ndef job(k, x):\n    return registry.TABLE[k](x)\n")
    program.write("prog", "import plugs, work\n")
    assert program.changes("plugs", "return 1", "return 2", "prog.work.job")


def test_table_kept_in_a_closure(program):
    """A function made by a call counts with what it holds, which no statement shows."""
    program.write(
        "registry",
        "def make():\n    table = {}\n    def register(f):\n        table[f.__name__] = f\n        return f\n"
        "    def get(name):\n        return table[name]\n    return register, get\nregister, get = make()\n",
    )
    program.write("plugs", "from registry import register\n@register\ndef handler():\n    return 1\n")
    program.write("work", "import registry\ndef job(name):\n    return registry.get(name)()\n")
    program.write("prog", "import plugs, work\n")
    assert program.changes("plugs", "return 1", "return 2", "prog.work.job")


def test_registration_in_the_program_itself(program):
    """A table filled by a loop of the file that defines jobs counts by what it holds and how it is filled."""
    program.write(
        "prog",
        "def one(x):\n    return 1\nTABLE = {}\nfor f in (one,):\n    TABLE[f.__name__] = f\ndef job(k):\n    return TABLE[k]\n",
    )
    assert program.changes("prog", "return 1", "return 2")


def test_singledispatch_implementations_count(program):
    """Functions registered with the one in use count, found by their decorator."""
    program.write(
        "prog",
        "from functools import singledispatch\n@singledispatch\ndef show(x):\n    return 0\n@show.register\n"
        "def _(x: int):\n    return 1\ndef job(x):\n    return show(x)\n",
    )
    assert program.changes("prog", "return 1", "return 2")
    assert program.changes("prog", "x: int", "x: str")


def test_class_of_an_object_in_a_global(program):
    """Operators of an object held in a global count with its class, also when the object counts by value."""
    program.write(
        "prog",
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass V:\n    x: int\n    def __add__(self, o):\n"
        "        return 1\nORIGIN = V(0)\ndef job(v):\n    return ORIGIN + v\n",
    )
    assert program.changes("prog", "return 1", "return 2")


def test_constant_read_only_while_importing(program):
    """A constant that goes into a table, a default or a class body counts where those are used."""
    program.write(
        "helper", "SCALE = 2\ndef build(s):\n    return object()\nTABLE = build(SCALE)\ndef get():\n    return TABLE\n"
    )
    program.write("prog", "import helper\ndef job():\n    return helper.get()\n")
    assert program.changes("helper", "SCALE = 2", "SCALE = 3")


def test_module_docstring_counts_only_where_it_is_read(program):
    """`__doc__` used as data, as option parsers do, is data."""
    program.write("helper", '"""Usage: one"""\ndef get():\n    return __doc__\ndef other():\n    return 1\n')
    program.write("prog", "import helper\ndef job():\n    return helper.get()\ndef two():\n    return helper.other()\n")
    assert program.changes("helper", "Usage: one", "Usage: two")
    assert not program.changes("helper", "Usage: two", "Usage: three", "prog.two")


def test_top_level_of_a_helper_counts_but_not_of_a_program_that_defines_jobs(program):
    """Calls at the top level of an imported module may change anything; those around `comp` describe the graph."""
    program.write(
        "helper", "def work():\n    return 1\nprint\nprint('a')\nif __name__ == '__main__':\n    print('b')\n"
    )
    program.write("prog", "import helper\nprint('c')\ndef job():\n    return helper.work()\n")
    assert program.changes("helper", "print('a')", "print('aa')")
    assert not program.changes("helper", "print('b')", "print('bb')")
    assert not program.changes("prog", "print('c')", "print('cc')")
