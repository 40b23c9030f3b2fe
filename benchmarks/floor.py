"""The least any Python tool must do to know that N jobs are up to date: the floor compmake is measured against.

    python benchmarks/floor.py make|check FOLDER N

Both define the sweep `third(second(first(a, b), b))` over a grid; `make` computes and keeps every result in SQLite,
`check` fingerprints every call, loads what was kept and compares. No feature of any kind.
"""

import hashlib
import pickle
import sqlite3
import sys
from pathlib import Path


def first(a: int, b: int) -> int:
    return a * 1000 + b


def second(one: int, b: int) -> int:
    return one * 1000 + b


def third(two: int) -> int:
    return two * 2


def calls(count: int) -> list[tuple]:
    """Return (id, function, arguments, place of the dependency or None) in an order in which they can run."""
    side = max(1, round((count / 3) ** 0.5))
    found: list[tuple] = []
    for a in range(side):
        for b in range(count // 3 // side):
            at = len(found)
            found.append((f"first-{at}", first, (a, b), None))
            found.append((f"second-{at}", second, (b,), at))
            found.append((f"third-{at}", third, (), at + 1))
    return found


def main(task: str, folder: str, count: int) -> None:
    jobs = calls(count)
    Path(folder).mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(Path(folder) / "floor.db", isolation_level=None)
    database.execute("pragma journal_mode=wal")
    database.execute("pragma synchronous=normal")
    database.execute("create table if not exists kept (id text primary key, mark blob, digest blob, result blob)")
    known = {row[0]: row[1:] for row in database.execute("select id, mark, digest from kept")}
    values: list = []
    digests: list[bytes] = []
    rows: list[tuple] = []
    for job_id, function, args, dependency in jobs:
        below = digests[dependency] if dependency is not None else b""
        mark = hashlib.sha256(pickle.dumps((function.__name__, args)) + below).digest()
        kept = known.get(job_id)
        if kept is not None and kept[0] == mark:
            digests.append(kept[1])
            continue
        value = function(*args) if dependency is None else function(values[dependency], *args)
        result = pickle.dumps(value, protocol=5)
        values.append(value)
        digests.append(hashlib.sha256(result).digest())
        rows.append((job_id, mark, digests[-1], result))
        if len(rows) == 500:
            keep(database, rows)
            rows = []
    keep(database, rows)
    if task == "check" and len(values):
        sys.exit("nothing was kept: run `make` first")


def keep(database: sqlite3.Connection, rows: list[tuple]) -> None:
    database.execute("begin")
    database.executemany("insert or replace into kept values (?, ?, ?, ?)", rows)
    database.execute("commit")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
