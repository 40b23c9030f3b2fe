"""Acting on the make of another process through a server: `RedisSteer` asks, `Requests` carries out and answers.

On a named server a request is signed with the user's key, for whoever can write there could send one; it is good for
one run and once. The private server's socket lies in a folder that nobody else can enter.
"""

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from typing import Any

from redis import Redis

from compmake.channel import EventKind
from compmake.channel.redis_news import ANSWERED_WITHIN_S, TROUBLE, Connect, Keys, text_of
from compmake.channel.source import Steer
from compmake.errors import StoreError
from compmake.job import JobId
from compmake.signing import SIGNATURE_BYTES, Signer

_KIND = "steer"
_KEPT = 100
_AT_ONCE = 20
_ANSWER_WITHIN_S = 5.0
_LOOK_S = 0.03

Signing = Callable[[], Signer] | None
"""Returns what signs and verifies, or raises a `StoreError`; None where nobody else can write."""


class RedisSteer:
    """A `Steer` of the make whose news are on a server."""

    def __init__(self, connect: Connect, keys: Keys, signing: Signing, explain: Callable[[Exception], str]) -> None:
        """Prepare; each request has a connection of its own.

        Args:
            connect: Opens a connection.
            keys: Where the news are.
            signing: As the make expects it.
            explain: Returns in one line what is wrong with the server.
        """
        self._connect, self._keys, self._signing, self._explain = connect, keys, signing, explain

    def pause(self) -> str:
        """Start no jobs any more; those that run go on."""
        return self._ask("pause")

    def resume(self) -> str:
        """Start jobs again."""
        return self._ask("resume")

    def toggle_pause(self) -> str:
        """Pause, or go on."""
        return self._ask("toggle-pause")

    def set_workers(self, count: int) -> str:
        """Let so many workers run jobs from now on."""
        return self._ask("workers", count=count)

    def change_workers(self, step: int) -> str:
        """Let so many more workers run jobs, or fewer."""
        return self._ask("change-workers", step=step)

    def cancel(self, job_ids: Collection[JobId]) -> str:
        """Terminate those that run and start none of the others."""
        return self._ask("cancel", jobs=list(job_ids))

    def requeue(self, job_ids: Collection[JobId]) -> str:
        """End those that run, and begin them again."""
        return self._ask("requeue", jobs=list(job_ids))

    def stop(self) -> str:
        """Take one step to end the make."""
        return self._ask("stop")

    def _ask(self, deed: str, **about: object) -> str:
        try:
            client = self._connect()
            with contextlib.closing(client):
                found: Any = client.hmget(self._keys.run, ["run", EventKind.RUN_ENDED.value])
                run, ended = found
                if run is None or ended is not None:
                    return "No make tells its news there now."
                token = uuid.uuid4().hex
                self._send(client, run, json.dumps({"id": token, "do": deed, **about}).encode())
                return self._answer(client, token)
        except StoreError as error:
            return f"Not asked: {error}"
        except TROUBLE as error:
            return f"Not known whether it was done: {self._explain(error)}"

    def _send(self, client: Redis, run: bytes, request: bytes) -> None:
        sealed = request if self._signing is None else self._signing().seal(_KIND, run, request)
        with client.pipeline(transaction=True) as pipe:
            pipe.xadd(self._keys.steer, {"run": run, "request": sealed}, maxlen=_KEPT)
            pipe.expire(self._keys.steer, ANSWERED_WITHIN_S)
            pipe.execute()

    def _answer(self, client: Redis, token: str) -> str:
        end_s = time.monotonic() + _ANSWER_WITHIN_S
        while time.monotonic() < end_s:
            found: Any = client.lindex(self._keys.reply(token), 0)
            if found is not None:
                return text_of(found)
            time.sleep(_LOOK_S)
        return f"No answer within {_ANSWER_WITHIN_S:.0f} s: the make hears nothing now, or has ended."


class Requests:
    """The make's end: what others ask of it through a server."""

    def __init__(self, keys: Keys, steer: Steer, signing: Signing) -> None:
        """Carry out requests on `steer`, which returns at once; without `signing` they need no signature."""
        self._keys, self._steer, self._signing = keys, steer, signing
        self._last_id = "0-0"
        self._seen: set[str] = set()

    def heed(self, client: Redis, run: str) -> None:
        """Carry out what was asked of this run since the last call, and answer.

        Raises:
            One of redis-py's errors: The server is not there.
        """
        found: Any = client.xread({self._keys.steer: self._last_id}, count=_AT_ONCE)
        for entry_id, fields in found[0][1] if found else ():
            self._last_id = text_of(entry_id)
            if fields.get(b"run") == run.encode():
                self._carry_out(client, run.encode(), fields.get(b"request", b""))

    def _carry_out(self, client: Redis, run: bytes, sealed: bytes) -> None:
        request, refusal = self._opened(run, sealed)
        with contextlib.suppress(ValueError, KeyError, TypeError):  # it is none; nobody waits for an answer
            asked = json.loads(request)
            token = str(asked["id"])
            if token in self._seen:
                return  # sent once more by somebody who has only read it
            answer = refusal or self._do(asked)
            if not refusal:
                self._seen.add(token)
            reply = self._keys.reply(token)
            with client.pipeline(transaction=True) as pipe:
                pipe.rpush(reply, answer)
                pipe.expire(reply, ANSWERED_WITHIN_S)
                pipe.execute()

    def _opened(self, run: bytes, sealed: bytes) -> tuple[bytes, str]:
        """Return a request, and why it is refused if it is."""
        if self._signing is None:
            return sealed, ""
        request = sealed[SIGNATURE_BYTES:]
        try:
            opened = self._signing().open(_KIND, run, sealed)
        except StoreError as error:
            return request, f"Refused: {error}"
        return (
            request,
            "" if opened is not None else "Refused: it is not signed with the key of whoever runs this make.",
        )

    def _do(self, asked: Mapping[str, Any]) -> str:
        steer = self._steer
        match asked["do"]:
            case "pause":
                return steer.pause()
            case "resume":
                return steer.resume()
            case "toggle-pause":
                return steer.toggle_pause()
            case "change-workers":
                return steer.change_workers(int(asked["step"]))
            case "workers":
                return steer.set_workers(int(asked["count"]))
            case "cancel":
                return steer.cancel([JobId(str(job_id)) for job_id in asked["jobs"]])
            case "requeue":
                return steer.requeue([JobId(str(job_id)) for job_id in asked["jobs"]])
            case "stop":
                return steer.stop()
        return "Refused: the make is of another version of compmake, and cannot do that."
