"""`Terminal`: a program in a pseudo-terminal with a model of the screen, for tests that look and type as people do."""

import contextlib
import os
import re
import signal
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte
from spaces import Space, clean_environment

TIMEOUT_S = 30.0
"""For the slowest machine; what is waited for is usually there at once."""
_READ_BYTES = 65536
_FULL_SCREEN = {47, 1047, 1049}
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "page up": "\x1b[5~",
    "page down": "\x1b[6~",
    "delete": "\x1b[3~",
    "f2": "\x1bOQ",
    **{f"ctrl-{letter}": chr(ord(letter) & 0x1F) for letter in "abcdefghijklmnopqrstuvwxyz"},
}
"""What the keys send that have names."""


class Screen(pyte.Screen):
    """A screen that keeps what scrolled away, has a second page for full-screen programs, and answers questions."""

    def __init__(self, columns: int, rows: int, answer: Callable[[bytes], None]) -> None:
        self.scrolled: list[str] = []
        self.private_modes: set[int] = set()
        self._answer = answer
        self._page: tuple[Any, Any] | None = None
        super().__init__(columns, rows)

    @property
    def in_full_screen(self) -> bool:
        """Whether a program shows its second page."""
        return self._page is not None

    def write_process_input(self, data: str) -> None:
        """Answer the program, which asked for example where the cursor is."""
        self._answer(data.encode())

    def set_mode(self, *modes: int, **options: Any) -> None:
        """Turn modes on; the second page is one of them."""
        if options.get("private"):
            self.private_modes |= set(modes)
            if _FULL_SCREEN & set(modes) and self._page is None:
                self._page = self.buffer, (self.cursor.x, self.cursor.y)
                self.buffer = type(self.buffer)(self.buffer.default_factory)
        super().set_mode(*modes, **options)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        """Turn modes off."""
        if options.get("private"):
            self.private_modes -= set(modes)
            if _FULL_SCREEN & set(modes) and self._page is not None:
                self.buffer, (x, y) = self._page
                self.cursor.x, self.cursor.y = min(x, self.columns - 1), min(y, self.lines - 1)
                self._page = None
        super().reset_mode(*modes, **options)

    def select_graphic_rendition(self, *attributes: int, **options: Any) -> None:
        """Colour; what only keyboards know (`CSI > 4 m`) is no colour."""
        if not options.get("private"):
            super().select_graphic_rendition(*attributes)

    def report_device_status(self, mode: int = 0, **options: Any) -> None:
        """Answer where the cursor is."""
        super().report_device_status(mode)

    def index(self) -> None:
        """Go one line down, and keep what scrolls away."""
        at_end = self.cursor.y == (self.margins.bottom if self.margins else self.lines - 1)
        if at_end and not self.in_full_screen and (not self.margins or self.margins.top == 0):
            self.scrolled.append(self.text_of(0))
        super().index()

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Change the size; lines above the cursor scroll away if there is no room, as in usual terminals."""
        lines, columns = lines or self.lines, columns or self.columns
        gone = max(self.cursor.y - lines + 1, 0)
        if gone and not self.in_full_screen:
            self.scrolled += [self.text_of(row) for row in range(gone)]
        for row in range(self.lines):
            if row + gone in self.buffer and row < lines:
                self.buffer[row] = self.buffer[row + gone]
            else:
                self.buffer.pop(row, None)
        for line in self.buffer.values():
            for column in range(columns, self.columns):
                line.pop(column, None)
        self.lines, self.columns, self.margins = lines, columns, None
        self.cursor.y, self.cursor.x = self.cursor.y - gone, min(self.cursor.x, columns - 1)

    def text_of(self, row: int) -> str:
        """Return what stands on a line, without the blanks at its end."""
        line = self.buffer[row]
        return "".join(line[column].data for column in range(self.columns)).rstrip()


class Terminal:
    """A running program, its screen, and a keyboard.

    What is waited for is looked for on the screen and in what scrolled away, since the last `enter`; in a program that
    fills the screen, on that.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path | str,
        env: Mapping[str, str] | None = None,
        columns: int = 80,
        rows: int = 24,
    ) -> None:
        """Start a program.

        Args:
            argv: The program and its arguments.
            cwd: Its folder.
            env: Variables besides those of `clean_environment`; TERM is `xterm-256color` unless it is one of them.
            columns: Cells of a line.
            rows: Lines.
        """
        environment = clean_environment() | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | dict(env or {})
        self._child: pexpect.spawn[bytes] = pexpect.spawn(
            argv[0], list(argv[1:]), cwd=str(cwd), env=environment, dimensions=(rows, columns), timeout=TIMEOUT_S
        )
        # pexpect waits a little before and after many things, for programs that we do not start.
        self._child.delaybeforesend = self._child.delayafterread = None
        self._child.delayafterclose = self._child.delayafterterminate = 0.0
        self.screen = Screen(columns, rows, self._child.send)
        self._stream = pyte.ByteStream(self.screen)
        self._mark = 0
        self.raw = b""
        """Everything that the program sent."""
        self.ended = False
        """Whether the terminal was closed by all who had it."""

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # looking

    @property
    def lines(self) -> list[str]:
        """The lines of the screen, from its top to its bottom."""
        return [self.screen.text_of(row) for row in range(self.screen.lines)]

    @property
    def everything(self) -> list[str]:
        """What scrolled away, then the screen; blank lines at the end left out."""
        found = [*self.screen.scrolled, *self.lines]
        while found and not found[-1]:
            found.pop()
        return found

    @property
    def shown(self) -> str:
        """Where `wait_for` looks."""
        return "\n".join(self.lines if self.screen.in_full_screen else self.everything[self._mark :])

    @property
    def cursor(self) -> tuple[int, int]:
        """Column and row of the cursor, from 0."""
        return self.screen.cursor.x, self.screen.cursor.y

    @property
    def line_modes(self) -> tuple[bool, bool, bool]:
        """Whether the terminal echoes, waits for whole lines, and makes signals of Ctrl-C: a shell leaves all on."""
        flags = termios.tcgetattr(self._child.child_fd)[3]
        return bool(flags & termios.ECHO), bool(flags & termios.ICANON), bool(flags & termios.ISIG)

    @property
    def pid(self) -> int:
        """Its process."""
        return int(self._child.pid)

    # waiting

    def wait_until(self, condition: Callable[[], bool], what: str, timeout_s: float = TIMEOUT_S) -> None:
        """Take what the program sends until the condition holds; fail with the screen if it never does."""
        end = time.monotonic() + timeout_s
        while not condition():
            left_s = end - time.monotonic()
            if self.ended or left_s <= 0:
                why = "the program ended" if self.ended else f"{timeout_s:g} s passed"
                screen = "\n".join(f"| {line}" for line in self.everything)
                raise AssertionError(f"waited in vain for {what}: {why}\n{screen}")
            self._read(min(left_s, 0.05))

    def wait_for(self, text: str | re.Pattern[str], timeout_s: float = TIMEOUT_S) -> str:
        """Wait until a text, or what a pattern means, is shown; return all that is. Lines end without blanks."""
        pattern = re.compile(re.escape(text.rstrip())) if isinstance(text, str) else text
        self.wait_until(lambda: pattern.search(self.shown) is not None, repr(text), timeout_s)
        return self.shown

    def wait_gone(self, text: str, timeout_s: float = TIMEOUT_S) -> str:
        """Wait until a text is shown no more; return what is."""
        self.wait_until(lambda: text not in self.shown, f"{text!r} to go", timeout_s)
        return self.shown

    def wait_end(self, timeout_s: float = TIMEOUT_S) -> int:
        """Wait until the program ends; return its exit code, or minus the signal that ended it."""
        self.wait_until(lambda: self.ended or not self._child.isalive(), "the program's end", timeout_s)
        while not self.ended and self._read(0.05):
            pass
        self._child.wait()
        return -self._child.signalstatus if self._child.signalstatus is not None else self._child.exitstatus

    def _read(self, timeout_s: float) -> bool:
        """Take what the program has sent; tell whether it was anything."""
        try:
            data = self._child.read_nonblocking(_READ_BYTES, timeout_s)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self.ended = True
            return False
        self.raw += data
        self._stream.feed(data)
        return True

    # typing

    def send(self, text: str) -> None:
        """Type a text as it is."""
        self._child.send(text.encode())

    def press(self, *keys: str) -> None:
        """Press keys: names of `KEYS`, or characters."""
        for key in keys:
            self.send(KEYS.get(key, key))

    def press_until(self, key: str, condition: Callable[[], bool], what: str) -> None:
        """Press a key, and once a second again, until the condition holds."""
        again_s = 0.0

        def holds() -> bool:
            nonlocal again_s
            if condition():
                return True
            if time.monotonic() >= again_s:
                again_s = time.monotonic() + 1.0
                self.press(key)
            return False

        self.wait_until(holds, what)

    def enter(self, line: str = "") -> None:
        """Type a line, wait until all of it stands there, and end it; what is waited for then must come below it."""
        typed = "".join(line.split())  # a long line is wrapped
        if typed:
            count = _squeezed(self.shown).count(typed)
            self.send(line)
            self.wait_until(lambda: _squeezed(self.shown).count(typed) > count, f"{line!r} to be echoed")
        if not self.screen.in_full_screen:
            self._mark = self._below(typed)
        self.send("\r")

    def _below(self, typed: str) -> int:
        """Return the number of the line below what was typed; the cursor may be elsewhere while a prompt is drawn."""
        lines = self.everything
        if not typed:
            return len(self.screen.scrolled) + self.screen.cursor.y + 1
        start = max(at for at in range(len(lines)) if typed in _squeezed("\n".join(lines[at:])))
        return next(end for end in range(start, len(lines) + 1) if typed in _squeezed("\n".join(lines[start:end])))

    def paste(self, text: str) -> None:
        """Paste a text, marked as such if the program wants that."""
        is_marked = 2004 in self.screen.private_modes
        self.send(f"\x1b[200~{text}\x1b[201~" if is_marked else text.replace("\n", "\r"))

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the terminal; the program gets its signal."""
        while self._read(0.0):
            pass
        self.screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self._child.kill(number)

    def close(self) -> None:
        """End the program, its session and its terminal, whatever they do."""
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if not self._child.terminated:
                    kill(self._child.pid, signal.SIGKILL)
        self._child.close(force=True)


def _squeezed(text: str) -> str:
    return "".join(text.split())


def compmake_terminal(space: Space, *args: str, **options: Any) -> Terminal:
    """Start `compmake ARGS` in the folder of a program; the options are those of `Terminal`."""
    return Terminal([sys.executable, "-m", "compmake", *args], cwd=space.path, **options)
