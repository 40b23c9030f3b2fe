"""A record as the bytes of its row: one checksummed blob, which loads several times faster than a column per field."""

import json
import struct
import zlib
from collections.abc import Iterable
from typing import Any, TypeGuard

from compmake.errors import StoreError
from compmake.job import DIGEST_BYTES, Digest, JobId, Record
from compmake.store import INLINE_BYTES, Attempt

# checksum, ok, asked, four digests, then size, made_at, wall, cpu, peak, attempt, run; after it the texts in UTF-8
# with a NUL between them.
_HEAD = struct.Struct("<I??16s16s16s16sqdddqqq")
_CHECKSUM_BYTES = 4
_TEXTS = 7
_ZEROS = bytes(DIGEST_BYTES)
_NO_DIGEST = Digest(b"")


def pack(record: Record) -> bytes:
    """Return the bytes of the row.

    Raises:
        StoreError: A text holds a NUL or a lone surrogate; the message names the job.
        ValueError: A digest is neither empty nor of 16 bytes.
    """
    (job_id, function, ok, fingerprint, code, inputs, result, blob, size_bytes, made_at, wall_s, cpu_s) = record[:12]
    (peak_bytes, attempt, run_id, asked, modules, files, details, failure) = record[12:]
    if not len(fingerprint) == len(code) == len(result) == len(blob) == DIGEST_BYTES:
        _refuse_odd_digests(record)
    numbers = (size_bytes, made_at, wall_s, cpu_s, peak_bytes, attempt, run_id)
    head = _HEAD.pack(0, ok, asked, fingerprint, code, result, blob, *numbers)
    text = "\0".join((job_id, function, inputs, modules, files, details, failure))
    if text.count("\0") != _TEXTS - 1:
        raise StoreError(f"the record of job {job_id!r} cannot be stored: it holds a NUL character")
    try:
        body = head[_CHECKSUM_BYTES:] + text.encode()
    except UnicodeEncodeError as cause:
        raise StoreError(f"the record of job {job_id!r} cannot be stored as UTF-8: {cause}") from cause
    return zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "little") + body


def _refuse_odd_digests(record: Record) -> None:
    for digest in (record.fingerprint, record.code, record.result_digest, record.blob):
        if len(digest) != DIGEST_BYTES and digest:
            raise ValueError(f"{record.job_id!r}: a digest has {DIGEST_BYTES} bytes, not {len(digest)}")


def is_whole(row: object) -> TypeGuard[bytes]:
    """Tell whether these are bytes that `pack` returned."""
    if not isinstance(row, bytes) or len(row) < _HEAD.size:
        return False
    return zlib.crc32(row[_CHECKSUM_BYTES:]) == int.from_bytes(row[:_CHECKSUM_BYTES], "little")


def unpack(row: object) -> Record | None:
    """Return the record, or None if the row is damaged."""
    return next(iter(unpack_all([(row,)])), None)


def unpack_all(rows: Iterable[tuple[Any, ...]]) -> list[Record]:
    """Return the records of rows whose only column is the packed record; damaged ones are left out."""
    records: list[Record] = []
    shared: dict[str, str] = {}
    # Bound once: this loop runs 30,000 times before a make can say that there is nothing to do.
    add, share, head, start, new = records.append, shared.setdefault, _HEAD.unpack_from, _HEAD.size, tuple.__new__
    crc32, zeros, none = zlib.crc32, _ZEROS, _NO_DIGEST
    for (row,) in rows:
        if not isinstance(row, bytes) or len(row) < start:
            continue
        checksum, ok, asked, mark, code, result, blob, size, made_at, wall, cpu, peak, attempt, run = head(row)
        if crc32(row[_CHECKSUM_BYTES:]) != checksum:
            continue
        job_id, function, inputs, modules, files, details, failure = str(row[start:], "utf-8").split("\0")
        if not ok or blob == zeros:  # only then some of them are empty
            mark, code, result, blob = [none if digest == zeros else digest for digest in (mark, code, result, blob)]
        function, modules, details = share(function, function), share(modules, modules), share(details, details)
        add(
            new(
                Record,
                (
                    job_id,
                    function,
                    ok,
                    mark,
                    code,
                    inputs,
                    result,
                    blob,
                    size,
                    made_at,
                    wall,
                    cpu,
                    peak,
                    attempt,
                    run,
                    asked,
                    modules,
                    files,
                    details,
                    failure,
                ),
            )
        )
    return records


def unpack_attempt(row: object) -> Attempt | None:
    """Return what history keeps of a packed record, without decoding the rest; None if the row is damaged."""
    if not is_whole(row):
        return None
    _, ok, _, _, _, _, _, _, made_at, wall_s, cpu_s, peak_bytes, _, run_id = _HEAD.unpack_from(row)
    job_id, function, _ = str(row[_HEAD.size :], "utf-8").split("\0", 2)
    return Attempt(JobId(job_id), function, run_id, made_at, wall_s, cpu_s, peak_bytes, ok)


def attempt_of(record: Record) -> Attempt:
    """Return what history keeps of a record."""
    return Attempt(
        job_id=record.job_id,
        function=record.function,
        run_id=record.run_id,
        made_at=record.made_at,
        wall_s=record.wall_s,
        cpu_s=record.cpu_s,
        peak_bytes=record.peak_bytes,
        ok=record.ok,
    )


def objects_of(record: Record) -> list[tuple[Digest, int]]:
    """Return digest and size of every object the record names: a large result, large captured output."""
    named = [(record.blob, record.size_bytes)] if record.blob and record.size_bytes >= INLINE_BYTES else []
    if '"output"' in record.details:
        named += _output_of(record.details)
    return named


def _output_of(details: str) -> list[tuple[Digest, int]]:
    try:
        digest, size_bytes = json.loads(details)["output"]
        named = (Digest(bytes.fromhex(digest)), int(size_bytes))
    except (ValueError, TypeError, KeyError):  # no output, or not of our making: nothing is kept for it
        return []
    return [named] if named[1] >= INLINE_BYTES else []


def objects_named(rows: Iterable[tuple[Any, ...]]) -> set[Digest]:
    """Return the digests of all objects that packed records name; damaged rows name nothing."""
    named: set[Digest] = set()
    for (row,) in rows:
        if is_whole(row) and (_HEAD.unpack_from(row)[7] >= INLINE_BYTES or b'"output"' in row):
            for record in unpack_all([(row,)]):
                named.update(digest for digest, _ in objects_of(record))
    return named
