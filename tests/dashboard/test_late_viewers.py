"""Who comes late to a large make sees at once what others saw happen, and reads little of the store."""

import threading
import time

from dashboard_scenes import T, beat, begun, end, ended, opening, story, table
from redis_servers import ThroughRedis, wait_for
from store_samples import make

from compmake.channel import Event, EventKind
from compmake.channel.redis_entry import Past, entry_fields, read_entry
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_news import Keys
from compmake.channel.table_bytes import packed_table, unpacked_table
from compmake.job import JobId
from compmake.job_table import JobTable
from compmake.recorded import recorded_arguments
from compmake.store.memory import MemoryStore
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.sorting import by_state, key_of
from compmake.ui.dashboard.board.states import State
from compmake.ui.dashboard.standing_source import WithStanding


def summed_up(events):
    """What a late viewer is told of events, the first two of them as they are."""
    past, found = Past(), list(events[:2])
    for start in range(2, len(events), 3):
        words = entry_fields(enumerate(events[start : start + 3], start + 1))
        found += past.add(read_entry(dict(zip(words[::2], words[1::2], strict=True)), 0))
    return [*found, *past.take_all()]


def known(board):
    """All that a board knows but for the order in which it came."""
    jobs, tallies = board.jobs, board.functions.all()
    attempts = {number: attempt._replace(number=0) for number, attempt in jobs.attempts.items()}
    return {
        "states": [jobs.state(number) for number in range(len(jobs))],
        "counts": jobs.counts,
        "attempts": attempts,
        "functions": [(t.name, t.done, t.running, t.left, t.failed, t.open_known, t.usual_s) for t in tallies],
        "work": [round(t.left_s(), 6) for t in tallies],
        "durations": [sorted(t.durations_s) for t in tallies],
        "workers": [(w.name, w.job_id, w.done, w.failed, w.started_at) for w in board.workers.all()],
        "view": (board.view.counts(), board.view.work_fraction(T + 80), board.view.ended),
        "timeline": [list(board.timeline.since(worker.name, 0.0)) for worker in board.workers.all()],
        "rate": board.rate.per_minute(T + 80, 80.0),
    }


def fed(events):
    board = Board()
    for event in events:
        board.feed([event], event.time - T)
    return board


def test_what_is_summed_up_is_what_happened():
    """Jobs told as one event leave the board as if each had been told, failed and running ones included."""
    events = [event for event in story() if event.kind is not EventKind.HEARTBEAT]
    told = summed_up(events)
    assert [event.kind for event in told].count(EventKind.JOBS_DONE) == 1
    assert EventKind.JOB_DONE not in {event.kind for event in told}
    assert known(fed(told)) == known(fed(events))


def test_what_happens_later_follows_from_it():
    """After the summary each event moves the same jobs as for who was there all the time."""
    events = [event for event in story() if event.kind is not EventKind.HEARTBEAT]
    late, early = fed(summed_up(events)), fed(events)
    for event in (
        ended("train-b=2-lr=0.2", 81, "w2", 22.0),
        begun("evaluate-b=2-lr=0.2", 82, "w2"),
        ended("evaluate-b=2-lr=0.2", 83, "w2", 1.0, fails=True),
        end(),
    ):
        for board in (late, early):
            board.feed([event], event.time - T)
        assert known(late) == known(early)


def test_failures_among_what_was_done_stay_in_the_timeline():
    """Short jobs share a segment with those right before them, not across a failure that was told first."""
    jobs = [(f"train-b={number // 5}-lr=0.{number % 5}", number / 8, number % 7 == 3) for number in range(60)]
    happened = [
        one
        for job_id, at, fails in jobs
        for one in (begun(job_id, at, "w1"), ended(job_id, at + 0.125, "w1", 0.125, fails=fails))
    ]
    events = [*opening(), *happened]
    late, early = fed(summed_up(events)), fed(events)
    assert list(late.timeline.since("w1", 0.0)) == list(early.timeline.since("w1", 0.0))


def test_who_comes_late_knows_what_runs_though_it_only_gives_signs_of_life():
    """These are positions without an entry: nothing else follows the start of the job for a long time."""
    jobs, through, keys = table(5), ThroughRedis(), Keys("test")
    try:
        running = begun(jobs.ids[3], 2, "w2")
        start = [Event(EventKind.RUN_STARTED, T, count=len(jobs), workers=2), Event(EventKind.JOBS, T, table=jobs)]
        for told in (start, [begun(jobs.ids[2], 1, "w1"), ended(jobs.ids[2], 2, "w1", 1.0), running]):
            through.publish(told)
        client = through.server.client()
        before = int(client.hget(keys.run, "position"))
        through.make.publish([beat(jobs.ids[3], 3)])
        wait_for(lambda: int(client.hget(keys.run, "position")) > before, "the sign of life")
        late = Follower(through.server.client, keys, sums_up=True)
        assert running in late.look(0.1).events
        late.close()
    finally:
        through.close()


def test_who_comes_late_knows_how_long_ago_things_happened():
    """Though nothing has happened since: the server's clock tells, whatever this machine's shows."""
    jobs, through = table(5), ThroughRedis()
    try:
        start = [Event(EventKind.RUN_STARTED, T, count=len(jobs), workers=1), Event(EventKind.JOBS, T, table=jobs)]
        through.publish(start)
        through.publish([begun(jobs.ids[2], 1, "w1"), ended(jobs.ids[2], 2, "w1", 1.0, fails=True), end(3)])
        told_at = time.monotonic()
        wait_for(lambda: time.monotonic() > told_at + 1, "a second to pass")
        late, board = Follower(through.server.client, Keys("test"), sums_up=True), Board()
        board.feed(late.look(0.1).events, 0.0)
        assert 1 <= board.now(0.0) - (T + 3) < 20
        late.close()
    finally:
        through.close()


def test_who_comes_late_over_a_server_knows_the_same():
    """One viewer follows from the start, one comes after 3,000 jobs: they know the same, the second in few events."""
    jobs = table(300)
    through = ThroughRedis()
    try:
        done = [
            event
            for number, job_id in enumerate(jobs.ids[11:3000])
            for event in (begun(job_id, number, f"w{number % 6 + 1}"), ended(job_id, number + 1, "w1", 1.0))
        ]
        start = [Event(EventKind.RUN_STARTED, T, count=len(jobs), workers=6), Event(EventKind.JOBS, T, table=jobs)]
        running = begun(jobs.ids[3000], 4000, "w5")
        through.publish([*start, *done, running])
        late = Follower(through.server.client, Keys("test"), sums_up=True)
        heard = []
        wait_for(lambda: heard.extend(late.look(0.1).events) or running in heard, "the newest event")
        late.close()
        assert len(heard) < 2200  # what was told with the table comes event by event
        assert known(fed(heard))["states"] == known(fed(through.read(0)[0]))["states"]
    finally:
        through.close()


def test_what_runs_is_told_though_nothing_but_beats_has_followed():
    """Long jobs give signs of life for minutes, which are no entries; who comes then sees at once that they run."""
    through, keys, start = ThroughRedis(), Keys("test"), opening()
    try:
        through.publish(start)
        through.publish([begun("train-b=3-lr=0.0", 1, "w1")])
        through.make.publish([beat("train-b=3-lr=0.0", at) for at in (2, 3)])
        with through.server.client() as client:
            wait_for(lambda: int(client.hget(keys.run, "position")) == len(start) + 3, "the beats")
        late = Follower(through.server.client, keys, sums_up=True)
        assert EventKind.JOB_STARTED in {event.kind for event in late.look().events}
        late.close()
    finally:
        through.close()


def test_the_list_is_sorted_as_by_each_job():
    """The quick way to the list by state comes to what the keys of single jobs say."""
    board = fed(story())
    entries = [entry for block in by_state(board.jobs, frozenset(State)) for entry in block]
    assert entries == sorted(key_of(board.jobs, number, "state") for number in range(len(board.jobs)))


def test_a_table_comes_as_it_was_packed():
    """Ids of any text, what is not known, and no jobs at all."""
    ids = [JobId(text) for text in ("", "é☃\n", "a b")]
    jobs = JobTable(ids, ["f", "g", "f"], [(), (0,), (0, 1)], [None, 0.5, 2.0], [3.0, -1.0, 0.0], {1}, {0, 2}, {2}, {0})
    for told in (jobs, JobTable([], [], [], [], [])):
        assert unpacked_table(packed_table(told)).to_dict() == told.to_dict()


class Quiet:
    """A source that says nothing, and why if it is `lost`."""

    lost = ""

    def read(self):
        return []

    def trouble(self):
        return self.lost

    def about(self):
        return ""

    def close(self):
        pass


def test_the_store_is_not_read_while_a_make_is_heard():
    """How the jobs stand is worked out only if no make runs, or none is heard."""
    asked, read, source = threading.Semaphore(0), threading.Event(), Quiet()

    def load():
        read.set()
        return [Event(EventKind.JOBS, 0.0, table=table(1))]

    def is_making():
        asked.release()
        return True

    both = WithStanding(source, load, lambda: 1, lambda: 0, is_making)
    try:
        assert asked.acquire(timeout=10) and asked.acquire(timeout=10)
        assert not read.is_set() and both.read() == []
        source.lost = "no make tells any news yet"
        assert read.wait(10)
        wait_for(both.read, "how the jobs stand")
    finally:
        both.close()


def test_a_record_tells_its_arguments_without_the_others():
    """What a job was called with is known from its own record."""
    store = MemoryStore()
    inputs = '{"args": {"args[0]": ["", "7"]}, "deps": {"args[1]": ["", "load"]}, "files": {}, "options": {}, '
    made = make(store, "a", b"x", inputs=inputs + '"mode": "", "call": ""}')
    assert recorded_arguments(made) == [("args[0]", "7"), ("args[1]", "<load>")]


def test_opening_is_as_before():
    """A make of which nothing was done yet has no summary."""
    assert [event.kind for event in summed_up(opening())] == [event.kind for event in opening()]
