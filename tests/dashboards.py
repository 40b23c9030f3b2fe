"""A make as a dashboard hears of it, without a make: jobs, events, a source that tells them, a page on a screen."""

import random
import sys
from collections.abc import Iterator, Sequence

from run_events import HOSTILE
from urwid.testing import press, render_text

from compmake.channel import Event, EventKind, FunctionNews
from compmake.job import Beat, Failure, Frame, JobId
from compmake.job_table import Estimate, JobTable
from compmake.ui.dashboard.acting import Acting
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.dashboard_keys import KEYS
from compmake.ui.dashboard.dashboard_screen import EAGERLY_S, Dashboard
from compmake.ui.dashboard.panes.look import About
from compmake.ui.dashboard.screen import FullScreen
from compmake.ui.text import Style

T = 1_700_000_000.0
FAILURE = Failure(
    "ValueError",
    "x is NaN\nin the second line \x1b[2J",
    (
        Frame("/usr/lib/python3/library.py", 7, "call", False, ((7, "    inner()"),)),
        Frame(__file__, 88, "step", True, ((88, "    raise ValueError"),), (("x", "nan"),)),
    ),
)


def some_jobs(count: int) -> JobTable:
    """Return a table of jobs, some with ids that a terminal would obey or that are wide."""
    ids = [JobId(f"train-b={number}") for number in range(count)]
    ids[1:3] = [JobId(HOSTILE), JobId("日本語" * 30)]
    functions = [("load", "train", "report")[number % 3] for number in range(count)]
    needs = [(number - 1,) if number % 3 else () for number in range(count)]
    return JobTable(ids, functions, needs, [2.0] * count, [0.0] * count, {0, 3})


def live_events(count: int = 60, workers: int = 5, seed: int = 0) -> Iterator[list[Event]]:
    """Yield batches of events as a make tells them; the last one ends it."""
    chance, table = random.Random(seed), some_jobs(count)
    news = tuple(FunctionNews(name, count // 3, 2.0) for name in ("load", "train", "report"))
    yield [
        Event(EventKind.RUN_STARTED, T, count=count, text="make", workers=workers, functions=news),
        Event(EventKind.JOBS, T, table=table),
        Event(EventKind.UP_TO_DATE, T, count=2),
    ]
    for number in range(count):
        job_id, function, at = table.ids[number], table.functions[number], T + number
        about = {"function": function, "worker": f"w{number % workers + 1}"}
        beat = Beat("mycomputations.py:61 train", f"{number}/40", HOSTILE, 99.0, 10**9)
        batch = [
            Event(EventKind.JOB_STARTED, at, job_id, count=1, **about),
            Event(EventKind.HEARTBEAT, at, job_id, beat=beat),
            Event(EventKind.ESTIMATE, at, estimate=Estimate(at, count - number, 1.0, 99.0, 7.0)),
        ]
        kind = chance.choice([EventKind.JOB_DONE] * 6 + [EventKind.JOB_FAILED, EventKind.JOB_INTERRUPTED])
        failure = FAILURE if kind is EventKind.JOB_FAILED else None
        if chance.random() < 0.9:  # the others never end
            batch.append(Event(kind, at, job_id, wall_s=1.5, peak_bytes=10**9, failure=failure, **about))
        if number == count // 2:
            batch.append(Event(EventKind.STEERED, at, workers=workers, text="paused"))
            batch.append(Event(EventKind.NOTICE, at, text=HOSTILE))
        yield batch
    yield [Event(EventKind.RUN_ENDED, T + count, text="finished")]


class Told:
    """A source that tells a batch of events each time it is read; the list can be told over and over."""

    def __init__(self, batches: Sequence[Sequence[Event]], *, again: bool = False) -> None:
        self._batches, self._again = list(batches), again
        self._next = 0
        self.is_lost = False

    def read(self) -> list[Event]:
        if self._next >= len(self._batches):
            if not self._again:
                return []
            self._next = 0
        self._next += 1
        return list(self._batches[self._next - 1])

    def trouble(self) -> str:
        return "the server is away" if self.is_lost else ""

    def about(self) -> str:
        return "redis 127.0.0.1:6379 ok 1 ms"

    def close(self) -> None:
        pass


class Seen:
    """A dashboard without a terminal: what it shows, and a keyboard."""

    def __init__(self, source: Told, *, style: Style | None = None, program: str = "prog") -> None:
        style = style or Style()
        screen = FullScreen(style.colors, style)
        board = Board()
        rows = JobRows(board)
        self.acting = Acting(board, rows, screen, style=style, desk=None)
        self.clock_s = 0.0
        about = About(program=program, source=source.about())
        self.dashboard = Dashboard(
            source, self.acting, None, screen, keys=KEYS, about=about, style=style, clock=lambda: self.clock_s
        )
        self.widget = screen.widget(self.dashboard)

    def tick(self, seconds: float = 0.25) -> None:
        self.clock_s += seconds
        self.dashboard.tick()

    def until_calm(self) -> None:
        """Let time stand still until all that was told is shown."""
        while self.dashboard.tick().again_s < EAGERLY_S:
            pass

    def lines(self, columns: int = 80, rows: int = 24) -> list[str]:
        return render_text(self.widget, (columns, rows), focus=True)

    def shown(self, columns: int = 80, rows: int = 24) -> str:
        return "\n".join(line.rstrip() for line in self.lines(columns, rows))

    def press(self, *keys: str, size: tuple[int, int] = (80, 24)) -> None:
        assert set(press(self.widget, size, *keys)) <= {"ctrl l"}, "the loop takes no other key"


def main() -> None:
    """Show a dashboard in this terminal, for tests that press its keys: `python dashboards.py COLORS`."""
    style = Style(int(sys.argv[1]))
    screen = FullScreen(style.colors, style)
    board = Board()
    rows = JobRows(board)
    acting = Acting(board, rows, screen, style=style, desk=None)
    source = Told(list(live_events()), again=True)
    about = About(program="prog", source=source.about())
    dashboard = Dashboard(source, acting, None, screen, keys=KEYS, about=about, style=style)
    print("before")
    screen.run(dashboard, dashboard.tick, mouse=True)
    print("after")


if __name__ == "__main__":
    main()
