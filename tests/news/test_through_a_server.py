"""News on their way through a real server that is killed, frozen, emptied and started again."""

import threading
import time

import pytest
from redis_servers import Server, ThroughRedis, wait_for

from compmake.channel import Event, EventKind
from compmake.channel.address import NewsAddress
from compmake.channel.memory import MemoryChannel
from compmake.channel.redis_entry import entry_fields, read_entry
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_forward import forward
from compmake.channel.redis_news import Keys, read_output
from compmake.job import Beat, Failure, Frame, JobId
from compmake.job_table import JobTable


@pytest.fixture
def through():
    through = ThroughRedis()
    yield through
    through.close()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def done(*numbers):
    return [Event(EventKind.JOB_DONE, float(n), JobId(f"job-{n}"), "f", 1.0, 5, worker="w1") for n in numbers]


def seen(through):
    """The jobs that the viewer was told of."""
    return [event.job_id for event in through.read(0)[0] if event.kind is EventKind.JOB_DONE]


def table_of(count):
    """A table of so many jobs, each needing the one before."""
    needs = [(number - 1,) if number else () for number in range(count)]
    ids = [JobId(f"job-{number}") for number in range(count)]
    return JobTable(ids, ["f"] * count, needs, [None] * count, [float(n) for n in range(count)], {0})


def test_table_of_jobs_comes_with_its_event(through):
    """Who watches gets the whole table, also when the server was emptied and when they come late."""
    table = table_of(40_000)
    told = [Event(EventKind.RUN_STARTED, 0.0, count=40_000), Event(EventKind.JOBS, 0.0, table=table), *done(1)]
    through.publish(told)
    through.server.client().flushall()
    through.publish(done(2))
    late = Follower(through.server.client, Keys("test"))
    for events in (through.read(0)[0], late.look(0.5).events):
        assert [event.kind for event in events] == [*(event.kind for event in told), EventKind.JOB_DONE]
        assert events[1].table.to_dict() == table.to_dict()


def test_event_of_a_lost_table_is_left_out(through):
    """Without what it tells of, the event is of no use: a table that the server has lost or mixed up is none."""
    through.publish([Event(EventKind.JOBS, 0.0, table=table_of(3)), *done(1)])
    through.server.client().hset(Keys("test").jobs, "0", b"x")
    late = Follower(through.server.client, Keys("test"))
    assert [event.job_id for event in late.look(0.5).events] == ["job-1"]


def notices(channel):
    return [event.text for event in channel.read(0)[0] if event.kind is EventKind.NOTICE]


def test_emptied_server_is_told_everything_again(through):
    """After FLUSHALL a viewer misses nothing and hears nothing twice, and one who comes then hears all of it."""
    through.publish(done(1, 2))
    through.server.client().flushall()
    through.publish(done(3))
    assert seen(through) == ["job-1", "job-2", "job-3"]
    late = Follower(through.server.client, Keys("test"))
    assert [event.job_id for event in late.look(0.5).events] == ["job-1", "job-2", "job-3"]


def test_restarted_server_is_told_everything_again(through):
    """A server that was killed and started empty costs no news, and both ends were told of its absence."""
    through.publish(done(1))
    through.server.kill()
    through.make.publish(done(2))
    wait_for(lambda: notices(through.make), "the notice")
    wait_for(lambda: through.follower.lost is not None, "the loss")
    through.server.start()
    wait_for(lambda: len(notices(through.make)) == 2, "the second notice")
    assert seen(through) == ["job-1", "job-2"]
    assert "get no news of this make since" in notices(through.make)[0]
    assert "again, after" in notices(through.make)[1]


def test_frozen_server_stops_nobody_and_is_told_within_two_seconds(through):
    """Publishing takes no time while the server is stopped; the make's screen hears of it soon; nothing is lost."""
    through.publish(done(1))
    through.server.freeze()
    begun_s = time.monotonic()
    through.make.publish(done(2))
    assert time.monotonic() - begun_s < 0.5
    wait_for(lambda: notices(through.make), "the notice")
    assert time.monotonic() - begun_s < 2.5
    through.server.thaw()
    wait_for(lambda: len(notices(through.make)) == 2, "the second notice")
    assert seen(through) == ["job-1", "job-2"]


def test_late_viewer_is_told_what_is_past(through):
    """Who comes late gets the run from its start, and is told how much of it is past."""
    through.publish(done(1, 2))
    late = Follower(through.server.client, Keys("test"))
    news = late.look(0.5)
    assert (len(news.events), news.past) == (2, 2)
    through.publish(done(3))
    news = late.look(0.5)
    assert ([event.job_id for event in news.events], news.past) == (["job-3"], 0)


def test_next_run_takes_the_place_of_the_last(server):
    """A viewer who stays hears of the next run; one who comes then hears nothing of the run before."""
    keys, viewer = Keys("test"), None
    for number in (1, 2):
        channel, ending = MemoryChannel(), threading.Event()
        channel.publish([Event(EventKind.RUN_STARTED, 0.0, text=f"make {number}"), *done(number)])
        ending.set()
        forward(channel, NewsAddress(server.url, "test"), ending, outputs={}, server=None)
        viewer = viewer or Follower(server.client, keys)
        assert next(event.text for event in viewer.look(0.5).events) == f"make {number}"
    assert next(event.text for event in Follower(server.client, keys).look(0.5).events) == "make 2"


def test_heartbeats_come_from_the_rows_of_workers(through):
    """A running job's newest sign of life is there for whoever asks, though it is not among the events."""
    beat = Beat("a.py:3 in f", "1/2", "said", 50.0, 1000, False)
    job = JobId("j")
    through.publish([Event(EventKind.JOB_STARTED, 1.0, job, "f", worker="w1", count=2)])
    through.make.publish([Event(EventKind.HEARTBEAT, 2.0, job, beat=beat)])
    wait_for(lambda: [event.beat for event in through.follower.beats()] == [beat], "the sign of life")
    assert through.follower.workers()[0].fields["attempt"] == "2"


def told(url):
    """What a make is told whose news go to this URL, after a moment."""
    channel, ending = MemoryChannel(), threading.Event()
    channel.publish(done(1))
    address = NewsAddress(url, "test")
    thread = threading.Thread(target=lambda: forward(channel, address, ending, outputs={}, server=None))
    thread.start()
    wait_for(lambda: notices(channel), "the notice")
    ending.set()
    thread.join(5)
    assert not thread.is_alive()
    return notices(channel)


def test_absent_server_is_told_once(tmp_path):
    """No server: one notice with the cause, and nothing else happens."""
    assert ["cannot be reached" in text for text in told(f"unix://{tmp_path}/none")] == [True]


def test_wrong_password_is_told_without_it():
    """A server that refuses the password is named, the password is not."""
    server = Server("--requirepass", "right")
    try:
        (text,) = told(f"unix://user:canary@{server.path}")
    finally:
        server.close()
    assert "refuses this user or password" in text and "canary" not in text


def test_events_for_viewers_are_short():
    """A failure travels without local variables and source, with what views group it by; other fields as they were."""
    frames = tuple(Frame(f"{n}.py", n, "f", True, ((n, "x"),), (("secret", "s"),)) for n in (1, 2))
    failed = Event(EventKind.JOB_FAILED, 1.0, JobId("é\u202e"), "f", failure=Failure("E", "m", frames))
    quick = Event(EventKind.JOB_DONE, 1.5, JobId('"a\\'), "g", 0.25, 7, worker="w2")
    begun = Event(EventKind.JOB_STARTED, 1.25, quick.job_id, "g", count=3, worker="w2")
    words = entry_fields([(1, failed), (2, begun), (3, quick)])
    fields = dict(zip(words[::2], words[1::2], strict=True))
    first, *others = read_entry(fields, 0).events()
    assert "secret" not in "".join(words) and first.failure.deepest_user_frame[:3] == ("2.py", 2, "f")
    assert (first.job_id, *others) == (failed.job_id, begun, quick)
    assert read_entry(fields, 2).events() == [quick]
    assert read_entry({"events": "no", "jobs": '{"done": [1]}'}, 0).events() == []


def test_output_of_a_running_job_is_there(server):
    """The end of what a job has printed, and how much it was, can be read by anybody."""
    from compmake.channel.address import Output

    channel, ending = MemoryChannel(), threading.Event()
    ending.set()
    channel.publish(done(1))
    outputs = {JobId("j"): Output(100, b"\xffend")}
    forward(channel, NewsAddress(server.url, "test"), ending, outputs=outputs, server=None)
    assert read_output(server.client(), Keys("test"), JobId("j")) == Output(100, b"\xffend")
