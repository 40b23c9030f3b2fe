"""A store whose files were changed behind its back: typed errors in words, never a wrong value."""

import ast
import contextlib
import os
import random
import sqlite3
from pathlib import Path

import pytest
from store_samples import digest, fail, flip_bit, large, make, value

import compmake.store
from compmake.errors import CompmakeError, ResultDamagedError, ResultMissingError, StoreError
from compmake.store import Changes, Run
from compmake.store.files import FileStore


def fill(folder):
    """Make a small store with something of everything; return what is in it."""
    store = FileStore.open(folder)
    run_id = store.begin_run("make", 1.0)
    make(store, "small", b"small result", 1)
    make(store, "small", b"another small result", 2)
    make(store, "middle", b"m" * 20_000)
    make(store, "large", large(1))
    fail(store, "bad")
    store.commit(Changes(parts={digest("part"): b"source of a unit" * 10}))
    store.cache_code({"mod.py": b"parsed" * 50})
    store.set_meta("program", "/home/me/p.py")
    store.end_run(Run(run_id, "make", 1.0, 2.0, done=4))
    return store


def everything(store):
    """Use all that reads and some of what writes; return the values that came out, by what they are."""
    records = store.load_records()
    superseded = store.load_superseded()
    store.find_damaged([*records.values(), *(record for kept in superseded.values() for record in kept)])
    values: dict[object, object] = {}
    for record in [*records.values(), *(record for kept in superseded.values() for record in kept)]:
        values["record", record.job_id, record.attempt] = record
        with contextlib.suppress(ResultMissingError, ResultDamagedError):
            values["value", record.job_id, record.attempt] = value(store, record)
    values["part", 0, 0] = store.parts([digest("part")]).get(digest("part"))
    values["code", 0, 0] = store.cached_code(["mod.py"]).get("mod.py")
    for attempt in store.attempts():
        assert isinstance(attempt.wall_s, float) and isinstance(attempt.function, str)
    for run in store.runs():
        assert isinstance(run.command, str) and isinstance(run.started_at, float)
    store.get_meta("program")
    store.check()
    store.size(["small"])
    return {key: found for key, found in values.items() if found is not None}


def restore(folder, files):
    """Make the files of a folder what they were; writing over a file is much faster than emptying it first."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()
    for path, data in files.items():
        with open(path, "r+b" if path.exists() else "wb") as file:
            file.write(data)
            file.truncate()


def test_no_flipped_bit_ever_gives_a_wrong_value(fast_path):
    """1,000 random bit flips over all files: what comes out is right or missing, every error is typed."""
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    folder = fast_path / "store"
    store = fill(folder)
    right = everything(store)
    with_log = {
        path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.name.endswith("shm")
    }
    store.close()
    closed = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    harmed = 0
    for turn in range(1000):
        files = with_log if turn % 2 else closed
        restore(folder, files)
        path = chance.choice([path for path in files if files[path] and path.name != ".gitignore"])
        # Half of the flips go where most of the structure is.
        where = chance.randrange(len(files[path]) if turn % 4 < 2 else min(len(files[path]), 600))
        flip_bit(path, where, chance.randrange(8))
        try:
            store = FileStore.open(folder)
        except CompmakeError:
            harmed += 1
            continue
        try:
            found = everything(store)
            wrong = {key for key in found if found[key] != right.get(key)}
            assert not wrong, f"seed {seed} turn {turn}: {path.name} at {where}: {wrong}"
            harmed += found != right
            made = make(store, "next", b"next")
            assert value(store, made) == b"next"
        except CompmakeError:
            harmed += 1
        finally:
            store.close()
    assert harmed > 100, "the flips were felt"


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: os.truncate(path, 0),
        lambda path: os.truncate(path, 50),
        lambda path: os.truncate(path, 5000),
        lambda path: os.truncate(path, path.stat().st_size - 4096),
        lambda path: path.write_text("this is no database\n" * 1000),
        lambda path: path.write_bytes(b"\0" * path.stat().st_size),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + os.urandom(path.stat().st_size - 4096)),
    ],
)
def test_a_damaged_index_says_what_to_do_and_stays(tmp_path, harm):
    """Emptied, truncated or overwritten: one StoreError with path and way out; the file is never made anew."""
    fill(tmp_path / "store").close()
    index = tmp_path / "store" / "index.db"
    harm(index)
    before = index.read_bytes()
    with pytest.raises(StoreError, match=r"index\.db is damaged \(.+Move it away.+make again: results are re-made"):
        everything(FileStore.open(tmp_path / "store"))
    assert index.read_bytes() == before


def test_after_moving_a_damaged_index_away_the_store_works(tmp_path):
    """The way out that the error names is one; a log that was left beside the old index is not replayed."""
    store = fill(tmp_path / "store")
    log = (tmp_path / "store" / "index.db-wal").read_bytes()
    store.close()
    (tmp_path / "store" / "index.db-wal").write_bytes(log)
    (tmp_path / "store" / "index.db").rename(tmp_path / "store" / "index.db.damaged")
    store = FileStore.open(tmp_path / "store")
    assert store.load_records() == {}
    made = make(store, "large", large(1))
    assert value(store, made) == large(1)
    assert store.check() == []
    store.close()


def test_another_database_is_not_taken_for_an_index(tmp_path):
    """An SQLite file of something else is refused and not written to."""
    folder = tmp_path / "store"
    folder.mkdir(mode=0o700)
    with sqlite3.connect(folder / "index.db") as db:
        db.execute("create table mine (x)")
    db.close()
    before = (folder / "index.db").read_bytes()
    with pytest.raises(StoreError, match=r"index\.db"):
        FileStore.open(folder)
    assert (folder / "index.db").read_bytes() == before


def test_a_flip_in_a_small_result_is_found_before_and_by_reading(tmp_path):
    """Results in rows are digested: find_damaged and check name the job, reading refuses, the others are whole."""
    store = FileStore.open(tmp_path / "store")
    marker = b"0123456789abcdef" * 8
    bad, good = make(store, "bad", marker), make(store, "good", b"good")
    store.close()
    index = tmp_path / "store" / "index.db"
    flip_bit(index, index.read_bytes().index(marker) + 5)
    store = FileStore.open(tmp_path / "store")
    assert set(store.find_damaged([bad, good])) == {"bad"}
    assert [damage.job_id for damage in store.check()] == ["bad"]
    with pytest.raises(ResultDamagedError):
        value(store, bad)
    assert value(store, good) == b"good"
    assert value(store, make(store, "bad", marker, 2)) == marker
    store.close()


def test_a_flip_in_a_record_makes_its_job_one_that_was_never_made(tmp_path):
    """A row whose checksum differs is left out, the user is told, check names it, and the job can be made again."""
    store = FileStore.open(tmp_path / "store")
    marker = '{"note": "a text that is only in this record"}'
    make(store, "bad", b"bad", details=marker)
    good = make(store, "good", b"good")
    store.close()
    index = tmp_path / "store" / "index.db"
    flip_bit(index, index.read_bytes().index(marker.encode()) + 12)
    store = FileStore.open(tmp_path / "store")
    assert store.load_records() == {"good": good}
    assert "1 damaged record" in store.notes[0]
    assert [damage.job_id for damage in store.check()] == ["bad"]
    again = make(store, "bad", b"bad", 2)
    assert store.load_records() == {"bad": again, "good": good}
    assert store.check() == []
    store.close()


def test_looking_at_a_store_runs_no_code():
    """No module of the store imports anything that can build objects out of bytes."""
    folder = Path(compmake.store.__file__).parent
    imported = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module)
    assert not imported & {"pickle", "cloudpickle", "marshal", "shelve", "compmake.codec", "importlib"}
