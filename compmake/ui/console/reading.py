"""What reads lines from the user, in whichever terminal: the `Reader` protocol."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from compmake.ui.text import Parts


class Typed(NamedTuple):
    """A line that is not finished."""

    text: str = ""
    at: int = 0
    """Where the cursor is in it."""


NOTHING = Typed()


class DashboardWantedError(Exception):
    """The user has pressed F2 and wants what they had typed back afterwards."""

    def __init__(self, typed: Typed) -> None:
        super().__init__()
        self.typed = typed


class Reader(Protocol):
    """Reads lines from the user and prints what happens meanwhile."""

    def read(self, prompt: Callable[[], Parts], offer: str = "", typed: Typed = NOTHING) -> str:
        """Return the next line; `offer` is one that the user may take over, `typed` is there already.

        Raises:
            EOFError: Ctrl-D.
            KeyboardInterrupt: Ctrl-C.
            DashboardWantedError: F2.
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
