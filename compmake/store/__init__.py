"""What the driver and the workers may rely on in any store: the `Store` and `Objects` protocols."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from compmake.job import Blob, Digest, JobId, Record

INLINE_BYTES = 64 * 1024
"""Results and captured output below this size live in their row, larger ones are objects."""


@dataclass(frozen=True, slots=True)
class Run:
    """One make, from start to end."""

    run_id: int
    command: str
    started_at: float
    ended_at: float | None = None
    """None while it runs, and for ever if it was killed."""
    done: int = 0
    failed: int = 0
    blocked: int = 0
    up_to_date: int = 0
    ended: str = ""
    """`finished`, `interrupted`, or the text of the store error that stopped it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What history keeps of an attempt: enough to estimate the next one."""

    job_id: JobId
    function: str
    run_id: int
    made_at: float
    wall_s: float
    cpu_s: float
    peak_bytes: int
    ok: bool


@dataclass(slots=True)
class Changes:
    """What one commit writes, all or nothing."""

    records: list[tuple[Record, Blob | None]] = field(default_factory=list)
    """New attempts with the result's blob. A success supersedes the job's newest record, which is kept with its
    result; a failure becomes the newest record and the success before it is kept as superseded."""
    claims: list[tuple[Record, Record]] = field(default_factory=list)
    """Records that move to another job (with their result), as they are and as that job's. What that job had before
    is superseded."""
    restored: list[Record] = field(default_factory=list)
    """Superseded records that match again and become the newest of their job."""
    parts: dict[Digest, bytes] = field(default_factory=dict)
    """Code sets and normalised sources by digest."""

    def __bool__(self) -> bool:
        return bool(self.records or self.claims or self.restored or self.parts)

    def __len__(self) -> int:
        return len(self.records) + len(self.claims) + len(self.restored)


@dataclass(frozen=True, slots=True)
class Damage:
    """Something in the store that is not what was written."""

    what: str
    """One line for people: which object or row, of which job, what is wrong."""
    job_id: JobId | None
    moved_to: str = ""


@dataclass(frozen=True, slots=True)
class StoreSize:
    """What the store takes, in bytes and counts."""

    records: int
    superseded: int
    objects: int
    total_bytes: int
    free_able_bytes: int
    """What `gc` would free."""


class Address(NamedTuple):
    """How another process finds the same objects; it travels to workers as JSON, on a socket of their own."""

    backend: str
    """`files` or `redis`."""
    parts: tuple[str, ...]
    """For `files` the folder, and `sync` if writing waits for the disk; for `redis` URL, name of the store, key."""

    def __repr__(self) -> str:
        return f"Address({self.backend!r})"  # URLs have passwords


class Objects(Protocol):
    """Values by the digest of their bytes. Safe to use from worker processes; knows nothing of jobs."""

    address: Address | None
    """None if no other process can find them: what it writes then travels as bytes, whatever the size."""

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> Blob:
        """Store the concatenation of `pieces` and return how to find it again.

        Pieces are neither joined nor copied. Below INLINE_BYTES nothing is written: the blob carries its bytes.

        Raises:
            StoreError: Disk full, no permission, or any other failure to write; nothing is left behind.
        """
        ...

    def read(self, blob: Blob) -> memoryview:
        """Return the bytes, length and digest verified. Writable, private to the caller.

        Raises:
            ResultMissingError: The object is not there.
            ResultDamagedError: Length or digest differ; a damaged object was moved to the quarantine.
        """
        ...


class Store(Protocol):
    """Results and records by job id; every backend passes tests/contracts/test_store.py.

    Only the driver uses a Store; workers get its `objects`. A commit is atomic: readers elsewhere see the old state or
    the new one. Methods that write raise StoreError when the store is read-only, full or from a newer version.
    """

    @property
    def location(self) -> str:
        """Where it is, as messages name it."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether writing is impossible (opened so, or no permission)."""
        ...

    @property
    def version(self) -> int:
        """A number that is another one after somebody else has written: another process, or a twin of this handle."""
        ...

    @property
    def notes(self) -> tuple[str, ...]:
        """What users should know of it, one line each: rows left out, a network file system."""
        ...

    @property
    def objects(self) -> Objects:
        """The part that workers use."""
        ...

    @property
    def local_folder(self) -> Path | None:
        """Where files of this user may lie that belong to this store, as the lines typed; None if nowhere."""
        ...

    def tell_by(self, tell: Callable[[str], None] | None) -> Callable[[str], None] | None:
        """Let `tell` hear, from any thread, what cannot wait for `notes`: a server that does not answer.

        Returns who heard it before.
        """
        ...

    def load_records(self) -> dict[JobId, Record]:
        """Return the newest record of every job id, all at once."""
        ...

    def load_record(self, job_id: JobId) -> Record | None:
        """Return the newest record of one job, None if there is none; those of all others cost nothing."""
        ...

    def load_superseded(self) -> dict[JobId, list[Record]]:
        """Return the older successful records that are kept, newest first."""
        ...

    def blob(self, record: Record) -> Blob:
        """Return where the record's result is, with its inline bytes if it is small.

        Raises:
            ResultMissingError: The row is gone.
        """
        ...

    def find_damaged(self, records: Iterable[Record]) -> dict[JobId, str]:
        """Tell which of these records' results are missing or damaged, with the reason in words.

        Inline results are digested; objects are digested only if size or mtime differ from what was stored.
        """
        ...

    def commit(self, changes: Changes) -> None:
        """Write all of `changes`, or nothing.

        Raises:
            ResultVanishedError: The object of a new record is gone; nothing was written.
            StoreError: Nothing was written; the message names the path and the need.
        """
        ...

    def forget(self, job_ids: Collection[JobId]) -> None:
        """Drop every record and result of the jobs, superseded ones too."""
        ...

    def mark_asked(self, job_ids: Collection[JobId]) -> None:
        """Mark every record of the jobs, so that they match no fingerprint until the jobs are made again."""
        ...

    def replace(self, records: Iterable[Record]) -> None:
        """Rewrite the newest records of these jobs in place: `accept` blesses a result so."""
        ...

    def mark_missing(self, job_ids: Collection[JobId]) -> None:
        """Forget the results of the jobs' newest records but keep the records: a reader found them damaged."""
        ...

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        """Return those of the parts that the store has."""
        ...

    def all_parts(self) -> dict[Digest, bytes]:
        """Return every part, for a copy of the store."""
        ...

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return what `cache_code` kept for these keys."""
        ...

    def cache_code(self, entries: Mapping[str, bytes]) -> None:
        """Keep parse results; silently nothing on a read-only store. Entries unused for long may be dropped."""
        ...

    def begin_run(self, command: str, started_at: float) -> int:
        """Note that a make starts and return its id, one more than the last."""
        ...

    def end_run(self, run: Run) -> None:
        """Note how the run ended."""
        ...

    def runs(self) -> list[Run]:
        """Return the runs, newest first."""
        ...

    def attempts(self, job_id: JobId | None = None) -> list[Attempt]:
        """Return past attempts, newest first, at most the last 200 of each function; current records included.

        Those of one job cost little, and may be some more.
        """
        ...

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        """Take over what another store knows of the past: its runs, and its attempts, the newest first."""
        ...

    def get_meta(self, key: str) -> str | None:
        """Return a note about the store itself, for example the program's path."""
        ...

    def all_meta(self) -> dict[str, str]:
        """Return all notes, for a copy of the store."""
        ...

    def set_meta(self, key: str, value: str) -> None:
        """Keep a note about the store itself."""
        ...

    def size(self, defined: Collection[JobId]) -> StoreSize:
        """Measure the store; `defined` are the ids of the program, whose records `gc` keeps."""
        ...

    def collect_garbage(self, defined: Collection[JobId]) -> int:
        """Drop records of ids not in `defined`, objects that no record names, temporary files; return bytes freed."""
        ...

    def check(self) -> list[Damage]:
        """Verify every record and every object; damaged objects go to the quarantine and are named."""
        ...

    def lock(self, what: str) -> None:
        """Take the store for making, until `unlock` or the end of this process.

        Raises:
            StoreLockedError: Somebody else makes; the text says who, where, since when.
        """
        ...

    def unlock(self) -> None:
        """Give the store back; harmless when not held."""
        ...

    def holder(self) -> str | None:
        """Say which other process holds the lock now, None if none does."""
        ...

    def twin(self) -> "Store":
        """Return another handle on the same store, for another thread, to be closed there.

        The lock is of the process: taken through one handle, others can take it too, and it is held until each has
        given it back.
        """
        ...

    def close(self) -> None:
        """Release files and locks."""
        ...
