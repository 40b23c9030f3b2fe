"""A value as one short line for people: never raises, has no memory addresses, is quick for huge values."""

import collections
import functools
import re
import types
from collections.abc import Callable, Iterable
from typing import Any

from compmake.codec import kind_in_words
from compmake.job import File, Promise
from compmake.masking import MASK, hides, hides_next, known_secrets, mask_known, mask_text

MAX_CHARS = 80
_MAX_DEPTH = 3
_MAX_ITEMS = 6
_MASKED_CHARS = 5000
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_PLAIN: frozenset[type] = frozenset({type(None), bool, float, complex, Promise, type(Ellipsis)})
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
    collections.deque: ("deque([", "])"),
}


def short_text(value: Any) -> str:
    """Return at most 80 characters that tell people what `value` is; what secrets are called is shown as `***`."""
    try:
        text = _text(value, _MAX_DEPTH)
    except Exception:
        text = "<object>"
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


def _text(value: Any, depth: int) -> str:
    cls = type(value)
    if cls is str:
        return repr(mask_text(value[:_MASKED_CHARS])[:MAX_CHARS])
    if cls is bytes or cls is bytearray:
        shown = mask_text(value[:_MASKED_CHARS].decode("latin-1")).encode("latin-1")
        return repr(cls(shown[:MAX_CHARS]))
    if cls is int:
        # Python refuses to write very long integers in decimal.
        return repr(value) if value.bit_length() <= 1024 else f"<int of {value.bit_length()} bits>"
    if cls in _PLAIN:
        return repr(value)
    if cls is File:
        return f"File({value.path!r})"
    if cls is tuple:
        return _joined("(", value, ",)" if len(value) == 1 else ")", depth)
    if cls in _BRACKETS:
        return _joined(_BRACKETS[cls][0], value, _BRACKETS[cls][1], depth)
    if issubclass(cls, dict) and cls.__repr__ in (dict.__repr__, collections.defaultdict.__repr__):
        return _pairs(value.items(), depth)
    array = _array(value, cls)
    return array if array is not None else _object(value, cls, depth)


def _joined(opening: str, items: Any, closing: str, depth: int) -> str:
    if depth == 0 and items:
        return f"{opening}...{closing.lstrip(',')}"
    shown = _first(items)
    texts = [_text(item, depth - 1) for item in shown]
    if type(items) in (list, tuple):
        for at in range(1, len(shown)):
            if hides_next(shown[at - 1], len(items)):
                texts[at] = MASK
    if type(items) in (set, frozenset):
        texts = sorted(texts) if len(items) <= _MAX_ITEMS else [f"{len(items)} items"]
        return opening + ", ".join(texts) + closing if texts else f"{type(items).__name__}()"
    if len(items) > _MAX_ITEMS:
        texts.append("...")
    return opening + ", ".join(texts) + closing


def _pairs(items: Any, depth: int) -> str:
    if depth == 0 and items:
        return "{...}"
    texts = [f"{_text(key, depth - 1)}: {_named(key, item, depth - 1)}" for key, item in _first(items)]
    return "{" + ", ".join(texts + ["..."] * (len(items) > _MAX_ITEMS)) + "}"


def _named(name: object, value: Any, depth: int) -> str:
    return MASK if hides(name, value) else _text(value, depth)


def _first(items: Iterable[Any]) -> list[Any]:
    return [item for item, _ in zip(items, range(_MAX_ITEMS), strict=False)]


def _array(value: Any, cls: type) -> str | None:
    """Return dtype and shape of arrays and tables; their content says nothing in 80 characters."""
    if cls.__module__.partition(".")[0] not in ("numpy", "pandas", "polars", "torch", "scipy", "jax", "jaxlib"):
        return None
    shape = getattr(value, "shape", None)
    if not shape or not isinstance(shape, tuple):
        return None
    dtype = getattr(value, "dtype", None)
    sizes = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
    return f"{cls.__name__}({'' if dtype is None else f'{dtype}, '}shape=({sizes}))"


def _object(value: Any, cls: type, depth: int) -> str:
    if cls is types.FunctionType or issubclass(cls, type) or cls is types.BuiltinFunctionType:
        return f"{value.__module__}.{value.__qualname__}".removeprefix("builtins.")
    if cls is functools.partial:
        return f"partial({_text(value.func, depth - 1)}, ...)"
    names = _shown_fields(cls)
    if names is not None:
        if depth == 0:
            return f"{cls.__qualname__}(...)"
        texts = [f"{name}={_named(name, getattr(value, name, None), depth - 1)}" for name in names[:_MAX_ITEMS]]
        return f"{cls.__qualname__}({', '.join(texts + ['...'] * (len(names) > _MAX_ITEMS))})"
    if cls.__repr__ is object.__repr__:
        return f"<{cls.__module__}.{cls.__qualname__}>"
    try:
        text = repr(value)
    except Exception:
        return f"<{kind_in_words(value)}>"
    text = mask_text(" ".join(_ADDRESS.sub("", text[: 10 * MAX_CHARS]).split()))
    attributes = getattr(value, "__dict__", None)
    return mask_known(text, known_secrets(attributes.items())) if type(attributes) is dict else text


def _shown_fields(cls: type) -> list[str] | None:
    """Return the fields that a generated `__repr__` would show; ours does not write out what is long."""
    shown: Callable[..., str] = cls.__repr__
    fields = getattr(cls, "__dataclass_fields__", None)
    if type(fields) is dict and hasattr(shown, "__wrapped__"):
        return [name for name, field in fields.items() if field.repr]
    if issubclass(cls, tuple) and "_fields" in cls.__dict__:
        return list(cls.__dict__["_fields"])
    return None
