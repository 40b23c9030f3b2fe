"""What sources of news promise to those who come late."""

from compmake.channel import Event, EventKind
from compmake.channel.memory import KEPT_EVENTS, MemoryChannel
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
