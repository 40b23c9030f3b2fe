"""How results become bytes and come back, without copies; what is refused, and with which words."""

import asyncio
import io
import pickle
import socket
import sqlite3
import struct
import sys
import threading
import tracemalloc
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compmake.codec import LoadError, dump_value, find_unpicklable, load_value, plain_pickle
from compmake.codec.streams import pickle_stream
from compmake.errors import UnpicklableError
from compmake.job import File, JobId, Promise

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.dates()
    | st.decimals(allow_nan=False)
    | st.uuids(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.frozensets(st.integers())
    ),
    max_leaves=20,
)


LOCK = threading.Lock()


class Holder:
    def __init__(self, **state: Any) -> None:
        self.__dict__.update(state)


class Slots:
    __slots__ = ("inner",)


class GetState:
    def __getstate__(self) -> Any:
        return [threading.Lock()]


class Refuses:
    def __reduce__(self) -> Any:
        raise ValueError("not today")


def data_of(value: Any) -> memoryview:
    return memoryview(bytearray(b"".join(bytes(piece) for piece in dump_value(value))))


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_values_come_back_equal(value):
    """Dumped, joined and loaded, a value is what it was."""
    assert load_value(data_of(value)) == value


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["u1", "<f8", ">i4", "U3", "M8[s]"])), max_size=5))
def test_arrays_come_back_equal_aligned_and_writable(shapes):
    """Arrays are views of the loaded bytes: aligned, writable, of the same dtype."""
    arrays = [np.zeros(size, dtype) for size, dtype in shapes]
    for array in arrays:
        array[::2] = np.ones(1, "i4").astype(array.dtype)
    for array, loaded in zip(arrays, load_value(data_of(arrays)), strict=True):
        assert loaded.dtype == array.dtype and loaded.flags.writeable and loaded.flags.aligned
        assert np.array_equal(loaded, array)


def test_fortran_and_sliced_and_read_only_arrays_come_back():
    """Layout is kept where it means something; an array that was read-only stays so."""
    fortran = np.asfortranarray(np.arange(10_000.0).reshape(100, 100))
    frozen = np.arange(5_000)
    frozen.flags.writeable = False
    loaded = load_value(data_of([fortran, fortran[::3, ::2], frozen]))
    assert loaded[0].flags.f_contiguous and np.array_equal(loaded[0], fortran)
    assert np.array_equal(loaded[1], fortran[::3, ::2])
    assert not loaded[2].flags.writeable


def test_large_array_is_not_copied():
    """50 MB are dumped as a view of the array, and loaded as a view of the bytes."""
    array = np.ones(6_250_000)
    tracemalloc.start()
    pieces = dump_value({"a": array})
    dump_peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    data = memoryview(bytearray(b"".join(pieces)))
    tracemalloc.start()
    loaded = load_value(data)["a"]
    load_peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert dump_peak_bytes < 1_000_000 and load_peak_bytes < 1_000_000
    assert np.shares_memory(loaded, np.frombuffer(data, "u1"))


def test_large_bytes_are_not_copied_when_dumped():
    """A result of 50 MB of bytes is one of the pieces."""
    value = bytes(50_000_000)
    assert any(piece is value for piece in dump_value(value))


def test_lambdas_and_local_classes_can_be_results():
    """What plain pickle cannot, cloudpickle can."""

    class Local:
        def __init__(self) -> None:
            self.f = lambda x: x + 1

    assert load_value(data_of({"a": Local()}))["a"].f(1) == 2


@pytest.mark.parametrize("value", [None, True, 7, -(10**400), 0.5, 1j, "", "a", "ü" * 1023, b"a" * 1023])
def test_atoms_have_the_bytes_that_any_pickler_gives_them(value):
    """They take a shorter way, and digests of stored bytes must not depend on it."""
    pickled = b"".join(pickle_stream(value, promises=False).pieces)
    assert b"".join(dump_value(value)).endswith(pickled)
    assert load_value(memoryview(bytearray(b"".join(dump_value(value))))) == value


def test_file_in_a_result_stays_a_file_unless_asked():
    """People who look at a result see the `File`; jobs get its path."""
    assert load_value(data_of([File("a")])) == [File("a")]
    assert load_value(data_of([File("a")]), file=Path) == [Path("a")]


def test_plain_pickle_is_read_by_pickle_itself():
    """What `dump` writes can be loaded without compmake, arrays too."""
    value = {"a": np.arange(5000), "b": [1]}
    loaded = pickle.loads(plain_pickle(data_of(value)))
    assert np.array_equal(loaded["a"], value["a"]) and loaded["b"] == [1]
    assert pickle.loads(plain_pickle(data_of("x"))) == "x"


@pytest.mark.parametrize(
    ("damage", "text"),
    [
        (lambda data: data[:-1], "cannot be loaded"),
        (lambda data: data[:3], "cannot be loaded"),
        (lambda data: memoryview(b"XXXX" + bytes(data[4:])), "not a result"),
        (lambda data: memoryview(bytes(data) + b"x"), "bytes instead of"),
        (lambda data: memoryview(bytes(data[:4]) + struct.pack("<I", 2**31) + bytes(data[8:])), "cannot be loaded"),
    ],
)
def test_bytes_that_are_no_value_are_refused(damage, text):
    """Whatever the bytes are, the error is a LoadError that says why."""
    with pytest.raises(LoadError, match=text):
        load_value(damage(data_of([1, np.zeros(1000)])))


def test_promise_in_a_result_is_refused_with_an_explanation():
    """A job that returns a promise has misunderstood something; the text says what."""
    with pytest.raises(UnpicklableError, match=r"result\['a'\]\[0\]: a promise cannot be a result, .*placeholder"):
        dump_value({"a": [Promise(JobId("x"))]})


def test_unpicklable_result_is_refused_with_its_place():
    """The text has the way to it in Python syntax."""
    with pytest.raises(UnpicklableError, match=r"^result\['a'\]\[0\]: a generator cannot be pickled"):
        dump_value({"a": [(x for x in [])]})


def slots() -> Slots:
    holder = Slots()
    holder.inner = {"k": threading.Lock()}
    return holder


async def never() -> None:
    pass


def coroutine() -> Any:
    made = never()
    made.close()
    return made


def nested(depth: int) -> list[Any]:
    items: list[Any] = []
    for _ in range(depth):
        items = [items]
    return items


@pytest.mark.parametrize(
    ("make", "place", "kind"),
    [
        (lambda: [threading.Lock()], "x[0]", "a thread lock"),
        (lambda: [threading.Thread()], "x[0]", None),
        (lambda: Holder(f=Path(__file__).open()), "x.f", "an open file"),  # noqa: SIM115
        (lambda: Holder(f=io.BufferedReader(io.BytesIO())), "x.f", "an open file"),
        (lambda: {"s": socket.socket()}, "x['s']", "a socket"),
        (lambda: (1, sqlite3.connect(":memory:")), "x[1]", "an SQLite connection"),
        (lambda: [weakref.ref(Holder())], "x[0]", "a weak reference"),
        (lambda: [coroutine()], "x[0]", "a coroutine"),
        (lambda: [memoryview(b"a")], "x[0]", "a memoryview"),
        (lambda: [asyncio.new_event_loop], "x[0]", None),
        (slots, "x.inner['k']", "a thread lock"),
        (GetState, "x.__getstate__()[0]", "a thread lock"),
        (lambda: {"a": {1, 2}, "b": {(1, sys._getframe())}}, "x['b']{0}[1]", "a stack frame"),
        (
            lambda: [Refuses()],
            "x[0]",
            "an instance of test_codec_results.Refuses (ValueError while pickling it: not today)",
        ),
        (lambda: nested(100_000), "x[0]", "a structure that is nested too deeply"),
        (lambda: [lambda lock=LOCK: lock], "x[0].__defaults__[0]", "a thread lock"),
    ],
    ids=range(16),
)
def test_what_cannot_be_pickled_is_found(make, place, kind):
    """The deepest culprit is named, in words that people use."""
    value = make()
    try:
        dump_value(value)
    except UnpicklableError:
        found_place, found_kind = find_unpicklable(value, "x")
        assert found_place.startswith(place)
        assert kind is None or (found_place, found_kind) == (place, kind)
    else:
        assert kind is None
