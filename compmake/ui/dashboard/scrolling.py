"""Lines that are longer than the screen is wide, and more than it is high: wrapped or cut, and which are seen."""

from collections.abc import Iterable, Iterator, Sequence

from compmake.text_safety import cells
from compmake.ui.dashboard.keys import Line
from compmake.ui.text import Style


class Scroll:
    """What is seen of many lines. They are wrapped anew only when they, the width or the wish to wrap change."""

    def __init__(self, lines: Sequence[Line], *, at_end: bool = False) -> None:
        """Begin with the first lines, or with the last ones."""
        self._lines = lines
        self._top = len(lines) if at_end else 0
        self._at_end = at_end
        self._rows = 1
        self._width = 0
        self._shown: list[Line] = []

    def replace(self, lines: Sequence[Line]) -> None:
        """Show other lines from the same place on, from their end if the end was seen before."""
        self._lines, self._shown = lines, []

    def seen(self, columns: int, rows: int, *, wrap: bool) -> list[Line]:
        """Return the lines that are on a screen of this size."""
        width = columns if wrap else 0
        if width != self._width or not self._shown:
            self._shown = list(wrapped(self._lines, columns)) if wrap else list(self._lines)
            self._width = width
        self._rows = rows
        self.move(0)
        if self._at_end:
            self._top = self._last_top
        return self._shown[self._top : self._top + rows]

    def move(self, rows: int) -> None:
        """Go down, or up."""
        self._top = max(0, min(self._top + rows, self._last_top))
        self._at_end = self._at_end and rows >= 0

    def page(self, pages: int) -> None:
        """Go down by whole screens, or up."""
        self.move(pages * max(self._rows - 1, 1))

    def to_start(self) -> None:
        """Go to the first line."""
        self._top, self._at_end = 0, False

    def to_end(self) -> None:
        """Go to the last line."""
        self._top, self._at_end = self._last_top, True

    @property
    def position(self) -> str:
        """Which lines are seen, `1-20 of 200`; empty if all are."""
        count = len(self._shown)
        if count <= self._rows:
            return ""
        return f"{self._top + 1:,}-{min(self._top + self._rows, count):,} of {count:,}"

    @property
    def _last_top(self) -> int:
        return max(0, len(self._shown) - self._rows)


def cut_line(line: Line, columns: int, style: Style) -> Line:
    """Return a line in at most so many cells, its end replaced by the ellipsis if it is too long."""
    if sum(cells(text) for _, text in line) <= columns:
        return line
    room = max(columns - len(style.ellipsis), 0)
    shown: Line = []
    for role, text in line:
        end = _fitting(text, 0, room)
        room -= cells(text[:end])
        if end < len(text):
            return [*shown, (role, text[:end] + style.ellipsis[:columns])]
        shown.append((role, text))
    return shown


def wrapped(lines: Iterable[Line], columns: int) -> Iterator[Line]:
    """Yield lines of at most so many cells; what is longer goes on below."""
    columns = max(columns, 2)  # a wide character needs two
    for line in lines:
        if sum(cells(text) for _, text in line) <= columns:
            yield line
        else:
            yield from _folded(line, columns)


def _folded(line: Line, columns: int) -> Iterator[Line]:
    here: Line = []
    room = columns
    for role, text in line:
        at = 0
        while at < len(text):
            end = _fitting(text, at, room)
            if end == at:
                yield here
                here, room = [], columns
                continue
            here.append((role, text[at:end]))
            room -= cells(text[at:end])
            at = end
    yield here


def _fitting(text: str, at: int, room: int) -> int:
    """Return the end of what fits into so many cells, from this place in a text on."""
    if text.isascii():
        return min(at + room, len(text))
    while at < len(text):
        room -= cells(text[at])
        if room < 0:
            break
        at += 1
    return at
