"""The table of the dashboard's keys, and what each does."""

import pytest
import urwid
from dashboards import Seen, Told, live_events
from urwid.testing import check_box_sizing, click

from compmake.errors import UserError
from compmake.ui.dashboard.dashboard_keys import KEYS
from compmake.ui.dashboard.dashboard_screen import ACTIONS
from compmake.ui.dashboard.keys import action_of, name_of, rebound


@pytest.fixture
def seen():
    """A dashboard in the middle of a make."""
    seen = Seen(Told(list(live_events())[:40]))
    for _ in range(60):
        seen.tick()
    seen.shown()
    return seen


def test_every_action_has_keys_of_its_own_and_something_to_do():
    """The bar, `?` and the documents tell of nothing else."""
    names = [name for key in KEYS for name in key.names]
    assert len(names) == len(set(names))
    assert {key.action for key in KEYS} == set(ACTIONS)


def test_keys_can_be_bound_anew():
    """The user's key is taken from what it did before; it is told as people write it."""
    table = rebound(KEYS, {"filter": "ctrl-t F5", "mark": "f"}, kept="back")
    assert action_of(table, "ctrl t") == action_of(table, "f5") == "filter"
    assert action_of(table, "/") == ""
    assert action_of(table, "f") == "mark"
    assert "failed" not in {key.action for key in table}
    assert next(key.written for key in table if key.action == "filter") == "ctrl-t F5"


@pytest.mark.parametrize(
    ("wishes", "told"),
    [
        ({"filtr": "x"}, "there is no action 'filtr': did you mean filter?"),
        ({"filter": "hyper-x"}, "'hyper-x' is no key"),
        ({"filter": "q", "mark": "esc"}, "no key is left for back"),
    ],
)
def test_a_wrong_binding_is_told_in_one_line(wishes, told):
    """Which action or key it is, and what could be meant."""
    with pytest.raises(UserError, match=r"^setting keys: ") as error:
        rebound(KEYS, wishes, kept="back")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_keys_are_written_as_people_do():
    """Case, dashes and other words for the same key do not matter."""
    assert [name_of(text) for text in ("Space", "PGDN", "page-down", "Escape", "Ctrl-X", "f12")] == [
        *(" ", "page down", "page down", "esc", "ctrl x", "f12")
    ]


def test_the_cursor_follows_its_job_and_marks_are_for_actions(seen):
    """Space marks and goes on; a range is marked from the last mark."""
    first = seen.dashboard.rows.job
    seen.press(" ", "down", "down", "V")
    assert first in seen.dashboard.rows.marked
    assert len(seen.dashboard.rows.marked) == 4
    seen.press("U")
    assert not seen.dashboard.rows.marked


def test_a_filter_is_typed_and_a_wrong_one_changes_nothing(seen):
    """Esc leaves what was there; what is wrong stands behind it."""
    seen.press("/", *"~[", "enter")
    assert "not a regular expression" in seen.shown()
    seen.press("esc", "/", *"b=5", "enter")
    seen.tick()
    assert "filter: b=5" in seen.shown()
    seen.press("/", *"xyz", "esc")
    assert "filter: b=5" in seen.shown()


def test_enter_opens_a_failure_in_its_viewer(seen):
    """With its frames; q comes back to the dashboard, and q again leaves it."""
    seen.press("f")
    seen.tick()
    seen.shown()
    seen.press("enter")
    assert "> dashboards.py:88 in step" in seen.shown()
    seen.press("q")
    assert "filter: failed, blocked" in seen.shown()
    with pytest.raises(urwid.ExitMainLoop):
        seen.press("q")


@pytest.mark.parametrize("key", ["w", "J", "d", "u", "t", "E"])
def test_a_pane_has_all_the_room_and_gives_it_back(seen, key):
    """The same key, or q, shows the others again, and the arrows do what they did before."""
    before, job = seen.shown(160, 45), seen.dashboard.rows.job
    seen.press(key)
    assert seen.shown(160, 45) != before
    seen.press(key)
    assert seen.shown(160, 45) == before
    seen.press(key, "q", "down")
    assert seen.dashboard.rows.job != job


def test_help_is_made_of_the_table(seen):
    """Each action with its keys."""
    seen.press("?")
    text = seen.shown(120, 60)
    assert all(key.help in text for key in KEYS)


def test_a_column_to_sort_by_is_chosen_by_its_letter(seen):
    """And reversed."""
    seen.press("s")
    assert "Sort by" in seen.shown(100)
    seen.press("j")
    seen.tick()
    assert "sort: job" in seen.shown(100)
    before = seen.dashboard.rows.job
    seen.press("S")
    assert seen.dashboard.rows.order[0] != seen.dashboard.board.jobs.number(before)


def test_the_graph_shows_what_a_job_needs_and_what_needs_it(seen):
    """As text, with states as words."""
    seen.press("/", *"~b=4$", "enter")
    seen.tick()
    seen.press("g")
    above, _, below = seen.shown().partition("is needed by")
    assert "train-b=3  done" in above
    assert "train-b=5" in below


def test_a_recording_can_be_looked_at_only(seen):
    """Each key that would change something says so in one line."""
    for key in ("a", ":"):
        seen.press(key)
        assert "this is a recording" in seen.shown()


def test_it_fills_any_size(seen):
    """One without lines or columns too, and one of each."""
    check_box_sizing(seen.widget)


def test_what_is_told_is_never_cut(seen):
    """What is too long for one line has more of them."""
    seen.press(":", size=(40, 12))
    assert "this is a recording: nothing can be\n done to it" in seen.shown(40, 12)


def test_the_mouse_goes_to_the_job_that_is_clicked(seen):
    """Where it takes clicks: that is off unless the user wants it."""
    area = next(area for area in seen.dashboard._painter.areas if area.name == "jobs")
    assert click(seen.widget, (80, 24), 5, area.y + 4)
    assert seen.dashboard.rows.at == 2
    assert click(seen.widget, (80, 24), 5, area.y + 4, button=5)
    assert seen.dashboard.rows.at == 5


def test_news_that_do_not_come_are_told_and_come_again():
    """What was known stays on the screen."""
    source = Told(list(live_events())[:20])
    seen = Seen(source)
    for _ in range(30):
        seen.tick()
    before = seen.shown().splitlines()[1]
    source.is_lost = True
    seen.tick(2.0)
    assert "the server is away" in seen.shown()
    assert seen.shown().splitlines()[1] == before
    source.is_lost = False
    seen.tick(2.0)
    assert "the server is away" not in seen.shown()


def test_the_job_that_is_read_about_stays_when_it_ends():
    """At the top the list follows the make, but not while all of the screen is for one job."""
    batches = list(live_events())
    seen = Seen(Told([[*batches[0], *batches[1][:2]], [], *[[]] * 40, *batches[1:]]))
    for _ in range(4):
        seen.tick()
    job_id = seen.dashboard.rows.job
    seen.press("d")
    for _ in range(120):
        seen.tick()
    assert seen.dashboard.rows.job == job_id
    assert seen.dashboard.board.jobs.state(seen.dashboard.board.jobs.number(job_id)).value != "running"
