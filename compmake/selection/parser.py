"""Words -> Selection, by recursive descent: one method for each rule of the grammar."""

import re
from collections.abc import Callable, Iterable

from compmake.errors import SelectionError
from compmake.job import JobState
from compmake.selection.nodes import (
    AllOf,
    AnyOf,
    Bottom,
    Everything,
    Except,
    InState,
    Last,
    Literal,
    Name,
    Not,
    Related,
    Selection,
    Top,
)
from compmake.text_safety import one_line
from compmake.words import Word

STATES = (
    JobState.DONE,
    JobState.TODO,
    JobState.STALE,
    JobState.FAILED,
    JobState.BLOCKED,
    JobState.RUNNING,
    JobState.READY,
)
"""The states that a selection may name."""
SETS: dict[str, Selection] = {
    "all": Everything(),
    "top": Top(),
    "bottom": Bottom(),
    "last": Last(),
    **{state.value: InState(state) for state in STATES},
}
"""Words that select jobs by themselves."""
RELATIONS = frozenset({"deps", "dependents", "ancestors", "descendants"})
"""Words that `of` and a selection follow."""
_OPERATORS = frozenset({"in", "and", "except", "but", "not", "or", "of"})
KEYWORDS = frozenset({*SETS, *RELATIONS, *_OPERATORS})
"""Words that mean something by themselves; a job of such a name must be quoted."""

_MAX_DEPTH = 50
TOKEN = re.compile(r"[^()]+\(\)|[^()]+|[()]")
"""What a bare word is split into."""


class Parser:
    """Reads one selection."""

    def __init__(self, words: Iterable[Word]) -> None:
        self._tokens = [token for word in words for token in _tokens(word)]
        self._next = 0
        self._depth = 0

    def parse(self) -> Selection:
        """Return the selection.

        Raises:
            SelectionError: It does not follow the grammar, is empty, or is nested too deeply.
        """
        if not self._tokens:
            raise SelectionError("the selection is empty: name some jobs, or say all.")
        selection = self._selection()
        if self._next < len(self._tokens):
            raise self._unexpected()
        return selection

    def _selection(self) -> Selection:
        return self._chain(self._difference, {"in", "and"}, AllOf)

    def _difference(self) -> Selection:
        return self._chain(self._negation, {"except", "but"}, Except)

    def _chain(
        self,
        read: Callable[[], Selection],
        operators: set[str],
        join: Callable[[tuple[Selection, ...]], Selection],
    ) -> Selection:
        terms = [read()]
        while self._peek() in operators:
            self._next += 1
            terms.append(read())
        return join(tuple(terms)) if len(terms) > 1 else terms[0]

    def _negation(self) -> Selection:
        negated = False
        while self._peek() == "not":
            self._next += 1
            negated = not negated
        union = self._union()
        return Not(union) if negated else union

    def _union(self) -> Selection:
        terms = [self._atom()]
        while True:
            if self._peek() == "or":
                self._next += 1
            elif not self._at_atom():
                return AnyOf(tuple(terms)) if len(terms) > 1 else terms[0]
            terms.append(self._atom())

    def _atom(self) -> Selection:
        if not self._at_atom():
            raise self._unexpected()
        token = self._tokens[self._next]
        self._next += 1
        if token.quoted:
            return Literal(token.text)
        if token.text == "(":
            inner = self._nested(self._selection)
            if self._peek() != ")":
                raise self._unexpected() if self._next < len(self._tokens) else SelectionError("a ) is missing.")
            self._next += 1
            return inner
        if token.text in RELATIONS:
            if self._peek() != "of":
                raise SelectionError(
                    f"'{token.text}' needs 'of' after it: {token.text} of JOB. A job's id can be quoted."
                )
            self._next += 1
            return Related(token.text, self._nested(self._atom))
        return SETS.get(token.text) or Name(token.text, KEYWORDS)

    def _nested(self, read: Callable[[], Selection]) -> Selection:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise SelectionError(f"the selection is nested more than {_MAX_DEPTH} deep.")
        inner = read()
        self._depth -= 1
        return inner

    def _peek(self) -> str | None:
        """Return the next token if it is bare."""
        token = self._tokens[self._next] if self._next < len(self._tokens) else None
        return None if token is None or token.quoted else token.text

    def _at_atom(self) -> bool:
        return self._next < len(self._tokens) and self._peek() not in _OPERATORS | {")"}

    def _unexpected(self) -> SelectionError:
        before = one_line(self._tokens[self._next - 1].text, 40) if self._next else ""
        if self._next == len(self._tokens):
            return SelectionError(f"something is missing after '{before}'.")
        token = one_line(self._tokens[self._next].text, 40)
        place = f"after '{before}'" if before else "at the beginning"
        hint = {
            "not": " Say 'except', or 'and not'.",
            ")": "" if before == "(" else " There is no ( for it.",
        }.get(token, " If it is a job's id, quote it.")
        return SelectionError(f"'{token}' cannot stand {place}.{hint}")


def _tokens(word: Word) -> list[Word]:
    """Split the parentheses off a bare word; those of `func1()` stay."""
    return [word] if word.quoted else [Word(text) for text in TOKEN.findall(word.text)]
