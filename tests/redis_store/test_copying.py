"""Copies between a folder and a server: what of the notes stays behind, and what becomes of a copy that was cut off."""

from functools import partial

import pytest
from redis_stores import open_redis
from store_samples import fail, large, make, value

from compmake.errors import StoreError
from compmake.job import JobId
from compmake.store import Run
from compmake.store.copying import copy_store
from compmake.store.files import FileStore


class CutError(Exception):
    """What stands for a kill."""


@pytest.fixture
def folder(tmp_path):
    store = FileStore.open(tmp_path / "store")
    run_id = store.begin_run("make", 1.0)
    for number in range(3):
        make(store, f"job-{number}", large(number), 1)
        make(store, f"job-{number}", large((number, "again")), 2)
    fail(store, "failed")
    store.end_run(Run(run_id, "make", 1.0, 2.0, done=3, failed=1, ended="finished"))
    for key in ("program", "id", "news"):
        store.set_meta(key, f"the {key}")
    yield store
    store.close()


@pytest.fixture
def target(server):
    store = open_redis(server)
    yield store
    store.close()


def cut_off(source, target, monkeypatch, *, after):
    """Copy until so many commits and notes were written; tell whether that was before its end."""
    left = [after]

    def write(really, *words):
        if not left[0]:
            raise CutError
        left[0] -= 1
        really(*words)

    with monkeypatch.context() as patched:
        patched.setattr("compmake.store.copying._AT_ONCE", 1)
        for name in ("commit", "set_meta", "add_history"):
            patched.setattr(target, name, partial(write, getattr(target, name)))
        try:
            copy_store(source, target, tell=print)
        except CutError:
            return True
    return False


def test_what_a_make_notes_of_its_news_stays_behind(folder, target):
    """Two stores with one id would hear each other's makes."""
    copy_store(folder, target, tell=print, without=("id", "news"))
    assert (target.get_meta("program"), target.get_meta("id"), target.get_meta("news")) == ("the program", None, None)


def test_a_copy_that_was_cut_off_is_finished_by_the_next(folder, server, monkeypatch):
    """Wherever it was cut off: the same command again makes it whole, with all that is superseded."""
    steps = 0
    while True:
        server.client().flushall()
        target = open_redis(server)
        was_cut = cut_off(folder, target, monkeypatch, after=steps)
        if was_cut:
            copy_store(folder, target, tell=print)
        assert target.load_superseded().keys() == folder.load_superseded().keys()
        for job_id, superseded in folder.load_superseded().items():
            assert [one.made_at for one in target.load_superseded()[job_id]] == [one.made_at for one in superseded]
        assert value(target, target.load_records()[JobId("job-1")]) == large((1, "again"))
        assert target.runs() == folder.runs() and set(target.attempts()) == set(folder.attempts())
        target.close()
        if not was_cut:
            break
        steps += 1
    assert steps > len(folder.load_records())


def test_a_copy_that_was_cut_off_is_not_finished_from_another_store(folder, target, tmp_path, monkeypatch):
    """It says of what it is a part, and what to do."""
    assert cut_off(folder, target, monkeypatch, after=3)
    other = FileStore.open(tmp_path / "other")
    with pytest.raises(StoreError, match=r"unfinished copy of .*store: copy that again, or name a new one"):
        copy_store(other, target, tell=print)
    other.close()


def test_a_whole_copy_is_not_copied_to_again(folder, target):
    """A store that is complete is somebody's, also when it came about as a copy."""
    copy_store(folder, target, tell=print)
    with pytest.raises(StoreError, match="is not empty"):
        copy_store(folder, target, tell=print)


def test_a_part_of_a_copy_that_a_program_has_used_is_not_touched(folder, target, monkeypatch):
    """What was made there since is not mixed with what is to be copied."""
    assert cut_off(folder, target, monkeypatch, after=3)
    target.set_meta("program", "somebody's")
    with pytest.raises(StoreError, match="is not empty"):
        copy_store(folder, target, tell=print)
