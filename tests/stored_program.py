"""A program with small and large results, and ways to look into its store from outside."""

import sqlite3
from pathlib import Path

from spaces import Space

PROGRAM = """\
from compmake import comp
from ledger import note

def small(x):
    note(f"small {x}")
    return x

def big(x):
    note(f"big {x}")
    return bytes([x]) * 300_000

def use(a, b):
    note(f"use {a}")
    return len(b) + a

for i in range(3):
    comp(use, comp(small, i), comp(big, i))
"""
ALL = [f"{name} {i}" for name in ("big", "small", "use") for i in range(3)]


def store(space: Space) -> Path:
    """Return the folder of the store."""
    return space.path / ".compmake" / "prog"


def index_rows(space: Space, sql: str, *values: object) -> list[tuple]:
    """Ask or change the index from outside."""
    with sqlite3.connect(store(space) / "index.db") as db:
        rows = list(db.execute(sql, values))
    db.close()
    return rows
