"""What the executor with worker processes does when the system is short of something, and while it waits."""

import contextlib
import importlib
import os
import time

import psutil
import pytest
from executing import PATIENCE_S, collect, start_executor, submit
from redis_servers import wait_for

from compmake.errors import StoreError
from compmake.job import Limits

STINGY = """\
import os
fork, forked = os.fork, []

def fork_once():
    if forked:
        raise BlockingIOError(11, "Resource temporarily unavailable")
    forked.append(True)
    return fork()

os.fork = fork_once
"""
WAITING = """\
import os, signal, threading, time
from compmake import progress

def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.001)

def leaves_a_thread():
    threading.Thread(target=time.sleep, args=(100,), daemon=True).start()

def tells(path):
    for number in (1, 2):
        progress("epoch", number, 9)
    wait_for(path)

def ignores(begun, path):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(begun, "w").close()
    wait_for(path)
"""


@pytest.fixture
def waiting(tmp_path, monkeypatch):
    """The module with the jobs above."""
    (tmp_path / "waiting_jobs.py").write_text(WAITING)
    monkeypatch.syspath_prepend(tmp_path)
    return importlib.import_module("waiting_jobs")


def test_calls_for_a_worker_that_cannot_be_started_run_elsewhere(tmp_path, monkeypatch):
    """The system has no more processes: the calls that waited for the second worker come to the first."""
    (tmp_path / "stingy.py").write_text(STINGY)
    monkeypatch.syspath_prepend(tmp_path)
    with contextlib.closing(start_executor(tmp_path, workers=2, modules=["stingy"])) as executor:
        for name in ("a", "b"):
            assert executor.capacity()
            submit(executor, name)
        outcomes = collect(executor, 2)
        assert {outcome.job_id for outcome in outcomes} == {"a", "b"}
        assert len({outcome.worker for outcome in outcomes}) == 1


def test_progress_told_in_quick_succession_is_known_to_its_last_word(tmp_path, waiting):
    """What came too soon after the word before is told by the next beat."""
    told, end = [], tmp_path / "end"

    def report(_job_id, beat, _heard_at):
        told.append(beat.progress)
        if beat.progress == "epoch 2/9":
            end.touch()

    with contextlib.closing(start_executor(tmp_path, report=report)) as executor:
        submit(executor, "a", waiting.tells, str(end))
        assert len(collect(executor, 1)) == 1
    assert "epoch 1/9" in told


def test_waiting_for_a_job_with_a_memory_limit_to_end_costs_nothing(tmp_path, waiting):
    """A job that was asked to end and does not is waited for without looking at it all the time."""
    begun, end = tmp_path / "begun", tmp_path / "end"
    with contextlib.closing(start_executor(tmp_path)) as executor:
        submit(executor, "a", waiting.ignores, str(begun), str(end), limits=Limits(memory_bytes=1 << 40))
        collect(executor, 1, until=begun.exists)
        executor.stop(2)
        cpu_s, until = time.process_time(), time.monotonic() + 0.4
        assert not collect(executor, 1, until=lambda: time.monotonic() > until)
        assert time.process_time() - cpu_s < 0.05
        end.touch()
        assert len(collect(executor, 1)) == 1


def test_a_worker_that_cannot_store_a_result_blames_no_job(tmp_path):
    """It ends after it has said so; that is trouble with the store, also if both are heard in the same moment."""
    folder, told = tmp_path / "objects", tmp_path / "pid"

    def spoil_store():
        if folder.exists():
            folder.rename(tmp_path / "gone")
        folder.write_text("no folder")
        told.write_text(str(os.getpid()))
        return bytes(300_000)

    executor = start_executor(folder)
    try:
        submit(executor, "first")
        collect(executor, 1)
        submit(executor, "big", spoil_store)
        wait_for(lambda: told.exists() and told.read_text() and not psutil.pid_exists(int(told.read_text())))
        with pytest.raises(StoreError, match="objects"):
            while True:
                assert executor.collect(0.05) == []
    finally:
        executor.close()


def test_a_worker_that_was_replaced_is_given_work_at_once(tmp_path, waiting):
    """While another call runs on: whoever gives calls is told that there is room again."""
    end = tmp_path / "end"
    with contextlib.closing(start_executor(tmp_path, workers=2)) as executor:
        submit(executor, "long", waiting.wait_for, str(end))
        submit(executor, "leaves a thread", waiting.leaves_a_thread)
        assert [outcome.job_id for outcome in collect(executor, 1)] == ["leaves a thread"]
        while not executor.capacity():
            begun_s = time.monotonic()
            assert executor.collect(PATIENCE_S) == []
            assert time.monotonic() - begun_s < PATIENCE_S / 2
        submit(executor, "next")
        assert [outcome.job_id for outcome in collect(executor, 1)] == ["next"]
        end.touch()
        assert len(collect(executor, 1)) == 1
