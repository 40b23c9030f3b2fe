"""The channel inside one process: no server, gone with the process."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from itertools import islice

from compmake.channel import Event, EventKind

KEPT_EVENTS = 100_000
_KEPT_OLD = 1_000_000
_PASSING = frozenset({EventKind.HEARTBEAT, EventKind.ESTIMATE})
"""Of these only the newest tell anything."""
_BEGINNING = frozenset({EventKind.RUN_STARTED, EventKind.JOBS})


class MemoryChannel:
    """Keeps the newest events; a subscriber is called by the thread that publishes."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque()
        self._old: deque[Event] = deque(maxlen=_KEPT_OLD)
        """Those before them that a late reader needs."""
        self._beginning: list[Event] = []
        """How the newest make began, once that is among the older ones."""
        self._published = 0
        self._subscribers: list[Callable[[Sequence[Event]], None]] = []
        # Held while subscribers are called, so that all see one order; a subscriber may publish in turn.
        self._lock = threading.RLock()

    def publish(self, events: Sequence[Event]) -> None:
        """Send events; a subscriber that raises is dropped, since news must not stop a make."""
        if not events:
            return
        with self._lock:
            self._events.extend(events)
            self._published += len(events)
            while len(self._events) > KEPT_EVENTS:
                self._put_by(self._events.popleft())
            for receive in tuple(self._subscribers):
                try:
                    receive(events)
                except Exception:
                    self._drop(receive)

    def read(self, since: int) -> tuple[list[Event], int]:
        """Return the events after position `since` and the position to go on from.

        From 0 that is all that one who comes late must know of the newest make, also what was told long ago.
        """
        with self._lock:
            if since <= 0:
                return [*self._beginning, *self._old, *self._events], self._published
            new = min(max(self._published - since, 0), len(self._events))
            newest = list(islice(reversed(self._events), new))  # from the end: most are kept for those who come late
            return newest[::-1], self._published

    def subscribe(self, receive: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call `receive` with all that is published from now on; return what ends that."""
        with self._lock:
            self._subscribers.append(receive)
        return lambda: self._drop(receive)

    def _put_by(self, event: Event) -> None:
        """Keep one of the older events if it matters."""
        if event.kind is EventKind.RUN_STARTED:
            self._old.clear()
            self._beginning.clear()
        if event.kind in _BEGINNING:
            self._beginning.append(event)
        elif event.kind not in _PASSING:
            self._old.append(event)

    def _drop(self, receive: Callable[[Sequence[Event]], None]) -> None:
        with self._lock:
            if receive in self._subscribers:
                self._subscribers.remove(receive)
