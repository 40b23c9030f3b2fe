"""Records in memory with the rules of every store: what supersedes what, what moves, what is dropped. No IO."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from compmake.errors import StoreError
from compmake.job import JobId, Record
from compmake.store import Attempt, Changes
from compmake.store.packing import attempt_of
from compmake.store.retention import (
    KEEP_BYTES,
    KEEP_SHARE,
    Kept,
    is_kept,
    never_again,
    over_limit,
    same_attempt,
    without_result,
)


class Row(NamedTuple):
    """A record, its inline result where the store keeps them together, and a key that grows with every row."""

    key: int
    record: Record
    inline: bytes | None = None


class Shelf:
    """The rows of all jobs, or of some that a store has fetched to change them."""

    def __init__(
        self, newest: dict[JobId, Row], superseded: dict[JobId, list[Row]], *, next_key: int, place: str
    ) -> None:
        """Begin with what is stored.

        Args:
            newest: By job.
            superseded: By job, newest first.
            next_key: Above all keys there are.
            place: What messages call the store.
        """
        self.newest, self.superseded = newest, superseded
        self.next_key = next_key
        self._place = place
        self.history: list[Attempt] = []
        """Attempts of which no newest record tells any more, the oldest first."""
        self.dropped: list[Row] = []
        self.touched: set[JobId] = set()
        """Jobs of which something was superseded."""

    def rows(self, job_id: JobId) -> list[Row]:
        """Return the rows of a job, the newest first."""
        newest = self.newest.get(job_id)
        return ([newest] if newest is not None else []) + self.superseded.get(job_id, [])

    def all_rows(self) -> list[Row]:
        """Return all rows."""
        return [*self.newest.values(), *(row for rows in self.superseded.values() for row in rows)]

    def apply(self, changes: Changes) -> None:
        """Make all changes to records, in the order in which they can only have happened.

        Raises:
            StoreError: A record that moves is not there; what was changed so far stays changed.
        """
        moved = [(moved, self._take(record).inline) for record, moved in changes.claims]
        for record, inline in moved:
            self._put(record, inline)
        for record in changes.restored:
            self._put(record, self._take(record).inline)
        for record, blob in changes.records:
            self._put(record, blob.inline if blob is not None else None)

    def _take(self, record: Record) -> Row:
        """Remove and return the row that holds this record."""
        for row in self.rows(record.job_id):
            if same_attempt(row.record, record):
                if self.newest.get(record.job_id) is row:
                    del self.newest[record.job_id]
                else:
                    self.superseded[record.job_id].remove(row)
                return row
        raise StoreError(f"the record of job {record.job_id!r} is no longer in {self._place}")

    def _put(self, record: Record, inline: bytes | None) -> None:
        old = self.newest.pop(record.job_id, None)
        if old is not None:
            self.touched.add(record.job_id)
            self.history.append(attempt_of(old.record))
            if is_kept(old.record):
                self.superseded.setdefault(record.job_id, []).insert(0, old._replace(key=self._key()))
            else:
                self.dropped.append(old)
        self.newest[record.job_id] = Row(self._key(), record, inline)

    def _key(self) -> int:
        self.next_key += 1
        return self.next_key - 1

    def forget(self, job_ids: Iterable[JobId]) -> None:
        """Remove every row of these jobs; history keeps what the newest attempts took."""
        for job_id in job_ids:
            self.dropped += self.superseded.pop(job_id, [])
            row = self.newest.pop(job_id, None)
            if row is not None:
                self.history.append(attempt_of(row.record))
                self.dropped.append(row)

    def mark_asked(self, job_ids: Iterable[JobId]) -> None:
        """Mark every record of these jobs."""
        for job_id in job_ids:
            row = self.newest.get(job_id)
            if row is not None:
                self.newest[job_id] = row._replace(record=row.record._replace(asked=True))
            rows = self.superseded.get(job_id, [])
            rows[:] = [row._replace(record=row.record._replace(asked=True)) for row in rows]

    def replace(self, records: Iterable[Record]) -> None:
        """Rewrite the newest records of their jobs, which must have one.

        Raises:
            StoreError: One has none; nothing was changed.
        """
        rows = {}
        for record in records:
            if record.job_id not in self.newest:
                raise StoreError(f"job {record.job_id!r} has no record in {self._place}")
            rows[record.job_id] = self.newest[record.job_id]._replace(record=record)
        self.newest.update(rows)

    def mark_missing(self, job_ids: Iterable[JobId]) -> None:
        """Take the result from the newest records of these jobs."""
        for job_id in job_ids:
            row = self.newest.get(job_id)
            if row is not None:
                self.dropped.append(row)
                self.newest[job_id] = row._replace(record=without_result(row.record), inline=None)

    def drop_surplus(self, job_ids: Iterable[JobId], keep: int) -> None:
        """Drop what can never match again, and what is more than a job may keep."""
        for job_id in job_ids:
            rows, newest = self.superseded.get(job_id, []), self.newest.get(job_id)
            wanted = [row for row in rows if not never_again(row.record, newest and newest.record)][:keep]
            self._keep_only(rows, {row.key for row in wanted})

    def drop_over_limit(self, keep_bytes: int | None) -> None:
        """Drop least recently used superseded rows; `keep_bytes` None is a share of all. Needs the rows of all jobs."""
        kept = [row for rows in self.superseded.values() for row in rows]
        everything = sum(row.record.size_bytes for row in self.all_rows())
        limit = max(KEEP_BYTES, int(KEEP_SHARE * everything)) if keep_bytes is None else keep_bytes
        current = {row.record.blob for row in self.newest.values()}
        old = [Kept(row.key, row.record.blob, row.record.size_bytes) for row in kept]
        left = {row.key for row in kept}.difference(over_limit(old, current, limit))
        for rows in self.superseded.values():
            self._keep_only(rows, left)

    def _keep_only(self, rows: list[Row], keys: Collection[int]) -> None:
        self.dropped += [row for row in rows if row.key not in keys]
        rows[:] = [row for row in rows if row.key in keys]
