"""The log of batch mode, as text that a reader gets."""

import io

import pytest
from run_events import T, beat, begin, done, end, estimated, expect, failed, hostile_run, notice, retried, start

from compmake.channel import Event, EventKind, FunctionNews
from compmake.job import Failure, JobId
from compmake.ui.plain import PlainLog
from compmake.ui.text import clock


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
    log = Log().feed(start(workers=8, estimate=expect(360, 270, 500)))
    log.front.tick(T + 2)
    assert log.lines == [f"{clock(T)} make 191 jobs 8 workers expect ~6m (4–9)"]


def test_status_line_tells_when_it_ends():
    """With range and time of day; or why nobody can tell."""
    log = Log().feed(start(workers=8), estimated(240, low_s=200, high_s=350))
    log.front.tick(T + 31)
    assert f" 0/191 done ETA 3m30s (2–6) ≈{clock(T + 240)[:5]}" in log.lines[-1]
    log.feed(Event(EventKind.STEERED, T + 32, workers=8, text="paused"))
    log.front.tick(T + 62)
    assert log.lines[-1].endswith(" 0/191 done ETA – (paused)")


def test_start_line_tells_how_many_of_the_jobs_are_to_be_made():
    """If some are up to date, both numbers; if all are to be made, one."""
    functions = (FunctionNews("train", 12), FunctionNews("load", 6))
    log = Log().feed(start(48, workers=1, functions=functions))
    log.front.tick(T + 2)
    log.feed(start(18, workers=1, functions=functions))
    log.front.tick(T + 4)
    assert log.lines == [f"{clock(T)} make 18 of 48 jobs 1 worker", f"{clock(T)} make 18 jobs 1 worker"]


def test_status_every_30_seconds():
    """A long job does not silence the log: a line at least every 30 s says what runs, since when and how far."""
    log = Log().feed(start(), Event(EventKind.UP_TO_DATE, T, count=60), begin("train-b=9", 0))
    for second in range(1, 62):
        log.feed(beat("train-b=9", second, progress="epoch 3/40"))
        log.front.tick(T + second)
    assert log.lines[1:] == [
        f"{clock(T + at)} 60/191 done 1 running running: train-b=9 ({text}, epoch 3/40)"
        for at, text in ((30, "30s"), (60, "1m00s"))
    ]


def test_status_tells_what_each_worker_is_at():
    """The longest-running jobs come first: with progress, else the line of code; silent and frozen ones are marked."""
    log = Log().feed(start(workers=4), begin("b", 2), begin("a", 0), begin("c", 20), begin("d", 25), failed("x"))
    log.feed(beat("a", 29, progress="epoch 31/40", place="m.py:61 in train"), beat("b", 18, place="m.py:61 in train"))
    log.feed(beat("c", 29, place="m.py:7 in load", last_line="not in the log", frozen=True), beat("d", 29))
    log.front.tick(T + 30)
    jobs = "a (30s, epoch 31/40), b (28s, silent 12s, m.py:61), c (10s, frozen, m.py:7), d (5.0s)"
    assert log.lines[-1] == f"{clock(T + 30)} 0/191 done 4 running 1 failed running: {jobs}"


def test_status_is_one_line_of_at_most_200_cells():
    """Many workers with long ids are named as far as they fit, and the others counted."""
    log = Log().feed(start(workers=64), *[begin(f"train-b={n}-" + "日本" * n, n / 100) for n in range(64)])
    log.front.tick(T + 30)
    line = log.lines[-1]
    assert sum(2 if ord(char) > 0x2E80 else 1 for char in line) <= 200
    assert line.count("train-b=") + int(line.split("+")[1].removesuffix(" more")) == 64
    assert line.count("train-b=") > 2


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


def test_a_failure_block_ends_with_what_the_job_printed_last():
    """The last three lines stand under the first traceback of a group, as a terminal would have shown them."""
    log = Log().feed(start(), failed("a", output="1\n2\n10%\r20%\n\x1b[31mred\n4\n"), failed("b", output="5"))
    at = log.lines.index("    ValueError: x is NaN")
    assert log.lines[at + 1 : -1] == ["    | 20%", r"    | \x1b[31mred", "    | 4"]
    assert "FAILED b" in log.lines[-1]


def test_a_retry_is_one_line():
    """An attempt that is repeated is told with its error and how many may follow; without a traceback."""
    log = Log().feed(start(), retried("get-7"), retried("get-7", 1))
    verdict = f"{clock(T)} RETRY get-7 fetch() 3.0s ConnectionError: reset"
    assert log.lines[1:] == [f"{verdict} (2 more attempts)", f"{verdict} (1 more attempt)"]


def test_a_notice_is_told_whole_even_when_quiet():
    """Whoever started the make should read it; nothing in it steers a terminal."""
    text = "Ctrl-C again to end 8 running jobs.\nThey have \x1b[5m10 s."
    told = ["Ctrl-C again to end 8 running jobs.", r"They have \x1b[5m10 s."]
    assert Log().feed(start(), notice(text)).lines[1:] == told
    assert Log(quiet=True).feed(start(), notice(text)).lines == told


def test_a_notice_outside_a_make_begins_none():
    """Before the start and after the end there is no make to announce."""
    log = Log().feed(notice("before"), start(1), Event(EventKind.UP_TO_DATE, T, count=1), end(), notice("after"))
    assert log.lines == ["before", "Nothing to do: 1 job is up to date.", "after"]


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
    assert log.lines[-2].endswith("make interrupted in 2.0s: 1 done, 0 failed, 0 blocked, 1 interrupted, 1 not started")
    log = Log().feed(start(3), end(2, "no space left on /data"))
    assert "make stopped in 2.0s" in log.lines[-1]


@pytest.mark.parametrize(
    ("command", "prefix", "next_one"),
    [
        ("make", "", "make"),
        ("make func2() -n 4", "", "make func2() -n 4"),
        ("make func2() -n 4", "compmake prog", "compmake prog make 'func2()' -n 4"),
        ("parmake func2() n=4", "", "parmake func2() n=4"),
        ("remake failed -y", "compmake prog", "compmake prog make"),
        ("parremake failed -y", "compmake prog", "compmake prog make"),
        ("make " + "x" * 1000, "", "make"),
    ],
)
def test_an_interrupted_make_says_how_to_go_on(command, prefix, next_one):
    """The same command makes what is left; `remake` would make again what it has made."""
    assert Log(prefix=prefix).feed(start(3, text=command), end(2, "interrupted")).lines[-1] == f"next: {next_one}"
    log = Log().feed(start(3, text="make"), failed("a"), end(2, "interrupted"))
    assert log.lines[-1] == "next: make · why · details a"


def test_summary_groups_jobs_that_were_timed_out_or_killed():
    """They are failures like others; jobs that were retried are counted beside."""
    log = Log().feed(start(5), retried("a"), retried("a", 1), retried("b"), done("a"))
    for job_id, name, message in (("b", "TimedOut", "after 60 s"), ("c", "Killed", "SIGKILL"), ("d", "TimedOut", "x")):
        failure = Failure(name, message)
        log.feed(Event(EventKind.JOB_FAILED, T, JobId(job_id), "train", failure=failure))
    assert log.feed(done("e"), end()).lines[-4:] == [
        f"{clock(T + 361)} make finished in 6m01s: 2 done, 3 failed, 0 blocked, 2 retried",
        "  TimedOut: after 60 s  2x  train()  b, d",
        "  Killed: SIGKILL       1x  train()  c",
        "next: why · details b",
    ]


def test_quiet_tells_only_failures():
    """-q says nothing of a make that went well, and keeps failures and the summary of one that did not."""
    log = Log(quiet=True).feed(start(), begin("a"))
    log.front.tick(T + 100)
    assert log.feed(done("a"), end()).lines == []
    log = Log(quiet=True).feed(start(1), retried("a"), failed("a", output="printed"), end())
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


def test_plain_log_never_has_an_escape_code():
    """Hostile ids, messages and progress come out visible; the log itself has no control character but newline."""
    log = Log(verbose=True)
    for event in hostile_run():
        log.feed(event)
        log.front.tick(T + 1000)
    assert all(char == "\n" or char.isprintable() for char in log.stream.getvalue())


def test_broken_stream_stops_nothing():
    """A closed terminal silences the frontend and raises nothing."""
    shown = Log()
    shown.stream.close()
    shown.feed(start(), failed("a"), notice("x"), end())
    shown.front.close()


def test_stream_without_our_signs_gets_ascii(tmp_path):
    """What the stream's encoding cannot hold is spelled out."""
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        log = PlainLog(stream, ascii_only=True)
        log.feed([start(), *[failed(f"é{n}") for n in range(5)], end()], T)
    text = (tmp_path / "log").read_text("ascii")
    assert r"\xe90, \xe91, \xe92, ..." in text


def test_what_will_run_and_why_stands_at_the_beginning():
    """The lines of the plan follow the first line; -q does not want them."""
    planned = Event(EventKind.PLANNED, T, text="3 jobs: never made\n2 jobs: clean() changed")
    assert Log().feed(start(5), planned).lines[1:] == ["3 jobs: never made", "2 jobs: clean() changed"]
    assert Log(quiet=True).feed(start(5), planned).lines == []
