"""What in a store is no longer what was written: asked of some results before a make, of everything by `check`."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Damage
from compmake.store.files.index import Index
from compmake.store.files.rows import RecordRows
from compmake.store.objects import HEADER_BYTES, DamagedObjectError, FileObjects, ObjectState
from compmake.store.packing import objects_of, unpack

_MANY = 2000  # from here on, reading the whole table is faster than asking for rows


class Damages:
    """Looks for damage. Moves damaged objects to the quarantine, changes nothing else."""

    def __init__(self, index: Index, rows: RecordRows, objects: FileObjects, *, read_only: bool) -> None:
        self._index, self._rows, self._objects, self._read_only = index, rows, objects, read_only

    def of(self, records: Iterable[Record]) -> dict[JobId, str]:
        """Return which of these records' results are missing or damaged, with the reason."""
        small: dict[JobId, Record] = {}
        large: list[Record] = []
        damaged: dict[JobId, str] = {}
        for record in records:
            if not record.ok:
                continue
            if not record.blob:
                damaged[record.job_id] = "its result was found missing or damaged before"
            elif record.size_bytes < INLINE_BYTES:
                if self._rows.intact.get(record.job_id) != record.blob:
                    small[record.job_id] = record
            else:
                large.append(record)
        for record in self._not_as_written(small):
            reason = self._small_damage(record)
            if reason:
                damaged[record.job_id] = reason
        return damaged | self._large_damages(large)

    def _not_as_written(self, small: dict[JobId, Record]) -> Iterator[Record]:
        """Yield the records of which the newest row's inline bytes are not the result."""
        if len(small) < _MANY:
            rows = self._index.rows_of("select job_id, inline from jobs where job_id in ({})", small)
        else:
            rows = self._index.rows("select job_id, inline from jobs where inline is not null")
        left = dict(small)
        for job_id, inline in rows:
            record = small.get(job_id)
            if record is not None and isinstance(inline, bytes) and digest_bytes(inline) == record.blob:
                left.pop(job_id, None)
        yield from left.values()

    def _small_damage(self, record: Record) -> str:
        stored = self._rows.inline(record)  # it may be a superseded record
        if any(isinstance(inline, bytes) and digest_bytes(inline) == record.blob for inline in stored):
            return ""
        return "its result in index.db is damaged" if stored else "its result is no longer in index.db"

    def _large_damages(self, records: list[Record]) -> dict[JobId, str]:
        sql = "select digest, size_bytes, mtime_ns from objects where digest in ({})"
        known = {row[0]: ObjectState(*row[1:]) for row in self._index.rows_of(sql, {record.blob for record in records})}
        reasons: dict[Digest, str] = {}
        touched: list[tuple[Digest, ObjectState]] = []
        for record in records:
            digest = record.blob
            if digest in reasons:
                continue
            state = self._objects.state(digest)
            if (
                state is not None
                and state == known.get(digest)
                and state.size_bytes == HEADER_BYTES + record.size_bytes
            ):
                reasons[digest] = ""
                continue
            reasons[digest] = self._large_damage(Blob(digest, record.size_bytes))
            if not reasons[digest] and state is not None:
                touched.append((digest, state))
        self._remember(touched)
        return {record.job_id: reasons[record.blob] for record in records if reasons[record.blob]}

    def _large_damage(self, blob: Blob) -> str:
        try:
            self._objects.read(blob)
        except (ResultMissingError, ResultDamagedError) as error:
            return str(error)
        return ""

    def _remember(self, touched: list[tuple[Digest, ObjectState]]) -> None:
        """Spare the next make reading objects that only look changed, for example after a copy of the store."""
        if touched and not self._read_only:
            with suppress(StoreError), self._index.transaction():
                remember_objects(self._index, touched)

    def everything(self) -> list[Damage]:
        """Verify every page of the index, every row and every object."""
        found = [Damage(f"{self._index.path.name}: {line}", None) for line in self._broken_pages()]
        jobs: dict[Digest, tuple[JobId, int]] = {}
        for table in ("jobs", "superseded"):
            for job_id, packed, inline in self._index.rows(f"select job_id, record, inline from {table}"):
                record = unpack(packed)
                if record is None:
                    found.append(Damage(f"the record of job {job_id}: its row is damaged", JobId(str(job_id))))
                    continue
                for digest, size_bytes in objects_of(record):
                    jobs.setdefault(digest, (record.job_id, size_bytes))
                if record.blob and record.size_bytes < INLINE_BYTES and not _is_result(inline, record):
                    found.append(Damage(f"the result of job {record.job_id} in {self._index.path.name}", record.job_id))
        return found + list(self._broken_objects(jobs))

    def _broken_pages(self) -> list[str]:
        lines = [str(row[0]) for row in self._index.rows("pragma integrity_check")]
        return [] if lines == ["ok"] else lines

    def _broken_objects(self, jobs: dict[Digest, tuple[JobId, int]]) -> Iterator[Damage]:
        for digest, (job_id, size_bytes) in jobs.items():
            yield from self._broken_object(Blob(digest, size_bytes), job_id)
        for digest, file_bytes in list(self._objects.stored()):
            if digest not in jobs:
                yield from self._broken_object(Blob(digest, max(0, file_bytes - HEADER_BYTES)), None)

    def _broken_object(self, blob: Blob, job_id: JobId | None) -> Iterator[Damage]:
        whose = "no job's" if job_id is None else f"of job {job_id}"
        try:
            self._objects.read(blob)
        except DamagedObjectError as error:
            yield Damage(f"an object {whose}: {error}", job_id, error.moved_to)
        except ResultMissingError as error:
            yield Damage(f"an object {whose}: {error}", job_id)


def _is_result(inline: object, record: Record) -> bool:
    return isinstance(inline, bytes) and len(inline) == record.size_bytes and digest_bytes(inline) == record.blob


def remember_objects(index: Index, states: Iterable[tuple[Digest, ObjectState]]) -> None:
    """Note size and mtime of objects that are known to be whole."""
    rows = ((digest, state.size_bytes, state.mtime_ns) for digest, state in states)
    index.run_many("insert or replace into objects values (?, ?, ?)", rows)
