"""Acting on a make from another process, through a server: who may, what it answers, and what is not done twice."""

import threading

import pytest
from redis_servers import Server, wait_for

from compmake.channel import Event, EventKind
from compmake.channel.address import NewsAddress
from compmake.channel.memory import MemoryChannel
from compmake.channel.redis_forward import forward
from compmake.channel.redis_news import Keys
from compmake.channel.redis_steer import RedisSteer
from compmake.errors import StoreError
from compmake.job import JobId
from compmake.signing import KEY_BYTES, Signer

KEYS = Keys("test")


class Recorder:
    """A `Steer` that notes what is asked of it."""

    def __init__(self):
        self.asked = []

    def __getattr__(self, deed):
        def note(*about):
            self.asked.append((deed, *about))
            return f"{deed}: done"

        return note


def signing(letter):
    return lambda: Signer(letter * KEY_BYTES, "test")


class Make:
    """A make that tells its news to a server, and hears."""

    def __init__(self, server, signing):
        self.done, self._ending = Recorder(), threading.Event()
        self._channel = MemoryChannel()
        self._channel.publish([Event(EventKind.RUN_STARTED, 0.0)])
        address, how = NewsAddress(server.url, "test"), {"outputs": {}, "server": None}
        how |= {"steer": self.done, "signing": signing}
        self._thread = threading.Thread(target=lambda: forward(self._channel, address, self._ending, **how))
        self._thread.start()
        wait_for(lambda: server.client().exists(KEYS.run), "the make")

    def end(self):
        self._channel.publish([Event(EventKind.RUN_ENDED, 0.0)])
        self._ending.set()
        self._thread.join(10)


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def make(server):
    makes = []

    def begin(how=None):
        makes.append(Make(server, how))
        return makes[-1]

    yield begin
    for one in makes:
        one.end()


def steer(server, how=None):
    return RedisSteer(server.client, KEYS, how, str)


@pytest.mark.parametrize("how", [None, signing(b"k")], ids=["private", "signed"])
def test_each_deed_arrives_and_is_answered(server, make, how):
    """Pause, resume, workers, cancel, requeue and stop arrive as they were asked, and the answer comes back."""
    asked, seen = make(how), steer(server, how)
    answers = [seen.pause(), seen.resume(), seen.set_workers(3), seen.cancel([JobId("é\ud800")])]
    answers += [seen.requeue([JobId("b")]), seen.stop()]
    deeds = [("pause",), ("resume",), ("set_workers", 3), ("cancel", ["é\ud800"]), ("requeue", ["b"]), ("stop",)]
    assert asked.done.asked == deeds
    assert answers == [f"{deed[0]}: done" for deed in asked.done.asked]


def test_request_with_another_key_is_refused(server, make):
    """Whoever can write to the server but has not the key does nothing to the make."""
    asked = make(signing(b"k"))
    assert "not signed with the key" in steer(server, signing(b"x")).pause()
    assert asked.done.asked == []


def test_key_that_cannot_be_read_refuses(server, make):
    """A make without a key of its own says why it obeys nobody."""

    def broken():
        raise StoreError("the key cannot be read")

    asked = make(broken)
    assert steer(server, signing(b"k")).pause() == "Refused: the key cannot be read"
    assert asked.done.asked == []


def test_request_is_carried_out_once(server, make):
    """What somebody has read and sends once more, into this run or the next, does nothing."""
    first = make(signing(b"k"))
    steer(server, signing(b"k")).pause()
    client = server.client()
    [(_, request)] = client.xrange(KEYS.steer)
    client.xadd(KEYS.steer, request)
    assert steer(server, signing(b"k")).resume() == "resume: done"
    assert first.done.asked == [("pause",), ("resume",)]
    first.end()
    second = make(signing(b"k"))
    client.xadd(KEYS.steer, {b"run": client.hget(KEYS.run, "run"), b"request": request[b"request"]})
    assert steer(server, signing(b"k")).resume() == "resume: done"
    assert second.done.asked == [("resume",)]


def test_nonsense_harms_nobody(server, make):
    """What is no request is skipped; the next one is heeded."""
    asked, client = make(), server.client()
    run = client.hget(KEYS.run, "run")
    for request in (b"", b"\xff", b"[]", b"{}", b'{"id": 1, "do": "fly"}', b'{"id": 2, "do": "workers", "count": "x"}'):
        client.xadd(KEYS.steer, {"run": run, "request": request})
    assert steer(server).pause() == "pause: done"
    assert asked.done.asked == [("pause",)]


def test_without_a_make_nothing_is_asked(server, make):
    """Before a make and after its end the answer says that there is none."""
    assert steer(server).pause() == "No make tells its news there now."
    asked = make()
    asked.end()
    assert steer(server).pause() == "No make tells its news there now."


def test_server_that_is_away_is_told():
    """A server that cannot be reached: one line that says so."""
    server = Server()
    server.close()
    assert steer(server).pause().startswith("Not known whether it was done: ")
