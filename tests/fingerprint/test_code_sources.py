"""Sources: what is the user's, what changed on disk, what is kept from run to run; and nothing ever raises."""

# ruff: noqa: E501  (the little programs stand on one line each)

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compmake.fingerprint.closure import CodeIndex, CodeQuery
from compmake.fingerprint.modules import is_user_file


def test_what_is_the_users_code(tmp_path):
    """Not the standard library, not installed packages, not compmake; an editable install by link is."""
    site = tmp_path / "lib" / "site-packages"
    (site / "installed").mkdir(parents=True)
    (tmp_path / "mine").mkdir()
    (site / "linked").symlink_to(tmp_path / "mine")
    assert is_user_file(str(tmp_path / "mine" / "a.py"))
    assert is_user_file(str(site / "linked" / "a.py"))
    assert not is_user_file(str(site / "installed" / "a.py"))
    assert not is_user_file(os.__file__)
    assert not is_user_file(pytest.__file__)
    assert not is_user_file(str(Path(sys.modules[CodeIndex.__module__].__file__)))
    assert not is_user_file("<string>")
    assert not is_user_file("")


def test_code_is_what_was_loaded_not_what_is_on_disk(program):
    """An edit after loading must not get into the fingerprint of what runs."""
    program.write("prog", "def job():\n    return 1\n")
    before = program.code()
    loaded = program.load()
    program.edit("prog", "return 1", "return 2")
    loaded.index.take_sources()
    assert loaded.code("prog.job").digest == before.digest
    assert loaded.index.source("prog:job").endswith("return 1")


def test_kept_parse_results_are_used(program, monkeypatch):
    """A module is parsed once; the next process takes the facts from the store and gets the same code."""
    program.write("helper", "def h():\n    return 1\n")
    program.write("prog", "import helper\ndef job():\n    return helper.h() + (lambda: 2)()\n")
    program.load()
    store = {}
    first = CodeIndex(cached=lambda keys: {key: store[key] for key in keys if key in store})
    first.take_sources()
    query = CodeQuery(first.roots([sys.modules["prog"].job]))
    digest = first.code_set(query).digest
    store = first.new_cache_entries()
    assert store
    assert first.new_cache_entries() == {}

    def refuse(*_, **__):
        raise AssertionError("parsed again")

    monkeypatch.setattr("compmake.fingerprint.library.parse", refuse)
    second = CodeIndex(cached=lambda keys: {key: store[key] for key in keys if key in store})
    second.take_sources()
    assert second.code_set(query).digest == digest
    assert second.new_cache_entries() == {}


def test_no_module_is_parsed_twice_in_a_process(program, monkeypatch):
    """Not even by an index that has no store, as of a program that is opened again in a notebook."""
    program.write("prog", "def job():\n    return 1\n")
    program.load()
    indexes = [CodeIndex(cached=lambda _: {}) for _ in range(2)]
    indexes[0].take_sources()

    def refuse(*_, **__):
        raise AssertionError("parsed again")

    monkeypatch.setattr("ast.parse", refuse)
    indexes[1].take_sources()
    assert indexes[1].new_cache_entries() == indexes[0].new_cache_entries() != {}


def test_damaged_parse_results_are_made_again(program):
    """What the store kept may be anything; it only costs time."""
    program.write("prog", "def job():\n    return 1\n")
    program.load()
    answers = []
    for data in (b"", b"{", b"[]", b'{"units": 1}', None):
        index = CodeIndex(cached=lambda keys, data=data: dict.fromkeys(keys, data) if data is not None else {})
        index.take_sources()
        answers.append(index.code_set(CodeQuery(index.roots([sys.modules["prog"].job]))).digest)
    assert len(set(answers)) == 1


def test_a_file_that_cannot_be_parsed_counts_by_its_bytes(program):
    """Hashing never raises: what is no valid source any more, or too deep, is compared whole."""
    program.write("helper", "def h():\n    return 1\n")
    program.write("prog", "import helper\ndef job():\n    return helper.h()\n")
    program.load()
    sources = [
        "def h(:\n",
        "def h(:\n#",
        "x = " + "(" * 5000 + ")" * 5000 + "\n",
        "x\0\n",
        "# coding: nonsense\n",
        "\ud800",
    ]
    digests = set()
    for source in sources:
        (program.folder / "helper.py").write_bytes(source.encode(errors="surrogatepass"))
        index = CodeIndex(cached=lambda _: {})
        index.take_sources()
        code = index.code_set(CodeQuery(index.roots([sys.modules["prog"].job])))
        assert "helper:<file>" in code.units
        assert index.source("helper:<file>") or not source
        digests.add(code.digest)
    assert len(digests) == len(sources)


def test_a_file_that_cannot_be_parsed_brings_what_it_mentions(program):
    """Nothing is known of such a file, so every name in it may be used."""
    program.write("deep", "def scrub():\n    return 1\n")
    program.write("late", "import deep\ndef work():\n    return deep.scrub() +\n")
    program.write("prog", "def job():\n    import late\n    return late.work()\n")
    assert program.changes("deep", "return 1", "return 2")


def test_generated_code_of_any_depth_is_no_error(program):
    """A chain of 5,000 operands or calls is code like any other."""
    chain = "x" + " + 1" * 5000
    calls = "x" + ".a()" * 2000
    program.write("one", f"def work(x):\n    return {chain}\n")
    program.write("two", f"def work(x):\n    return {calls}\n")
    program.write("three", f"def work(x):\n    return {chain[:1200]}\n")
    program.write(
        "prog", "def job(x):\n    import one, two, three\n    return one.work(x), two.work(x), three.work(x)\n"
    )
    loaded = program.load()
    code = loaded.code("prog.job")
    assert {name.partition(":")[0] for name in code.units} == {"prog", "one", "two", "three"}
    assert all(loaded.index.source(name) for name in code.units)


def test_hostile_objects_are_no_error(program):
    """Modules and objects that answer nothing properly are only looked at from outside."""
    program.write(
        "prog",
        "class Odd:\n    __slots__ = ('a', 'b')\n    def __getattribute__(self, name):\n        raise RuntimeError(name)\n"
        "    def __eq__(self, other):\n        raise RuntimeError\n    def __hash__(self):\n        raise RuntimeError\n"
        "    def __repr__(self):\n        raise RuntimeError\n"
        "class Table(dict):\n    def items(self):\n        raise RuntimeError\n    def __iter__(self):\n        raise RuntimeError\n"
        "class Meta(type):\n    def __getattribute__(cls, name):\n        raise RuntimeError(name)\n"
        "odd, table, kinds = Odd(), Table(a=Odd()), [Meta('X', (), {})]\n"
        "loop = []\nloop.append(loop)\n"
        "def job():\n    return odd, table, kinds, loop\n",
    )
    loaded = program.load()
    assert {"prog:Odd", "prog:Table"} <= set(loaded.code("prog.job").units)
    loaded.index.roots([loaded.value("prog.odd"), loaded.value("prog.table"), loaded.value("prog.kinds")])


def test_same_code_in_another_process_folder_and_hash_seed(program, tmp_path):
    """Nothing of the machine, the folder or the process is in a digest."""
    program.write(
        "helper",
        "import math\nNAMES = {'a', 'b', 'c'}\nT = {f: 1 for f in (len, abs)}\nclass A:\n    def m(self): return NAMES\n",
    )
    program.write("prog", "import helper\ndef job(x):\n    return helper.A().m(), helper.T, (lambda: 1)()\n")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import prog\n"
        "from compmake.fingerprint.closure import CodeIndex, CodeQuery\n"
        "index = CodeIndex(cached=lambda _: {}); index.take_sources()\n"
        "print(index.code_set(CodeQuery(index.roots([prog.job]))).to_bytes().decode())\n"
    )
    other = tmp_path / "elsewhere" / "deeper"
    other.mkdir(parents=True)
    for name in ("helper.py", "prog.py"):
        (other / name).write_bytes((program.folder / name).read_bytes())
    answers = []
    for folder, seed in ((program.folder, "1"), (other, "2")):
        path = os.pathsep.join(entry for entry in sys.path if entry)
        run = subprocess.run(
            [sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        answers.append(json.loads(run.stdout))
    assert answers[0] == answers[1]
