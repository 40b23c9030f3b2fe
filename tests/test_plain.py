"""The log and the live line of batch mode, as text that a reader gets."""

import io
import re
import threading

import pytest

from compmake.channel import Event, EventKind
from compmake.job import Failure, Frame, JobId
from compmake.ui.frontend import Ticker
from compmake.ui.live import LiveLine
from compmake.ui.plain import PlainLog
from compmake.ui.text import Style, clock

T = 1_700_000_000.0


def start(count=191, **fields):
    return Event(EventKind.RUN_STARTED, T, count=count, **fields)


def begin(job_id, at=0.0):
    return Event(EventKind.JOB_STARTED, T + at, JobId(job_id), "train")


def done(job_id, at=0.0):
    return Event(EventKind.JOB_DONE, T + at, JobId(job_id), "train", wall_s=41, peak_bytes=2_040_109_466)


def failed(job_id, at=0.0, message="x is NaN", line=88):
    frame = Frame("/home/u/mycomputations.py", line, "step", True, ((line, "    raise ValueError"),))
    failure = Failure("ValueError", message, (frame,))
    return Event(EventKind.JOB_FAILED, T + at, JobId(job_id), "train", 41, 2_040_109_466, failure=failure)


def end(at=361.0, how="finished"):
    return Event(EventKind.RUN_ENDED, T + at, text=how)


class Log:
    """A plain log on a text buffer."""

    def __init__(self, **options):
        self.stream = io.StringIO()
        self.front = PlainLog(self.stream, **options)

    def feed(self, *events, at=0.0):
        self.front.feed(events, T + at)
        return self

    @property
    def lines(self):
        return self.stream.getvalue().splitlines()


def test_nothing_to_do_is_one_line():
    """A make that finds everything up to date says just that."""
    log = Log().feed(start(90), Event(EventKind.UP_TO_DATE, T, count=90), end(0.3))
    assert log.lines == ["Nothing to do: 90 jobs are up to date."]
    assert (
        Log().feed(start(1), Event(EventKind.UP_TO_DATE, T, count=1), end()).lines[0].endswith("1 job is up to date.")
    )


def test_start_line_tells_what_is_known():
    """The first line has the number of jobs and workers and the expected time."""
    log = Log().feed(start(workers=8, expected_s=360))
    log.front.tick(T + 2)
    assert log.lines == [f"{clock(T)} make 191 jobs 8 workers expect ~6m"]


def test_status_every_30_seconds():
    """A long job does not silence the log: a line at least every 30 s says what runs, since when and how far."""
    log = Log().feed(start(), Event(EventKind.UP_TO_DATE, T, count=60), begin("train-b=9", 0))
    log.feed(Event(EventKind.PROGRESS, T + 5, JobId("train-b=9"), text="epoch 3/40"))
    for second in range(1, 62):
        log.front.tick(T + second)
    assert log.lines[1:] == [
        f"{clock(T + at)} 60/191 done 1 running running: train-b=9 ({text}) epoch 3/40"
        for at, text in ((30, "30s"), (60, "1m00s"))
    ]


def test_failure_has_a_line_and_its_group_one_traceback():
    """Each failure is one line with job, function, time, memory, error; the traceback stands under the first only."""
    log = Log().feed(start(), failed("train-b=7"), failed("train-b=8"))
    lines = log.lines[1:]
    assert lines[0] == f"{clock(T)} FAILED train-b=7 train() 41s rss=1.9G ValueError: x is NaN"
    assert lines[1:4] == [
        "      /home/u/mycomputations.py:88 in step",
        "        > 88      raise ValueError",
        "    ValueError: x is NaN",
    ]
    assert lines[4:] == [f"{clock(T)} FAILED train-b=8 train() 41s rss=1.9G ValueError: x is NaN"]


def test_successes_are_listed_only_when_asked():
    """Only -v lists jobs that succeeded."""
    assert Log().feed(start(), done("a")).lines == []
    assert Log(verbose=True).feed(start(), done("a")).lines[1:] == [f"{clock(T)} done a train() 41s rss=1.9G"]


def test_summary_counts_groups_and_says_what_next():
    """The summary has the counts, the failures by group with the jobs, and commands that can be pasted."""
    failures = [failed(f"train b={n}") for n in range(4)] + [failed("other", message="y", line=9)]
    log = Log(prefix="compmake my_program")
    log.feed(start(20), *[done(f"j{n}") for n in range(3)], Event(EventKind.UP_TO_DATE, T, count=2), *failures)
    log.feed(Event(EventKind.BLOCKED, T, JobId("a"), count=10), end())
    assert log.lines[-4:] == [
        f"{clock(T + 361)} make finished in 6m01s: 3 done, 5 failed, 10 blocked, 2 up to date",
        "  ValueError: x is NaN  4x  train()  train b=0, train b=1, train b=2, …",
        "  ValueError: y         1x  train()  other",
        "next: compmake my_program why · compmake my_program details 'train b=0' · compmake my_program ls not done",
    ]


def test_interrupted_and_stopped_runs_say_so():
    """An interrupted make tells what was not started; one that the store stopped says only that it stopped."""
    log = Log().feed(start(3), done("a"), Event(EventKind.JOB_INTERRUPTED, T, JobId("b"), "f"), end(2, "interrupted"))
    assert log.lines[-1].endswith("make interrupted in 2.0s: 1 done, 0 failed, 0 blocked, 1 interrupted, 1 not started")
    log = Log().feed(start(3), end(2, "no space left on /data"))
    assert "make stopped in 2.0s" in log.lines[-1]


def test_quiet_tells_only_failures():
    """-q says nothing of a make that went well, and keeps failures and the summary of one that did not."""
    log = Log(quiet=True).feed(start(), begin("a"))
    log.front.tick(T + 100)
    assert log.feed(done("a"), end()).lines == []
    log = Log(quiet=True).feed(start(1), failed("a"), end())
    assert len(log.lines) == 4 and "FAILED a" in log.lines[0]


def test_second_run_starts_anew():
    """Two makes in one line of commands each have their start line and summary."""
    log = Log(verbose=True).feed(start(1), done("a"), end()).feed(start(2), done("b"), end())
    assert [line.split(" ", 1)[1] for line in log.lines if "done b" not in line and "done a" not in line] == [
        "make 1 job",
        "make finished in 6m01s: 1 done, 0 failed, 0 blocked",
        "make 2 jobs",
        "make finished in 6m01s: 1 done, 0 failed, 0 blocked, 1 not started",
    ]


HOSTILE = "a\x1b[2J\x07\r\nb\x9b"


def hostile_run():
    event = Event(EventKind.JOB_STARTED, T, JobId(HOSTILE), HOSTILE)
    return [
        start(3),
        event,
        Event(EventKind.PROGRESS, T, JobId(HOSTILE), text=HOSTILE),
        failed(HOSTILE, message=HOSTILE),
        Event(EventKind.JOB_DONE, T, JobId(HOSTILE), HOSTILE),
        end(1, HOSTILE),
    ]


def test_plain_log_never_has_an_escape_code():
    """Hostile ids, messages and progress come out visible; the log itself has no control character but newline."""
    log = Log(verbose=True)
    for event in hostile_run():
        log.feed(event)
        log.front.tick(T + 1000)
    assert all(char == "\n" or char.isprintable() for char in log.stream.getvalue())


class Screen:
    """A terminal that knows carriage return, newline and erase to the end of the line."""

    def __init__(self, width=80, style=None, **options):
        self.stream = io.StringIO()
        self.front = LiveLine(self.stream, style=style or Style(ascii=True), width=lambda: width, **options)

    def feed(self, *events, at=0.0):
        self.front.feed(events, T + at)
        return self

    @property
    def writes(self):
        return self.stream.getvalue().count("\r")

    @property
    def lines(self):
        rows = []
        for line in self.stream.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                text = re.sub(r"\x1b\[[0-9;]*m", "", part)
                text, erase, after = text.partition("\x1b[K")
                shown = text + after if erase else text + shown[len(text) :]
            rows.append(shown)
        return rows


def test_live_line_shows_counts_and_what_runs():
    """The line has done of total, failures, elapsed and expected time, and the running job with its progress."""
    screen = Screen(width=120).feed(start(expected_s=360), Event(EventKind.UP_TO_DATE, T, count=60), begin("train-b=9"))
    screen.feed(failed("x"), Event(EventKind.PROGRESS, T, JobId("train-b=9"), text="epoch 3/40"), at=1)
    screen.front.tick(T + 31)
    assert screen.lines[-1] == "60/191 done ###-------  1 failed  31s of ~6m  [>] train-b=9 (31s) epoch 3/40"


@pytest.mark.parametrize("width", [1, 5, 20, 40, 80])
def test_live_line_fits_the_terminal(width):
    """The line never reaches the last column, whatever is in it."""
    screen = Screen(width).feed(start(), begin("日本語" * 30))
    screen.front.tick(T + 5)
    assert sum(2 if ord(char) > 0x2E80 else 1 for char in screen.lines[-1]) <= max(width - 1, 0)


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
    assert screen.lines == [f"{clock(T + 3)} make finished in 3.0s: 1 done, 0 failed, 0 blocked", ""]


def test_words_of_the_caller_go_above_the_line():
    """`say` prints its line whole, and the live line comes back below."""
    screen = Screen().feed(start(), begin("a"))
    screen.front.say("Ctrl-C again to terminate")
    screen.front.tick(T + 2)
    assert screen.lines[0] == "Ctrl-C again to terminate" and screen.lines[1].startswith("0/191 done")


def test_terminal_gets_only_the_codes_we_mean():
    """From hostile text no control sequence reaches the terminal; ours are carriage return, erase and colours."""
    screen = Screen(style=Style(256), verbose=True)
    for event in hostile_run():
        screen.feed(event)
        screen.front.tick(T + 1000)
    rest = re.sub(r"\r|\n|\x1b\[K|\x1b\[[0-9;]*m", "", screen.stream.getvalue())
    assert all(char.isprintable() for char in rest)


@pytest.mark.parametrize("make", [Log, Screen])
def test_broken_stream_stops_nothing(make):
    """A closed terminal silences the frontend and raises nothing."""
    shown = make()
    shown.stream.close()
    shown.feed(start(), failed("a"), end())
    shown.front.say("x")
    shown.front.close()


def test_stream_without_our_signs_gets_ascii(tmp_path):
    """What the stream's encoding cannot hold is spelled out."""
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        log = PlainLog(stream, ascii_only=True)
        log.feed([start(), *[failed(f"é{n}") for n in range(5)], end()], T)
    text = (tmp_path / "log").read_text("ascii")
    assert r"\xe90, \xe91, \xe92, ..." in text


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
