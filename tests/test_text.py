"""Rendering helpers: each text is what people expect to read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compmake.job import JobState
from compmake.text_safety import cells, sanitize
from compmake.ui.text import Style, ago, bar, can_encode, clock, cut, cut_middle, duration, roughly, table, wrap
from compmake.words import bytes_text, plural


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"), (-5, "0s"), (float("nan"), "0s"), (0.04, "40ms"), (0.0991, "99ms"), (0.2, "0.2s"), (9.94, "9.9s"),
        (9.96, "10s"), (41.2, "41s"), (59.7, "1m00s"), (361, "6m01s"), (3599.9, "1h00m"), (7500, "2h05m"),
        (86399.9, "1d0h"), (273600, "3d4h"), (float("inf"), "for ever"),
    ],
)  # fmt: skip
def test_duration(seconds, text):
    """Durations have at most two units and round without ever showing 60."""
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0B"),
        (900, "900B"),
        (1000, "1.0K"),
        (12_000, "12K"),
        (310_000_000, "310M"),
        (1_900_000_000, "1.9G"),
        (10**15, "1.0P"),
    ],
)
def test_bytes_text(count, text):
    """Sizes have two or three digits and a unit of powers of 1000."""
    assert bytes_text(count) == text


@given(st.floats(0, 1e15))
def test_sizes_and_durations_are_short(value):
    """However large, they fit in a column."""
    assert len(duration(value)) <= 12 and len(bytes_text(int(value))) <= 5


def test_roughly_has_one_unit():
    """Expectations are told in one unit."""
    assert [roughly(value) for value in (0, 41, 89, 360, 7300, 200_000)] == ["1s", "41s", "89s", "6m", "2h", "2d"]
    assert ago(0.5) == "just now" and ago(7300) == "2h ago"


def test_clock_is_the_local_time_of_day():
    """A time is shown as hours, minutes, seconds."""
    assert len(clock(1_700_000_000)) == 8


def test_plural():
    """One job, two jobs."""
    assert (plural(1, "job"), plural(0, "job")) == ("1 job", "0 jobs")


@given(st.text(), st.integers(0, 40), st.booleans())
def test_cut_fits(text, width, ascii_only):
    """What is cut never takes more cells than there are, and what fits is left alone."""
    text = sanitize(text).replace("\n", " ").replace("\t", " ")
    shown = cut(text, width, Style(ascii=ascii_only))
    assert cells(shown) <= width
    assert shown == text or cells(text) > width


def test_wide_characters_take_two_cells():
    """East Asian characters are counted as terminals draw them."""
    assert cut("日本語", 5, Style()) == "日本…"
    assert table([["日本", "x"], ["abc", "y"]]) == ["日本  x", "abc   y"]


def test_table_aligns():
    """Columns are aligned, numbers to the right, without trailing blanks."""
    rows = [["a", "5", "x"], ["long", "12", ""]]
    assert table(rows, ["job", "n", "why"], right=[1]) == ["job    n  why", "a      5  x", "long  12"]


def test_table_fits_the_screen():
    """With a width the widest column is cut first; without one nothing is ever cut."""
    rows = [["id-1", "x" * 90, "done"]]
    assert table(rows, width=40) == ["id-1  " + "x" * 27 + "…  done"]
    assert len(table(rows)[0]) == 102


@given(st.lists(st.lists(st.text("ab日 ", max_size=30), min_size=3, max_size=3), max_size=5), st.integers(20, 60))
def test_table_never_exceeds_the_width(rows, width):
    """Whatever is in the cells, no line takes more cells than the screen has."""
    assert all(cells(line) <= width for line in table(rows, width=width))


def test_empty_table_has_no_lines():
    """Nothing to show shows nothing."""
    assert table([]) == []


def test_paint_colours_rows_only():
    """Painted cells stay aligned; the header is left alone."""
    style = Style(8)
    lines = table([["a", "x"]], ["job", "state"], paint=lambda row, column, text: style.paint("bold", text))
    assert lines == ["job  state", "\x1b[1ma  \x1b[0m  \x1b[1mx\x1b[0m"]


@pytest.mark.parametrize(
    ("fraction", "text"), [(0, "----"), (0.5, "##--"), (0.999, "###-"), (1, "####"), (7, "####"), (-1, "----")]
)
def test_bar(fraction, text):
    """A bar is full only when all is done."""
    assert bar(fraction, 4, Style(ascii=True)) == text


@pytest.mark.parametrize("style", [Style(), Style(ascii=True)])
def test_states_are_told_without_colour(style):
    """Every state has a sign; only those of a job that was not made yet share one."""
    signs = {state: style.glyph(state) for state in JobState}
    assert signs[JobState.WAITING] == signs[JobState.TODO] and len(set(signs.values())) == len(signs) - 1
    assert all(sign.isascii() for sign in signs.values()) or not style.ascii


def test_colours_depend_on_the_screen():
    """256 colours give the palette colour-blind people can read, 8 the plain ones, 0 none."""
    assert Style(0).paint(JobState.FAILED, "x") == "x"
    assert Style(8).paint(JobState.FAILED, "x") == "\x1b[1;31mx\x1b[0m"
    assert Style(256).paint(JobState.FAILED, "x") == "\x1b[1;38;5;166mx\x1b[0m"


def test_signs_are_spelled_where_only_ascii_can_be_shown():
    """compmake's own signs have an ASCII form, and the encoding of a stream decides if it is needed."""
    assert Style(ascii=True).spell("✔ a… · ⏎") == "[+] a... | \\n"
    assert Style().spell("✔ a…") == "✔ a…"
    assert can_encode("utf-8") and not can_encode("latin-1") and not can_encode(None) and not can_encode("junk")


@given(st.text("ab日本語 ", max_size=80), st.integers(2, 30), st.integers(0, 8))
def test_wrapped_lines_fit_and_lose_nothing(text, width, indent):
    """Whatever the text, no line is wider than the screen, and all that is not blank is there in its order."""
    lines = wrap(text, width, indent=indent)
    assert all(cells(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("width", [0, -1, -100])
def test_lines_for_no_screen_at_all_come_to_an_end(width):
    """A screen may have fewer cells than its frame."""
    assert wrap("ab c", width) == wrap("ab c", 1)


def test_lines_are_broken_at_blanks():
    """What follows is indented, like a word that is too long for any line."""
    assert wrap("  why  the result of a changed", 21, indent=5) == ["  why  the result of", "       a changed"]
    assert wrap("call  " + "x" * 12, 10, indent=2) == ["call  xxxx", "  xxxxxxxx"]
    assert wrap("as it is", None) == wrap("as it is", 8) == ["as it is"]


@given(st.text("ab日", max_size=40), st.integers(1, 30))
def test_cutting_the_middle_keeps_both_ends(text, width):
    """Ids differ mostly at their ends, and what fits is left alone."""
    shown = cut_middle(text, width, Style())
    assert cells(shown) <= width and (shown == text or cells(text) > width)
    if shown != text and width >= 9:
        assert (shown[0], shown[-1]) == (text[0], text[-1])
