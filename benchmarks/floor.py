"""The least any Python tool must do for N jobs: the floor compmake is measured against.

    python benchmarks/floor.py make|parmake|check FOLDER N

All define the sweep `third(second(first(a, b), b))` over a grid. `make` computes and keeps every result in SQLite, in
this process; `parmake` does so in two forked ones, with batches over pipes; `check` fingerprints every call, loads what
was kept and compares. No feature of any kind.
"""

import hashlib
import os
import pickle
import sqlite3
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_BATCH = 200
_BATCHES_AHEAD = 2


# A plain tuple, which costs least: id, function, arguments, place of the dependency.
Call = tuple[str, Callable[..., int], tuple[int, ...], int | None]


def first(a: int, b: int) -> int:
    return a * 1000 + b


def second(one: int, b: int) -> int:
    return one * 1000 + b


def third(two: int) -> int:
    return two * 2


def define(count: int) -> list[Call]:
    """Return the calls in an order in which they can run."""
    side = max(1, round((count / 3) ** 0.5))
    calls: list[Call] = []
    for a in range(side):
        for b in range(count // 3 // side):
            at = len(calls)
            calls.append((f"first-{at}", first, (a, b), None))
            calls.append((f"second-{at}", second, (b,), at))
            calls.append((f"third-{at}", third, (), at + 1))
    return calls


def fingerprint(function: Callable[..., int], args: tuple[int, ...], below: bytes) -> bytes:
    return hashlib.sha256(pickle.dumps((function.__name__, args)) + below).digest()


def run(function: Callable[..., int], args: tuple[int, ...], needed: bytes | None) -> bytes:
    value = function(*args) if needed is None else function(pickle.loads(needed), *args)
    return pickle.dumps(value, protocol=5)


class Kept:
    """What is remembered of each call: fingerprint, digest of the result, result."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._database.execute("pragma journal_mode=wal")
        self._database.execute("pragma synchronous=normal")
        self._database.execute(
            "create table if not exists kept (id text primary key, mark blob, digest blob, result blob)"
        )

    def load(self) -> dict[str, tuple[bytes, bytes]]:
        return {
            job_id: (mark, digest)
            for job_id, mark, digest in self._database.execute("select id, mark, digest from kept")
        }

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._database.execute("begin")
        self._database.executemany("insert or replace into kept values (?, ?, ?, ?)", rows)
        self._database.execute("commit")


def make(calls: list[Call], kept: Kept) -> int:
    """Run in this process what is not kept; return how many calls that were."""
    known = kept.load()
    digests: list[bytes] = []
    results: list[bytes] = []
    rows: list[tuple[Any, ...]] = []
    for job_id, function, args, needs in calls:
        mark = fingerprint(function, args, digests[needs] if needs is not None else b"")
        before = known.get(job_id)
        if before is not None and before[0] == mark:
            digests.append(before[1])
            continue
        results.append(run(function, args, results[needs] if needs is not None else None))
        digests.append(hashlib.sha256(results[-1]).digest())
        rows.append((job_id, mark, digests[-1], results[-1]))
        if len(rows) == 500:
            kept.add(rows)
            rows = []
    kept.add(rows)
    return len(results)


def parmake(calls: list[Call], kept: Kept, workers: int = 2) -> None:
    """Run everything in forked processes."""
    from multiprocessing.connection import wait  # the other tasks need not pay for it

    pids = dict(_fork(calls) for _ in range(workers))
    busy = dict.fromkeys(pids, 0)
    dependents: dict[int, list[int]] = {}
    ready: list[tuple[int, bytes | None]] = []
    for at, (_, _, _, needs) in enumerate(calls):
        if needs is None:
            ready.append((at, None))
        else:
            dependents.setdefault(needs, []).append(at)
    digests: dict[int, bytes] = {}
    while len(digests) < len(calls):
        for pipe in pids:
            while ready and busy[pipe] < _BATCHES_AHEAD:
                pipe.send(ready[-_BATCH:])
                del ready[-_BATCH:]
                busy[pipe] += 1
        pipes: list[Any] = wait(list(pids))
        for pipe in pipes:
            rows = []
            for at, result in pipe.recv():
                job_id, function, args, needs = calls[at]
                digests[at] = hashlib.sha256(result).digest()
                mark = fingerprint(function, args, digests[needs] if needs is not None else b"")
                rows.append((job_id, mark, digests[at], result))
                ready.extend((dependent, result) for dependent in dependents.get(at, ()))
            busy[pipe] -= 1
            kept.add(rows)
    for pipe, pid in pids.items():
        pipe.send(None)
        os.waitpid(pid, 0)


def _fork(calls: list[Call]) -> tuple[Any, int]:
    """Return our end of a pipe and the process that waits for batches at the other."""
    from multiprocessing import Pipe

    ours, theirs = Pipe()
    pid = os.fork()
    if pid == 0:
        ours.close()
        while (batch := theirs.recv()) is not None:
            theirs.send([(at, run(calls[at][1], calls[at][2], needed)) for at, needed in batch])
        os._exit(0)
    theirs.close()
    return ours, pid


def main(task: str, folder: str, count: int) -> None:
    calls, kept = define(count), Kept(Path(folder))
    if task == "parmake":
        parmake(calls, kept)
    elif make(calls, kept) and task == "check":
        sys.exit("nothing was kept: run `make` first")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
