"""A server that is away, refuses, forgets or stands still: a clear line, or the work goes on; never a wrong result."""

import threading
import time

import pytest
from redis_servers import Server, wait_for
from redis_stores import KEY, open_redis
from store_samples import large, make, success, value

from compmake.errors import ResultMissingError, ServerError, StoreError, UserError
from compmake.job import JobId
from compmake.redis_link import Link, shown
from compmake.store import Changes
from compmake.store.redis import RedisStore


def error_of(url, **options):
    """Return what opening says, which must be one line."""
    with pytest.raises((StoreError, UserError)) as caught:
        RedisStore.open(url, "prog", KEY, **options)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_absent_server_is_told_at_once(server):
    """Nothing is waited for when the server was never there."""
    server.kill()
    began = time.monotonic()
    assert "cannot be reached" in error_of(server.url)
    assert time.monotonic() - began < 2.0


def test_a_wrong_password_is_told(tmp_path):
    """The error says that the password is refused, and does not show it."""
    server = Server("--requirepass", "right")
    try:
        text = error_of(f"unix://:canary@{server.path}")
        assert "refuses this user or password" in text and "canary" not in text
        assert "refuses this user or password" in error_of(server.url)
        RedisStore.open(f"unix://:right@{server.path}", "prog", KEY).close()
    finally:
        server.close()


def test_a_user_with_too_few_rights_is_told(server):
    """A user who may only read is told so, also where it was a script that may not write."""
    server.client().execute_command("ACL", "SETUSER", "reader", "on", ">canary", "~*", "+@read", "+@scripting", "+info")
    text = error_of(f"unix://reader:canary@{server.path}")
    assert "the user of this URL may not do that" in text and "canary" not in text


def test_passwords_are_not_shown():
    """The name of a server has neither user nor password nor options."""
    assert "pa" not in shown("redis://:pa?s@s/word#@host") and "pa" not in shown("unix://:pa#x@/tmp/s")
    for url in ("redis://u:canary@host:1/2#s", "redis://:canary@host:1/2#s", "redis://host:1/2?password=canary#s"):
        assert shown(url) == "redis://host:1/2#s"


def test_refused_tls_is_told(tcp_server):
    """A server without TLS does not answer, and the error says what may be the matter."""
    assert "Use redis:// if it has no TLS" in error_of(f"rediss://127.0.0.1:{tcp_server}/0")


@pytest.fixture
def tcp_server():
    """The port of a server on TCP."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Server("--port", str(port), "--bind", "127.0.0.1")
    yield port
    server.close()


def test_a_store_over_tcp(tcp_server):
    """The same store, over the network."""
    store = RedisStore.open(f"redis://127.0.0.1:{tcp_server}/3", "prog", KEY)
    made = make(store, "a", large(1))
    assert value(store, made) == large(1)
    store.close()


def test_something_that_is_no_redis_is_told(tmp_path):
    """A socket behind which something else answers."""
    import socket

    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def answer():
            link, _ = listener.accept()
            with link:
                link.recv(100)
                link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        assert "does not speak the protocol of Redis" in error_of(f"unix://{path}")


def test_a_password_that_breaks_the_url_is_not_shown():
    """Characters that should have been quoted make the URL useless; the error does not repeat what stands there."""
    for url in ("redis://:can#ary@host", "redis://:can/ary@host", "redis://:can?ary@host"):
        with pytest.raises(UserError) as caught:
            Link(url)
        assert "can" not in str(caught.value).replace("cannot", "") and "ary" not in str(caught.value)


@pytest.mark.parametrize("url", ["redis://host:port/0", "unix:///x?nonsense=1", "redis://host?socket_timeout=x"])
def test_a_url_that_cannot_be_used_is_a_user_error(url):
    """The URL is refused before anything is connected."""
    with pytest.raises(UserError, match="cannot be used"):
        Link(url)


def test_a_replica_is_read_only(server):
    """A store on a replica can be read; writing says why not."""
    store = open_redis(server)
    made = make(store, "a", large(1))
    server.client().config_set("replica-serve-stale-data", "yes")
    server.client().replicaof("127.0.0.1", 1)
    replica = open_redis(server)
    assert replica.read_only and value(replica, made) == large(1)
    with pytest.raises(StoreError, match="read-only"):
        make(replica, "b", b"b")
    with pytest.raises(ServerError, match="read-only replica"):
        make(store, "b", b"b")
    replica.close()
    store.close()


def test_out_of_memory_writes_nothing(server):
    """A full server refuses a commit as a whole; what was there stays, and nothing half-written is left."""
    store = open_redis(server)
    made = make(store, "a", b"one")
    server.client().config_set("maxmemory", "1mb")
    with pytest.raises(StoreError, match="out of memory"):
        make(store, "b", b"two")
    with pytest.raises(StoreError, match="out of memory"):
        store.objects.write([bytes(5_000_000)])
    server.client().config_set("maxmemory", "0")
    assert store.load_records() == {"a": made}
    assert store.objects.unfinished() == {} == store.objects.stored()
    assert not list(server.client().scan_iter("*:o:*"))
    store.close()


def test_an_evicting_server_is_refused(server):
    """Unless the user says that it is only a cache."""
    server.client().config_set("maxmemory-policy", "allkeys-lru")
    assert "--cache-only" in error_of(server.url)
    told = []
    RedisStore.open(server.url, "prog", KEY, cache_only=True, tell=told.append).close()
    assert "drops results" in told[0]


def test_what_a_restart_would_lose_is_told_in_one_line(server):
    """Without persistence all, with snapshots what came after the last, with a log of all writes nothing."""

    def told():
        heard = []
        RedisStore.open(server.url, "prog", KEY, tell=heard.append).close()
        return heard

    assert len(told()) == 1 and "loses all results" in told()[0]
    server.client().config_set("save", "3600 1")
    assert "since it last saved" in told()[0]
    server.client().config_set("appendonly", "yes")
    assert told() == []


def test_a_server_that_forgot_has_no_records(server):
    """Values that the server lost are jobs that were not made."""
    store = open_redis(server)
    made = make(store, "a", large(1))
    server.client().flushall()
    assert store.load_records() == {}
    assert store.find_damaged([made]) == {"a": store.find_damaged([made])["a"]}
    with pytest.raises(ResultMissingError):
        store.objects.read(store.blob(made))
    store.close()


@pytest.mark.parametrize("lost", ["small", "objects", "o:*", "jobs"])
def test_a_key_that_was_evicted_is_a_result_not_made(server, lost):
    """Whichever key a server drops, no result that is gone counts as there."""
    store = open_redis(server)
    records = [make(store, "s", b"small"), make(store, "l", large(1))]
    client = server.client()
    for key in list(client.scan_iter(f"compmake:{{prog}}:{lost}")):
        client.delete(key)
    newest = store.load_records()
    damaged = store.find_damaged(newest.values())
    gone = {"small": {"s"}, "objects": {"l"}, "o:*": {"l"}, "jobs": {"s", "l"}}[lost]
    assert {r.job_id for r in records if r.job_id not in newest or r.job_id in damaged} == gone
    store.close()


def test_a_make_stops_when_the_server_lost_its_data(server):
    """Whoever holds the store and finds it empty writes nothing more."""
    store = open_redis(server)
    store.lock("make")
    server.client().flushall()
    with pytest.raises(StoreError, match="lost its data"):
        make(store, "a", b"one")
    assert store.load_records() == {}
    store.close()


def test_a_server_that_restarts_is_waited_for(server):
    """What is written while it is away is written when it is back, once."""
    store = open_redis(server, tell=None)
    server.kill()
    threading.Timer(0.5, server.start).start()
    store.commit(Changes(parts={}, records=[success_of("a")]))
    assert set(store.load_records()) == {"a"}
    store.close()


def success_of(job_id):
    from compmake.store.memory import MemoryObjects

    return success(MemoryObjects(), job_id, b"x")


def test_a_server_that_stays_away_is_an_error_in_the_end(server):
    """Waiting has an end, with one clear line."""
    store = open_redis(server, patience_s=0.5)
    server.kill()
    with pytest.raises(StoreError, match="cannot be reached"):
        make(store, "a", b"one")
    store.close()


def test_a_frozen_server_is_told_and_waited_for(server):
    """After two seconds somebody says so; when it goes on, so does the work."""
    told = []
    store = open_redis(server, tell=told.append)
    told.clear()
    server.freeze()
    began = time.monotonic()
    thread = threading.Thread(target=lambda: wait_for(lambda: told, "a word") and server.thaw())
    thread.start()
    made = make(store, "a", b"one")
    thread.join()
    assert "has not answered" in told[0] and time.monotonic() - began < 4.0
    wait_for(lambda: len(told) > 1, "the word that it is back")
    assert "answers again" in told[1]
    assert store.load_records() == {"a": made}
    store.close()


def test_a_lost_answer_does_not_write_twice(server):
    """A write that was carried out, and whose answer was lost, is not carried out again."""
    store = open_redis(server)
    link = store._database.link
    real = link.call

    def lossy(action):
        real(action)
        return real(action)

    link.call = lossy
    made = make(store, "a", b"one", 1)
    make(store, "a", b"two", 2)
    link.call = real
    assert store.load_superseded() == {"a": [made]}
    assert len(store.attempts()) == 2
    store.close()


def test_several_stores_in_one_database(server):
    """Two programs on one server see nothing of each other."""
    one, two = open_redis(server, "one"), open_redis(server, "two")
    make(one, "a", b"1")
    make(two, "a", b"2")
    one.forget([JobId("a")])
    one.collect_garbage([])
    assert one.load_records() == {} and set(two.load_records()) == {"a"}
    one.close()
    two.close()


def test_another_key_is_refused(server):
    """Whoever has another key neither reads nor writes over what is there."""
    store = open_redis(server)
    make(store, "a", b"one")
    with pytest.raises(StoreError, match="another key"):
        open_redis(server, key=bytes(32))
    store.close()


@pytest.mark.soak
def test_a_result_of_600_mb(server):
    """More than Redis takes in one value comes back whole."""
    store = open_redis(server)
    data = bytes(range(256)) * (600 * 4096)
    made, blob = success(store.objects, "a", data)
    store.commit(Changes(records=[(made, blob)]))
    assert store.objects.read(store.blob(made)) == data
    store.close()
