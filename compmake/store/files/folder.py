"""The folder of a store: made private, recognised, and refused when somebody else could have written in it."""

import os
import re
import stat
from pathlib import Path

from compmake.errors import StoreError
from compmake.store.atomic import FILES, TEMPORARY_PREFIX, Files, atomic_write, store_error
from compmake.store.objects import OBJECTS, QUARANTINE

INDEX, LOCK, IGNORE = "index.db", "lock", ".gitignore"
_OURS = {INDEX, "index.db-wal", "index.db-shm", "index.db-journal", OBJECTS, QUARANTINE, LOCK, IGNORE, "history"}
_NETWORK = {"nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "sshfs", "fuse.sshfs", "fuse.smbnetfs", "afs", "9p"}
_PARENT = ".compmake"


def prepare(folder: Path, files: Files = FILES) -> None:
    """Make the folder of a store, or make sure that an existing folder may become one.

    Raises:
        StoreError: It cannot be made, or holds files that are not a store's.
    """
    try:
        strangers = sorted(entry.name for entry in os.scandir(folder) if not _is_ours(entry.name))
        if strangers and not (folder / INDEX).exists():
            raise StoreError(
                f"{folder} is not a store: it holds {strangers[0]!r}. Use --store with a folder of its own."
            )
    except FileNotFoundError:
        _make(folder, files)
    except OSError as cause:
        raise store_error(cause, folder) from cause
    else:
        if not (folder / INDEX).exists():
            _make_private(folder)
    _ignore_in_git(folder, files)


def _is_ours(name: str) -> bool:
    # index.db.damaged: our advice is to move a damaged index away, under any name that begins so.
    return name in _OURS or name.startswith((TEMPORARY_PREFIX, INDEX))


def _make(folder: Path, files: Files) -> None:
    made = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    try:
        for parent in reversed(made):
            files.make_folder(str(parent))
    except OSError as cause:
        raise store_error(cause, folder) from cause
    for parent in made[1:]:
        if parent.name == _PARENT:
            _ignore_in_git(parent, files)


def _make_private(folder: Path) -> None:
    try:
        os.chmod(folder, 0o700)
    except OSError as cause:
        raise store_error(cause, folder) from cause


def _ignore_in_git(folder: Path, files: Files) -> None:
    path = folder / IGNORE
    if not path.exists():
        atomic_write(str(path), [b"*\n"], files=files)


def refuse_unsafe(folder: Path) -> None:
    """Refuse a store in which others could have put what they like.

    Raises:
        StoreError: The folder or a file in it belongs to somebody else, anybody may write in it, or a part of it is a
            symbolic link.
    """
    try:
        _refuse_foreign(folder, os.stat(folder))
        for name in sorted(_OURS):
            path = folder / name
            try:
                status = os.lstat(path)
            except FileNotFoundError:
                continue
            if stat.S_ISLNK(status.st_mode):
                raise StoreError(f"{path} is a symbolic link, which a store never holds. Use another --store.")
            if name in {OBJECTS, QUARANTINE} and not stat.S_ISDIR(status.st_mode):
                raise StoreError(f"{path} is not a folder. Move it away, or use another --store.")
            if name not in {OBJECTS, QUARANTINE} and not stat.S_ISREG(status.st_mode):
                raise StoreError(f"{path} is not a file. Move it away, or use another --store.")
            _refuse_foreign(path, status)
    except OSError as cause:
        raise store_error(cause, folder) from cause


def _refuse_foreign(path: Path, status: os.stat_result) -> None:
    if status.st_uid != os.geteuid():
        raise StoreError(f"{path} belongs to another user (id {status.st_uid}): refused. Use a --store of your own.")
    if status.st_mode & stat.S_IWOTH:
        raise StoreError(f"{path} can be written by anybody: refused. Look who did, then: chmod -R go-w {path}")


def network_file_system(path: Path, mounts: str) -> str | None:
    """Return the type of the network file system that holds `path`, None if it is a local one.

    Args:
        path: An absolute path without symbolic links.
        mounts: The text of `/proc/mounts`.
    """
    best, found = "", ""
    entries = [fields for line in mounts.splitlines() if len(fields := line.split(" ")) > 2]
    if not any(fields[2] in _NETWORK for fields in entries):
        return None
    for _, name, kind, *_ in entries:
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), name)
        if (path == Path(point) or Path(point) in path.parents) and len(point) >= len(best):
            best, found = point, kind
    return found if found in _NETWORK else None


def network_file_system_of(path: Path) -> str | None:
    """Return the type of the network file system that holds `path`; None also where the system does not tell."""
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        return network_file_system(path.resolve(), mounts)
    except OSError:
        return None
