"""What a value is, for the decision whether a job is up to date: one digest, stable across processes and machines."""

from typing import Any, NamedTuple

from compmake.codec import find_unpicklable, round_trip
from compmake.errors import DefinitionError
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.value_code import set_main_alias
from compmake.fingerprint.value_decompose import REGISTERED, register_digest
from compmake.fingerprint.value_nodes import ATOMS, compact
from compmake.fingerprint.value_text import short_text
from compmake.fingerprint.value_walk import PROMISE_MARK, EntangledError, Walk
from compmake.job import Dependency, Digest, Promise

__all__ = ["REGISTERED", "ValueDescription", "describe", "forget_steady", "register_digest", "set_main_alias"]

_PROMISE_DIGEST = digest_bytes(PROMISE_MARK)
_SHORT = 6
_MAX_STEADY = 100_000
_steady: set[Digest] = set()
"""Digests of values that were the same after pickling and unpickling; one object is often passed to many jobs."""


class ValueDescription(NamedTuple):
    """A value as fingerprints and messages see it."""

    digest: Digest | None
    """None: it cannot be digested stably."""
    unstable: str | None
    """Then: where, and what stands there: `args[0].cfg.lock: a thread lock`."""
    text: str
    """At most 80 characters for people."""
    promises: tuple[Dependency, ...] = ()
    """Their places in order of appearance; the digest has only marks of them."""
    files: tuple[str, ...] = ()
    """Paths of `File`s; the digest has the path, not the content."""
    code: tuple[Any, ...] = ()
    """Functions and classes in the value, and the classes of its objects; the digest has only their names."""
    carries_code: bool = False
    """Whether who has the value can call functions or classes in it, so that the digest alone says too little."""


def describe(value: Any, place: str) -> ValueDescription:
    """Look at a value, whatever it is; user code that raises makes it unstable.

    Args:
        value: Anything. 1, True, 1.0 and "1" differ, list and tuple too; dicts and sets have no order.
        place: What to call it in places, for example `args[0]`.

    Raises:
        DefinitionError: A promise is the key of a dictionary.
    """
    cls = type(value)
    try:
        encoder = ATOMS.get(cls)
        if encoder is not None:
            return _plain(value, encoder(value))
        if cls is Promise:
            return ValueDescription(_PROMISE_DIGEST, None, repr(value), (Dependency(place, value.job_id),))
        if cls is tuple and 0 < len(value) <= _SHORT and all(type(item) in ATOMS for item in value):
            # What the walk would say, ten times as fast: this is what most calls are made of.
            return _plain(value, compact(b"t%d:" % len(value) + b"".join([ATOMS[type(v)](v) for v in value])))
        return _describe(value, place)
    except (DefinitionError, KeyboardInterrupt):
        raise
    except BaseException as raised:  # the interpreter's own limits, and what hostile classes do
        return ValueDescription(None, f"{place}: {type(raised).__name__} while looking at it", short_text(value))


def forget_steady() -> None:
    """Try again what pickling makes of values: their classes were loaded anew."""
    _steady.clear()


def _plain(value: Any, encoded: bytes) -> ValueDescription:
    return ValueDescription(digest_bytes(encoded), None, short_text(value))


def _walk(value: Any, place: str, wanted: Any = None) -> Walk:
    try:
        return Walk(value, place, wanted=wanted)
    except EntangledError:
        return Walk(value, place, numbered=True, wanted=wanted)


def _describe(value: Any, place: str) -> ValueDescription:
    walk = _walk(value, place)
    unstable = walk.unstable
    digest: Digest | None = digest_bytes(walk.encoding)
    if unstable is None and walk.objects and digest not in _steady:
        unstable = _unsteady(value, place, walk)
        if unstable is None and len(_steady) < _MAX_STEADY:
            _steady.add(digest_bytes(walk.encoding))
    return ValueDescription(
        digest if unstable is None else None,
        unstable,
        short_text(value),
        tuple(walk.promises),
        tuple(walk.files),
        tuple(walk.code.values()),
        walk.carries_code,
    )


def _unsteady(value: Any, place: str, walk: Walk) -> str | None:
    """Return place and kind of what describes itself differently after pickling and unpickling."""
    try:
        copy = round_trip(value)
    except KeyboardInterrupt:
        raise
    except BaseException as raised:
        try:
            return ": ".join(find_unpicklable(value, place))
        except Exception:
            return f"{place}: {type(raised).__name__} while pickling it"
    if _walk(copy, place).encoding == walk.encoding:
        return None
    culprit = next((thing for thing in reversed(walk.objects) if not _is_steady(thing)), value)
    return f"{_walk(value, place, culprit).found_at}: an object that differs after pickling and unpickling"


def _is_steady(thing: Any) -> bool:
    try:
        return _walk(round_trip(thing), "").encoding == _walk(thing, "").encoding
    except Exception:
        return False
