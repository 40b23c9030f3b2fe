"""A value as one short line, by the rules of `reprlib`: three levels deep, of large containers type and length only."""

import math
import re
import reprlib
from collections import deque
from itertools import islice
from typing import Any

from compmake.masking import MASK, hides, hides_next, known_secrets, mask_known, mask_text

VALUE_CHARS = 200
DEPTH = 3
_ITEMS = 6
_ARRAY_ITEMS = 8
_LARGE = 1000
"""A `__repr__` in C cannot be ended; objects that hold containers or texts longer than this are not asked for it."""
_INT_BITS = 600
_PLAIN: frozenset[type] = frozenset({type(None), bool, float, complex, range, type(Ellipsis), type(NotImplemented)})
_CONTAINERS: tuple[tuple[Any, str, str], ...] = (
    (list, "[", "]"),
    (tuple, "(", ")"),
    (set, "{", "}"),
    (frozenset, "{", "}"),
    (deque, "[", "]"),
)
_SIZED: tuple[Any, ...] = (dict, list, tuple, set, frozenset, deque, str, bytes, bytearray)
_ARRAY_LIBRARIES = frozenset({"numpy", "pandas", "polars", "torch", "scipy", "jax", "jaxlib", "cupy", "xarray"})
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
_MASKED_CHARS = 5000
"""Of each end of a text, which is masked before it is cut."""
_TEXTS = reprlib.Repr()
_TEXTS.maxstring = VALUE_CHARS - 40


def value_text(value: object, *, ask: bool, depth: int = DEPTH) -> str:
    """Return at most 200 characters that tell what a value is; what secrets are called is shown as `***`.

    Args:
        value: Anything.
        ask: Whether code of the value's own class may be called, `__repr__` above all. It may raise any `Exception`;
            anything else that it does is the caller's business.
        depth: Levels of containers and objects that are looked into.
    """
    try:
        text = _text(value, depth, ask)
    except Exception as error:  # a hostile metaclass, a container that changes while it is read
        text = f"(its text cannot be shown: {type(error).__name__} while asking)"
    text = text if len(text) <= VALUE_CHARS else text[: VALUE_CHARS - 3] + "..."
    return text.encode(errors="backslashreplace").decode()  # lone surrogates do not survive every journey


def _text(value: Any, depth: int, ask: bool) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is int:  # Python refuses to write very long integers in decimal, or takes minutes
        return repr(value) if value.bit_length() <= _INT_BITS else f"<int of {value.bit_length():,} bits>"
    if kind is str or kind is bytes or kind is bytearray:
        text = _TEXTS.repr_str(_masked(value), 0)
        return text if len(value) < VALUE_CHARS else f"{kind.__name__} of {len(value):,}: {text}"
    if issubclass(kind, dict):
        pairs = list(islice(dict.items(value), _ITEMS)) if depth else []
        texts = [f"{_text(key, depth - 1, ask)}: {_named(key, item, depth - 1, ask)}" for key, item in pairs]
        return _contained(kind, dict, dict.__len__(value), texts, "{", "}")
    for base, opening, closing in _CONTAINERS:
        if issubclass(kind, base):
            items = list(islice(base.__iter__(value), _ITEMS)) if depth else []
            texts = [_text(item, depth - 1, ask) for item in items]
            _mask_pairs(items, texts, kind, base.__len__(value))
            return _contained(kind, base, base.__len__(value), texts, opening, closing)
    return _array(value, kind, depth, ask) or _object(value, kind, depth, ask)


def _named(name: object, value: Any, depth: int, ask: bool) -> str:
    return MASK if hides(name, value) else _text(value, depth, ask)


def _mask_pairs(items: list[Any], texts: list[str], kind: type, count: int) -> None:
    """Mask items that have names: fields of a named tuple, `("password", ...)`, `["--password", ...]`."""
    fields = getattr(kind, "_fields", ()) if issubclass(kind, tuple) else ()
    for at, item in enumerate(items):
        is_field = type(fields) is tuple and at < len(fields) and hides(fields[at], item)
        if is_field or (at > 0 and hides_next(items[at - 1], count)):
            texts[at] = MASK


def _masked(value: Any) -> Any:
    """Return a text, or bytes, without the secrets that it names; of a long one both ends."""
    if len(value) > 2 * _MASKED_CHARS:
        value = value[:_MASKED_CHARS] + value[-_MASKED_CHARS:]
    if type(value) is str:
        return mask_text(value)
    return type(value)(mask_text(value.decode("latin-1")).encode("latin-1"))


def _contained(kind: type, base: type, length: int, texts: list[str], opening: str, closing: str) -> str:
    """Return `[1, 2]`, `Point(1, 2)`, or of what is longer than can be shown `list of 1,000: [1, 2, ...]`."""
    if length and not texts:
        return f"<{_name(kind)} of {length:,}>"
    if len(texts) < length:
        return f"{_name(kind)} of {length:,}: {opening}{', '.join(texts)}, ...{closing}"
    if base is tuple and length == 1:
        closing = ",)"
    inside = f"{opening}{', '.join(texts)}{closing}"
    if kind in (list, dict, tuple) or (kind is set and length):
        return inside
    return f"{_name(kind)}{inside}" if base is tuple else f"{_name(kind)}({inside if length else ''})"


def _array(value: Any, kind: type, depth: int, ask: bool) -> str | None:
    """Return type, shape and element type of arrays and tables, and the elements if they are few."""
    if not (hasattr(kind, "shape") and (hasattr(kind, "dtype") or hasattr(kind, "columns"))):
        return None
    if not (ask or kind.__module__.partition(".")[0] in _ARRAY_LIBRARIES):
        return None
    try:
        shape = value.shape
        if not isinstance(shape, tuple):
            return None
        dtype = getattr(value, "dtype", None)
        elements = None
        # What lies on another device may have to be waited for.
        if depth and hasattr(kind, "tolist") and str(getattr(value, "device", "cpu")) == "cpu":
            elements = value.tolist() if math.prod(shape) <= _ARRAY_ITEMS else None
        elif depth and hasattr(kind, "columns"):
            elements = list(islice(value.columns, _ITEMS))
    except Exception:
        return None
    if shape == () and elements is not None:
        return f"{_name(kind)}({_text(elements, depth - 1, ask)})"
    parts = [_name(kind), str(tuple(shape)), "" if dtype is None else str(dtype).removeprefix("torch.")]
    parts.append("" if elements is None else _text(elements, depth, ask))
    return " ".join(filter(None, parts))


def _object(value: Any, kind: type, depth: int, ask: bool) -> str:
    """Return the text of an object: by its attributes where a text of its own would tell less, or could take long."""
    fields = _fields(kind)
    attributes = _attributes(value, fields)
    shown: Any = kind.__repr__
    is_own = fields is None and shown is not object.__repr__
    if is_own and ask and not any(map(_is_large, (value, *(item for _, item in attributes)))):
        return mask_known(mask_text(_asked(value, kind)), known_secrets(attributes))
    if not depth:
        return f"<{_name(kind)}>"
    texts = [f"{name}={_named(name, item, depth - 1, ask)}" for name, item in attributes[:_ITEMS]]
    inside = ", ".join([*texts, *(["..."] if len(attributes) > _ITEMS else [])])
    if fields is not None:
        return f"{_name(kind)}({inside})"
    return f"<{_name(kind)} {inside}>" if inside else f"<{_name(kind)}>"


def _asked(value: Any, kind: type) -> str:
    try:
        length = len(value) if hasattr(kind, "__len__") else 0
        if length > _LARGE:  # such as an array.array, or the view of a dictionary
            return f"<{_name(kind)} of {length:,}>"
        text = "".join((repr(value),))  # an exact str, also when it answers with a subclass
    except Exception as error:
        return f"<{_name(kind)}: its __repr__ raised {type(error).__name__}>"
    return " ".join(_ADDRESS.sub("", text[: 10 * VALUE_CHARS]).split())


def _name(kind: type) -> str:
    return kind.__qualname__.rpartition("<locals>.")[2]


def _fields(kind: type) -> list[str] | None:
    """Return the fields that the generated `__repr__` of a dataclass would show; None for any other class."""
    fields = getattr(kind, "__dataclass_fields__", None)
    if type(fields) is dict and hasattr(kind.__repr__, "__wrapped__"):
        return [name for name, field in fields.items() if field.repr]
    return None


def _attributes(value: object, names: list[str] | None) -> list[tuple[str, object]]:
    """Return attributes without asking the object's own code: of these names, or the first that it keeps."""
    found: list[tuple[str, object]] = []
    if names is not None:
        for name in names[: _ITEMS + 1]:
            try:
                found.append((name, object.__getattribute__(value, name)))
            except AttributeError:
                continue
        return found
    try:
        kept = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return found
    return list(islice(dict.items(kept), _LARGE)) if issubclass(type(kept), dict) else found


def _is_large(value: object) -> bool:
    kind = type(value)
    return any(issubclass(kind, base) and base.__len__(value) > _LARGE for base in _SIZED)
