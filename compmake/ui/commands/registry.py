"""The registry of commands: what each takes, how its words are parsed, and what `help` prints."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from compmake.errors import UserError
from compmake.text_safety import one_line
from compmake.words import Word, close_matches, quoted

SECTIONS = ("make", "look", "fix", "store", "general")
_DIGITS = 9
"""No number that an option takes is longer."""
_TYPED_CELLS = 200


class Option(NamedTuple):
    """An option of one command: `-n 5` and `n=5` for one with a value, `--all` for a flag."""

    name: str
    help: str
    value: str = ""
    """What its value is called in `help`; empty for a flag."""
    short: str = ""
    aliases: tuple[str, ...] = ()
    """Other names for it."""
    choices: tuple[str, ...] = ()
    """The values that it may have, if only few words are possible; anything else is refused."""

    @property
    def spelled(self) -> str:
        """Return the shortest way to write it, for the usage of its command."""
        if self.value and self.short in ("", self.name):
            return f"{self.name}={self.value}"
        return f"-{self.short} {self.value}".rstrip() if self.short else f"--{self.name}"

    @property
    def spellings(self) -> str:
        """Return all ways to write it, for its own line of `help`."""
        if not self.value:
            return f"-{self.short}, --{self.name}" if self.short else f"--{self.name}"
        return ", ".join(
            dict.fromkeys([self.spelled, *(f"{name}={self.value}" for name in (self.name, *self.aliases))])
        )


YES = Option("yes", "do not ask", short="y")
ALWAYS_TAKEN = ("-y", "--yes")
"""Scripts say it to every command; one that never asks passes it over."""
JSON = Option("json", "one JSON object per line and nothing else")
ALL = Option("all", "print everything, also what does not fit on the screen of the console")
"""A command that declares this one prints at most one screen in the console."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The words of one command, parsed."""

    selection: tuple[Word, ...] = ()
    options: dict[str, str | bool] = field(default_factory=dict)

    def flag(self, name: str) -> bool:
        """Return whether a flag was given."""
        return bool(self.options.get(name))

    def text(self, name: str) -> str | None:
        """Return the value of an option, None if it was not given."""
        value = self.options.get(name)
        return value if isinstance(value, str) else None

    def number(self, name: str) -> int | None:
        """Return the value of an option as a number of 1 or more.

        Raises:
            UserError: It is none.
        """
        value = self.text(name)
        if value is None:
            return None
        if not value.isdecimal() or len(value) > _DIGITS or int(value) < 1:
            raise UserError(f"{name}={one_line(value, 40)}: a number of 1 or more is needed")
        return int(value)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command found: lines for people, objects for `--json`, and how the process should exit."""

    lines: Sequence[str] | Iterator[str] = ()
    objects: Iterable[dict[str, Any]] = ()
    exit_code: int = 0
    footer: Sequence[str] = ()
    """Lines that are shown after `lines` also if those were too many for the screen; people only need them."""
    live: bool = False
    """Whether the lines, or objects, come as things happen: each is written at once."""
    then: str = ""
    """A line of commands to be carried out next: what the user chose on a screen."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: everything that `help`, the parser and the runner need to know of it."""

    name: str
    summary: str
    section: str
    run: Callable[..., Reply]
    aliases: tuple[str, ...] = ()
    takes: str = ""
    """What its words are: a key of `WORDS`, in brackets if it also works without them; nothing if it takes none."""
    options: tuple[Option, ...] = ()
    examples: tuple[str, ...] = ()
    needs_program: bool = True
    """False for what can be answered before the program is loaded."""
    of_store: bool = False
    """Whether the store is all that it needs: the program is not loaded for it."""
    background: bool = False
    """Whether `&` may end it."""
    console: bool = False
    """Whether it means something in the interactive console only."""

    @property
    def usage(self) -> str:
        """Return the line that shows how it is written."""
        options = [f"[{option.spelled}]" for option in self.options]
        return " ".join([self.name, *([self.takes] if self.takes else []), *options])


_commands: dict[str, Command] = {}
_names: dict[str, str] = {}
_F = TypeVar("_F", bound=Callable[..., Reply])


def command(
    name: str,
    summary: str,
    *,
    section: str,
    aliases: Sequence[str] = (),
    takes: str = "",
    options: Sequence[Option] = (),
    examples: Sequence[str] = (),
    needs_program: bool = True,
    of_store: bool = False,
    background: bool = False,
    console: bool = False,
) -> Callable[[_F], _F]:
    """Register the decorated function as a command; its arguments are the session and `Arguments`."""

    def register(function: _F) -> _F:
        made = Command(
            name,
            summary,
            section,
            function,
            aliases=tuple(aliases),
            takes=takes,
            options=tuple(options),
            examples=tuple(examples),
            needs_program=needs_program,
            of_store=of_store,
            background=background,
            console=console,
        )
        _commands[name] = made
        _names.update(dict.fromkeys((name, *aliases), name))
        return function

    return register


def all_commands() -> Iterator[Command]:
    """Yield every command, section by section."""
    for section in SECTIONS:
        yield from (found for found in _commands.values() if found.section == section)


def command_names() -> list[str]:
    """Return the names and aliases of all commands."""
    return sorted(_names)


def find_command(name: str, words: Sequence[Word] = (), aliases: Iterable[str] = ()) -> Command:
    """Return the command of that name or alias.

    Args:
        name: As it was typed.
        words: What was typed behind it, for the line that is suggested.
        aliases: The user's own words for lines, which may have been meant too.

    Raises:
        UserError: There is none; the text says what was probably meant.
    """
    if name in _names:
        return _commands[_names[name]]
    close = close_matches(name, [*_names, *(alias for alias in aliases if alias != name)])
    hint = f"did you mean {' or '.join(close)}?" if close else "`help` lists the commands"
    if close and words:
        typed = " ".join(quoted(word.text) if word.quoted else word.text for word in words)
        hint = f"did you mean: {close[0]} {one_line(typed, _TYPED_CELLS)}"
    raise UserError(f"unknown command {one_line(name, 60)!r}: {hint}")


class OptionWord(NamedTuple):
    """What a word says as an option."""

    option: Option | None
    """None if it is none that the command has."""
    key: str
    equals: str
    """`=` if a value stands in the same word."""
    value: str


def is_dashed(word: Word) -> bool:
    """Return whether a word can only be an option."""
    return word.text.startswith("-") and len(word.text.partition("=")[0]) > 1 and not word.quoted


def read_option(found: Command, word: Word) -> OptionWord:
    """Read a word as an option of a command: `--all`, `-j`, `-j4`, `--dir=x`, `dir=x`."""
    by_name = {option.name: option for option in found.options}
    by_name.update({name: option for option in found.options for name in (option.short, *option.aliases) if name})
    key, equals, value = word.text.partition("=")
    dashed = is_dashed(word)
    name = key.lstrip("-") if dashed else key
    if dashed and name not in by_name and name[:1] in by_name and name[1:].isdecimal() and not equals:
        name, equals, value = name[0], "=", name[1:]  # -j4
    option = by_name.get(name) if dashed or (equals and not word.quoted) else None
    return OptionWord(option, key, equals, value)


def parse_arguments(found: Command, words: Sequence[Word]) -> Arguments:
    """Tell options from the selection.

    `key=value` is an option only if the command declares `key`: ids may hold `=`. Quoted words are never options.

    Raises:
        UserError: An unknown option, a missing value, or words where the command takes none.
    """
    selection: list[Word] = []
    options: dict[str, str | bool] = {}
    rest = iter(words)
    for word in rest:
        option, key, equals, value = read_option(found, word)
        dashed = is_dashed(word)
        if option is None:
            if dashed and key in ALWAYS_TAKEN:
                continue
            if dashed:
                raise UserError(_unknown_option(found, key))
            selection.append(word)
            continue
        if not option.value:
            if equals:
                raise UserError(f"{found.name}: {key} takes no value")
            options[option.name] = True
            continue
        if not equals:
            value = next(rest, Word("")).text
        if not value:
            raise UserError(f"{found.name}: {key} needs a value: {option.spelled}")
        if option.choices and value not in option.choices:
            raise UserError(f"{found.name}: {key} is one of {', '.join(option.choices)}, not {one_line(value, 40)!r}")
        options[option.name] = value
    if selection and not found.takes:
        raise UserError(f"{found.name} takes no arguments, but got {one_line(selection[0].text, 60)!r}: {found.usage}")
    if not selection and found.takes and not found.takes.startswith("["):
        raise UserError(f"{found.name} needs {WORDS[found.takes]}: {found.usage}")
    return Arguments(tuple(selection), options)


JOB_WORDS = ("SEL", "JOB")
"""The kinds of words that are read as selections."""
WORDS = {
    "SEL": "a selection of jobs",
    "JOB": "a job",
    "COMMAND": "a command",
    "MAKE": "the number of a make, as `jobs` tells it",
    "KEY VALUE": "a setting and its value",
    "NAME LINE": "a name and the line that it stands for",
    "NAME": "the name of an alias",
    "N": "a number",
}
"""What the words of commands are; the completion knows the same kinds."""


def _unknown_option(found: Command, key: str) -> str:
    close = close_matches(key.lstrip("-"), [option.name for option in found.options])
    hint = f"did you mean --{close[0]}?" if close else f"usage: {found.usage}"
    return f"{found.name} has no option {one_line(key, 40)}: {hint}"
