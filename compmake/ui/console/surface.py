"""The terminal of the console: what it can show, how makes are shown in it, what is said and asked."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TextIO

from compmake.config import ConsoleMode, OutputMode, beside_screen, color_count, output_mode, terminal_size
from compmake.text_safety import sanitize
from compmake.ui.commands.session import FailureReport, Screen, Session
from compmake.ui.console.background import BackgroundLog
from compmake.ui.console.foreground import watch
from compmake.ui.console.makes import ConsoleMake
from compmake.ui.console.reading import NOTHING, Reader, Typed
from compmake.ui.frontend import Foreground, Frontend
from compmake.ui.json_log import JsonLog
from compmake.ui.plain import PlainLog
from compmake.ui.region import LiveRegion
from compmake.ui.text import Style, can_encode
from compmake.ui.titles import Title


class Viewer(Protocol):
    """Shows a failure on the whole screen."""

    def __call__(self, report: FailureReport, *, colors: int, ascii_only: bool) -> str:
        """Return the command that the user chose in it, empty for none."""
        ...


class Surface:
    """One terminal."""

    def __init__(
        self,
        session: Session,
        stream: TextIO,
        mode: ConsoleMode,
        show_traceback: Viewer,
        show_dashboard: Callable[[], None],
    ) -> None:
        """Describe it.

        Args:
            session: Whose settings count.
            stream: The terminal, for what is neither data nor an error.
            mode: RICH or PLAIN.
            show_traceback: The viewer of failures, for a capable terminal.
            show_dashboard: The dashboard, for a capable terminal.
        """
        self.stream, self.mode = stream, mode
        self.reader: Reader
        self._typed = NOTHING
        self._is_covered = False
        """Whether something else has the whole screen."""
        self._session, self._viewer, self._dashboard = session, show_traceback, show_dashboard

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
        if self.mode is not ConsoleMode.RICH:
            return Screen(self.style, columns, rows)
        return Screen(self.style, columns, rows, self._show_traceback, self.show_dashboard)

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
        dashboard = self.show_dashboard if self.mode is ConsoleMode.RICH else None
        return watch(
            make,
            screen,
            stdin=0,
            width=lambda: self.width,
            style=self.style,
            keep=self._keep,
            dashboard=dashboard,
        )

    def take_typed(self) -> Typed:
        """Return what is to stand in the next prompt: what was pasted meanwhile, or half a line."""
        typed, self._typed = self._typed, NOTHING
        return typed

    def keep(self, typed: Typed) -> None:
        """Let this stand in the next prompt."""
        self._typed = typed

    def _keep(self, text: str) -> None:
        text = self._typed.text + text.replace("\r", "\n")
        self._typed = Typed(text, len(text))

    def tell(self, *lines: str) -> None:
        """Print lines, safe ones, now; not while the user types."""
        stream = sys.stdout if self._is_covered else self.stream  # what covers the screen has put itself there
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()

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
        with self._covered():
            return self._viewer(report, colors=style.colors, ascii_only=style.ascii)

    def show_dashboard(self) -> None:
        """Show the dashboard until the user leaves it."""
        with self._covered():
            self._dashboard()

    @contextlib.contextmanager
    def _covered(self) -> Iterator[None]:
        before, self._is_covered = self._is_covered, True
        try:
            yield
        finally:
            self._is_covered = before
