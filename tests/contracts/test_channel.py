"""What every Channel promises."""

import json
import threading

import pytest
from redis_servers import ThroughRedis

from compmake.channel import Event, EventKind, FunctionNews
from compmake.channel.memory import KEPT_EVENTS, MemoryChannel
from compmake.job import Beat, Failure, Frame, JobId


@pytest.fixture(params=["in this process", "through a server"])
def channel(request):
    if request.param == "in this process":
        yield MemoryChannel()
        return
    through = ThroughRedis()
    yield through
    through.close()


def events(*times):
    return [Event(EventKind.JOB_DONE, time, JobId(f"job-{time}")) for time in times]


def test_read_returns_all_in_order(channel):
    """A late reader gets everything that is kept, in the order in which it was published."""
    channel.publish(events(1, 2))
    channel.publish(events(3))
    assert channel.read(0)[0] == events(1, 2, 3)


def test_reading_goes_on_where_it_stopped(channel):
    """The position a read returns gives only newer events."""
    channel.publish(events(1))
    _, position = channel.read(0)
    assert channel.read(position) == ([], position)
    channel.publish(events(2))
    assert channel.read(position)[0] == events(2)


def test_old_events_are_dropped(channel):
    """The channel is capped; a reader that was too slow goes on with the oldest that is left."""
    channel.publish(events(*range(KEPT_EVENTS)))
    channel.publish(events(-1, -2))
    kept, position = channel.read(1)
    assert len(kept) == KEPT_EVENTS and kept[0] == events(2)[0] and kept[-1] == events(-2)[0]
    assert channel.read(position)[0] == []


def test_subscriber_hears_from_now_on(channel):
    """A subscriber gets what is published after it came and before it left."""
    heard = []
    channel.publish(events(1))
    leave = channel.subscribe(heard.extend)
    channel.publish(events(2))
    leave()
    leave()
    channel.publish(events(3))
    assert heard == events(2)


def test_failing_subscriber_harms_nobody(channel):
    """A subscriber that raises is dropped; publishing goes on and the others hear everything."""
    heard, calls = [], []

    def broken(_):
        calls.append(1)
        raise RuntimeError

    channel.subscribe(broken)
    channel.subscribe(heard.extend)
    channel.publish(events(1))
    channel.publish(events(2))
    assert heard == events(1, 2) and len(calls) == 1


def test_threads_may_publish_at_once(channel):
    """Nothing is lost or doubled when threads publish, and a subscriber sees the order that readers see."""
    heard = []
    channel.subscribe(heard.extend)
    threads = [threading.Thread(target=lambda: [channel.publish(events(1, 2)) for _ in range(200)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert channel.read(0)[0] == heard and len(heard) == 1600


def test_event_survives_json():
    """An event comes back from JSON as it was, with all fields and with none."""
    failure = Failure("ValueError", "x\x1b", (Frame("a.py", 3, "f", True, ((3, "raise"),)),), ("note",))
    beat = Beat("m.py:3 in f", "1/2", "said\x1b", 99.5, 1 << 30, True)
    functions = (FunctionNews("f", 3, 1.5), FunctionNews("g", 1))
    told = (EventKind.JOB_FAILED, 1.5, JobId("é \ud800"), "f", 2.0, 10, 3, "text", 4, 5.0, failure)
    for event in (Event(*told, "w3", beat, functions), Event(EventKind.RUN_ENDED, 0.0)):
        assert Event.from_dict(json.loads(json.dumps(event.to_dict()))) == event


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"event": "x", "time": 1},
        {"event": "job-done", "time": None},
        {"event": [], "time": 1},
        {"event": "planned", "time": 1, "beat": [1]},
        {"event": "planned", "time": 1, "functions": [{"name": "f"}]},
    ],
)
def test_what_is_no_event_is_refused(data):
    """Anything else is a ValueError."""
    with pytest.raises(ValueError):
        Event.from_dict(data)
