"""The log of a make for other programs: one JSON object for each event, and nothing else."""

import json
from collections.abc import Callable, Sequence
from typing import TextIO

from compmake.channel import Event
from compmake.ui.frontend import Log
from compmake.ui.view import View


class JsonLog(Log):
    """Writes each event as one line of ASCII: at least `event` and `time`, and `job` if it is about one.

    `Event.from_dict` reads what it writes.

    Args:
        stream: Where to write; not the process's own stderr if jobs' output is captured there.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream, ascii_only=True)

    def feed(self, events: Sequence[Event], now: float) -> None:  # noqa: ARG002 -- events have their own times
        """Write what happened."""
        with self._lock:
            for event in events:
                self.view.apply(event)
            # All jobs in one line would make up most of the log, and nobody has asked for them.
            lines = [json.dumps(event.to_dict()) for event in events if event.table is None]
            self._out.write("".join(f"{line}\n" for line in lines))

    def tick(self, now: float) -> None:
        """That time passes is no event."""

    def tell(self, say: Callable[[View], Sequence[str]], now: float) -> None:
        """Nothing but events is written."""
