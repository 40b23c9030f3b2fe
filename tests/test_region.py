"""The live region of a make in the foreground, as terminals of many sizes show it."""

import io
import re

import pyte
import pytest
from run_events import HOSTILE, T, beat, begin, done, end, estimated, expect, failed, hostile_run, notice, start

from compmake.channel import Event, EventKind, FunctionNews
from compmake.job import JobId
from compmake.text_safety import cells
from compmake.ui.region import LiveRegion
from compmake.ui.text import Style, clock
from compmake.ui.titles import Title


class Terminal:
    """A terminal with a region in it."""

    def __init__(self, columns=80, rows=24, style=None, **options):
        self.screen = pyte.HistoryScreen(columns, rows, history=1000)
        self._terminal, self.stream, self.written = pyte.Stream(self.screen), io.StringIO(), ""
        self.front = LiveRegion(
            self.stream, style=style or Style(), size=lambda: (self.screen.columns, self.screen.lines), **options
        )

    def feed(self, *events, at=0.0):
        self.front.feed(events, T + at)
        return self.sync()

    def tick(self, at):
        self.front.tick(T + at)
        return self.sync()

    def sync(self):
        """Let the terminal read what was written; return self."""
        text = self.stream.getvalue()
        self.stream.seek(self.stream.truncate(0))
        self.written += text
        self._terminal.feed(text)
        return self

    @property
    def lines(self):
        return [line.rstrip() for line in self.screen.display]

    @property
    def region(self):
        """The lines of the region: from the cursor on."""
        return "\n".join(self.lines[self.screen.cursor.y :]).rstrip().split("\n")

    @property
    def above(self):
        return self.lines[: self.screen.cursor.y]


FUNCTIONS = (FunctionNews("train", 94, 22.0),)


def eight_jobs(terminal):
    """Tell the terminal of eight jobs at 31 s, of which the second is silent and the third frozen."""
    names = [f"train-b={n}-lr=0.1" for n in range(8)]
    terminal.feed(
        start(1211, workers=8, functions=FUNCTIONS, estimate=expect(272, 200, 350)),
        Event(EventKind.UP_TO_DATE, T, count=1117),
    )
    terminal.feed(*[begin(name, n, f"w{n + 1}") for n, name in enumerate(names)], at=1)
    beats = [beat(name, 31, place="m.py:61 in train") for name in names[3:]]
    first = beat(names[0], 31, progress="epoch 31/40", rss_bytes=1_800_000_000)
    terminal.feed(first, beat(names[1], 19, last_line="loss 0.1"), beat(names[2], 31, frozen=True), *beats, at=31)
    return terminal.tick(32)


def test_region_shows_counts_work_and_each_running_job():
    """Its first line has the counts and the work done, the last the keys; between is a line for each running job."""
    region = eight_jobs(Terminal(110)).region
    counts, eta = " MAKE  ✔ 1117 done  ▶ 8 running  · 86 waiting", f"ETA 4m (2–6) ≈{clock(T + 272)[:5]}"
    assert re.fullmatch(re.escape(counts) + "  █░+  8% work  32s  " + re.escape(eta), region[0])
    assert region[1] == " ▶ w1 train-b=0-lr=0.1  32s / 22s  █████▓▓▓ 1.5x  rss 1.8G  epoch 31/40"
    assert region[2].startswith(" ? w2 train-b=1-lr=0.1  31s / 22s") and region[2].endswith("silent 13s, loss 0.1")
    assert region[3].endswith("frozen")
    assert region[4].endswith("m.py:61")
    assert len(region) == 10
    assert region[-1].strip() == "[f]ailures [b]ackground [d]ash [?]help  ^C stop"


def test_small_terminals_show_what_matters_most():
    """In 40 columns and 5 rows are the counts, how far it is, two jobs, how many more, and the keys."""
    region = eight_jobs(Terminal(40, 5)).region
    assert region[0] == " MAKE ✔1117 ▶8 ·86  8% work  ETA 4m"
    assert region[1] == " ▶ train-b=0-lr=0.1  32s  epoch 31/40"
    assert region[2].startswith(" ? train-b=1-lr=0.1  31s  silent 13s")
    assert re.fullmatch(r" … 6 more +\[f\] \[b\] \[d\]  \^C stop", region[3])
    assert len(region) == 4


def test_ascii_region():
    """Signs become words in brackets and bars number signs; nothing else is needed."""
    terminal = eight_jobs(Terminal(80, 24, Style(ascii=True)))
    assert "\n".join(terminal.lines).isascii()
    assert terminal.region[0].startswith(" MAKE [+]1117 [>]8 [ ]86  #") and "#####+++ 1.5x" in terminal.region[1]


@pytest.mark.parametrize("style", [Style(), Style(256), Style(ascii=True)])
@pytest.mark.parametrize("columns", [1, 2, 5, 11, 20, 39, 40, 61, 80, 133, 200])
@pytest.mark.parametrize("rows", [1, 2, 3, 5, 24])
def test_region_fits_any_terminal(columns, rows, style):
    """It is never higher than the terminal less one line, never reaches the last column, and never scrolls itself."""
    terminal = Terminal(columns, rows, style)
    jobs = [begin(name + str(n), n, f"w{n}") for n, name in enumerate(["日本語" * 30, "é" * 70, HOSTILE, *["x"] * 40])]
    terminal.feed(start(99, functions=FUNCTIONS), *jobs)
    terminal.feed(*[beat(event.job_id, 3, progress="日本" * 40, last_line=HOSTILE) for event in jobs], at=50)
    terminal.tick(51)
    lines = re.split(r"\r\n|\r", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.written))
    assert all(cells(line) <= max(columns - 1, 0) for line in lines)
    assert len(terminal.region) <= max(rows - 1, 1) and not terminal.screen.history.top


def test_long_ids_are_cut_in_their_middle():
    """Ids that begin alike differ at their end."""
    terminal = Terminal(40).feed(start(9), *[begin(f"experiment-with-a-long-name-fold={n}", n) for n in range(3)])
    terminal.tick(5)
    shown = [line.split()[2] for line in terminal.region[1:4]]
    assert len(set(shown)) == 3 and all("…" in name for name in shown)


def test_verdicts_scroll_above():
    """Failures stay above the region, in order, on as many lines as they need."""
    terminal = Terminal(100, 8).feed(start(99), begin("a"))
    for number in range(6):
        terminal.feed(failed(f"b{number}", line=number + 1), at=number + 1)
    shown = [line for line in terminal.above if "failed b" in line]
    assert shown[-1] == f"{clock(T)} ✘ failed b5 train() 41s rss=1.9G ValueError: x is NaN"
    assert len(terminal.screen.history.top) + len(terminal.above) == 12
    assert "MAKE" in terminal.region[0]


@pytest.mark.parametrize("style", [Style(), Style(colors=256), Style(ascii=True)])
def test_verdicts_break_between_words(style):
    """A line that is wider than the terminal goes on below its word; colours take no room."""
    words = "the quick brown fox jumps over the lazy dog " * 3
    terminal = Terminal(50, style=style).feed(start(99), failed("b", message=words))
    lines = [line for line in terminal.above if line]
    place = next(number for number, line in enumerate(lines) if "mycomputations.py:88" in line)
    assert place > 3 and all(line.startswith(" " * 11) and len(line) < 50 for line in lines[1:])
    assert " ".join(" ".join(lines[:place]).split()).endswith(f"ValueError: {words.strip()}")
    assert ("\x1b[1;38;5;166m✘ failed\x1b[0m b train()" in terminal.written) == (style.colors == 256)


def test_equal_failures_count_up():
    """Two of a group are shown above; of all the region tells the number, and for a second group another line."""
    terminal = Terminal(100).feed(start(99), begin("a"))
    for number in range(37):
        terminal.feed(failed(f"b{number}"), at=number + 1)
    terminal.tick(50)
    assert sum("failed b" in line for line in terminal.above) == 2
    assert " ✘ 37x train() ValueError: x is NaN  mycomputations.py:88 in step" in terminal.region


def test_running_jobs_are_not_driven_out_by_failures():
    """Where there is room for the running jobs only, the groups of failures are left out."""
    terminal = Terminal(80, 12).feed(start(99), *[failed(f"b{n}") for n in range(9)])
    terminal.feed(*[begin(f"a{n}", n / 10, f"w1{n}") for n in range(9)], at=1)
    assert sum(" ▶ w1" in line for line in terminal.tick(4).region) == 9
    assert not any("9x" in line for line in terminal.region)


def test_the_cursor_waits_hidden_at_the_begin_of_the_region():
    """Erasing what is below it then erases the region and nothing else, however the terminal was resized."""
    terminal = eight_jobs(Terminal())
    assert terminal.screen.cursor.hidden and terminal.screen.cursor.x == 0
    assert terminal.lines[terminal.screen.cursor.y].startswith(" MAKE")


@pytest.mark.parametrize("columns", [50, 30, 120])
def test_nothing_is_left_of_the_region_after_a_resize(columns):
    """Neither where the terminal cuts lines nor where it wraps them anew is anything damaged or left."""
    terminal = Terminal(90, 24).feed(start(99), failed("b"))
    eight_jobs(terminal)
    terminal.screen.resize(24, columns)
    terminal.front.redraw(T + 33)
    terminal.sync()
    assert sum("MAKE" in line for line in terminal.lines) == 1
    assert len(terminal.region) == 10 and all(len(line) < columns for line in terminal.region)


def test_only_lines_that_changed_are_written():
    """When one of nine lines changed the others are not sent again."""
    terminal = eight_jobs(Terminal())
    before = len(terminal.written)
    terminal.feed(beat("train-b=5-lr=0.1", 32, place="other.py:1 in f"), at=32.2)
    assert "other.py:1" in terminal.written[before:] and "train-b=6" not in terminal.written[before:]


def test_region_is_drawn_within_limits():
    """Thousands of events and verdicts draw it at most eight times a second; nothing said is lost by that."""
    terminal = Terminal(verbose=True).feed(start(2000))
    writes = []
    for number in range(1000):
        before = len(terminal.written)
        terminal.feed(done(f"j{number}"), at=number / 1000)
        writes.append(len(terminal.written) > before)
    terminal.tick(3)
    assert sum(writes) <= 8 and terminal.written.count("✔ done j") == 1000


def test_nothing_is_written_when_nothing_changed():
    """Ticks in between write nothing; once a second what runs is told to be older."""
    terminal = Terminal().feed(start(9), begin("a"))
    terminal.tick(20)
    before = terminal.written
    for tick in range(8):
        terminal.tick(20 + tick / 8)
    assert terminal.written == before
    assert terminal.tick(21.1).written != before


def test_the_summary_takes_the_place_of_the_region():
    """At the end are the counts with signs, failures by group with place and count, what to do next, and the cursor."""
    terminal = Terminal(100).feed(start(200, functions=FUNCTIONS))
    terminal.feed(*[failed(f"b{n}") for n in range(3)], failed("c", line=9), *[done(f"a{n}") for n in range(187)])
    terminal.feed(Event(EventKind.BLOCKED, T, JobId("b0"), count=9), end())
    terminal.tick(400)
    last = [line for line in terminal.lines if line][-4:]
    assert last == [
        f"{clock(T + 361)} make finished in 6m01s: ✔ 187 done  ✘ 4 failed  ⊘ 9 blocked",
        "  ValueError: x is NaN  3x  train()  mycomputations.py:88  b0, b1, b2",
        "  ValueError: x is NaN  1x  train()  mycomputations.py:9   c",
        "next: why · details b0 · remake failed · ls blocked",
    ]
    assert not terminal.screen.cursor.hidden and not any("MAKE" in line for line in terminal.lines)


def test_the_summary_fits_narrow_terminals():
    """Its lines about failures break between words, other counts get a line of their own."""
    terminal = Terminal(50).feed(start(99), Event(EventKind.UP_TO_DATE, T, count=60), failed("b" * 40), end())
    lines = [line for line in terminal.lines if line]
    first = next(number for number, line in enumerate(lines) if "make finished" in line)
    at = lines.index("  60 up to date  38 not started")
    assert at > first
    group = ["  ValueError: x is NaN  1x  train()", "    mycomputations.py:88", f"    {'b' * 40}"]
    assert lines[at + 1 : at + 4] == group


def test_notices_and_plans_are_printed_at_once():
    """What somebody should read now does not wait for the next drawing."""
    planned = Event(EventKind.PLANNED, T, text="412 jobs: helper clean() changed\n3 jobs: never made")
    terminal = Terminal().feed(start(9), begin("a")).feed(planned, notice("Ctrl-C again terminates them."), at=0.01)
    assert [line for line in terminal.above if line] == [
        "412 jobs: helper clean() changed",
        "3 jobs: never made",
        "Ctrl-C again terminates them.",
    ]


def test_the_keys_say_which_step_comes_next():
    """After each Ctrl-C the last line names what the next one does."""
    terminal = Terminal().feed(start(9), begin("a"))
    steps = []
    for level in range(4):
        terminal.front.show_step(level, T + level)
        steps.append(terminal.sync().region[-1].rpartition("  ")[2])
    assert steps == ["^C stop", "^C terminate", "^C kill", "killing"]


def test_a_make_that_is_being_stopped_promises_no_end():
    """What is left is not going to be made, so there is no ETA."""
    terminal = eight_jobs(Terminal(100))
    assert "ETA" in terminal.region[0]
    terminal.front.show_step(1, T + 33)
    assert "% work" in terminal.sync().region[0] and "ETA" not in terminal.region[0]


def test_a_closed_region_leaves_what_was_said():
    """In the background nothing of it stays but the verdicts; the cursor is shown, and nothing is drawn any more."""
    terminal = Terminal().feed(start(9), begin("a"), failed("b"))
    terminal.front.close()
    terminal.feed(done("a"), end()).tick(30)
    assert len([line for line in terminal.lines if line]) == 2 and not terminal.screen.cursor.hidden


def test_whoever_has_the_terminal_meanwhile_finds_it_tidy():
    """Away from the screen nothing is drawn and the cursor is there; afterwards the region comes back."""
    terminal = Terminal().feed(start(9), begin("a"))
    with terminal.front.away():
        terminal.sync()
        assert not any(terminal.lines) and not terminal.screen.cursor.hidden
    assert "MAKE" in terminal.tick(1).region[0]


def test_a_make_that_takes_long_to_begin_says_so():
    """Finding out what must run may take seconds; after half a one the region says that something happens."""
    terminal = Terminal().tick(0).tick(0.3)
    assert not any(terminal.lines)
    assert terminal.tick(0.6).region == [" MAKE  about to begin"]
    assert terminal.feed(start(9), begin("a"), at=1).region[0].startswith(" MAKE  ✔ 0 done")


def test_a_region_that_comes_later_shows_the_make_so_far():
    """Brought back to the foreground the make is shown as it is, without its old verdicts."""
    first = Terminal().feed(start(9), begin("a"), failed("b"))
    later = Terminal()
    later.front.view = first.front.view
    assert later.tick(1).region[0].startswith(" MAKE  ✔ 0 done  ✘ 1 failed") and not later.above


def test_title_and_progress_are_told_and_taken_back():
    """The window's title has failures, work and time left; it is pushed before and popped at the end."""
    terminal = Terminal(title=Title(window=True, progress=True))
    events = [start(94, functions=FUNCTIONS), *[done(f"a{n}") for n in range(46)], failed("b"), estimated(1034)]
    terminal.feed(*events)
    assert "\x1b[22;0t\x1b]2;✘1 50% 17m\x1b\\\x1b]9;4;2;50\x1b\\" in terminal.written
    assert terminal.screen.title == "✘1 50% 17m"
    terminal.feed(end())
    assert terminal.written.count("\x1b[23;0t\x1b]9;4;0\x1b\\") == 1
    assert "\x1b]" not in eight_jobs(Terminal()).written


def test_terminal_gets_only_the_codes_we_mean():
    """From hostile text no control sequence reaches the terminal."""
    terminal = Terminal(style=Style(256), verbose=True)
    for event in hostile_run():
        terminal.feed(event).tick(1000)
    rest = re.sub(r"\r\n|\r|\x1b\[[JK]|\x1b\[[0-9;]*m|\x1b\[\d+A|\x1b\[\?25[hl]", "", terminal.written)
    assert all(char.isprintable() for char in rest)


def test_broken_stream_stops_nothing():
    """A closed terminal silences the region and raises nothing."""
    terminal = Terminal()
    terminal.stream.close()
    terminal.front.feed([start(), failed("a"), notice("x"), end()], T)
    terminal.front.close()
