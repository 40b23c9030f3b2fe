"""Objects in files: large results and outputs by the digest of their bytes, for the driver and for workers."""

import errno
import mmap
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from blake3 import blake3

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import DIGEST_BYTES, Blob, Digest
from compmake.store import INLINE_BYTES, Address, Objects
from compmake.store.atomic import FILES, TEMPORARY_PREFIX, Files, atomic_write, random_suffix, store_error

OBJECTS, QUARANTINE = "objects", "quarantine"
_SYNC = "sync"
# Magic, version, length, digest, zeros up to 64 bytes: a mapped payload then begins where arrays like to begin.
_HEADER = struct.Struct("<8sQQ16s24x")
_MAGIC = b"compmake"
_VERSION = 1
HEADER_BYTES = _HEADER.size
# A mapping holds a descriptor, of which a process may have only 1024: smaller objects are read.
_MAP_BYTES = 1024 * 1024
_READ_BYTES = 16 * 1024 * 1024  # some systems refuse to read 2 GB in one call


class _BrokenError(Exception):
    """An object file is not what was written; the text says how."""


class DamagedObjectError(ResultDamagedError):
    """An object file is not what was written; `moved_to` is where it is now, empty if it stayed."""

    def __init__(self, path: str, why: str, moved_to: str) -> None:
        super().__init__(f"{path} is damaged: {why}" + (f"; moved to {moved_to}" if moved_to else ""))
        self.moved_to = moved_to


class ObjectState(NamedTuple):
    """What tells that an object file was not touched since it was last verified."""

    size_bytes: int
    mtime_ns: int


class CarriedObjects:
    """No store at all: every result carries its bytes, whatever their size."""

    address: Address | None = None

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> Blob:
        data = b"".join(pieces)
        return Blob(digest_bytes(data), len(data), data)

    def read(self, blob: Blob) -> memoryview:
        if blob.inline is None:
            raise ResultMissingError("the result was not carried along")
        return memoryview(bytearray(blob.inline))


def objects_at(address: Address | None) -> Objects:
    """Return the objects that another process has: `Objects.address` says where."""
    if address is None:
        return CarriedObjects()
    if address.backend == "redis":
        from compmake.store.redis.objects import objects_in_redis  # its client takes long to import

        return objects_in_redis(*address.parts)
    folder, *options = address.parts
    return FileObjects(Path(folder), sync=_SYNC in options)


class FileObjects:
    """The objects of one store folder. A worker makes its own from the path of the folder."""

    def __init__(self, folder: Path, *, sync: bool = False, read_only: bool = False, files: Files = FILES) -> None:
        """Take the folder of the store; `sync` waits for the disk at each write, `read_only` moves nothing away."""
        self._folder = str(folder)
        self._root = os.path.join(self._folder, OBJECTS)
        self._sync = sync
        self._read_only = read_only
        self._files = files
        self._made: set[str] = set()
        self.address: Address | None = Address("files", (self._folder, _SYNC) if sync else (self._folder,))

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> Blob:
        size_bytes = sum([piece.nbytes if isinstance(piece, memoryview) else len(piece) for piece in pieces])
        if size_bytes < INLINE_BYTES:
            data = b"".join(pieces)
            return Blob(digest_bytes(data), size_bytes, data)
        views = [memoryview(piece).cast("B") for piece in pieces]
        hasher = blake3()
        for view in views:
            hasher.update(view)
        digest = Digest(hasher.digest(length=DIGEST_BYTES))
        path = self.path(digest)
        if self._read_only:
            raise StoreError(f"{self._folder} is read-only: a result cannot be stored in it")
        self._make_folder_of(path)
        # An equal object that is already there is written again: it may be damaged, and looking costs as much.
        atomic_write(path, [_header(digest, size_bytes), *views], files=self._files, sync=self._sync)
        return Blob(digest, size_bytes)

    def read(self, blob: Blob) -> memoryview:
        if blob.inline is not None:
            if len(blob.inline) != blob.size_bytes or digest_bytes(blob.inline) != blob.digest:
                raise ResultDamagedError(
                    "a small result in index.db is damaged: its digest differs from what was stored"
                )
            return memoryview(bytearray(blob.inline))
        if not blob.digest:
            raise ResultMissingError("the result is not in the store")
        path = self.path(blob.digest)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError) as cause:
            raise ResultMissingError(self._why_missing(path)) from cause
        except OSError as cause:
            if cause.errno != errno.ELOOP:
                raise store_error(cause, path) from cause
            raise DamagedObjectError(path, "it is a symbolic link", "") from cause
        try:
            return _verified(descriptor, blob)
        except _BrokenError as cause:
            raise DamagedObjectError(path, str(cause), self._quarantine(path, descriptor)) from cause
        except OSError as cause:
            raise store_error(cause, path) from cause
        finally:
            os.close(descriptor)

    def path(self, digest: Digest) -> str:
        """Return where the object with this digest is, or would be."""
        name = digest.hex()
        return f"{self._root}/{name[:2]}/{name}"

    def state(self, digest: Digest) -> ObjectState | None:
        """Return size and mtime of the object's file, None if it is not there."""
        try:
            status = os.lstat(self.path(digest))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as cause:
            raise store_error(cause, self.path(digest)) from cause
        return ObjectState(status.st_size, status.st_mtime_ns)

    def remove(self, digest: Digest) -> None:
        """Remove an object that nothing names any more; harmless if it is gone."""
        with suppress(FileNotFoundError):
            try:
                self._files.remove(self.path(digest))
            except FileNotFoundError:
                raise
            except OSError as cause:
                raise store_error(cause, self.path(digest)) from cause

    def stored(self) -> Iterator[tuple[Digest, int]]:
        """Yield digest and file size of every object there is."""
        for entry in _entries(self._root):
            for file in _entries(entry.path):
                digest = _digest_named(file.name)
                if digest is not None:
                    with suppress(FileNotFoundError):
                        yield digest, file.stat(follow_symlinks=False).st_size

    def temporaries(self) -> Iterator[tuple[str, int]]:
        """Yield path and size of temporaries, which a killed process left behind unless it still writes."""
        folders = [self._folder, self._root, *(entry.path for entry in _entries(self._root))]
        for folder in folders:
            for file in _entries(folder):
                if file.name.startswith(TEMPORARY_PREFIX):
                    with suppress(FileNotFoundError):
                        yield file.path, file.stat(follow_symlinks=False).st_size

    def _make_folder_of(self, path: str) -> None:
        folder = os.path.dirname(path)
        if folder in self._made:
            return
        try:
            self._files.make_folder(self._root)
            self._files.make_folder(folder)
        except OSError as cause:
            raise store_error(cause, folder) from cause
        self._made.add(folder)

    def _why_missing(self, path: str) -> str:
        name = os.path.basename(path)
        moved = [
            entry.path for entry in _entries(os.path.join(self._folder, QUARANTINE)) if entry.name.startswith(name)
        ]
        return f"{path} was damaged; moved to {sorted(moved)[-1]}" if moved else f"{path} is missing"

    def _quarantine(self, path: str, descriptor: int) -> str:
        """Move a damaged object away, so that it is seen and never used again; return its new path."""
        if self._read_only:
            return ""
        folder = os.path.join(self._folder, QUARANTINE)
        target = os.path.join(folder, f"{os.path.basename(path)}-{random_suffix()}")
        try:
            if os.fstat(descriptor).st_ino != os.lstat(path).st_ino:
                return ""  # somebody has written it anew meanwhile
            self._files.make_folder(folder)
            self._files.replace(path, target)
        except OSError:  # the damage is what must be told, not that it could not be moved
            return ""
        return target


def _header(digest: Digest, size_bytes: int) -> bytes:
    return _HEADER.pack(_MAGIC, _VERSION, size_bytes, digest)


def _verified(descriptor: int, blob: Blob) -> memoryview:
    expected_bytes = HEADER_BYTES + blob.size_bytes
    actual_bytes = os.fstat(descriptor).st_size
    if actual_bytes != expected_bytes:
        raise _BrokenError(f"{actual_bytes} bytes where {expected_bytes} were written")
    data = _load(descriptor, expected_bytes)
    if data[:HEADER_BYTES] != _header(blob.digest, blob.size_bytes):
        raise _BrokenError("its header is not the one that was written")
    payload = data[HEADER_BYTES:]
    if digest_bytes(payload) != blob.digest:
        raise _BrokenError("its digest differs from what was stored")
    return payload


def _load(descriptor: int, size_bytes: int) -> memoryview:
    if size_bytes >= _MAP_BYTES:
        with suppress(OSError):  # out of descriptors or mappings, or a file system without mmap: read it
            return memoryview(mmap.mmap(descriptor, size_bytes, access=mmap.ACCESS_COPY))
    data = memoryview(bytearray(size_bytes))
    filled = 0
    while filled < size_bytes:
        count = os.preadv(descriptor, [data[filled : filled + _READ_BYTES]], filled)
        if count == 0:
            raise _BrokenError("it became shorter while it was read")
        filled += count
    return data


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as cause:
        raise store_error(cause, folder) from cause


def _digest_named(name: str) -> Digest | None:
    try:
        digest = bytes.fromhex(name)
    except ValueError:
        return None
    return Digest(digest) if len(digest) == DIGEST_BYTES and digest.hex() == name else None
