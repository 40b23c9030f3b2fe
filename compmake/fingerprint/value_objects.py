"""Takes any object apart: by the fields of its dataclass, or by what it tells pickle about itself."""

import collections
import copyreg
import functools
import re
import types
from typing import Any

from compmake.codec import importable_name, kind_in_words, reduced
from compmake.fingerprint.value_code import class_head, decompose_global, qualified_name
from compmake.fingerprint.value_found import Found
from compmake.fingerprint.value_nodes import Node, Order, UnstableError, attributes, flat, inside, text_leaf

_PICKLE_METHODS = ("__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs__", "__getnewargs_ex__")
_UNPICKLABLE = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType, types.FrameType)
# Where dataclasses and attrs have the methods that they give to classes with slots.
_GENERATED = re.compile(r"(^|[\\/])(dataclasses|attr[\\/]_make)\.py$|<attrs generated")


def field_names(cls: type) -> tuple[str, ...] | None:
    """Return the fields of a dataclass or attrs class that leaves pickling to us, None for any other class."""
    fields = cls.__dict__.get("__attrs_attrs__")
    if fields is not None:
        return None if _pickles_itself(cls) else tuple(field.name for field in fields)
    fields = getattr(cls, "__dataclass_fields__", None)
    if type(fields) is not dict or _pickles_itself(cls):
        return None
    # The private mark tells fields from ClassVar and InitVar, as dataclasses.fields() does.
    return tuple(name for name, field in fields.items() if field._field_type.name == "_FIELD")


def _pickles_itself(cls: type) -> bool:
    for name in _PICKLE_METHODS:
        method = getattr(cls, name, None)
        if method is None or method is getattr(object, name, None):
            continue
        code = getattr(method, "__code__", None)
        if code is None or not _GENERATED.search(code.co_filename):
            return True
    return False


def by_fields(value: Any, cls: type, names: tuple[str, ...], found: Found) -> Node | bytes:
    parts = {name: getattr(value, name) for name in names if _has(value, name)}
    # What is not a field counts too, except what a cached_property computed from the fields.
    for name, extra in sorted(getattr(value, "__dict__", {}).items()):
        if name not in parts and not isinstance(getattr(cls, name, None), functools.cached_property):
            parts[name] = extra
    for name in copyreg._slotnames(cls):  # type: ignore[attr-defined]  # no stub; it is what pickle asks
        if name not in parts and _has(value, name):
            parts[name] = getattr(value, name)
    bases = [base for base in (dict, list, set) if issubclass(cls, base)]
    if bases or issubclass(cls, str | int | float | bytes | BaseException):
        return by_reduction(value, cls, found)  # it is more than its fields
    return attributes(class_head(b"dc", cls, found), tuple(parts), list(parts.values()))


def _has(value: Any, name: str) -> bool:
    try:
        getattr(value, name)
    except AttributeError:
        return False
    return True


def by_reduction(value: Any, cls: type, found: Found) -> Node | bytes:
    """Take an object apart by what it tells pickle about itself."""
    if issubclass(cls, _UNPICKLABLE):
        raise UnstableError(kind_in_words(value))
    try:
        pieces = reduced(value)
    except TypeError as cause:
        raise UnstableError(kind_in_words(value)) from cause
    if isinstance(pieces, str):
        return decompose_global(value, pieces, found)
    found.note_object(value)
    maker, args, state, items, pairs, setter = (*pieces, None, None, None, None)[:6]
    children: list[Any] = []
    labels: list[str] = []
    if maker is copyreg.__newobj__ and args and isinstance(args[0], type):  # type: ignore[attr-defined]  # no stub
        head, args = class_head(b"ob", args[0], found), tuple(args[1:])
    elif importable_name(maker) is not None:
        found.note_code(maker)
        head = class_head(b"rx", cls, found) + text_leaf(b"by", qualified_name(maker))
    else:
        head = class_head(b"rx", cls, found)
        children.append(maker)
        labels.append(".__reduce__()[0]")
    children.append(_named_or_any(state))
    labels.append("")
    order = Order.ITEMS if issubclass(cls, collections.OrderedDict) else Order.PAIRS
    for part in (
        None if items is None else list(items),
        None if pairs is None else Node(b"it", flat(pairs), order),
        setter,
    ):
        children.append(part)
        labels.append("")
    if args:
        children.append(tuple(args))
        labels.append(".__reduce__()[1]")
    return Node(head + b"%d:" % len(children), children, label=labels.__getitem__)


def named_state(tag: bytes, state: dict[str, Any]) -> Node:
    names = sorted(state)
    return attributes(tag, names, [state[name] for name in names])


def _named_or_any(state: Any) -> Any:
    """Return a state with its attributes named, so that places read `.lock`; the order of a dict means nothing."""
    if type(state) is dict and all(type(name) is str for name in state):
        return named_state(b"at", state)
    if type(state) is tuple and len(state) == 2 and all(part is None or type(part) is dict for part in state):
        return inside(b"as", *(_named_or_any(part) for part in state))
    return state
