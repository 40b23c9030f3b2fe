"""How a call travels: arguments frozen when defined, thawed for each attempt with its dependencies' results."""

import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from blake3 import blake3

from compmake.codec.marks import importable_name, promise_mark
from compmake.codec.results import join_stream, load_value
from compmake.codec.streams import ATOMS, PROTOCOL, Buffer, LoadError, pickle_stream, unpickle
from compmake.codec.unpicklable import find_promise_key, find_unpicklable
from compmake.errors import CompmakeError, DefinitionError, ResultDamagedError, ResultMissingError, UnpicklableError
from compmake.job import NO_LIMITS, Blob, File, JobId, Limits, Promise

_IMMUTABLE = ATOMS | {Promise, File}
_NESTING = 4
_MARK = promise_mark.__name__.encode()
_PLAIN = b"plain:"
"""Begins the payload of a call of plain values; no pickle begins so."""


class DependenciesDamagedError(CompmakeError):
    """Stored results that a call needs are missing or damaged; all of them are named at once."""

    def __init__(self, job_ids: tuple[JobId, ...]) -> None:
        super().__init__(f"results missing or damaged: {', '.join(job_ids)}")
        self.job_ids = job_ids


class FrozenCall(NamedTuple):
    """The arguments of a call as they were when it was frozen, promises and files in them replaced by marks."""

    payload: bytes
    buffers: tuple[Buffer, ...] = ()


class CallMessage(NamedTuple):
    """One attempt at a job, as it travels to whoever runs it."""

    job_id: JobId
    function_name: str
    function: bytes
    call: FrozenCall
    dependencies: Mapping[JobId, Blob]
    """Where the results are that the promises in the call stand for."""
    seed: int
    limits: Limits = NO_LIMITS


class BufferPool:
    """Keeps equal large buffers once, however many calls they are passed to."""

    def __init__(self) -> None:
        self._kept: dict[bytes, bytes] = {}

    def intern(self, buffer: memoryview) -> bytes:
        """Return a copy of `buffer` that later changes to it do not reach."""
        digest = blake3(buffer).digest(16)
        kept = self._kept.get(digest)
        if kept is None:
            kept = self._kept[digest] = bytes(buffer)
        return kept


def is_immutable(value: Any) -> bool:
    """Tell whether `value` cannot change any more and can certainly be pickled, so that it needs no freezing."""
    return _is_immutable(value, _NESTING)


def _is_immutable(value: Any, nesting: int) -> bool:
    cls = type(value)
    if cls is tuple or cls is frozenset:
        return nesting > 0 and all(_is_immutable(item, nesting - 1) for item in value)
    try:
        return cls in _IMMUTABLE
    except Exception:  # a metaclass can make its classes unhashable
        return False


def freeze_call(
    job_id: JobId,
    function_name: str,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    pool: BufferPool | None = None,
) -> FrozenCall:
    """Take a snapshot of a call's arguments.

    Args:
        job_id: Whose call it is, for messages.
        function_name: `module:qualname`, for messages.
        args: Positional arguments; promises and files may be anywhere in them.
        kwargs: Keyword arguments, likewise.
        pool: Where large buffers are kept once for many calls.

    Raises:
        UnpicklableError: The text names the place, for example `args[0].model.lock`.
        DefinitionError: A promise is the key of a dictionary.
    """
    plain = _freeze_plain(args, kwargs)
    if plain is not None:
        return plain
    try:
        stream = pickle_stream((args, dict(kwargs)), promises=True)
    except Exception as cause:
        place, kind = _find_in_call(args, kwargs)
        raise UnpicklableError(
            f"job {job_id!r}: {place}: {kind} cannot be pickled. Build it inside {function_name.rpartition(':')[2]}()."
        ) from cause
    payload = b"".join(stream.pieces)
    if _MARK in payload and not (is_immutable(args) and all(map(is_immutable, kwargs.values()))):
        place_of_key = find_promise_key(args, "args") or find_promise_key(dict(kwargs), "kwargs")
        if place_of_key is not None:
            raise DefinitionError(f"job {job_id!r}: {place_of_key}: a promise cannot be a dictionary key.")
    pool = pool or BufferPool()
    return FrozenCall(payload, tuple(pool.intern(buffer) for buffer in stream.buffers))


def _freeze_plain(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> FrozenCall | None:
    """Freeze a call whose arguments are atoms and promises, None if some are not.

    Its payload has all values in one list, the names of the last of them, and which stand for results. Most calls of
    large programs are such; marks, and a pickler that makes them, would take five times as long.
    """
    values = [*args, *kwargs.values()]
    promises = []
    try:
        for place, value in enumerate(values):
            if type(value) is Promise:
                promises.append((place, value.job_id))
                values[place] = None
            elif type(value) not in ATOMS:
                return None
    except Exception:  # a metaclass can make its classes unhashable
        return None
    return FrozenCall(_PLAIN + pickle.dumps((values, tuple(kwargs), promises), PROTOCOL))


def _find_in_call(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[str, str]:
    for value, place in ((args, "args"), (dict(kwargs), "kwargs")):
        found, kind = find_unpicklable(value, place)
        if found != place or kind.startswith("a structure"):
            return found, kind
    return "the call", "what it is given"


def freeze_function(function: Callable[..., Any]) -> bytes:
    """Return `function` by reference if its name leads to it, else by value.

    Raises:
        UnpicklableError: It holds something that cannot be pickled; the text names the place.
    """
    try:
        return b"".join(join_stream(pickle_stream(function, promises=False)))
    except Exception as cause:
        name = getattr(function, "__qualname__", "function")
        place, kind = find_unpicklable(function, str(name), promises=False)
        advice = "Pass it as an argument" if kind == "a promise" else "Build it inside the function"
        raise UnpicklableError(f"{place}: {kind} cannot be pickled. {advice}.") from cause


def load_call(
    message: CallMessage, read: Callable[[Blob], memoryview]
) -> tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]:
    """Return function, args and kwargs, made afresh: nothing in them is shared with any other call.

    Promises become the results they stand for (one object for each job, however often it is named), files become
    `Path`s, in the results too.

    Args:
        message: The call.
        read: Gives the bytes of a result, verified, writable and private to the caller.

    Raises:
        DependenciesDamagedError: Names every dependency whose result is missing or damaged.
        LoadError: The function, the arguments or a result cannot be unpickled; the text says which.
    """
    results = _Results(message, read)
    function = _load_function(message)
    payload = message.call.payload
    try:
        if payload.startswith(_PLAIN):
            args, kwargs = _load_plain(payload, results.load)
        else:
            buffers = [bytearray(buffer) for buffer in message.call.buffers]
            args, kwargs = unpickle(payload, buffers, promise=results.load, file=Path)
    except LoadError:
        raise
    except Exception as cause:  # unpickling runs user code
        text = f"arguments of {message.job_id!r} cannot be loaded: {type(cause).__name__}: {cause}"
        raise LoadError(text) from cause
    return function, args, kwargs


def _load_plain(payload: bytes, load: Callable[[JobId], Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments of which `_freeze_plain` made this payload."""
    values, names, promises = pickle.loads(payload[len(_PLAIN) :])
    for place, job_id in promises:
        values[place] = load(job_id)
    if not names:
        return tuple(values), {}
    count = len(values) - len(names)
    return tuple(values[:count]), dict(zip(names, values[count:], strict=True))


_found_by_name: dict[bytes, Callable[..., Any]] = {}
"""Functions that pickles lead to by name alone, and not by value: those are made afresh for each call."""


def _load_function(message: CallMessage) -> Callable[..., Any]:
    known = _found_by_name.get(message.function)
    # Asked each time: the module may have been loaded anew.
    if known is not None and importable_name(known) is not None:
        return known
    try:
        function: Callable[..., Any] = load_value(memoryview(bytearray(message.function)))
    except LoadError as cause:
        raise LoadError(f"function {message.function_name} {cause}") from cause
    if importable_name(function) is not None:
        _found_by_name[message.function] = function
    return function


def forget_functions() -> None:
    """Let go of functions that calls led to: their modules are loaded anew."""
    _found_by_name.clear()


class _Results:
    """The results that one call needs: all read at once, each unpickled when it is first met."""

    def __init__(self, message: CallMessage, read: Callable[[Blob], memoryview]) -> None:
        self._data: dict[JobId, memoryview] = {}
        self._loaded: dict[JobId, Any] = {}
        damaged = []
        for job_id, blob in message.dependencies.items():
            try:
                self._data[job_id] = read(blob)
            except (ResultMissingError, ResultDamagedError):
                damaged.append(job_id)
        if damaged:
            raise DependenciesDamagedError(tuple(damaged))

    def load(self, job_id: JobId) -> Any:
        if job_id not in self._loaded:
            if job_id not in self._data:
                raise LoadError(
                    f"the promise of {job_id!r} is hidden where compmake does not look for promises: "
                    "pass it in a list, tuple, dictionary, set, dataclass or plain object."
                )
            try:
                self._loaded[job_id] = load_value(self._data.pop(job_id), file=Path)
            except LoadError as cause:
                raise LoadError(f"result of {job_id!r} {cause}") from cause
        return self._loaded[job_id]
