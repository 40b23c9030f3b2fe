"""What sources of news promise to those who come late, and when a server is away."""

import re

import pytest
from redis_servers import ThroughRedis, wait_for

from compmake.channel import Event, EventKind
from compmake.channel.address import NewsAddress
from compmake.channel.memory import KEPT_EVENTS, MemoryChannel
from compmake.channel.redis_source import RedisSource
from compmake.channel.source import MemorySource
from compmake.job import JobId
from compmake.job_table import JobTable

TABLE = JobTable([JobId("a"), JobId("b")], ["f", "f"], [(), (0,)], [1.5, None], [2.0, 1.0], frozenset({0}))


def of(kind, time=0.0, **fields):
    return Event(kind, time, **fields)


def test_a_late_reader_hears_how_it_began_however_much_followed():
    """Start, table of jobs and ends of jobs stay when the signs of life that came after them are dropped."""
    channel = MemoryChannel()
    begun = [of(EventKind.RUN_STARTED), of(EventKind.JOBS, table=TABLE), of(EventKind.JOB_DONE, job_id=JobId("a"))]
    channel.publish(begun)
    channel.publish([of(EventKind.HEARTBEAT, number) for number in range(KEPT_EVENTS + 10)])
    source = MemorySource(channel)
    assert source.read()[:3] == begun
    channel.publish([of(EventKind.RUN_ENDED)])
    assert [event.kind for event in source.read()] == [EventKind.RUN_ENDED]


def test_a_late_reader_hears_of_the_newest_make_only():
    """The start of a make that has been dropped makes room for that of the next."""
    channel = MemoryChannel()
    for make in range(3):
        channel.publish([of(EventKind.RUN_STARTED, make)])
        channel.publish([of(EventKind.HEARTBEAT, make)] * KEPT_EVENTS)
    starts = [event.time for event in MemorySource(channel).read() if event.kind is EventKind.RUN_STARTED]
    assert starts == [2]


@pytest.fixture
def through():
    through = ThroughRedis()
    yield through
    through.close()


@pytest.fixture
def source(through):
    source = RedisSource(lambda: NewsAddress(through.server.url, "test"))
    yield source
    source.close()


class Heard:
    """All that a source has brought."""

    def __init__(self, source):
        self._source, self._events = source, []

    def kinds(self):
        self._events += self._source.read()
        return [event.kind for event in self._events]


def test_a_server_that_was_not_asked_yet_is_not_lost(source):
    """What a dashboard says in its first moment is not that something went wrong."""
    assert "lost" not in source.about()


def test_a_source_on_a_server_brings_table_and_signs_of_life(through, source):
    """Who watches from elsewhere has the same as who watches from within."""
    job = JobId("a")
    told = [of(EventKind.RUN_STARTED), of(EventKind.JOBS, table=TABLE), of(EventKind.JOB_STARTED, 1.0, job_id=job)]
    through.publish(told)
    heard = Heard(source)
    wait_for(lambda: EventKind.HEARTBEAT in heard.kinds(), "a sign of life")
    wait_for(lambda: EventKind.JOB_STARTED in heard.kinds(), "the events")
    others = {EventKind.HEARTBEAT, EventKind.READY}  # the second tells the time
    assert [kind for kind in heard.kinds() if kind not in others] == [event.kind for event in told]
    assert source.trouble() == "" and re.fullmatch(r"redis \S+ ok \d+ ms", source.about())


def test_a_lost_server_is_told_and_comes_back(through, source):
    """Reading takes no time while the server is away, the trouble names it, and nothing is missed."""
    through.publish([of(EventKind.RUN_STARTED)])
    heard = Heard(source)
    wait_for(lambda: EventKind.RUN_STARTED in heard.kinds(), "the start")
    through.server.kill()
    assert "no news since" in wait_for(source.trouble, "the trouble")
    assert source.about() == f"redis {through.server.url.partition('://')[2]} lost"
    through.server.start()
    through.publish([of(EventKind.JOB_DONE)])
    wait_for(lambda: EventKind.JOB_DONE in heard.kinds(), "what came later")
    assert heard.kinds().count(EventKind.RUN_STARTED) == 1
    assert wait_for(lambda: not source.trouble(), "the end of the trouble")


def test_a_make_that_has_ended_is_no_trouble(through, source):
    """After its end nobody expects news."""
    through.publish([of(EventKind.RUN_STARTED), of(EventKind.RUN_ENDED)])
    heard = Heard(source)
    wait_for(lambda: EventKind.RUN_ENDED in heard.kinds(), "the end")
    assert source.trouble() == ""


def test_news_that_moved_to_another_server_are_found(through):
    """The next make of the store has a server of its own; whoever stays hears of it."""
    places = [None, NewsAddress("unix:///nowhere/redis", "test"), NewsAddress(through.server.url, "test")]
    source = RedisSource(lambda: places.pop(0) if len(places) > 1 else places[0])
    assert source.trouble() == "no make tells any news yet" and source.about() == "redis: none yet"
    through.publish([of(EventKind.RUN_STARTED)])
    heard = Heard(source)
    wait_for(lambda: EventKind.RUN_STARTED in heard.kinds(), "the start")
    source.close()
