"""Where the parts of the dashboard are, at every size."""

from itertools import pairwise

import pytest
from dashboard_scenes import Watching, begun, details_of, ended, story
from run_events import T

from compmake.channel import Event, EventKind, FunctionNews
from compmake.ui.dashboard.panes.layout import DETAIL, HEADER, JOBS, KEYS, PANES, STATUS, TIMELINE, WORKERS, layout

SIZES = [(columns, rows) for columns in (1, 20, 39, 40, 79, 80, 119, 120, 160, 300) for rows in range(1, 101)]


def names(columns, rows, zoom=""):
    return [area.name for area in layout(columns, rows, zoom)]


@pytest.mark.parametrize("zoom", ["", *PANES])
@pytest.mark.parametrize("workers", [1, 8, 500])
def test_areas_fill_the_terminal_and_do_not_overlap(zoom, workers):
    """Each cell belongs to one part, but for the line between two that are beside each other."""
    for columns, rows in SIZES:
        areas = layout(columns, rows, zoom, workers=workers)
        assert all(area.rows > 0 and area.columns > 0 and area.y + area.rows <= rows for area in areas)
        for y in range(rows):
            beside = [area for area in areas if area.y <= y < area.y + area.rows]
            spans = sorted((area.x, area.x + area.columns) for area in beside)
            gaps = [start - end for (_, end), (start, _) in pairwise(spans)]
            assert spans[0][0] == 0 and spans[-1][1] == columns and {0, 1}.issuperset(gaps)


def test_what_there_is_no_room_for_goes():
    """Below 80x24 the detail, then the workers; below 40x10 all but one status."""
    assert {WORKERS, JOBS, DETAIL} < set(names(80, 24))
    assert DETAIL not in names(79, 24) and WORKERS in names(79, 24)
    assert names(60, 12) == [HEADER, JOBS, KEYS]
    assert names(39, 10) == names(40, 9) == [STATUS]


def test_large_terminals_have_every_part():
    """At 160x45 nothing is left out."""
    assert set(PANES) < set(names(160, 45))


def test_a_zoomed_part_has_all_the_room():
    """Between the header and the keys."""
    assert names(80, 24, TIMELINE) == [HEADER, TIMELINE, KEYS]


def test_cells_of_the_list_are_rows_of_it():
    """What the mouse points at is the job that is drawn there."""
    watching = Watching(story())
    texts = watching.texts(80, 24)
    for y, line in enumerate(texts):
        row = watching.painter.row_at(5, y)
        if row is not None:
            assert watching.listed[row] in line
    assert sum(watching.painter.row_at(5, y) is not None for y in range(24)) == watching.painter.page


def test_the_cursor_is_always_to_be_seen():
    """However far it goes, at any size that shows jobs."""
    watching = Watching(story())
    for rows in (10, 24, 45):
        for step in (0, 3, 100, -50, 300, -2):
            watching.rows.move(step, watching.now)
            lines = watching.lines(80, rows)
            here = [text for line in lines for role, text in line if role == "cursor"]
            assert len(here) == 1 and watching.rows.job in here[0]


@pytest.mark.parametrize("tab", range(5))
def test_the_detail_shows_each_tab(tab):
    """Traceback, output, arguments, dependencies, past runs of the job under the cursor."""
    watching = Watching(story())
    watching.details, watching.look.tab = details_of("train-b=5-lr=0.1", "told of it"), tab
    shown = "\n".join(watching.texts(160, 45))
    wanted = ["mycomputations.py:88 in step", "told of it", "f(told of it)", "needed by 1", "1  done  told of it"]
    assert wanted[tab] in shown


def test_output_is_followed_at_its_end_until_one_scrolls():
    """New lines come into sight at the end; who has scrolled up stays where they are."""
    watching = Watching(story())
    watching.look.tab, watching.look.zoom = 1, DETAIL

    def output(count):
        lines = [f"line {number}" for number in range(count)]
        watching.details = details_of("train-b=5-lr=0.1")._replace(output=lines, output_note="")
        return "\n".join(watching.texts(80, 24))

    assert "line 99" in output(100)
    assert "line 149" in output(150)
    watching.painter.scroll(-5)
    assert "line 144" in output(200) and "line 199" not in output(200)


def test_library_frames_can_be_unfolded():
    """Folded they are counted, else shown."""
    watching = Watching(story())
    assert "1 library frame" in "\n".join(watching.texts())
    watching.look.folds = False
    assert "runner.py:3 in run" in "\n".join(watching.texts())


def test_columns_of_workers_are_named_where_they_end():
    """What `99%` is of stands above it."""
    for columns in (80, 100, 119, 150, 160, 200):
        lines = Watching(story()).texts(columns, 24)
        above, row = next((line, lines[at + 1]) for at, line in enumerate(lines) if "─ Workers" in line)
        for label, value in (("beat", "0.5s"), ("cpu", "99%"), ("rss", "1.8G"), ("usual", "22s")):
            end = above.index(label) + len(label)
            assert row[:end].endswith(value)


def test_a_running_job_is_measured_against_those_that_were_done_meanwhile():
    """In a first make what is usual is known only when one job of the function was done, others long run then."""
    start = Event(EventKind.RUN_STARTED, T, count=2, workers=2, functions=(FunctionNews("train", 2),))
    watching = Watching([start, begun("train-1", 0, "w1"), begun("train-2", 0, "w2")])
    assert not any(" / " in line for line in watching.texts(80, 24)[4:6])
    watching.feed(ended("train-2", 40, "w2", 40.0))
    assert "1m20s /   40s" in watching.texts(80, 24)[4]


def test_how_long_a_worker_is_idle_is_never_cut():
    """Where jobs have short names it needs the place of the line of code too."""
    events = [Event(EventKind.RUN_STARTED, T, count=2, workers=2), begun("a", 0, "w1"), begun("b", 0, "w2")]
    watching = Watching([*events, ended("b", 40, "w2", 40.0)])
    assert " w2 idle 40s " in watching.texts(119, 30)[5]


def test_the_line_of_code_is_beside_the_job_where_it_fits():
    """Without the function where that does not fit, rather than cut."""
    assert " mycomputations.py:61  " in Watching(story()).texts(160, 45)[5]
    assert " mycomputations.py:61 train " in Watching(story()).texts(180, 45)[5]
