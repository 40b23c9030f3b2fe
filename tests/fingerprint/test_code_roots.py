"""Where code starts: functions, lambdas, methods, partials, classes, however they were made."""

# ruff: noqa: E501  (the little programs stand on one line each)

import runpy
import sys

import pytest

from compmake.fingerprint.closure import CodeIndex, CodeQuery

CASES = {
    "lambda": ("f = lambda x: x + 1\n", "prog.f", ("x + 1", "x + 2"), True),
    "lambda beside another on its line": ("fs = [lambda x: x + 1, lambda x: x + 5]\n", "prog.fs[0]", ("x + 1", "x + 2"), True),
    "the other lambda on the line": ("fs = [lambda x: x + 1, lambda x: x + 5]\n", "prog.fs[0]", ("x + 5", "x + 6"), False),
    "lambda in a lambda": ("f = (lambda: lambda x: x + 1)()\n", "prog.f", ("x + 1", "x + 2"), True),
    "lambda over lines": ("f = (lambda x:\n     x + 1)\n", "prog.f", ("x + 1", "x + 2"), True),
    "lambda's helper": ("def h(x):\n    return x + 1\nf = lambda x: h(x)\n", "prog.f", ("x + 1", "x + 2"), True),
    "lambda before it": ("f = lambda x: x + 1\n", "prog.f", ("f =", "e = lambda y: y\nf ="), False),
    "lambda in a comprehension": ("fs = [lambda x, i=i: x + i + 1 for i in (1, 2)]\n", "prog.fs[1]", ("i + 1 ", "i + 2 "), True),
    "inner function": ("def make(n):\n    def inner(x):\n        return x + 1\n    return inner\n", "prog.make(3)", ("x + 1", "x + 2"), True),
    "inner function's helper": (
        "def h(x):\n    return x + 1\ndef make(n):\n    def inner(x):\n        return h(x)\n    return inner\n",
        "prog.make(3)", ("x + 1", "x + 2"), True,
    ),
    "captured function": (
        "def h(x):\n    return x + 1\ndef make(g):\n    def inner(x):\n        return g(x)\n    return inner\n",
        "prog.make(prog.h)", ("x + 1", "x + 2"), True,
    ),
    "captured module": (
        "def make():\n    import deep\n    return lambda x: deep.scrub(x)\n", "prog.make()", None, True,
    ),
    "rest of the maker": ("def make(n):\n    print(1)\n    def inner(x):\n        return x\n    return inner\n", "prog.make(3)", ("print(1)", "print(2)"), False),
    "partial": ("from functools import partial\ndef g(x):\n    return x + 1\nf = partial(g, 1)\n", "prog.f", ("x + 1", "x + 2"), True),
    "bound method": ("class A:\n    def go(self):\n        return 1\na = A()\n", "prog.a.go", ("return 1", "return 2"), True),
    "class": ("class A:\n    def __init__(self):\n        self.x = 1\n", "prog.A", ("x = 1", "x = 2"), True),
    "callable object": ("class A:\n    def __call__(self):\n        return 1\na = A()\n", "prog.a", ("return 1", "return 2"), True),
    "wrapped": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def wrapper(x):\n        return f(x) + 1\n    return wrapper\n"
        "@deco\ndef g(x):\n    return x\n", "prog.g", ("f(x) + 1", "f(x) + 2"), True,
    ),
    "wrapped without wraps": (
        "def deco(f):\n    def wrapper(x):\n        return f(x)\n    return wrapper\n@deco\ndef g(x):\n    return x + 1\n",
        "prog.g", ("x + 1", "x + 2"), True,
    ),
    "wrapped by hand": (
        "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def wrapper(x):\n        return f(x) + 1\n    return wrapper\n"
        "def g(x):\n    return x\nh = deco(g)\n", "prog.h", ("f(x) + 1", "f(x) + 2"), True,
    ),
    "lru_cache": ("import functools\n@functools.lru_cache\ndef g(x):\n    return x + 1\n", "prog.g", ("x + 1", "x + 2"), True),
    "contextmanager": ("import contextlib\n@contextlib.contextmanager\ndef g(x):\n    yield x + 1\n", "prog.g", ("x + 1", "x + 2"), True),
    "wrapped by a library's object": ("import numpy\ndef g(x):\n    return x + 1\nf = numpy.vectorize(g)\n", "prog.f", ("x + 1", "x + 2"), True),
    "async function": ("async def g(x):\n    return x + 1\n", "prog.g", ("x + 1", "x + 2"), True),
    "static method": ("class A:\n    @staticmethod\n    def g(x):\n        return x + 1\n", "prog.A.g", ("x + 1", "x + 2"), True),
    "class method": ("class A:\n    @classmethod\n    def g(cls, x):\n        return x + 1\n", "prog.A.g", ("x + 1", "x + 2"), True),
    "class made in a function": ("def make():\n    class A:\n        x = 1\n    return A\n", "prog.make()", ("x = 1", "x = 2"), True),
    "named tuple": ("from collections import namedtuple\nP = namedtuple('P', 'x y')\n", "prog.P", ("'x y'", "'y x'"), True),
    "defined twice": ("def g():\n    return 1\ndef g():\n    return 3\n", "prog.g", ("return 3", "return 4"), True),
    "defined under a condition": ("FAST = 1\nif FAST:\n    def g():\n        return 1\nelse:\n    def g():\n        return 3\n", "prog.g", ("if FAST", "if not FAST"), True),
    "under a main guard": ("def g():\n    return 1\nif __name__ == '__main__':\n    g()\n", "prog.g", ("    g()", "    g(2)"), False),
}  # fmt: skip


@pytest.mark.parametrize(("source", "root", "edit", "counts"), CASES.values(), ids=CASES)
def test_edit_of_what_a_job_starts_with(program, source, root, edit, counts):
    """The function of a job counts, however it was made; its neighbours do not."""
    program.write("prog", source)
    program.write("deep", "def scrub(x):\n    return x + 100\n")
    if edit is None:
        assert program.changes("deep", "+ 100", "+ 101", root) is counts
    else:
        assert program.changes("prog", *edit, root) is counts


def test_two_lambdas_on_one_line_differ(program):
    """Lambdas are told apart by where their code stands."""
    program.write("prog", "a, b, c = lambda x: x + 1, lambda x: x + 2, lambda y: y + 1\n")
    loaded = program.load()
    sets = [loaded.code(f"prog.{name}") for name in "abc"]
    assert len({found.digest for found in sets}) == 3
    assert [loaded.index.source(unit) for found in sets for unit in found.units] == [
        "lambda x: x + 1", "lambda x: x + 2", "lambda y: y + 1",
    ]  # fmt: skip


def test_the_users_own_code_has_roots_and_other_code_has_none(program):
    """Functions of libraries and built-ins count by their names, which records hold anyway."""
    program.write("prog", "def g():\n    return 1\n")
    loaded = program.load()
    assert loaded.index.roots([loaded.value("prog.g"), len, pytest.raises, str, 5, None]) == {"prog:g"}


def test_main_has_the_fingerprints_that_it_has_when_loaded_by_name(program, monkeypatch):
    """`python prog.py` and `compmake prog` find the same results."""
    program.write("prog", "import helper\nLIMIT = 3\ndef g():\n    return helper.h() + LIMIT\n")
    program.write("helper", "def h():\n    return 1\n")
    by_name = program.code("prog.g")
    program.forget()
    main = type(sys)("__main__")
    main.__file__ = str(program.folder / "prog.py")
    vars(main).update(runpy.run_path(main.__file__, run_name="__main__"))
    monkeypatch.setitem(sys.modules, "__main__", main)
    index = CodeIndex(cached=lambda _: {}, main_alias={"__main__": "prog"}, defining=["__main__"])
    index.take_sources()
    as_main = index.code_set(CodeQuery(index.roots([main.g])))
    assert (as_main.units, as_main.globals) == (by_name.units, by_name.globals)


def test_function_without_source_counts_by_name(program):
    """Code that was typed at a prompt cannot be read; asking for it is no error."""
    main = {"__name__": "__main__"}
    exec("def typed():\n    return 1", main)
    program.write("prog", "")
    loaded = program.load()
    roots = loaded.index.roots([main["typed"]])
    assert set(loaded.index.code_set(CodeQuery(roots)).units) == {"__main__:typed"}
    assert loaded.index.where("__main__:typed") == ("", 0)
    assert loaded.index.source("__main__:typed") == ""
