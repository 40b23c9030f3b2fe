"""A store that lives as long as its process: for tests, and for whoever needs no folder."""

import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Address, Attempt, Changes, Damage, Run, StoreSize
from compmake.store.packing import attempt_of, objects_of
from compmake.store.retention import KEEP, newest_attempts
from compmake.store.shelf import Row, Shelf


class MemoryObjects:
    """Objects in a dictionary."""

    address: Address | None = None

    def __init__(self) -> None:
        self.by_digest: dict[Digest, bytes] = {}

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> Blob:
        data = b"".join(pieces)
        digest = digest_bytes(data)
        if len(data) < INLINE_BYTES:
            return Blob(digest, len(data), data)
        self.by_digest[digest] = data
        return Blob(digest, len(data))

    def read(self, blob: Blob) -> memoryview:
        data = self.by_digest.get(blob.digest) if blob.inline is None else blob.inline
        if data is None:
            raise ResultMissingError(f"object {blob.digest.hex()} is missing")
        if len(data) != blob.size_bytes or digest_bytes(data) != blob.digest:
            raise ResultDamagedError(f"result {blob.digest.hex()} is damaged: its digest differs from what was stored")
        return memoryview(bytearray(data))


class MemoryStore:
    """The store contract without IO."""

    def __init__(self, *, keep: int = KEEP, keep_bytes: int | None = None) -> None:
        """Keep `keep` superseded records a job, with results of at most `keep_bytes` together (None: as in files)."""
        self._keep, self._keep_bytes = keep, keep_bytes
        self._objects = MemoryObjects()
        self._shelf = _shelf_of({}, {}, 0)
        self._history: list[Attempt] = []
        self._runs: list[Run] = []
        self._parts: dict[Digest, bytes] = {}
        self._code: dict[str, bytes] = {}
        self._meta: dict[str, str] = {}
        self._running = False
        self._mutex = threading.RLock()
        self._version = 0

    @property
    def version(self) -> int:
        return self._version

    @property
    def location(self) -> str:
        return "memory"

    @property
    def read_only(self) -> bool:
        return False

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    @property
    def objects(self) -> MemoryObjects:
        return self._objects

    @property
    def local_folder(self) -> Path | None:
        return None

    def tell_by(self, tell: Callable[[str], None] | None) -> Callable[[str], None] | None:  # noqa: ARG002
        """Do nothing: there is nobody to wait for."""
        return None

    def load_records(self) -> dict[JobId, Record]:
        with self._mutex:
            return {job_id: row.record for job_id, row in self._shelf.newest.items()}

    def load_record(self, job_id: JobId) -> Record | None:
        with self._mutex:
            row = self._shelf.newest.get(job_id)
            return None if row is None else row.record

    def load_superseded(self) -> dict[JobId, list[Record]]:
        with self._mutex:
            superseded = self._shelf.superseded
            return {job_id: [row.record for row in rows] for job_id, rows in superseded.items() if rows}

    def blob(self, record: Record) -> Blob:
        with self._mutex:
            for row in self._shelf.rows(record.job_id):
                if record.blob and row.record.blob == record.blob:
                    return Blob(record.blob, record.size_bytes, row.inline)
        raise ResultMissingError(f"the result of job {record.job_id!r} is not in the store")

    def find_damaged(self, records: Iterable[Record]) -> dict[JobId, str]:
        damaged = {}
        for record in records:
            if record.ok:
                try:
                    self._objects.read(self.blob(record))
                except (ResultMissingError, ResultDamagedError) as error:
                    damaged[record.job_id] = str(error)
        return damaged

    def commit(self, changes: Changes) -> None:
        with self._mutex:
            self._version += 1
            before = self._shelf
            superseded = {job_id: list(rows) for job_id, rows in before.superseded.items()}
            shelf = _shelf_of(before.newest.copy(), superseded, before.next_key)
            shelf.apply(changes)
            shelf.touched |= before.touched
            shelf.dropped += before.dropped
            self._shelf = shelf
            self._parts.update(changes.parts)
            self._settle()

    def forget(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            self._shelf.forget(set(job_ids))
            self._settle()

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            self._shelf.mark_asked(set(job_ids))

    def replace(self, records: Iterable[Record]) -> None:
        with self._mutex:
            self._version += 1
            self._shelf.replace(records)

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            self._shelf.mark_missing(set(job_ids))
            self._settle()

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        return {digest: self._parts[digest] for digest in digests if digest in self._parts}

    def all_parts(self) -> dict[Digest, bytes]:
        return dict(self._parts)

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        return {key: self._code[key] for key in keys if key in self._code}

    def cache_code(self, entries: Mapping[str, bytes]) -> None:
        self._code.update(entries)

    def begin_run(self, command: str, started_at: float) -> int:
        with self._mutex:
            self._running = True
            run_id = max((run.run_id for run in self._runs), default=0) + 1
            self._runs.append(Run(run_id, command, started_at))
            return run_id

    def end_run(self, run: Run) -> None:
        with self._mutex:
            self._runs = [run if old.run_id == run.run_id else old for old in self._runs]
            self._running = False
            self._settle()

    def runs(self) -> list[Run]:
        return self._runs[::-1]

    def attempts(self, job_id: JobId | None = None) -> list[Attempt]:
        with self._mutex:
            current = (attempt_of(row.record) for row in self._shelf.newest.values())
            return newest_attempts([*self._history, *current], job_id)

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        with self._mutex:
            self._runs += sorted(runs, key=lambda run: run.run_id)
            self._history += list(attempts)[::-1]

    def get_meta(self, key: str) -> str | None:
        return self._meta.get(key)

    def all_meta(self) -> dict[str, str]:
        return dict(self._meta)

    def set_meta(self, key: str, value: str) -> None:
        self._meta[key] = value

    def size(self, defined: Collection[JobId]) -> StoreSize:
        with self._mutex:
            rows, objects = self._shelf.all_rows(), self._objects.by_digest
            keep = set(defined)
            needed = self._named(row for row in rows if row.record.job_id in keep)
            return StoreSize(
                records=len(self._shelf.newest),
                superseded=len(rows) - len(self._shelf.newest),
                objects=len(objects),
                total_bytes=sum(map(len, objects.values())) + sum(len(row.inline or b"") for row in rows),
                free_able_bytes=sum(len(data) for digest, data in objects.items() if digest not in needed)
                + sum(len(row.inline or b"") for row in rows if row.record.job_id not in keep),
            )

    def collect_garbage(self, defined: Collection[JobId]) -> int:
        with self._mutex:
            self._version += 1
            if self._running:
                raise StoreError("a make is running: collect garbage when it has ended")
            before = self.size(defined).total_bytes
            keep = set(defined)
            self._shelf.touched.update(self._shelf.superseded)
            self.forget([row.record.job_id for row in self._shelf.all_rows() if row.record.job_id not in keep])
            needed = self._named(self._shelf.all_rows())
            for digest in [digest for digest in self._objects.by_digest if digest not in needed]:
                del self._objects.by_digest[digest]
            return before - self.size(defined).total_bytes

    def check(self) -> list[Damage]:
        return [Damage(f"job {job_id}: {what}", job_id) for job_id, what in self.find_damaged(self._records()).items()]

    def lock(self, what: str) -> None:
        """Do nothing: no other process can reach this store."""

    def unlock(self) -> None:
        """Do nothing."""

    def holder(self) -> str | None:
        """Return None: no other process can reach this store."""
        return None

    def twin(self) -> "MemoryStore":
        """Return this very store: it may be used from several threads."""
        return self

    def close(self) -> None:
        """Do nothing: the store ends with its last reference."""

    def _records(self) -> list[Record]:
        return [row.record for row in self._shelf.all_rows()]

    def _named(self, rows: Iterable[Row]) -> set[Digest]:
        return {digest for row in rows for digest, _ in objects_of(row.record)}

    def _settle(self) -> None:
        """Drop what is kept no longer; not during a run, which may still want any record."""
        shelf = self._shelf
        self._history += shelf.history
        shelf.history.clear()
        if self._running:
            return
        if shelf.touched:
            shelf.drop_surplus(shelf.touched, self._keep)
            shelf.drop_over_limit(self._keep_bytes)
            shelf.touched.clear()
        needed = self._named(shelf.all_rows())
        for digest in self._named(shelf.dropped) - needed:
            self._objects.by_digest.pop(digest, None)
        shelf.dropped.clear()


def _shelf_of(newest: dict[JobId, Row], superseded: dict[JobId, list[Row]], next_key: int) -> Shelf:
    return Shelf(newest, superseded, next_key=next_key, place="the store")
