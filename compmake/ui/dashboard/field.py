"""A line that is typed into a screen: a filter, a command, an answer."""

from collections.abc import Callable, Sequence

from compmake.text_safety import cells, sanitize
from compmake.ui.dashboard.keys import Line

_MOST = 2000
"""Characters; what is pasted by mistake may be a whole file."""


class Field:
    """The text, the cursor in it, and lines typed before that up and down bring back."""

    def __init__(self, label: str, text: str = "", history: Sequence[str] = ()) -> None:
        """Begin behind a text that stands there already; whatever is typed first takes its place."""
        self._is_chosen = bool(text)
        self._label = label
        self.text = text
        self._at = len(text)
        self._lines = [*history, text]
        self._line = len(history)

    @property
    def before(self) -> str:
        """What stands before the cursor."""
        return self.text[: self._at]

    @before.setter
    def before(self, text: str) -> None:
        self._put(text[:_MOST], self.text[self._at :])

    def draw(self, columns: int) -> Line:
        """Return it as one line; what does not fit on the left of the cursor is not seen."""
        before, after = sanitize(self.text[: self._at]), sanitize(self.text[self._at :])
        room = max(columns - cells(self._label) - 3, 1)
        while cells(before) > room:
            before = before[max(1, (len(before) - room) // 2) :]
        here, rest = (after[:1] or " "), after[1:]
        if self._is_chosen:
            return [("strong", f" {self._label}"), ("cursor", before), ("plain", rest)]
        return [("strong", f" {self._label}"), ("plain", before), ("cursor", here), ("plain", rest)]

    def press(self, key: str) -> bool:
        """Take a key; tell whether it meant anything here. What ends the typing is not for this field."""
        is_chosen, self._is_chosen = self._is_chosen, False
        if len(key) == 1 and key.isprintable():
            if is_chosen:
                self._put("", "")
            if len(self.text) < _MOST:
                self._put(self.text[: self._at] + key, self.text[self._at :])
            return True
        action = _EDITS.get(key)
        if action is not None:
            action(self)
        return action is not None

    def _put(self, before: str, after: str) -> None:
        self.text, self._at = before + after, len(before)

    def _go(self, at: int) -> None:
        self._at = max(0, min(at, len(self.text)))

    def _recall(self, step: int) -> None:
        self._lines[self._line] = self.text
        self._line = max(0, min(self._line + step, len(self._lines) - 1))
        self._put(self._lines[self._line], "")

    def _erase_word(self) -> None:
        before = self.text[: self._at].rstrip()
        self._put(before[: before.rfind(" ") + 1], self.text[self._at :])


_EDITS: dict[str, Callable[[Field], None]] = {
    "backspace": lambda field: field._put(field.text[: max(field._at - 1, 0)], field.text[field._at :]),
    "delete": lambda field: field._put(field.text[: field._at], field.text[field._at + 1 :]),
    "left": lambda field: field._go(field._at - 1),
    "right": lambda field: field._go(field._at + 1),
    "home": lambda field: field._go(0),
    "ctrl a": lambda field: field._go(0),
    "end": lambda field: field._go(len(field.text)),
    "ctrl e": lambda field: field._go(len(field.text)),
    "ctrl u": lambda field: field._put("", field.text[field._at :]),
    "ctrl k": lambda field: field._put(field.text[: field._at], ""),
    "ctrl w": Field._erase_word,
    "up": lambda field: field._recall(-1),
    "down": lambda field: field._recall(1),
}
