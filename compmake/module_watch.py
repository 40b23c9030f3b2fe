"""Which user modules changed on disk since they were imported or read."""

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from compmake.fingerprint.closure import CodeIndex
from compmake.fingerprint.digests import digest_bytes
from compmake.importing import imported
from compmake.job import Digest

_SETTLED_NS = 2_000_000_000
"""Two writes within this time may leave the same mtime: that of so young a file proves nothing."""
_CACHE = "__pycache__"


class _Seen(NamedTuple):
    """A file as it was when it was last read."""

    signature: tuple[int, ...]
    """Size, times and number of the file; empty if they prove nothing."""
    digest: Digest | None
    """None: it cannot be read, it was deleted perhaps."""


class ModuleWatch:
    """Compares the files of one program's code with what runs and with what fingerprints are made of.

    The content decides: a file that was only touched, or edited and edited back, has not changed.
    """

    def __init__(self, index: CodeIndex, folder: Path) -> None:
        """Watch the modules that are imported, and those that the index has read, now or later.

        Args:
            index: The program's code.
            folder: The program's folder: paths in it are shown from there.
        """
        self._index = index
        self._folder = folder
        self._seen: dict[str, _Seen] = {}
        self._refused: dict[str, Digest | None] = {}
        self._entries: frozenset[str] = frozenset()

    def changed(self) -> list[str]:
        """Return the files whose content is another now, or that are gone, sorted; cheap enough for each second."""
        read = self._index.source_digests()
        ran = imported().digests
        return sorted(
            path
            for path in {**ran, **read}
            if {known[path] for known in (ran, read) if path in known} != {self._digest(path)}
        )

    def names(self, paths: Iterable[str]) -> list[str]:
        """Return files as people call them: from the program's folder, or else by the last part."""
        return [_short(path, self._folder) for path in paths]

    def contents(self) -> dict[str, Digest | None]:
        """Return what is in the files now."""
        return {path: self._digest(path) for path in {**imported().digests, **self._index.source_digests()}}

    def refuse(self, tried: Mapping[str, Digest | None]) -> None:
        """Remember the contents of files with which the program did not load."""
        self._refused = dict(tried)
        self._entries = self._listed()

    def is_worth_a_try(self) -> bool:
        """Tell whether something changed, and is not what the program refused to load with the last time."""
        if not self.changed():
            return False
        is_another = any(self._digest(path) != digest for path, digest in self._refused.items())
        return not self._refused or is_another or self._listed() != self._entries

    def _digest(self, path: str) -> Digest | None:
        try:
            stat = os.stat(path)
            signature = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino)
            seen = self._seen.get(path)
            if seen is not None and seen.signature == signature:
                return seen.digest
            looked_at = time.time_ns()
            digest = digest_bytes(Path(path).read_bytes())
        except OSError:
            return None
        is_settled = looked_at - stat.st_mtime_ns > _SETTLED_NS
        self._seen[path] = _Seen(signature if is_settled else (), digest)
        return digest

    def _listed(self) -> frozenset[str]:
        """Return what could be imported from the program's folder: a module that was missing may be written."""
        try:
            names = os.listdir(self._folder)
        except OSError:
            return frozenset()
        return frozenset(name for name in names if name.endswith(".py") or (name.isidentifier() and name != _CACHE))


def _short(path: str, folder: Path) -> str:
    try:
        return str(Path(path).relative_to(folder))
    except ValueError:
        return Path(path).name
