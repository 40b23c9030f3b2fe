"""Names are followed through every form of import, between modules and packages, without running anything."""

# ruff: noqa: E501  (the little programs stand on one line each)

import sys

import pytest

FORMS = {
    "import as": ("import pkg.sub.deep as d", "d.work()"),
    "import dotted": ("import pkg.sub.deep", "pkg.sub.deep.work()"),
    "from package": ("from pkg.sub import deep", "deep.work()"),
    "from module": ("from pkg.sub.deep import work as w", "w()"),
    "star": ("from pkg.sub.deep import *", "work()"),
    "re-export": ("from pkg import work", "work()"),
    "re-export by attribute": ("import pkg", "pkg.work()"),
    "star of a re-export": ("from pkg import *", "work()"),
    "relative": ("from pkg.near import near", "near()"),
    "relative module": ("from pkg.near import far", "far()"),
    "try": ("try:\n    from missing_module import work\nexcept ImportError:\n    from pkg import work", "work()"),
    "conditional": ("import sys\nif sys:\n    from pkg import work\nelse:\n    work = None", "work()"),
    "in the function": ("", "__import__('pkg.sub.deep').sub.deep.work()"),
    "unknown receiver": ("import pkg", "vars(pkg)['sub'].deep.work()"),
    "function kept in a global": ("import pkg\nf = pkg.work", "f()"),
    "wrapped in a partial": ("import functools, pkg\nf = functools.partial(pkg.work)", "f()"),
    "cached": ("import functools, pkg\nf = functools.lru_cache(pkg.work)", "f()"),
    "module's own __getattr__": ("import lazy", "lazy.anything()"),
    "set with setattr": ("import pkg, sys\nsetattr(sys.modules[__name__], 'f', pkg.work)", "f()"),
    "set with globals()": ("import pkg\nglobals()['f'] = pkg.work", "f()"),
}


@pytest.fixture
def package(program):
    program.write("pkg.__init__", "from .sub.deep import work\n__all__ = ['work', 'near']\n")
    program.write("pkg.sub.__init__", "")
    program.write("pkg.sub.deep", "def work():\n    return 1\n")
    program.write(
        "pkg.near",
        "from .sub.deep import work\nfrom . import sub\n\ndef near():\n    return work()\n\ndef far():\n    from .sub import deep\n    return deep.work()\n",
    )
    program.write("lazy", "import pkg\ndef __getattr__(name):\n    return pkg.work\n")
    return program


@pytest.mark.parametrize(("statement", "call"), FORMS.values(), ids=FORMS)
def test_import_form(package, statement, call):
    """A helper counts however it is imported."""
    package.write("prog", f"{statement}\n\ndef job():\n    return {call}\n")
    assert package.changes("pkg.sub.deep", "return 1", "return 2")


@pytest.mark.parametrize(
    "body",
    ["import late\n    return late.work()", "from late import work\n    return work()",
     "import late as m\n    return [m.work() for _ in (1,)]",
     "import importlib\n    return importlib.import_module('late').work()",
     "from late import work\n    def inner():\n        return work()\n    return inner()"],
    ids=["import", "from", "alias", "import_module", "closure"],
)  # fmt: skip
def test_module_imported_only_inside_the_function_is_read_but_not_run(program, body):
    """A late import is found as Python would find it; the program must not be slowed or changed by loading it."""
    program.write("late", "raise SystemExit('was run')\ndef work():\n    return 1\n")
    program.write("prog", f"def job():\n    {body}\n")
    assert program.changes("late", "return 1", "return 2")
    assert "late" not in sys.modules


def test_late_module_counts_the_same_before_and_after_it_was_loaded(program):
    """A job that ran in this process and loaded a module must not change what the next run compares."""
    program.write("late", "LIMIT = 3\ndef work():\n    return LIMIT\n")
    program.write("prog", "def job():\n    import late\n    return late.work()\n")
    loaded = program.load()
    before = loaded.code("prog.job").digest
    loaded.value("prog.job")()
    loaded.index.take_sources()
    assert loaded.code("prog.job", mode="closure", modules=["late"]).digest == program.code(modules=["late"]).digest
    assert program.code().digest == before


def test_plugin_counts_from_the_second_attempt(program):
    """A module with a computed name is known once an attempt has loaded it; what it registers counts too."""
    program.write("registry", "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n")
    program.write(
        "plug_a",
        "from registry import register\n@register\ndef handler():\n    return 1\nprint(5)\ndef run():\n    return 7\n",
    )
    program.write(
        "prog",
        "import importlib, registry\ndef job(n):\n    m = importlib.import_module('plug_' + n)\n    return registry.TABLE['x'](), m.run()\n",
    )
    for old, new in (("return 1", "return 2"), ("return 7", "return 8"), ("print(5)", "print(6)")):
        assert program.changes("plug_a", old, new, "prog.job", modules=["plug_a"])


def test_type_checking_block_is_no_import(program):
    """Imports for type checkers never run, so they bring nothing."""
    program.write("late", "def work():\n    return 1\n")
    program.write(
        "prog",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import late\ndef job(x: 'late.T'):\n    return x.work()\n",
    )
    assert not program.changes("late", "return 1", "return 2")


def test_attribute_of_a_library_brings_no_namesake(program):
    """`json.dumps` is the library's; a user function of that name elsewhere is not meant."""
    program.write("helper", "def dumps():\n    return 1\ndef join():\n    return 1\n")
    program.write(
        "prog", "import json, os.path, helper\ndef job(x):\n    return json.dumps(x), os.path.join('a', 'b')\n"
    )
    assert set(program.code().units) == {"prog:job"}


def test_namesake_in_a_module_that_cannot_be_reached_does_not_count(program):
    """Attribute names are looked for only in modules that the job's code or its ancestors' can reach."""
    program.write("stranger", "class A:\n    def total(self):\n        return 1\n")
    program.write("work", "def job(x):\n    return x.total()\n")
    program.write("prog", "import work, stranger\n")
    assert not program.changes("stranger", "return 1", "return 2", "prog.work.job")
    assert program.changes("stranger", "return 2", "return 3", "prog.work.job", "prog.stranger.A")


def test_import_cycle(program):
    """Modules may import each other."""
    program.write("one", "import two\ndef a():\n    return two.b()\n")
    program.write("two", "from one import *\nimport one\ndef b():\n    return one.c() if 0 else d()\n")
    program.write("prog", "import one\ndef job():\n    return one.a()\n")
    assert {"one:a", "two:b"} <= set(program.code().units)


def test_namespace_package(program):
    """A folder without __init__.py is a package as well."""
    program.write("space.inner.mod", "def work():\n    return 1\n")
    program.write("prog", "import space.inner.mod\ndef job():\n    return space.inner.mod.work()\n")
    assert program.changes("space.inner.mod", "return 1", "return 2")
