"""The list of jobs: what is listed, in which order, and where the cursor is while the make goes on."""

import pytest
from dashboard_scenes import Watching, begun, ended, finished_story, opening, story
from graphs import job
from run_events import T

from compmake.channel import Event, EventKind
from compmake.errors import SelectionError
from compmake.graph import Graph
from compmake.job import JobId, JobState
from compmake.job_table import JobTable
from compmake.selection import Scope, parse
from compmake.selection.live import is_snapshot, member_of
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.filtering import Chosen
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.board.sorting import COLUMNS
from compmake.ui.dashboard.panes.painter import Painter
from compmake.ui.text import Style


def filtered(text, *, events=None):
    watching = Watching(story() if events is None else events)
    assert watching.rows.set_filter(text), watching.rows.message
    watching.settle()
    return watching


def test_jobs_that_are_done_are_not_listed_at_first():
    """The default is what is not done: failed first, then what runs, then what could."""
    watching = Watching(story())
    assert watching.listed[0] == "train-b=5-lr=0.1"
    assert watching.listed[3:9] == [f"train-b={b}-lr=0.2" for b in range(1, 7)]
    assert "load-b=1" not in watching.listed


def test_ready_jobs_are_in_the_order_in_which_they_are_started():
    """The highest priority first, as the scheduler has it."""
    ids = [JobId(name) for name in "abcd"]
    table = JobTable(ids, ["f"] * 4, [(), (), (), (0,)], [1.0] * 4, [1.0, 3.0, 2.0, 0.0])
    start = Event(EventKind.RUN_STARTED, T, count=4)
    assert Watching([start, Event(EventKind.JOBS, T, table=table)]).listed == ["b", "c", "a", "d"]


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("report", "report", 1),
        ("trn3", "train-b=3-lr=0.1", 36),
        ("sum b=2", "summary-b=2", 6),
        ("~^load-b=1$", "load-b=1", 1),
        ("!~-", "report", 1),
        ("~^load", "load-b=7", 24),
    ],
)
def test_filters_find(text, first, count):
    """Letters in order, each word for itself; regular expressions; what does not match."""
    watching = filtered(text)
    assert watching.listed[0] == first
    assert len(watching.listed) == count


def test_capitals_count_if_any_is_typed():
    """As most search fields do it."""
    assert filtered("REPORT").listed == []


def test_selections_are_asked_of_whoever_knows_them():
    """`=failed` lists what the selection language says."""
    watching = Watching(story())
    asked = []

    def select(text, states):
        asked.append((text, states()["report"]))
        return Chosen(lambda job_id, state: job_id == "report")

    watching.rows = JobRows(watching.board, select)
    assert watching.rows.set_filter("!= failed or x")
    watching.settle()
    assert set(asked) == {("failed or x", JobState.BLOCKED)}
    assert len(watching.listed) == 288


def choosing(watching):
    """Return a list of the jobs of a make as somebody has it who knows the program."""
    jobs = watching.board.jobs
    graph = Graph(
        {
            job_id: job(job_id, [jobs.ids[needed] for needed in jobs.needs[number]], function=f"m:{function}")
            for number, (job_id, function) in enumerate(zip(jobs.ids, jobs.functions, strict=True))
        }
    )

    def select(text, states):
        selection, stored = parse(text), Scope(graph, lambda: dict.fromkeys(jobs.ids, JobState.TODO))
        return Chosen(member_of(selection, Scope(graph, states), stored=stored), is_snapshot(selection))

    watching.rows = JobRows(watching.board, select)
    return watching


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("=running", ["train-b=1-lr=0.2"], ["train-b=2-lr=0.2"]),
        ("=running in train()", ["train-b=1-lr=0.2"], ["train-b=2-lr=0.2"]),
        ("=failed except train-b=3-lr=0.1", ["train-b=1-lr=0.1"], ["train-b=1-lr=0.1", "train-b=1-lr=0.2"]),
        ("=dependents of running", ["evaluate-b=1-lr=0.2"], ["evaluate-b=2-lr=0.2"]),
        ("!=not running", ["train-b=1-lr=0.2"], ["train-b=2-lr=0.2"]),
        ("=todo in train-b=2-lr=0.2", ["train-b=2-lr=0.2"], []),
    ],
)
def test_a_selection_by_state_follows_the_make(text, before, after):
    """Jobs come and go as they begin and end, also where the state of others decides."""
    watching = Watching(
        [*opening(), begun("train-b=1-lr=0.1", 1, "w1"), ended("train-b=1-lr=0.1", 2, "w1", 1, fails=True)]
    )
    watching.feed(begun("train-b=1-lr=0.2", 3, "w1"))
    choosing(watching).rows.set_filter(text)
    watching.settle()
    assert watching.listed == before
    watching.feed(ended("train-b=1-lr=0.2", 4, "w1", 1, fails=True), begun("train-b=2-lr=0.2", 5, "w1"))
    assert sorted(watching.listed) == after


@pytest.mark.parametrize("text", ["~(", "~[", "=nothing", "= bad ("])
def test_a_bad_filter_changes_nothing_and_says_why(text):
    """The list stays, and a message tells what is wrong."""
    watching = Watching(story())

    def select(text, states):
        raise SelectionError(f"no such job {text!r}")

    watching.rows = JobRows(watching.board, select)
    watching.settle()
    before = watching.listed
    assert not watching.rows.set_filter(text)
    watching.settle()
    assert watching.listed == before
    assert watching.rows.message
    assert watching.rows.set_filter("") and not watching.rows.message


def test_failed_only_lists_failed_and_blocked_jobs():
    """And the same key takes it back."""
    watching = Watching(finished_story())
    before = watching.listed
    watching.rows.toggle_failed()
    watching.settle()
    assert watching.listed == ["train-b=1-lr=0.0", "evaluate-b=1-lr=0.0", "summary-b=1", "report"]
    watching.rows.toggle_failed()
    watching.settle()
    assert watching.listed == before


@pytest.mark.parametrize("column", COLUMNS)
def test_every_column_sorts_both_ways(column):
    """The same jobs in the opposite order."""
    watching = Watching(story())
    watching.rows.sort_by(column)
    watching.settle()
    there = watching.listed
    watching.rows.reverse()
    watching.settle()
    assert watching.listed == there[::-1] and len(set(there)) == 263


def test_sorting_by_time_has_the_longest_first():
    """What runs longest is at the top, then what took longest."""
    watching = filtered("~^(train|load)-b=[123]")
    watching.rows.sort_by("time")
    watching.settle()
    assert watching.listed[:4] == ["train-b=1-lr=0.2", "train-b=2-lr=0.2", "train-b=3-lr=0.2", "train-b=1-lr=0.0"]


def test_the_order_is_kept_while_the_cursor_is_in_the_list():
    """Rows change in place; the cursor stays on its job."""
    watching = Watching(opening())
    watching.rows.move(5, watching.now)
    before, job = watching.listed, watching.rows.job
    watching.board.feed([begun("load-b=20", 81, "w1"), begun("load-b=1", 82, "w2"), ended(job, 83, "w3", 1.0)], 83)
    for second in range(10):
        watching.rows.step(1.0, watching.now + second)
    assert watching.listed == before
    assert watching.rows.job == job and watching.rows.at == 5


def test_the_order_follows_the_make_while_the_cursor_is_at_the_top():
    """New failures and running jobs come up by themselves, but not right after a key."""
    watching = Watching(opening())
    watching.rows.go(0, watching.now)
    watching.board.feed([begun("load-b=20", 80, "w1")], 80)
    watching.rows.step(1.0, watching.now + 1)
    assert watching.listed[0] != "load-b=20"
    watching.rows.step(1.0, watching.now + 5)
    assert watching.listed[0] == "load-b=20" == watching.rows.job


def test_an_empty_list_follows_the_make_wherever_the_cursor_was():
    """Who looks at failed jobs only, and there is none yet, sees the first one that fails."""
    watching = Watching(opening())
    watching.rows.move(5, watching.now)
    watching.rows.toggle_failed()
    watching.settle()
    assert watching.listed == [] and watching.rows.job is None
    watching.board.feed([begun("load-b=1", 80, "w1"), ended("load-b=1", 81, "w1", 1.0, fails=True)], 81)
    watching.rows.step(1.0, watching.now + 5)
    assert watching.rows.job == "load-b=1"


def test_the_cursor_stays_on_its_job_when_the_list_is_sorted_anew():
    """By its id, wherever it is then."""
    watching = Watching(story())
    watching.rows.move(5, watching.now)
    job = watching.rows.job
    watching.rows.sort_by("job")
    watching.settle()
    assert watching.rows.job == job and watching.listed[watching.rows.at] == job


def test_the_cursor_goes_to_a_neighbour_when_its_job_is_no_longer_listed():
    """It stays in the same row."""
    watching = Watching(story())
    watching.rows.move(5, watching.now)
    watching.board.feed([ended(watching.rows.job, 90, "w3", 1.0)], 90)
    watching.rows.reorder()
    assert watching.rows.at == 5


def test_marks_are_of_jobs():
    """Single ones and ranges; they survive another filter, and an action is about them instead of the cursor."""
    watching = Watching(story())
    rows = watching.rows
    assert rows.chosen == ["train-b=5-lr=0.1"]
    rows.mark()
    rows.move(2, watching.now)
    rows.mark_range()
    assert rows.chosen == [f"train-b={b}-lr=0.1" for b in (1, 3, 5)]
    rows.set_filter("report")
    watching.settle()
    assert len(rows.chosen) == 3
    rows.unmark_all()
    assert rows.chosen == ["report"]


@pytest.fixture(scope="module")
def many():
    """A board of 100,000 jobs."""
    ids = [JobId(f"job-{number}") for number in range(100_000)]
    table = JobTable(ids, ["f"] * 100_000, [()] * 100_000, [1.0] * 100_000, [0.0] * 100_000)
    board = Board()
    board.feed([Event(EventKind.RUN_STARTED, T, count=100_000), Event(EventKind.JOBS, T, table=table)], 0.0)
    return board


def test_a_hundred_thousand_jobs_are_sorted_in_slices(many):
    """No slice takes much longer than it may; the list changes only when all is done."""
    rows = JobRows(many)
    steps, ticks = 0, iter(range(10**9))
    while not rows.step(10, T, clock=lambda: next(ticks)):  # a budget of ten looks at the clock
        steps += 1
        assert rows.is_busy and len(rows.order) == 0
    assert steps > 20 and len(rows.order) == 100_000


def test_the_list_says_that_it_is_at_work(many):
    """Until a pass over all jobs is done its title says so, and what was listed before stays."""
    watching = Watching()
    watching.board, watching.rows = many, JobRows(many)
    watching.painter = Painter(many, watching.rows, watching.look, Style())
    watching.settle()
    watching.rows.set_filter("~9$")
    assert any("working…" in line for line in watching.texts()) and len(watching.listed) == 100_000
    watching.settle()
    assert any("10000 of 100000" in line for line in watching.texts())


def test_few_jobs_are_filtered_at_once():
    """What is typed right behind a filter is about what it lists."""
    watching = Watching(story())
    watching.rows.set_filter("report")
    assert watching.rows.job == "report"
