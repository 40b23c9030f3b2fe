"""The SQLite file of a store: opening and making it, transactions, and its errors in words for people."""

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from compmake.errors import StoreError
from compmake.store.atomic import FILES, TEMPORARY_PREFIX, Files, random_suffix, store_error
from compmake.store.objects import QUARANTINE

SCHEMA_VERSION = 1
_SCHEMA = """
create table meta (key text primary key, value text);
create table jobs (job_id text primary key, record blob, inline blob);
create table superseded (seq integer primary key, job_id text, size_bytes integer, record blob, inline blob);
create index superseded_by_job on superseded (job_id, size_bytes);
create table attempts (seq integer primary key, job_id text, function text, run_id integer, made_at real, wall_s real,
    cpu_s real, peak_bytes integer, ok integer);
create table objects (digest blob primary key, size_bytes integer, mtime_ns integer);
create table parts (digest blob primary key, checksum integer, data blob);
create table code (key text primary key, used_in integer, checksum integer, data blob);
create table runs (run_id integer primary key, command text, started_at real, ended_at real, done integer,
    failed integer, blocked integer, up_to_date integer, ended text);
"""
_BUSY_S = 30.0
_CHECKPOINT_PAGES = 4000
_OLD_LOGS = ("-wal", "-shm", "-journal")
_SPACE, _BUSY = {sqlite3.SQLITE_FULL}, {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_ACCESS = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}


class Index:
    """One connection, used by one thread at a time, whose errors are StoreErrors."""

    def __init__(self, path: Path, *, read_only: bool, network: bool, durability: str) -> None:
        """Open the file, which must be there.

        Raises:
            StoreError: It is damaged, from a newer version, or cannot be opened.
        """
        self.path = path
        self._mutex = threading.RLock()
        with self._errors():
            self._db = _connect_read_only(path) if read_only else _connect(path, "mode=rw")
        try:
            with self._errors():
                for pragma in ("cell_size_check=on", "trusted_schema=off", "cache_size=-16000"):
                    self._db.execute(f"pragma {pragma}")
            self._check_version()  # before anything is written to what may be no index at all
            if not read_only:
                with self._errors():
                    self._set_up(network, durability)
        except BaseException:
            self._db.close()
            raise

    def _set_up(self, network: bool, durability: str) -> None:
        # WAL needs memory that all its users share, which a network file system cannot give.
        self._set_journal("delete" if network else "wal")
        self._db.execute(f"pragma synchronous={'full' if durability == 'power' else 'normal'}")
        self._db.execute(f"pragma wal_autocheckpoint={_CHECKPOINT_PAGES}")
        self._db.execute("pragma secure_delete=off")

    def _set_journal(self, mode: str) -> None:
        """Set how changes are journalled. SQLite does not wait here for others that open the file at the same time."""
        give_up_s = time.monotonic() + _BUSY_S
        while self._db.execute("pragma journal_mode").fetchone()[0] != mode:
            try:
                self._db.execute(f"pragma journal_mode={mode}")
                return  # also where the file system cannot do it and SQLite keeps its own mode
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _BUSY or time.monotonic() > give_up_s:
                    raise
                time.sleep(0.01)

    def _check_version(self) -> None:
        rows = self.rows("select value from meta where key = 'schema'")
        try:
            version = int(rows[0][0])
        except (IndexError, ValueError, TypeError) as cause:
            raise self._damaged("it does not say which schema it has") from cause
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path.parent} was made by a newer compmake (schema {version}, this one knows {SCHEMA_VERSION}): "
                "upgrade compmake or use --store."
            )
        if version < 1:
            raise self._damaged(f"it says that it has schema {version}")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self._errors():
            return self._db.execute(sql, values).fetchall()

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query one by one, for tables that need not fit into memory."""
        with self._errors():
            yield from self._db.execute(sql)

    def rows_of(self, sql: str, keys: Iterable[Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose `{}` stands for a list of keys, in as many queries as needed."""
        found = []
        left = list(keys)
        for start in range(0, len(left), 500):
            some = left[start : start + 500]
            found += self.rows(sql.format(",".join("?" * len(some))), some)
        return found

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement and return the rowid it inserted, or the last one."""
        with self._errors():
            return self._db.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row."""
        with self._errors():
            self._db.executemany(sql, rows)

    @contextmanager
    def transaction(self, need_bytes: int = 0) -> Iterator[None]:
        """Everything inside is written, or nothing; `need_bytes` is told when the disk is full."""
        with self._errors(need_bytes):
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:
                    with suppress(sqlite3.Error):
                        self._db.execute("rollback")
                raise

    def close(self) -> None:
        """Close the connection; the last one to close writes the log back."""
        with self._mutex:
            self._db.close()

    @contextmanager
    def _errors(self, need_bytes: int = 0) -> Iterator[None]:
        """Hold the connection for this thread and turn SQLite's errors into ours."""
        with self._mutex:
            try:
                yield
            except sqlite3.ProgrammingError:
                raise  # we called it wrongly
            except sqlite3.DatabaseError as cause:
                raise self._explained(cause, need_bytes) from cause
            except UnicodeDecodeError as cause:  # of a message in which SQLite names what is damaged
                raise self._damaged("its schema is unreadable") from cause

    def _explained(self, cause: sqlite3.DatabaseError, need_bytes: int) -> StoreError:
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        code = sqlite3.SQLITE_ERROR if code is None else code & 0xFF  # extended codes hold the plain one below
        if code in _SPACE or (code == sqlite3.SQLITE_IOERR and need_bytes and not _has_room(self.path, need_bytes)):
            return store_error(OSError(errno.ENOSPC, ""), self.path, need_bytes or None)
        if code in _BUSY:
            return StoreError(
                f"{self.path} is being written by another process for {_BUSY_S:.0f} s already. Try again."
            )
        if code in _NO_ACCESS:
            return StoreError(f"{self.path} cannot be opened or written: {cause}. It must be yours to read and write.")
        if code == sqlite3.SQLITE_IOERR:
            return StoreError(f"{self.path} cannot be read or written: {cause}. The disk may be full or failing.")
        return self._damaged(str(cause))

    def _damaged(self, why: str) -> StoreError:
        return StoreError(
            f"{self.path} is damaged ({why}). Move it away (mv {self.path.name} {self.path.name}.damaged in "
            f"{self.path.parent}) and make again: results are re-made."
        )


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    db = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    # Damaged text must come out as text: checksums find it, an exception would hide the rows behind it.
    db.text_factory = lambda data: data.decode("utf-8", "replace")
    return db


def _connect_read_only(path: Path) -> sqlite3.Connection:
    db = _connect(path, "mode=ro")
    try:
        db.execute("select 1 from sqlite_master").fetchone()
    except sqlite3.OperationalError as cause:
        db.close()
        if cause.sqlite_errorcode & 0xFF not in _NO_ACCESS:
            raise
        # SQLite reads a log only together with a file of its own, which it cannot make in a folder without permission.
        wal = Path(f"{path}-wal")
        if wal.exists() and wal.stat().st_size:
            return _connect_to_copy(path, wal)
        return _connect(path, "mode=ro&immutable=1")
    except BaseException:
        db.close()
        raise
    return db


def _connect_to_copy(path: Path, wal: Path) -> sqlite3.Connection:
    """Return a connection to the index and its log as they are now, in memory."""
    db = _connect(Path(":memory:"), "mode=memory")
    try:
        import shutil
        import tempfile

        with tempfile.TemporaryDirectory(prefix="compmake-") as folder:
            for source in (path, wal):
                shutil.copyfile(source, Path(folder, source.name))
            copy = _connect(Path(folder, path.name), "mode=rw")
            try:
                copy.backup(db)
            finally:
                copy.close()
    except OSError as cause:
        db.close()
        raise store_error(cause, path) from cause
    except BaseException:
        db.close()
        raise
    return db


def _has_room(path: Path, need_bytes: int) -> bool:
    try:
        status = os.statvfs(path)
    except OSError:
        return True
    return status.f_bavail * status.f_frsize > need_bytes


def make_index(path: Path, files: Files = FILES) -> None:
    """Make an empty index; if somebody else makes it at the same moment, theirs stays.

    Raises:
        StoreError: It could not be written; nothing is left behind.
    """
    # Made under another name: an index without a schema is always damage, never one that was being made.
    temporary = path.parent / f"{TEMPORARY_PREFIX}{os.getpid()}-{random_suffix()}-index"
    try:
        with _folder_locked(path.parent):
            if path.exists():
                return
            files.close(files.create(str(temporary)))
            _write_schema(temporary)
            _move_old_logs(path, files)
            files.replace(str(temporary), str(path))
    except OSError as cause:
        raise store_error(cause, path) from cause
    except sqlite3.Error as cause:
        raise StoreError(f"{path} cannot be made: {cause}. The disk may be full or failing.") from cause
    finally:
        for name in (str(temporary), f"{temporary}-journal"):
            with suppress(OSError):
                files.remove(name)


@contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """Let one process at a time make an index here: the second would take the log of the first for an old one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # some network file systems lock no folders
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_schema(path: Path) -> None:
    db = _connect(path, "mode=rw")
    try:
        db.executescript(f"begin;{_SCHEMA}commit;")
        db.execute("insert into meta values ('schema', ?)", [str(SCHEMA_VERSION)])
    finally:
        db.close()


def _move_old_logs(path: Path, files: Files) -> None:
    """Move logs of an index that is gone: SQLite would replay them into the new one."""
    for suffix in _OLD_LOGS:
        old = f"{path}{suffix}"
        if os.path.lexists(old):
            folder = str(path.parent / QUARANTINE)
            files.make_folder(folder)
            files.replace(old, f"{folder}/{path.name}{suffix}-{random_suffix()}")
