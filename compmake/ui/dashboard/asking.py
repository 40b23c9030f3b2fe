"""What the last line of the dashboard asks: a text to be typed, a choice by one key."""

from collections.abc import Callable, Sequence
from os.path import commonprefix
from typing import NamedTuple, Protocol

from compmake.text_safety import cells
from compmake.ui.candidates import Candidate
from compmake.ui.dashboard.field import Field
from compmake.ui.dashboard.keys import Line
from compmake.ui.text import PLAIN, Style, cut_middle

_LEAST_CELLS = 8
_OFFERED = 20
Complete = Callable[[str], Sequence[Candidate]]
"""Returns what may stand behind what was typed."""


class Asking(Protocol):
    """Has the keys until it is answered or left."""

    def draw(self, columns: int) -> Line:
        """Return the line."""
        ...

    def press(self, key: str) -> bool:
        """Take a key; return whether it still asks."""
        ...


class Typing:
    """A text; Enter takes it, Esc leaves it, Tab offers what may stand at the cursor."""

    def __init__(
        self, field: Field, take: Callable[[str], str], hint: str = "", complete: Complete | None = None
    ) -> None:
        """Begin.

        Args:
            field: What is typed into.
            take: Gets the text; returns what is wrong with it, empty if it is taken.
            hint: Said until something is typed.
            complete: Returns what may stand behind a text.
        """
        self._field, self._take, self._hint, self._complete = field, take, hint, complete
        self._wrong = ""
        self._offered: Sequence[Candidate] = ()
        self._behind = ""
        """What stood before the cursor when they were offered."""
        self._at = -1
        """The one that was inserted."""

    def draw(self, columns: int) -> Line:
        """The field, and what is wrong or may stand there."""
        line = self._field.draw(columns)
        for number, candidate in list(enumerate(self._offered))[max(self._at, 0) :][:_OFFERED]:
            line += [("plain", "  "), ("strong" if number == self._at else "dim", candidate.display)]
        if self._offered:
            return line
        if self._wrong:
            return [*line, ("error", f"  {self._wrong}")]
        return line if self._field.text else [*line, ("dim", f"  {self._hint}")]

    def press(self, key: str) -> bool:
        """Edit, take or leave."""
        if key == "enter":
            self._wrong = self._take(self._field.text)
            return bool(self._wrong)
        if key in ("esc", "f2"):
            return False
        if key in ("tab", "shift tab"):
            self._offer(1 if key == "tab" else -1)
            return True
        self._offered, self._at = (), -1
        if self._field.press(key):
            self._wrong = ""
        return True

    def _offer(self, step: int) -> None:
        """Insert what all that is offered begins with and show it, then insert one after the other."""
        if not self._offered and self._complete is not None:
            self._behind = self._field.before
            self._offered, self._at = self._complete(self._behind), -1 if step > 0 else 0
            if len(self._offered) > 1:
                self._insert_common()
                return
        if self._offered:
            self._at = (self._at + step) % len(self._offered)
            chosen = self._offered[self._at]
            self._field.before = self._behind[: len(self._behind) - chosen.replaces] + chosen.text
            if len(self._offered) == 1:
                self._offered, self._at = (), -1

    def _insert_common(self) -> None:
        common = commonprefix([candidate.text for candidate in self._offered])  # noqa: RUF071 -- it is no path
        begun = {self._behind[len(self._behind) - candidate.replaces :] for candidate in self._offered}
        typed = begun.pop()
        if not begun and common.startswith(typed):
            self._field.before = self._behind[: len(self._behind) - len(typed)] + common


class Option(NamedTuple):
    """One answer and the key for it."""

    key: str
    label: str
    do: Callable[[], None]


class Choice:
    """One of several; any other key leaves it."""

    def __init__(self, question: str, options: Sequence[Option], *, style: Style = PLAIN) -> None:
        self._question, self._options, self._style = question, options, style

    def draw(self, columns: int) -> Line:
        """The question, as far as there is room, and a key for each answer."""
        answers: Line = []
        for option in self._options:
            answers += [("key", option.key), ("plain", f" {option.label}   ")]
        room = columns - sum(cells(text) for _, text in answers) - 3
        question = cut_middle(self._question, max(room, _LEAST_CELLS), self._style)
        return [("strong", f" {question}  "), *answers, ("dim", "Esc leaves it")]

    def press(self, key: str) -> bool:
        """Do what was chosen."""
        for option in self._options:
            if key == option.key:
                option.do()
        return False
