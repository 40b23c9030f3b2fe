"""The picklers and the unpickler: plain pickle first, cloudpickle where that fails, marks for promises and files."""

import copyreg
import io
import pickle
import sys
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from types import FunctionType
from typing import Any, ClassVar, NamedTuple, NoReturn

import cloudpickle

from compmake.errors import CompmakeError
from compmake.job import File, JobId, Promise

PROTOCOL = 5
OUT_OF_BAND_BYTES = 1024
"""Buffers below this size stay in the stream: aligning them would cost more than copying them."""

Buffer = bytes | bytearray | memoryview


class LoadError(CompmakeError):
    """Bytes that are what was stored but do not become an object any more; the text says of what, and why."""


class Stream(NamedTuple):
    """One pickle: the pieces of its stream in order, and the buffers that stand outside it."""

    pieces: list[Buffer]
    buffers: list[memoryview]


def promise_mark(job_id: JobId) -> Any:
    """Stand in a pickled call for a promise; whoever loads the call says what it becomes."""
    return Promise(job_id)


def file_mark(path: str) -> Any:
    """Stand in a pickle for a `File`; whoever loads it says what it becomes."""
    return File(path)


# Stored pickles name these two; that name must outlive a rearrangement of our files.
_MARKS_MODULE = "compmake.codec"
promise_mark.__module__ = file_mark.__module__ = _MARKS_MODULE


def _reduce_promise(promise: Promise) -> tuple[Callable[[JobId], Any], tuple[JobId]]:
    return promise_mark, (promise.job_id,)


def _reduce_file(file: File) -> tuple[Callable[[str], Any], tuple[str]]:
    return file_mark, (file.path,)


def _refuse(value: Any) -> NoReturn:
    raise pickle.PicklingError(f"cannot pickle {type(value).__qualname__!r} object")


# Cloudpickle would read an open file to its end and turn a memoryview into bytes, behind the user's back.
_REFUSED: dict[type, Callable[[Any], Any]] = {io.TextIOWrapper: _refuse, memoryview: _refuse}
_FILE_MARK: dict[type, Callable[[Any], Any]] = {File: _reduce_file}
_BOTH_MARKS: dict[type, Callable[[Any], Any]] = {File: _reduce_file, Promise: _reduce_promise}


class _ByValue(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Cloudpickle, but by value only what cannot be found by its name, also in `__main__`."""

    dispatch_table: ClassVar[Mapping[type, Any]] = ChainMap(_FILE_MARK, _REFUSED, cloudpickle.Pickler.dispatch_table)

    def reducer_override(self, obj: Any) -> Any:
        """Leave to pickle what it can name."""
        if isinstance(obj, FunctionType | type) and importable_name(obj) is not None:
            return NotImplemented
        return super().reducer_override(obj)


class _ByValueWithPromises(_ByValue):
    dispatch_table: ClassVar[Mapping[type, Any]] = ChainMap(_BOTH_MARKS, _REFUSED, cloudpickle.Pickler.dispatch_table)


class _Sink:
    """A file to write to that keeps the pieces as they come: large `bytes` are not copied."""

    def __init__(self, write: Callable[[Buffer], object]) -> None:
        self.write = write


def importable_name(thing: Any) -> tuple[str, str] | None:
    """Return module and qualified name by which `thing` itself is found among the loaded modules, None if it is not."""
    try:
        module, qualname = thing.__module__, thing.__qualname__
        if type(module) is not str or type(qualname) is not str or "<" in qualname:
            return None
        found: Any = sys.modules[module]
        for name in qualname.split("."):
            found = getattr(found, name)
    except Exception:  # whatever a descriptor of the user's raises, the name does not lead there
        return None
    return (module, qualname) if found is thing else None


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
        return _pickle_with(_ByValueWithPromises if promises else _ByValue, value, promises, out_of_band)


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
        marks = _BOTH_MARKS if promises else _FILE_MARK
        pickler.dispatch_table = {**copyreg.dispatch_table, **marks}
    pickler.dump(value)
    return stream


class _Unpickler(pickle.Unpickler):
    def __init__(
        self,
        stream: Buffer,
        buffers: Iterable[Buffer],
        promise: Callable[[JobId], Any],
        file: Callable[[str], Any],
    ) -> None:
        super().__init__(io.BytesIO(stream), buffers=buffers)
        self._marks = {promise_mark.__name__: promise, file_mark.__name__: file}

    def find_class(self, module: str, name: str) -> Any:
        """Hand marks to whoever loads, everything else to pickle."""
        if module == _MARKS_MODULE and name in self._marks:
            return self._marks[name]
        return super().find_class(module, name)


def unpickle(
    stream: Buffer,
    buffers: Iterable[Buffer] = (),
    *,
    promise: Callable[[JobId], Any] = promise_mark,
    file: Callable[[str], Any] = file_mark,
) -> Any:
    """Return the object; marks become what `promise` and `file` return.

    Raises:
        Exception: Whatever pickle or user code raises.
    """
    return _Unpickler(stream, buffers, promise, file).load()


def round_trip(value: Any) -> Any:
    """Pickle and unpickle; large buffers are shared with the original, so look but do not write."""
    stream = pickle_stream(value, promises=True)
    return unpickle(b"".join(stream.pieces), stream.buffers)
