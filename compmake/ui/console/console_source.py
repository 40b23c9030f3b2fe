"""`ConsoleSource`: news for a dashboard that is opened in a console: of its own makes, else of one elsewhere."""

import contextlib
import threading
from collections.abc import Callable

from compmake.channel import Event
from compmake.channel.source import MemorySource, Source
from compmake.errors import CompmakeError
from compmake.ui.console.makes import ConsoleMake, Makes

_ASK_EVERY_S = 1.0


class ConsoleSource:
    """A `Source`: the make that began last, then those that begin meanwhile; another process's if none runs here.

    Args:
        makes: Those of this console.
        is_making: Tells whether a make of the store runs, in whichever process; asked in a thread.
        elsewhere: Opens the news of makes of other processes.
    """

    def __init__(self, makes: Makes, is_making: Callable[[], bool], elsewhere: Callable[[], Source]) -> None:
        self._makes, self._is_making, self._open_other = makes, is_making, elsewhere
        self._make: ConsoleMake | None = None
        self._source: MemorySource | None = None
        self._other: Source | None = None
        self._is_elsewhere = False
        self._closing = threading.Event()
        threading.Thread(target=self._look_elsewhere, name="compmake-elsewhere", daemon=True).start()

    def read(self) -> list[Event]:
        """Return what is new; all of one make comes before the first of the next."""
        newest = self._makes.newest
        events = self._source.read() if self._source is not None else []
        if newest is not None and newest is not self._make:
            self._make, self._source = newest, MemorySource(newest.channel)
            events += self._source.read()
        if self._makes.running is not None:
            self._close_other()
        elif self._is_elsewhere and self._other is None:
            self._other = self._open_other()
        return events if self._other is None else [*events, *self._other.read()]

    def trouble(self) -> str:
        """Return why no news come; of the makes of this console they always do."""
        return "" if self._other is None else self._other.trouble()

    def about(self) -> str:
        """Return where the news come from."""
        return "this console" if self._other is None else self._other.about()

    def close(self) -> None:
        """End."""
        self._closing.set()
        self._close_other()

    def _close_other(self) -> None:
        if self._other is not None:
            self._other.close()
            self._other, self._is_elsewhere = None, False

    def _look_elsewhere(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(CompmakeError):  # whoever gives a command is told
                self._is_elsewhere = self._makes.running is None and self._is_making()
            self._closing.wait(_ASK_EVERY_S)
