"""Imports user modules by content: bytecode is matched by the source's hash, and the source that ran is remembered.

Python matches bytecode by mtime (in seconds) and size, so a second edit within one second would run the code before it
while its source says otherwise. Here a clock decides nothing.
"""

import marshal
import sys
from collections.abc import Iterable
from importlib.machinery import (
    BYTECODE_SUFFIXES,
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
    SourcelessFileLoader,
)
from importlib.util import MAGIC_NUMBER, cache_from_source
from types import CodeType
from typing import NamedTuple

from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.modules import is_user_file
from compmake.job import Digest

_imported: dict[str, Digest] = {}
_paths: dict[str, str] = {}
_installed = False


class Imported(NamedTuple):
    """What is known of some modules that were imported through here."""

    paths: dict[str, str]
    """The file of each, by its name."""
    digests: dict[str, Digest]
    """The digest of each file's source."""


def imported_source(path: str) -> Digest | None:
    """Return the digest of the source that was run when the file was imported, None if not imported through here."""
    return _imported.get(path)


def imported_sources() -> dict[str, Digest]:
    """Return the files imported through here with the digests of the sources that were run."""
    return dict(_imported)


def imported(without: Iterable[str] = ()) -> Imported:
    """Return the modules imported through here but for some names, also those whose import failed."""
    left_out = frozenset(without)
    paths = {name: path for name, path in list(_paths.items()) if name not in left_out}
    return Imported(paths, {path: _imported[path] for path in paths.values() if path in _imported})


def forget_imported(gone: Imported) -> None:
    """Forget modules that are no longer loaded."""
    for name, path in gone.paths.items():
        _paths.pop(name, None)
        _imported.pop(path, None)


def remember_imported(back: Imported) -> None:
    """Know again what `forget_imported` forgot."""
    _paths.update(back.paths)
    _imported.update(back.digests)


class HashedLoader(SourceFileLoader):
    """Loads user modules with bytecode that was compiled from exactly this source."""

    def get_code(self, fullname: str) -> CodeType | None:
        """Return the module's code and remember the digest of its source."""
        path = self.get_filename(fullname)
        if not is_user_file(path):
            return super().get_code(fullname)
        source = self.get_data(path)
        digest = digest_bytes(source)
        _paths[fullname], _imported[path] = path, digest
        header = MAGIC_NUMBER + digest
        # A name of its own beside Python's: other programs go on using theirs.
        cache_path = cache_from_source(path, optimization="compmake")
        try:
            cached = self.get_data(cache_path)
            code = marshal.loads(cached[len(header) :]) if cached.startswith(header) else None
        except (OSError, ValueError, EOFError, TypeError):
            code = None
        # A folder that was moved brings its bytecode along, which names the files by their old paths.
        if not isinstance(code, CodeType) or code.co_filename != path:
            code = self.source_to_code(source, path)
            if not sys.dont_write_bytecode:
                self.set_data(cache_path, header + marshal.dumps(code))
        return code


def import_by_content() -> None:
    """Let this process import user modules by content from now on; a second call changes nothing."""
    global _installed
    if _installed:
        return
    _installed = True
    finder = FileFinder.path_hook(
        (ExtensionFileLoader, EXTENSION_SUFFIXES),
        (HashedLoader, SOURCE_SUFFIXES),
        (SourcelessFileLoader, BYTECODE_SUFFIXES),
    )

    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
