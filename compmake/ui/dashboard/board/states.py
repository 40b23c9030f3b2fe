"""The states of jobs as the dashboard shows them: each has a sign, two words and the role of a colour."""

from enum import IntEnum
from typing import NamedTuple

from compmake.ui.text import Style


class State(IntEnum):
    """How a job stands now; in the order in which jobs are listed."""

    FAILED = 0
    INTERRUPTED = 1
    RUNNING = 2
    READY = 3
    BLOCKED = 4
    WAITING = 5
    DONE = 6
    UP_TO_DATE = 7


class Sign(NamedTuple):
    """How a state is shown. Colour is never needed to tell one from another."""

    glyph: str
    ascii: str
    word: str
    brief: str
    """The word in rows."""
    role: str
    """Of the palette."""

    def mark(self, style: Style) -> str:
        """Return the sign as this screen can show it."""
        return self.ascii if style.ascii else self.glyph


SIGNS = {
    State.FAILED: Sign("✘", "[x]", "failed", "fail", "failed"),
    State.INTERRUPTED: Sign("!", "[!]", "interrupted", "stop", "interrupted"),
    State.RUNNING: Sign("▶", "[>]", "running", "run", "running"),
    State.READY: Sign("◌", "[.]", "ready", "ready", "ready"),
    State.BLOCKED: Sign("⊘", "[-]", "blocked", "block", "blocked"),
    State.WAITING: Sign("·", "[ ]", "waiting", "wait", "waiting"),
    State.DONE: Sign("✔", "[+]", "done", "done", "done"),
    State.UP_TO_DATE: Sign("≡", "[=]", "up to date", "same", "up to date"),
}
SILENT = Sign("?", "[?]", "silent", "?", "silent")
"""Of a worker that gives no sign of life."""
