"""`Session`: the console as the reader of a document sees it, command by command, at moments that can be repeated."""

import contextlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from consoles import Console

COLUMNS, ROWS = 110, 24
_SETTLES_S = 3.0
"""How long the prompt may take to show the counts that are expected."""
_REGION = re.compile(r"^ MAKE ")


class Place(Protocol):
    """A program's folder."""

    path: Path


class Session(Console):
    """A console that is typed at. What it showed is taken piece by piece, each piece once."""

    def __init__(self, place: Place, argv: Sequence[str], env: dict[str, str]) -> None:
        """Start it; a program's folder is its place."""
        super().__init__(place, argv=argv, env=env, columns=COLUMNS, rows=ROWS)
        self._taken = 0

    def type_line(self, line: str, prompt: str) -> str:
        """Type a line and end it; return it with its prompt. What comes of it can be taken later.

        Args:
            line: What is typed.
            prompt: Waited for, for a while: counts follow by themselves. Those of running jobs are not.
        """
        self.wait_until(lambda: self.ended or self.at_prompt(), "a prompt")
        if "▶" not in prompt and "ETA" not in prompt:
            with contextlib.suppress(AssertionError):
                self.wait_until(lambda: self.prompt == prompt, f"the prompt {prompt!r}", _SETTLES_S)
        typed = f"{self.prompt} {line}\n"
        self.enter(line)
        return typed

    def take(self) -> str:
        """Return what was shown since it was taken last, up to the line of the cursor."""
        end = len(self.everything) if self.ended else len(self.screen.scrolled) + self.cursor[1]
        lines, self._taken = self.everything[self._taken : end], end
        return _text(lines)

    def take_answer(self) -> str:
        """Return what was shown until the next line can be typed, or the console has ended."""
        self.wait_until(lambda: self.ended or self.at_prompt(), "the answer")
        if self.ended:
            self.wait_end()
        return self.take()

    def take_moment(self, pattern: str) -> str:
        """Return what is shown at the moment when a pattern is; the region of a make, if it is there, stays."""
        self.wait_for(re.compile(pattern))
        lines = self.everything[self._taken :]
        region = next((number for number, line in enumerate(lines) if _REGION.match(line)), len(lines))
        self._taken += region
        return _text(lines)

    def take_screen(self, *keys: str) -> str:
        """Return the screen that a command filled, and press keys; the last one leaves it."""
        self.wait_until(lambda: self.screen.in_full_screen and self.lines[-1].endswith("quit"), "a full screen")
        text = _text(self.lines)
        self.press(*keys)
        self.wait_until(lambda: not self.screen.in_full_screen, "the end of the full screen")
        self._taken += 1  # the line that was typed
        return text


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
