"""How a job's result becomes bytes and comes back: a head, the pickle stream, aligned buffers."""

import struct
from collections.abc import Callable
from typing import Any

from compmake.codec.streams import Buffer, LoadError, Stream, pickle_atom, pickle_stream, unpickle
from compmake.codec.unpicklable import find_unpicklable
from compmake.errors import UnpicklableError
from compmake.job import File

_MAGIC = b"cmv1"
_HEAD = struct.Struct("<4sIQ")  # magic, number of buffers, length of the stream; then the length of each buffer
_LENGTH = struct.Struct("<Q")
_ALIGN_BYTES = 64


def dump_value(value: Any) -> list[Buffer]:
    """Return the pieces whose concatenation is `value` as the store keeps it; large buffers are not copied.

    Raises:
        UnpicklableError: The text names the place, for example `result['a'][0]`.
    """
    atom = pickle_atom(value)
    if atom is not None:
        return [_HEAD.pack(_MAGIC, 0, len(atom)) + atom]
    try:
        stream = pickle_stream(value, promises=False)
    except Exception as cause:
        place, kind = find_unpicklable(value, "result", promises=False)
        if kind == "a promise":
            advice = "it is only a placeholder: return the value, or use comp() where jobs are defined"
            raise UnpicklableError(f"{place}: a promise cannot be a result, {advice}.") from cause
        raise UnpicklableError(f"{place}: {kind} cannot be pickled. Return what it holds instead.") from cause
    return join_stream(stream)


def join_stream(stream: Stream) -> list[Buffer]:
    """Return a head that `load_value` understands, then the stream, then its buffers, each aligned."""
    stream_bytes = sum(map(len, stream.pieces))
    if not stream.buffers:
        return [_HEAD.pack(_MAGIC, 0, stream_bytes), *stream.pieces]
    lengths = b"".join(_LENGTH.pack(buffer.nbytes) for buffer in stream.buffers)
    pieces: list[Buffer] = [_HEAD.pack(_MAGIC, len(stream.buffers), stream_bytes) + lengths, *stream.pieces]
    end = _HEAD.size + len(lengths) + stream_bytes
    for buffer in stream.buffers:
        start = _aligned(end)
        if start > end:
            pieces.append(bytes(start - end))
        pieces.append(buffer)
        end = start + buffer.nbytes
    return pieces


def load_value(data: memoryview, *, file: Callable[[str], Any] = File) -> Any:
    """Return the value that `dump_value` took apart.

    Args:
        data: All the bytes, verified. Arrays become views of it, so it must be writable and nobody else's.
        file: What a `File` in the value becomes; a `File` again unless told otherwise.

    Raises:
        LoadError: The bytes are no value, or something in it cannot be built any more (a class that is gone).
    """
    try:
        stream, buffers = _take_apart(data)
        return unpickle(stream, buffers, file=file)
    except Exception as cause:  # unpickling runs user code
        raise LoadError(f"cannot be loaded: {type(cause).__name__}: {cause}") from cause


def plain_pickle(data: memoryview) -> bytes:
    """Return a value that `dump_value` took apart as one pickle, which `pickle.load` reads.

    Raises:
        LoadError: It must be built and cannot be.
        UnpicklableError: It was built and cannot be pickled again.
    """
    try:
        stream, buffers = _take_apart(data)
    except (ValueError, struct.error) as cause:
        raise LoadError(f"cannot be loaded: {cause}") from cause
    if not buffers:
        return bytes(stream)
    try:
        return b"".join(pickle_stream(load_value(data), promises=False, out_of_band=False).pieces)
    except LoadError:
        raise
    except Exception as cause:
        place, kind = find_unpicklable(load_value(data), "result", promises=False)
        raise UnpicklableError(f"{place}: {kind} cannot be pickled.") from cause


def _take_apart(data: memoryview) -> tuple[memoryview, list[memoryview]]:
    magic, buffer_count, stream_bytes = _HEAD.unpack_from(data)
    if magic != _MAGIC:
        raise ValueError("these bytes are not a result")
    if not buffer_count and data.nbytes == _HEAD.size + stream_bytes:
        return data[_HEAD.size :], []
    start = _HEAD.size + buffer_count * _LENGTH.size
    lengths = [_LENGTH.unpack_from(data, _HEAD.size + index * _LENGTH.size)[0] for index in range(buffer_count)]
    end = start + stream_bytes
    stream = data[start:end]
    buffers = []
    for length in lengths:
        begin = _aligned(end)
        end = begin + length
        buffers.append(data[begin:end])
    if end != data.nbytes:
        raise ValueError(f"{data.nbytes} bytes instead of {end}")
    return stream, buffers


def _aligned(offset: int) -> int:
    return -(-offset // _ALIGN_BYTES) * _ALIGN_BYTES
