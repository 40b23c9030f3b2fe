"""Whatever is typed: the parser understands or refuses it, what helps while typing never fails."""

import random
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vocabularies import JOBS, VOCABULARY

from compmake.errors import UserError
from compmake.graph import Graph
from compmake.job import JobState
from compmake.selection import KEYWORDS, Scope, select
from compmake.ui.commands.line import expand_aliases, parse_line
from compmake.ui.commands.registry import command_names, find_command, parse_arguments
from compmake.ui.completion import complete
from compmake.ui.highlighting import highlight
from compmake.ui.suggestion import suggestion

GRAPH = Graph({one.job_id: one for one in JOBS})
SCOPE = Scope(GRAPH, partial(dict.fromkeys, GRAPH.jobs, JobState.DONE))
PIECES = [
    *command_names(),
    *VOCABULARY.aliases,
    *KEYWORDS,
    *GRAPH.jobs,
    "func1()",
    "-j",
    "n=",
    "--json",
    "out=",
    "dir=",
    "?",
]
SIGNS = list(" \t'\"\\;|>&()*?[]=-@\n")
LINES = st.one_of(
    st.text(max_size=30),
    st.lists(
        st.one_of(st.sampled_from(PIECES), st.sampled_from(SIGNS), st.sampled_from(SIGNS), st.characters()), max_size=14
    ).map("".join),
    st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join),
)


def type_in(line):
    """Do all that is done with a line but carrying it out."""
    complete(line, VOCABULARY, lambda _: [])
    assert "".join(text for _, text in highlight(line, VOCABULARY)) == line
    suggestion(line, VOCABULARY)
    try:
        for step in expand_aliases(parse_line(line), VOCABULARY.aliases):
            found = find_command(step.words[0].text, step.words[1:], VOCABULARY.aliases)
            arguments = parse_arguments(found, step.words[1:])
            if found.takes.strip("[]") in ("SEL", "JOB") and arguments.selection:
                select(arguments.selection, SCOPE)
    except UserError as refused:
        assert str(refused)


@given(LINES)
def test_any_line_is_understood_or_refused(line):
    """The parser raises nothing but errors of the user's; completion, colours and suggestions raise nothing."""
    type_in(line)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_lines_are_understood_or_refused():
    """The same, for as many lines as nobody types in a life."""
    chance = random.Random(4)
    for _ in range(1_000_000):
        pieces = chance.choices([*PIECES, *SIGNS, chr(chance.randrange(1, 0xD800))], k=chance.randrange(1, 12))
        line = chance.choice(["", " "]).join(pieces)
        try:
            type_in(line)
        except Exception as error:
            raise AssertionError(repr(line)) from error
