"""Changes to records: the rows of the jobs concerned are fetched, changed in memory, and written in one step."""

from collections.abc import Callable, Collection

from compmake.job import Digest, JobId
from compmake.store import Changes
from compmake.store.redis.database import Database, Draft
from compmake.store.redis.ledger import STATE, Ledger, note_attempts
from compmake.store.redis.rows import NEWEST, PAST, named, newest_value, past_value, read_newest, read_past
from compmake.store.redis.upkeep import SMALL
from compmake.store.retention import KEEP_BYTES
from compmake.store.shelf import Row, Shelf


class Changer:
    """Changes rows, and remembers what is to be tidied up afterwards."""

    def __init__(self, database: Database, ledger: Ledger) -> None:
        self._database, self._ledger = database, ledger
        self._touched: set[JobId] = set()
        self._dropped: set[Digest] = set()

    @property
    def is_due(self) -> bool:
        """Whether something was superseded or dropped since the last `settle`."""
        return bool(self._touched or self._dropped)

    def commit(self, changes: Changes) -> None:
        """Write all of them, or nothing."""
        job_ids = {record.job_id for record, _ in changes.records} | {record.job_id for record in changes.restored}
        job_ids.update(record.job_id for pair in changes.claims for record in pair)

        def more(draft: Draft) -> None:
            small = {blob.digest: blob.inline for _, blob in changes.records if blob and blob.inline is not None}
            seal = self._database.signer.seal
            draft.set(SMALL, {digest: seal(SMALL, digest, data) for digest, data in small.items()})
            self._ledger.draft_parts(draft, changes.parts)

        self.change_rows(job_ids, lambda shelf: shelf.apply(changes), more)

    def change_rows(
        self,
        job_ids: Collection[JobId],
        work: Callable[[Shelf], None],
        more: Callable[[Draft], None] = lambda _: None,
    ) -> None:
        """Let `work` change the rows of these jobs, and write what it changed together with what `more` adds.

        Raises:
            StoreError: `work` did, or nothing could be written.
        """

        def draft() -> tuple[Draft, Shelf]:
            version, newest, past = self._rows(job_ids)
            shelf = self._shelf(version, newest, past)
            before = dict(shelf.newest), {job_id: list(rows) for job_id, rows in shelf.superseded.items()}
            work(shelf)
            draft = Draft(version)
            self._write_rows(draft, shelf, *before)
            note_attempts(draft, shelf.history)
            more(draft)
            return draft, shelf

        shelf = self._database.change(draft)
        self._remember(shelf)

    def _rows(self, job_ids: Collection[JobId] | None) -> tuple[int, dict[bytes, bytes], dict[bytes, bytes]]:
        """Return the version of the store and the values of these jobs' rows; None stands for all."""
        if job_ids is None:
            found = self._database.read(("HGET", STATE, "version"), ("HGETALL", NEWEST), ("HGETALL", PAST))
            return int(found[0] or 0), found[1], found[2]
        version = self._database.version()  # first: should others write meanwhile, what is drafted does not fit
        names = [job_id.encode() for job_id in job_ids]
        return version, self._database.fields(NEWEST, names), self._database.fields(PAST, names)

    def _shelf(self, version: int, newest: dict[bytes, bytes], past: dict[bytes, bytes]) -> Shelf:
        signer = self._database.signer
        rows = {job_id: Row(0, record) for job_id, record in read_newest(signer, newest).items()}
        # Keys and versions are taken from the same numbers, so keys grow over all writes.
        return Shelf(rows, read_past(signer, past), next_key=version + 1, place=self._database.location)

    def _write_rows(
        self, draft: Draft, shelf: Shelf, newest: dict[JobId, Row], superseded: dict[JobId, list[Row]]
    ) -> None:
        signer = self._database.signer
        changed = [row.record for job_id, row in shelf.newest.items() if newest.get(job_id) is not row]
        draft.set(NEWEST, {record.job_id: newest_value(signer, record) for record in changed})
        draft.remove(NEWEST, [job_id for job_id in newest if job_id not in shelf.newest])
        kept = {job_id: rows for job_id, rows in shelf.superseded.items() if rows and rows != superseded.get(job_id)}
        draft.set(PAST, {job_id: past_value(signer, job_id, rows) for job_id, rows in kept.items()})
        draft.remove(PAST, [job_id for job_id in superseded if not shelf.superseded.get(job_id)])
        draft.next_version = shelf.next_key + 1

    def settle(self, keep: int, keep_bytes: int | None, *, everything: bool = False) -> None:
        """Drop superseded records beyond what is kept, and results that no record names any more."""
        touched = set(self._touched)

        def draft() -> tuple[Draft, Shelf]:
            (size,) = self._database.read(("HLEN", PAST))
            version, newest, past = self._rows(None if size else ())
            shelf = self._shelf(version, newest, past)
            before = dict(shelf.newest), {job_id: list(rows) for job_id, rows in shelf.superseded.items()}
            shelf.drop_surplus(list(shelf.superseded) if everything else touched, keep)
            kept_bytes = sum(row.record.size_bytes for rows in shelf.superseded.values() for row in rows)
            if kept_bytes > (KEEP_BYTES if keep_bytes is None else keep_bytes):
                shelf.drop_over_limit(keep_bytes)
            draft = Draft(version)
            self._write_rows(draft, shelf, *before)
            return draft, shelf

        if touched or everything:
            self._remember(self._database.change(draft))
        self._database.sweep(self._dropped)
        self._touched.clear()
        self._dropped.clear()

    def _remember(self, shelf: Shelf) -> None:
        self._touched |= shelf.touched
        self._dropped.update(digest for row in shelf.dropped for digest in named(row.record))
