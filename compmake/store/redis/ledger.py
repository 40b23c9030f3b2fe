"""What a store keeps beside records: runs, past attempts, parts, parse results, notes about itself."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import astuple
from typing import Any

from compmake.job import Digest
from compmake.store import Attempt, Run
from compmake.store.redis.database import Database, Draft
from compmake.store.retention import HISTORY

_RUNS = 1000
"""Runs that are kept."""
_RUN_TYPES = (int, str, float, (float, type(None)), int, int, int, int, str)
_ATTEMPT_TYPES = (str, str, int, float, float, float, int, bool)
_GENERATION_RUNS = 100
"""Parse results that two generations of so many runs did not use are dropped."""
PARTS, META, RUNS, STATE, FUNCTIONS = "parts", "meta", "runs", "state", "functions"


class Ledger:
    """Reads and writes these; whatever is not what was written is left out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_run(self, command: str, started_at: float) -> int:
        def work() -> tuple[Draft, int]:
            version, last = self._database.read(("HGET", STATE, "version"), ("HGET", STATE, "run"))
            draft, run_id = Draft(int(version or 0)), int(last or 0) + 1
            draft.set(STATE, {"run": run_id})
            draft.set(RUNS, {run_id: _run_text(Run(run_id, command, started_at))})
            draft.remove(RUNS, [run_id - _RUNS])
            return draft, run_id

        return self._database.change(work)

    def end_run(self, run: Run) -> None:
        self._set(RUNS, {run.run_id: _run_text(run)})

    def runs(self) -> list[Run]:
        """Return the runs, newest first."""
        (texts,) = self._database.read(("HGETALL", RUNS))
        rows = [row for text in texts.values() if (row := _row(text, _RUN_TYPES)) is not None]
        return sorted((Run(*row) for row in rows), key=lambda run: -run.run_id)

    def history(self) -> list[Attempt]:
        """Return past attempts, those of newest records not among them."""
        (functions,) = self._database.read(("SMEMBERS", FUNCTIONS))
        lists = self._database.read(
            *(("LRANGE", _history_key(name), 0, -1) for name in sorted(name.decode() for name in functions))
        )
        rows = [row for texts in lists for text in texts if (row := _row(text, _ATTEMPT_TYPES)) is not None]
        return [Attempt(*row) for row in rows]

    def add_history(self, runs: Collection[Run], attempts: Collection[Attempt]) -> None:
        """Take over what another store knows of the past; `attempts` has the newest first."""

        def work() -> tuple[Draft, None]:
            version, last = self._database.read(("HGET", STATE, "version"), ("HGET", STATE, "run"))
            draft = Draft(int(version or 0))
            if runs:
                draft.set(RUNS, {run.run_id: _run_text(run) for run in runs})
                draft.set(STATE, {"run": max(int(last or 0), *(run.run_id for run in runs))})
            note_attempts(draft, list(attempts)[::-1])
            return draft, None

        self._database.change(work)

    def parts(self, digests: Collection[Digest]) -> dict[Digest, bytes]:
        return {Digest(digest): data for digest, data in self._database.sealed(PARTS, digests).items()}

    def all_parts(self) -> dict[Digest, bytes]:
        """Return every part."""
        (names,) = self._database.read(("HKEYS", PARTS))
        return self.parts([Digest(name) for name in names])

    def draft_parts(self, draft: Draft, parts: Mapping[Digest, bytes]) -> None:
        """Add parts to what is to be written."""
        seal = self._database.signer.seal
        draft.set(PARTS, {digest: seal(PARTS, digest, data) for digest, data in parts.items()})

    def cached_code(self, keys: Collection[str]) -> dict[str, bytes]:
        """Return the entries that there are."""
        names = [_name(key) for key in keys]
        generation = self._generation()
        found = self._database.sealed(_code_key(generation), names)
        missing = [name for name in names if name not in found]
        if missing and generation:
            found |= self._database.sealed(_code_key(generation - 1), missing)
        return {key: found[_name(key)] for key in keys if _name(key) in found}

    def put_code(self, entries: Mapping[str, bytes]) -> None:
        """Keep entries and drop those that nobody used for long."""
        generation, seal = self._generation(), self._database.signer.seal
        key = _code_key(generation)
        sealed = {name: seal(key, name, data) for name, data in ((_name(k), v) for k, v in entries.items())}
        self._set(key, sealed, without=_code_key(generation - 2))

    def get_meta(self, key: str) -> str | None:
        (value,) = self._database.read(("HGET", META, key))
        return None if value is None else value.decode(errors="replace")

    def all_meta(self) -> dict[str, str]:
        """Return every note."""
        (found,) = self._database.read(("HGETALL", META))
        return {name.decode(): value.decode(errors="replace") for name, value in found.items()}

    def put_meta(self, key: str, value: str) -> None:
        self._set(META, {key: value})

    def _set(self, key: str, fields: Mapping[Any, bytes | str], *, without: str = "") -> None:
        def work() -> tuple[Draft, None]:
            draft = Draft(self._database.version())
            draft.set(key, fields)
            if without:
                draft.words += ["UNLINK", without, 0]
            return draft, None

        self._database.change(work)

    def _generation(self) -> int:
        return int(self._database.read(("HGET", STATE, "run"))[0] or 0) // _GENERATION_RUNS


def note_attempts(draft: Draft, attempts: Iterable[Attempt]) -> None:
    """Add attempts, the oldest first, to what is to be written: a list for each function, which never grows long."""
    by_function: dict[str, list[str]] = defaultdict(list)
    for attempt in attempts:
        by_function[attempt.function].append(json.dumps(astuple(attempt)))
    if by_function:
        draft.add("SADD", FUNCTIONS, by_function)
    for function, texts in by_function.items():
        draft.add("LPUSH", _history_key(function), texts)
        draft.add("LTRIM", _history_key(function), ["0", str(HISTORY - 1)])


def _history_key(function: str) -> str:
    return f"history:{function}"


def _code_key(generation: int) -> str:
    return f"code:{generation}"


def _name(key: str) -> bytes:
    return key.encode("utf-8", "surrogateescape")


def _run_text(run: Run) -> str:
    return json.dumps(astuple(run))


def _row(text: bytes, types: tuple[type | tuple[type, ...], ...]) -> tuple[Any, ...] | None:
    """Return the fields of a row, None if it is not what was written."""
    try:
        row = json.loads(text)
    except ValueError:
        return None
    whole = isinstance(row, list) and len(row) == len(types) and all(map(isinstance, row, types))
    return tuple(row) if whole else None
