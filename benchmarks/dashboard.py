"""What the dashboard costs with 100,000 jobs at 160x45: `python benchmarks/dashboard.py`.

A frame is drawn through urwid's canvas, as on a terminal; events are folded and drawn four times a second.
"""

import statistics
import sys
import time

from compmake.channel import Event, EventKind
from compmake.job import Beat, Failure, JobId
from compmake.job_table import JobTable
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.panes.look import About, Look
from compmake.ui.dashboard.panes.painter import Painter
from compmake.ui.dashboard.screen import canvas
from compmake.ui.text import Style

JOBS, WORKERS, FAN = 100_000, 16, 50
COLUMNS, ROWS = 160, 45
FRAMES_A_SECOND, SECONDS, SLICE_S = 4, 15, 0.01
FRAME_BUDGET_S = 0.025
BUDGETS = {200: 0.05, 2000: 0.20}
"""Shares of a core, by events a second."""


def table() -> JobTable:
    """Return chains of three jobs, and a summary over each fifty of them."""
    ids: list[JobId] = []
    functions, needs = [], []
    while len(ids) < JOBS - 3 * FAN - 1:
        ends = []
        for _ in range(FAN):
            for function in ("load", "train", "evaluate"):
                needs.append((len(ids) - 1,) if function != "load" else ())
                ids.append(JobId(f"{function}-b={len(ids) // 3}-learning_rate=0.1"))
                functions.append(function)
            ends.append(len(ids) - 1)
        ids.append(JobId(f"summary-{len(ids)}"))
        functions.append("summary")
        needs.append(tuple(ends))
    return JobTable(ids, functions, needs, [2.0] * len(ids), [0.0] * len(ids))


class Viewer:
    """Somebody who watches."""

    def __init__(self, jobs: JobTable) -> None:
        self.board = Board()
        self.rows = JobRows(self.board)
        self.painter = Painter(self.board, self.rows, Look(), Style(256))
        start = Event(EventKind.RUN_STARTED, 0.0, count=len(jobs), workers=WORKERS)
        self.board.feed([start, Event(EventKind.JOBS, 0.0, table=jobs)], 0.0)

    def draw(self, now: float) -> None:
        """Draw a frame as urwid does."""
        while self.rows.step(SLICE_S, now) or self.rows.is_busy:
            pass
        lines = self.painter.draw(COLUMNS, ROWS, now, About("program"))
        list(canvas(lines, COLUMNS, ROWS).content())


def told(jobs: JobTable, first: int, at: float) -> list[Event]:
    """Return four events of one job: it begins, gives two signs of life, and ends."""
    job_id, function, worker = jobs.ids[first], jobs.functions[first], f"w{first % WORKERS + 1}"
    beat = Event(EventKind.HEARTBEAT, at, job_id, beat=Beat("m.py:61 in train", f"epoch {first}", cpu_percent=99.0))
    begun = Event(EventKind.JOB_STARTED, at, job_id, function, worker=worker, count=1)
    if first % 50 == 1:
        failure = Failure("ValueError", "x is NaN")
        return [begun, beat, beat, Event(EventKind.JOB_FAILED, at, job_id, function, 2.0, failure=failure)]
    return [begun, beat, beat, Event(EventKind.JOB_DONE, at, job_id, function, 2.0, 10**9, worker=worker)]


def main() -> int:
    jobs = table()
    began_s = time.perf_counter()
    viewer = Viewer(jobs)
    viewer.draw(0.0)
    print(f"{len(jobs):,} jobs: first screen after {time.perf_counter() - began_s:.2f} s")
    took_s = []
    for frame in range(100):
        viewer.rows.go(frame * 37 + 1, float(frame))
        began_s = time.perf_counter()
        viewer.draw(float(frame))
        took_s.append(time.perf_counter() - began_s)
    median_s = statistics.median(took_s)
    print(f"a frame: median {1000 * median_s:.1f} ms, longest {1000 * max(took_s):.1f} ms")
    is_good = median_s <= FRAME_BUDGET_S
    for rate, budget in BUDGETS.items():
        viewer = Viewer(jobs)
        viewer.draw(0.0)
        batches = []
        for frame in range(SECONDS * FRAMES_A_SECOND):
            first, each = frame * rate // 4 // FRAMES_A_SECOND, rate // 4 // FRAMES_A_SECOND
            at = 1.0 + frame / FRAMES_A_SECOND
            batches.append((at, [event for number in range(each) for event in told(jobs, first + number, at)]))
        began_s = time.process_time()
        for at, events in batches:
            viewer.board.feed(events, at)
            viewer.draw(at)
        share = (time.process_time() - began_s) / SECONDS
        print(f"{rate:,} events a second: {share:.1%} of a core at {FRAMES_A_SECOND} frames a second")
        is_good = is_good and share <= budget
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
