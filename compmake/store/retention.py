"""What a store keeps of the past and for how long: pure, the same for every store."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from compmake.job import Digest, JobId, Record
from compmake.store import Attempt

KEEP = 3
KEEP_BYTES = 1024**3
KEEP_SHARE = 0.2
HISTORY = 200
"""Attempts of each function that history keeps."""


class Kept(NamedTuple):
    """A superseded record as far as dropping it is concerned."""

    key: int
    """Grows with every record that is superseded."""
    blob: Digest
    size_bytes: int


def same_attempt(one: Record, other: Record) -> bool:
    """Tell whether both are records of one attempt, whatever was marked on them since."""
    return (one.made_at, one.attempt, one.fingerprint) == (other.made_at, other.attempt, other.fingerprint)


def is_kept(replaced: Record) -> bool:
    """Tell whether a record that is replaced as its job's newest is kept: a success that still has its result."""
    return replaced.ok and bool(replaced.blob)


def without_result(record: Record) -> Record:
    """Return the record with its result forgotten."""
    return record._replace(blob=Digest(b""), size_bytes=0)


def never_again(record: Record, newest: Record | None) -> bool:
    """Tell whether a superseded record can never match again: asked to be remade, or as the newest success is."""
    if newest is None or not newest.ok:
        return False  # it is the last success: people may want to see it
    return record.asked or record.fingerprint == newest.fingerprint


def over_limit(kept: Sequence[Kept], current: Collection[Digest], limit_bytes: int) -> list[int]:
    """Return the keys to drop, least recently used first, until the results take at most `limit_bytes`.

    Args:
        kept: All superseded records, in any order.
        current: The results of newest records; sharing one of them costs nothing.
        limit_bytes: What the results of superseded records may take together.
    """
    users = Counter(row.blob for row in kept if row.blob not in current)
    total = sum({row.blob: row.size_bytes for row in kept if row.blob in users}.values())
    dropped = []
    for row in sorted(kept):
        if total <= limit_bytes:
            break
        if row.blob not in users:
            continue
        dropped.append(row.key)
        users[row.blob] -= 1
        if not users[row.blob]:
            total -= row.size_bytes
    return dropped


def newest_attempts(attempts: Iterable[Attempt], job_id: JobId | None = None) -> list[Attempt]:
    """Return the attempts, newest first and each once, at most the last 200 of each function; all jobs' or one's."""
    ordered = sorted(dict.fromkeys(attempts), key=lambda attempt: (attempt.run_id, attempt.made_at), reverse=True)
    seen: Counter[str] = Counter()
    newest = []
    for attempt in ordered:
        seen[attempt.function] += 1
        if seen[attempt.function] <= HISTORY and job_id in (None, attempt.job_id):
            newest.append(attempt)
    return newest
