"""Finds the place of what cannot be pickled, and says in words what it is."""

import copyreg
import io
import threading
import types
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

from compmake.codec.marks import importable_name
from compmake.codec.streams import pickling_error
from compmake.job import Promise

_WORDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((type(threading.Lock()), type(threading.RLock())), "a thread lock"),
    (threading.Thread, "a thread"),
    (types.GeneratorType, "a generator"),
    ((types.CoroutineType, types.AsyncGeneratorType), "a coroutine"),
    (io.IOBase, "an open file"),
    ((weakref.ref, *weakref.ProxyTypes), "a weak reference"),
    (types.FrameType, "a stack frame"),
    (types.TracebackType, "a traceback"),
    (types.ModuleType, "a module"),
    (memoryview, "a memoryview"),
    (Promise, "a promise"),
)
_WORDS_BY_NAME = {
    "socket.socket": "a socket",
    "sqlite3.Connection": "an SQLite connection",
    "sqlite3.Cursor": "an SQLite cursor",
}
_ATOMS: frozenset[type] = frozenset({type(None), bool, int, float, complex, str, bytes, bytearray, Promise})
_MESSAGE_CHARS = 200


class Part(NamedTuple):
    """Something inside a value: how Python would write the way to it, and the thing."""

    label: str
    value: Any
    is_key: bool = False


def kind_in_words(value: Any) -> str:
    """Return what people call `value`, with its article: `a thread lock`, `an instance of pkg.Model`."""
    cls = type(value)
    for types_, words in _WORDS:
        if issubclass(cls, types_):
            return words
    name = f"{cls.__module__}.{cls.__qualname__}".removeprefix("builtins.")
    return _WORDS_BY_NAME.get(name, f"an instance of {name}")


def reduced(value: Any) -> Any:
    """Return what the object tells pickle about itself: a tuple of 2 to 6, or a global's name.

    Raises:
        Exception: Whatever user code raises.
    """
    reducer = copyreg.dispatch_table.get(type(value))
    return reducer(value) if reducer is not None else value.__reduce_ex__(4)


def parts(value: Any) -> list[Part]:
    """Return what is directly inside `value`; nothing for atoms and for what does not let itself be looked into."""
    try:
        return list(_parts(value))
    except Exception:  # user code; whoever asked reports `value` itself then
        return []


def _parts(value: Any) -> Iterator[Part]:
    cls = type(value)
    if cls is list or cls is tuple:
        yield from (Part(f"[{index}]", item) for index, item in enumerate(value))
    elif cls is dict:
        yield from _items(list(value.items()))
    elif cls is set or cls is frozenset:
        yield from (Part(f"{{{index}}}", item) for index, item in enumerate(value))
    elif issubclass(cls, tuple) and hasattr(cls, "_fields"):
        yield from map(Part, [f".{name}" for name in cls._fields], value)
    elif cls is types.MethodType:
        yield Part(".__self__", value.__self__)
        yield Part(".__func__", value.__func__)
    elif cls is types.FunctionType:
        yield from _function_parts(value)
    elif issubclass(cls, type):
        if importable_name(value) is None:
            yield from (Part(f".{name}", item) for name, item in list(vars(value).items()))
    elif cls.__module__ == "numpy" and cls.__qualname__ == "ndarray":
        if value.dtype.hasobject:  # else there are only numbers, and looking at them would copy them
            yield from (Part(f".flat[{index}]", item) for index, item in enumerate(value.flat))
    elif cls not in _ATOMS:
        yield from _object_parts(value)


def _items(items: Any) -> Iterator[Part]:
    for key, item in items:
        yield Part("", key, is_key=True)
        yield Part(f"[{_key_text(key)}]", item)


def _key_text(key: Any) -> str:
    try:
        return repr(key)[:_MESSAGE_CHARS]
    except Exception:
        return kind_in_words(key)


def _function_parts(function: types.FunctionType) -> Iterator[Part]:
    if importable_name(function) is not None:
        return
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            yield Part(f".__closure__[{name!r}]", cell.cell_contents)
        except ValueError:  # an empty cell
            continue
    yield from (Part(f".__defaults__[{index}]", item) for index, item in enumerate(function.__defaults__ or ()))
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield Part(f".__globals__[{name!r}]", function.__globals__[name])


def _object_parts(value: Any) -> Iterator[Part]:
    pieces = reduced(value)
    if not isinstance(pieces, tuple):
        return
    args, state, items, pairs = (*pieces[1:], None, None, None)[:4]
    yield from _state_parts(state)
    yield from (Part(f"[{index}]", item) for index, item in enumerate(items or ()))
    yield from _items(pairs or ())
    yield from (Part(f".__reduce__()[1][{index}]", item) for index, item in enumerate(args))


def _state_parts(state: Any) -> Iterator[Part]:
    if type(state) is dict:
        yield from (Part(f".{name}", item) for name, item in list(state.items()))
    elif type(state) is tuple and len(state) == 2 and all(part is None or type(part) is dict for part in state):
        for part in state:
            yield from _state_parts(part)
    elif state is not None:
        yield Part(".__getstate__()", state)


def find_unpicklable(value: Any, place: str, *, promises: bool = True) -> tuple[str, str]:
    """Return the deepest place that prevents `value` from being pickled, and what stands there.

    Args:
        value: Something whose pickling failed.
        place: What to call it, for example `args`.
        promises: Whether promises may be in it.

    Returns:
        The place in Python syntax (`args[0].model.lock`) and the kind with its article (`a thread lock`).
    """
    way = [value]  # also keeps alive what exists only while somebody looks at it
    while True:
        error = pickling_error(way[-1], promises=promises)
        if len(way) > 1 and _is_too_deep(error):
            return place, "a structure that is nested too deeply"
        for part in parts(way[-1]):
            if all(part.value is not seen for seen in way) and pickling_error(part.value, promises=promises):
                place += part.label
                way.append(part.value)
                break
        else:
            if _is_too_deep(error):
                return place, "a structure that is nested too deeply"
            return place, _words_with_cause(way[-1], error)


def _is_too_deep(error: Exception | None) -> bool:
    return isinstance(error, RecursionError) or (error is not None and isinstance(error.__cause__, RecursionError))


def _words_with_cause(value: Any, error: Exception | None) -> str:
    words = kind_in_words(value)
    try:
        reduced(value)
    except Exception as raised:
        error = raised
    # "cannot pickle 'x' object" says nothing that the words do not say already.
    if error is None or words in _KNOWN_WORDS or str(error).startswith(("cannot pickle", "Can't pickle")):
        return words
    return f"{words} ({type(error).__name__} while pickling it: {_message(error)})"


_KNOWN_WORDS = {words for _, words in _WORDS} | set(_WORDS_BY_NAME.values())


def _message(error: Exception) -> str:
    try:
        return " ".join(str(error).split())[:_MESSAGE_CHARS]
    except Exception:
        return "no message"


def find_promise_key(value: Any, place: str) -> str | None:
    """Return the place of the first dictionary that has a promise in one of its keys, None if there is none."""
    kept: dict[int, Any] = {}
    todo: list[tuple[Any, str, str | None]] = [(value, place, None)]
    while todo:
        current, where, key_of = todo.pop()
        if type(current) is Promise and key_of is not None:
            return key_of
        if id(current) in kept:
            continue
        kept[id(current)] = current
        todo += [
            (part.value, where + part.label, key_of or (where if part.is_key else None))
            for part in reversed(parts(current))
        ]
    return None
