"""The settings themselves: each key, how its value is read, what it means; pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from compmake.job import NO_OPTIONS, JobOptions, Limits
from compmake.limits import (
    LIMITS,
    FunctionLimits,
    as_written,
    parse_bytes,
    parse_duration,
    read_functions,
    whole_number,
)
from compmake.text_safety import redact

_TRUTH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
CODE_MODES = ("closure", "module", "function", "off")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user decided, each value with the place it came from."""

    store: str | None = None
    key_file: str | None = None
    cache_only: bool = False
    code: str = "closure"
    code_modes: Mapping[str, str] = field(default_factory=dict)
    packages: tuple[str, ...] = ()
    keep: int = 3
    keep_bytes: int | None = None
    jobs: int = 1
    timeout: float | None = None
    """Seconds."""
    retries: int = 0
    memory: int | None = None
    """Bytes."""
    functions: Mapping[str, FunctionLimits] = field(default_factory=dict)
    durability: str = "process"
    patience: float = 60.0
    """Seconds."""
    color: str = "auto"
    ui: str = "auto"
    verbose: bool = False
    ascii: bool = False
    locals: bool = True
    autoreload: bool = False
    redis: str | None = None
    """The server for news, `off` for none."""
    mouse: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    """Keys of the dashboard as people write them, by action."""
    record: str | None = None
    """The file in which the news of makes are recorded."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Where each value that is not a default came from, in words."""

    def code_mode(self, function_name: str) -> str:
        """Return how much code counts for `module:qualname`.

        The entry of the function itself wins, then that of its module, then of the packages around it, then `code`.
        """
        return next((self.code_modes[place] for place in _places(function_name) if place in self.code_modes), self.code)

    def limits(self, function_name: str, options: JobOptions) -> Limits:
        """Return what an attempt at a job may take.

        For each limit by itself the job's own option wins, then the closest entry of `functions`, as for `code_mode`,
        then the setting for all jobs.

        Args:
            function_name: The job's function, `module:qualname`.
            options: The job's own.
        """
        if options is NO_OPTIONS and not self.functions:
            return Limits(self.timeout or None, self.memory or None, self.retries)
        said = [FunctionLimits(options.timeout_s, options.retries, options.memory_bytes)]
        said += [self.functions[place] for place in _places(function_name) if place in self.functions]
        said.append(FunctionLimits(self.timeout, self.retries, self.memory))
        timeout_s = next((place.timeout_s for place in said if place.timeout_s is not None), None)
        memory_bytes = next((place.memory_bytes for place in said if place.memory_bytes is not None), None)
        retries = next((place.retries for place in said if place.retries is not None), 0)
        return Limits(timeout_s or None, memory_bytes or None, retries)

    def without_function(self, function_names: Iterable[str]) -> list[str]:
        """Return the entries of `functions` and `code_modes` that fit none of these functions, misspelt perhaps."""
        fitting = {place for name in function_names for place in _places(name)}
        return sorted({*self.functions, *self.code_modes} - fitting)

    def _shown(self, name: str) -> str:
        return redact(_as_toml(as_written(name, getattr(self, name))))

    def describe(self) -> list["SettingRow"]:
        """Return one row per key, as the command `config` shows them."""
        return [
            SettingRow(name, self._shown(name), self.origins.get(name, "default"), key.meaning)
            for name, key in KEYS.items()
        ]


def _places(function_name: str) -> list[str]:
    """Return the names under which a table may have an entry for `module:qualname`, the closest first."""
    module, _, qualname = function_name.partition(":")
    parts = module.split(".")
    packages = [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
    return [function_name, f"{module}.{qualname}", *packages]


OF_THE_STORE = ("store", "key_file", "cache_only", "keep", "keep_bytes", "durability", "patience")
"""Keys that count only when a store is opened."""


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


def _redis(value: object) -> str:
    text = _text(value)
    if text != "off" and not text.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError
    return text


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value.lower() not in _TRUTH:
        raise ValueError
    return _TRUTH[value.lower()]


def _positive(value: object) -> int:
    number = whole_number(value)
    if number == 0:
        raise ValueError
    return number


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(name for part in value.split(",") if (name := part.strip()))
    if not isinstance(value, list):
        raise ValueError
    return tuple(map(_text, value))


def _bindings(value: object) -> dict[str, str]:
    if isinstance(value, str):
        value = {action.strip(): key.strip() for action, _, key in (pair.partition("=") for pair in _names(value))}
    if not isinstance(value, dict):
        raise ValueError
    return {_text(action): _text(key) for action, key in value.items()}


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
    "store": Key(
        _text,
        "a folder, or the URL of a Redis server, redis://host:port/0",
        "where results are kept; unset: .compmake/PROGRAM beside the program",
    ),
    "key_file": Key(
        _text,
        "a file",
        "the key with which values on a server are signed; unset: ~/.config/compmake/key, made on first use",
    ),
    "cache_only": Key(_flag, "true or false", "the server of the store may drop results when its memory is full"),
    "code": Key(_word(*CODE_MODES), _MODE_WORDS, "how much of the code a job can reach counts"),
    "code_modes": Key(
        _modes,
        f'a table of module or function to {_MODE_WORDS}: {{"mypkg.slow" = "module"}}',
        "`code` for some modules or functions",
    ),
    "packages": Key(_names, "a list of package names", "installed packages whose version counts"),
    "keep": Key(whole_number, "a number, 0 or more", "superseded results kept per job"),
    "keep_bytes": Key(
        parse_bytes,
        'a size: 2000000000, "2GB", "500M"',
        "bytes of superseded results kept; unset: a fifth of the store, at least 1 GB",
    ),
    "jobs": Key(_positive, "a number, 1 or more", "how many jobs `make` and `remake` run at once unless -j says"),
    "timeout": Key(*LIMITS["timeout"], "how long one attempt at a job may take"),
    "retries": Key(*LIMITS["retries"], "how often a job that failed is tried again in the same make"),
    "memory": Key(*LIMITS["memory"], "how much memory a job may use"),
    "functions": Key(
        read_functions,
        f'a table of function, module or package to {", ".join(LIMITS)}: {{"mypkg.slow" = {{timeout = "2h"}}}}',
        "timeout, retries and memory for some functions",
    ),
    "durability": Key(
        _word("process", "power"),
        "process or power",
        "what a finished job survives: a kill, or a power cut too; on a server its own settings decide",
    ),
    "patience": Key(
        parse_duration,
        'seconds above 0, or text such as "90s", "5m"',
        "how long a server that was there and does not answer is waited for",
    ),
    "color": Key(_word("auto", "always", "never"), "auto, always or never", "colours in what people read"),
    "ui": Key(
        _word("auto", "live", "plain", "json", "quiet"),
        "auto, live, plain, json or quiet",
        "what is shown while making",
    ),
    "verbose": Key(_flag, "true or false", "jobs that succeed are listed too"),
    "ascii": Key(_flag, "true or false", "only ASCII characters on the screen"),
    "locals": Key(_flag, "true or false", "local variables are kept with a failure; secrets in them never are"),
    "redis": Key(
        _redis,
        "a URL, redis://host:port/0, or off",
        "the server through which other terminals hear of makes; unset: that of the store, else a private one",
    ),
    "record": Key(_text, "a file", "the news of each make are recorded there, for --replay; the last one stays"),
    "mouse": Key(_flag, "true or false", "the dashboard takes clicks and the wheel; marking text then needs Shift"),
    "keys": Key(
        _bindings,
        'a table of action to key: {mark = "m", sort = "ctrl-s"}',
        "other keys for the dashboard; several for one action with blanks between",
    ),
    "autoreload": Key(_flag, "true or false", "the console loads the program anew when files of its code change"),
}
"""Every setting, in the order in which `config` lists them."""


def _as_toml(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            return str(int(value))
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case FunctionLimits():
            return "{" + ", ".join(f"{name} = {_as_toml(said)}" for name, said in value.as_written().items()) + "}"
        case tuple():
            return f"[{', '.join(map(_as_toml, value))}]"
        case dict():
            return "{" + ", ".join(f"{_as_toml(name)} = {_as_toml(said)}" for name, said in value.items()) + "}"
        case _:
            return str(value)
