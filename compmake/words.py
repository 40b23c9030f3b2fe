"""Words as people type them: quotes and backslashes, for command lines and selections alike."""

from collections.abc import Iterable
from typing import NamedTuple

from compmake.errors import UserError
from compmake.text_safety import cells, one_line

_CONTEXT_CELLS = 60


class Word(NamedTuple):
    """One word; `quoted` if any of it was protected by quotes or a backslash, so that it stands for itself."""

    text: str
    quoted: bool = False


def close_matches(text: str, names: Iterable[str], most: int = 3) -> list[str]:
    """Return the names that `text` was probably meant to be, the closest first."""
    import difflib  # only mistakes and differences need it

    return difflib.get_close_matches(text, list(names), most)


def plural(count: int, noun: str) -> str:
    """Return `1 job`, `2 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def bytes_text(count: int) -> str:
    """Return a size in powers of 1000 with two or three digits: `900B`, `12K`, `310M`, `1.9G`."""
    value, units = float(count), "BKMGTPE"
    at = 0
    while value >= 999.5 and at < len(units) - 1:
        value, at = value / 1000, at + 1
    return f"{value:.1f}{units[at]}" if at and value < 9.95 else f"{value:.0f}{units[at]}"


def split_words(text: str) -> list[Word]:
    """Split text at whitespace outside quotes.

    Raises:
        UserError: A quote is not closed, or nothing follows a backslash.
    """
    words = []
    position = skip_space(text, 0)
    while position < len(text):
        word, position = read_word(text, position)
        words.append(word)
        position = skip_space(text, position)
    return words


def skip_space(text: str, position: int) -> int:
    """Return where the next character that is no whitespace stands, the length of `text` if there is none."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def read_word(text: str, start: int, stops: str = "") -> tuple[Word, int]:
    """Read the word at `start` and return it with the position after it.

    It ends before whitespace or one of `stops` outside quotes, and is empty if one of them stands at `start`. Inside
    '..' everything is literal; inside ".." a backslash protects only `"` and itself; elsewhere the next character.
    Parentheses around something quoted are words of their own, as in `('a b' or c)`.

    Raises:
        UserError: A quote is not closed, or nothing follows a backslash.
    """
    scanned = scan_word(text, start, stops)
    if scanned.open == "\\":
        raise UserError(point_at(text, scanned.opened_at, "nothing follows the backslash"))
    if scanned.open:
        raise UserError(point_at(text, scanned.opened_at, f"the quote {scanned.open} is not closed"))
    return scanned.word, scanned.end


class ScannedWord(NamedTuple):
    """A word that is perhaps still being typed."""

    word: Word
    end: int
    """The position after it."""
    open: str = ""
    """The quote that is not closed, or a backslash that nothing follows."""
    opened_at: int = 0


def scan_word(text: str, start: int, stops: str = "") -> ScannedWord:
    """Read a word as `read_word` does, but take what is not closed as it is."""
    parts: list[str] = []
    quoted = only_parentheses = False
    position = start
    while position < len(text):
        character = text[position]
        if character.isspace() or character in stops:
            break
        if character == ")" if quoted else character in "'\"\\" and only_parentheses:
            break
        if character in "'\"":
            inside, end, closed = _scan_quoted(text, position)
            parts.append(inside)
            if not closed:
                return ScannedWord(Word("".join(parts), True), end, character, position)
            quoted, position = True, end
        elif character == "\\":
            quoted = True
            if position + 1 == len(text):
                return ScannedWord(Word("".join(parts), True), len(text), character, position)
            parts.append(text[position + 1])
            position += 2
        else:
            only_parentheses = character == "(" and (only_parentheses or not parts)
            parts.append(character)
            position += 1
    return ScannedWord(Word("".join(parts), quoted), position)


def is_open(text: str) -> bool:
    """Tell whether a quote in the text waits for its end, or a backslash for what it protects."""
    position = skip_space(text, 0)
    while position < len(text):
        word = scan_word(text, position)
        if word.open:
            return True
        position = skip_space(text, max(word.end, position + 1))
    return False


def _scan_quoted(text: str, start: int) -> tuple[str, int, bool]:
    """Return what stands between quotes, the position after it, and whether it is closed."""
    quote = text[start]
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        character = text[position]
        if character == quote:
            return "".join(parts), position + 1, True
        if quote == '"' and text[position : position + 2] in {'\\"', "\\\\"}:
            position += 1
        parts.append(text[position])
        position += 1
    return "".join(parts), len(text), False


def quoted(text: str, quote: str = "'") -> str:
    """Return `text` in quotes, so that it is read back as one word; in '..' only if it has no such quote."""
    if quote == "'" and "'" not in text:
        return f"'{text}'"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def point_at(text: str, position: int, problem: str) -> str:
    """Return `problem` followed by the line that was typed and a caret under `position`."""
    start = max(0, position - _CONTEXT_CELLS // 2)
    before = one_line(text[start:position] + "x", 1000)[:-1]
    return f"{problem}\n  {before}{one_line(text[position:], _CONTEXT_CELLS)}\n  {' ' * cells(before)}^"
