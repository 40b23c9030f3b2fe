"""`TapeSource`: the news of a recorded make, played as fast as they came, or faster, or from another place."""

import time
from collections.abc import Callable

from compmake.channel import Event, EventKind
from compmake.channel.tape import events_of, name_of, open_tape

_TAIL_BYTES = 65536
_AT_ONCE = 2000
"""So many events come of one call, so that no screen waits for it."""
_BETWEEN_S = 3.0
"""For so long the end of a make stays before the next one of the recording begins."""


class TapeSource:
    """A `Source` that reads a file. Times of events are those of the recording; `clock` tells where it is."""

    def __init__(self, path: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Open a recording and begin to play it; `clock` is the viewer's, in monotonic seconds.

        Raises:
            UserError: It cannot be read, or is no recording.
        """
        self.path, self._now_s = path, clock
        self.head, self._file = open_tape(path)
        self._first_line = self._file.tell()
        self._events = events_of(self._file)
        self._next: Event | None = next(self._events, None)
        self._begun_at = self._next.time if self._next is not None else 0.0
        self.length_s, self._is_whole = self._look_at_the_end()
        self._speed = 1.0
        self._position_s, self._settled_s = 0.0, clock()

    @property
    def speed(self) -> float:
        """How many times as fast as it was; 0 while it is halted."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._settle()
        self._speed = max(0.0, speed)

    def clock(self) -> float:
        """Return for how many seconds the make has been running where it is played; stands still when it is halted."""
        self._settle()
        return self._position_s

    def seek(self, position_s: float) -> None:
        """Go to another place; backwards everything is told anew from the start."""
        self._settle()
        if position_s < self._position_s:
            self._file.seek(self._first_line)
            self._events = events_of(self._file)
            self._next = next(self._events, None)
        self._position_s = min(max(0.0, position_s), self.length_s)

    def read(self) -> list[Event]:
        """Return the events up to where it is played."""
        until = self._begun_at + self.clock()
        found: list[Event] = []
        while self._next is not None and len(found) < _AT_ONCE and (self._next.time <= until or self._is_over):
            found.append(self._next)
            self._next = next(self._events, None)
        if found and found[-1].kind is EventKind.RUN_ENDED and self._next is not None:
            # However long it was until the next make began.
            next_s = self._next.time - self._begun_at - _BETWEEN_S
            self._position_s = max(self._position_s, min(next_s, self.length_s))
        return found

    def trouble(self) -> str:
        """Return that the recording was cut off, when it is played to there."""
        if self._next is None and not self._is_whole:
            return "the recording ends here: it was cut off before the end of the make"
        return ""

    def about(self) -> str:
        """Return the name of the file."""
        return name_of(self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._next = None

    @property
    def _is_over(self) -> bool:
        return self._position_s >= self.length_s

    def _settle(self) -> None:
        now_s = self._now_s()
        self._position_s = min(self._position_s + self._speed * (now_s - self._settled_s), self.length_s)
        self._settled_s = now_s

    def _look_at_the_end(self) -> tuple[float, bool]:
        """Return for how long the make was recorded, and whether to its end."""
        here = self._file.tell()
        size = self._file.seek(0, 2)
        self._file.seek(max(self._first_line, size - _TAIL_BYTES))
        last = list(events_of(self._file.read().split(b"\n")))
        self._file.seek(here)
        length_s = max([event.time for event in last], default=self._begun_at) - self._begun_at
        ends = [event.kind for event in last if event.kind in (EventKind.RUN_STARTED, EventKind.RUN_ENDED)]
        return max(0.0, length_s), ends[-1:] == [EventKind.RUN_ENDED]
