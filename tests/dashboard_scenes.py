"""A make as the dashboard sees it: 289 jobs, 6 busy workers, one of them silent, three failures; and its screens."""

from run_events import HOSTILE, T, end

from compmake.channel import Event, EventKind, FunctionNews
from compmake.job import Beat, Failure, Frame, JobId
from compmake.job_table import Estimate, JobTable
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.panes.look import About, Details, Look
from compmake.ui.dashboard.panes.painter import Painter
from compmake.ui.text import Style

SIZES = ((160, 45), (80, 24), (120, 30), (60, 14), (20, 5))
ABOUT = About("my_program", ".compmake/my_program", "redis 127.0.0.1:6379 ok 1 ms")
FRAMES = (
    Frame("/usr/lib/python3/runner.py", 3, "run", False, ((3, "return f()"),)),
    Frame("/home/u/mycomputations.py", 61, "train", True, ((61, "    loss = step(x, lr)"),)),
    Frame(
        "/home/u/mycomputations.py",
        88,
        "step",
        True,
        ((86, "    g = grad(x)"), (87, "    if bad(g):"), (88, '        raise ValueError("x is NaN")')),
        (("lr", "0.1"), ("b", "7"), ("x", "array([nan, ...])")),
    ),
)
FAILURE = Failure("ValueError", "x is NaN", FRAMES)


def table(branches=24, done=11):
    """`load -> 5 x (train -> evaluate) -> summary` for each branch, and a report; the first `done` are up to date."""
    ids, functions, needs, usual_s = [], [], [], []

    def add(job_id, function, needed, seconds):
        ids.append(JobId(job_id))
        functions.append(function)
        needs.append(tuple(needed))
        usual_s.append(seconds)
        return len(ids) - 1

    summaries = []
    for b in range(branches):
        load, evaluated = add(f"load-b={b}", "load", (), 3.0), []
        for r in range(5):
            trained = add(f"train-b={b}-lr=0.{r}", "train", (load,), 22.0)
            evaluated.append(add(f"evaluate-b={b}-lr=0.{r}", "evaluate", (trained,), 2.0))
        summaries.append(add(f"summary-b={b}", "summary", evaluated, 5.0))
    add("report", "report", summaries, 30.0)
    return JobTable(ids, functions, needs, usual_s, [0.0] * len(ids), done=frozenset(range(done)))


def event(kind, at, job_id, **fields):
    return Event(kind, T + at, JobId(job_id), job_id.partition("-")[0], **fields)


def begun(job_id, at, worker):
    return event(EventKind.JOB_STARTED, at, job_id, worker=worker, count=1)


def ended(job_id, at, worker, wall_s, *, fails=False):
    if fails:
        return event(EventKind.JOB_FAILED, at, job_id, worker=worker, wall_s=wall_s, failure=FAILURE)
    return event(EventKind.JOB_DONE, at, job_id, worker=worker, wall_s=wall_s, peak_bytes=310_000_000)


def beat(job_id, at, **told):
    about = {"place": "mycomputations.py:61 in train", "cpu_percent": 99.0, "rss_bytes": 1_800_000_000} | told
    return Event(EventKind.HEARTBEAT, T + at, JobId(job_id), beat=Beat(**about))


def opening(with_table=True):
    """The start of the make."""
    jobs = table()
    functions = (FunctionNews("load", 23, 3.0), FunctionNews("train", 115, 22.0), FunctionNews("evaluate", 115, 2.0))
    events = [Event(EventKind.RUN_STARTED, T, text="make", count=len(jobs), workers=8, functions=functions)]
    if with_table:
        events.append(Event(EventKind.JOBS, T, table=jobs))
    return [*events, Event(EventKind.UP_TO_DATE, T, count=11)]


def story(with_table=True):
    """The make until second 80: one worker after the other loads, then trains three times; three of that fail."""
    events = []
    for b in range(1, 7):
        worker, at = f"w{b}", float(b)
        events += [begun(f"load-b={b}", at, worker), ended(f"load-b={b}", at + 3, worker, 3.0)]
        for r, fails in ((0, False), (1, b % 2 == 1)):
            job_id, start = f"train-b={b}-lr=0.{r}", at + 4 + 24 * r
            events += [begun(job_id, start, worker), ended(job_id, start + 22, worker, 22.0, fails=fails)]
            events += [event(EventKind.BLOCKED, start + 22, job_id, count=3 if b == 1 else 2)] * fails
        job_id = f"train-b={b}-lr=0.2"
        events.append(begun(job_id, at + 52, worker))
        if b != 4:
            events.append(beat(job_id, 79.5, progress="epoch 31/40" if b == 1 else ""))
    events.append(Event(EventKind.ESTIMATE, T + 79, estimate=Estimate(T + 79, 240, 180, 360, 130.0)))
    return [*opening(with_table), *sorted(events, key=lambda told: told.time)]


def finished_story():
    """A make of two branches that ends with one failure."""
    jobs = table(2, done=0)
    events = [Event(EventKind.RUN_STARTED, T, text="make", count=len(jobs), workers=2)]
    events.append(Event(EventKind.JOBS, T, table=jobs))
    for number, job_id in enumerate(jobs.ids):
        if job_id.startswith(("load", "train-b=0", "evaluate-b=0", "summary-b=0")):
            events += [begun(job_id, number, "w1"), ended(job_id, number + 1, "w1", 1.0)]
    events += [begun("train-b=1-lr=0.0", 30, "w2"), ended("train-b=1-lr=0.0", 41, "w2", 11.0, fails=True)]
    events.append(event(EventKind.BLOCKED, 41, "train-b=1-lr=0.0", count=3))
    return [*events, end(60.0)]


def hostile_story():
    """A make in which every text is hostile."""
    odd = JobTable([JobId(HOSTILE), JobId("x" + HOSTILE)], [HOSTILE] * 2, [(), (0,)], [None, 1.0], [0.0, 0.0])
    failure = Failure(HOSTILE, HOSTILE, (Frame(HOSTILE, 1, HOSTILE, True, ((1, HOSTILE),), ((HOSTILE, HOSTILE),)),))
    return [
        Event(EventKind.RUN_STARTED, T, text=HOSTILE, count=2, workers=2, functions=(FunctionNews(HOSTILE, 2),)),
        Event(EventKind.JOBS, T, table=odd),
        Event(EventKind.NOTICE, T, text=HOSTILE),
        Event(EventKind.JOB_STARTED, T, JobId("x" + HOSTILE), HOSTILE, worker=HOSTILE),
        Event(EventKind.HEARTBEAT, T, JobId("x" + HOSTILE), beat=Beat(HOSTILE, HOSTILE, HOSTILE, 1.0, 10, False)),
        Event(EventKind.JOB_RETRIED, T, JobId(HOSTILE), HOSTILE, count=1, failure=failure, worker=HOSTILE),
        Event(EventKind.JOB_FAILED, T + 1, JobId(HOSTILE), HOSTILE, 1.0, failure=failure, worker=HOSTILE),
        Event(EventKind.ESTIMATE, T, estimate=Estimate(T, reason=HOSTILE)),
    ]


class Watching:
    """Somebody who watches: a board, a list of jobs, and what is drawn of them."""

    def __init__(self, events=(), *, style=None, about=ABOUT, at=80.0):
        self.board = Board()
        self.about, self.look = about, Look(foot=[("dim", " / filter  ? help  q back")])
        self.rows = JobRows(self.board)
        self.painter = Painter(self.board, self.rows, self.look, style or Style())
        self.at = at
        self.feed(*events)
        self.details = None

    def feed(self, *events):
        """Fold events at second `at`, as if they had travelled in no time."""
        for event in events:
            self.board.feed([event], event.time - T)
        self.settle()
        return self

    def settle(self):
        """Let the list of jobs be as it should."""
        while self.rows.step(1.0, self.now) or self.rows.is_busy:
            pass
        self.rows.reorder()

    @property
    def now(self):
        return self.board.now(self.at)

    def lines(self, columns=160, rows=45):
        return self.painter.draw(columns, rows, self.now, self.about, self.details)

    def texts(self, columns=160, rows=45):
        """The screen without its colours."""
        return ["".join(text for _, text in line) for line in self.lines(columns, rows)]

    @property
    def listed(self):
        """The ids in the list, from the top."""
        return [self.board.jobs.ids[self.rows.order[row]] for row in range(len(self.rows.order))]


def details_of(job_id, text="out"):
    """What is told of a job beyond what the board knows."""
    return Details(JobId(job_id), [f"f({text})"], [text, f"100%\r{text}"], text, [f"1  done  {text}"])
