"""What taking a value apart reports besides its parts."""

from typing import Any, Protocol


class Found(Protocol):
    """Who wants to know what was met."""

    def note_code(self, thing: Any) -> None:
        """Take a function, or the class of an instance: its code counts."""
        ...

    def note_callable(self, thing: Any) -> None:
        """Take a function or class that is itself in the value: who has the value can call it."""
        ...

    def note_object(self, value: Any) -> None:
        """Take an object that describes itself, and might do so differently the next time."""
        ...
