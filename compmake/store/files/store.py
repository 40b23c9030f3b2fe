"""The store in a folder: an SQLite index, and a file for each large result."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from compmake.errors import NoStoreError, ResultDamagedError, ResultMissingError, ResultVanishedError, StoreError
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Attempt, Changes, Damage, Run, StoreSize
from compmake.store.atomic import FILES, Files, store_error
from compmake.store.files.damage import Damages, remember_objects
from compmake.store.files.folder import INDEX, network_file_system_of, prepare, refuse_unsafe
from compmake.store.files.index import Index, make_index
from compmake.store.files.ledger import Ledger
from compmake.store.files.lock import StoreLock
from compmake.store.files.rows import RecordRows, need_bytes, objects_to_store
from compmake.store.files.upkeep import Upkeep
from compmake.store.handles import Handle, collector_off
from compmake.store.objects import HEADER_BYTES, FileObjects, ObjectState
from compmake.store.retention import KEEP


class FileStore(Handle):
    """The store contract in a folder. Open one with `FileStore.open`."""

    _ledger: Ledger

    def __init__(
        self,
        index: Index,
        objects: FileObjects,
        upkeep: Upkeep,
        rows: RecordRows,
        *,
        read_only: bool,
        reopen: Callable[[], "FileStore"],
    ) -> None:
        """Join the parts; `open` is what makes them."""
        self._folder = index.path.parent
        super().__init__(Ledger(index), StoreLock(self._folder), read_only=read_only)
        self._reopen = reopen
        self._index, self._objects, self._upkeep, self._rows = index, objects, upkeep, rows
        self._damages = Damages(index, rows, objects, read_only=read_only)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        read_only: bool = False,
        keep: int = KEEP,
        keep_bytes: int | None = None,
        durability: str = "process",
        files: Files = FILES,
    ) -> "FileStore":
        """Open the store in the folder `path`.

        Args:
            path: The folder; its missing parents are made too.
            create: Whether to make the store if there is none.
            read_only: Whether to write nothing. A store without permission to write is opened so in any case.
            keep: How many superseded records a job keeps.
            keep_bytes: What the results of all superseded records may take; None is 20 % of the store, at least 1 GB.
            durability: `process` survives the death of any process, `power` also a power cut.
            files: The calls that change files.

        Raises:
            StoreError: There is none, it is damaged, not safe, from a newer version, or cannot be made.
        """
        if durability not in {"process", "power"}:
            raise ValueError(f"durability is 'process' or 'power', not {durability!r}")
        folder = Path(path).absolute()
        _find_or_make(folder, create and not read_only, files)
        read_only = read_only or not (os.access(folder, os.W_OK | os.X_OK) and os.access(folder / INDEX, os.W_OK))
        network = network_file_system_of(folder)
        index = Index(folder / INDEX, read_only=read_only, network=network is not None, durability=durability)
        objects = FileObjects(folder, sync=durability == "power", read_only=read_only, files=files)
        rows = RecordRows(index)
        upkeep = Upkeep(index, rows, objects, keep=keep, keep_bytes=keep_bytes, files=files)
        kept: dict[str, Any] = {"keep": keep, "keep_bytes": keep_bytes, "durability": durability, "files": files}
        reopen = partial(cls.open, folder, create=False, read_only=read_only, **kept)
        store = cls(index, objects, upkeep, rows, read_only=read_only, reopen=reopen)
        if network is not None:
            store._notes.append(f"{folder} is on a network file system ({network}): use it from one machine at a time")
        return store

    @property
    def location(self) -> str:
        return str(self._folder)

    @property
    def version(self) -> int:
        return int(self._index.rows("pragma data_version")[0][0])

    @property
    def objects(self) -> FileObjects:
        return self._objects

    @property
    def local_folder(self) -> Path | None:
        return None if self._read_only else self._folder

    def tell_by(self, tell: Callable[[str], None] | None) -> Callable[[str], None] | None:  # noqa: ARG002
        """Do nothing: what takes long here is told when it fails."""
        return None

    def load_records(self) -> dict[JobId, Record]:
        with collector_off():
            records, damaged = self._rows.newest()
        if damaged:
            self._notes.append(f"{self._index.path}: {damaged} damaged records are left out, as if never made")
        return {record.job_id: record for record in records}

    def load_record(self, job_id: JobId) -> Record | None:
        return self._rows.one(job_id)

    def load_superseded(self) -> dict[JobId, list[Record]]:
        kept: dict[JobId, list[Record]] = {}
        with collector_off():
            for record in self._rows.superseded():
                kept.setdefault(record.job_id, []).append(record)
        return kept

    def blob(self, record: Record) -> Blob:
        stored = self._rows.inline(record) if record.blob else []
        if not stored:
            raise ResultMissingError(f"the result of job {record.job_id!r} is not in {self.location}")
        if record.size_bytes >= INLINE_BYTES:
            return Blob(record.blob, record.size_bytes)
        inline = next((data for data in stored if isinstance(data, bytes)), None)
        if inline is None:
            raise ResultDamagedError(f"the result of job {record.job_id!r} in {self._index.path} is damaged")
        return Blob(record.blob, record.size_bytes, inline)

    def find_damaged(self, records: Iterable[Record]) -> dict[JobId, str]:
        return self._damages.of(records)

    def commit(self, changes: Changes) -> None:
        self._refuse_if_read_only()
        states = self._stored_objects(changes)
        with self._index.transaction(need_bytes(changes)):
            self._rows.apply(changes)
            if states:
                remember_objects(self._index, states.items())
            if changes.parts:
                self._ledger.put_parts(changes.parts)
        self._settle()

    def _stored_objects(self, changes: Changes) -> dict[Digest, ObjectState]:
        """Make sure that no record is written before its result."""
        states = {}
        for record, digest, size_bytes in objects_to_store(changes):
            state = self._objects.state(digest)
            if state is not None and state.size_bytes == HEADER_BYTES + size_bytes:
                states[digest] = state
            elif digest == record.blob:
                path = self._objects.path(digest)
                text = f"the result of job {record.job_id!r} vanished before it was recorded: {path}"
                raise ResultVanishedError(text, record.job_id)
        return states

    def forget(self, job_ids: Collection[JobId]) -> None:
        with self._alone("clean"), self._index.transaction():
            self._rows.forget(set(job_ids))
        self._settle()

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        self._refuse_if_read_only()
        with self._index.transaction():
            self._rows.mark_asked(set(job_ids))

    def replace(self, records: Iterable[Record]) -> None:
        self._refuse_if_read_only()
        with self._index.transaction():
            self._rows.replace(list(records))

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        self._refuse_if_read_only()
        with self._index.transaction():
            self._rows.mark_missing(set(job_ids))
        self._settle()

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        found, unused_for_long = self._ledger.cached_code(keys)
        if unused_for_long and not self._read_only:
            with suppress(StoreError), self._index.transaction():
                self._ledger.mark_code_used(unused_for_long)
        return found

    def cache_code(self, entries: Mapping[str, bytes]) -> None:
        if entries and not self._read_only:
            with self._index.transaction(sum(map(len, entries.values()))):
                self._ledger.put_code(entries)

    def attempts(self, job_id: JobId | None = None) -> list[Attempt]:
        return self._ledger.attempts(job_id)

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        self._refuse_if_read_only()
        with self._index.transaction():
            self._ledger.add_history(runs, attempts)

    def size(self, defined: Collection[JobId]) -> StoreSize:
        return self._upkeep.size(defined)

    def collect_garbage(self, defined: Collection[JobId]) -> int:
        self._refuse_during_make()
        with self._alone("gc"):
            return self._upkeep.collect(defined)

    def check(self) -> list[Damage]:
        return self._damages.everything()

    def twin(self) -> "FileStore":
        twin = self._reopen()
        twin._lock = self._lock
        return twin

    def close(self) -> None:
        self.unlock()
        self._index.close()

    def _is_untidy(self) -> bool:
        return self._upkeep.is_due

    def _tidy(self) -> None:
        self._upkeep.settle()


def _find_or_make(folder: Path, create: bool, files: Files) -> None:
    index = folder / INDEX
    try:
        there = index.exists() or index.is_symlink()
    except OSError as cause:
        raise store_error(cause, index) from cause
    if not there:
        if not create:
            raise NoStoreError(f"there is no store in {folder}. Make something first, or name another with --store.")
        prepare(folder, files)
        refuse_unsafe(folder)
        make_index(index, files)
    refuse_unsafe(folder)
