"""The log of a make for other programs."""

import io
import json

from run_events import T, beat, begin, failed, hostile_run, start

from compmake.channel import Event, FunctionNews
from compmake.ui.json_log import JsonLog


def log(*events):
    stream = io.StringIO()
    front = JsonLog(stream)
    for event in events:
        front.feed([event], T)
        front.tick(T + 100)
    front.tell(lambda _: ["for people"], T)
    front.close()
    return stream.getvalue()


def test_each_event_is_one_object_and_nothing_else_is_written():
    """Whatever jobs say, each line is one JSON object in ASCII with event and time, from which the event comes back."""
    events = [start(3, functions=(FunctionNews("f", 3, 2.5),)), *hostile_run()]
    text = log(*events)
    objects = [json.loads(line) for line in text.splitlines()]
    assert text.isascii() and [Event.from_dict(each) for each in objects] == events
    assert all({"event", "time"} <= each.keys() for each in objects)


def test_events_about_a_job_name_it_and_its_failure():
    """A failure is an object, as is a sign of life, so that programs need not parse text."""
    _, running, broken = map(json.loads, log(begin("a"), beat("a", progress="1/2"), failed("a")).splitlines())
    assert running["job"] == broken["job"] == "a" and running["beat"]["progress"] == "1/2"
    assert (broken["function"], broken["failure"]["type"], broken["failure"]["message"]) == (
        "train",
        "ValueError",
        "x is NaN",
    )
