"""One make at a time on a store of a server: a lease that a thread renews, with a token that every write is checked by.

A lease can run out while its holder stands still. Whoever takes it then leaves a new token in the store, and the server
refuses what comes with the old one, in the same step that would write it.
"""

import json
import os
import threading
import time
from contextlib import suppress

from compmake.errors import StoreLockedError
from compmake.redis_link import connect, run_script
from compmake.store.redis.database import Database
from compmake.store.redis.scripts import HOLDER, RELEASE, RENEW, TAKE
from compmake.text_safety import one_line

LEASE_S = 15.0
_RENEWALS = 10
_ANSWER_S = 1.0
_TOLD_AFTER_S = 1.5


class Lease:
    """The lease on one store. Handles of one process share it: held until each has given it back that took it."""

    def __init__(self, database: Database, lease_s: float = LEASE_S) -> None:
        """Prepare to take it; `lease_s` is how long it lasts unless it is renewed."""
        self._database = database
        self._lease_s = lease_s
        self._token = ""
        self._holders: set[object] = set()
        self._about = ""
        self._mutex = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def token(self) -> str:
        """What writes are sent with; empty while it is not held."""
        return self._token

    def is_held(self, *, besides: object = None) -> bool:
        """Tell whether this process holds it, for others than `besides`."""
        return bool(self._holders - {besides})

    def take(self, what: str, holder: object) -> None:
        """Take it for a holder; harmless when it has it already.

        Args:
            what: What the others shall read, for example the command line.
            holder: Who takes it, one of the handles that share this object.

        Raises:
            StoreLockedError: A living process holds it, or its lease has not run out yet.
        """
        with self._mutex:
            if not self._token:
                self._take(what)
            self._holders.add(holder)

    def _take(self, what: str) -> None:
        token = os.urandom(8).hex()
        about = {"pid": os.getpid(), "host": _host(), "command": what, "since": time.time()}
        self._about = json.dumps(about)
        dead = ""
        while True:
            words = (token, dead, self._about, self._lease_ms)
            got, told, age_ms = self._database.script(TAKE, *words)
            if got.decode() == token:
                break
            if dead or not _is_dead(told):
                text = _describe(told, float(age_ms) / 1000)
                raise StoreLockedError(
                    f"{self._database.location} is held by {text}. Wait for it, or use another --store."
                )
            dead = got.decode()
        self._token = token
        self._ended.clear()
        self._thread = threading.Thread(target=self._renew, args=(token,), name="compmake-lease", daemon=True)
        self._thread.start()

    def other_holder(self) -> str | None:
        """Say which other process holds it now, None if none does."""
        if self._token:
            return None
        told, age_ms = self._database.script(HOLDER)
        return None if not told or _is_dead(told) else _describe(told, float(age_ms) / 1000)

    @property
    def _lease_ms(self) -> int:
        return int(1000 * self._lease_s)

    def give_back(self, holder: object) -> None:
        """Give it back; harmless when the holder has it not."""
        with self._mutex:
            self._holders.discard(holder)
            if self._holders or not self._token:
                return
            token, self._token = self._token, ""
            self._ended.set()
            if self._thread is not None and self._thread is not threading.current_thread():
                self._thread.join(_ANSWER_S)
            client = connect(self._database.link.url, timeout_s=_ANSWER_S, connect_s=_ANSWER_S)
            with suppress(Exception):  # then it runs out
                run_script(client, RELEASE, self._database.prefix, token)
            client.close()

    def _renew(self, token: str) -> None:
        """Renew it now and then, on a connection of its own; tell when the server is away, also between two writes."""
        link, database = self._database.link, self._database
        client = connect(link.url, timeout_s=_ANSWER_S, connect_s=_ANSWER_S)
        answered_s = time.monotonic()
        while not self._ended.wait(min(1.0, self._lease_s / _RENEWALS)):
            try:
                answer = run_script(client, RENEW, database.prefix, token, self._about, self._lease_ms)
            except Exception:  # whatever it is, writes meet it too and tell
                away_s = time.monotonic() - answered_s
                if away_s > _TOLD_AFTER_S:
                    link.note_away(away_s)
                continue
            answered_s = time.monotonic()
            link.note_answer()
            if answer != b"OK":
                break
        client.close()


def _host() -> str:
    """Return where process ids mean what they mean here: the machine, and on Linux the container."""
    name = os.uname().nodename
    try:
        return f"{name} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return name


def _is_dead(told: bytes) -> bool:
    """Tell whether the holder was a process here that is no more: its lease need not run out."""
    try:
        holder = json.loads(told)
        if holder["host"] != _host():
            return False
        os.kill(int(holder["pid"]), 0)
    except ProcessLookupError:
        return True
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return False
    return False


def _describe(told: bytes, age_s: float) -> str:
    """Return words for the holder, whatever stands there."""
    try:
        holder = json.loads(told)
        command, host = one_line(str(holder["command"]), 200), one_line(str(holder["host"]).split()[0], 60)
        pid, since = int(holder["pid"]), time.localtime(float(holder["since"]))
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, OSError):
        return "another compmake"
    today = time.localtime()[:3] == since[:3]
    when = time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", since)
    return f"{command!r} (pid {pid} on {host}, since {when}, last sign of life {age_s:.0f} s ago)"
