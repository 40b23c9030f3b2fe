"""Records as values in Redis: signed, and the digests that they name in front, where the server's scripts see them."""

import struct
from collections.abc import Collection, Iterable, Mapping

from compmake.job import DIGEST_BYTES, Digest, JobId, Record
from compmake.signing import Signer
from compmake.store.packing import objects_of, pack, unpack_all
from compmake.store.shelf import Row

_COUNT_BYTES = 2
_PAST = struct.Struct("<QI")
NEWEST, PAST = "jobs", "past"


def named(record: Record) -> set[Digest]:
    """Return the digests of all values that the record names, small results too."""
    digests = {digest for digest, _ in objects_of(record)}
    return digests | {record.blob} if record.blob else digests


def newest_value(signer: Signer, record: Record) -> bytes:
    """Return the value for a newest record."""
    return signer.seal(NEWEST, record.job_id.encode(), _names([record]) + pack(record))


def past_value(signer: Signer, job_id: JobId, rows: Collection[Row]) -> bytes:
    """Return the value for the superseded records of a job."""
    parts = [_names([row.record for row in rows])]
    for row in rows:
        packed = pack(row.record)
        parts += [_PAST.pack(row.key, len(packed)), packed]
    return signer.seal(PAST, job_id.encode(), b"".join(parts))


def _names(records: Iterable[Record]) -> bytes:
    digests = sorted({digest for record in records for digest in named(record)})
    return len(digests).to_bytes(_COUNT_BYTES, "little") + b"".join(digests)


def read_newest(signer: Signer, values: Mapping[bytes, bytes]) -> dict[JobId, Record]:
    """Return the newest records of these values by job; those not genuine are left out."""
    packed = [(value[_start(value) :],) for value in signer.open_all(NEWEST, values).values()]
    # Signed under the job's name by us: the record is whole, and that job's.
    return {record.job_id: record for record in unpack_all(packed)}


def read_past(signer: Signer, values: Mapping[bytes, bytes]) -> dict[JobId, list[Row]]:
    """Return the superseded rows of these values by job; those not genuine are left out."""
    found = {}
    for name, value in signer.open_all(PAST, values).items():
        keys, packed, at = [], [], _start(value)
        while at < len(value):
            key, length = _PAST.unpack_from(value, at)
            at += _PAST.size + length
            keys.append(key)
            packed.append((value[at - length : at],))
        found[JobId(name.decode())] = [Row(*pair) for pair in zip(keys, unpack_all(packed), strict=True)]
    return found


def _start(value: bytes) -> int:
    return _COUNT_BYTES + DIGEST_BYTES * int.from_bytes(value[:_COUNT_BYTES], "little")
