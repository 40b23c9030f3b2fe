"""The picklers and the unpickler: plain pickle first, cloudpickle where that fails, marks for promises and files."""

import copyreg
import pickle
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from compmake.codec.marks import BOTH_MARKS, FILE_MARK, MEANINGS
from compmake.errors import CompmakeError
from compmake.job import File, JobId, Promise

PROTOCOL = 5
OUT_OF_BAND_BYTES = 1024
"""Buffers below this size stay in the stream: aligning them would cost more than copying them."""

ATOMS: frozenset[type] = frozenset({type(None), bool, int, float, str, bytes, complex})
"""Exact types whose values cannot change and can always be pickled."""
_SIZED = frozenset({str, bytes})

Buffer = bytes | bytearray | memoryview


class LoadError(CompmakeError):
    """Bytes that are what was stored but do not become an object any more; the text says of what, and why."""


class Stream(NamedTuple):
    """One pickle: the pieces of its stream in order, and the buffers that stand outside it."""

    pieces: list[Buffer]
    buffers: list[memoryview]


class _Sink:
    """A file to write to that keeps the pieces as they come: large `bytes` are not copied."""

    def __init__(self, write: Callable[[Buffer], object]) -> None:
        self.write = write


def pickle_atom(value: Any) -> bytes | None:
    """Return what `pickle_stream` would make of a small atom, at a fifth of the cost; None of any other value."""
    cls = type(value)
    try:
        if cls in ATOMS and (cls not in _SIZED or len(value) < OUT_OF_BAND_BYTES):
            return pickle.dumps(value, PROTOCOL)
    except Exception:  # a metaclass can make its classes unhashable
        return None
    return None


def pickle_stream(value: Any, *, promises: bool, out_of_band: bool = True) -> Stream:
    """Pickle `value` without copying large buffers.

    Args:
        value: Anything; functions and classes go by reference where their name leads to them, else by value.
        promises: Whether promises may be in it; they and `File`s become marks.
        out_of_band: Whether large buffers may stand outside the stream.

    Raises:
        Exception: What pickling raised, from pickle, cloudpickle or user code.
    """
    try:
        return _pickle_with(pickle.Pickler, value, promises, out_of_band)
    except Exception:
        from compmake.codec.by_value import ByValue, ByValueWithPromises  # cloudpickle costs every start 10 ms

        return _pickle_with(ByValueWithPromises if promises else ByValue, value, promises, out_of_band)


def pickling_error(value: Any, *, promises: bool) -> Exception | None:
    """Return what prevents pickling, None if nothing does."""
    try:
        pickle_stream(value, promises=promises)
    except Exception as error:
        return error
    return None


def _pickle_with(pickler_type: type[pickle.Pickler], value: Any, promises: bool, out_of_band: bool) -> Stream:
    stream = Stream([], [])

    def keep_outside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < OUT_OF_BAND_BYTES:
            return True
        stream.buffers.append(raw)
        return False

    pickler = pickler_type(_Sink(stream.pieces.append), PROTOCOL, buffer_callback=keep_outside if out_of_band else None)
    if pickler_type is pickle.Pickler:
        # A plain dict: a ChainMap would be asked in Python for every object.
        marks = BOTH_MARKS if promises else FILE_MARK
        pickler.dispatch_table = {**copyreg.dispatch_table, **marks}
    pickler.dump(value)
    return stream


def unpickle(
    stream: Buffer,
    buffers: Iterable[Buffer] = (),
    *,
    promise: Callable[[JobId], Any] = Promise,
    file: Callable[[str], Any] = File,
) -> Any:
    """Return the object; marks become what `promise` and `file` return.

    Raises:
        Exception: Whatever pickle or user code raises.
    """
    # An Unpickler with a `find_class` of its own would cost a small value ten times as much, and copy a large one.
    before = MEANINGS.promise, MEANINGS.file
    MEANINGS.promise, MEANINGS.file = promise, file
    try:
        return pickle.loads(stream, buffers=buffers)
    finally:
        MEANINGS.promise, MEANINGS.file = before


def round_trip(value: Any) -> Any:
    """Pickle and unpickle; large buffers are shared with the original, so look but do not write."""
    stream = pickle_stream(value, promises=True)
    return unpickle(b"".join(stream.pieces), stream.buffers)
