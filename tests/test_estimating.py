"""The thread that tells when a make will end, on a channel and in real makes."""

import json
import threading
import time

import pytest

from compmake.channel import Event, EventKind
from compmake.channel.memory import MemoryChannel
from compmake.estimating import Estimating
from compmake.job import JobId
from compmake.job_table import JobTable


class Listener:
    """Hears the estimates of a channel."""

    def __init__(self):
        self.channel = MemoryChannel()
        self.heard = []
        self._changed = threading.Condition()
        self.channel.subscribe(self._receive)

    def _receive(self, events):
        with self._changed:
            self.heard += [event.estimate for event in events if event.kind is EventKind.ESTIMATE]
            self._changed.notify_all()

    def wait_for(self, condition):
        with self._changed:
            assert self._changed.wait_for(lambda: self.heard and condition(self.heard[-1]), 20), self.heard


def begin(channel, count, workers=1, usual_s=10.0):
    ids = [JobId(f"j{number}") for number in range(count)]
    table = JobTable(ids, ["f"] * count, [()] * count, [usual_s] * count, [0.0] * count)
    now = time.time()
    channel.publish(
        [Event(EventKind.RUN_STARTED, now, count=count, workers=workers), Event(EventKind.JOBS, now, table=table)]
    )


def test_a_make_is_estimated_again_and_again():
    """First soon after the start, then whenever the end moves."""
    listener = Listener()
    begin(listener.channel, 10)
    with Estimating(listener.channel, delay_s=0.05) as estimating:
        listener.wait_for(lambda found: 80 < found.left_s < 125)
        listener.channel.publish([Event(EventKind.STEERED, time.time(), workers=5)])
        listener.wait_for(lambda found: 15 < found.left_s < 30)
        listener.channel.publish([Event(EventKind.STEERED, time.time(), workers=5, text="paused")])
        listener.wait_for(lambda found: found.reason == "paused")
    assert estimating.steered == "other workers, paused"
    assert {found.reason for found in estimating.made()} == {"paused"}  # what was expected before need not come true


def test_an_end_that_stays_is_told_once():
    """A number that changes for no reason is not believed."""
    listener = Listener()
    begin(listener.channel, 100)
    with Estimating(listener.channel, delay_s=0.01) as estimating:
        deadline = time.monotonic() + 20
        while len(estimating.made()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    assert len(estimating.made()) == 2 and len(listener.heard) == 1


def test_a_make_that_ends_at_once_is_not_estimated():
    """Within the first second nothing is done for it."""
    listener = Listener()
    begin(listener.channel, 10)
    with Estimating(listener.channel) as estimating:
        pass
    assert not estimating.made() and not listener.heard


@pytest.mark.parametrize("count", [1_000, 20_001])
def test_estimates_leave_the_core_to_others(count):
    """After an estimate the thread rests a hundred times as long as it worked, and two seconds at least."""
    listener = Listener()
    begin(listener.channel, count)
    with Estimating(listener.channel, delay_s=0.01) as estimating:
        listener.wait_for(lambda found: found.left_s > 0)
        deadline = time.monotonic() + 20
        while estimating.rest_s == 0 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert estimating.rest_s >= 2.0 and estimating.rest_s >= 99 * estimating.cost_s


TELLING = """
import time
from compmake import comp, progress
def fit():
    for epoch in progress(range(30), "epoch"):
        time.sleep(0.1)
comp(fit)
"""


def test_a_job_that_tells_how_far_it_is_gives_a_first_make_its_end(space):
    """Nothing is known of the function; what the job says on its way to the driver is enough."""
    space.write("prog.py", TELLING)
    done = space.run("prog", "--ui", "json", "make", "-j", "1")
    events = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    told = [event["estimate"] for event in events if "estimate" in event]
    known = [one for one in told if one["left_s"] is not None and not one["reason"]]
    truth_s = events[-1]["time"] - known[0]["made_at"]
    assert known[0]["low_s"] < truth_s < known[0]["high_s"]


PROGRAM = """
import time
from compmake import comp
def nap(n):
    time.sleep(0.5)
for n in range(8):
    comp(nap, n)
"""


def test_a_real_make_tells_when_it_ends(space):
    """The first one as soon as a job was done, the next from its start; what comes true is within the range."""
    space.write("prog.py", PROGRAM)
    runs = []
    for words in (["make", "-j", "2"], ["-y", "remake", "all", "-j", "2"]):
        done = space.run("prog", "--ui", "json", *words)
        events = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
        runs.append((events, [event["estimate"] for event in events if "estimate" in event]))
    (_, told), (second, expected) = runs
    assert told[0]["reason"] == "no history" and any(estimate["left_s"] for estimate in told[1:])
    took_s = second[-1]["time"] - second[0]["time"]
    assert expected[0]["low_s"] * 0.8 < took_s < expected[0]["high_s"] * 1.5 and second[0]["expected_s"] > 1.5
