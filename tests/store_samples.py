"""Records, results and stores for the tests of stores."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from compmake.fingerprint.digests import digest_bytes
from compmake.job import Blob, Digest, JobId, Record
from compmake.store import Changes, Objects, Store
from compmake.store.files import FileStore

LARGE = 100_000
"""Bytes of a result that becomes an object."""


@contextmanager
def fast_folder() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place: for tests that open a store a thousand times."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else None))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def digest(value: object) -> Digest:
    return digest_bytes(repr(value).encode())


def record(job_id: str, blob: Blob | None, attempt: int = 1, fingerprint: object = None, **fields: object) -> Record:
    """A record of a success, or of a failure if there is no blob."""
    return Record(
        job_id=JobId(job_id),
        function="mod:f",
        ok=blob is not None,
        fingerprint=digest((job_id, attempt) if fingerprint is None else fingerprint),
        code=digest("code"),
        inputs='{"args": []}',
        result_digest=blob.digest if blob else Digest(b""),
        blob=blob.digest if blob else Digest(b""),
        size_bytes=blob.size_bytes if blob else 0,
        made_at=1_000_000.0 + attempt,
        wall_s=0.5 * attempt,
        cpu_s=0.25,
        peak_bytes=1 << 20,
        attempt=attempt,
        run_id=attempt,
        asked=False,
        modules="[]",
        result_files="",
        details='{"host": "box"}',
        failure="" if blob else '{"type_name": "ValueError", "message": "ü"}',
    )._replace(**fields)


def success(objects: Objects, job_id: str, data: bytes, attempt: int = 1, **fields: object) -> tuple[Record, Blob]:
    blob = objects.write([data])
    return record(job_id, blob, attempt, **fields), blob


def make(store: Store, job_id: str, data: bytes, attempt: int = 1, **fields: object) -> Record:
    """Commit one success and return its record."""
    made = success(store.objects, job_id, data, attempt, **fields)
    store.commit(Changes(records=[made]))
    return made[0]


def fail(store: Store, job_id: str, attempt: int = 1) -> Record:
    failed = record(job_id, None, attempt)
    store.commit(Changes(records=[(failed, None)]))
    return failed


def value(store: Store, of: Record) -> bytes:
    return bytes(store.objects.read(store.blob(of)))


def large(seed: object) -> bytes:
    """Bytes of an object, different for each seed."""
    return digest(seed) * (LARGE // 16)


def object_path(store: FileStore, of: Record) -> Path:
    return Path(store.objects.path(of.blob))


def object_files(store: Store) -> list[Path]:
    return sorted(path for path in Path(store.location, "objects").rglob("*") if path.is_file())


def temporaries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob(".tmp-*") if path.is_file()]


def flip_bit(path: Path, position: int, bit: int = 0) -> None:
    """Change one bit of a file and put its mtime back."""
    status = path.stat()
    with open(path, "r+b") as file:
        file.seek(position % status.st_size)
        byte = file.read(1)[0]
        file.seek(position % status.st_size)
        file.write(bytes([byte ^ 1 << bit]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
