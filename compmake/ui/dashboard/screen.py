"""How a screen of urwid is run between two prompts: opened, drawn, left; afterwards the terminal is as it was."""

import base64
import contextlib
import signal
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple, Protocol

import urwid
from urwid.display import raw

from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.palette import PALETTE
from compmake.ui.dashboard.scrolling import cut_line
from compmake.ui.text import PLAIN, Style

FRAME_S = 0.25
"""How often what changes by itself is drawn at most."""
_ROWS_KEPT = 1000
_FIRST_S = 0.01
"""What is shown first is drawn before anything is worked out."""
_LEFT = (KeyboardInterrupt, OSError, urwid.ExitMainLoop, urwid.InputClosedError)
"""How a screen ends that was not closed: the user, the terminal."""
_SIGNALS = (signal.SIGINT, signal.SIGWINCH, signal.SIGTSTP, signal.SIGCONT)
# role, 16 colours, background, without colours, 256 colours, background: Okabe and Ito's, as in `ui.text`.
_PALETTE = [
    ("plain", "default", "default", "default", "default", "default"),
    ("dim", "default", "default", "default", "h245", "default"),
    ("strong", "default,bold", "default", "bold", "default,bold", "default"),
    ("error", "light red,bold", "default", "bold", "h166,bold", "default"),
    ("place", "dark cyan", "default", "underline", "h74", "default"),
    ("here", "yellow,bold", "default", "bold", "h227,bold", "default"),
    ("name", "dark green", "default", "default", "h36", "default"),
    ("key", "default,bold", "default", "bold", "default,bold", "default"),
    ("cursor", "default,standout", "default", "standout", "default,standout", "default"),
    ("told", "default,bold", "default", "bold", "default,bold", "default"),
    ("failed", "light red,bold", "default", "bold", "h166,bold", "default"),
    ("interrupted", "default,bold", "default", "bold", "default,bold", "default"),
    ("running", "dark cyan", "default", "default", "h74", "default"),
    ("ready", "default", "default", "default", "default", "default"),
    ("blocked", "brown", "default", "default", "h178", "default"),
    ("waiting", "default", "default", "default", "h245", "default"),
    ("done", "dark green", "default", "default", "h36", "default"),
    ("up to date", "dark green", "default", "default", "h29", "default"),
    ("silent", "default,standout", "default", "standout", "default,standout", "default"),
    ("bar", "dark cyan", "default", "default", "h74", "default"),
    ("over", "brown", "default", "default", "h178", "default"),
    ("rule", "default", "default", "default", "h240", "default"),
    ("focus", "default,bold", "default", "bold", "default,bold", "default"),
    ("mark", "yellow,bold", "default", "bold", "h227,bold", "default"),
]


class Page(Protocol):
    """What fills the screen: draws itself in any size, and takes keys until it is `closed`."""

    closed: bool

    def draw(self, columns: int, rows: int) -> Sequence[Line]:
        """Return at most `rows` lines; what is wider than `columns` is cut. The texts are sanitized, of one line."""
        ...

    def press(self, key: str) -> None:
        """Do what a key means, named as urwid does."""
        ...


class Tick(NamedTuple):
    """What came of letting time pass."""

    is_new: bool
    """Whether there is anything to draw."""
    again_s: float = FRAME_S
    """When it wants to be called again."""


class _Terminal(raw.Screen):
    """Asks the terminal nothing: an answer that comes late would be typed into the next prompt.

    For the same reason it does not want to be told whether the terminal has the focus.
    """

    def _detect_terminal_modes(self) -> None:
        pass

    def _start(self, *arguments: Any, **options: Any) -> None:
        super()._start(*arguments, **options)
        with contextlib.suppress(termios.error, OSError, ValueError):
            modes = termios.tcgetattr(sys.stdin.fileno())
            modes[0] &= ~termios.IXON  # Ctrl-S is a key here; it would freeze the screen
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, modes)


class FullScreen:
    """The screen, while pages are shown on it; for the main thread."""

    def __init__(self, colors: int, style: Style = PLAIN) -> None:
        """Prepare; `colors` is 0, 8 or 256, `style` says how a cut is marked."""
        self._pages: list[Page] = []
        self._style = style
        self._terminal = _Terminal(bracketed_paste_mode=False, focus_reporting=False)
        self._terminal.register_palette([*_PALETTE, *PALETTE])
        self._terminal.set_terminal_properties(colors=256 if colors >= 256 else 16 if colors else 1)

    def run(self, page: Page, tick: Callable[[], Tick] | None = None, *, mouse: bool = False) -> None:
        """Show a page until it is closed; Ctrl-C, or the end of the terminal, leaves all pages at once.

        Args:
            page: What is shown first.
            tick: Called a few times a second, whichever page is shown.
            mouse: Take clicks and the wheel; the terminal's own marking of text then needs Shift.
        """
        urwid.set_encoding(sys.stdout.encoding or "ascii")
        sys.stdout.flush()
        top = self.widget(page)
        loop = urwid.MainLoop(top, screen=self._terminal, handle_mouse=mouse)
        ticking = _Ticking(loop, top, tick)
        with _as_before(sys.stdin.fileno()), contextlib.suppress(*_LEFT):
            loop.run()
        self._pages.clear()
        if ticking.error is not None:
            raise ticking.error

    def widget(self, page: Page) -> "_Top":
        """Return the widget that shows a page, and those on top of it, wherever it is run."""
        self.show(page)
        return _Top(self._pages, self._style)

    def show(self, page: Page) -> None:
        """Show a page on top of the one that is shown, which comes back when this one is closed."""
        self._pages.append(page)

    def leave(self) -> None:
        """Close all pages; for what happens while a key is pressed."""
        for page in self._pages:
            page.closed = True

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Give the terminal to another program."""
        self._terminal.stop()
        try:
            yield
        finally:
            self._terminal.start()
            self._terminal.clear()

    def redraw(self) -> None:
        """Draw everything anew: something else has written to the terminal."""
        self._terminal.clear()

    def copy(self, text: str) -> None:
        """Put a text on the clipboard of the terminal, if it lets us (OSC 52)."""
        encoded = base64.b64encode(text.encode("utf-8", "backslashreplace")).decode()
        self._terminal.write(f"\x1b]52;c;{encoded}\x07")
        self._terminal.flush()


class _Top(urwid.Widget):
    """Draws the page on top, and gives it the keys."""

    _sizing = frozenset({urwid.BOX})
    _selectable = True
    no_cache: ClassVar[list[str]] = ["render"]

    def __init__(self, pages: list[Page], style: Style) -> None:
        super().__init__()
        self._pages, self._style = pages, style

    def render(self, size: tuple[int, int], focus: bool = False) -> urwid.Canvas:  # type: ignore[override]  # noqa: ARG002
        columns, rows = size
        if not (columns and rows):  # some terminals do not say how large they are
            return urwid.SolidCanvas(" ", columns, rows)
        return canvas(self._pages[-1].draw(columns, rows), columns, rows, self._style)

    def keypress(self, size: tuple[int, int], key: str) -> str | None:  # type: ignore[override]  # noqa: ARG002
        if key == "ctrl l":
            return key  # the loop draws everything anew
        self._do(key)
        return None

    def mouse_event(  # type: ignore[override]
        self,
        size: tuple[int, int],  # noqa: ARG002
        event: str,
        button: int,
        column: int,
        row: int,
        focus: bool,  # noqa: ARG002
    ) -> bool:
        if event.endswith("press") and button in (1, 4, 5):
            self._do({4: "wheel up", 5: "wheel down"}.get(button, f"click {column} {row}"))
        return True

    def _do(self, key: str) -> None:
        self._pages[-1].press(key)
        self.refresh()

    def refresh(self) -> None:
        """Draw anew what is on top now."""
        while self._pages[-1].closed:
            self._pages.pop()
            if not self._pages:
                raise urwid.ExitMainLoop
        self._invalidate()


class _Ticking:
    """Lets a function be called again and again while a loop runs; urwid would swallow what it raises."""

    def __init__(self, loop: urwid.MainLoop, top: _Top, tick: Callable[[], Tick] | None) -> None:
        self._top, self._tick = top, tick
        self.error: Exception | None = None
        if tick is not None:
            loop.set_alarm_in(_FIRST_S, self._beat)

    def _beat(self, loop: urwid.MainLoop, _: object) -> None:
        assert self._tick is not None
        try:
            is_new, again_s = self._tick()
        except Exception as error:
            self.error = error
            raise urwid.ExitMainLoop from error
        loop.set_alarm_in(again_s, self._beat)
        if is_new:
            self._top.refresh()


@contextlib.contextmanager
def _as_before(descriptor: int) -> Iterator[None]:
    """Let Ctrl-C interrupt, and leave the modes of the terminal and what signals do as they were."""
    attributes = None
    with contextlib.suppress(termios.error):
        attributes = termios.tcgetattr(descriptor)
    handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            if attributes is not None:
                termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)
        for number, handler in handlers.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)


def canvas(lines: Sequence[Line], columns: int, rows: int, style: Style = PLAIN) -> urwid.Canvas:
    """Return lines as urwid draws them, in exactly this size."""
    shown = [_row(tuple(line), columns, style) for line in list(lines)[:rows]]
    shown += [_row((), columns, style)] * (rows - len(shown))
    return urwid.CanvasCombine([(row, None, False) for row in shown])


@lru_cache(_ROWS_KEPT)
def _row(line: tuple[tuple[str, str], ...], columns: int, style: Style) -> urwid.Canvas:
    """Return a line; most are the same in the next frame."""
    most = 8 * columns  # characters of a cell are few; urwid would lay out all of a text of megabytes
    shown = [(role, text[:most].expandtabs(4).replace("\n", " ")) for role, text in line if text]
    text: Any = cut_line(shown, columns, style) or ""
    return urwid.Text(text, wrap="clip").render((columns,))
