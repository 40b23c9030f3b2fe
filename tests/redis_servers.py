"""`Server`: a real Redis on a private socket, to be killed, frozen, emptied and started again; a channel through it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from compmake.channel import Event
from compmake.channel.memory import MemoryChannel
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_forward import Forwarder
from compmake.channel.redis_news import Keys
from compmake.channel.server import find_binary

WAIT_S = 20.0
"""For the slowest machine; what is waited for is usually there at once."""


def wait_for(condition: Callable[[], Any], what: str = "", timeout_s: float = WAIT_S) -> Any:
    """Return the first true value of `condition`."""
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"never came: {what or condition}")


class Server:
    """A server process; `url` stays the same over its deaths."""

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="cmtest-")
        self.path = os.path.join(self._folder, "s")
        self.url = f"unix://{self.path}"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        binary = find_binary()
        assert binary is not None
        words = [binary, "--port", "0", "--unixsocket", self.path, "--save", "", "--dir", self._folder, *self._options]
        self._process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(self._answers, "the server")

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(self.path)
            return True
        return False

    def client(self, timeout_s: float = 1.0) -> Redis:
        """Return a connection that never tries again."""
        return Redis(unix_socket_path=self.path, socket_timeout=timeout_s, retry=Retry(NoBackoff(), 0))

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class ThroughRedis:
    """A channel with a server in the middle: a make publishes at one end, others read and subscribe at the other."""

    def __init__(self) -> None:
        self.server = Server()
        self.make, self._viewer = MemoryChannel(), MemoryChannel()
        keys = Keys("test")
        self._forwarder = Forwarder(self.make, self.server.client, keys, outputs={}, words={}, about={}, explain=str)
        self.follower = Follower(self.server.client, keys)
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=work, daemon=True)
            for work in (self._pump, lambda: self._forwarder.run(self._closing))
        ]
        for thread in self._threads:
            thread.start()

    def publish(self, events: Sequence[Event]) -> None:
        self.make.publish(events)
        if threading.current_thread() is threading.main_thread():
            self._settle()

    def read(self, since: int) -> tuple[list[Event], int]:
        self._settle()
        return self._viewer.read(since)

    def subscribe(self, receive: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        return self._viewer.subscribe(receive)

    def close(self) -> None:
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self.follower.close()
        self.server.close()

    def _settle(self) -> None:
        wait_for(lambda: _position(self._viewer) == _position(self.make), "what was published")

    def _pump(self) -> None:
        while not self._closing.is_set():
            self._viewer.publish(self.follower.look(0.1).events)


def _position(channel: MemoryChannel) -> int:
    """Return how much was published, without reading it again and again."""
    return channel.read(sys.maxsize)[1]
