"""Functions and classes inside live objects: what a registry, a partial or a closure holds."""

import functools
from collections import deque
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, CellType, FunctionType, MappingProxyType, MethodType, ModuleType
from typing import Any

from compmake.fingerprint.modules import is_user_class

MAX_OBJECTS = 20_000
"""Objects looked at in one value; more than a registry has, and a bound on the time a huge table takes."""

_ATOMS = (str, bytes, int, float, complex, bool, type(None), BuiltinFunctionType, ModuleType)


def code_in(values: Iterable[object]) -> list[FunctionType | type]:
    """Return the functions in some values and the classes of what is in them, each once. Runs no user code.

    Attributes are followed only in instances of the user's own classes: what hangs on a library's object (a logger,
    a thread pool) differs from run to run.
    """
    found: dict[int, FunctionType | type] = {}
    seen: dict[int, object] = {}
    queue: deque[Any] = deque(values)
    while queue and len(seen) < MAX_OBJECTS:
        value = queue.popleft()
        if issubclass(type(value), _ATOMS) or id(value) in seen:  # isinstance() asks the object, which may lie
            continue
        seen[id(value)] = value  # also keeps it alive, so that no id is used twice
        if type(value) is FunctionType or issubclass(type(value), type):
            found[id(value)] = value
        elif type(value) is not MethodType:
            found[id(type(value))] = type(value)
        if len(queue) < MAX_OBJECTS:
            queue.extend(_inside(value))
    return list(found.values())


def _inside(value: Any) -> Iterator[object]:
    kind = type(value)
    if kind is FunctionType:
        yield from (value.__closure__ or ())
        yield from (value.__defaults__ or ())
        yield from (value.__kwdefaults__ or {}).values()
        yield from value.__dict__.values()
    elif kind is CellType:
        try:
            yield value.cell_contents
        except ValueError:  # not filled yet
            return
    elif kind is MethodType:
        yield value.__func__
        yield value.__self__
    elif kind in (staticmethod, classmethod, functools._lru_cache_wrapper):
        yield value.__wrapped__
    elif kind is property:
        yield from (value.fget, value.fset, value.fdel)
    elif issubclass(kind, functools.partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif kind is MappingProxyType:
        yield from _few(value.items())
    elif issubclass(kind, dict):
        yield from _few(dict.items(value))
    elif issubclass(kind, list | tuple | set | frozenset | deque):
        base = next(base for base in (list, tuple, set, frozenset, deque) if issubclass(kind, base))
        yield from _few(base.__iter__(value))
    elif not issubclass(kind, type):
        yield from _attributes(value) if is_user_class(kind) else _wrapped(value)
    elif issubclass(kind, type) and is_user_class(value):
        # A registry may be an attribute of a class; its methods are found by name.
        attributes = type.__dict__["__dict__"].__get__(value)
        yield from [
            item for item in attributes.values() if issubclass(type(item), dict | list | tuple | set | frozenset)
        ]


def _attributes(value: Any) -> Iterator[object]:
    for base in type(value).__mro__:
        for name, member in base.__dict__.items():
            if name == "__dict__" or type(member).__name__ == "member_descriptor":
                try:
                    held = member.__get__(value)
                except Exception:  # an empty slot; and nothing here may raise
                    continue
                yield held  # `__dict__` as a dict, whose values are looked at in turn


def _wrapped(value: Any) -> Iterator[object]:
    """Return the functions that a callable object of a library stands for: `numpy.vectorize(f)`, `numba.jit(f)`."""
    if not callable(value):
        return
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:  # none; and nothing here may raise
        return
    yield from [item for item in attributes.values() if type(item) is FunctionType]


def _few(items: Iterable[object]) -> Iterator[object]:
    try:
        for index, item in enumerate(items):
            if index >= MAX_OBJECTS:
                return
            yield item
    except RuntimeError:  # changed by another thread meanwhile
        return
