"""The end of real makes, recorded once, as it would have been foreseen; `tests/recorded_runs/record.py` makes them."""

import gzip
import json
from pathlib import Path

import pytest

from compmake.channel import Event, EventKind
from compmake.estimate import Estimator

RUNS = Path(__file__).parent / "recorded_runs"
SHARES = (0.2, 0.5, 0.8)
MOST = (0.25, 0.25, 0.30)
"""Of a single run; over many the mean is lower. What is left of the last fifth are a few jobs."""


def recorded(name):
    """Return the events of a recording; its first line tells what it is."""
    lines = gzip.decompress((RUNS / f"{name}.jsonl.gz").read_bytes()).splitlines()[1:]
    return [Event.from_dict(json.loads(line)) for line in lines]


def looks(events, shares=SHARES):
    """Return what is estimated when these shares of the run are over, and what was left indeed."""
    table = next(event.table for event in events if event.table is not None)
    start = next(event.time for event in events if event.kind is EventKind.RUN_STARTED)
    took_s = next(event.time for event in events if event.kind is EventKind.RUN_ENDED) - start
    estimator, found, at = Estimator(table), [], 0
    for share in shares:
        while events[at].time <= start + share * took_s:
            estimator.apply(events[at])
            at += 1
        found.append((estimator.estimate(start + share * took_s), (1 - share) * took_s))
    return found


@pytest.mark.parametrize("name", ["sweep", "chains", "survey"])
def test_the_end_of_a_real_make_is_foreseen(name):
    """At 20, 50 and 80 % of it, whether its functions have a past or not."""
    found = looks(recorded(name))
    errors = [abs(estimate.left_s - truth_s) / truth_s for estimate, truth_s in found]
    assert all(error <= most for error, most in zip(errors, MOST, strict=True)), errors


def test_the_ranges_of_real_makes_hold_the_truth():
    """In at least 80 % of looks, taken all along three makes."""
    shares = [at / 20 for at in range(2, 19)]
    found = [look for name in ("sweep", "chains", "survey") for look in looks(recorded(name), shares)]
    known = [(estimate, truth_s) for estimate, truth_s in found if estimate.left_s is not None and not estimate.reason]
    assert len(known) >= 0.8 * len(found)
    held = [estimate.low_s <= truth_s <= estimate.high_s for estimate, truth_s in known]
    assert sum(held) >= 0.8 * len(held)
