"""A line while it is typed: its parts as `line.parse_line` reads them, but never refused; pure."""

import re
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from compmake.selection import KEYWORDS
from compmake.selection.parser import TOKEN
from compmake.ui.commands.registry import Command, read_option
from compmake.words import ScannedWord, Word, quoted, scan_word, skip_space

_PLAIN = re.compile(r"[\w.,:=/+@%#~^-]+")


class Kind(Enum):
    """What a part of a line is."""

    COMMAND = "command"
    WORD = "word"
    OPERATOR = "operator"
    PIPE = "pipe"
    FILE = "file"
    WRONG = "wrong"
    """What cannot stand where it stands."""


class Part(NamedTuple):
    """A word or a sign of a line; between parts is whitespace."""

    kind: Kind
    start: int
    end: int
    word: Word
    open: str = ""
    """The quote that is not closed, or a backslash that nothing follows."""


class Typed(NamedTuple):
    """A line in parts, and what may begin at its end."""

    parts: tuple[Part, ...]
    expects: Kind


def split_line(line: str) -> Typed:
    """Split a line into its parts."""
    parts: list[Part] = []
    expects = Kind.COMMAND
    position = skip_space(line, 0)
    while position < len(line):
        new, expects = _read_part(line, position, expects)
        parts += new
        position = skip_space(line, parts[-1].end)
    return Typed(tuple(parts), expects)


def _read_part(line: str, start: int, expects: Kind) -> tuple[list[Part], Kind]:
    """Return the one or two parts that begin at `start`, and what may follow them."""

    def sign(kind: Kind, length: int = 1) -> Part:
        return Part(kind, start, start + length, Word(line[start : start + length]))

    if line[start] == ";":
        return [sign(Kind.OPERATOR)], Kind.COMMAND
    if expects is Kind.PIPE:
        end = _end_of_step(line, start)
        return [Part(Kind.PIPE, start, end, Word(line[start:end]))], Kind.PIPE
    if expects in (Kind.COMMAND, Kind.WORD):
        if line[start] == "|":
            return [sign(Kind.OPERATOR)], Kind.PIPE
        if line[start] == ">":
            return [sign(Kind.OPERATOR, 2 if line.startswith(">>", start) else 1)], Kind.FILE
        return _read_word(scan_word(line, start, ";|>"), start, expects)
    if expects is Kind.FILE:
        found = scan_word(line, start, ";|>&")
        if found.end > start:
            return [Part(Kind.FILE, start, found.end, found.word, found.open)], Kind.OPERATOR
    if expects is Kind.OPERATOR and line[start] == "&":
        return [sign(Kind.OPERATOR)], Kind.WRONG
    found = scan_word(line, start, ";|>&")
    return [sign(Kind.WRONG, max(found.end - start, 1))], Kind.WRONG


def _read_word(found: ScannedWord, start: int, kind: Kind) -> tuple[list[Part], Kind]:
    """Return a word of a command, and the `&` at its end."""
    text, is_quoted = found.word
    if is_quoted or not text.endswith("&"):
        return [Part(kind, start, found.end, found.word, found.open)], Kind.WORD
    background = Part(Kind.OPERATOR, found.end - 1, found.end, Word("&"))
    if text.endswith("&&"):
        return [Part(Kind.WRONG, start, found.end, found.word)], Kind.WRONG
    if text == "&":
        return [background], Kind.WRONG
    return [Part(kind, start, found.end - 1, Word(text[:-1])), background], Kind.WRONG


def _end_of_step(line: str, position: int) -> int:
    end = position
    while position < len(line) and line[position] != ";":
        end = scan_word(line, position, ";").end
        position = skip_space(line, end)
    return end


class Token(NamedTuple):
    """A word of a selection, or a parenthesis, and where it stands in the line."""

    text: str
    start: int
    end: int
    quoted: bool = False


def tokens_of(part: Part, knows_job: Callable[[str], bool]) -> list[Token]:
    """Split the parentheses off a word, as selections are read; an id that has some need not be quoted."""
    text, is_quoted = part.word
    if is_quoted or ("(" in text[:-2] and knows_job(text)):
        return [Token(text, part.start, part.end, True)]
    return [Token(m[0], part.start + m.start(), part.start + m.end()) for m in TOKEN.finditer(text)]


def needs_quotes(text: str, found: Command | None = None) -> bool:
    """Return whether a job id, or what else stands for itself, must be quoted as a word of a command."""
    if not _PLAIN.fullmatch(text) or text in KEYWORDS or text.startswith("-"):
        return True
    return found is not None and read_option(found, Word(text)).option is not None


def as_word(text: str, found: Command | None = None) -> str:
    """Return how to type a text so that it is read back as exactly this."""
    return quoted(text) if needs_quotes(text, found) else text
