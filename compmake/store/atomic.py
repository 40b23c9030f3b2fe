"""The one way in which a store writes a file: a temporary beside it, then a rename; and the calls it is made of."""

import errno
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from compmake.errors import StoreError

TEMPORARY_PREFIX = ".tmp-"
_CHUNK_BYTES = 16 * 1024 * 1024  # some systems refuse to write 2 GB in one call
_OUT_OF_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class Files:
    """The operating system's calls that change a store's files, so that a test can let one of them fail."""

    def create(self, path: str) -> int:
        """Create a new private file and return its descriptor, which no child process inherits."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)  # whatever the umask took away
        return descriptor

    def write(self, descriptor: int, data: memoryview) -> int:
        """Write some of `data` and return how many bytes."""
        return os.write(descriptor, data)

    def sync(self, descriptor: int) -> None:
        """Wait until the file or folder is on the disk."""
        os.fsync(descriptor)

    def close(self, descriptor: int) -> None:
        """Close; network file systems report a failed write only here."""
        os.close(descriptor)

    def replace(self, source: str, target: str) -> None:
        """Rename within a file system."""
        os.replace(source, target)

    def remove(self, path: str) -> None:
        """Remove a file."""
        os.unlink(path)

    def make_folder(self, path: str) -> None:
        """Make one private folder, which may be there already."""
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            return
        os.chmod(path, 0o700)


FILES = Files()


def atomic_write(path: str, pieces: Sequence[bytes | memoryview], *, files: Files = FILES, sync: bool = False) -> None:
    """Write the concatenation of `pieces` to `path`: readers see the old file, if any, or all of the new one.

    Args:
        path: Where; the folder must exist.
        pieces: C-contiguous buffers; neither joined nor copied.
        files: The calls to use.
        sync: Whether to wait until file and name are on the disk.

    Raises:
        StoreError: It could not be written; nothing is left behind.
    """
    folder, name = os.path.split(path)
    # A rename is atomic only within one file system, hence beside the file and not in a folder for temporaries.
    temporary = os.path.join(folder, f"{TEMPORARY_PREFIX}{os.getpid()}-{random_suffix()}-{name[:16]}")
    try:
        try:
            _write_new(temporary, pieces, files, sync)
            files.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                files.remove(temporary)
            raise
        if sync:
            sync_folder(folder, files)
    except OSError as cause:
        raise store_error(cause, path, sum(memoryview(piece).nbytes for piece in pieces)) from cause


def random_suffix() -> str:
    """Return eight bytes that no other process has, as text; `secrets` would cost every start 5 ms."""
    return os.urandom(8).hex()


def _write_new(path: str, pieces: Sequence[bytes | memoryview], files: Files, sync: bool) -> None:
    descriptor = files.create(path)
    try:
        for piece in pieces:
            data = memoryview(piece).cast("B")
            while data:
                data = data[files.write(descriptor, data[:_CHUNK_BYTES]) :]
        if sync:
            files.sync(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    files.close(descriptor)


def sync_folder(folder: str, files: Files = FILES) -> None:
    """Wait until the names in the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        files.sync(descriptor)
    finally:
        os.close(descriptor)


def store_error(cause: OSError, path: str | Path, need_bytes: int | None = None) -> StoreError:
    """Return the error for people: which path, what went wrong, what is needed."""
    reason = os.strerror(cause.errno) if cause.errno else str(cause)
    if cause.errno in _OUT_OF_SPACE:
        need = "" if need_bytes is None else f": it needs about {need_bytes} bytes more"
        return StoreError(f"{path} cannot be written: {reason}{need}. Free some space, or use another --store.")
    if cause.errno == errno.EROFS:
        return StoreError(f"{path} cannot be written: {reason}. Use --store with a folder that can be written.")
    if cause.errno in {errno.EACCES, errno.EPERM}:
        return StoreError(f"{path}: {reason}. It must be yours to read and write; or use another --store.")
    if cause.errno == errno.ENOTDIR:
        return StoreError(f"{path}: {reason}. A file stands where a folder must be: move it, or use another --store.")
    return StoreError(f"{path}: {reason}")
