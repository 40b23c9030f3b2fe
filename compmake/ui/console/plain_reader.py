"""Reading lines in a terminal that cannot redraw, or whose user wants plain text."""

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

from compmake.ui.console.reading import NOTHING, Typed
from compmake.ui.text import Parts


class PlainReader:
    """Reads what the user types after a prompt that is printed once."""

    def __init__(self, stream: TextIO, *, editing: bool) -> None:
        """Prepare.

        Args:
            stream: The terminal.
            editing: Whether it understands the escape codes of line editing.
        """
        self._stream = stream
        self._lock = threading.RLock()
        self._held: list[str] = []
        self._prompt: Callable[[], Parts] | None = None
        """What the user sees who may be typing."""
        if editing:
            with suppress(ImportError):  # it changes what input() does
                import readline  # noqa: F401

    def read(self, prompt: Callable[[], Parts], offer: str = "", typed: Typed = NOTHING) -> str:  # noqa: ARG002
        """Return the next line; whole lines that were `typed` before are taken as they are, and nothing is offered.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        with self._lock:
            self._print()
            if "\n" in typed.text:
                line = typed.text.rpartition("\n")[0]
                self._stream.write(f"{_plain(prompt)}{line}\n")
                return line
            self._prompt = prompt
        try:
            return self._input(_plain(prompt))
        finally:
            self._prompt = None

    def ask(self, question: str) -> str:
        """Return the answer to a question.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
        """
        return self._input(question)

    def say(self, lines: Sequence[str]) -> None:
        """Print lines now if the user may be typing, else before the next prompt; from any thread."""
        with self._lock:
            self._held += lines
            if self._prompt is not None:
                self._stream.write("\n")
                self._print()
                self._stream.write(_plain(self._prompt))
                self._stream.flush()

    @property
    def is_reading(self) -> bool:
        """Whether the user may be typing."""
        return self._prompt is not None

    def interrupt(self, error: BaseException) -> bool:
        """End the reading that is going on with an exception; tell whether there was one."""
        if self._prompt is not None:
            raise error
        return False

    def _input(self, prompt: str) -> str:
        if self._stream is sys.stdout:
            return input(prompt)
        self._stream.write(prompt)
        self._stream.flush()
        return input()

    def _print(self) -> None:
        lines, self._held = self._held, []
        self._stream.write("".join(f"{line}\n" for line in lines))
        self._stream.flush()


def _plain(prompt: Callable[[], Parts]) -> str:
    return "".join(text for _, text in prompt())
