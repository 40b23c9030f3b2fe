"""What the last line of the dashboard asks: a text to be typed, a choice by one key."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from compmake.text_safety import cells
from compmake.ui.dashboard.field import Field
from compmake.ui.dashboard.keys import Line
from compmake.ui.text import PLAIN, Style, cut_middle

_LEAST_CELLS = 8


class Asking(Protocol):
    """Has the keys until it is answered or left."""

    def draw(self, columns: int) -> Line:
        """Return the line."""
        ...

    def press(self, key: str) -> bool:
        """Take a key; return whether it still asks."""
        ...


class Typing:
    """A text; Enter takes it, Esc leaves it."""

    def __init__(self, field: Field, take: Callable[[str], str], hint: str = "") -> None:
        """Begin.

        Args:
            field: What is typed into.
            take: Gets the text; returns what is wrong with it, empty if it is taken.
            hint: Said until something is typed.
        """
        self._field, self._take, self._hint = field, take, hint
        self._wrong = ""

    def draw(self, columns: int) -> Line:
        """The field, and what is wrong."""
        line = self._field.draw(columns)
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
        if self._field.press(key):
            self._wrong = ""
        return True


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
