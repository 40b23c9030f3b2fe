"""`RedisSource`: news of a make of another process; a thread fetches them from a server, so that no screen waits."""

import threading
import time
from collections.abc import Callable

from compmake.channel import Event, EventKind
from compmake.channel.address import NewsAddress
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_news import Keys, connector
from compmake.channel.server import is_private
from compmake.redis_link import explained, shown

_WAIT_S = 0.2
_BEATS_EVERY_S = 0.5
_FIND_EVERY_S = 1.0
_TROUBLE_AFTER_S = 2.0
_ENDS_WITHIN_S = 2.0


class RedisSource:
    """A `Source`. The next make may tell its news on another server, which is looked for when this one is away."""

    def __init__(self, find: Callable[[], NewsAddress | None]) -> None:
        """Begin to fetch.

        Args:
            find: Returns where the news are now, None if nobody tells any; called by `read` only.
        """
        self._find = find
        self._address: NewsAddress | None = None
        self._fetcher: _Fetcher | None = None
        self._found_s = 0.0
        self._look_for_it()

    def read(self) -> list[Event]:
        """Return what is new."""
        if self._trouble_s() > _FIND_EVERY_S:
            self._look_for_it()
        return self._fetcher.take() if self._fetcher is not None else []

    def trouble(self) -> str:
        """Return why no news come; a moment without them is no trouble."""
        if self._fetcher is None or self._address is None:
            return "no make tells any news yet"
        for_s = self._trouble_s()
        if for_s < _TROUBLE_AFTER_S or self._fetcher.is_over:
            return ""
        lost = self._fetcher.follower.lost
        why = "the make says nothing" if lost is None else str(explained(lost, self._address.url))
        return f"no news since {time.strftime('%H:%M:%S', time.localtime(time.time() - for_s))}: {why}"

    def about(self) -> str:
        """Return which server it is, and how fast it answers."""
        if self._fetcher is None or self._address is None:
            return "redis: none yet"
        url = self._address.url
        name = "private" if is_private(url) else shown(url).partition("://")[2]
        took_s = self._fetcher.took_s
        if took_s is None:
            # A private server ends with its make: that one has told all it had to tell is no loss.
            is_lost = self._fetcher.follower.lost is not None
            return "" if self._fetcher.is_over else f"redis {name} lost" if is_lost else f"redis {name}"
        return f"redis {name} ok {max(1, round(took_s * 1000))} ms"

    def close(self) -> None:
        """End the thread and close the connection."""
        if self._fetcher is not None:
            self._fetcher.close()

    def _trouble_s(self) -> float:
        return self._fetcher.trouble_s if self._fetcher is not None else time.monotonic() - self._found_s

    def _look_for_it(self) -> None:
        """Follow another server if the news have moved; asked at most once a second."""
        now_s = time.monotonic()
        if self._found_s and now_s - self._found_s < _FIND_EVERY_S:
            return
        self._found_s = now_s
        address = self._find()
        if address is not None and address != self._address:
            self.close()
            self._address, self._fetcher = address, _Fetcher(address)


class _Fetcher:
    """A thread that follows one server."""

    def __init__(self, address: NewsAddress) -> None:
        self.follower = Follower(connector(address.url), Keys(address.store_id), sums_up=True)
        self.took_s: float | None = None
        """How long the server took to answer last; None while it does not."""
        self.is_over = False
        """Whether the make that is followed has told its end."""
        self._events: list[Event] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._well_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="compmake-source", daemon=True)
        self._thread.start()

    @property
    def trouble_s(self) -> float:
        """For how long it has not been well."""
        return time.monotonic() - self._well_s

    def take(self) -> list[Event]:
        """Return what has come since."""
        with self._lock:
            events, self._events = self._events, []
            return events

    def close(self) -> None:
        """End; the thread closes the connection, for it may be waiting for an answer."""
        self._closing.set()
        self._thread.join(_ENDS_WITHIN_S)

    def _run(self) -> None:
        beats_at_s = 0.0
        while not self._closing.is_set():
            events = self.follower.look(_WAIT_S).events
            for event in events:
                if event.kind in (EventKind.RUN_STARTED, EventKind.RUN_ENDED):
                    self.is_over = event.kind is EventKind.RUN_ENDED
            if self.follower.is_well or (self.is_over and self.follower.lost is None):
                self._well_s = time.monotonic()
            if (now_s := time.monotonic()) >= beats_at_s:
                beats_at_s = now_s + _BEATS_EVERY_S
                self.took_s = self._time_of_an_answer()
                events = [*events, *(self.follower.beats() if not self.is_over else ())]
            with self._lock:
                self._events += events
        self.follower.close()

    def _time_of_an_answer(self) -> float | None:
        begun_s = time.monotonic()
        return time.monotonic() - begun_s if self.follower.ask(lambda client: client.ping()) is not None else None
