"""One make at a time on a store: a kernel lock, which a dead process cannot hold."""

import fcntl
import json
import os
import time
import weakref
from contextlib import suppress
from pathlib import Path

from compmake.errors import StoreLockedError
from compmake.store.atomic import store_error
from compmake.text_safety import one_line

_held: "weakref.WeakSet[StoreLock]" = weakref.WeakSet()


class StoreLock:
    """The lock of one store; its file tells others who holds it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "lock"
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process holds it through this object."""
        return self._descriptor is not None

    def take(self, what: str) -> None:
        """Take the lock; harmless when it is held already.

        Args:
            what: What the others shall read, for example the command line.

        Raises:
            StoreLockedError: A living process holds it.
            StoreError: The lock file cannot be opened.
        """
        if self.held:
            return
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
        except OSError as cause:
            raise store_error(cause, self._path) from cause
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.fchmod(descriptor, 0o600)
            holder = {"pid": os.getpid(), "host": os.uname().nodename, "command": what, "since": time.time()}
            with suppress(OSError):  # on a full disk the lock holds all the same, and cleaning may need it
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        except BlockingIOError as cause:
            text = _describe(os.pread(descriptor, 4096, 0))
            os.close(descriptor)
            message = f"{self._folder} is held by {text}. Wait for it, or use another --store."
            raise StoreLockedError(message) from cause
        except OSError as cause:
            os.close(descriptor)
            raise store_error(cause, self._path) from cause
        self._descriptor = descriptor
        _held.add(self)

    def give_back(self) -> None:
        """Give the lock back; harmless when it is not held."""
        if self._descriptor is not None:
            # The file stays: removing it would let two processes hold two different files of this name.
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)


def _describe(text: bytes) -> str:
    """Return words for the holder; whatever the file holds, since it may be half-written."""
    try:
        holder = json.loads(text)
        command, host, pid = (
            one_line(str(holder["command"]), 200),
            one_line(str(holder["host"]), 60),
            int(holder["pid"]),
        )
        since = time.localtime(float(holder["since"]))
    except (ValueError, TypeError, KeyError, OverflowError, OSError):
        return "another compmake"
    today = time.localtime()[:3] == since[:3]
    return (
        f"{command!r} (pid {pid} on {host}, since {time.strftime('%H:%M:%S' if today else '%Y-%m-%d %H:%M:%S', since)})"
    )


def _close_in_child() -> None:
    """Close the descriptors that a forked child inherits: a child that outlives us must not keep the store locked."""
    for lock in list(_held):
        lock.give_back()


os.register_at_fork(after_in_child=_close_in_child)
