"""One make at a time on a store, and no lock that outlives its holder."""

import os
import re
import signal
import socket
import subprocess
import sys

import pytest

from compmake.errors import StoreError, StoreLockedError
from compmake.store.files import FileStore

HOLD = (
    "import sys, os, time; from pathlib import Path; from compmake.store.files import FileStore\n"
    "from compmake.errors import StoreLockedError\n"
    "store = FileStore.open(Path(sys.argv[1]))\n"
    "sys.stdin.readline()\n"
    "try: store.lock('compmake my_program make')\n"
    "except StoreLockedError: print('refused', flush=True)\n"
    "else: print('held', flush=True)\n"
    "if sys.argv[2:] == ['fork']:\n"
    "    read, write = os.pipe()\n"
    "    child = os.fork()\n"
    "    if child == 0:\n"
    "        os.close(write); os.read(read, 1); os.close(1); time.sleep(60); os._exit(0)\n"
    "    print(child, flush=True)\n"
    "sys.stdin.readline()\n"
)


def start(folder, *words):
    command = [sys.executable, "-c", HOLD, str(folder), *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def end(process):
    go(process)
    process.communicate()


@pytest.fixture
def store(tmp_path):
    opened = FileStore.open(tmp_path / "store")
    yield opened
    opened.close()


def test_a_second_make_is_told_who_holds_the_store(store):
    """The error names command, process, host and time, and the ways out; afterwards the store can be taken."""
    holder = start(store.location)
    go(holder)
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(StoreLockedError) as caught:
        store.lock("compmake my_program make")
    host = re.escape(socket.gethostname())
    assert re.fullmatch(
        rf"{re.escape(store.location)} is held by 'compmake my_program make' \(pid {holder.pid} on {host}, "
        r"since \d\d:\d\d:\d\d\)\. Wait for it, or use another --store\.",
        str(caught.value),
    )
    end(holder)
    store.lock("compmake my_program make")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_left_by_a_killed_process_is_no_lock(store, how):
    """After kill -9 of the holder the next make starts without any repair."""
    holder = start(store.location)
    go(holder)
    assert holder.stdout.readline() == "held\n"
    holder.send_signal(how)
    holder.communicate()
    store.lock("make")


def test_a_child_that_outlives_the_holder_does_not_hold_the_store(store):
    """A process forked while the lock is held, still alive after its parent was killed, keeps nothing locked."""
    holder = start(store.location, "fork")
    go(holder)
    assert holder.stdout.readline() == "held\n"
    orphan = int(holder.stdout.readline())
    holder.kill()
    holder.communicate()
    try:
        os.kill(orphan, 0)
        store.lock("make")
    finally:
        os.kill(orphan, signal.SIGKILL)


def test_of_processes_that_race_exactly_one_gets_the_lock(store):
    """Several makes started at the same moment: one holds the store, the others are refused."""
    racers = [start(store.location) for _ in range(3)]
    for racer in racers:
        go(racer)
    answers = [racer.stdout.readline() for racer in racers]
    for racer in racers:
        end(racer)
    assert sorted(answers) == ["held\n", "refused\n", "refused\n"]


def test_racing_processes_make_one_store(tmp_path):
    """Processes that open a store which is not there yet, all at once, all get the same one."""
    folder = tmp_path / "new" / "store"
    racers = [start(folder) for _ in range(3)]
    for racer in racers:
        go(racer)
        assert racer.stdout.readline() in {"held\n", "refused\n"}
    for racer in racers:
        end(racer)
        assert racer.returncode == 0
    assert FileStore.open(folder, create=False).check() == []


def test_what_needs_the_store_alone_is_refused_while_another_makes(store):
    """Cleaning and collecting garbage would take results away from the make of another process."""
    holder = start(store.location)
    go(holder)
    assert holder.stdout.readline() == "held\n"
    for change in (lambda: store.forget(["a"]), lambda: store.collect_garbage([])):
        with pytest.raises(StoreLockedError):
            change()
    end(holder)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\x00", b'{"pid":1,"host":"\x1b[2J"}'])
def test_an_unreadable_lock_text_is_no_trouble(store, text):
    """Whatever the lock file says, a lock that is held is told in one plain sentence."""
    other = FileStore.open(store.location)
    other.lock("make")
    with open(f"{store.location}/lock", "wb") as file:
        file.write(text)
    with pytest.raises(StoreLockedError, match="held by another compmake"):
        store.lock("make")
    other.close()
    store.lock("make")


def test_a_lock_file_that_cannot_be_opened_is_a_store_error(store, tmp_path):
    """A link in place of the lock file is not followed."""
    os.symlink(tmp_path / "target", f"{store.location}/lock")
    with pytest.raises(StoreError, match="lock"):
        store.lock("make")
    assert not (tmp_path / "target").exists()


def test_a_store_tells_which_other_process_holds_it(tmp_path):
    """In words, while it does; holding it oneself is not told."""
    store = FileStore.open(tmp_path / "store")
    assert store.holder() is None
    with start(tmp_path / "store") as holder:
        go(holder)
        assert holder.stdout.readline() == "held\n"
        assert "compmake my_program make" in store.holder()
        go(holder)
    assert store.holder() is None
    store.lock("clean")
    assert store.holder() is None
    store.close()
