"""Lets other terminals hear of a make: finds or starts a server for its news, and tells it all from a thread.

A make that takes less than a second is told only where a server is there already: it costs nothing then.
"""

import json
import os
import threading
import time
import uuid
from collections.abc import Callable
from typing import NamedTuple

from compmake.channel import Channel, Event, EventKind
from compmake.channel.address import NewsAddress, Output, OwnWords
from compmake.channel.source import Steer
from compmake.config import key_file
from compmake.errors import UserError
from compmake.job import JobId
from compmake.settings import Settings
from compmake.signing import Signer, read_key
from compmake.store import Store
from compmake.workspace import Workspace

OFF = "off"
"""The value of the setting `redis` of whoever wants no news told."""
NEWS_NOTES = _ID, _NEWS = "id", "news"
"""What a make notes in its store; a copy of the store is another one, with news of its own."""
_DELAY_S = 1.0
_LAST_S = 1.5
"""The end of a make waits no longer for a server that does not answer."""


class ToldWhere(NamedTuple):
    """What the newest make has noted in its store: where it tells its news."""

    socket: str
    """Of its private server; empty if the settings name one."""
    server: str
    """The server that they name, without any password, or `off`."""
    pid: int
    host: str

    @property
    def is_here(self) -> bool:
        """Whether that is this very process."""
        return (self.pid, self.host) == (os.getpid(), os.uname().nodename)


def told_where(store: Store) -> ToldWhere | None:
    """Return what the newest make has noted, None if none has."""
    try:
        return ToldWhere(**json.loads(store.get_meta(_NEWS) or ""))
    except (ValueError, TypeError):
        return None


def news_address(settings: Settings, store: Store) -> NewsAddress | None:
    """Return where to hear of the makes on a store, None if nobody tells."""
    store_id, told = store.get_meta(_ID), told_where(store)
    url = named_server(settings)
    if store_id is None or settings.redis == OFF:
        return None
    if url:
        return NewsAddress(url, store_id)
    return NewsAddress(f"unix://{told.socket}", store_id) if told is not None and told.socket else None


def running_elsewhere(settings: Settings, store: Store) -> frozenset[JobId]:
    """Return the jobs that another process runs now on a store, as far as it tells; asking takes a second at most."""
    address = news_address(settings, store) if store.holder() is not None else None
    if address is None:
        return frozenset()
    from compmake.channel.redis_follow import Follower  # takes 0.1 s
    from compmake.channel.redis_news import Keys, connector

    follower = Follower(connector(address.url), Keys(address.store_id))
    beats = follower.beats()
    follower.close()
    return frozenset(beat.job_id for beat in beats)


def named_server(settings: Settings) -> str:
    """Return the URL of the server that the settings name for news, or of that which is the store; empty for none."""
    if settings.redis is not None:
        return "" if settings.redis == OFF else settings.redis
    return settings.store if settings.store is not None and "://" in settings.store else ""


def signing(settings: Settings, address: NewsAddress) -> Callable[[], Signer] | None:
    """Return what signs the requests to a make whose news are there; None on a private server, which needs none."""
    if not named_server(settings):
        return None
    return lambda: Signer(read_key(key_file(settings)), address.store_id)


class Telling:
    """The news of one make on their way to other terminals."""

    def __init__(self, workspace: Workspace, channel: Channel, steer: Steer | None = None) -> None:
        """Find out where the news go, and note that in the store, whose lock is held; nothing waits for a server.

        What others ask of the make through the server is done by `steer`.
        """
        self._channel, self._steer, self._settings = channel, steer, workspace.settings
        self._server = workspace.server
        self._outputs: dict[JobId, Output] = {}
        self._words: dict[str, OwnWords] = {}
        self._ending = threading.Event()
        self._excuse = ""
        """Why nobody can be told."""
        self.address: NewsAddress | None = None
        self._is_private = False
        self._delay_s = 0.0
        settings, store = workspace.settings, workspace.store
        server = OFF
        if settings.redis != OFF:
            try:
                server = self._find(settings, store)
            except UserError as error:
                self._excuse, self._delay_s = str(error), _DELAY_S
                server = ""
        socket = self._server.path if self._is_private else ""
        note = json.dumps(ToldWhere(socket, server, os.getpid(), os.uname().nodename)._asdict())
        if store.get_meta(_NEWS) != note:
            store.set_meta(_NEWS, note)
        self._thread = threading.Thread(target=self._run, name="compmake-news", daemon=True)

    def _find(self, settings: Settings, store: Store) -> str:
        """Find the address; return the server as it may be shown, empty for a private one."""
        store_id = store.get_meta(_ID)
        if store_id is None:
            store_id = uuid.uuid4().hex[:12]
            store.set_meta(_ID, store_id)
        url = named_server(settings)
        if url:
            from compmake.redis_link import shown

            self.address = NewsAddress(url, store_id)
            return shown(url)
        self.address = NewsAddress(f"unix://{self._server.prepare(store_id)}", store_id)
        self._is_private = True
        self._delay_s = 0.0 if self._server.is_started else _DELAY_S
        return ""

    def __enter__(self) -> "Telling":
        if self.address is not None or self._excuse:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Tell the rest if the server takes it."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_S)

    def tell_output(self, job_id: JobId, size_bytes: int, end: bytes) -> None:
        """Tell what a running job has printed: how much, and the end of it; only the newest counts."""
        if self.address is not None:
            self._outputs[job_id] = Output(size_bytes, end)

    def tell_words(self, words: OwnWords) -> None:
        """Tell what a worker cannot tell by itself; only the newest counts."""
        if self.address is not None:
            self._words[words.worker] = words

    def _run(self) -> None:
        if self._ending.wait(self._delay_s):
            return
        if self.address is None:
            self._channel.publish([Event(EventKind.NOTICE, time.time(), text=self._excuse)])
            return
        from compmake.channel.redis_forward import forward  # takes 0.1 s, so only when there is something to tell

        server = self._server if self._is_private else None
        forward(
            self._channel,
            self.address,
            self._ending,
            outputs=self._outputs,
            words=self._words,
            server=server,
            steer=self._steer,
            signing=signing(self._settings, self.address),
        )
