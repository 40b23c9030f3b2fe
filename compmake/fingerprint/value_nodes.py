"""The alphabet of value digests: how atoms are encoded, and what a compound value is taken apart into."""

import struct
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, NamedTuple

from blake3 import blake3

from compmake.job import DIGEST_BYTES

_RAW_BYTES = 256
_COMPACT_BYTES = 64
_FLOAT = struct.Struct("<d")
_NAN = b"fnan....."


class Order(Enum):
    """What the order of a node's children means."""

    FIXED = 1
    FREE = 2
    """A set: the children's encodings are sorted."""
    PAIRS = 3
    """A dictionary: children are key, value, key, value; the pairs are sorted."""
    ITEMS = 4
    """The same, but the order of the pairs counts."""


def index_label(index: int) -> str:
    """Return how Python writes the way to an item."""
    return f"[{index}]"


class Node(NamedTuple):
    """A compound value taken apart: what is its own, and the values inside."""

    head: bytes
    """Kind and everything that is known without the children; no head is the beginning of another one."""
    children: Sequence[Any] = ()
    order: Order = Order.FIXED
    label: Callable[[int], str] = index_label
    """The way to a child in Python syntax; not asked for PAIRS and ITEMS."""


class UnstableError(Exception):
    """A value that cannot be digested stably; the text is its kind in words."""


def leaf(tag: bytes, payload: bytes | bytearray | memoryview) -> bytes:
    """Encode bytes with their kind and length; long ones by their digest."""
    size = memoryview(payload).nbytes
    if size > _RAW_BYTES:
        return b"%b#%d:%b" % (tag, size, blake3(payload).digest(DIGEST_BYTES))
    return b"%b%d:%b" % (tag, size, bytes(payload))


def text_leaf(tag: bytes, text: str) -> bytes:
    """Encode a text with its kind."""
    return leaf(tag, text.encode("utf-8", "surrogatepass"))


def compact(encoded: bytes) -> bytes:
    """Return the encoding of a compound value as it stands in what it is part of: long ones by their digest."""
    return encoded if len(encoded) <= _COMPACT_BYTES else b"#" + blake3(encoded).digest(DIGEST_BYTES)


def attributes(tag: bytes, names: Sequence[str], values: Sequence[Any]) -> Node:
    """Return a node of named values; the caller sorts the names if their order means nothing."""
    head = text_leaf(tag, "\0".join(names)) + b"%d:" % len(names)
    return Node(head, values, label=lambda index: f".{names[index]}")


def flat(pairs: Iterable[tuple[Any, Any]]) -> list[Any]:
    """Return key, value, key, value, as nodes of pairs have their children."""
    return [part for pair in pairs for part in pair]


def inside(tag: bytes, *children: Any) -> Node:
    """Return a node whose children need no step of their own in the place."""
    return Node(b"%b%d:" % (tag, len(children)), children, label=lambda _: "")


def _encode_int(value: int) -> bytes:
    size = value.bit_length() // 8 + 1
    payload = value.to_bytes(size, "little", signed=True)
    return b"i%d:%b" % (size, payload) if size <= _RAW_BYTES else leaf(b"i", payload)


def _encode_float(value: float) -> bytes:
    # All NaNs are one: their bits differ between machines.
    return b"f" + _FLOAT.pack(value) if value == value else _NAN


def _encode_str(value: str) -> bytes:
    payload = value.encode("utf-8", "surrogatepass")
    return b"s%d:%b" % (len(payload), payload) if len(payload) <= _RAW_BYTES else leaf(b"s", payload)


ATOMS: dict[type, Callable[[Any], bytes]] = {
    type(None): lambda _: b"N",
    bool: lambda value: b"T" if value else b"F",
    int: _encode_int,
    float: _encode_float,
    str: _encode_str,
    bytes: lambda value: leaf(b"b", value),
    complex: lambda value: b"c" + _encode_float(value.real) + _encode_float(value.imag),
    type(Ellipsis): lambda _: b"E",
    type(NotImplemented): lambda _: b"O",
}
"""Encoders by exact type; none of these has anything inside."""
