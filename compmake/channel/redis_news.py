"""How the news of one store lie in Redis: the names of the keys, events as text, and what a worker's hash holds."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from redis import Redis
from redis.exceptions import RedisError

from compmake.channel import Event
from compmake.channel.address import Output
from compmake.job import Failure, JobId
from compmake.redis_link import connect

Connect = Callable[[], Redis]
"""Returns a connection whose calls end within a second or so; raises one of redis-py's errors, or OSError."""

_TIMEOUT_S = 1.0
FORGOTTEN_AFTER_S = 86400
"""What no make of this store has touched for so long is garbage."""
WORKER_FORGOTTEN_AFTER_S = 3600
ANSWERED_WITHIN_S = 20
"""A question to a worker, and its answer, are good for so long."""
LEAVING_S = 60
"""How long the output of a job is kept when it has ended: then the store has all of it."""
TROUBLE = (RedisError, AttributeError, OSError)
"""What redis-py raises when something is wrong with the server; 8.1 stumbles over a socket file that is busy."""


def connector(url: str) -> Connect:
    """Return what opens connections for news: without an answer for a second a call fails."""
    return lambda: connect(url, timeout_s=_TIMEOUT_S, connect_s=_TIMEOUT_S)


class Keys:
    """The keys of one store; its id in braces lets a cluster keep them together."""

    def __init__(self, store_id: str) -> None:
        self._prefix = f"compmake:{{{store_id}}}:news:"
        self.run = self._prefix + "run"
        """HASH: which run it is, where the driver is, its position, counters of events by their kind."""
        self.events = self._prefix + "ev"
        """STREAM: entries with `run`, `to` and what `redis_entry` puts there; all of the newest run, and capped."""
        self.jobs = self._prefix + "jobs"
        """HASH: the table of all jobs of the newest run, in parts."""
        self.workers = self._prefix + "workers"
        """ZSET: names of workers by the epoch seconds of their last sign of life."""
        self.control = self._prefix + "ctl"
        """STREAM: questions to workers."""

        self.steer = self._prefix + "steer"
        """STREAM: what others ask of the make itself."""

    def worker(self, name: str) -> str:
        """HASH: what is known of a worker."""
        return f"{self._prefix}w:{name}"

    def output(self, job_id: JobId) -> str:
        """HASH: how much the running job has printed, and the end of it."""
        return f"{self._prefix}out:{job_id}"

    def reply(self, token: str) -> str:
        """LIST: answers to a question."""
        return f"{self._prefix}re:{token}"


def event_text(event: Event) -> str:
    """Return an event as JSON; of a failure without local variables and source, which the store has; without tables."""
    if event.failure is not None:
        event = replace(event, failure=_in_short(event.failure))
    if event.table is not None:
        event = replace(event, table=None)  # that lies elsewhere
    return json.dumps(event.to_dict(), separators=(",", ":"))


def _in_short(failure: Failure) -> Failure:
    frame = failure.deepest_user_frame
    frames = (frame._replace(source=(), locals=()),) if frame is not None else ()
    return Failure(failure.type_name, failure.message[:2000], frames)


class WorkerNews(NamedTuple):
    """What is known of one worker, from itself and from the driver."""

    name: str
    fields: Mapping[str, str]
    age_s: float
    """Since its last sign of life."""

    @property
    def running_s(self) -> float:
        """For how long its job has been running, 0 if it has none."""
        return max(0.0, time.time() - self.number("started_at")) if self.fields.get("state") == "running" else 0.0

    def number(self, field: str) -> float:
        """Return a field as a number, 0 if there is none."""
        try:
            return float(self.fields.get(field, 0))
        except ValueError:
            return 0.0


def read_workers(client: Redis, keys: Keys) -> list[WorkerNews]:
    """Return all workers of the newest run, in the order of their numbers."""
    seen: Any = client.zrange(keys.workers, 0, -1, withscores=True)
    with client.pipeline(transaction=False) as pipe:
        for name, _ in seen:
            pipe.hgetall(keys.worker(text_of(name)))
        found = pipe.execute()
    now = time.time()
    news = [
        WorkerNews(text_of(name), fields_of(fields), max(0.0, now - float(at)))
        for (name, at), fields in zip(seen, found, strict=True)
        if fields
    ]
    return sorted(news, key=lambda one: (len(one.name), one.name))


def read_output(client: Redis, keys: Keys, job_id: JobId) -> Output | None:
    """Return what a running job has printed, None if nobody told of it."""
    size, end = client.hmget(keys.output(job_id), ["size", "end"])
    return None if size is None or end is None else Output(int(size), _bytes_of(end))


def fields_of(found: Mapping[Any, Any]) -> dict[str, str]:
    """Return what a hash holds as text."""
    return {text_of(name): text_of(value) for name, value in found.items()}


def text_of(value: Any) -> str:
    """Return text as Redis gives it."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _bytes_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
