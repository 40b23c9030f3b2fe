"""The line of batch mode that redraws itself, as a terminal shows it, and the ticker that keeps it alive."""

import io
import re
import threading

import pyte
import pytest
from run_events import T, beat, begin, done, end, expect, failed, hostile_run, notice, retried, start

from compmake.channel import Event, EventKind
from compmake.ui.frontend import Ticker
from compmake.ui.live import LiveLine
from compmake.ui.text import Style, clock


class Stream(io.StringIO):
    """A stream that counts how often it was written to."""

    writes = 0

    def write(self, text):
        self.writes += 1
        return super().write(text)


class Screen:
    """A live line in a terminal of many lines."""

    def __init__(self, width=80, style=None, **options):
        self.stream, self.width = Stream(), width
        self.front = LiveLine(self.stream, style=style or Style(ascii=True), width=lambda: width, **options)

    def feed(self, *events, at=0.0):
        self.front.feed(events, T + at)
        return self

    @property
    def writes(self):
        return self.stream.writes

    @property
    def lines(self):
        """What the terminal shows, without the empty lines at its end."""
        screen = pyte.Screen(max(self.width, 2), 100)
        pyte.Stream(screen).feed(self.stream.getvalue())
        return "\n".join(line.rstrip() for line in screen.display).rstrip("\n").split("\n")


def test_live_line_shows_counts_and_what_runs():
    """The line has done of total, failures, elapsed time, the expected end, and the running job with its progress."""
    screen = Screen(width=120).feed(start(estimate=expect(360)), Event(EventKind.UP_TO_DATE, T, count=60))
    screen.feed(begin("train-b=9"))
    screen.feed(failed("x"), beat("train-b=9", 31, progress="epoch 3/40"), at=1)
    screen.front.tick(T + 31)
    eta = f"ETA 5m30s (3-9) ~{clock(T + 360)[:5]}"
    assert screen.lines[-1] == f"60/191 done ###-------  1 failed  31s  {eta}  [>] train-b=9 (31s, epoch 3/40)"


def eight_workers(width, **options):
    """Return a screen of eight workers at 31 s, and its line."""
    jobs = [f"train-b={n}-lr=0.1" for n in range(8)]
    events = [start(estimate=expect(360), workers=8), Event(EventKind.UP_TO_DATE, T, count=60)]
    screen = Screen(width, **options).feed(*events, *[begin(job, n, f"w{n}") for n, job in enumerate(jobs)])
    screen.feed(*[beat(job, 31, last_line=f"loss 0.{n}", place="m.py:61 in train") for n, job in enumerate(jobs)])
    screen.front.tick(T + 31)
    return screen, screen.lines[-1]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (160, "60/191 done ###-------  31s  ETA 5m30s (3-9) ~CLOCK  [>] train-b=0-lr=0.1 (31s, loss 0.0), "
              "train-b=1-lr=0.1 (30s, loss 0.1) +6 more"),
        (80, "60/191 done ###-------  31s  ETA 5m30s  [>] train-b=0-lr=0.1 (31s) +7 more"),
        (60, "60/191 done  31s  ETA 5m30s  [>] train-b=0... (31s) +7 more"),
        (40, "60/191 done  ETA 5m30s  [>] 8 running"),
        (20, "60/191 done  31s..."),
    ],
)  # fmt: skip
def test_live_line_shows_as_much_as_there_is_room_for(width, line):
    """First the counts and the time, then the longest-running job and how many more, then the bar, then other jobs."""
    assert eight_workers(width)[1] == line.replace("CLOCK", clock(T + 360)[:5])


def test_live_line_tells_silent_and_frozen_jobs():
    """No sign of life for 12 s is said before what the last one said; so is a stopped process."""
    screen = Screen(width=120).feed(start(), begin("a"), begin("b", 1))
    screen.feed(beat("a", 19, progress="epoch 3/40"), beat("b", 30, frozen=True))
    screen.front.tick(T + 31)
    assert screen.lines[-1].endswith("[>] a (31s, silent 12s, epoch 3/40), b (30s, frozen)")


def test_live_line_survives_a_resize():
    """The next drawing has the width that the terminal has then, and nothing is left of the one before."""
    screen = pyte.Screen(100, 10)
    stream, terminal = io.StringIO(), pyte.Stream(screen)
    front = LiveLine(stream, style=Style(ascii=True), width=lambda: screen.columns)
    front.feed([start(), begin("train-b=9-lr=0.1"), beat("train-b=9-lr=0.1", progress="epoch " * 20)], T)
    for width in (100, 30, 200, 2):
        screen.resize(10, width)
        front.tick(T + width * 10)
        terminal.feed(stream.getvalue())
        stream.seek(stream.truncate(0))
        first, *others = screen.display
        assert first.strip() and first[-1] == " " and not any(line.strip() for line in others)
        assert (screen.cursor.y, screen.cursor.x) == (0, 0)


def test_live_line_leaves_nothing_where_a_terminal_wraps_lines_anew():
    """A terminal that got narrower may show the line on two; the cursor waits at its begin, so both are erased."""
    screen = pyte.Screen(60, 10)
    stream, terminal = io.StringIO(), pyte.Stream(screen)
    front = LiveLine(stream, style=Style(ascii=True), width=lambda: screen.columns)
    front.feed([start(), begin("train-b=9-lr=0.1"), beat("train-b=9-lr=0.1", progress="epoch " * 20)], T)
    terminal.feed(stream.getvalue())
    shown = screen.display[0].rstrip()
    screen.reset()
    screen.resize(10, 40)
    terminal.feed(f"{shown}\x1b[H")  # as such a terminal shows it then, the cursor on the character it was on
    stream.seek(stream.truncate(0))
    front.tick(T + 5)
    terminal.feed(stream.getvalue())
    assert screen.display[0].startswith("0/191 done") and not any(line.strip() for line in screen.display[1:])


@pytest.mark.parametrize("style", [Style(), Style(ascii=True)])
@pytest.mark.parametrize("width", range(1, 200, 7))
def test_live_line_fits_the_terminal(width, style):
    """The line never reaches the last column, whatever is in it."""
    for job_id, progress in (("日本語" * 30, "x"), ("a", "日本語" * 30), ("é" * 70, ""), ("a\nb" * 20, "…" * 90)):
        screen = Screen(width, style).feed(start(), failed("x"), *[begin(job_id + str(n)) for n in range(12)])
        screen.feed(beat(job_id + "0", 1, progress=progress))
        screen.front.tick(T + 5)
        drawn = screen.stream.getvalue().rpartition("\x1b[K\r")[0].rpartition("\n")[2].rpartition("\r")[2]
        assert sum(2 if ord(char) > 0x2E80 else 1 for char in drawn.replace("\x1b[J", "")) <= max(width - 1, 0)


def test_failures_scroll_above_the_line():
    """A failure is printed on lines of its own, with place and next command; the live line stays below."""
    screen = Screen(width=100).feed(start(), begin("b"), failed("train-b=7"))
    screen.front.tick(T + 2)
    assert screen.lines[0] == f"{clock(T)} [x] failed train-b=7 train() 41s rss=1.9G ValueError: x is NaN"
    assert screen.lines[1].split() == ["mycomputations.py:88", "in", "step", "next:", "details", "train-b=7"]
    assert screen.lines[2].startswith("0/191 done")


def test_equal_failures_do_not_flood_the_terminal():
    """After the third failure of a group the others are only counted."""
    screen = Screen().feed(start(), *[failed(f"j{n}") for n in range(50)])
    text = "\n".join(screen.lines)
    assert text.count("[x] failed") == 3 and text.count("only counted") == 1 and "50 failed" in text


def test_equal_retries_do_not_flood_the_terminal():
    """Like failures: three of a group are printed above the line, the others only counted."""
    screen = Screen().feed(start(), *[retried(f"j{n}") for n in range(50)])
    assert screen.lines[0] == f"{clock(T)} [~] retry j0 fetch() 3.0s ConnectionError: reset (2 more attempts)"
    text = "\n".join(screen.lines)
    assert text.count("[~] retry") == 3 and text.count("more retries like these are only counted") == 1


def test_line_is_redrawn_within_limits():
    """Many events redraw at most 8 times a second; without events it is redrawn once a second."""
    screen = Screen().feed(start())
    before = screen.writes
    for n in range(1000):
        screen.feed(done(f"j{n}"), at=n / 1000)
    assert 7 <= screen.writes - before <= 8
    before = screen.writes
    for n in range(80):
        screen.front.tick(T + 10 + n / 8)
    assert 10 <= screen.writes - before <= 11


def test_line_is_erased_at_the_end():
    """What stays on the screen is the summary only."""
    screen = Screen().feed(start(1), begin("a"))
    screen.front.tick(T + 2)
    screen.feed(done("a"), end(3))
    screen.front.tick(T + 60)
    screen.front.close()
    assert screen.lines == [f"{clock(T + 3)} make finished in 3.0s: 1 done, 0 failed, 0 blocked"]


def test_notices_go_above_the_line():
    """A notice is printed whole, and the live line comes back below."""
    screen = Screen().feed(start(), begin("a"), notice("Ctrl-C again to terminate"))
    screen.front.tick(T + 2)
    assert screen.lines[0] == "Ctrl-C again to terminate" and screen.lines[1].startswith("0/191 done")


def test_terminal_gets_only_the_codes_we_mean():
    """From hostile text no control sequence reaches the terminal; ours are carriage return, erasing and colours."""
    screen = Screen(style=Style(256), verbose=True)
    for event in hostile_run():
        screen.feed(event)
        screen.front.tick(T + 1000)
    rest = re.sub(r"\r\n|\r|\x1b\[[JK]|\x1b\[[0-9;]*m", "", screen.stream.getvalue())
    assert all(char.isprintable() for char in rest)


def test_broken_stream_stops_nothing():
    """A closed terminal silences the frontend and raises nothing."""
    shown = Screen()
    shown.stream.close()
    shown.feed(start(), failed("a"), notice("x"), end())
    shown.front.close()


def test_ticker_ticks_until_it_is_left():
    """The ticker calls again and again with its clock's time, from its own thread, and is silent after the end."""
    heard, enough = [], threading.Event()

    def tick(now):
        heard.append((now, threading.current_thread()))
        if len(heard) == 3:
            enough.set()

    with Ticker(tick, 0.001, clock=lambda: 5.0):
        assert enough.wait(10)
    count = len(heard)
    assert heard[0] == (5.0, heard[0][1]) and heard[0][1] is not threading.current_thread()
    assert not heard[0][1].is_alive() and len(heard) == count
