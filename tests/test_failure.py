"""Failures: exceptions as text, whatever they are, and back from JSON, whatever that is."""

import json
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compmake.failure import MESSAGE_CHARS, capture, from_json, to_json
from compmake.job import Failure, Frame
from compmake.job_progress import progress
from compmake.ui.traceback import render_failure, summary_line
from compmake.ui.view import FailureGroups

HERE = str(Path(__file__))


def caught(function, *args, hide=lambda path: False):
    """Return the failure of a call as seen by a worker; only this file is the user's."""
    try:
        function(*args)
    except BaseException as error:
        return capture(error, is_user=lambda path: path == HERE, hide=hide)
    raise AssertionError("it did not fail")


def divide(number):
    return number / 0


def parse(text):
    return json.loads(text)


def test_type_message_and_line_are_kept():
    """The exception's type, its message, the user's line and the source around it are there."""
    failure = caught(divide, 3)
    frame = failure.deepest_user_frame
    assert (failure.type_name, failure.message, frame.function) == ("ZeroDivisionError", "division by zero", "divide")
    assert dict(frame.source)[frame.line] == "    return number / 0"
    assert len(frame.source) == 11


def test_frames_tell_user_from_library():
    """Frames know whose they are, and a library exception its module."""
    failure = caught(parse, "{")
    assert [frame.is_user for frame in failure.frames] == [True, True, False, False, False]
    assert failure.type_name == "json.decoder.JSONDecodeError"


def test_machinery_above_the_job_is_hidden():
    """Frames of what called the job are left out; those of compmake below user code stay."""
    own = caught(progress, 3)
    assert own.frames[-1].file.endswith("job_progress.py") and not own.frames[-1].is_user
    hidden = caught(parse, "{", hide=lambda path: path == HERE)
    assert all("json" in frame.file for frame in hidden.frames)


def test_no_machinery_is_left_when_compmake_itself_raised():
    """Where only compmake's own frames led to the exception there are none."""
    assert caught(progress, 3, hide=lambda path: True).frames == ()


def chained(explicit):
    try:
        divide(1)
    except ZeroDivisionError as error:
        if explicit:
            raise KeyError("b") from error
        raise KeyError("b")  # noqa: B904 -- the implicit chain is the claim


@pytest.mark.parametrize("explicit", [True, False])
def test_cause_and_context_are_kept(explicit):
    """`raise from` and an exception while handling another are told apart."""
    failure = caught(chained, explicit)
    assert failure.cause.type_name == "ZeroDivisionError"
    assert failure.cause_is_context is not explicit


def test_suppressed_context_is_left_out():
    """`raise ... from None` hides what came before, as in Python."""

    def fail():
        try:
            divide(1)
        except ZeroDivisionError:
            raise KeyError("b") from None

    assert caught(fail).cause is None


def test_cyclic_and_endless_chains_end():
    """A chain that bites its tail ends; one of 5,000 links is cut at 10 and says so."""
    one, two = ValueError("1"), ValueError("2")
    one.__cause__, two.__cause__ = two, one
    failure = capture(one, is_user=bool)
    assert failure.cause.message == "2" and failure.cause.cause is None
    for _ in range(5000):
        following = ValueError("x")
        following.__context__, one = one, following
    failure, links = capture(one, is_user=bool), 1
    while failure.cause:
        failure, links = failure.cause, links + 1
    assert links == 10 and "left out" in failure.notes[-1]


def test_notes_are_kept():
    """`add_note` texts are there, whatever was put in their list."""
    error = ValueError("x")
    error.add_note("for b=7")
    error.__notes__.append(3)
    assert capture(error, is_user=bool).notes == ("for b=7", "3")


def test_group_members_are_told():
    """Members of an exception group are notes, nested ones indented, with the user's line."""

    def member():
        try:
            divide(1)
        except ZeroDivisionError as error:
            return error

    group = ExceptionGroup("two", [member(), ExceptionGroup("inner", [KeyError("k")] * 30)])
    notes = capture(group, is_user=lambda path: path == HERE).notes
    assert notes[0].startswith("[1] ZeroDivisionError: division by zero  (test_failure.py:")
    assert notes[2] == "  [1] KeyError: 'k'" and notes[-1] == "  ... and 10 more"


def test_syntax_error_shows_its_position():
    """The file, line, text and column of a syntax error are there."""
    failure = caught(compile, "x = 1\nif x:\n  y = (2 3)\n", "data.py", "exec")
    assert failure.notes == ("data.py:3", "    y = (2 3)", "         ^")


def test_huge_message_is_cut_and_says_so():
    """A message of 1 MB keeps 10,000 characters and the number of those cut."""
    failure = capture(ValueError("x" * 1_000_000), is_user=bool)
    assert failure.message == "x" * MESSAGE_CHARS + "... (990,000 more characters were cut)"


def test_deep_recursion_keeps_both_ends():
    """Of thousands of frames the first 20 and the last 30 stay, and a mark counts the rest."""

    def descend(depth):
        return descend(depth - 1) if depth else divide(1)

    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(8000)
    try:
        failure = caught(descend, 5000)
    finally:
        sys.setrecursionlimit(limit)
    assert len(failure.frames) == 51
    assert failure.frames[20] == Frame("", 4953, "4,953 frames left out", False)
    text = "\n".join(render_failure(failure))
    assert "the same line 28 more times" in text and "4,953 frames left out" in text


def test_exit_is_named():
    """sys.exit in a job is told as such."""
    assert caught(sys.exit, 0).message == "job called sys.exit(0)"
    assert caught(sys.exit, "bye").message == "job called sys.exit('bye')"


class Hostile(Exception):
    """Raises whatever it is asked."""

    def __str__(self):
        raise SystemExit(3)

    @property
    def __notes__(self):
        raise RuntimeError


class Mute(Exception):
    def __str__(self):
        raise RecursionError


@pytest.mark.parametrize("kind", [Hostile, Mute])
def test_hostile_exceptions_are_described_all_the_same(kind):
    """Code of an exception that raises when asked costs only its answer."""
    failure = capture(kind(), is_user=bool)
    assert kind.__name__ in failure.type_name and "cannot be shown" in failure.message


def test_json_round_trip():
    """A failure comes back from JSON as it was, one line of ASCII in between."""
    failure = caught(chained, True)
    text = to_json(failure)
    assert from_json(text) == failure and text.isascii() and "\n" not in text


@pytest.mark.parametrize(
    "text", ["", "{}", "null", "[" * 100_000, '{"type": 1}', "\x00", '{"type": "a"}', "NaN", "1" * 5000]
)
def test_unreadable_json_says_so(text):
    """Hostile text gives a failure that says it is unreadable."""
    assert from_json(text).type_name == "UnreadableFailure"


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=10,
)
FIELDS = ("type", "message", "frames", "notes", "cause", "context")


@given(st.fixed_dictionaries(dict.fromkeys(FIELDS, SCRAPS)) | SCRAPS)
def test_any_json_gives_a_failure_that_can_be_shown(data):
    """No JSON raises, and whatever comes out can be rendered."""
    assert render_failure(from_json(json.dumps(data)))


def test_rendering_reads_like_a_story():
    """Cause first, user lines with their source and the failing one marked, library frames folded, exception last."""
    failure = caught(parse, "{")
    lines = render_failure(failure)
    assert any(line.startswith(f"  {HERE}:") and line.endswith(" in parse") for line in lines)
    assert any(line.lstrip().startswith("> ") and line.endswith("    return json.loads(text)") for line in lines)
    assert any(line.startswith("  … 3 library frames, raised at decoder.py:") for line in lines)
    assert lines[-1].startswith("json.decoder.JSONDecodeError: Expecting")
    assert not any("library frame" in line for line in render_failure(failure, all_frames=True))
    story = render_failure(caught(chained, True))
    assert story.index("ZeroDivisionError: division by zero") < story.index("That caused this:") < len(story) - 1


def test_no_control_character_is_rendered():
    """Escape codes in messages, notes and ids come out visible."""
    failure = Failure("E\x1b", "a\x1b[2J\nb\r", (Frame("f\x1b.py", 1, "g\x07", True, ((1, "\x9b"),)),), ("n\x1b",))
    text = "\n".join([*render_failure(failure), summary_line(failure)])
    assert all(char == "\n" or char.isprintable() for char in text)


def test_summary_line_names_error_and_place():
    """One line has type, message, and the user's line."""
    line = summary_line(caught(divide, 1))
    assert line.startswith("ZeroDivisionError: division by zero    test_failure.py:") and line.endswith(" in divide")


def test_same_failures_are_one_group():
    """Failures are grouped by function, exception type and the user's last line, and counted."""
    same, other = [caught(divide, number) for number in (1, 2)], caught(parse, "{")
    groups = FailureGroups()
    for failed in (("a", "f", same[0]), ("b", "g", other), ("c", "f", same[1]), ("d", "h", same[0])):
        groups.add(*failed)
    assert [(group.key.function, group.count, group.job_ids) for group in groups] == [
        ("f", 2, ["a", "c"]),
        ("g", 1, ["b"]),
        ("h", 1, ["d"]),
    ]


def test_source_is_kept_when_the_file_is_gone():
    """What linecache had read is shown although the file was deleted meanwhile."""
    import linecache

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gone.py"
        path.write_text("def f():\n    raise ValueError\n")
        names = {}
        exec(compile(path.read_text(), str(path), "exec"), names)
        linecache.getlines(str(path))
    assert caught(names["f"]).frames[-1].source == ((2, "    raise ValueError"),)
