"""Large results and outputs on a Redis server: in chunks, by the digest of their bytes, for the driver and workers."""

import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

from blake3 import blake3
from redis import Redis

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.fingerprint.digests import digest_bytes
from compmake.job import DIGEST_BYTES, Blob, Digest
from compmake.redis_link import Link
from compmake.signing import Signer
from compmake.store import INLINE_BYTES, Address
from compmake.store.redis.database import Database

CHUNK_BYTES = 1024 * 1024
"""Redis takes at most 512 MB in one value; and one that is small is sent within any timeout."""
_AT_ONCE = 8
_ENTRY = struct.Struct("<QI")
OBJECTS, WRITING = "objects", "writing"


class RedisObjects:
    """The objects of one store. A worker makes its own from the address.

    The hash `objects` has an entry for each object that is complete; `writing` names those begun, so that what a killed
    process left can be found without looking at all keys.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        signer = database.signer
        link = database.link
        parts = (link.url, signer.store, signer.key.hex(), str(link.patience_s))
        self.address: Address | None = Address("redis", parts)

    def write(self, pieces: Sequence[bytes | bytearray | memoryview]) -> Blob:
        views = [memoryview(piece).cast("B") for piece in pieces]
        size_bytes = sum(view.nbytes for view in views)
        if size_bytes < INLINE_BYTES:
            data = b"".join(views)
            return Blob(digest_bytes(data), size_bytes, data)
        hasher = blake3()
        for view in views:
            hasher.update(view)
        digest = Digest(hasher.digest(length=DIGEST_BYTES))
        count = -(-size_bytes // CHUNK_BYTES)
        entry = self._database.signer.seal(OBJECTS, digest, _ENTRY.pack(size_bytes, count))
        try:
            # An equal object that is already there is written again: it may be damaged, and looking costs as much.
            self._database.read(("HSET", WRITING, digest, count))
            for number, chunk in enumerate(_chunks(views)):
                self._database.read(("SET", _chunk_key(digest, number), chunk))
            self._finish(digest, entry)
        except BaseException:
            with suppress(StoreError):
                self.remove_unfinished(digest, count)
            raise
        return Blob(digest, size_bytes)

    def _finish(self, digest: Digest, entry: bytes) -> None:
        key = self._database.key

        def run(client: Redis) -> None:
            pipe = client.pipeline(transaction=True)
            pipe.execute_command("HSET", key(OBJECTS), digest, entry)
            pipe.execute_command("HDEL", key(WRITING), digest)
            pipe.execute()

        self._database.link.call(run)

    def remove_unfinished(self, digest: Digest, count: int) -> None:
        """Remove the chunks of an object that was begun, unless there is an equal one that is complete."""
        if self._database.read(("HEXISTS", OBJECTS, digest))[0]:
            self._database.read(("HDEL", WRITING, digest))
            return
        for number in range(count):
            self._database.read(("UNLINK", _chunk_key(digest, number)))
        self._database.read(("HDEL", WRITING, digest))

    def read(self, blob: Blob) -> memoryview:
        if blob.inline is not None:
            if len(blob.inline) != blob.size_bytes or digest_bytes(blob.inline) != blob.digest:
                raise ResultDamagedError("a small result is damaged: its digest differs from what was stored")
            return memoryview(bytearray(blob.inline))
        if not blob.digest:
            raise ResultMissingError("the result is not in the store")
        name = f"object {blob.digest.hex()} in {self._database.location}"
        entry = self._database.fields(OBJECTS, [blob.digest]).get(blob.digest)
        if entry is None:
            raise ResultMissingError(f"{name} is missing")
        opened = self._database.signer.open(OBJECTS, blob.digest, entry)
        if opened is None:
            raise ResultDamagedError(f"{name} is refused: it is not signed with your key")
        size_bytes, count = _ENTRY.unpack(opened)
        if size_bytes != blob.size_bytes:
            raise ResultDamagedError(f"{name} is damaged: {size_bytes} bytes where {blob.size_bytes} were written")
        data = memoryview(bytearray(size_bytes))
        self._fill(data, blob.digest, count, name)
        if digest_bytes(data) != blob.digest:
            raise ResultDamagedError(f"{name} is damaged: its digest differs from what was stored")
        return data

    def _fill(self, data: memoryview, digest: Digest, count: int, name: str) -> None:
        at = 0
        for start in range(0, count, _AT_ONCE):
            numbers = range(start, min(count, start + _AT_ONCE))
            for chunk in self._database.read(*(("GET", _chunk_key(digest, number)) for number in numbers)):
                if chunk is None:
                    raise ResultMissingError(f"{name} is missing in part")
                if at + len(chunk) > len(data):
                    raise ResultDamagedError(f"{name} is damaged: it is longer than what was written")
                data[at : at + len(chunk)] = chunk
                at += len(chunk)
        if at != len(data):
            raise ResultDamagedError(f"{name} is damaged: {at} bytes where {len(data)} were written")

    def stored(self) -> dict[Digest, int]:
        """Return digest and size of every complete object."""
        (entries,) = self._database.read(("HGETALL", OBJECTS))
        return {Digest(digest): entry_size_bytes(entry) for digest, entry in entries.items()}

    def unfinished(self) -> dict[Digest, int]:
        """Return the objects that were begun, and of how many chunks they were to be."""
        (found,) = self._database.read(("HGETALL", WRITING))
        return {Digest(digest): int(count) for digest, count in found.items()}


def entry_size_bytes(entry: bytes) -> int:
    """Return the size that an entry tells, genuine or not."""
    return int(_ENTRY.unpack(entry[-_ENTRY.size :])[0]) if len(entry) >= _ENTRY.size else 0


def _chunk_key(digest: Digest, number: int) -> str:
    return f"o:{digest.hex()}:{number}"


def _chunks(views: Sequence[memoryview]) -> Iterator[bytes | memoryview]:
    """Yield the concatenation of the views in chunks; copied only where a chunk has parts of several."""
    parts: list[memoryview] = []
    room = CHUNK_BYTES
    for view in views:
        left = view
        while left:
            part, left = left[:room], left[room:]
            parts.append(part)
            room -= part.nbytes
            if not room:
                yield parts[0] if len(parts) == 1 else b"".join(parts)
                parts, room = [], CHUNK_BYTES
    if parts:
        yield parts[0] if len(parts) == 1 else b"".join(parts)


def objects_in_redis(url: str, store: str, key: str, patience_s: str) -> RedisObjects:
    """Return the objects that another process has, for a worker; the driver tells how the server does."""
    link = Link(url, patience_s=float(patience_s), watched=False)
    return RedisObjects(Database(link, Signer(bytes.fromhex(key), store)))
