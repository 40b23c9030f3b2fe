"""Who can write to the server but lacks the key is refused, before anything is unpickled."""

import os
import random

import pytest
from redis_stores import open_redis
from store_samples import large, make, success, value

from compmake.errors import ResultDamagedError
from compmake.job import JobId
from compmake.store import Changes

PREFIX = "compmake:{prog}:"
FORGERIES = 400


@pytest.fixture
def store(server):
    opened = open_redis(server)
    yield opened
    opened.close()


def test_a_forged_record_is_left_out_and_told(server, store):
    """Bytes of somebody else are no record; the others are not touched, and the user reads of it."""
    made = make(store, "a", b"one")
    server.client().hset(PREFIX + "jobs", "b", server.client().hget(PREFIX + "jobs", "a"))
    server.client().hset(PREFIX + "jobs", "c", b"x" * 300)
    assert store.load_records() == {"a": made}
    assert "2 records are not signed" in store.notes[0]


@pytest.mark.parametrize("data", [b"small", large(1)])
def test_a_result_in_the_place_of_another_is_refused(server, store, data):
    """Genuine values do not count elsewhere."""
    made, other = make(store, "a", data), make(store, "b", data[::-1] + b"!" * (len(data) >= 64 * 1024))
    client = server.client()
    key = PREFIX + ("small" if len(data) < 1000 else "objects")
    client.hset(key, made.blob, client.hget(key, other.blob))
    with pytest.raises(ResultDamagedError):
        value(store, made)


def test_altered_bytes_of_an_object_are_refused(server, store):
    """A chunk that is not what was written does not come back."""
    made = make(store, "a", large(1))
    client = server.client()
    (key,) = client.scan_iter(PREFIX + "o:*")
    for forged in (large(2), large(1)[:-1], large(1) + b"x"):
        client.set(key, forged)
        with pytest.raises(ResultDamagedError):
            value(store, made)
    assert [damage.job_id for damage in store.check()] == ["a"]


def test_nothing_forged_is_accepted(server, store):
    """Whatever is flipped, cut, swapped or made up, in records or results: left out or refused."""
    random.seed(20)
    records = [make(store, f"job-{number}", b"%d" % number) for number in range(10)]
    client = server.client()
    genuine = {key: client.hgetall(PREFIX + key) for key in ("jobs", "small")}
    for _ in range(FORGERIES):
        key = random.choice(["jobs", "small"])
        name, other = random.sample(list(genuine[key]), 2)
        true = genuine[key][name]
        flipped = bytearray(true)
        flipped[random.randrange(len(true))] ^= 1 << random.randrange(8)
        made_up = os.urandom(32) + true[32:]
        forged = random.choice([bytes(flipped), true[: random.randrange(len(true))], genuine[key][other], made_up])
        client.hset(PREFIX + key, name, forged)
        if key == "jobs":
            assert JobId(name.decode()) not in store.load_records()
        else:
            owner = next(record for record in records if record.blob == name)
            with pytest.raises(ResultDamagedError):
                value(store, owner)
        client.hset(PREFIX + key, name, true)


def test_an_altered_result_is_made_again_in_its_place(server, store):
    """When the job is made again with the same result, what was altered is whole again."""
    made = make(store, "a", b"one", 1)
    server.client().hset(PREFIX + "small", made.blob, b"x" * 40)
    again = success(store.objects, "a", b"one", 2)
    store.commit(Changes(records=[again]))
    assert value(store, again[0]) == b"one"
