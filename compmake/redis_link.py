"""Connections to Redis: from a URL to a client, waiting that is told and ends, errors as one line for people."""

import hashlib
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionPool
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    InvalidResponse,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from compmake.errors import ServerAwayError, ServerError, UserError
from compmake.text_safety import one_line, redact

T = TypeVar("T")
SCHEMES = ("redis://", "rediss://", "unix://")
PATIENCE_S = 60.0
"""How long a server that was there may be away before what needs it gives up."""
_TOLD_AFTER_S = 2.0
_CONNECT_S = 5.0
_FIRST_S = 3.0
"""A server that has never answered is given less time than one that did."""
_AGAIN_S = 0.2
_WATCH_S = 0.25
_SAID_CELLS = 200
_REFUSED_IN_SCRIPT = ("user executing the script can't", "ACL failure in script")
"""What Redis says, and Valkey."""
_TLS_WORDS = ("SSL", "certificate", "TLS")


def is_redis_url(text: str) -> bool:
    """Tell whether a text names a Redis server."""
    return text.startswith(SCHEMES)


def split_name(url: str) -> tuple[str, str]:
    """Return the URL of the server, and what stands behind `#`: the name of something in it, empty if there is none."""
    server, _, name = url.partition("#")
    return server, name


def shown(url: str) -> str:
    """Return the URL as it may be shown: no user, no password, no options."""
    scheme, _, rest = url.partition("://")
    # Whatever stands before the last @ may be a password, also one that should have been quoted.
    place, _, options = rest.rpartition("@")[2].partition("?")
    name = options.partition("#")[2]
    return f"{scheme}://{place}" + (f"#{name}" if name else "")


def connect(url: str, *, timeout_s: float, connect_s: float = _CONNECT_S) -> Redis:
    """Return a client whose every call fails after `timeout_s` without an answer. It connects at its first call.

    Args:
        url: As redis-py's `from_url` reads it; what stands behind `#` does not count.
        timeout_s: How long one answer may take.
        connect_s: How long connecting may take.

    Raises:
        UserError: The URL cannot be understood.
    """
    try:
        # redis-py's own retries would turn a timeout into many; its defaults for RESP3 do more than anybody needs.
        pool = ConnectionPool.from_url(
            split_name(url)[0],
            protocol=2,
            socket_timeout=timeout_s,
            socket_connect_timeout=connect_s,
            retry=Retry(NoBackoff(), 0),
            driver_info=None,
        )
        pool.connection_class(**pool.connection_kwargs)
    except (ValueError, TypeError, RedisError) as cause:
        reason = str(cause).partition("__init__() ")[2] or str(cause)
        if reason.startswith("Port"):  # what is taken for it may be half a password
            reason = "its port is no number; in a password, # / ? and @ are written as %23 %2F %3F and %40"
        text = one_line(redact(reason), _SAID_CELLS)
        raise UserError(f"{shown(url)}: this URL cannot be used: {text}. Write redis://host:port/0") from cause
    client = Redis(connection_pool=pool)
    client.auto_close_connection_pool = True
    return client


def explained(cause: Exception, url: str) -> ServerError:
    """Return an error of redis-py as one line: which server, what it said, what to do."""
    name, said = shown(url), one_line(redact(str(cause)), _SAID_CELLS).rstrip(".")
    if isinstance(cause, BusyLoadingError):
        return ServerAwayError(f"{name} is still loading its data. Wait until it has done so.")
    if isinstance(cause, NoPermissionError) or any(words in said for words in _REFUSED_IN_SCRIPT):
        return ServerError(f"{name}: the user of this URL may not do that: {said}. Ask for more rights.")
    if isinstance(cause, (AuthenticationError, AuthorizationError)):
        return ServerError(f"{name} refuses this user or password: {said}. Correct the URL.")
    if isinstance(cause, OutOfMemoryError):
        return ServerError(f"{name} is out of memory (maxmemory): nothing more can be written. Give it more, or `gc`.")
    if isinstance(cause, ReadOnlyError):
        return ServerError(f"{name} is a read-only replica: name the server that it copies.")
    if isinstance(cause, InvalidResponse):
        return ServerError(f"{name} does not speak the protocol of Redis: {said}. Look at the port.")
    if isinstance(cause, RedisTimeoutError):
        advice = " Use redis:// if it has no TLS." if url.startswith("rediss://") else ""
        return ServerAwayError(f"{name} does not answer. Look whether it is alive and can be reached.{advice}")
    if isinstance(cause, RedisConnectionError):
        if any(word in said for word in _TLS_WORDS):
            advice = "Use redis:// for a server without TLS, or name its certificate (?ssl_ca_certs=FILE)"
            return ServerError(f"{name}: no TLS connection: {said}. {advice}.")
        advice = " Use rediss:// if it wants TLS." if "reset by peer" in said and url.startswith("redis://") else ""
        return ServerAwayError(f"{name} cannot be reached: {said}. Look whether it runs, and at the URL.{advice}")
    if isinstance(cause, AttributeError):  # redis-py 8.1 stumbles over its own report of a socket file that is busy
        return ServerAwayError(f"{name} does not take connections. Look whether it is alive.")
    return ServerError(f"{name} refused: {said}.")


_CAUGHT = (RedisError, AttributeError, OSError)


class Link:
    """A client that waits for a server that is away for a while, says so, and then raises one clear error.

    Safe to use from several threads.
    """

    def __init__(self, url: str, *, patience_s: float = PATIENCE_S, watched: bool = True) -> None:
        """Prepare to connect.

        Args:
            url: Of the server.
            patience_s: How long a call may take in all, waiting for the server to come back included.
            watched: Whether a thread looks how long calls take and tells of it.

        Raises:
            UserError: The URL cannot be understood.
        """
        self.url, self.name = url, shown(url)
        self.patience_s, self._watched = patience_s, watched
        self._client = connect(url, timeout_s=patience_s)
        self._tell: Callable[[str], None] | None = None
        self._mutex = threading.Lock()
        self._calls: dict[int, float] = {}
        """Since when each thread that has called waits, on the monotonic clock."""
        self._away_since_s: float | None = None
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None

    def tell_by(self, tell: Callable[[str], None] | None) -> Callable[[str], None] | None:
        """From now on `tell` hears, in any thread, when the server is away or back; return who did before."""
        before, self._tell = self._tell, tell
        return before

    def brief_call(self, action: Callable[[Redis], T]) -> T:
        """Do something with the client; a server that is not there is told at once.

        Raises:
            ServerError: It cannot be reached, or refuses.
        """
        client = connect(self.url, timeout_s=min(_FIRST_S, self.patience_s))
        try:
            return self._call(action, client, patient=False)
        finally:
            client.close()

    def call(self, action: Callable[[Redis], T]) -> T:
        """Do something with the client, again while the server is away; `action` must bear being done twice.

        Raises:
            ServerError: It stayed away, or refuses.
        """
        return self._call(action, self._client, patient=True)

    def _call(self, action: Callable[[Redis], T], client: Redis, *, patient: bool) -> T:
        begun_s = time.monotonic()
        me = threading.get_ident()
        self._watch()
        self._calls[me] = begun_s
        try:
            while True:
                try:
                    result = action(client)
                except _CAUGHT as cause:
                    error = explained(cause, self.url)
                    waits = isinstance(error, ServerAwayError) and (patient or isinstance(cause, BusyLoadingError))
                    if not waits or time.monotonic() + _AGAIN_S > begun_s + self.patience_s:
                        raise error from cause
                    if self._closed.wait(_AGAIN_S):
                        raise error from cause
                else:
                    self.note_answer()
                    return result
        finally:
            self._calls.pop(me, None)

    def note_away(self, for_s: float) -> None:
        """Tell, once, that the server has not answered for so long."""
        with self._mutex:
            if self._away_since_s is not None:
                return
            self._away_since_s = time.monotonic() - for_s
        self._say(f"{self.name} has not answered for {for_s:.0f} s; waiting up to {self.patience_s:.0f} s")

    def note_answer(self) -> None:
        """Tell, once, that the server answers again."""
        if self._away_since_s is None:
            return
        with self._mutex:
            since_s, self._away_since_s = self._away_since_s, None
        if since_s is not None:
            self._say(f"{self.name} answers again after {time.monotonic() - since_s:.0f} s")

    def close(self) -> None:
        """Close all connections."""
        self._closed.set()
        self._client.close()

    def _say(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)

    def _watch(self) -> None:
        if self._watched and self._watcher is None:
            with self._mutex:
                if self._watcher is None:
                    self._watcher = threading.Thread(target=self._look, name="compmake-redis-watch", daemon=True)
                    self._watcher.start()

    def _look(self) -> None:
        while not self._closed.wait(_WATCH_S):
            since_s = min(list(self._calls.values()), default=None)
            if since_s is not None and time.monotonic() - since_s > _TOLD_AFTER_S - _WATCH_S:
                self.note_away(time.monotonic() - since_s)


def run_script(client: Redis, text: str, key: str, *words: Any) -> Any:
    """Carry out a Lua script by its digest; the server is told the text if it does not know it."""
    name = _digest_of(text)
    try:
        return client.evalsha(name, 1, key, *words)
    except NoScriptError:
        return client.eval(text, 1, key, *words)


@lru_cache(maxsize=64)
def _digest_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
