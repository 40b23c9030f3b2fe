"""Copies one store to another, of whatever kind, and verifies the copy."""

from collections.abc import Iterator
from dataclasses import dataclass

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import Changes, Store
from compmake.store.packing import objects_of
from compmake.words import bytes_text

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy moved."""

    records: int
    results_bytes: int
    damaged: int
    """Results that the source does not have any more as they were written: their jobs will be made again."""

    @property
    def text(self) -> str:
        """What users read."""
        lost = f"; {self.damaged} results were damaged or missing already" if self.damaged else ""
        return f"{self.records} records with {bytes_text(self.results_bytes)} of results{lost}"


def copy_store(source: Store, target: Store) -> Copied:
    """Copy records, results, history, runs and notes; parse results are not copied, they are made anew.

    Raises:
        StoreError: The target has something in it, one of them failed, or the copy is not what the source has.
    """
    if target.location == source.location:
        raise StoreError(f"{source.location}: a store is not copied to itself")
    source.lock("compmake --copy-store")
    try:
        target.lock("compmake --copy-store")
        try:
            if target.load_records() or target.runs() or target.all_meta():
                raise StoreError(f"{target.location} is not empty: a store is copied to a new one")
            copied = _copy(source, target)
            _verify(source, target)
            return copied
        finally:
            target.unlock()
    finally:
        source.unlock()


def _copy(source: Store, target: Store) -> Copied:
    parts = list(source.all_parts().items())
    for start in range(0, len(parts), _AT_ONCE):
        target.commit(Changes(parts=dict(parts[start : start + _AT_ONCE])))
    target.add_history(source.runs(), source.attempts())
    written: dict[Digest, Blob | None] = {}
    total_bytes = 0
    pending: list[tuple[Record, Blob | None]] = []
    count = 0
    for record in _oldest_first(source):
        new, blob = _with_objects(source, target, record, written)
        total_bytes += new.size_bytes
        pending.append((new, blob))
        count += 1
        if len(pending) == _AT_ONCE:
            target.commit(Changes(records=pending))
            pending = []
    target.commit(Changes(records=pending))
    for key, value in source.all_meta().items():  # last: a store that names its program is complete
        target.set_meta(key, value)
    return Copied(count, total_bytes, sum(blob is None for blob in written.values()))


def _oldest_first(source: Store) -> Iterator[Record]:
    """Yield all records so that each supersedes what it did."""
    newest, superseded = source.load_records(), source.load_superseded()
    for job_id in sorted({*newest, *superseded}):
        yield from reversed(superseded.get(job_id, []))
        if job_id in newest:
            yield newest[job_id]


def _with_objects(
    source: Store, target: Store, record: Record, written: dict[Digest, Blob | None]
) -> tuple[Record, Blob | None]:
    """Copy what a record names; return it as the target is to have it, and its result."""
    for digest, size_bytes in objects_of(record):
        if digest not in written:
            written[digest] = _copied(source, target, Blob(digest, size_bytes))
    if not record.blob:
        return record, None
    if record.blob not in written:
        try:
            written[record.blob] = _copied(source, target, source.blob(record))
        except (ResultMissingError, ResultDamagedError):
            written[record.blob] = None
    blob = written[record.blob]
    return (record, blob) if blob is not None else (record._replace(blob=Digest(b""), size_bytes=0), None)


def _copied(source: Store, target: Store, blob: Blob) -> Blob | None:
    try:
        return target.objects.write([source.objects.read(blob)])
    except (ResultMissingError, ResultDamagedError):
        return None


def _verify(source: Store, target: Store) -> None:
    damage = target.check()
    if damage:
        raise StoreError(f"{target.location} is not a whole copy: {damage[0].what}. Remove it and copy again.")
    pairs = (
        ("records", _comparable(source.load_records()), _comparable(target.load_records())),
        ("runs", source.runs(), target.runs()),
        ("attempts", source.attempts(), target.attempts()),
        ("code", source.all_parts(), target.all_parts()),
        ("notes", source.all_meta(), target.all_meta()),
    )
    for what, old, new in pairs:
        if old != new:
            raise StoreError(f"{target.location} is not a whole copy: its {what} differ. Remove it and copy again.")


def _comparable(records: dict[JobId, Record]) -> dict[JobId, Record]:
    """Return records without where their results are: those that were lost in the source are named nowhere."""
    return {job_id: record._replace(blob=Digest(b""), size_bytes=0) for job_id, record in records.items()}
