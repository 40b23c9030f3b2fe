"""Tells a server what a make tells its channel; in a thread, so that the make never waits and never fails of it.

The server knows at which position it is, in the same transaction as the news themselves. So after any trouble it goes
on where it was: nothing is doubled, and nothing is missing unless the channel has dropped it meanwhile.
"""

import contextlib
import json
import os
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from redis import Redis
from redis.exceptions import OutOfMemoryError, TimeoutError

from compmake.channel import Channel, Event, EventKind
from compmake.channel.address import NewsAddress, Output, OwnWords
from compmake.channel.redis_entry import entry_fields
from compmake.channel.redis_jobs import table_letters
from compmake.channel.redis_letter import Letter
from compmake.channel.redis_news import (
    FORGOTTEN_AFTER_S,
    LEAVING_S,
    TROUBLE,
    WORKER_FORGOTTEN_AFTER_S,
    Connect,
    Keys,
    connector,
    text_of,
)
from compmake.channel.redis_steer import Requests, Signing
from compmake.channel.server import PrivateServer
from compmake.channel.source import Steer
from compmake.channel.worker_rows import WorkerRows
from compmake.errors import UserError
from compmake.job import JobId
from compmake.redis_link import explained, shown

_EVERY_S = 0.1
_ROWS_EVERY_S = 0.5
_AGAIN_S = 0.5
_BATCH = 1000
_KEPT_EVENTS = 1_000_000
"""Of one run, for those who come late; of runs before it `_KEPT_BEFORE` batches."""
_KEPT_BEFORE = 100
_COUNTED = frozenset({EventKind.UP_TO_DATE, EventKind.BLOCKED, EventKind.READY})
"""Their `count` is how many jobs they tell of."""
_ENDS = frozenset({EventKind.JOB_DONE, EventKind.JOB_FAILED, EventKind.JOB_INTERRUPTED, EventKind.JOB_RETRIED})


def forward(
    channel: Channel,
    address: NewsAddress,
    ending: threading.Event,
    *,
    outputs: dict[JobId, Output],
    words: dict[str, OwnWords] | None = None,
    server: PrivateServer | None,
    steer: Steer | None = None,
    signing: Signing = None,
) -> None:
    """Tell a server what a make tells its channel, until `ending` is set.

    Args:
        channel: What the make tells; also hears when other terminals get no news.
        address: Where the news go.
        ending: Set when the make has ended.
        outputs: What running jobs have printed; others put the newest in, here it is taken out.
        words: What workers would tell by themselves and cannot; as `outputs`.
        server: To be started when it is not there; None if the server is not ours.
        steer: What others may do to the make through the server; None for nothing.
        signing: What verifies their requests; None where nobody else can write.
    """
    connect = connector(address.url)

    def open_client() -> Redis:
        if server is not None:
            server.ensure()
        return connect()

    def explain(error: Exception) -> str:
        if isinstance(error, OutOfMemoryError):
            whose = "their private server" if server is not None else shown(address.url)
            return f"{whose} is out of memory (maxmemory)"
        return str(error) if isinstance(error, UserError) else str(explained(error, address.url))

    about = {"host": os.uname().nodename, "pid": str(os.getpid())}
    keys = Keys(address.store_id)
    forwarder = Forwarder(
        channel,
        open_client,
        keys,
        outputs=outputs,
        words={} if words is None else words,
        about=about,
        explain=explain,
        requests=Requests(keys, steer, signing) if steer is not None else None,
    )
    forwarder.run(ending)


class Forwarder:
    """Carries one make's news from its channel to a server."""

    def __init__(
        self,
        channel: Channel,
        connect: Connect,
        keys: Keys,
        *,
        outputs: dict[JobId, Output],
        words: dict[str, OwnWords],
        about: Mapping[str, str],
        explain: Callable[[Exception], str],
        requests: Requests | None = None,
    ) -> None:
        """Prepare; `run` does the work.

        Args:
            channel: What the make tells; also hears when other terminals get no news.
            connect: Opens a connection, and starts a server first if that is ours.
            keys: Where the news go.
            outputs: What running jobs have printed; others put the newest in, here it is taken out.
            words: What workers would tell by themselves and cannot; as `outputs`.
            about: What viewers find in the run's hash besides: host and process of the driver.
            explain: Returns why other terminals get no news, in one line.
            requests: Heeds what others ask of the make.
        """
        self._channel, self._connect, self._keys = channel, connect, keys
        self._outputs, self._words, self._about = outputs, words, dict(about)
        self._explain, self._requests = explain, requests
        self._token = uuid.uuid4().hex
        self._position = 0
        """All before it is on the server."""
        self._counted = 0
        """All before it is in the counters."""
        self._counts: dict[str, int] = {}
        self._entries: list[tuple[str, int]] = []
        """Ids of the stream's entries and where each ends, for dropping old ones."""
        self._rows = WorkerRows()
        self._rows_at_s = 0.0
        self._tick = 0
        self._client: Redis | None = None
        self._there_at = time.time()
        """When the server took something last."""
        self._lost = self._loss_told = False

    def run(self, ending: threading.Event) -> None:
        """Tell until `ending` is set, then the rest if the server takes it."""
        wait_s = 0.0
        while not ending.wait(wait_s) or self._is_behind():
            try:
                self._forward()
            except Exception as error:  # whatever it is, the make must not suffer for its news
                if ending.is_set():
                    break
                wait_s = self._note_loss(error)
            else:
                self._note_return()
                wait_s = _EVERY_S
        self._close_client()

    def _is_behind(self) -> bool:
        return bool(self._channel.read(self._position)[0])

    def _note_loss(self, error: Exception) -> float:
        """Tell the make's own screen; return when to try again."""
        self._close_client()
        if not self._lost:
            self._lost = True
            if not isinstance(error, TimeoutError):
                return 0.0  # perhaps it was started again, or we do that now
        if not self._loss_told:
            self._loss_told = True
            since = time.strftime("%H:%M:%S", time.localtime(self._there_at))
            self._notice(f"other terminals get no news of this make since {since}: {self._explain(error)}")
        return _AGAIN_S

    def _note_return(self) -> None:
        if self._loss_told:
            self._notice(f"other terminals get news of this make again, after {time.time() - self._there_at:.0f} s")
        self._lost = self._loss_told = False
        self._there_at = time.time()

    def _notice(self, text: str) -> None:
        self._channel.publish([Event(EventKind.NOTICE, time.time(), text=text)])

    def _forward(self) -> None:
        """Send all that there is; a round without any event tells that the driver is alive."""
        if self._client is None:
            client = self._connect()
            self._find_position(client)
            self._client = client
        events, end = self._channel.read(self._position)
        start = end - len(events)  # later than our position if the server was away for too long
        for at in range(0, max(len(events), 1), _BATCH):
            batch = events[at : at + _BATCH]
            self._count(batch, start + at)
            if not self._send(self._client, batch, start + at):
                self._begin_anew(self._client)
                return
            self._position = start + at + len(batch)
        if self._requests is not None:
            self._requests.heed(self._client, self._token)

    def _find_position(self, client: Redis) -> None:
        token, position = client.hmget(self._keys.run, ["run", "position"])
        if position is not None and _text(token) == self._token:
            self._position = int(position)
        else:
            self._begin_anew(client)

    def _begin_anew(self, client: Redis) -> None:
        """The server knows nothing of this run: forget the workers of the one before, tell all from the start."""
        keys = self._keys
        old = client.zrange(keys.workers, 0, -1)
        with client.pipeline(transaction=True) as pipe:
            pipe.delete(keys.run, keys.jobs, keys.workers, *(keys.worker(text_of(name)) for name in old))
            pipe.xtrim(keys.events, maxlen=_KEPT_BEFORE)
            begun: Any = {**self._about, "run": self._token, "position": 0}
            pipe.hset(keys.run, mapping=begun)
            pipe.execute()
        self._position = 0
        self._entries.clear()
        self._rows.all_are_news()

    def _send(self, client: Redis, events: Sequence[Event], start: int) -> bool:
        """Send events in one step; tell whether the server still knew of this run, else nothing was sent.

        A table of jobs goes before the event that tells of it.
        """
        for table in [event.table for event in events if event.table is not None]:
            if any(part.send(client, self._keys.run, self._token) is None for part in table_letters(self._keys, table)):
                return False
        keys, end, letter = self._keys, start + len(events), Letter()
        self._tick += 1
        told = [(start + at, event) for at, event in enumerate(events, 1) if event.kind is not EventKind.HEARTBEAT]
        if told:
            letter.add("XADD", keys.events, "*", "run", self._token, "to", end, *entry_fields(told))
            letter.add("EXPIRE", keys.events, FORGOTTEN_AFTER_S)
        run = {**self._about, **self._counts, "run": self._token, "position": end, "tick": self._tick}
        letter.put(keys.run, run, FORGOTTEN_AFTER_S)
        self._add_rows(letter, any(event.kind is EventKind.RUN_ENDED for event in events[-1:]))
        self._add_words(letter)
        self._add_outputs(letter, [event for _, event in told])
        while self._entries and self._entries[0][1] < end - _KEPT_EVENTS:
            letter.add("XTRIM", keys.events, "MINID", "=", self._entries.pop(0)[0])
        first = letter.send(client, keys.run, self._token)
        if told and first is not None:
            self._entries.append((text_of(first), end))
        return first is not None

    def _add_rows(self, letter: Letter, is_over: bool) -> None:
        now_s = time.monotonic()
        if now_s < self._rows_at_s and not is_over:
            return
        self._rows_at_s = now_s + _ROWS_EVERY_S
        letter.add("EXPIRE", self._keys.jobs, FORGOTTEN_AFTER_S)
        for name, row in self._rows.take_news():
            letter.put(self._keys.worker(name), row, WORKER_FORGOTTEN_AFTER_S)
            letter.add("ZADD", self._keys.workers, time.time(), name)
            letter.add("EXPIRE", self._keys.workers, FORGOTTEN_AFTER_S)

    def _add_words(self, letter: Letter) -> None:
        while self._words:
            name, words = self._words.popitem()
            row = {"told_job": words.job_id, "pid": words.pid, "host": self._about.get("host", "")}
            told = {**row, "peak_bytes": words.peak_bytes, "stack": json.dumps(words.stack)}
            letter.put(self._keys.worker(name), told, WORKER_FORGOTTEN_AFTER_S)

    def _add_outputs(self, letter: Letter, events: Sequence[Event]) -> None:
        while self._outputs:
            job_id, output = self._outputs.popitem()
            letter.put(self._keys.output(job_id), {"size": output.size_bytes, "end": output.end}, FORGOTTEN_AFTER_S)
        for event in events:
            if event.kind in _ENDS and event.wall_s > _EVERY_S:
                letter.add("EXPIRE", self._keys.output(event.job_id), LEAVING_S)

    def _count(self, events: Sequence[Event], start: int) -> None:
        """Fold events into the counters and the rows, each once."""
        for event in events[max(0, self._counted - start) :]:
            self._rows.apply(event)
            kind = event.kind
            if kind is not EventKind.HEARTBEAT:
                name, count = kind._value_, event.count if kind in _COUNTED else 1
                self._counts[name] = self._counts.get(name, 0) + count
        self._counted = max(self._counted, start + len(events))

    def _close_client(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(*TROUBLE):
                client.close()


def _text(value: Any) -> str:
    return "" if value is None else text_of(value)
