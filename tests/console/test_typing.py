"""Completion and colours in prompt_toolkit itself, typed at through a pipe."""

import asyncio

import pytest
from prompt_toolkit import PromptSession
from prompt_toolkit.application import create_app_session
from prompt_toolkit.document import Document
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.styles import Attrs
from vocabularies import VOCABULARY, named

from compmake.ui.console.completer import LineCompleter
from compmake.ui.console.lexer import STYLE, LineLexer
from compmake.ui.vocabulary import Vocabulary


def typed(keys, vocabulary=VOCABULARY):
    """Return the line that comes of keys; Tab as the console has it."""
    with create_pipe_input() as keyboard, create_app_session(input=keyboard, output=DummyOutput()):
        session = PromptSession(
            completer=LineCompleter(lambda: vocabulary),
            lexer=LineLexer(lambda: vocabulary),
            style=STYLE,
            complete_while_typing=False,
        )

        async def type_in():
            """Send each key when the ones before have had their effect."""
            line = asyncio.ensure_future(session.prompt_async())
            for key in keys:
                keyboard.send_text(key)
                await _settle()
            return await line

        return asyncio.run(type_in())


async def _settle():
    """Let the loop turn: keys and completion are all work of this one loop, so that some turns end it."""
    for _ in range(300):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (["detai", "\t", " tra", "\t", "\r"], "details train-b=7-lr=0.1"),
        (["make func2(", "\t", "\r"], "make func2()"),
        (["make 'a b c", "\t", "\r"], "make 'a b c'"),
        (["why it", "\t", "\r"], 'why "it\'s"'),
        (["why func1", "\t", "2", "\t", "\r"], "why func1-23"),
        (["ls failed | gre", "\t", "\r"], "ls failed | gre"),
    ],
)
def test_tab_inserts(keys, line):
    """What is left to type is inserted, in quotes where they are needed; several stop at what they have in common."""
    assert typed(keys) == line


def test_tab_goes_through_the_menu():
    """Where several may stand, each Tab takes the next one."""
    assert typed(["why 'a b ", "\t", "\t", "\r"]) == "why 'a b c'"
    assert typed(["why 'a b ", "\t", "\t", "\t", "\r"]) == "why 'a b d'"


def test_tab_adds_only_what_all_jobs_have_in_common():
    """Also when not all of them are shown."""
    vocabulary = named([f"job-{a}-{b}" for a in (1, 2) for b in range(1000)])
    assert typed(["why j", "\t", "\r"], vocabulary) == "why job-"


def test_a_reload_is_seen():
    """The completer and the lexer ask for the vocabulary at each key."""
    vocabularies = [Vocabulary(), named(["x1"])]
    completer = LineCompleter(lambda: vocabularies[0])
    lexer = LineLexer(lambda: vocabularies[0])
    before = lexer.invalidation_hash()
    assert list(completer.get_completions(Document("why x"), None)) == []
    vocabularies.pop(0)
    assert [found.text for found in completer.get_completions(Document("why x"), None)] == ["x1"]
    assert lexer.invalidation_hash() != before


def test_the_colours_are_those_of_the_palette():
    """The lexer names a style for each piece, and lines may be several."""
    get_line = LineLexer(lambda: VOCABULARY).lex_document(Document("ls failed;\nnosuch x"))
    assert get_line(0)[:3] == [("class:line.bold", "ls"), ("", " "), ("class:line.failed", "failed")]
    assert ("class:line.unknown", "nosuch") in get_line(1)
    assert get_line(2) == []
    failed = STYLE.get_attrs_for_style_str("class:line.failed")
    assert isinstance(failed, Attrs) and (failed.color, failed.bold) == ("d75f00", True)
