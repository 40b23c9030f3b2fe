"""One make at a time on a store of a server, whatever becomes of who makes."""

import os
import signal
import subprocess
import sys
import threading

import pytest
from redis_servers import wait_for
from redis_stores import KEY, open_redis
from store_samples import make

from compmake.errors import StoreError, StoreLockedError

HOLDER = """
import sys, threading
from compmake.store.redis import RedisStore
from store_samples import success
from compmake.store import Changes
store = RedisStore.open(sys.argv[1], "prog", bytes.fromhex(sys.argv[2]), lease_s=float(sys.argv[3]))
store.lock("compmake prog make")
print("held", flush=True)
sys.stdin.readline()
try:
    store.commit(Changes(records=[success(store.objects, "late", b"late")]))
    print("written", flush=True)
except Exception as error:
    print(type(error).__name__, error, flush=True)
"""


@pytest.fixture
def holder(server):
    """Start a process that holds the lease; when it reads a line it writes a record and says how that went."""
    started = []

    def start(lease_s: float = 15.0):
        words = [sys.executable, "-c", HOLDER, server.url, KEY.hex(), str(lease_s)]
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
        started.append(process)
        assert process.stdout.readline() == "held\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_who_holds_the_store_is_told(server, holder):
    """The second who wants it reads who has it, where, and since when."""
    process = holder()
    store = open_redis(server)
    with pytest.raises(StoreLockedError, match=rf"'compmake prog make' \(pid {process.pid} on .*, since "):
        store.lock("make")
    store.close()


def test_the_lease_of_a_dead_process_is_no_lease(server, holder):
    """A process of this machine that was killed need not be waited for."""
    process = holder()
    process.kill()
    process.wait()
    store = open_redis(server)
    store.lock("make")
    make(store, "a", b"one")
    store.close()


def test_a_process_that_stood_still_past_its_lease_cannot_write(server, holder):
    """Somebody else took the store meanwhile; what comes late is refused in the step that would write it."""
    process = holder(lease_s=0.5)
    process.send_signal(signal.SIGSTOP)
    store = open_redis(server)

    def taken():
        try:
            store.lock("make")
        except StoreLockedError:
            return False
        return True

    wait_for(taken, "the lease")
    made = make(store, "a", b"one")
    process.stdin.write("\n")
    process.stdin.flush()
    process.send_signal(signal.SIGCONT)
    assert "was taken by another compmake" in process.stdout.readline()
    assert store.load_records() == {"a": made}
    store.unlock()
    store.close()


def test_a_process_that_stood_still_goes_on_if_nobody_wanted_the_store(server, holder):
    """A lease that ran out and that nobody took is as good as new."""
    process = holder(lease_s=0.2)
    process.send_signal(signal.SIGSTOP)
    client = server.client()
    wait_for(lambda: _has_run_out(client), "the end of the lease")
    process.stdin.write("\n")
    process.stdin.flush()
    process.send_signal(signal.SIGCONT)
    assert process.stdout.readline() == "written\n"


def _has_run_out(client):
    until = int(client.hget("compmake:{prog}:lease", "until"))
    seconds, micros = client.time()
    return seconds * 1000 + micros // 1000 > until


def test_of_many_that_race_one_gets_it(server):
    """However many try at the same moment, one holds the store."""
    stores = [open_redis(server) for _ in range(8)]
    barrier, got = threading.Barrier(8), []

    def race(store):
        barrier.wait()
        try:
            store.lock("make")
            got.append(store)
        except StoreLockedError:
            pass

    threads = [threading.Thread(target=race, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1
    for store in stores:
        store.close()


def test_a_lease_is_renewed(server):
    """A make that takes longer than its lease keeps the store."""
    store, other = open_redis(server, lease_s=0.3), open_redis(server)
    store.lock("make")
    client, key = server.client(), "compmake:{prog}:lease"
    first = int(client.hget(key, "until"))
    wait_for(lambda: int(client.hget(key, "until")) > first + 600, "renewals")
    with pytest.raises(StoreLockedError):
        other.lock("make")
    store.unlock()
    other.lock("make")
    other.close()
    store.close()


def test_the_old_token_of_a_flushed_server_is_no_token(server):
    """After the server forgot everything whoever takes the store is told apart from who had it before."""
    store, other = open_redis(server), open_redis(server)
    store.lock("make")
    server.client().flushall()
    other.lock("make")
    with pytest.raises(StoreError, match="taken by another"):
        make(store, "a", b"one")
    store.close()
    make(other, "b", b"two")
    other.close()
