"""The colours of a line while it is typed; pure."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from compmake.job import JobState
from compmake.selection import KEYWORDS
from compmake.selection.names import GLOB_CHARACTERS
from compmake.selection.parser import SETS, STATES
from compmake.settings import KEYS
from compmake.ui.commands.registry import ALWAYS_TAKEN, JOB_WORDS, Command, Option, is_dashed, read_option
from compmake.ui.typed import Kind, Part, Token, split_line, tokens_of
from compmake.ui.vocabulary import Vocabulary, choices_of
from compmake.words import Word

Role = JobState | str
"""A state, or another role of the palette in `text`: `bold` is a command, `dim` the shell's; empty for plain text."""

_STATES = {state.value: state for state in STATES}


class _Span(NamedTuple):
    start: int
    end: int
    role: Role


def highlight(line: str, vocabulary: Vocabulary) -> list[tuple[Role, str]]:
    """Return the line in pieces, each with its role; together they are the line.

    A word that is being typed at the end of the line is not marked as unknown while something begins so.
    """
    pieces: list[tuple[Role, str]] = []
    position = 0
    for start, end, role in _Painter(line, vocabulary).spans():
        if start > position:
            pieces.append(("", line[position:start]))
        if end > start:
            pieces.append((role, line[start:end]))
        position = end
    if position < len(line):
        pieces.append(("", line[position:]))
    return pieces


class _Painter:
    """Walks over one line; knows the command whose words come."""

    def __init__(self, line: str, vocabulary: Vocabulary) -> None:
        self._line = line
        self._names = vocabulary
        self._command: Command | None = None
        self._awaited: Option | None = None
        self._taken = 0
        self._setting = ""

    def spans(self) -> Iterator[_Span]:
        """Yield where each role begins and ends, from left to right."""
        for part in split_line(self._line).parts:
            match part.kind:
                case Kind.COMMAND:
                    yield self._begin(part)
                case Kind.WORD:
                    yield from self._word(part)
                case Kind.OPERATOR:
                    yield _Span(part.start, part.end, "keyword")
                case Kind.PIPE:
                    yield _Span(part.start, part.end, "dim")
                case Kind.FILE:
                    yield _Span(part.start, part.end, "string" if part.word.quoted else "")
                case Kind.WRONG:
                    yield _Span(part.start, part.end, "unknown")

    def _begin(self, part: Part) -> _Span:
        """Take a command; the words of an alias come before those that are typed."""
        self._command, self._awaited, self._taken = None, None, 0
        text = part.word.text
        if text.startswith("@") and not part.word.quoted:
            return _Span(part.start, part.end, "bold")
        found = self._names.find_command(part.word)
        if found is not None:
            self._command = found[0]
            for word in found[1]:
                self._role(word)
            return _Span(part.start, part.end, "bold")
        begun = self._is_typed(part) and any(name.startswith(text) for name in self._names.command_words())
        return _Span(part.start, part.end, "" if begun else "unknown")

    def _word(self, part: Part) -> Iterator[_Span]:
        """Yield the roles in a word of a command."""
        role = self._role(part.word)
        takes = self._command.takes.strip("[]") if self._command is not None else ""
        if role is not None:
            at = part.start + part.word.text.find("=") + 1 if role == "option" and "=" in part.word.text else part.end
            yield _Span(part.start, at, role)
        elif takes in JOB_WORDS:
            for token in tokens_of(part, self._names.names.ids.__contains__):
                yield _Span(token.start, token.end, self._token(token, part))
        else:
            yield _Span(part.start, part.end, self._other(part, takes))

    def _role(self, word: Word) -> Role | None:
        """Return the role of an option or its value; None for the words that a command takes."""
        if self._command is None:
            return ""
        if self._awaited is not None:
            self._awaited = None
            return "string" if word.quoted else ""
        option, _, equals, _ = read_option(self._command, word)
        if option is not None:
            self._awaited = option if option.value and not equals else None
            return "option"
        if is_dashed(word):
            return "option" if word.text in ALWAYS_TAKEN else "unknown"
        self._taken += 1
        return None

    def _token(self, token: Token, part: Part) -> Role:
        """Return the role of a word in a selection."""
        text, names = token.text, self._names
        if token.quoted:
            known = names.knows_job(text)
            return ("string" if part.word.quoted else "") if known or self._begins_job(text, part) else "unknown"
        if text in _STATES:
            return _STATES[text]
        if text in KEYWORDS:
            return "keyword"
        call = text.endswith("()") or (self._is_typed(part) and self._line[token.end :] == "(")
        function = call and names.knows_function(text.removesuffix("()"))
        if function or text in ("(", ")") or GLOB_CHARACTERS.intersection(text) or names.knows_job(text):
            return ""
        if text == "?" and self._taken == 1:
            return ""
        return "" if token.end == part.end and self._begins(text, part) else "unknown"

    def _begins(self, text: str, part: Part) -> bool:
        """Return whether a word that is being typed can become one that is known."""
        words = (*KEYWORDS, *SETS)
        functions = self._names.names.full_functions
        return self._begins_job(text, part) or (
            self._is_typed(part)
            and (any(word.startswith(text) for word in words) or any(name.startswith(text) for name in functions))
        )

    def _begins_job(self, text: str, part: Part) -> bool:
        return self._is_typed(part) and self._names.names.ids.count(text) > 0

    def _is_typed(self, part: Part) -> bool:
        return part.end == len(self._line)

    def _other(self, part: Part, takes: str) -> Role:
        """Return the role of a word that is no selection."""
        text = part.word.text
        plain = "string" if part.word.quoted else ""
        if (text == "?" and self._taken == 1) or takes == "NAME LINE":
            return plain
        if takes == "MAKE":
            return plain if text.strip("[]%").isdecimal() else "unknown"
        names: Iterable[str] = ()
        if takes == "COMMAND":
            names = self._names.command_words()
        elif takes == "NAME":
            names = self._names.aliases
        elif takes == "KEY VALUE":
            if self._taken > 1:
                self._setting, setting = "", self._setting
                names = choices_of(setting) or (text,)
            else:
                self._setting, names = text, KEYS
        begun = self._is_typed(part) and any(name.startswith(text) for name in names)
        return plain if begun or text in names else "unknown"
