"""The settings themselves: each key, how its value is read, what it means; pure."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_UNIT_BYTES = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNIT_BYTES |= {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
CODE_MODES = ("closure", "module", "function", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user decided, each value with the place it came from."""

    store: str | None = None
    code: str = "closure"
    code_modes: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    keep: int = 3
    keep_bytes: int | None = None
    durability: str = "process"
    color: str = "auto"
    ui: str = "auto"
    verbose: bool = False
    ascii: bool = False
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value that is not a default came from, in words."""

    def code_mode(self, function_name: str) -> str:
        """Return how much code counts for `module:qualname`.

        The entry of the function itself wins, then that of its module, then of the packages around it, then `code`.
        """
        module, _, qualname = function_name.partition(":")
        places = [function_name, f"{module}.{qualname}"]
        parts = module.split(".")
        places += [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
        return next((self.code_modes[place] for place in places if place in self.code_modes), self.code)

    def describe(self) -> list["SettingRow"]:
        """Return one row per key, as the command `config` shows them."""
        return [
            SettingRow(name, _as_toml(getattr(self, name)), self.origins.get(name, "default"), key.meaning)
            for name, key in KEYS.items()
        ]


class SettingRow(NamedTuple):
    """A key, its value as one would write it in a file (empty when unset), where it came from, what it means."""

    key: str
    value: str
    origin: str
    meaning: str


def _word(*words: str) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in _TRUTH:
        raise ValueError
    return _TRUTH[value.lower()]


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    number = int(value)
    if number < 0:
        raise ValueError
    return number


def parse_bytes(value: object) -> int:
    """Read a size: a number of bytes, or text such as `500MB` (powers of 1000) or `2G`, `2GiB` (powers of 1024).

    Raises:
        ValueError: It is neither.
    """
    if not isinstance(value, str):
        return _count(value)
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([A-Za-z]*)", value.strip())
    if match is None or match[2].upper() not in _UNIT_BYTES:
        raise ValueError
    return int(float(match[1]) * _UNIT_BYTES[match[2].upper()])


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(name for part in value.split(",") if (name := part.strip()))
    if not isinstance(value, list):
        raise ValueError
    return tuple(map(_text, value))


def _modes(value: object) -> dict[str, str]:
    if isinstance(value, str):
        value = {place.strip(): mode.strip() for place, _, mode in (pair.partition("=") for pair in _names(value))}
    if not isinstance(value, dict):
        raise ValueError
    return {_text(place): _word(*CODE_MODES)(mode) for place, mode in value.items()}


class Key(NamedTuple):
    """How one setting is read: `read` raises ValueError for anything but what `expected` says."""

    read: Callable[[object], object]
    expected: str
    meaning: str


_MODE_WORDS = "closure, module, function or off"
KEYS = {
    "store": Key(_text, "a folder", "where results are kept; unset: .compmake/PROGRAM beside the program"),
    "code": Key(_word(*CODE_MODES), _MODE_WORDS, "how much of the code a job can reach counts"),
    "code_modes": Key(
        _modes,
        f'a table of module or function to {_MODE_WORDS}: {{"mypkg.slow" = "module"}}',
        "`code` for some modules or functions",
    ),
    "packages": Key(_names, "a list of package names", "installed packages whose version counts"),
    "keep": Key(_count, "a number, 0 or more", "superseded results kept per job"),
    "keep_bytes": Key(
        parse_bytes,
        'a size: 2000000000, "2GB", "500M"',
        "bytes of superseded results kept; unset: a fifth of the store, at least 1 GB",
    ),
    "durability": Key(
        _word("process", "power"), "process or power", "what a finished job survives: a kill, or a power cut too"
    ),
    "color": Key(_word("auto", "always", "never"), "auto, always or never", "colours in what people read"),
    "ui": Key(_word("auto", "plain", "quiet"), "auto, plain or quiet", "what is shown while making"),
    "verbose": Key(_flag, "true or false", "jobs that succeed are listed too"),
    "ascii": Key(_flag, "true or false", "only ASCII characters on the screen"),
}
"""Every setting, in the order in which `config` lists them."""


def _as_toml(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case tuple():
            return f"[{', '.join(map(_as_toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{_as_toml(name)} = {_as_toml(mode)}" for name, mode in value.items()) + "}"
        case _:
            return str(value)
