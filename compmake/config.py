"""Where settings come from: defaults < files < environment < flags; the only reader of the environment."""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from compmake.errors import UserError
from compmake.limits import LimitError
from compmake.settings import KEYS, Settings
from compmake.text_safety import redact
from compmake.words import close_matches

_PATHS = ("store", "key_file", "record")
"""Settings that are paths, unless they are URLs."""
_INCAPABLE = ("", "dumb", "unknown")
"""Values of TERM of which no escape codes may be expected."""
_WITH_TITLE = (
    "xterm",
    "rxvt",
    "screen",
    "tmux",
    "alacritty",
    "foot",
    "kitty",
    "konsole",
    "gnome",
    "vte",
    "wezterm",
    "st",
)
"""First words of TERM whose terminals have a title."""
_WITH_PROGRESS = ("WezTerm", "ghostty")


class _Layer(NamedTuple):
    """Values from one place. `origin` names the place for a key; relative paths start at `folder`."""

    values: Mapping[str, object]
    origin: Callable[[str], str]
    folder: Path


def load_settings(
    program_folder: Path | None, *, flags: Iterable[str] = (), environ: Mapping[str, str] | None = None
) -> Settings:
    """Read every place that may hold settings.

    Args:
        program_folder: Where the program is; None looks at the user's own file only.
        flags: `KEY=VALUE` texts of the command line; the last one wins.
        environ: The environment; by default that of this process.

    Raises:
        UserError: Unknown key, wrong value, or a file that cannot be read; the place is named.
    """
    env = os.environ if environ is None else environ
    layers = [_file_layer(user_config_dir(env) / "config.toml", ())]
    if program_folder is not None:
        layers.append(_program_layer(program_folder.resolve()))
    layers += [_environment_layer(env), _flag_layer(flags)]
    values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for layer in layers:
        for name, value in layer.values.items():
            values[name] = _read(name, value, layer)
            origins[name] = layer.origin(name)
    return Settings(**values, origins=origins)


def _read(name: str, value: object, layer: _Layer) -> object:
    if name not in KEYS:
        raise UserError(f"{layer.origin(name)}: {unknown_setting(name)}")
    key = KEYS[name]
    try:
        read = key.read(value)
        if name in _PATHS and isinstance(read, str) and "://" not in read:
            read = str(layer.folder / Path(read).expanduser())
    except LimitError as error:
        raise UserError(f"{layer.origin(name)}: {error}") from error
    except (ValueError, RuntimeError) as error:  # RuntimeError: the home folder of nobody
        said = redact(repr(value))
        raise UserError(f"{layer.origin(name)}: {name} = {said}: expected {key.expected}") from error
    return read


def unknown_setting(name: str) -> str:
    """Return the message for a name that is no setting."""
    close = close_matches(name, KEYS)
    hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(KEYS)}"
    return f"unknown setting {name!r}: {hint}"


def changed_setting(settings: Settings, name: str, value: str) -> Settings:
    """Return the settings with one changed, as somebody typed it.

    Raises:
        UserError: Unknown key or wrong value.
    """
    layer = _Layer({name: value}, lambda _: "this console", Path.cwd())
    changed: dict[str, Any] = {name: _read(name, value, layer)}
    return replace(settings, **changed, origins={**settings.origins, name: layer.origin(name)})


def _program_layer(folder: Path) -> _Layer:
    """Return the settings of `compmake.toml` in `folder`, or else of the nearest pyproject.toml above."""
    own = folder / "compmake.toml"
    if own.is_file():
        return _file_layer(own, ())
    projects = (parent / "pyproject.toml" for parent in (folder, *folder.parents))
    nearest = next((path for path in projects if path.is_file()), own)
    return _file_layer(nearest, ("tool", "compmake"))


def _file_layer(path: Path, table: Sequence[str]) -> _Layer:
    try:
        text = path.read_text(encoding="utf-8")
        import tomllib  # most programs have no settings

        values: object = tomllib.loads(text)
    except (FileNotFoundError, NotADirectoryError):
        text, values = "", {}
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        reason = error.strerror if isinstance(error, OSError) else error
        raise UserError(f"{path}: these settings cannot be read: {reason}") from error
    for name in table:
        values = values.get(name, {}) if isinstance(values, dict) else {}
    if not isinstance(values, dict):
        raise UserError(f"{path}: [{'.'.join(table)}] must be a table of settings")
    return _Layer(values, lambda name: f"{path}{_line_of(text, name)}", path.parent)


def _line_of(text: str, name: str) -> str:
    pattern = re.compile(rf"""\s*(\[(\w+\.)*)?["']?{re.escape(name)}["']?\s*[=.\]]""")
    lines = (number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line))
    return f":{number}" if (number := next(lines, 0)) else ""


def _environment_layer(env: Mapping[str, str]) -> _Layer:
    prefix = "COMPMAKE_"
    values = {
        name.removeprefix(prefix).lower(): value for name, value in env.items() if name.startswith(prefix) and value
    }
    return _Layer(values, lambda name: f"environment {prefix}{name.upper()}", Path.cwd())


def _flag_layer(flags: Iterable[str]) -> _Layer:
    values = {}
    for flag in flags:
        name, equals, value = flag.partition("=")
        if not equals:
            raise UserError(f"command line: {redact(flag)!r} is no setting: write KEY=VALUE, for example keep=5")
        values[name.strip()] = value.strip()
    return _Layer(values, lambda _: "command line", Path.cwd())


def user_config_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder of the user's own settings: `~/.config/compmake`, or as XDG_CONFIG_HOME says."""
    env = os.environ if environ is None else environ
    base = env.get("XDG_CONFIG_HOME", "")
    if not Path(base).is_absolute():  # the XDG specification says to ignore those
        base = str(Path(env.get("HOME") or Path.home()) / ".config")
    return Path(base) / "compmake"


def key_file(settings: Settings) -> Path:
    """Return the file of the key with which values on servers are signed."""
    return Path(settings.key_file) if settings.key_file else user_config_dir() / "key"


def user_state_dir(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder for what is kept about stores that have none: `~/.local/state/compmake`, or XDG_STATE_HOME."""
    env = os.environ if environ is None else environ
    base = env.get("XDG_STATE_HOME", "")
    if not Path(base).is_absolute():
        base = str(Path(env.get("HOME") or Path.home()) / ".local" / "state")
    return Path(base) / "compmake"


def runtime_folder(environ: Mapping[str, str] | None = None) -> str | None:
    """Return the folder for sockets that the system gave this user, None if there is none that is theirs alone."""
    base = (os.environ if environ is None else environ).get("XDG_RUNTIME_DIR", "")
    try:
        status = os.stat(base)
    except OSError:
        return None
    return base if os.path.isabs(base) and status.st_uid == os.getuid() and not status.st_mode & 0o022 else None


def is_capable(environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether TERM names a terminal that understands escape codes."""
    env = os.environ if environ is None else environ
    return env.get("TERM", "") not in _INCAPABLE


class OutputMode(Enum):
    """How a make is shown."""

    LIVE = "live"
    """Lines that redraw themselves; the stream is a terminal that can."""
    PLAIN = "plain"
    JSON = "json"
    """One JSON object for each event."""
    QUIET = "quiet"


def output_mode(ui: str, *, is_tty: bool, environ: Mapping[str, str] | None = None) -> OutputMode:
    """Decide how a make is shown on a stream; `ui` is the setting of that name.

    Whoever says `live` means it, whatever TERM says; but what is no terminal never gets an escape code.
    """
    if ui in ("json", "quiet"):
        return OutputMode(ui)
    live = is_tty and (ui == "live" or (ui == "auto" and is_capable(environ)))
    return OutputMode.LIVE if live else OutputMode.PLAIN


class ConsoleMode(Enum):
    """What `compmake PROGRAM` without a command opens."""

    RICH = "rich"
    """The console, with completion and a live region."""
    PLAIN = "plain"
    """A prompt and a log, without any escape code."""
    BATCH = "batch"
    """Commands are read from standard input; nobody is asked anything."""


def console_mode(
    ui: str, *, stdin_tty: bool, stdout_tty: bool, stderr_tty: bool, environ: Mapping[str, str] | None = None
) -> ConsoleMode:
    """Decide what to open; `ui` is the setting of that name.

    Standard output may go elsewhere, into a pipe or a file: then the prompt is on standard error.
    """
    if not stdin_tty or not (stdout_tty or stderr_tty):
        return ConsoleMode.BATCH
    return ConsoleMode.RICH if ui in ("auto", "live", "quiet") and is_capable(environ) else ConsoleMode.PLAIN


class BesideScreen(NamedTuple):
    """What a terminal can show beside its screen."""

    title: bool
    progress: bool


def beside_screen(environ: Mapping[str, str] | None = None) -> BesideScreen:
    """Return what the terminal that the environment names can show beside its screen.

    Only those get a mark of progress (OSC 9;4) that are known to have one: for others the code is a message.
    """
    env = os.environ if environ is None else environ
    kind = env.get("TERM", "").partition("-")[0]
    known = env.get("WT_SESSION") or env.get("ConEmuANSI") == "ON" or env.get("TERM_PROGRAM") in _WITH_PROGRESS
    return BesideScreen(kind in _WITH_TITLE, is_capable(env) and bool(known) and kind not in ("screen", "tmux"))


def color_count(color: str, *, is_tty: bool, environ: Mapping[str, str] | None = None) -> int:
    """Return how many colours to use on a stream: 0, 8 or 256; `color` is the setting of that name.

    The setting wins, then NO_COLOR, then CLICOLOR_FORCE and FORCE_COLOR, then whether it is a terminal.
    """
    env = os.environ if environ is None else environ
    term = env.get("TERM", "")
    forced = any(env.get(name, "0") not in ("", "0") for name in ("CLICOLOR_FORCE", "FORCE_COLOR"))
    by_terminal = is_tty and term not in _INCAPABLE
    wanted = color == "always" or (color == "auto" and not env.get("NO_COLOR") and (forced or by_terminal))
    if not wanted:
        return 0
    return 256 if "256" in term or "direct" in term or env.get("COLORTERM") else 8


def terminal_width(descriptor: int, environ: Mapping[str, str] | None = None) -> int:
    """Return the columns of a terminal: what COLUMNS says, else what the terminal says, else 80."""
    env = os.environ if environ is None else environ
    if (columns := env.get("COLUMNS", "")).isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(descriptor).columns or 80
    except OSError:
        return 80


def user_editor(environ: Mapping[str, str] | None = None) -> str:
    """Return the command of the user's editor as they wrote it, VISUAL before EDITOR; empty if neither is set."""
    env = os.environ if environ is None else environ
    return env.get("VISUAL") or env.get("EDITOR") or ""


def terminal_size(descriptor: int) -> tuple[int, int]:
    """Return columns and rows of a terminal as it says now, 80 and 24 for what it does not say."""
    try:
        size = os.get_terminal_size(descriptor)
    except OSError:
        return 80, 24
    return size.columns or 80, size.lines or 24
