"""Copies one store to another, of whatever kind, and verifies the copy; one that was cut off is finished later."""

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import Changes, Store
from compmake.store.packing import objects_of
from compmake.words import bytes_text

_AT_ONCE = 500
_TOLD_EVERY_S = 2.0
_MUCH_BYTES = 500_000_000
"""Verifying more takes so long that people ask what it does."""
_UNFINISHED = "unfinished copy of"
"""The note of a store that is being copied to, or of a copy that was cut off; empty when it is whole."""


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


def copy_store(source: Store, target: Store, *, tell: Callable[[str], None], without: Collection[str] = ()) -> Copied:
    """Copy records, results, history, runs and notes; parse results are not copied, they are made anew.

    Args:
        source: Is left as it is.
        target: A new one, or what is there of a copy of this source that was cut off.
        tell: Hears now and then how far it is.
        without: Notes that are not copied.

    Raises:
        StoreError: The target has something else in it, one of them failed, or the copy is not what the source has.
    """
    if target.location == source.location:
        raise StoreError(f"{source.location}: a store is not copied to itself")
    source.lock("compmake --copy-store")
    try:
        target.lock("compmake --copy-store")
        try:
            _refuse_if_used(source, target)
            target.set_meta(_UNFINISHED, source.location)
            notes = {key: text for key, text in source.all_meta().items() if key not in {*without, _UNFINISHED}}
            copied = _copy(source, target, tell)
            for key, value in notes.items():
                target.set_meta(key, value)
            if copied.results_bytes > _MUCH_BYTES:
                tell(f"{copied.text} are copied; verifying")
            _verify(source, target, notes)
            target.set_meta(_UNFINISHED, "")
            return copied
        finally:
            target.unlock()
    finally:
        source.unlock()


def _refuse_if_used(source: Store, target: Store) -> None:
    notes, theirs = target.all_meta(), source.all_meta()
    unfinished = notes.pop(_UNFINISHED, "")
    if unfinished not in {"", source.location}:
        raise StoreError(f"{target.location} is an unfinished copy of {unfinished}: copy that again, or name a new one")
    known = set(source.runs()) if unfinished else set()
    others = notes.items() - (theirs.items() if unfinished else set())
    if others or set(target.runs()) - known or (not unfinished and target.load_records()):
        raise StoreError(f"{target.location} is not empty: a store is copied to a new one")


def _copy(source: Store, target: Store, tell: Callable[[str], None]) -> Copied:
    parts = list(source.all_parts().items())
    for start in range(0, len(parts), _AT_ONCE):
        target.commit(Changes(parts=dict(parts[start : start + _AT_ONCE])))
    target.add_history(source.runs(), source.attempts())
    written: dict[Digest, Blob | None] = {}
    total_bytes = 0
    pending: list[tuple[Record, Blob | None]] = []
    count = 0
    there = _without_the_half_done(source, target)
    told_s = time.monotonic()
    for record in _oldest_first(source):
        if time.monotonic() - told_s > _TOLD_EVERY_S:
            told_s = time.monotonic()
            tell(f"{count} records with {bytes_text(total_bytes)} of results are copied")
        count += 1
        if record.job_id in there:
            total_bytes += record.size_bytes
            continue
        new, blob = _with_objects(source, target, record, written)
        total_bytes += new.size_bytes
        pending.append((new, blob))
        if len(pending) == _AT_ONCE:
            target.commit(Changes(records=pending))
            pending = []
    target.commit(Changes(records=pending))
    return Copied(count, total_bytes, sum(blob is None for blob in written.values()))


def _without_the_half_done(source: Store, target: Store) -> set[JobId]:
    """Return the jobs that were copied before; forget those of which only superseded records were."""
    old, new = _comparable(source.load_records()), _comparable(target.load_records())
    half = {job_id for job_id, record in new.items() if old.get(job_id) != record}
    if half:
        target.forget(half)
    return set(new) - half


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


def _verify(source: Store, target: Store, notes: Mapping[str, str]) -> None:
    damage = target.check()
    if damage:
        raise StoreError(f"{target.location} is not a whole copy: {damage[0].what}. Remove it and copy again.")
    pairs = (
        ("records", _comparable(source.load_records()), _comparable(target.load_records())),
        ("runs", source.runs(), target.runs()),
        ("attempts", set(source.attempts()), set(target.attempts())),  # those of one moment have no order
        ("code", source.all_parts(), target.all_parts()),
        ("notes", {**notes, _UNFINISHED: source.location}, target.all_meta()),
    )
    for what, old, new in pairs:
        if old != new:
            raise StoreError(f"{target.location} is not a whole copy: its {what} differ. Remove it and copy again.")


def _comparable(records: dict[JobId, Record]) -> dict[JobId, Record]:
    """Return records without where their results are: those that were lost in the source are named nowhere."""
    return {job_id: record._replace(blob=Digest(b""), size_bytes=0) for job_id, record in records.items()}
