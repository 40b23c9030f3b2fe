"""A store that lives as long as its process: for tests, and for whoever needs no folder."""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Attempt, Changes, Damage, Run, StoreSize
from compmake.store.packing import attempt_of, objects_of
from compmake.store.retention import (
    KEEP,
    KEEP_BYTES,
    KEEP_SHARE,
    Kept,
    is_kept,
    never_again,
    newest_attempts,
    over_limit,
    same_attempt,
    without_result,
)


class MemoryObjects:
    """Objects in a dictionary."""

    address: tuple[str, bool] | None = None

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


class _Row(NamedTuple):
    key: int
    record: Record
    inline: bytes | None


class MemoryStore:
    """The store contract without IO."""

    def __init__(self, *, keep: int = KEEP, keep_bytes: int | None = None) -> None:
        """Keep `keep` superseded records a job, with results of at most `keep_bytes` together (None: as in files)."""
        self._keep, self._keep_bytes = keep, keep_bytes
        self._objects = MemoryObjects()
        self._newest: dict[JobId, _Row] = {}
        self._superseded: dict[JobId, list[_Row]] = {}
        self._history: list[Attempt] = []
        self._runs: list[Run] = []
        self._parts: dict[Digest, bytes] = {}
        self._code: dict[str, bytes] = {}
        self._meta: dict[str, str] = {}
        self._key = 0
        self._dropped: list[_Row] = []
        self._touched: set[JobId] = set()
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

    def load_records(self) -> dict[JobId, Record]:
        with self._mutex:
            return {job_id: row.record for job_id, row in self._newest.items()}

    def load_superseded(self) -> dict[JobId, list[Record]]:
        with self._mutex:
            return {job_id: [row.record for row in rows] for job_id, rows in self._superseded.items() if rows}

    def blob(self, record: Record) -> Blob:
        with self._mutex:
            for row in self._rows(record.job_id):
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
            before = (self._newest.copy(), {job_id: list(rows) for job_id, rows in self._superseded.items()})
            history = len(self._history)
            try:
                self._claim(changes.claims)
                for record in changes.restored:
                    self._put(record, self._take(record).inline)
                for record, blob in changes.records:
                    self._put(record, blob.inline if blob is not None else None)
            except BaseException:
                self._newest, self._superseded = before
                del self._history[history:]
                raise
            self._parts.update(changes.parts)
            self._settle()

    def _claim(self, claims: Sequence[tuple[Record, Record]]) -> None:
        rows = [(moved, self._take(record).inline) for record, moved in claims]
        for record, inline in rows:
            self._put(record, inline)

    def _take(self, record: Record) -> _Row:
        """Remove and return the row that holds this record."""
        for row in self._rows(record.job_id):
            if same_attempt(row.record, record):
                if self._newest.get(record.job_id) is row:
                    del self._newest[record.job_id]
                else:
                    self._superseded[record.job_id].remove(row)
                return row
        raise StoreError(f"the record of job {record.job_id!r} is no longer in the store")

    def _put(self, record: Record, inline: bytes | None) -> None:
        old = self._newest.pop(record.job_id, None)
        if old is not None:
            self._touched.add(record.job_id)
            self._history.append(attempt_of(old.record))
            if is_kept(old.record):
                self._superseded.setdefault(record.job_id, []).insert(0, old._replace(key=self._next_key()))
            else:
                self._dropped.append(old)
        self._newest[record.job_id] = _Row(self._next_key(), record, inline)

    def _next_key(self) -> int:
        self._key += 1
        return self._key

    def _rows(self, job_id: JobId) -> list[_Row]:
        newest = self._newest.get(job_id)
        return ([newest] if newest is not None else []) + self._superseded.get(job_id, [])

    def _all_rows(self) -> list[_Row]:
        return [*self._newest.values(), *(row for rows in self._superseded.values() for row in rows)]

    def forget(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            for job_id in job_ids:
                self._dropped += self._superseded.pop(job_id, [])
                row = self._newest.pop(job_id, None)
                if row is not None:
                    self._history.append(attempt_of(row.record))
                    self._dropped.append(row)
            self._settle()

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            for job_id in set(job_ids):
                row = self._newest.get(job_id)
                if row is not None:
                    self._newest[job_id] = row._replace(record=row.record._replace(asked=True))
                rows = self._superseded.get(job_id, [])
                rows[:] = [row._replace(record=row.record._replace(asked=True)) for row in rows]

    def replace(self, records: Iterable[Record]) -> None:
        with self._mutex:
            self._version += 1
            rows = {}
            for record in records:
                if record.job_id not in self._newest:
                    raise StoreError(f"job {record.job_id!r} has no record in the store")
                rows[record.job_id] = self._newest[record.job_id]._replace(record=record)
            self._newest.update(rows)

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        with self._mutex:
            self._version += 1
            for job_id in set(job_ids):
                row = self._newest.get(job_id)
                if row is not None:
                    self._dropped.append(row)
                    self._newest[job_id] = row._replace(record=without_result(row.record), inline=None)
            self._settle()

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        return {digest: self._parts[digest] for digest in digests if digest in self._parts}

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        return {key: self._code[key] for key in keys if key in self._code}

    def cache_code(self, entries: Mapping[str, bytes]) -> None:
        self._code.update(entries)

    def begin_run(self, command: str, started_at: float) -> int:
        with self._mutex:
            self._running = True
            self._runs.append(Run(len(self._runs) + 1, command, started_at))
            return len(self._runs)

    def end_run(self, run: Run) -> None:
        with self._mutex:
            self._runs[run.run_id - 1] = run
            self._running = False
            self._settle()

    def runs(self) -> list[Run]:
        return self._runs[::-1]

    def attempts(self, job_id: JobId | None = None) -> list[Attempt]:
        with self._mutex:
            return newest_attempts([*self._history, *(attempt_of(row.record) for row in self._newest.values())], job_id)

    def get_meta(self, key: str) -> str | None:
        return self._meta.get(key)

    def set_meta(self, key: str, value: str) -> None:
        self._meta[key] = value

    def size(self, defined: Collection[JobId]) -> StoreSize:
        with self._mutex:
            rows, objects = self._all_rows(), self._objects.by_digest
            keep = set(defined)
            needed = self._named(row for row in rows if row.record.job_id in keep)
            return StoreSize(
                records=len(self._newest),
                superseded=len(rows) - len(self._newest),
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
            self._touched.update(self._superseded)
            self.forget([row.record.job_id for row in self._all_rows() if row.record.job_id not in keep])
            needed = self._named(self._all_rows())
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
        return [row.record for row in self._all_rows()]

    def _named(self, rows: Iterable[_Row]) -> set[Digest]:
        return {digest for row in rows for digest, _ in objects_of(row.record)}

    def _settle(self) -> None:
        """Drop what is kept no longer; not during a run, which may still want any record."""
        if self._running:
            return
        if self._touched:
            self._drop_surplus()
            self._touched.clear()
        needed = self._named(self._all_rows())
        for digest in self._named(self._dropped) - needed:
            self._objects.by_digest.pop(digest, None)
        self._dropped.clear()

    def _drop_surplus(self) -> None:
        for job_id in self._touched:
            rows, newest = self._superseded.get(job_id, []), self._newest.get(job_id)
            wanted = [row for row in rows if not never_again(row.record, newest and newest.record)][: self._keep]
            self._keep_only(rows, {row.key for row in wanted})
        kept = [row for rows in self._superseded.values() for row in rows]
        everything = sum(row.record.size_bytes for row in self._all_rows())
        limit = max(KEEP_BYTES, int(KEEP_SHARE * everything)) if self._keep_bytes is None else self._keep_bytes
        current = {row.record.blob for row in self._newest.values()}
        old = [Kept(row.key, row.record.blob, row.record.size_bytes) for row in kept]
        left = {row.key for row in kept}.difference(over_limit(old, current, limit))
        for rows in self._superseded.values():
            self._keep_only(rows, left)

    def _keep_only(self, rows: list[_Row], keys: Collection[int]) -> None:
        self._dropped += [row for row in rows if row.key not in keys]
        rows[:] = [row for row in rows if row.key in keys]
