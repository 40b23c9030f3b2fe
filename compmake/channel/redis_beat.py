"""What a worker tells a server by itself: signs of life, and where a job is when somebody asks for the whole stack."""

import contextlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis

from compmake.channel.address import NewsAddress, Place
from compmake.channel.redis_news import (
    ANSWERED_WITHIN_S,
    TROUBLE,
    WORKER_FORGOTTEN_AFTER_S,
    Keys,
    connector,
    text_of,
)
from compmake.job import JobId, place_text

_AGAIN_S = 2.0
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
_QUESTIONS = 20


class WorkerBeat:
    """One worker's connection; whatever is wrong with the server costs it nothing but a look now and then."""

    def __init__(self, address: NewsAddress, worker: str, stack: Callable[[], Sequence[Place]]) -> None:
        """Prepare; the first sign connects.

        Args:
            address: Where the news go.
            worker: Its name, `w3`.
            stack: Returns where the job is: all calls, the outermost first.
        """
        self._connect, self._keys = connector(address.url), Keys(address.store_id)
        self._worker, self._stack = worker, stack
        self._about = {"host": os.uname().nodename, "pid": os.getpid()}
        self._client: Redis | None = None
        self._again_s = 0.0
        self._number = 0
        self._cpu_s, self._at_s = time.process_time(), time.monotonic()
        self._last_id = ""

    def tell(self, job_id: JobId, elapsed_s: float, place: Place, progress: str) -> None:
        """Tell how the job is, and answer who has asked where it is."""
        if time.monotonic() < self._again_s:
            return
        try:
            if self._client is None:
                self._client = self._connect()
                # Whoever asked while this worker was not yet there shall have an answer too.
                since_s = int(self._client.time()[0]) - ANSWERED_WITHIN_S
                self._last_id = f"{since_s * 1000}-0"
            self._tell(self._client, job_id, elapsed_s, place_text(*place), progress)
            self._answer(self._client, job_id)
        except TROUBLE:
            self._again_s = time.monotonic() + _AGAIN_S
            client, self._client = self._client, None
            if client is not None:
                with contextlib.suppress(*TROUBLE):
                    client.close()

    def _tell(self, client: Redis, job_id: JobId, elapsed_s: float, place: str, progress: str) -> None:
        self._number += 1
        now_s, cpu_s = time.monotonic(), time.process_time()
        percent = 100 * (cpu_s - self._cpu_s) / max(now_s - self._at_s, 1e-3)
        self._cpu_s, self._at_s = cpu_s, now_s
        peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES
        fields: Any = {
            **self._about,
            "seq": self._number,
            "told_job": job_id,
            "elapsed_s": round(elapsed_s, 1),
            "own_cpu_percent": round(percent, 1),
            "own_rss_bytes": _rss_bytes() or peak_bytes,
            "peak_bytes": peak_bytes,
            "place": place,
            "progress": progress,
            "stack": "",  # that of a job before, which could not be asked for it
        }
        name = self._keys.worker(self._worker)
        with client.pipeline(transaction=False) as pipe:
            pipe.hset(name, mapping=fields)
            pipe.expire(name, WORKER_FORGOTTEN_AFTER_S)
            pipe.zadd(self._keys.workers, {self._worker: time.time()})
            pipe.execute()

    def _answer(self, client: Redis, job_id: JobId) -> None:
        found: Any = client.xread({self._keys.control: self._last_id}, count=_QUESTIONS)
        for entry_id, fields in found[0][1] if found else ():
            self._last_id = text_of(entry_id)
            asked = {text_of(name): text_of(value) for name, value in fields.items()}
            if asked.get("ask") == "where" and asked.get("job") == job_id and "reply" in asked:
                answer = {"worker": self._worker, **self._about, "stack": list(self._stack())}
                reply = self._keys.reply(asked["reply"])
                with client.pipeline(transaction=True) as pipe:
                    pipe.rpush(reply, json.dumps(answer))
                    pipe.expire(reply, ANSWERED_WITHIN_S)
                    pipe.execute()


def _rss_bytes() -> int:
    """Return the memory of this process, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0
