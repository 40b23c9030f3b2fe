"""What is asked about code and what is answered: the units and globals that one call depends on, with digests."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NewType

from compmake.fingerprint.digests import digest_bytes
from compmake.job import Digest

Root = NewType("Root", str)
"""A function or class to start from, by the name of its unit: `helper:clean`, `program:<lambda>#1f00ab23`."""


@dataclass(frozen=True, slots=True)
class CodeQuery:
    """Whose code is asked for. Equal queries have one answer, which is computed once."""

    roots: frozenset[Root]
    """The job's function, functions and classes among its arguments, classes of objects in them."""
    ancestors: frozenset[Root] = frozenset()
    """Roots of all jobs that it depends on: they made the objects which it is given."""
    modules: frozenset[str] = frozenset()
    """User modules that its last attempt had loaded, beyond the program's."""
    mode: str = "closure"
    without: frozenset[Root] = frozenset()
    """Roots whose own units do not count, although what they use does."""
    texts: frozenset[str] = frozenset()
    """Names among its arguments: what has such a name may be looked up by it."""


@dataclass(frozen=True)
class CodeSet:
    """The code that a call depends on."""

    units: Mapping[str, Digest]
    """`helper:clean`, `helper:Model.fit`, `helper:Model`, `helper:<module>`, `helper:NAME` -> canonical form."""
    globals: Mapping[str, tuple[Digest, str]] = field(default_factory=dict)
    """`helper:LIMIT` -> value and short text, for globals that count by value."""
    via: Mapping[str, str] = field(default_factory=dict)
    """Unit or global -> the unit that brought it in. For messages; no part of the digest."""
    mode: str = "closure"

    @cached_property
    def digest(self) -> Digest:
        """Return the digest of exactly what counts."""
        units = sorted((name, digest.hex()) for name, digest in self.units.items())
        values = sorted((name, digest.hex()) for name, (digest, _) in self.globals.items())
        return digest_bytes(json.dumps([self.mode, units, values]).encode())

    def to_bytes(self) -> bytes:
        """Return JSON, as the store keeps it."""
        raw = {
            "mode": self.mode,
            "units": {name: digest.hex() for name, digest in sorted(self.units.items())},
            "globals": {name: [digest.hex(), text] for name, (digest, text) in sorted(self.globals.items())},
            "via": dict(sorted(self.via.items())),
        }
        return json.dumps(raw, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "CodeSet":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is something else.
        """
        raw = json.loads(data)
        try:
            return cls(
                {name: _digest(text) for name, text in raw["units"].items()},
                {name: (_digest(digest), text) for name, (digest, text) in raw["globals"].items()},
                raw["via"],
                raw["mode"],
            )
        except (KeyError, TypeError, AttributeError) as cause:
            raise ValueError("not a set of code units") from cause


def _digest(text: str) -> Digest:
    return Digest(bytes.fromhex(text))
