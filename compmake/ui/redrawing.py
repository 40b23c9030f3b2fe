"""`Redrawing`: lines at the bottom of a terminal that are drawn again in place, with verdicts scrolling above them."""

import contextlib
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TextIO

from compmake.channel import Event, EventKind
from compmake.text_safety import cells
from compmake.ui.frontend import Output
from compmake.ui.text import Parts, Style, cut
from compmake.ui.titles import Title
from compmake.ui.verdicts import Verdicts
from compmake.ui.view import View

REDRAW_AT_MOST_S = 1 / 8
REDRAW_AT_LEAST_S = 1.0
_TO_LINE_END, _TO_SCREEN_END = "\x1b[K", "\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
_AT_ONCE = (EventKind.NOTICE, EventKind.PLANNED, EventKind.RUN_ENDED)
"""What is not held back until the next drawing is due."""


class Size(NamedTuple):
    """Of a terminal, in cells."""

    columns: int
    rows: int


class Redrawing(ABC):
    """Shows a make by lines that redraw themselves; what is said for good scrolls above.

    Between two drawings the cursor waits in the first column of the first line. All that is below it is ours, so
    erasing is one code, and a terminal that wraps lines anew when it is resized keeps the cursor with its line: nothing
    above is damaged, and nothing of the old lines is left.

    Args:
        stream: The terminal; not the process's own stderr if jobs' output is captured there.
        style: Colours and glyphs.
        size: Asked at each drawing.
        verdicts: What is said above.
        hide_cursor: Do not show it there; whoever asks for that must see to `close` or `away` before the process stops.
        title: Tells how far the make is beside the screen.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        style: Style,
        size: Callable[[], Size],
        verdicts: Verdicts,
        hide_cursor: bool = False,
        title: Title | None = None,
    ) -> None:
        self.view = View()
        self._style = style
        self._out = Output(stream, style.ascii)
        self._size, self._verdicts, self._hide_cursor = size, verdicts, hide_cursor
        self._title = title or Title()
        self._lock = threading.RLock()
        self._above: list[str] = []
        self._drawn: list[str] = []
        self._drawn_size = Size(0, 0)
        self._drawn_at = 0.0
        self._changed = False
        self._closed = False

    @abstractmethod
    def _lines(self, now: float, size: Size) -> Sequence[Parts]:
        """Return what is to be drawn now; it is cut to the terminal."""

    def feed(self, events: Sequence[Event], now: float) -> None:
        """Take what happened."""
        with self._lock:
            for event in events:
                self.view.apply(event)
                self._above += self._verdicts.lines(event, self.view)
            self._changed = True
            self._draw_if_due(now, at_once=any(event.kind in _AT_ONCE for event in events))

    def tick(self, now: float) -> None:
        """Redraw, so that elapsed times move."""
        with self._lock:
            self._draw_if_due(now)

    def redraw(self, now: float) -> None:
        """Draw now: the terminal has another size."""
        with self._lock:
            self._draw_if_due(now, at_once=True)

    def tell(self, say: Callable[[View], Sequence[str]], now: float) -> None:
        """Print above, for good, what `say` returns of the make: sanitized lines."""
        with self._lock:
            self._above += say(self.view)
            self._draw_if_due(now, at_once=True)

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Leave the terminal to somebody else meanwhile; news wait until the end."""
        with self._lock:
            self._erase()
            yield
            self._drawn_at = 0.0

    def close(self) -> None:
        """Erase the lines, for good; what waited to be said above them is said."""
        with self._lock:
            if not self._closed:
                self._erase()
            self._closed = True

    def _is_under_way(self, now: float) -> bool:  # noqa: ARG002 -- for those that draw before the start
        return self.view.started and not self.view.ended

    def _draw_if_due(self, now: float, *, at_once: bool = False) -> None:
        if self._closed:
            return
        if not self._is_under_way(now):
            self._erase()
            return
        since = abs(now - self._drawn_at)  # a clock that was put back must not freeze the screen
        if at_once or since >= (REDRAW_AT_MOST_S if self._changed or self._above else REDRAW_AT_LEAST_S):
            self._draw(now)
            self._drawn_at, self._changed = now, False

    def _draw(self, now: float) -> None:
        size = self._size()
        lines = [self._painted(parts, size.columns - 1) for parts in self._lines(now, size)[: max(1, size.rows - 1)]]
        text = self._title.update(self.view, now)
        if self._above or size != self._drawn_size:
            text += self._taken_away()
        if lines != self._drawn:
            text += "" if self._drawn or not self._hide_cursor else _HIDE_CURSOR
            text += self._changes(lines)
        self._drawn, self._drawn_size = lines, size
        if text:
            self._out.write(text)

    def _changes(self, lines: Sequence[str]) -> str:
        """Return what turns the lines that are drawn into these; those that stay the same are passed over."""
        before = self._drawn
        shorter = len(lines) < len(before)
        parts = []
        for number, line in enumerate(lines):
            last = number == len(lines) - 1
            same = number < len(before) and before[number] == line and not (last and shorter)
            parts.append("" if same else line + _TO_LINE_END)
        # A terminal that is at its last line scrolls at a newline, not when the cursor is told to go down.
        up = f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        return "\r\n".join(parts) + (_TO_SCREEN_END if shorter else "") + "\r" + up

    def _taken_away(self) -> str:
        """Return what erases the lines, and then says what is to be said above them."""
        text = (_TO_SCREEN_END if self._drawn else "") + "".join(f"{line}\r\n" for line in self._above)
        self._drawn, self._above = [], []
        return text

    def _erase(self) -> None:
        was_drawn = bool(self._drawn)
        text = self._taken_away() + self._title.end()
        if text:
            self._out.write(text + (_SHOW_CURSOR if was_drawn and self._hide_cursor else ""))

    def _painted(self, parts: Parts, room: int) -> str:
        """Return the line, cut to the terminal; its last column stays free, lest some terminals wrap."""
        text = ""
        for role, part in parts:
            shown = cut(self._out.spelled(part), room, self._style)
            room -= cells(shown)
            text += self._style.paint(role, shown)
        return text
