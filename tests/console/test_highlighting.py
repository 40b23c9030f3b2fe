"""The colours of a line while it is typed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabularies import VOCABULARY, named

from compmake.job import JobState
from compmake.ui.highlighting import highlight
from compmake.ui.text import PALETTE
from compmake.ui.vocabulary import Vocabulary


def roles(line, vocabulary=VOCABULARY):
    """Return the words of a line that have a role, with it."""
    return [(text, role) for role, text in highlight(line, vocabulary) if role]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("make", [("make", "bold")]),
        ("lf", [("lf", "bold")]),
        ("nosuch x y", [("nosuch", "unknown")]),
        ("make func1-3 func1() mod.func1() func*", [("make", "bold")]),
        ("make func1-4 ", [("make", "bold"), ("func1-4", "unknown")]),
        ("make func9() ", [("make", "bold"), ("func9()", "unknown")]),
        ("make func1 ", [("make", "bold"), ("func1", "unknown")]),
        ("make failed", [("make", "bold"), ("failed", JobState.FAILED)]),
        (
            "make (not done) in deps of func2-1",
            [
                ("make", "bold"),
                ("not", "keyword"),
                ("done", JobState.DONE),
                ("in", "keyword"),
                ("deps", "keyword"),
                ("of", "keyword"),
            ],
        ),
        ("make fit-(1,2)", [("make", "bold")]),
        (
            "make 'a b c' 'last' 'lost' ",
            [("make", "bold"), ("'a b c'", "string"), ("'last'", "string"), ("'lost'", "unknown")],
        ),
        ("make -j 4 --dry-run n=3", [("make", "bold"), ("-j", "option"), ("--dry-run", "option"), ("n=", "option")]),
        ("make --nosuch", [("make", "bold"), ("--nosuch", "unknown")]),
        ("ls | grep x; why", [("ls", "bold"), ("|", "keyword"), ("grep x", "dim"), (";", "keyword"), ("why", "bold")]),
        ("ls >> 'a b' c", [("ls", "bold"), (">>", "keyword"), ("'a b'", "string"), ("c", "unknown")]),
        ("make failed&", [("make", "bold"), ("failed", JobState.FAILED), ("&", "keyword")]),
        ("make ?", [("make", "bold")]),
        ("help make", [("help", "bold")]),
        ("help mkae ", [("help", "bold"), ("mkae", "unknown")]),
        ("runs 4", [("runs", "bold"), ("4", "unknown")]),
        ("@file.txt", [("@file.txt", "bold")]),
    ],
)
def test_roles(line, expected):
    """Commands, options, states and operators have their colours, what is unknown is marked, the rest is plain."""
    assert roles(line) == expected


@pytest.mark.parametrize(
    "line", ["mak", "make func1-", "make faile", "make 'a b", "make func1(", "make Model.f", "help de"]
)
def test_what_can_become_known_is_not_marked(line):
    """The word at the end of the line is still being typed."""
    assert "unknown" not in dict(roles(line)).values()


def test_nothing_is_marked_before_the_jobs_are_known():
    """The ids may be there later than the prompt."""
    assert roles("why nosuch ", Vocabulary()) == [("why", "bold")]


def test_every_role_has_a_colour():
    """What marks a word is in the palette, so that it can be seen."""
    assert {"bold", "unknown", "option", "keyword", "string", "dim"} <= set(PALETTE)


@given(st.text())
def test_the_pieces_are_the_line(line):
    """No character is lost, none is added, whatever is typed."""
    assert "".join(text for _, text in highlight(line, VOCABULARY)) == line


def test_a_long_line_takes_no_time():
    """200 characters among many jobs: far less than a key may take."""
    vocabulary = named([f"func{a}-{b}" for a in range(20) for b in range(1000)])
    line = ("make " + "func1-1 func1 failed in (deps of nosuch) " * 8)[:200]
    best_s = 1.0
    for _ in range(5):
        started_s = time.perf_counter()
        highlight(line, vocabulary)
        best_s = min(best_s, time.perf_counter() - started_s)
    assert best_s < 0.01
