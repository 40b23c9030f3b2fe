"""What handles on stores of every kind do alike: hold the lock for a piece of work, refuse to write, load in peace."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from compmake.errors import StoreError


class Lock(Protocol):
    """The lock of one store, which handles of one process share."""

    def take(self, what: str, holder: object) -> None:
        """Take it for a holder; harmless when it has it already."""
        ...

    def give_back(self, holder: object) -> None:
        """Give it back; harmless when the holder has it not."""
        ...


@contextmanager
def alone(lock: Lock, what: str) -> Iterator[None]:
    """Hold a lock for one piece of work, also beyond what this process holds already."""
    holder = object()
    lock.take(what, holder)
    try:
        yield
    finally:
        lock.give_back(holder)


def refuse_if_read_only(read_only: bool, location: str) -> None:
    """Refuse to write.

    Raises:
        StoreError: The store is read-only.
    """
    if read_only:
        raise StoreError(f"{location} is read-only: nothing can be written to it. Use another --store.")


@contextmanager
def collector_off() -> Iterator[None]:
    """Spare the collector looking, again and again, at many new objects that all stay."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
