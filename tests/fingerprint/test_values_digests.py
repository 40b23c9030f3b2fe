"""Which values have equal digests and which do not; golden digests; other processes and interpreters."""

import collections
import copy
import functools
import json
import os
import pickle
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from value_samples import (
    Bag,
    Color,
    Level,
    Plain,
    Point,
    Slotted,
    Thing,
    WithSlots,
    array_samples,
    digests,
    helper,
    make_lambda,
    samples,
)

from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.value_walk import Walk
from compmake.fingerprint.values import describe

HERE = Path(__file__).parent
GOLDEN = json.loads((HERE / "value_golden.json").read_text())
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=4)
        | st.frozensets(st.integers() | st.text(max_size=3), max_size=4)
    ),
    max_leaves=12,
)


def digest(value):
    description = describe(value, "value")
    assert description.digest is not None, description.unstable
    return description.digest


@pytest.mark.parametrize("name", sorted(samples() | array_samples()))
def test_digest_is_golden(name):
    """Digests never change: a change would run every job of every user again."""
    assert digests(samples() | array_samples())[name] == GOLDEN[name]


@pytest.mark.parametrize("which", ["samples", "array_samples"])
@pytest.mark.parametrize("seed", ["0", "99"])
def test_digest_does_not_depend_on_the_process(which, seed):
    """Another process with another hash seed computes the same digests."""
    root = HERE.parents[1]
    env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join([str(root), str(HERE)])}
    done = subprocess.run(
        [sys.executable, str(HERE / "value_samples.py"), which], env=env, capture_output=True, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert found == {name: GOLDEN[name] for name in found}


def test_all_samples_differ():
    """No two kinds of value share a digest, except an array in C and in Fortran order."""
    by_digest = collections.defaultdict(list)
    for name, found in GOLDEN.items():
        by_digest[found].append(name)
    assert [names for names in by_digest.values() if len(names) > 1] == [["int64", "fortran"]]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, 1.0),
        (1, "1"),
        ("1", b"1"),
        (0.0, -0.0),
        (0, False),
        ([1, 2], (1, 2)),
        ([1, [2]], [[1], 2]),
        (["ab"], ["a", "b"]),
        ([[], []], [[[]]]),
        ({1, 2}, frozenset({1, 2})),
        ({"a": 1}, [("a", 1)]),
        ({"a": {"b": 1}}, {"b": {"a": 1}}),
        ({"a": 1, "b": 2}, {"a": 2, "b": 1}),
        (b"a", bytearray(b"a")),
        (range(3), [0, 1, 2]),
        (collections.OrderedDict(a=1, b=2), collections.OrderedDict(b=2, a=1)),
        (collections.deque([1]), collections.deque([1], maxlen=1)),
        (collections.defaultdict(list), collections.defaultdict(set)),
        (Color.RED, Color.GREEN),
        (Level.LOW, 1),
        (Point(1, 2), (1, 2)),
        (Point(1, 2), Point(2, 1)),
        (Plain(1, [2]), Plain(1, [3])),
        (Slotted(1), Slotted(1, "y")),
        (Thing(a=1), Thing(a=2)),
        (Thing(a=1), Thing(b=1)),
        (WithSlots(1, 2), WithSlots(2, 1)),
        (Bag(a=1), {"a": 1}),
        (functools.partial(helper, 1), functools.partial(helper, 2)),
        (functools.partial(helper, 1), functools.partial(print, 1)),
        (make_lambda(1), make_lambda(2)),
        (re.compile("a"), re.compile("a", re.DOTALL)),
        (types.SimpleNamespace(a=1), {"a": 1}),
        (int, float),
        ([].append, [1].append),
        (np.arange(3, dtype="i4"), np.arange(3, dtype="f4")),
        (np.zeros(4, "i4"), np.zeros(2, "i8")),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (np.array([1], "<i4"), np.array([1], ">i4")),
        (np.int64(1), 1),
        (np.int64(1), np.array(1)),
        (np.array(["a"], object), np.array(["a"])),
        (np.ma.masked_array([1, 2], [0, 1]), np.ma.masked_array([1, 2], [1, 0])),
        (np.random.default_rng(1), np.random.default_rng(2)),
        (np.datetime64("2024-01-01"), np.datetime64("2024-01-01", "s")),
    ],
)
def test_values_that_differ_have_other_digests(one, other):
    """Whatever a function could tell apart must not have one digest."""
    assert digest(one) != digest(other)


def structured(fill):
    """An array whose padding bytes are `fill`."""
    raw = np.full(32, fill, dtype="u1")
    array = raw.view(np.dtype([("a", "i1"), ("b", "<f8")], align=True))
    array["a"], array["b"] = [1, 2], [3, 4]
    return array


def used_generator():
    generator = np.random.default_rng(3)
    generator.random(10)
    return generator


def asked_for_twice():
    plain = Plain(1, [2])
    assert plain.twice == [2, 2]
    return plain


SHARED = [1, 2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (Thing(a=1, b=2), Thing(b=2, a=1)),
        ({3, 1, 2, 10**9}, {10**9, 2, 1, 3}),
        (float("nan"), -float("nan")),
        ([SHARED, SHARED], [[1, 2], [1, 2]]),
        (np.arange(12).reshape(3, 4), np.asfortranarray(np.arange(12).reshape(3, 4))),
        (np.arange(10)[::2], np.arange(0, 10, 2)),
        (structured(0), structured(255)),
        (used_generator(), used_generator()),
        (Plain(1, [2]), asked_for_twice()),
        ((1, 2, 3, 4, 5, 6), tuple(range(1, 7))),
        (samples()["cycle"], copy.deepcopy(samples()["cycle"])),
        (make_lambda([1]), make_lambda([1])),
    ],
)
def test_equal_values_have_equal_digests(one, other):
    """What a function could not tell apart must not run it again."""
    assert digest(one) == digest(other)


@pytest.mark.parametrize("shape", [(2,), (1, 2, 3, 4, 5, 6), (None, "a" * 300, 10**400, -0.5)])
def test_short_tuples_are_encoded_as_long_ones_are(shape):
    """The quick way for short tuples of atoms and the walk agree, so that nesting changes nothing."""
    assert digest(shape) == digest_bytes(Walk(shape, "x").encoding)


@settings(max_examples=150, deadline=None)
@given(PLAIN)
def test_a_pickled_copy_has_the_same_digest(value):
    """A value that went through a file is the same value."""
    assert digest(pickle.loads(pickle.dumps(value))) == digest(value)


@settings(max_examples=150, deadline=None)
@given(PLAIN, PLAIN)
def test_digests_differ_unless_the_values_are_the_same(one, other):
    """Two random values share a digest only if their canonical texts are the same."""
    assert (digest(one) == digest(other)) == (canonical(one) == canonical(other))


def canonical(value):
    """An independent idea of sameness, for plain values."""
    if isinstance(value, list | tuple):
        return type(value).__name__ + repr([canonical(item) for item in value])
    if isinstance(value, frozenset):
        return "frozenset" + repr(sorted(map(canonical, value)))
    if isinstance(value, dict):
        return "dict" + repr(sorted((canonical(key), canonical(item)) for key, item in value.items()))
    return type(value).__name__ + repr(value)


def test_class_made_by_a_function_counts_with_what_is_in_it():
    """Two classes of one name made by one function differ if their members do."""

    def make(limit):
        class Local:
            LIMIT = limit

            def over(self, x):
                return x > limit

        return Local

    assert digest(make(1)) == digest(make(1))
    assert digest(make(1)) != digest(make(2))
    assert digest(make(1)()) == digest(make(1)())
    assert digest(make(1)()) != digest(make(2)())


def test_big_array_is_digested_without_a_copy():
    """An array of 64 MB costs no memory to digest."""
    import tracemalloc

    array = np.ones(8_000_000)
    tracemalloc.start()
    digest([array])
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_values_that_can_be_called_carry_code():
    """The digest of a function says only its name, so something else must stand for the code; data needs nothing."""
    assert describe(helper, "result").carries_code
    assert describe([Thing], "result").carries_code
    assert not describe(Thing(a=1), "result").carries_code
    assert not describe([1, Color.RED], "result").carries_code


def test_main_module_is_known_by_the_name_of_the_program(tmp_path):
    """Classes and functions of a script run by itself have the digests they have when loaded by name."""
    program = tmp_path / "prog.py"
    program.write_text(
        "from compmake.fingerprint.values import describe, set_main_alias\n"
        "class A:\n    pass\n"
        "def f():\n    pass\n"
        "set_main_alias('prog')\n"
        "print([describe(x, 'x').digest.hex() for x in (A, A(), f, lambda: 1)])\n"
    )
    root = str(HERE.parents[1])
    run = functools.partial(subprocess.run, capture_output=True, text=True, check=True, cwd=tmp_path)
    env = {**os.environ, "PYTHONPATH": root}
    assert (
        run([sys.executable, "prog.py"], env=env).stdout == run([sys.executable, "-c", "import prog"], env=env).stdout
    )
