"""Reads the state of the files that count as inputs or results: size, mtime, digest, each content read once."""

import json
import os
import time
from collections.abc import Iterable, Sequence

from blake3 import blake3

from compmake.job import DIGEST_BYTES, Digest, FileState

_SETTLED_NS = 2_000_000_000
"""Two writes within this time may leave the same mtime: size and mtime of so young a file prove nothing."""
_CHUNK_BYTES = 1 << 20


class FileStates:
    """Current states of files, by path, for one run or one look.

    A content is hashed again only if size or mtime differ from what is known, or the file is too young to be trusted.
    """

    def __init__(self) -> None:
        self._known: dict[str, FileState] = {}

    def learn(self, states: Iterable[FileState]) -> None:
        """Take over digests that records keep, so that unchanged files need not be read."""
        for state in states:
            self._known.setdefault(state.path, state)

    def state(self, path: str) -> FileState:
        """Return the file's state now; digest None when it cannot be read."""
        try:
            stat = os.stat(path)
            known = self._known.get(path)
            if known is not None and known[1:3] == (stat.st_size, stat.st_mtime_ns) and known.digest is not None:
                return known
            digest = hash_file(path)
        except OSError:
            return FileState(path, 0, 0, None)
        # An mtime of 0 is never met again, so a young file is hashed at the next look too.
        settled = time.time_ns() - stat.st_mtime_ns > _SETTLED_NS
        state = FileState(path, stat.st_size, stat.st_mtime_ns if settled else 0, digest)
        self._known[path] = state
        return state


def hash_file(path: str) -> Digest:
    """Return the digest of a file's content, or of the names and contents in a folder.

    Raises:
        OSError: It cannot be read.
    """
    hasher = blake3()
    if os.path.isdir(path):
        for folder, folders, files in os.walk(path):
            folders.sort()
            for name in sorted(files):
                full = os.path.join(folder, name)
                hasher.update(os.path.relpath(full, path).encode(errors="surrogateescape") + b"\0")
                hasher.update(hash_file(full))
        return Digest(hasher.digest(length=DIGEST_BYTES))
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            hasher.update(chunk)
    return Digest(hasher.digest(length=DIGEST_BYTES))


def files_json(files: Sequence[FileState]) -> str:
    """Return files as a record keeps those that its result vouches for; empty if there are none."""
    if not files:
        return ""
    return json.dumps([(f.path, f.size_bytes, f.mtime_ns, f.digest.hex() if f.digest else "") for f in files])


def files_from_json(text: str) -> list[FileState]:
    """Return what `files_json` wrote.

    Raises:
        ValueError: It is something else.
    """
    try:
        rows = json.loads(text) if text else []
        return [FileState(p, int(s), int(m), Digest(bytes.fromhex(d)) if d else None) for p, s, m, d in rows]
    except TypeError as error:
        raise ValueError(f"not a list of files: {error}") from error
