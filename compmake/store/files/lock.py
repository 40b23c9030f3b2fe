"""One make at a time on a store: a kernel lock, which a dead process cannot hold."""

import fcntl
import json
import os
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path

from compmake.errors import StoreLockedError
from compmake.store.atomic import store_error
from compmake.text_safety import one_line

_LOOKS, _LOOK_S = 5, 0.01
_held: "weakref.WeakSet[StoreLock]" = weakref.WeakSet()


class StoreLock:
    """The lock of one store; its file tells others who holds it.

    Handles of one process on the same store share one: it is held until each has given it back that took it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / "lock"
        self._descriptor: int | None = None
        self._holders: set[object] = set()
        self._mutex = threading.RLock()

    def is_held(self, *, besides: object = None) -> bool:
        """Tell whether this process holds it, for others than `besides`."""
        return bool(self._holders - {besides})

    def take(self, what: str, holder: object = None) -> None:
        """Take the lock for a holder; harmless when it has it already.

        Args:
            what: What the others shall read, for example the command line.
            holder: Who takes it, one of the handles that share this object.

        Raises:
            StoreLockedError: A living process holds it.
            StoreError: The lock file cannot be opened.
        """
        with self._mutex:
            if self._descriptor is None:
                self._descriptor = self._open(what)
                _held.add(self)
            self._holders.add(holder)

    def _open(self, what: str) -> int:
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o600)
        except OSError as cause:
            raise store_error(cause, self._path) from cause
        try:
            _lock(descriptor)
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
        return descriptor

    def give_back(self, holder: object = None) -> None:
        """Give the lock back; harmless when the holder has it not."""
        with self._mutex:
            self._holders.discard(holder)
            if not self._holders:
                self.close()

    def other_holder(self) -> str | None:
        """Say which other process holds it now; None if none does, or nobody can tell."""
        with self._mutex, suppress(OSError):
            if self._descriptor is not None:
                return None
            descriptor = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _describe(os.pread(descriptor, 4096, 0))
            finally:
                os.close(descriptor)
        return None

    def close(self) -> None:
        """Give the lock back for all holders."""
        self._holders.clear()
        if self._descriptor is not None:
            # The file stays: removing it would let two processes hold two different files of this name.
            os.close(self._descriptor)
            self._descriptor = None
            _held.discard(self)


def _lock(descriptor: int) -> None:
    """Take the lock, also if somebody has it for the moment in which they look who holds it.

    Raises:
        BlockingIOError: Somebody holds it.
    """
    for looks_left in reversed(range(_LOOKS)):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not looks_left:
                raise
            time.sleep(_LOOK_S)


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
        lock.close()


os.register_at_fork(after_in_child=_close_in_child)
