"""A process killed between any two steps of a write leaves the store as it was before or after it, and no garbage."""

import os
import signal
import sys

import pytest
from redis_servers import wait_for
from redis_stores import open_redis
from store_samples import large, make, success, value

from compmake.job import JobId
from compmake.store import Changes, Run
from compmake.store.redis import RedisStore

WRITES = 8
"""More round trips than any write here makes."""


def write(store: RedisStore) -> None:
    """Supersede, claim, forget and end a run: every kind of write."""
    store.lock("make")
    run_id = store.begin_run("make", 1.0)
    newest = store.load_records()
    store.commit(
        Changes(
            records=[success(store.objects, "a", large(2), 2)],
            claims=[(newest[JobId("b")], newest[JobId("b")]._replace(job_id=JobId("c")))],
        )
    )
    store.end_run(Run(run_id, "make", 1.0, 2.0, ended="finished"))
    store.forget([JobId("c")])
    store.unlock()


def killed_after(server, steps: int) -> bool:
    """Write in another process, which is killed after so many round trips; tell whether it had not ended by then."""
    pid = os.fork()
    if pid == 0:
        try:
            store = open_redis(server)
            link, real, left = store._database.link, store._database.link.call, [steps]

            def call(action):
                if not left[0]:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return real(action)

            link.call = call
            write(store)
        except BaseException as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_client_killed_between_two_steps_leaves_a_whole_store(server):
    """Wherever it is killed: every record has its result, nothing is damaged, and gc leaves only what is named."""
    steps, going = 0, True
    while going:
        server.client().flushall()
        store = open_redis(server, keep=0)
        make(store, "a", large(1), 1)
        make(store, "b", b"b", 1)
        going = killed_after(server, steps)
        records = store.load_records()
        assert store.check() == [] and store.find_damaged(records.values()) == {}
        assert value(store, records[JobId("a")]) in (large(1), large(2))
        assert len({"b", "c"} & set(records)) <= 1
        store.collect_garbage(["a", "b", "c"])
        assert store.objects.unfinished() == {} and len(store.objects.stored()) == 1
        assert len(list(server.client().scan_iter("*:o:*"))) == 1
        store.close()
        steps += 1
    assert steps > WRITES


def test_a_worker_killed_while_it_writes_leaves_garbage_that_is_found(server):
    """The chunks of an object that was never finished are no object, and gc finds them without looking at all keys."""
    pid = os.fork()
    if pid == 0:
        open_redis(server).objects.write([bytes(200_000_000)])
        os._exit(0)
    client = server.client()
    wait_for(lambda: list(client.scan_iter("*:o:*", count=1000)), "chunks")
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    store = open_redis(server)
    assert len(store.objects.unfinished()) == 1 and store.objects.stored() == {}
    store.collect_garbage([])
    assert not list(client.scan_iter("*:o:*"))
    store.close()
