"""`Handle`: what handles on stores of every kind do alike: keep the ledger, hold the lock, refuse to write, tidy up."""

import gc
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Protocol

from compmake.errors import StoreError
from compmake.job import Digest
from compmake.store import Run


class Lock(Protocol):
    """The lock of one store, which handles of one process share."""

    def take(self, what: str, holder: object) -> None:
        """Take it for a holder; harmless when it has it already."""
        ...

    def give_back(self, holder: object) -> None:
        """Give it back; harmless when the holder has it not."""
        ...

    def is_held(self, *, besides: object = None) -> bool:
        """Tell whether this process holds it, for others than `besides`."""
        ...

    def other_holder(self) -> str | None:
        """Say which other process holds it now, None if none does."""
        ...


class Ledger(Protocol):
    """Where a store has what is of no single job; its methods are those of the store."""

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]: ...
    def all_parts(self) -> dict[Digest, bytes]: ...
    def begin_run(self, command: str, started_at: float) -> int: ...
    def end_run(self, run: Run) -> None: ...
    def runs(self) -> list[Run]: ...
    def get_meta(self, key: str) -> str | None: ...
    def all_meta(self) -> dict[str, str]: ...
    def put_meta(self, key: str, value: str) -> None: ...


class Handle(ABC):
    """A handle on a store that outlives the process. What its methods promise is said by `Store`."""

    def __init__(self, ledger: Ledger, lock: Lock, *, read_only: bool) -> None:
        """Join the parts that all of them have."""
        self._ledger, self._lock, self._read_only = ledger, lock, read_only
        self._notes: list[str] = []
        self._running = False

    @property
    @abstractmethod
    def location(self) -> str: ...

    @property
    def read_only(self) -> bool:
        return self._read_only

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences that the user should read about this store."""
        return tuple(self._notes)

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        return self._ledger.parts(digests)

    def all_parts(self) -> dict[Digest, bytes]:
        return self._ledger.all_parts()

    def begin_run(self, command: str, started_at: float) -> int:
        self._refuse_if_read_only()
        run_id = self._ledger.begin_run(command, started_at)
        self._running = True
        return run_id

    def end_run(self, run: Run) -> None:
        self._refuse_if_read_only()
        self._running = False
        self._ledger.end_run(run)
        self._settle()

    def runs(self) -> list[Run]:
        return self._ledger.runs()

    def get_meta(self, key: str) -> str | None:
        return self._ledger.get_meta(key)

    def all_meta(self) -> dict[str, str]:
        return self._ledger.all_meta()

    def set_meta(self, key: str, value: str) -> None:
        self._refuse_if_read_only()
        self._ledger.put_meta(key, value)

    def lock(self, what: str) -> None:
        self._refuse_if_read_only()
        self._lock.take(what, self)

    def unlock(self) -> None:
        self._lock.give_back(self)

    def holder(self) -> str | None:
        return self._lock.other_holder()

    # For the handles themselves.

    @abstractmethod
    def _is_untidy(self) -> bool:
        """Tell whether tidying up is due."""

    @abstractmethod
    def _tidy(self) -> None:
        """Remove what nothing needs any more; the lock is held."""

    def _settle(self) -> None:
        """Tidy up; not during a run, whose workers may be about to name what nothing names yet."""
        if not self._is_making and self._is_untidy():
            # What was asked for is written already, and tidying is done the next time if it cannot be done now.
            with suppress(StoreError), self._alone("tidying up"):
                self._tidy()

    @property
    def _is_making(self) -> bool:
        """Whether a run goes on here, or through another handle of this process."""
        return self._running or self._lock.is_held(besides=self)

    def _refuse_during_make(self) -> None:
        if self._is_making:
            raise StoreError(f"{self.location}: a make is running; collect garbage when it has ended")

    def _refuse_if_read_only(self) -> None:
        if self._read_only:
            raise StoreError(f"{self.location} is read-only: nothing can be written to it. Use another --store.")

    @contextmanager
    def _alone(self, what: str) -> Iterator[None]:
        """Hold the lock for one piece of work, also beyond what this process holds already."""
        self._refuse_if_read_only()
        holder = object()
        self._lock.take(what, holder)
        try:
            yield
        finally:
            self._lock.give_back(holder)


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
