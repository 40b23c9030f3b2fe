"""The terminal of the console: what it can show, how makes are shown in it, what is said and asked."""

import os
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from compmake.config import ConsoleMode, OutputMode, beside_screen, color_count, output_mode, terminal_size
from compmake.text_safety import sanitize
from compmake.ui.commands.session import FailureReport, Screen, Session
from compmake.ui.console.background import BackgroundLog
from compmake.ui.console.foreground import watch
from compmake.ui.console.makes import ConsoleMake
from compmake.ui.frontend import Foreground, Frontend
from compmake.ui.json_log import JsonLog
from compmake.ui.plain import PlainLog
from compmake.ui.region import LiveRegion
from compmake.ui.text import Parts, Style, can_encode
from compmake.ui.titles import Title


class Reader(Protocol):
    """Reads lines from the user and prints what happens meanwhile."""

    def read(self, prompt: Callable[[], Parts], offer: str = "", typed: str = "") -> str:
        """Return the next line; `offer` is one that the user may take over, `typed` is there already.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        ...

    def ask(self, question: str) -> str:
        """Return the answer to a question; raises as `read` does."""
        ...

    def say(self, lines: Sequence[str]) -> None:
        """Print lines above the prompt, or before the next one; from any thread."""
        ...

    @property
    def is_reading(self) -> bool:
        """Whether the user may be typing."""
        ...

    def interrupt(self, error: BaseException) -> bool:
        """End the reading that is going on with an exception; tell whether there was one."""
        ...


class Viewer(Protocol):
    """Shows a failure on the whole screen."""

    def __call__(self, report: FailureReport, *, colors: int, ascii_only: bool) -> str:
        """Return the command that the user chose in it, empty for none."""
        ...


class Surface:
    """One terminal."""

    def __init__(self, session: Session, stream: TextIO, mode: ConsoleMode, show_traceback: Viewer) -> None:
        """Describe it.

        Args:
            session: Whose settings count.
            stream: The terminal, for what is neither data nor an error.
            mode: RICH or PLAIN.
            show_traceback: The viewer of failures, for a capable terminal.
        """
        self.stream, self.mode = stream, mode
        self.reader: Reader
        self._typed = ""
        self._is_covered = False
        """Whether something else has the whole screen."""
        self._session, self._viewer = session, show_traceback

    @property
    def style(self) -> Style:
        """What the terminal can show."""
        settings = self._session.workspace.settings
        return Style(color_count(settings.color, is_tty=True), settings.ascii or not can_encode(self.stream.encoding))

    @property
    def width(self) -> int:
        """Its columns."""
        return self._size()[0]

    def screen(self) -> Screen:
        """Return what reads standard output: this terminal, or a pipe."""
        if not os.isatty(1):
            return Screen()
        columns, rows = self._size()
        return Screen(self.style, columns, rows, self._show_traceback if self.mode is ConsoleMode.RICH else None)

    def foreground(self, verbose: bool) -> Foreground:
        """Return what shows a make while nobody types."""
        style, verbose = self.style, verbose or self._session.verbose
        mode = output_mode(self._session.workspace.settings.ui, is_tty=True)
        if mode is OutputMode.JSON:
            return JsonLog(self.stream)
        if mode is OutputMode.LIVE:
            beside = beside_screen()
            title = Title(window=beside.title, progress=beside.progress)
            return LiveRegion(self.stream, style=style, size=self._size, verbose=verbose, title=title)
        return PlainLog(self.stream, ascii_only=style.ascii, verbose=verbose, quiet=mode is OutputMode.QUIET)

    def background(self, number: int) -> Frontend:
        """Return what shows the make of that number while the user types."""
        return BackgroundLog(number, self.say, style=self.style, width=lambda: self.width)

    def watch(self, make: ConsoleMake, screen: Foreground) -> bool:
        """Let the user steer a make until it has ended; return True if it is sent to the background before."""
        return watch(make, screen, stdin=0, width=lambda: self.width, style=self.style, keep=self._keep)

    def take_typed(self) -> str:
        """Return what was pasted while a make had the terminal: it belongs into the next prompt."""
        text, self._typed = self._typed, ""
        return text

    def _keep(self, text: str) -> None:
        self._typed += text.replace("\r", "\n")

    def tell(self, *lines: str) -> None:
        """Print lines, safe ones, now; not while the user types."""
        self.stream.write("".join(f"{line}\n" for line in lines))
        self.stream.flush()

    def say(self, lines: Sequence[str]) -> None:
        """Print lines above the prompt, or before the next one; from any thread."""
        self.reader.say(lines)

    def warn(self, text: str) -> None:
        """Say what cannot wait for the end of a command that is being carried out; from any thread."""
        line = f"compmake: {sanitize(text)}"
        if self._is_covered or self.reader.is_reading:
            self.say([line])
        else:
            self.tell(line)

    def ask(self, question: str, *, default: bool = False) -> bool:
        """Return the answer to a question; no answer is no. Anything but yes and no is asked again."""
        answers = {"y": True, "yes": True, "n": False, "no": False, "": default}
        answer = "?"
        while answer not in answers:
            try:
                answer = self.reader.ask(f"{sanitize(question)}? {'[Y/n]' if default else '[y/N]'} ").strip().lower()
            except (EOFError, KeyboardInterrupt):
                return False
        return answers[answer]

    def _size(self) -> tuple[int, int]:
        return terminal_size(self.stream.fileno())

    def _show_traceback(self, report: FailureReport) -> str:
        style = self.style
        self._is_covered = True
        try:
            return self._viewer(report, colors=style.colors, ascii_only=style.ascii)
        finally:
            self._is_covered = False
