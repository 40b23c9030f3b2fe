"""What is known of one module's source, as the store keeps it: an index, and one line of JSON for each unit."""

import json
from collections.abc import Iterator, KeysView, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from compmake.fingerprint.bindings import NOT_LITERAL, Binding
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.patterns import Pattern
from compmake.fingerprint.uses import Import, Uses

WHOLE_FILE = "<file>"
"""Name of the only unit of a module that cannot be parsed."""


class Unit(NamedTuple):
    """One unit of a module, without its text."""

    kind: str
    """`function`, `class`, `global`, `residue` or `file`."""
    digest: str
    """Hexadecimal digest of the canonical form."""
    uses: Uses
    line: int
    decorators: tuple[str, ...] = ()
    """Dotted names of decorators."""
    bases: tuple[str, ...] = ()
    """Dotted names of a class's bases; an expression that is no name is an empty text."""
    metaclass: str = ""
    methods: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    nested: tuple[str, ...] = ()
    binding: Binding = NOT_LITERAL


class Hidden(NamedTuple):
    """A lambda, or a function inside a function: a unit only when it is handed around."""

    qualname: str
    """As the syntax tree has it; ends in `<lambda>` or the function's name."""
    line: int
    """Where Python says that it starts: its first decorator's line."""
    begin: tuple[int, int]
    """Line and column (in bytes) at which its body begins."""
    end: tuple[int, int]
    parameters: tuple[str, ...]
    unit: Unit


class Facts:
    """Everything known of one module's source.

    Most units of most modules are never asked for, so each is taken out of its JSON only then.
    """

    def __init__(self, index: Mapping[str, Any], lines: Sequence[bytes]) -> None:
        self._index = index
        self._lines = lines
        self._line_of: dict[str, int] = {name: line for line, name in enumerate(index["units"])}
        self._units: dict[str, Unit] = {}
        self.classes: Sequence[str] = index["classes"]
        """Names of the units that are classes."""
        self.decorated: Sequence[str] = index["decorated"]
        """Names of the units with decorators."""
        self.by_member: Mapping[str, Sequence[str]] = index["by_member"]
        """Classes by the names that their bodies bind to values."""

    @classmethod
    def make(cls, units: Mapping[str, Unit], imports: Sequence[Import], hidden: Sequence[Hidden]) -> "Facts":
        """Put together what was found in a module."""
        by_member: dict[str, list[str]] = {}
        for name, unit in units.items():
            for member in unit.members:
                by_member.setdefault(member, []).append(name)
        inner = [item for unit in units.values() for item in unit.uses.imports]
        index = {
            "units": list(units),
            "classes": [name for name, unit in units.items() if unit.kind == "class"],
            "decorated": [name for name, unit in units.items() if unit.decorators],
            "by_member": by_member,
            "imports": imports,
            "all_imports": list(dict.fromkeys([*imports, *inner])),
        }
        lines = [_json(item) for item in (index, *units.values(), *hidden)]
        # Through JSON, so that facts just made and facts from the store are the same thing.
        return cls(json.loads(lines[0]), lines[1:])

    @classmethod
    def from_bytes(cls, data: bytes) -> "Facts":
        """Read what `to_bytes` wrote.

        Raises:
            ValueError: It is something else.
        """
        digest, _, body = data.partition(b"\n")
        # Lines are parsed much later, where damage must not be met.
        if digest.decode("ascii", "replace") != digest_bytes(body).hex():
            raise ValueError("not the facts of a module, or damaged")
        first, *lines = body.split(b"\n")
        return cls(json.loads(first), lines)

    def to_bytes(self) -> bytes:
        """Return a digest, and lines of JSON."""
        body = b"\n".join([_json(self._index), *self._lines])
        return digest_bytes(body).hex().encode() + b"\n" + body

    @property
    def names(self) -> KeysView[str]:
        """Return the names of all units."""
        return self._line_of.keys()

    def __contains__(self, name: str) -> bool:
        return name in self._line_of

    def unit(self, name: str) -> Unit:
        """Return one unit by its name."""
        known = self._units.get(name)
        if known is None:
            known = self._units[name] = _unit_from_json(json.loads(self._lines[self._line_of[name]]))
        return known

    def units(self) -> Iterator[tuple[str, Unit]]:
        """Return all units with their names."""
        return ((name, self.unit(name)) for name in self._line_of)

    @property
    def is_whole_file(self) -> bool:
        """Tell whether the file could not be parsed, so that its bytes count."""
        return WHOLE_FILE in self

    @cached_property
    def imports(self) -> dict[str, list[Import]]:
        """Top-level imports by the name that they bind; `*` and the empty name for those that bind others or none."""
        found: dict[str, list[Import]] = {}
        for item in self._index["imports"]:
            found.setdefault(item[0], []).append(Import(*item))
        return found

    @cached_property
    def all_imports(self) -> tuple[Import, ...]:
        """Imports anywhere in the module, those inside functions included."""
        return tuple(Import(*item) for item in self._index["all_imports"])

    @cached_property
    def by_last_name(self) -> dict[str, list[str]]:
        """Units by the last part of their names."""
        found: dict[str, list[str]] = {}
        for name in self._line_of:
            found.setdefault(name.rpartition(".")[2], []).append(name)
        return found

    @cached_property
    def hidden(self) -> list[Hidden]:
        """Lambdas and functions inside functions."""
        rows = [json.loads(line) for line in self._lines[len(self._line_of) :]]
        return [
            Hidden(name, line, (begin[0], begin[1]), (end[0], end[1]), tuple(parameters), _unit_from_json(unit))
            for name, line, begin, end, parameters, unit in rows
        ]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _unit_from_json(raw: list[Any]) -> Unit:
    kind, digest, used, line, decorators, bases, metaclass, methods, members, nested, bound = raw
    names, attributes, texts, patterns, imports, constructs = used
    what = Uses(
        tuple(names),
        tuple(attributes),
        tuple(texts),
        tuple(Pattern(*pattern) for pattern in patterns),
        tuple(Import(*item) for item in imports),
        constructs,
    )
    lists = tuple(decorators), tuple(bases), metaclass, tuple(methods), tuple(members), tuple(nested)
    return Unit(kind, digest, what, line, *lists, Binding(bound[0], tuple(bound[1]), tuple(bound[2])))
