"""Reads, in any process, what a make tells a server: all of it from the start of the newest run, then what happens."""

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from redis import Redis

from compmake.channel import Event, EventKind
from compmake.channel.redis_entry import Past, read_entry
from compmake.channel.redis_jobs import read_table
from compmake.channel.redis_news import (
    TROUBLE,
    Connect,
    Keys,
    WorkerNews,
    fields_of,
    read_workers,
    text_of,
)
from compmake.job import Beat, JobId

T = TypeVar("T")
_ENTRIES = 20
_ENTRIES_SUMMED_UP = 500
_LONGEST_WAIT_S = 0.5
_SILENT_S = 5.0
_HEARD_EVERY_S = 0.05
_FIRST = "0-0"
"""Before all entries of a stream."""


class News(NamedTuple):
    """What one look has brought."""

    events: list[Event]
    past: int = 0
    """How many of them, the first ones, are older than the first look at their run."""


_NONE = News([])


class Follower:
    """Follows the runs of one store. Nothing in it raises because of the server; `lost` says what is wrong."""

    def __init__(self, connect: Connect, keys: Keys, *, sums_up: bool = False) -> None:
        """Prepare; the first look connects.

        Args:
            connect: Opens a connection.
            keys: Whose runs.
            sums_up: Jobs that were done before the first look at their run are one event, JOBS_DONE; how they began
                is not told.
        """
        self._past = Past() if sums_up else None
        self._connect, self.keys = connect, keys
        self._client: Redis | None = None
        self._run = ""
        """Which run is followed."""
        self._begun = False
        """Whether anything of it has been seen."""
        self._came_at = 0
        """Its position when it was looked at first."""
        self._position = 0
        """All before it has been seen."""
        self._server_position = 0
        self._last_id = _FIRST
        self._tick = ""
        self._heard_s = time.monotonic()
        self.driver = ""
        """Process id of the driver whose news the server has; empty before the first look, or if there are none."""
        self.ended_before = False
        """Whether the run that is followed had ended when it was looked at first."""
        self.lost: Exception | None = None
        """Why the server cannot be asked now."""

    @property
    def silent_s(self) -> float:
        """For how long nothing was heard of the driver, by the clock of this process alone."""
        return time.monotonic() - self._heard_s

    @property
    def is_well(self) -> bool:
        """Whether news come, as far as there are any."""
        return self.lost is None and self.silent_s < _SILENT_S

    def look(self, wait_s: float = 0.0) -> News:
        """Return what is new; wait a little if nothing is.

        Args:
            wait_s: At most half a second; a server that does not answer takes up to two.
        """
        wait_s = min(wait_s, _LONGEST_WAIT_S)
        news = self.ask(lambda client: self._look(client, wait_s))
        if news is None:
            time.sleep(wait_s)
            return _NONE
        return news

    def ask(self, question: Callable[[Redis], T]) -> T | None:
        """Return what the server answers, None if it cannot be asked now."""
        try:
            if self._client is None:
                self._client = self._connect()
            answer = question(self._client)
        except TROUBLE as error:
            self._note_loss(error)
            return None
        self.lost = None
        return answer

    def workers(self) -> list[WorkerNews]:
        """Return what is known of each worker."""
        return self.ask(lambda client: read_workers(client, self.keys)) or []

    def hears(self, driver: int, within_s: float) -> bool:
        """Tell whether this process tells its news here now; it gives ten signs of life a second."""
        end_s, first = time.monotonic() + within_s, None
        while time.monotonic() < end_s:
            found = self.ask(lambda client: client.hmget(self.keys.run, ["pid", "tick"]))
            if found is None or _text(found[0]) != str(driver):
                return False
            first = first or found
            if found != first:
                return True
            time.sleep(_HEARD_EVERY_S)
        return False

    def beats(self) -> list[Event]:
        """Return the newest sign of life of each running job."""
        return [_beat(worker) for worker in self.workers() if worker.fields.get("state") == "running"]

    def close(self) -> None:
        """Close the connection; the next look opens another."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*TROUBLE):
                client.close()

    def _note_loss(self, error: Exception) -> None:
        self.close()
        self.lost = error

    def _look(self, client: Redis, wait_s: float) -> News:
        values = client.hmget(self.keys.run, _ABOUT)
        known = {name: _text(value) for name, value in zip(_ABOUT, values, strict=True)}
        self._compare(known)
        if not self._run:
            time.sleep(wait_s)
            return _NONE
        block_ms = max(1, int(wait_s * 1000))
        count = _ENTRIES if self._past is None or self._position >= self._came_at else _ENTRIES_SUMMED_UP
        found: Any = client.xread({self.keys.events: self._last_id}, count=count, block=block_ms)
        entries = found[0][1] if found else ()
        events: list[Event] = []
        past = 0
        for entry_id, raw in entries:
            self._last_id, entry = text_of(entry_id), fields_of(raw)
            if entry.get("run") != self._run:
                if not self._begun:
                    continue  # a run before the one that is there now
                self._follow(entry.get("run", ""), 0)
            self._begun = True
            told, end = read_entry(entry, self._position), int(entry.get("to", 0))
            if self._past is not None and end <= self._came_at and told.can_be_summed_up:
                events += self._past.add(told)
            else:
                events += self._take_past()
                events += self._with_table(client, told.events())
            self._position = max(self._position, end)
            past = len(events) if self._position <= self._came_at else past
        # Its position counts what is no entry too: it may be never reached by entries, as long as workers only beat.
        if self._position >= self._came_at or len(entries) < count:
            events += self._take_past()
        elif self._past is not None:
            events += self._past.take_done()
        return News(events, past)

    def _take_past(self) -> list[Event]:
        return self._past.take_all() if self._past is not None else []

    def _with_table(self, client: Redis, events: list[Event]) -> list[Event]:
        """Give the event that tells of the table what it tells of; without it the event is of no use."""
        at = next((at for at, event in enumerate(events) if event.kind is EventKind.JOBS), None)
        if at is not None:
            table = read_table(client, self.keys)
            events[at : at + 1] = [] if table is None else [replace(events[at], table=table)]
        return events

    def _compare(self, known: Mapping[str, str]) -> None:
        """Look whether the server still knows what it knew, and the driver is alive."""
        run, position = known["run"], int(known["position"] or 0)
        self.driver = known["pid"] if known["tick"] else ""
        if known["tick"] != self._tick:
            self._tick, self._heard_s = known["tick"], time.monotonic()
        if run and not self._run:
            self._follow(run, position)
            self.ended_before = bool(known[_ENDED])
        if run and position < self._server_position:
            self._last_id = _FIRST  # it was emptied, and is told everything once more
        if run:
            self._server_position = position

    def _follow(self, run: str, came_at: int) -> None:
        self._run, self._begun, self._came_at, self._position = run, False, came_at, 0
        self.ended_before = False
        self._server_position = came_at


_ENDED = EventKind.RUN_ENDED.value
_ABOUT = ["run", "position", "tick", "pid", _ENDED]
"""Fields of the run's hash."""


def _text(value: Any) -> str:
    return "" if value is None else text_of(value)


def _beat(worker: WorkerNews) -> Event:
    fields, number = worker.fields, worker.number
    beat = Beat(
        place=fields.get("place", ""),
        progress=fields.get("progress", ""),
        last_line=fields.get("last_line", ""),
        cpu_percent=number("cpu_percent"),
        rss_bytes=int(number("rss_bytes")),
        frozen=bool(number("frozen")),
    )
    job_id = JobId(fields.get("job", ""))
    return Event(EventKind.HEARTBEAT, number("heard_at"), job_id, fields.get("function", ""), beat=beat)
