"""Foreign text: nothing of it steers a terminal, leaves a folder or shows a password."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compmake.text_safety import cells, one_line, redact, safe_name, sanitize

hostile = st.text(alphabet=st.characters(), max_size=200) | st.text(
    alphabet="\x00\x07\x1b\x7f\x9b\u202e\u2066\u200f\ud800\udcff\r\n\t[0m;a界e\u0301 ", max_size=200
)


@given(hostile)
def test_sanitized_text_holds_no_control(text):
    """After sanitize() only newline and tab are left of what Unicode calls controls, bidi controls and surrogates."""
    bidi = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    for character in sanitize(text):
        assert character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs", "Zl", "Zp"}
        assert unicodedata.bidirectional(character) not in bidi
        assert character not in "\u061c\u200e\u200f"


@given(hostile)
def test_sanitized_text_stays_as_it_is(text):
    """What was sanitized once can be printed anywhere: it encodes as UTF-8, and a second time changes nothing."""
    safe = sanitize(text)
    assert sanitize(safe) == safe
    safe.encode("utf-8")


def test_controls_are_shown_by_their_code():
    """The reader sees which control was there."""
    assert sanitize("\x1b[31mred\r\x9b\u202e\ud800") == "\\x1b[31mred\\x0d\\x9b\\u202e\\ud800"


@pytest.mark.parametrize("text", ["", "plain", "two\n\tlines", "naïve 界 🙂 e\u0301", "a\\x1b"])
def test_safe_text_is_not_touched(text):
    """Ordinary text of any language passes unchanged."""
    assert sanitize(text) == text


@given(hostile, st.integers(-2, 80))
def test_one_line_fits(text, width):
    """one_line() is one line of at most `width` cells without tabs."""
    line = one_line(text, width)
    assert cells(line) <= max(width, 0)
    assert "\t" not in line
    assert len(line.splitlines()) <= 1


@given(hostile.filter(lambda text: not re.search(r"[\n\t]", text)))
def test_one_line_keeps_what_fits(text):
    """Where there is room enough nothing is cut."""
    assert one_line(text, 10_000) == sanitize(text)


@pytest.mark.parametrize(
    ("text", "width", "line"),
    [
        ("abc", 3, "abc"),
        ("abcd", 3, "ab…"),
        ("a\nb\n\n", 9, "a⏎b"),
        ("a\tb", 9, "a b"),
        ("界界", 4, "界界"),
        ("界界x", 4, "界…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("x" * 10_000_000, 4, "xxx…"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_one_line_by_example(text, width, line):
    """Newlines are shown, wide characters take two cells, accents none, and `…` marks a cut."""
    assert one_line(text, width) == line


@given(hostile)
def test_safe_name_is_one_plain_file_name(text):
    """A file name made from any text stays in its folder, is hidden from nothing, and is no option of a command."""
    assert re.fullmatch(r"[A-Za-z0-9_,=+][A-Za-z0-9_.,=+-]*-[0-9a-f]{20}", safe_name(text))
    assert len(safe_name(text)) <= 61


@given(hostile, hostile)
def test_different_texts_have_different_names(one, other):
    """Two ids never share a file, not even where case does not count."""
    assert (one == other) == (safe_name(one).lower() == safe_name(other).lower())


def test_hostile_ids_have_distinct_names():
    """Ids that differ only in case, in what was replaced, or beyond 40 characters are told apart."""
    ids = [
        "a",
        "A",
        "a/b",
        "a_b",
        "a b",
        "..",
        "../..",
        "",
        ".",
        "-rf",
        "x" * 41,
        "x" * 42,
        "ä",
        "a\u0308",
        "\ud800",
        "nul",
    ]
    assert len({safe_name(job_id).casefold() for job_id in ids}) == len(ids)


def test_safe_name_stays_readable():
    """An ordinary id can be recognised in its file name."""
    assert safe_name("train b=9").startswith("train_b=9-")


secret = st.text(alphabet=st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=30).map("hunter2".__add__)


@given(secret, st.sampled_from(["redis://user:{}@host", "see 'rediss://:{}@h:1/0'.", "unix://:{}@/p/s?db=0"]))
def test_a_password_in_a_url_is_hidden(password, url):
    """Whatever the password is made of, none of it is left."""
    assert "hunter2" not in redact(f"a@b http://x {url.format(password)}\nredis://host/0")


def test_a_password_as_a_parameter_is_hidden():
    """redis-py reads passwords from the query too."""
    assert redact("unix:///s?db=1&password=hunter2&x=1") == "unix:///s?db=1&password=***&x=1"


@pytest.mark.parametrize(
    "text", ["redis://host:6379/0", "redis://user@host", "a: b@c", "http://h/p", "x\n\n y", "://", ""]
)
def test_text_without_a_password_is_not_touched(text):
    """Nothing is hidden where nothing is secret."""
    assert redact(text) == text


def test_the_rest_of_the_url_stays():
    """Scheme, user and host are still there to read."""
    assert redact("cannot reach redis://me:p:a@ss@host:6379/0 now") == "cannot reach redis://me:***@host:6379/0 now"
