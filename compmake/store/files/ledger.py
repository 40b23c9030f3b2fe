"""The smaller tables of the index: runs, past attempts, parts, parse results, notes about the store."""

import zlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from compmake.job import Digest, JobId
from compmake.store import Attempt, Run
from compmake.store.files.index import Index
from compmake.store.packing import unpack_attempt
from compmake.store.retention import HISTORY, newest_attempts

_ATTEMPTS = "select job_id, function, run_id, made_at, wall_s, cpu_s, peak_bytes, ok from attempts"
_ATTEMPT_TYPES = (str, str, int, float, float, float, int, int)
_RUNS = (
    "select run_id, command, started_at, ended_at, done, failed, blocked, up_to_date, ended "
    "from runs order by run_id desc"
)
_RUN_TYPES = (int, str, float, (float, type(None)), int, int, int, int, str)
_PRUNE = (
    "delete from attempts where seq in (select seq from (select seq, row_number() over "
    "(partition by function order by seq desc) as place from attempts) where place > ?)"
)
_UNUSED_RUNS = 100
_FRESH_RUNS = 10


class Ledger:
    """Reads and writes these tables; whatever comes back damaged is left out."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def begin_run(self, command: str, started_at: float) -> int:
        sql = "insert into runs values (null, ?, ?, null, 0, 0, 0, 0, '')"
        return self._index.run(sql, [command, float(started_at)])

    def end_run(self, run: Run) -> None:
        ended_at = None if run.ended_at is None else float(run.ended_at)
        counts = [run.done, run.failed, run.blocked, run.up_to_date]
        values = [run.run_id, run.command, float(run.started_at), ended_at, *counts, run.ended]
        self._index.run("insert or replace into runs values (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)

    def runs(self) -> list[Run]:
        return [Run(*row) for row in self._index.rows(_RUNS) if _has_types(row, _RUN_TYPES)]

    def attempts(self, job_id: JobId | None) -> list[Attempt]:
        where, values = ("", ()) if job_id is None else (" where job_id = ?", (job_id,))
        rows = self._index.rows(_ATTEMPTS + where, values)
        past = [replace(Attempt(*row), ok=bool(row[-1])) for row in rows if _has_types(row, _ATTEMPT_TYPES)]
        current = (unpack_attempt(packed) for (packed,) in self._index.rows("select record from jobs" + where, values))
        return newest_attempts([*past, *(attempt for attempt in current if attempt is not None)], job_id)

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        """Take over what another store knows of the past; the newest attempts come first."""
        for run in runs:
            self.end_run(run)
        rows = ((a.job_id, a.function, a.run_id, a.made_at, a.wall_s, a.cpu_s, a.peak_bytes, a.ok) for a in attempts)
        self._index.run_many("insert into attempts values (null, ?, ?, ?, ?, ?, ?, ?, ?)", reversed(list(rows)))

    def prune(self) -> None:
        """Forget attempts beyond the last 200 of each function."""
        self._index.run(_PRUNE, [HISTORY])

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        rows = self._index.rows_of("select digest, checksum, data from parts where digest in ({})", digests)
        return {Digest(digest): data for digest, checksum, data in rows if _is_whole(digest, checksum, data)}

    def all_parts(self) -> dict[Digest, bytes]:
        """Return every part that is whole."""
        return self.parts([Digest(row[0]) for row in self._index.rows("select digest from parts")])

    def put_parts(self, parts: Mapping[Digest, bytes]) -> None:
        rows = ((digest, _checksum(digest, data), data) for digest, data in parts.items())
        self._index.run_many("insert or replace into parts values (?, ?, ?)", rows)

    def cached_code(self, keys: Collection[str]) -> tuple[dict[str, bytes], list[str]]:
        """Return the entries, and the keys of those that were not used for a while."""
        rows = self._index.rows_of("select key, used_in, checksum, data from code where key in ({})", keys)
        whole = [(key, used, data) for key, used, check, data in rows if _is_whole(key.encode(), check, data)]
        if not whole:
            return {}, []
        fresh = self._last_run() - _FRESH_RUNS
        old = [key for key, used, _ in whole if not isinstance(used, int) or used < fresh]
        return {key: data for key, _, data in whole}, old

    def put_code(self, entries: Mapping[str, bytes]) -> None:
        """Keep entries and drop those that a hundred runs did not use."""
        run = self._last_run()
        rows = ((key, run, _checksum(key.encode(), data), data) for key, data in entries.items())
        self._index.run_many("insert or replace into code values (?, ?, ?, ?)", rows)
        self._index.run("delete from code where used_in < ?", [run - _UNUSED_RUNS])

    def mark_code_used(self, keys: Collection[str]) -> None:
        run = self._last_run()
        self._index.run_many("update code set used_in = ? where key = ?", ((run, key) for key in keys))

    def get_meta(self, key: str) -> str | None:
        rows = self._index.rows("select value from meta where key = ?", [key])
        return str(rows[0][0]) if rows and rows[0][0] is not None else None

    def all_meta(self) -> dict[str, str]:
        """Return all notes but that of the index itself."""
        rows = self._index.rows("select key, value from meta where key != 'schema'")
        return {str(key): str(value) for key, value in rows}

    def put_meta(self, key: str, value: str) -> None:
        self._index.run("insert or replace into meta values (?, ?)", [key, value])

    def _last_run(self) -> int:
        return int(self._index.rows("select coalesce(max(run_id), 0) from runs")[0][0])


def _has_types(row: tuple[Any, ...], types: tuple[Any, ...]) -> bool:
    return all(map(isinstance, row, types))


def _checksum(key: bytes, data: bytes) -> int:
    return zlib.crc32(data, zlib.crc32(key))


def _is_whole(key: object, checksum: object, data: object) -> bool:
    return isinstance(key, bytes) and isinstance(data, bytes) and _checksum(key, data) == checksum
