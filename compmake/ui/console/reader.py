"""Reading lines in a capable terminal, with prompt_toolkit: history, completion, colours, a prompt that stays true."""

import os
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app, run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth, create_output

from compmake.ui.console.completer import LineCompleter
from compmake.ui.console.lexer import STYLE, LineLexer
from compmake.ui.console.reading import NOTHING, DashboardWantedError, Typed
from compmake.ui.text import Parts, Style
from compmake.ui.vocabulary import Vocabulary

_REFRESH_S = 0.5
_MENU_ROWS = 6


class RichReader:
    """Reads what the user types, and prints what happens meanwhile above it."""

    def __init__(
        self,
        stream: TextIO,
        style: Style,
        *,
        history: Path | None,
        vocabulary: Callable[[], Vocabulary],
        toolbar: Callable[[], Parts],
    ) -> None:
        """Prepare; nothing is shown before `read`.

        Args:
            stream: The terminal.
            style: What it can show.
            history: File of the lines typed before; None keeps them in memory.
            vocabulary: Returns what can be typed now.
            toolbar: Returns what stands below the prompt.
        """
        self._stream, self._style = stream, style
        self._offer = ""
        self._lock = threading.RLock()
        self._held: list[str] = []
        self._loop: AbstractEventLoop | None = None
        depth = {0: ColorDepth.DEPTH_1_BIT, 8: ColorDepth.DEPTH_4_BIT}.get(style.colors, ColorDepth.DEPTH_8_BIT)
        self._session: PromptSession[str] = PromptSession(
            history=_history(history),
            completer=LineCompleter(vocabulary, style),
            complete_while_typing=False,
            lexer=LineLexer(vocabulary),
            style=STYLE,
            color_depth=depth,
            auto_suggest=AutoSuggestFromHistory(),
            enable_history_search=True,
            enable_suspend=True,
            reserve_space_for_menu=_MENU_ROWS,
            refresh_interval=_REFRESH_S,
            bottom_toolbar=lambda: self._painted(toolbar()),
            key_bindings=self._keys(),
            output=create_output(stream),
        )
        # Without cursor reports only the toolbar is missing; a warning among the user's lines helps nobody.
        self._session.app.renderer.cpr_not_supported_callback = lambda: None

    def read(self, prompt: Callable[[], Parts], offer: str = "", typed: Typed = NOTHING) -> str:
        """Return the next line.

        Args:
            prompt: Asked for the prompt again and again while the user types.
            offer: A line that is shown in grey, and taken by Tab.
            typed: What stands there already.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
            DashboardWantedError: F2.
        """
        self._offer = offer
        self._print_held()
        try:
            return self._session.prompt(
                lambda: self._painted(prompt()),
                # Never None: that would leave the one before.
                placeholder=ANSI(self._style.paint("dim", f"{offer}  [Tab]") if offer else ""),
                default=Document(typed.text, typed.at),
                pre_run=self._begin,
            )
        finally:
            self._session.app.erase_when_done = False
            with self._lock:
                self._loop = None

    def ask(self, question: str) -> str:
        """Return the answer to a question.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        asking: PromptSession[str] = PromptSession(history=InMemoryHistory(), output=create_output(self._stream))
        asking.app.renderer.cpr_not_supported_callback = lambda: None
        return asking.prompt(question)

    def say(self, lines: Sequence[str]) -> None:
        """Print lines above the prompt, or before the next one; from any thread."""
        with self._lock:
            self._held += lines
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._print_above, context=self._session.app.context)

    @property
    def is_reading(self) -> bool:
        """Whether the user may be typing."""
        return self._loop is not None

    def interrupt(self, error: BaseException) -> bool:
        """End the reading that is going on with an exception; tell whether there was one."""
        if self._loop is None or not self._session.app.is_running:
            return False
        self._session.app.exit(exception=error)
        return True

    def _begin(self) -> None:
        with self._lock:
            self._loop = loop = get_app().loop
            if loop is not None and self._held:  # since what was held before was printed
                loop.call_soon(self._print_above)

    def _print_above(self) -> None:
        if self._held:
            run_in_terminal(self._print_held)

    def _print_held(self) -> None:
        with self._lock:
            lines, self._held = self._held, []
        if lines:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()

    def _painted(self, parts: Parts) -> ANSI:
        return ANSI("".join(self._style.paint(role, text) for role, text in parts))

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        offered = Condition(lambda: bool(self._offer) and not get_app().current_buffer.text)

        @keys.add("tab", filter=offered)
        def take(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text(self._offer)

        @keys.add("f2")
        def open_dashboard(event: KeyPressEvent) -> None:
            typed = Typed(event.current_buffer.text, event.current_buffer.cursor_position)
            event.app.erase_when_done = True  # the prompt comes back, and shall not stand there twice
            event.app.exit(exception=DashboardWantedError(typed))

        return keys


class _FileHistory(FileHistory):
    """Lines in a file; one that cannot be written there (a full disk, a store that was removed) is remembered here."""

    def store_string(self, string: str) -> None:
        with suppress(OSError):
            super().store_string(string)


def _history(path: Path | None) -> History:
    """Return the history in a file that nobody else may read; in memory where there can be none."""
    if path is None:
        return InMemoryHistory()
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        os.chmod(path, 0o600)
    except OSError:
        return InMemoryHistory()
    return _FileHistory(path)
