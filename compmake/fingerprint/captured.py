"""The values of a module's globals as they were right after the program was loaded, before any job ran."""

import builtins
import datetime
import enum
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from types import FunctionType, ModuleType
from typing import Any

from compmake.fingerprint.facts import Facts
from compmake.fingerprint.modules import class_name
from compmake.fingerprint.objects import code_in
from compmake.fingerprint.values import describe
from compmake.job import Digest
from compmake.masking import MASK, hides

MAX_VALUE_BYTES = 1_000_000
"""Larger globals count by the statements that bind them."""

_ATOMS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))
_SCALARS = (
    PurePath, enum.Enum, datetime.date, datetime.time, datetime.timedelta, datetime.timezone, Decimal, Fraction, range,
)  # fmt: skip
_CONTAINERS = (list, tuple, dict, set, frozenset)

# Functions that make the same value of the same literals each time.
_PURE_BUILTINS = frozenset({
    "len", "sorted", "min", "max", "sum", "abs", "round", "pow", "divmod", "chr", "ord", "bin", "hex", "oct",
    "any", "all",
})  # fmt: skip
_PURE_NUMPY = frozenset({
    "array", "asarray", "arange", "linspace", "logspace", "geomspace", "zeros", "ones", "full", "eye",
    "identity",
})  # fmt: skip
_DATACLASS_PARAMETERS = "__dataclass_params__"
_CONSTANT_MODULES = frozenset({"math", "cmath", "numpy", "string"})


class Captured:
    """Globals of one module, by value where that is what they are."""

    def __init__(self, facts: Facts, values: Mapping[str, object]) -> None:
        self._facts = facts
        self._values = values
        self._literal: dict[str, bool] = {}
        self._described: dict[str, tuple[Digest, str] | None] = {}
        # What jobs may go on filling is looked at now; numbers and texts can wait until they are asked for.
        self._code: dict[str, list[FunctionType | type]] = {}
        for name in facts.names:
            value = values.get(name)
            if "." in name or issubclass(type(value), _ATOMS) or name not in values:
                continue
            if _is_plain_function(value, name) or issubclass(type(value), ModuleType):
                continue
            self._code[name] = code_in([value])
            if not issubclass(type(value), type):
                self._described[name] = self._describe(name)

    def by_value(self, name: str) -> tuple[Digest, str] | None:
        """Return digest and text of a global, None if it counts by the statements that bind it."""
        if name not in self._described:
            self._described[name] = self._describe(name)
        return self._described[name]

    def code(self, name: str) -> list[FunctionType | type]:
        """Return functions and classes in the value, the value's own class included."""
        return self._code.get(name, [])

    def holds(self, name: str) -> bool:
        """Tell whether the module had a global of this name."""
        return name in self._values

    def unexplained(self, name: str) -> list[FunctionType | type]:
        """Return the code in a name that no statement binds: it was set from elsewhere."""
        return code_in([self._values[name]]) if name in self._values else []

    def _describe(self, name: str) -> tuple[Digest, str] | None:
        if name not in self._values or not self._is_literal(name) or not is_plain(self._values[name]):
            return None
        told = describe(self._values[name], name)
        if told.digest is None or told.unstable or told.promises or told.files:
            return None
        return told.digest, MASK if hides(name, self._values[name]) else told.text

    def _is_literal(self, name: str) -> bool:
        """Tell whether the global is bound by literals and constructors over them only."""
        known = self._literal.get(name)
        if known is None:
            self._literal[name] = False  # for one that is bound by itself
            unit = self._facts.unit(name)
            bound = unit.binding
            known = self._literal[name] = (
                unit.kind == "global"
                and bound.is_literal
                and all(self._is_constructor(call) for call in bound.calls)
                and all(self._is_constant(ref) for ref in bound.refs)
            )
        return known

    def _is_constructor(self, dotted: str) -> bool:
        called = self._find(dotted)
        name = dotted.rpartition(".")[2]
        if isinstance(called, type):
            return not is_dataclass(called) or all(
                item.default_factory in (MISSING, list, dict, set, tuple, frozenset) for item in fields(called)
            )
        if called is getattr(builtins, name, MISSING):
            return name in _PURE_BUILTINS
        return name in _PURE_NUMPY and str(getattr(called, "__module__", "")).partition(".")[0] == "numpy"

    def _is_constant(self, dotted: str) -> bool:
        root, _, rest = dotted.partition(".")
        if not rest and root in self._facts:
            return self._is_literal(root)
        if root in self._facts.imports and not rest:
            imported = self._facts.imports[root][0]
            return imported.module in _CONSTANT_MODULES
        owner = self._find(dotted.rpartition(".")[0]) if rest else None
        if isinstance(owner, ModuleType):
            return owner.__name__ in _CONSTANT_MODULES
        return isinstance(owner, enum.EnumMeta) or (not rest and isinstance(self._find(root), type))

    def _find(self, dotted: str) -> object:
        """Return what a dotted name means; attributes are asked of modules and classes only."""
        root, *rest = dotted.split(".")
        found: Any = self._values.get(root, getattr(builtins, root, None))
        for name in rest:
            if isinstance(found, ModuleType):
                found = vars(found).get(name)
            elif isinstance(found, enum.EnumMeta):
                found = found.__members__.get(name)
            else:
                return None
        return found


def _is_plain_function(value: object, name: str) -> bool:
    """Tell whether it is a function with nothing in it that its source does not show."""
    return type(value) is FunctionType and not (value.__closure__ or value.__dict__) and value.__qualname__ == name


def is_plain(value: object) -> bool:
    """Tell whether a value counts by value: numbers, texts, dates, arrays, and containers of such, up to 1 MB."""
    budget = MAX_VALUE_BYTES
    stack: list[Any] = [value]
    while stack and budget > 0:
        item = stack.pop()
        kind = type(item)
        if kind in _ATOMS:
            budget -= len(item) if kind in (str, bytes) else 0
        elif issubclass(kind, _SCALARS):
            budget -= 16
        elif kind in _CONTAINERS or (issubclass(kind, tuple) and hasattr(kind, "_fields")):
            budget -= 8 + 8 * len(item)
            stack.extend(_items(item) if budget > 0 else ())
        elif is_dataclass(kind) and getattr(getattr(kind, _DATACLASS_PARAMETERS, None), "frozen", False):
            budget -= 8
            stack.extend(getattr(item, each.name, None) for each in fields(kind))
        elif class_name(kind)[0] == "numpy" and getattr(getattr(item, "dtype", None), "kind", "O") in "biufcSUMm":
            budget -= int(getattr(item, "nbytes", budget))
        else:
            return False
    return budget > 0


def _items(container: Any) -> Iterable[object]:
    return (part for pair in container.items() for part in pair) if type(container) is dict else container
