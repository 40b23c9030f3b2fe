"""When a make ends, in words: rounded, with range and time of day, or the reason why nobody can tell."""

import pytest
from run_events import T, end, estimated, expect, start

from compmake.channel import Event, EventKind
from compmake.ui.expectation import eta_text, expected_text, rounded
from compmake.ui.text import Style, clock
from compmake.ui.view import View


def fold(*events):
    view = View()
    for event in events:
        view.apply(event)
    return view


def steered(**fields):
    return Event(EventKind.STEERED, T, **fields)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "<5s"), (2, "<5s"), (3, "5s"), (41, "40s"), (58, "1m"), (100, "1m30s"), (272, "4m30s"), (599, "10m")],
        *[(640, "11m"), (3500, "58m"), (5400, "1h30m"), (7600, "2h05m"), (36_000, "10h"), (100_000, "27h45m")],
        (200_000, "2d8h"),
    ],
)
def test_times_are_rounded_the_more_the_longer_they_are(seconds, text):
    """To 5 s below a minute, half a minute below ten, a minute, five minutes, and hours: no digit that flickers."""
    assert rounded(seconds) == text


def test_the_range_stands_in_the_unit_of_the_number():
    """Seconds, minutes, or both in full where it takes hours; ranges that say nothing more are left out."""
    assert expected_text(expect(40, 31, 52)) == "~40s (30–55)"
    assert expected_text(expect(240, 170, 350)) == "~4m (2–6)"
    assert expected_text(expect(7500, 6000, 9000)) == "~2h05m (1h40m–2h30m)"
    assert expected_text(expect(7500, 7490, 7510)) == "~2h05m"


@pytest.mark.parametrize(
    ("ends_s", "text"),
    [((100, 41, 160), "1m30s (40s–2m30s)"), ((41, 12, 75), "40s (10–75)"), ((41, 12, 4000), "40s (10s–67m)")],
)
def test_a_wide_range_stands_in_full(ends_s, text):
    """Not as 0 minutes, nor as thousands of seconds."""
    assert expected_text(expect(*ends_s), about="") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.5, "ETA – (no history)"), (2.9, "ETA ≥2s"), (58, "ETA ≥55s"), (119, "ETA ≥1m30s"), (7600, "ETA ≥2h05m")],
)
def test_a_lower_bound_is_never_rounded_up(seconds, text):
    """It holds as it is shown; it has no range and no time of day, and next to nothing is none."""
    view = fold(start(9), estimated(seconds, low_s=seconds, high_s=9 * seconds, reason="at least"))
    assert eta_text(view, T) == text
    assert expected_text(view.expected) == text.replace("ETA ≥", "at least ") * ("≥" in text)


def test_the_end_is_told_with_range_and_time_of_day():
    """On wide screens; briefly where there is little room; in ASCII where nothing else can be shown."""
    view = fold(start(9), estimated(240, low_s=170, high_s=350))
    at = clock(T + 240)[:5]
    assert eta_text(view, T) == f"ETA 4m (2–6) ≈{at}"
    assert eta_text(view, T, brief=True) == "ETA 4m"
    assert eta_text(view, T, Style(ascii=True)) == f"ETA 4m (2-6) ~{at}"


def test_time_goes_by_between_two_estimates():
    """What is left becomes less, down to nothing."""
    view = fold(start(9), estimated(240))
    assert [view.left_s(T + at) for at in (0, 100, 1000)] == [240, 140, 0]


def test_no_number_where_there_is_none():
    """It is paused, nobody works, nothing of the past is known, or only the least that it takes."""
    assert eta_text(fold(start(9)), T) == ""
    assert eta_text(fold(start(9), estimated(240), steered(workers=2, text="paused")), T) == "ETA – (paused)"
    assert eta_text(fold(start(9), estimated(None, low_s=0, high_s=0, reason="no workers")), T) == "ETA – (no workers)"
    assert eta_text(fold(start(9), estimated(180, reason="at least")), T, brief=True) == "ETA ≥3m"
    assert fold(start(9), estimated(180, reason="at least")).left_s(T) is None
    assert eta_text(fold(start(9), estimated(240), end()), T) == ""


def test_what_was_expected_at_the_start_stays():
    """It came with the start, or is the first that was estimated, counted from the start."""
    assert fold(start(9, estimate=expect(100)), estimated(300, 10)).expected.left_s == 100
    assert fold(start(9), estimated(300, 10), estimated(50, 20)).expected.left_s == 310
