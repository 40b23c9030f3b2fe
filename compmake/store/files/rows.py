"""The rows of records in the index: the newest of each job, and the superseded ones."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from compmake.errors import StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import Digest, JobId, Record
from compmake.store import Changes
from compmake.store.files.index import Index
from compmake.store.packing import attempt_of, objects_of, pack, unpack, unpack_all
from compmake.store.retention import is_kept, same_attempt, without_result

_Row = tuple[Record, bytes | None]
TABLES = ("jobs", "superseded")


class RecordRows:
    """Reads and changes the two tables of records. What changes belongs into a transaction of the caller.

    `touched` are the jobs of which something was superseded, `dropped` the objects that a removed row named; whoever
    tidies up afterwards empties both.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self.touched: set[JobId] = set()
        self.dropped: set[Digest] = set()
        self.intact: dict[JobId, Digest] = {}
        """Inline results that were as written when `newest` read their rows: they need not be read again."""

    def newest(self) -> tuple[list[Record], int]:
        """Return all newest records that are whole, and how many are not."""
        packed: list[tuple[bytes]] = []
        digests: list[Digest | None] = []
        for row, inline in self._index.stream("select record, inline from jobs"):
            packed.append((row,))
            digests.append(digest_bytes(inline) if isinstance(inline, bytes) else None)
        records = unpack_all(packed)
        if len(records) == len(packed):
            pairs = zip(records, digests, strict=True)
            self.intact = {record.job_id: record.blob for record, digest in pairs if digest == record.blob}
        return records, len(packed) - len(records)

    def one(self, job_id: JobId) -> Record | None:
        """Return the newest record of a job if it is there and whole."""
        return next(iter(unpack_all(self._index.rows("select record from jobs where job_id = ?", [job_id]))), None)

    def superseded(self) -> list[Record]:
        """Return all superseded records that are whole, newest first."""
        return unpack_all(self._index.rows("select record from superseded order by seq desc"))

    def count(self, table: str) -> int:
        """Return how many rows `jobs` or `superseded` has, damaged ones included."""
        return int(self._index.rows(f"select count(*) from {table}")[0][0])

    def inline(self, record: Record) -> list[bytes | None]:
        """Return the inline bytes of every row that has this record's result; empty if there is none."""
        found: list[bytes | None] = []
        for table in TABLES:
            rows = self._index.rows(f"select record, inline from {table} where job_id = ?", [record.job_id])
            for packed, inline in rows:
                stored = unpack(packed)
                if stored is not None and stored.blob == record.blob:
                    found.append(inline)
        return found

    def apply(self, changes: Changes) -> None:
        """Make all changes to records, in the order in which they can only have happened."""
        moved = [(moved, self._take(record)) for record, moved in changes.claims]
        self._put(moved)
        self._put([(record, self._take(record)) for record in changes.restored])
        self._put([(record, blob.inline if blob is not None else None) for record, blob in changes.records])

    def forget(self, job_ids: Collection[JobId]) -> None:
        """Remove every row of these jobs; history keeps what the newest attempts took."""
        for table in TABLES:
            rows = self._index.rows_of(f"select record from {table} where job_id in ({{}})", job_ids)
            records = unpack_all(rows)
            self._note_dropped(records)
            if table == "jobs":
                self._note_attempts(records)
            self._index.run_many(f"delete from {table} where job_id = ?", ((job_id,) for job_id in job_ids))

    def forget_superseded(self, keys: Collection[int]) -> None:
        """Remove these rows of superseded records."""
        rows = self._index.rows_of("select record from superseded where seq in ({})", keys)
        self._note_dropped(unpack_all(rows))
        self._index.run_many("delete from superseded where seq = ?", ((key,) for key in keys))

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        """Mark every record of these jobs."""
        for table in TABLES:
            self._rewrite(table, job_ids, lambda record: record._replace(asked=True))

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        """Take the result from the newest records of these jobs."""
        self._note_dropped(self._rewrite("jobs", job_ids, without_result))
        self._index.run_many("update jobs set inline = null where job_id = ?", ((job_id,) for job_id in job_ids))

    def replace(self, records: Sequence[Record]) -> None:
        """Rewrite the newest records of their jobs, which must have one."""
        known = {row[0] for row in self._index.rows_of(_IDS, [record.job_id for record in records])}
        for record in records:
            if record.job_id not in known:
                raise StoreError(f"job {record.job_id!r} has no record in the store")
        self._index.run_many(_REWRITE_JOB, ((pack(record), record.job_id) for record in records))

    def _rewrite(self, table: str, job_ids: Collection[JobId], change: Callable[[Record], Record]) -> list[Record]:
        """Change the records of these jobs in place and return them as they were."""
        rows = self._index.rows_of(f"select rowid, record from {table} where job_id in ({{}})", set(job_ids))
        old = [(row, record) for row, packed in rows if (record := unpack(packed)) is not None]
        update = f"update {table} set record = ? where rowid = ?"
        self._index.run_many(update, ((pack(change(record)), row) for row, record in old))
        return [record for _, record in old]

    def _put(self, rows: Sequence[_Row]) -> None:
        """Make these records the newest of their jobs; what was newest before is superseded or only history."""
        for some in _each_job_once(rows):
            before = unpack_all(self._index.rows_of(_RECORDS, [record.job_id for record, _ in some]))
            if before:
                self._supersede(before)
            packed = [(record.job_id, pack(record), inline) for record, inline in some]
            self._index.run_many("insert or replace into jobs values (?, ?, ?)", packed)

    def _supersede(self, before: list[Record]) -> None:
        self._note_attempts(before)
        self.touched.update(record.job_id for record in before)
        kept = [record for record in before if is_kept(record)]
        self._index.run_many(_SUPERSEDE, ((record.size_bytes, record.job_id) for record in kept))
        self._note_dropped(record for record in before if not is_kept(record))

    def _note_attempts(self, records: Iterable[Record]) -> None:
        attempts = map(attempt_of, records)
        rows = ((a.job_id, a.function, a.run_id, a.made_at, a.wall_s, a.cpu_s, a.peak_bytes, a.ok) for a in attempts)
        self._index.run_many("insert into attempts values (null, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def _note_dropped(self, records: Iterable[Record]) -> None:
        self.dropped.update(digest for record in records for digest, _ in objects_of(record))

    def _take(self, record: Record) -> bytes | None:
        """Remove the row of this record and return its inline result."""
        for table in TABLES:
            rows = self._index.rows(f"select rowid, record, inline from {table} where job_id = ?", [record.job_id])
            for row, packed, inline in rows:
                stored = unpack(packed)
                if stored is not None and same_attempt(stored, record):
                    self._index.run(f"delete from {table} where rowid = ?", [row])
                    return inline if isinstance(inline, bytes) else None
        raise StoreError(f"the record of job {record.job_id!r} is no longer in {self._index.path}")


_IDS = "select job_id from jobs where job_id in ({})"
_RECORDS = "select record from jobs where job_id in ({})"
_REWRITE_JOB = "update jobs set record = ? where job_id = ?"
_SUPERSEDE = (
    "insert into superseded (job_id, size_bytes, record, inline) "
    "select job_id, ?, record, inline from jobs where job_id = ?"
)


def _each_job_once(rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
    """Split rows so that no part has two of one job: the first must be stored before the second supersedes it."""
    if len({record.job_id for record, _ in rows}) == len(rows):  # nearly always
        yield rows
        return
    part: list[_Row] = []
    seen: set[JobId] = set()
    for row in rows:
        if row[0].job_id in seen:
            yield part
            part, seen = [], set()
        part.append(row)
        seen.add(row[0].job_id)
    yield part


def objects_to_store(changes: Changes) -> list[tuple[Record, Digest, int]]:
    """Return the objects that the new records name: record, digest and size."""
    return [(record, *named) for record, _ in changes.records for named in objects_of(record)]


def need_bytes(changes: Changes) -> int:
    """Return about how many bytes a commit adds to the index."""
    inline = sum([len(blob.inline) for _, blob in changes.records if blob is not None and blob.inline is not None])
    return inline + 1000 * len(changes) + sum(map(len, changes.parts.values()))
