"""The line that was probably meant, for one that was not understood; pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from compmake.job import JobId
from compmake.selection import KEYWORDS
from compmake.selection.names import GLOB_CHARACTERS, nearby
from compmake.settings import KEYS
from compmake.ui.commands.registry import ALWAYS_TAKEN, Command, is_dashed, read_option
from compmake.ui.typed import Kind, Part, Token, as_word, split_line, tokens_of
from compmake.ui.vocabulary import Vocabulary, choices_of
from compmake.words import close_matches

_MOST_CHARACTERS = 1000
"""A longer line is hardly a slip of the finger."""


class _Correction(NamedTuple):
    start: int
    end: int
    text: str


def suggestion(line: str, vocabulary: Vocabulary) -> str | None:
    """Return the line with misspelt commands, options, jobs, functions and settings corrected; None if none is."""
    if len(line) > _MOST_CHARACTERS:
        return None
    corrected = line
    for correction in reversed(_corrections(line, vocabulary)):
        corrected = corrected[: correction.start] + correction.text + corrected[correction.end :]
    return corrected if corrected != line else None


def _corrections(line: str, vocabulary: Vocabulary) -> list[_Correction]:
    found: list[_Correction] = []
    command: Command | None = None
    awaits_value = False
    taken: list[str] = []
    for part in split_line(line).parts:
        if part.kind is Kind.COMMAND:
            name = _command(part, vocabulary)
            found += _replaced(part, name)
            known = vocabulary.find_command(part.word if name is None else part.word._replace(text=name))
            command, awaits_value, taken = (known[0] if known else None), False, []
        elif part.kind is not Kind.WORD or command is None:
            continue
        elif awaits_value:
            awaits_value = False
        elif is_dashed(part.word):
            option, _, equals, _ = read_option(command, part.word)
            awaits_value = option is not None and bool(option.value) and not equals
            if option is None:
                found += _option(part, command)
        elif read_option(command, part.word).option is None:
            taken.append(part.word.text)
            found += _word(part, command, taken, vocabulary)
    return found


def _replaced(part: Part, text: str | None) -> list[_Correction]:
    return [] if text is None else [_Correction(part.start, part.end, text)]


def _closest(text: str, names: Iterable[str]) -> str | None:
    return next(iter(close_matches(text, names, 1)), None)


def _command(part: Part, vocabulary: Vocabulary) -> str | None:
    """Return what a command that is not known was meant to be."""
    text = part.word.text
    if text.startswith("@") or vocabulary.find_command(part.word) is not None:
        return None
    return _closest(text, vocabulary.command_words())


def _option(part: Part, command: Command) -> list[_Correction]:
    key, equals, value = part.word.text.partition("=")
    if key in ALWAYS_TAKEN:
        return []
    close = _closest(key.lstrip("-"), [option.name for option in command.options])
    return _replaced(part, f"--{close}{equals}{value}" if close else None)


def _word(part: Part, command: Command, taken: Sequence[str], vocabulary: Vocabulary) -> list[_Correction]:
    """Correct one of the words that the command takes; `taken` are these words so far, itself included."""
    text = part.word.text
    match command.takes.strip("[]"):
        case "SEL" | "JOB":
            tokens = tokens_of(part, vocabulary.names.ids.__contains__)
            return [fixed for token in tokens for fixed in _token(token, command, vocabulary)]
        case "COMMAND":
            names: Iterable[str] = vocabulary.command_words()
        case "NAME":
            names = vocabulary.aliases
        case "KEY VALUE":
            names = KEYS if len(taken) == 1 else choices_of(taken[0])
        case _:
            return []
    return [] if text in names else _replaced(part, _closest(text, names))


def _token(token: Token, command: Command, vocabulary: Vocabulary) -> list[_Correction]:
    """Correct a word of a selection."""
    text, names = token.text, vocabulary.names
    if vocabulary.knows_job(text) or text in ("(", ")", "?"):
        return []
    ids: Sequence[JobId] = nearby(text, names.ids.natural)
    if token.quoted:
        close = _closest(text, ids)
        return [_Correction(token.start, token.end, as_word(close, command))] if close else []
    if (
        text in KEYWORDS
        or GLOB_CHARACTERS.intersection(text)
        or (text.endswith("()") and vocabulary.knows_function(text[:-2]))
    ):
        return []
    functions = [f"{name}()" for name in (names.full_functions if "." in text else names.functions)]
    close = _closest(text, [*sorted(KEYWORDS), *functions, *ids])
    if close is None:
        return []
    plain = close in KEYWORDS or close in functions
    return [_Correction(token.start, token.end, close if plain else as_word(close, command))]
