"""Limits of jobs as people write them: durations, sizes, how often to try again, and the table `functions`."""

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_UNIT_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = "".join(rf"(?:(\d+(?:\.\d+)?)\s*{unit}\s*)?" for unit in _UNIT_S)
_UNIT_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNIT_BYTES |= {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}

NO_LIMIT = 0
"""What the word `none` is read as: no limit, although a less specific place has one."""


class LimitError(ValueError):
    """An entry of the table `functions` is wrong; the text names the entry and says what is expected."""


class FunctionLimits(NamedTuple):
    """What one entry of `functions` says: None where it says nothing, `NO_LIMIT` where it says `none`."""

    timeout_s: float | None = None
    retries: int | None = None
    memory_bytes: int | None = None

    def as_written(self) -> dict[str, object]:
        """Return the keys and values that the entry has."""
        return {name: as_written(name, value) for name, value in zip(LIMITS, self, strict=True) if value is not None}


def as_written(name: str, value: object) -> object:
    """Return the value of a limit as one may write it: the word `none` for `NO_LIMIT`."""
    return "none" if name in ("timeout", "memory") and value == NO_LIMIT else value


def whole_number(value: object) -> int:
    """Read a number of 0 or more, or its digits.

    Raises:
        ValueError: It is neither; True and 1.0 are not.
    """
    if isinstance(value, bool):
        raise ValueError
    try:
        number = int(value) if isinstance(value, str) else operator.index(value)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError from error
    if number < 0:
        raise ValueError
    return number


def parse_bytes(value: object) -> int:
    """Read a size: a number of bytes, or text such as `500MB` (powers of 1000) or `2G`, `2GiB` (powers of 1024).

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(value, str):
        return whole_number(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", value.strip())
    if match is None or match[2].upper() not in _UNIT_BYTES:
        raise ValueError
    return int(_finite(float(match[1]) * _UNIT_BYTES[match[2].upper()]))


def parse_duration(value: object) -> float:
    """Read seconds above 0: a number, or text such as `90s`, `5m`, `1.5h`, `1h30m`, `1d`.

    Raises:
        ValueError: It is neither.
    """
    seconds: float
    if isinstance(value, str):
        text = value.strip().lower()
        match = re.fullmatch(_DURATION, text) if text else None
        parts = zip(match.groups("0"), _UNIT_S.values(), strict=True) if match is not None else [(text, 1)]
        seconds = sum(float(number) * unit_s for number, unit_s in parts)
    else:
        seconds = value if isinstance(value, float) else whole_number(value)
    if seconds <= 0:
        raise ValueError
    return _finite(seconds)


def _finite(number: float) -> float:
    try:
        if not math.isfinite(number):
            raise ValueError
    except OverflowError as error:  # an int of hundreds of digits
        raise ValueError from error
    return float(number)


def _is_none(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == "none"


def _timeout(value: object) -> float:
    return NO_LIMIT if _is_none(value) else parse_duration(value)


def _memory(value: object) -> int:
    if _is_none(value):
        return NO_LIMIT
    size_bytes = parse_bytes(value)
    if not 0 < size_bytes < 2**63:  # the operating system counts no further
        raise ValueError
    return size_bytes


class Limit(NamedTuple):
    """How one limit is read: `read` raises ValueError for anything but what `expected` says."""

    read: Callable[[object], float]
    expected: str


LIMITS: Mapping[str, Limit] = {
    "timeout": Limit(_timeout, 'seconds above 0, or text such as "90s", "5m", "1h30m", "1d", or "none"'),
    "retries": Limit(whole_number, "a number, 0 or more"),
    "memory": Limit(_memory, 'bytes above 0, or text such as "500MB", "2GB", or "none"'),
}
"""By the names that options and settings have, in the order of the fields of `FunctionLimits`."""


def read_functions(value: object) -> dict[str, FunctionLimits]:
    """Read the table `functions`: limits by the name of a function, a module or a package.

    Args:
        value: A table of tables, or text such as `mycomputations.train timeout=2h retries=2, other memory=2GB`.

    Raises:
        LimitError: One entry is wrong.
        ValueError: It is no such table.
    """
    table = _table_of(value) if isinstance(value, str) else value
    if not isinstance(table, dict):
        raise ValueError
    return {place: _entry(place, said) for place, said in table.items()}


def _table_of(text: str) -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for part in text.split(","):
        if not part.strip():
            continue
        place, *pairs = part.split()
        if not pairs or "=" in place:
            raise ValueError
        said = table.setdefault(place, {})
        for key, equals, value in (pair.partition("=") for pair in pairs):
            if not equals:
                raise ValueError
            said[key] = value
    return table


def _entry(place: str, said: object) -> FunctionLimits:
    where = f'functions."{place}"'
    if not place or not isinstance(said, dict):
        raise LimitError(f"{where} = {said!r}: expected a table of {', '.join(LIMITS)}")
    found: dict[str, Any] = {}
    for name, value in said.items():
        if name not in LIMITS:
            dotted = f'; if it is part of a name, write functions."{place}.{name}"' if isinstance(value, dict) else ""
            raise LimitError(f"{where}: unknown key {name!r}: known: {', '.join(LIMITS)}{dotted}")
        try:
            found[name] = LIMITS[name].read(value)
        except ValueError as error:
            raise LimitError(f"{where}.{name} = {value!r}: expected {LIMITS[name].expected}") from error
    return FunctionLimits(found.get("timeout"), found.get("retries"), found.get("memory"))
