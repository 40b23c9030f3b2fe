"""Takes compound values apart: containers and scalars of the standard library, dataclasses, any other object."""

import collections
import datetime
import enum
import functools
import pathlib
import re
import types
from collections.abc import Callable
from typing import Any

from compmake.fingerprint import value_arrays
from compmake.fingerprint.value_code import (
    class_head,
    decompose_class,
    decompose_function,
    is_local,
)
from compmake.fingerprint.value_found import Found
from compmake.fingerprint.value_nodes import (
    ATOMS,
    Node,
    Order,
    attributes,
    flat,
    inside,
    leaf,
    text_leaf,
)
from compmake.fingerprint.value_objects import by_fields, by_reduction, field_names, named_state
from compmake.job import File, Promise

Decomposer = Callable[[Any, Found], Node | bytes]
REGISTERED: dict[type, Callable[[Any], Any]] = {}
"""What `register_digest` was told."""


def register_digest(type_: type, function: Callable[[Any], Any]) -> None:
    """Say what counts of the values of one exact type.

    Args:
        type_: The type; subclasses are not meant. A class of your own can have a method `__compmake_digest__` instead.
        function: Takes a value and returns what stands for it: numbers, strings, bytes, arrays, containers of them.
    """
    REGISTERED[type_] = function


def decompose(value: Any, found: Found) -> Node | bytes:
    """Return the parts of a compound value, or its encoding if it has none.

    Raises:
        UnstableError: It has no stable digest.
        Exception: Whatever user code raises.
    """
    cls = type(value)
    known = REGISTERED.get(cls)
    if known is not None:
        return inside(class_head(b"R", cls, found), known(value))
    decomposer = _BY_TYPE.get(cls) or _BY_NAME.get((cls.__module__, cls.__qualname__))
    if decomposer is not None:
        return decomposer(value, found)
    own = getattr(cls, "__compmake_digest__", None)
    if own is not None and not issubclass(cls, type):
        return inside(class_head(b"R", cls, found), own(value))
    if issubclass(cls, type):
        return decompose_class(value, found)
    array = value_arrays.decompose(value, cls, found)
    if array is not None:
        return array
    node = _instance(value, cls, found)
    # The name of a class made by running code does not say what it is, so the class is part of the value.
    return inside(b"lo", cls, node) if isinstance(node, Node) and is_local(cls) else node


def _instance(value: Any, cls: type, found: Found) -> Node | bytes:
    for base, by_base in _BY_BASE:
        if issubclass(cls, base):
            return by_base(value, found)
    names = field_names(cls)
    if names is not None:
        return by_fields(value, cls, names, found)
    return by_reduction(value, cls, found)


def _items(tag: bytes) -> Decomposer:
    return lambda value, _: Node(b"%b%d:" % (tag, len(value)), list(value))


def _dict(tag: bytes, order: Order = Order.PAIRS) -> Decomposer:
    return lambda value, _: Node(b"%b%d:" % (tag, len(value)), flat(value.items()), order)


def _set(tag: bytes) -> Decomposer:
    def decompose_set(value: Any, _: Found) -> Node:
        items = list(value)
        if any(type(item) not in ATOMS for item in items):
            items.sort(key=_member_key)
        return Node(b"%b%d:" % (tag, len(items)), items, Order.FREE, lambda index: f"{{{index}}}")

    return decompose_set


_NUMBERS = re.compile(r"(\d+)")
_PRINTABLE = ATOMS.keys() | {Promise, File}


def _member_key(item: Any) -> tuple[tuple[int, str], ...]:
    """Order the members of a set so that the same promises stand at the same places, whatever their hashes are."""
    try:
        plain = type(item) in _PRINTABLE or (type(item) is tuple and all(type(part) in _PRINTABLE for part in item))
    except TypeError:
        plain = False
    text = repr(item) if plain else ""
    return tuple((int(part), "") if part.isdecimal() else (0, part) for part in _NUMBERS.split(text)[:40])


def _state(tag: bytes, names: tuple[str, ...]) -> Decomposer:
    return lambda value, _: attributes(tag, names, [getattr(value, name) for name in names])


def _path(value: pathlib.PurePath, _: Found) -> bytes:
    return text_leaf(b"p" + type(value).__name__.encode() + b":", str(value))


def _memoryview(value: memoryview, _: Found) -> bytes:
    return leaf(b"mv" + f"{value.format}{value.shape}:".encode(), value if value.c_contiguous else value.tobytes())


def _datetime(value: datetime.datetime, _: Found) -> Node:
    naive = value.replace(tzinfo=None).isoformat()
    return Node(text_leaf(b"dt", naive) + b"%d" % value.fold, [value.tzinfo], label=lambda _: ".tzinfo")


def _time(value: datetime.time, _: Found) -> Node:
    naive = value.replace(tzinfo=None).isoformat()
    return Node(text_leaf(b"tm", naive) + b"%d" % value.fold, [value.tzinfo], label=lambda _: ".tzinfo")


def _timezone(value: datetime.timezone, _: Found) -> Node:
    return inside(b"tz", value.utcoffset(None), value.tzname(None))


def _timedelta(value: datetime.timedelta, _: Found) -> bytes:
    return b"td%d,%d,%d:" % (value.days, value.seconds, value.microseconds)


def _partial(value: functools.partial[Any], _: Found) -> Node:
    parts = {"func": value.func, "args": value.args, "keywords": value.keywords, **value.__dict__}
    return attributes(b"pa", tuple(parts), list(parts.values()))


def _namespace(value: types.SimpleNamespace, _: Found) -> Node:
    return named_state(b"ns", value.__dict__)


def _method(value: types.MethodType, _: Found) -> Node:
    return attributes(b"me", ("__func__", "__self__"), [value.__func__, value.__self__])


def _builtin(value: types.BuiltinFunctionType, _: Found) -> Node | bytes:
    owner = value.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return text_leaf(b"B", f"{value.__module__}:{value.__qualname__}")
    return attributes(text_leaf(b"bm", value.__name__), ("__self__",), [owner])


def _enum(value: enum.Enum, found: Found) -> Node:
    by = value.value if isinstance(value, enum.Flag) else value.name
    return inside(class_head(b"en", type(value), found), by)


def _namedtuple_or_tuple(value: tuple[Any, ...], found: Found) -> Node | bytes:
    cls = type(value)
    names = getattr(cls, "_fields", None)
    if type(names) is not tuple or len(names) != len(value) or getattr(value, "__dict__", None):
        return by_reduction(value, cls, found)
    return attributes(class_head(b"nt", cls, found), names, list(tuple.__iter__(value)))


_BY_TYPE: dict[type, Decomposer] = {
    list: _items(b"l"),
    tuple: _items(b"t"),
    dict: _dict(b"d"),
    set: _set(b"S"),
    frozenset: _set(b"Z"),
    collections.OrderedDict: _dict(b"od", Order.ITEMS),
    collections.Counter: _dict(b"ct"),
    collections.defaultdict: lambda value, _: inside(b"dd", value.default_factory, dict(value)),
    collections.deque: lambda value, _: inside(b"dq", value.maxlen, list(value)),
    types.MappingProxyType: lambda value, _: inside(b"mp", dict(value)),
    types.SimpleNamespace: _namespace,
    bytearray: lambda value, _: leaf(b"ba", bytes(value)),
    memoryview: _memoryview,
    range: _state(b"ra", ("start", "stop", "step")),
    slice: _state(b"sl", ("start", "stop", "step")),
    datetime.date: lambda value, _: text_leaf(b"da", value.isoformat()),
    datetime.datetime: _datetime,
    datetime.time: _time,
    datetime.timedelta: _timedelta,
    datetime.timezone: _timezone,
    re.Pattern: _state(b"re", ("pattern", "flags")),
    functools.partial: _partial,
    types.FunctionType: decompose_function,
    types.MethodType: _method,
    types.BuiltinFunctionType: _builtin,
    types.ModuleType: lambda value, _: text_leaf(b"M", value.__name__),
    types.CellType: lambda value, _: attributes(b"ce", ("cell_contents",), [value.cell_contents]),
    property: _state(b"pr", ("fget", "fset", "fdel")),
    classmethod: _state(b"cm", ("__func__",)),
    staticmethod: _state(b"sm", ("__func__",)),
    functools.cached_property: _state(b"cp", ("func",)),
}
for _type in (pathlib.PosixPath, pathlib.WindowsPath, pathlib.PurePosixPath, pathlib.PureWindowsPath):
    _BY_TYPE[_type] = _path

# Types of modules that few programs load and compmake need not.
_BY_NAME: dict[tuple[str, str], Decomposer] = {
    ("decimal", "Decimal"): lambda value, _: text_leaf(b"de", str(value)),
    ("fractions", "Fraction"): _state(b"fr", ("numerator", "denominator")),
    ("uuid", "UUID"): lambda value, _: leaf(b"uu", value.bytes),
}
_BY_BASE: tuple[tuple[type, Decomposer], ...] = ((enum.Enum, _enum), (tuple, _namedtuple_or_tuple))
