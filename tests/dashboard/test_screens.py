"""Every screen of the dashboard as it looks without colours, at five sizes; the files beside are what it should be.

`PYTHONPATH=tests python tests/dashboard/test_screens.py` writes them anew.
"""

import os
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from dashboard_scenes import ABOUT, HOSTILE, SIZES, Watching, details_of, finished_story, hostile_story, opening, story
from hypothesis import given, settings
from hypothesis import strategies as some

from compmake.text_safety import cells
from compmake.ui.dashboard.board.states import SIGNS, SILENT
from compmake.ui.dashboard.panes.look import TABS, About
from compmake.ui.dashboard.panes.palette import PALETTE
from compmake.ui.text import Style

SCREENS = Path(__file__).with_name("screens")
LOST = ABOUT._replace(trouble="Redis at 127.0.0.1:6379: connection refused", trouble_s=12)
SCENES = {
    "running": lambda: Watching(story()),
    "ascii": lambda: Watching(story(), style=Style(ascii=True)),
    "empty": lambda: Watching(about=About("my_program")),
    "loading": lambda: Watching(opening(with_table=False)),
    "lost": lambda: Watching(story(), about=LOST, at=92.0),
    "finished": lambda: Watching(finished_story()),
}
ZOOMS = ("jobs", "workers", "detail", "functions", "timeline", "events")


@pytest.fixture(autouse=True)
def utc(monkeypatch):
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def screens():
    """Yield the name of each file and what should be in it."""
    for name, make in SCENES.items():
        watching = make()
        for columns, rows in SIZES:
            yield f"{name}-{columns}x{rows}", watching.texts(columns, rows)
    watching = Watching(story())
    for zoom in ZOOMS:
        watching.look.zoom = zoom
        yield f"zoomed-{zoom}-100x30", watching.texts(100, 30)


def text_of(lines):
    return "".join(f"{line.rstrip()}\n" for line in lines)


def test_screens_are_as_they_were_looked_at():
    """Each part, at each size, shows exactly what somebody has looked at and found good."""
    found = {name: text_of(lines) for name, lines in screens()}
    kept = {path.stem: path.read_text(encoding="utf-8") for path in SCREENS.glob("*.txt")}
    assert sorted(found) == sorted(kept)
    assert [name for name in found if found[name] != kept[name]] == []


def test_every_state_has_a_sign_and_a_word_of_its_own():
    """Without colours states can be told apart, in Unicode and in ASCII."""
    signs = [*SIGNS.values(), SILENT]
    for field in ("glyph", "ascii", "word", "brief"):
        assert len({getattr(sign, field) for sign in signs}) == len(signs)
    assert {sign.role for sign in signs} <= {row[0] for row in PALETTE}


def test_rows_tell_states_without_colours():
    """The rows of failed, running, ready, blocked, waiting, done and up to date jobs differ by sign and word."""
    watching = Watching(story())
    watching.rows.set_filter("~.")
    watching.settle()
    watching.look.zoom = "jobs"
    shown = {line[2:9].strip() for line in watching.texts(160, 300) if line[:1] in " ▌"}
    assert {"✘ fail", "▶ run", "◌ ready", "⊘ block", "· wait", "✔ done", "≡ same"} <= shown


def test_ascii_screens_hold_nothing_else():
    """Where only ASCII can be shown all of compmake's own signs are spelled in it."""
    watching = Watching(story(), style=Style(ascii=True))
    for zoom in ("", *ZOOMS):
        watching.look.zoom = zoom
        assert all(line.isascii() for line in watching.texts())


@pytest.mark.parametrize("size", [*SIZES, (300, 100), (1, 1)])
def test_hostile_texts_reach_no_screen(size):
    """Control characters in ids, functions, workers, messages, sources, output and troubles are spelled out."""
    watching = Watching(hostile_story(), about=About(HOSTILE, HOSTILE, HOSTILE, HOSTILE, 3.0))
    watching.rows.set_filter("~.")
    watching.settle()
    for row in (0, 1):
        watching.rows.go(row, watching.now)
        watching.details = details_of(watching.rows.job, HOSTILE)
        for zoom in ("", *ZOOMS):
            for watching.look.tab in range(len(TABS)):
                watching.look.zoom = zoom
                assert all(text.isprintable() for line in watching.lines(*size) for _, text in line)


def test_wide_characters_are_counted_in_cells():
    """Ids of characters that take two cells break no column."""
    wide = [told for told in story() if told.table is None]
    watching = Watching([told if not told.job_id else _renamed(told) for told in wide])
    for size in SIZES:
        assert {cells(text) for text in watching.texts(*size)} == {size[0]}
    assert "火星" in "".join(watching.texts())


def _renamed(told):
    return replace(told, job_id=told.job_id.replace("train", "火星探査"), function="火星探査")


@settings(max_examples=60, deadline=None)
@given(seed=some.integers(0, 10**6), columns=some.integers(1, 300), rows=some.integers(1, 100))
def test_any_news_in_any_order_fit_any_terminal(seed, columns, rows):
    """Whatever comes, and whatever is looked at: as many lines as asked for, each as wide as the terminal."""
    pick = random.Random(seed)
    watching = Watching(style=Style(ascii=pick.random() < 0.3))
    for _ in range(3):
        watching.at = pick.uniform(0, 200)
        watching.board.feed(pick.choices(ALL_NEWS, k=60), watching.at)
        watching.rows.step(0.01, watching.now)
        look_around(watching, pick)
        shown = watching.texts(columns, rows)
        assert len(shown) == rows
        assert {cells(text) for text in shown} == {columns}
        assert all(text.isprintable() for text in shown)


def look_around(watching, pick):
    look, rows = watching.look, watching.rows
    look.zoom, look.focus = pick.choice(["", *ZOOMS]), pick.choice(ZOOMS)
    look.tab, look.wraps, look.folds = pick.randrange(len(TABS)), pick.random() < 0.5, pick.random() < 0.5
    rows.set_filter(pick.choice(["", "tr", "~x", "!~x", "=", "~(", "!"]))
    rows.sort_by(pick.choice(["state", "job", "function", "time", "usual", "rss", "try", "worker"]))
    pick.choice([rows.reverse, rows.toggle_failed, rows.mark, rows.mark_range, rows.unmark_all])()
    rows.move(pick.randrange(-300, 300), watching.now)
    watching.painter.scroll(pick.randrange(-50, 50))
    watching.details = details_of(rows.job, HOSTILE) if rows.job is not None else None
    watching.about = ABOUT._replace(trouble=pick.choice(["", HOSTILE]), trouble_s=pick.uniform(0, 99))


ALL_NEWS = [*story(), *finished_story(), *hostile_story(), *story(with_table=False)]


if __name__ == "__main__":
    os.environ["TZ"] = "UTC"
    time.tzset()
    SCREENS.mkdir(exist_ok=True)
    for old in SCREENS.glob("*.txt"):
        old.unlink()
    for name, lines in screens():
        (SCREENS / f"{name}.txt").write_text(text_of(lines), encoding="utf-8")
