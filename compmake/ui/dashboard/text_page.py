"""A page of text that is only read: what a job printed, or what the keys do."""

from collections.abc import Sequence

from compmake.ui.dashboard.keys import Key, Line, action_of, bar
from compmake.ui.dashboard.scrolling import Scroll

KEYS = (
    Key("down", ("down", "j", "enter"), "down j", "one line down"),
    Key("up", ("up", "k"), "up k", "one line up"),
    Key("page down", ("page down", " ", "ctrl f"), "space PgDn", "one screen down", "down"),
    Key("page up", ("page up", "b", "ctrl b", "backspace"), "b PgUp", "one screen up", "up"),
    Key("start", ("g", "home", "<"), "g Home", "to the beginning", "start"),
    Key("end", ("G", "end", ">"), "G End", "to the end", "end"),
    Key("wrap", ("W",), "W", "wrap long lines, or cut them", "wrap"),
    Key("close", ("q", "esc"), "q Esc", "back", "back"),
)


class TextPage:
    """Shows lines below a title."""

    def __init__(self, title: str, lines: Sequence[Line], *, at_end: bool = False) -> None:
        """Begin with the first lines, or with the last ones."""
        self.closed = False
        self._title = title
        self._scroll = Scroll(lines, at_end=at_end)
        self._wrap = False

    def draw(self, columns: int, rows: int) -> list[Line]:
        """The title, as many lines as there is room for, the keys."""
        has_bar, has_title = rows >= 3, rows >= 2
        seen = self._scroll.seen(columns, rows - has_bar - has_title, wrap=self._wrap)
        position = self._scroll.position
        lines: list[Line] = [[("strong", self._title), ("dim", f"  {position}")]] if has_title else []
        lines += [*seen, *([[]] * (rows - has_bar - has_title - len(seen)))]
        return [*lines, bar(KEYS, columns)] if has_bar else lines

    def press(self, key: str) -> None:
        """Scroll, wrap or close."""
        scroll = self._scroll
        match action_of(KEYS, key):
            case "down":
                scroll.move(1)
            case "up":
                scroll.move(-1)
            case "page down":
                scroll.page(1)
            case "page up":
                scroll.page(-1)
            case "start":
                scroll.to_start()
            case "end":
                scroll.to_end()
            case "wrap":
                self._wrap = not self._wrap
            case "close":
                self.closed = True
