"""`ConsoleSource`: news of the makes of this console, for a dashboard that is opened in it."""

from compmake.channel import Event
from compmake.channel.source import MemorySource
from compmake.ui.console.makes import ConsoleMake, Makes


class ConsoleSource:
    """A `Source`: the make that began last, then those that begin meanwhile."""

    def __init__(self, makes: Makes) -> None:
        self._makes = makes
        self._make: ConsoleMake | None = None
        self._source: MemorySource | None = None

    def read(self) -> list[Event]:
        """Return what is new; all of one make comes before the first of the next."""
        newest = self._makes.newest
        events = self._source.read() if self._source is not None else []
        if newest is not None and newest is not self._make:
            self._make, self._source = newest, MemorySource(newest.channel)
            events += self._source.read()
        return events

    def trouble(self) -> str:
        """Nothing can go wrong."""
        return ""

    def about(self) -> str:
        """Return where the news come from."""
        return "this console"

    def close(self) -> None:
        """Nothing is open."""
