"""Keeping a store small: what is superseded for long, what nothing names, what a killed process left behind."""

import os
from collections import defaultdict
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from compmake.errors import StoreError
from compmake.job import JobId, Record
from compmake.store import StoreSize
from compmake.store.atomic import FILES, Files, store_error
from compmake.store.files.index import Index
from compmake.store.files.ledger import Ledger
from compmake.store.files.rows import TABLES, RecordRows
from compmake.store.objects import FileObjects
from compmake.store.packing import objects_named, unpack, unpack_all
from compmake.store.retention import KEEP_BYTES, KEEP_SHARE, Kept, never_again, over_limit

_ALL_ROWS = "select record from jobs union all select record from superseded"


class Upkeep:
    """Drops things. Only while no worker can be about to name what nothing names yet: the caller sees to that."""

    def __init__(
        self,
        index: Index,
        rows: RecordRows,
        objects: FileObjects,
        *,
        keep: int,
        keep_bytes: int | None,
        files: Files = FILES,
    ) -> None:
        self._index, self._rows, self._objects, self._files = index, rows, objects, files
        self._folder: Path = index.path.parent
        self._keep, self._keep_bytes = keep, keep_bytes

    @property
    def is_due(self) -> bool:
        """Whether something was superseded or dropped since the last time."""
        return bool(self._rows.touched or self._rows.dropped)

    def settle(self) -> None:
        """Drop superseded records beyond what is kept, old history, and objects whose last row went."""
        with self._index.transaction():
            if self._rows.touched:
                self._rows.forget_superseded(self._surplus(self._rows.touched))
                self._rows.forget_superseded(self._over_limit())
                Ledger(self._index).prune()
        self._rows.touched.clear()
        self._sweep()

    def _surplus(self, job_ids: Collection[JobId]) -> list[int]:
        """Return the rows that can never match again, are damaged, or are more than a job may keep."""
        rows = self._index.rows_of("select record from jobs where job_id in ({})", job_ids)
        newest = {record.job_id: record for record in unpack_all(rows)}
        by_job: dict[JobId, list[tuple[int, Record | None]]] = defaultdict(list)
        sql = "select seq, job_id, record from superseded where job_id in ({})"
        for seq, job_id, packed in self._index.rows_of(sql, job_ids):
            by_job[job_id].append((seq, unpack(packed)))
        surplus = []
        for job_id, past in by_job.items():
            kept = 0
            for seq, record in sorted(past, key=lambda item: -item[0]):
                if kept == self._keep or record is None or never_again(record, newest.get(job_id)):
                    surplus.append(seq)
                else:
                    kept += 1
        return surplus

    def _over_limit(self) -> list[int]:
        total = self._index.rows("select coalesce(sum(size_bytes), 0) from superseded")[0][0]
        if total <= (KEEP_BYTES if self._keep_bytes is None else self._keep_bytes):
            return []
        limit = self._keep_bytes
        if limit is None:
            limit = max(KEEP_BYTES, int(KEEP_SHARE * self._total_bytes()))
        kept = []
        for seq, packed in self._index.rows("select seq, record from superseded"):
            record = unpack(packed)
            if record is not None:
                kept.append(Kept(seq, record.blob, record.size_bytes))
        return over_limit(kept, {record.blob for record in self._rows.newest()[0]}, limit)

    def _sweep(self) -> None:
        if not self._rows.dropped:
            return
        unnamed = self._rows.dropped - objects_named(self._index.rows(_ALL_ROWS))
        for digest in unnamed:
            self._objects.remove(digest)
        self._index.run_many("delete from objects where digest = ?", ((digest,) for digest in unnamed))
        self._rows.dropped.clear()

    def collect(self, defined: Collection[JobId]) -> int:
        """Drop everything that no job in `defined` needs and return the bytes freed."""
        before = self._total_bytes()
        keep = set(defined)
        with self._index.transaction():
            self._rows.forget({job_id for job_id, _, _ in self._row_sizes() if job_id not in keep})
            self._rows.touched.update(JobId(row[0]) for row in self._index.rows("select job_id from superseded"))
        self.settle()
        named = objects_named(self._index.rows(_ALL_ROWS))
        for digest, _ in list(self._objects.stored()):
            if digest not in named:
                self._objects.remove(digest)
        known = [row[0] for row in self._index.rows("select digest from objects")]
        self._index.run_many(
            "delete from objects where digest = ?", ((digest,) for digest in known if digest not in named)
        )
        self._remove_temporaries()
        with suppress(StoreError):  # it needs room for a copy, which a full disk does not have
            self._index.run("vacuum")
        with suppress(StoreError):
            self._index.rows("pragma wal_checkpoint(truncate)")
        return max(0, before - self._total_bytes())

    def _remove_temporaries(self) -> None:
        for path, _ in list(self._objects.temporaries()):
            try:
                self._files.remove(path)
            except FileNotFoundError:
                continue
            except OSError as cause:
                raise store_error(cause, path) from cause

    def size(self, defined: Collection[JobId]) -> StoreSize:
        """Measure the store and what `collect` would free, which is never quite exact for the index."""
        keep = set(defined)
        garbage = sum(size_bytes for job_id, size_bytes, _ in self._row_sizes() if job_id not in keep)
        named = objects_named((packed,) for job_id, _, packed in self._row_sizes() if job_id in keep)
        stored = list(self._objects.stored())
        garbage += sum(size_bytes for digest, size_bytes in stored if digest not in named)
        garbage += sum(size_bytes for _, size_bytes in self._objects.temporaries())
        free_pages = self._index.rows("pragma freelist_count")[0][0] * self._index.rows("pragma page_size")[0][0]
        return StoreSize(
            records=self._rows.count("jobs"),
            superseded=self._rows.count("superseded"),
            objects=len(stored),
            total_bytes=self._total_bytes(),
            free_able_bytes=garbage + free_pages,
        )

    def _row_sizes(self) -> list[tuple[JobId, int, bytes]]:
        sql = "select job_id, length(record) + coalesce(length(inline), 0), record from "
        return [(JobId(row[0]), row[1] or 0, row[2]) for table in TABLES for row in self._index.rows(sql + table)]

    def _total_bytes(self) -> int:
        total = 0
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    total += os.lstat(os.path.join(folder, name)).st_size
        return total
