"""Failures: exceptions as text, whatever they are, and back from JSON, whatever that is."""

import importlib
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compmake.codec import CallMessage, LoadError, dump_value, freeze_call, freeze_function, load_call
from compmake.errors import UnpicklableError
from compmake.failure import MESSAGE_CHARS, capture, from_json, to_json
from compmake.frames import frame_at, is_own_file
from compmake.job import Blob, Digest, Failure, Frame, JobId, Promise
from compmake.job_progress import progress, set_hook
from compmake.ui.traceback import failure_object, render_failure, source_line, summary_line
from compmake.ui.view import FailureGroups

HERE = str(Path(__file__))


def caught(function, *args, hide=is_own_file):
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


def test_machinery_is_hidden_wherever_it_is():
    """No frame of compmake is kept: above the job, below it, or between two frames of the user's."""
    own = caught(progress, 3)
    assert [frame.function for frame in own.frames] == ["caught"]

    def items():
        yield divide(1)

    set_hook(lambda text, share: None)
    try:
        between = caught(lambda: list(progress(items(), "item")))
    finally:
        set_hook(None)
    assert [frame.function.rpartition(".")[2] for frame in between.frames] == ["caught", "<lambda>", "items", "divide"]
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


def test_local_variables_are_kept_of_user_frames_only():
    """The user's frames have their variables, library frames have none."""
    failure = caught(parse, "{")
    assert failure.deepest_user_frame.locals == (("text", "'{'"),)
    assert not any(frame.locals for frame in failure.frames if not frame.is_user)


def test_failures_stored_without_variables_can_be_read():
    """Frames of five fields, as they were before variables were kept, are whole failures; others are unreadable."""
    frame = Frame("a.py", 3, "f", True, ((3, "x"),), (("y", "1"),))
    data = json.loads(to_json(Failure("E", "m", (frame,))))
    assert from_json(json.dumps(data)).frames == (frame,)
    data["frames"][0].pop()
    assert from_json(json.dumps(data)).frames == (frame._replace(locals=()),)
    for broken in ([["y", 1]], [["y"]], {"y": "1"}, None):
        data["frames"][0][5:] = [broken]
        assert from_json(json.dumps(data)).type_name == "UnreadableFailure"


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


class Fragile:
    """Can be pickled, but not unpickled."""

    def __reduce__(self):
        return build, (0,)


def build(number):
    return divide(number)


def load(dependencies=(), *args):
    """Load a call as a worker does, with results that are the fragile object."""
    results = {JobId(job_id): Blob(Digest(b""), 0) for job_id in dependencies}
    call = freeze_call(JobId("j"), "m:f", args, {})
    message = CallMessage(JobId("j"), "m:f", freeze_function(len), call, results, 0)
    load_call(message, lambda blob: memoryview(bytearray(b"".join(map(bytes, dump_value(Fragile()))))))


@pytest.mark.parametrize("place", ["argument", "result"])
def test_what_the_users_code_did_while_a_call_was_loaded_is_the_cause(place):
    """The user's line inside a class that cannot be unpickled is where it failed, and groups it with others."""
    failure = caught(load, ["dep"], Promise(JobId("dep"))) if place == "result" else caught(load, [], Fragile())
    own = replace(failure, frames=())  # without those of this test
    assert (own.type_name, own.cause.type_name, own.cause.cause) == (LoadError.__name__, "ZeroDivisionError", None)
    assert own.deepest_user_frame.function == "divide"
    assert summary_line(own).startswith(f"LoadError: {'result of' if place == 'result' else 'arguments of'} ")
    assert summary_line(own).endswith(" in divide")
    group = FailureGroups().add(JobId("j"), "f", own)
    assert (group.key.file, group.key.line) == (HERE, own.deepest_user_frame.line)
    lines = render_failure(own)
    assert lines.index("ZeroDivisionError: division by zero") < lines.index("That caused this:") < len(lines) - 1


def test_a_module_that_cannot_be_imported_shows_its_line(tmp_path, monkeypatch):
    """The line of the user's module that raised while a function was unpickled is shown."""
    path = tmp_path / "gone_wrong.py"
    path.write_text("def f():\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    function = freeze_function(importlib.import_module("gone_wrong").f)
    path.write_text("def f():\n    pass\nwrong = 1 / 0\n")
    monkeypatch.delitem(sys.modules, "gone_wrong")
    message = CallMessage(JobId("j"), "gone_wrong:f", function, freeze_call(JobId("j"), "f", (), {}), {}, 0)
    with pytest.raises(LoadError) as caught_error:
        load_call(message, lambda blob: memoryview(b""))
    failure = capture(caught_error.value, is_user=lambda path: path.startswith(str(tmp_path)))
    assert failure.message == "function gone_wrong:f cannot be loaded: ZeroDivisionError: division by zero"
    assert source_line(failure.deepest_user_frame) == "> 3  wrong = 1 / 0"


def test_exceptions_of_compmake_go_by_their_short_name():
    """Where compmake keeps them says nothing to users."""
    assert capture(UnpicklableError("x"), is_user=bool).type_name == "UnpicklableError"


def test_failures_without_frames_read_well():
    """A killed job has only a message, or the line that it was last seen at."""
    killed = Failure("Killed", "by signal 9 after 41s")
    assert render_failure(killed, all_frames=True, with_locals=True) == ["Killed: by signal 9 after 41s"]
    assert summary_line(killed) == "Killed: by signal 9 after 41s"
    line = divide.__code__.co_firstlineno + 1
    seen = Failure("TimedOut", "after 5s", (frame_at(HERE, line, "divide", is_user=True),))
    text = render_failure(seen, with_locals=True)
    assert f"  {HERE}:{line} in divide" in text and text[-1] == "TimedOut: after 5s"
    assert f"    > {line}      return number / 0" in text
    gone = Failure("Killed", "", (frame_at("not_there.py", 3, "f", is_user=True),))
    assert render_failure(gone) == ["  not_there.py:3 in f", "Killed"] and source_line(gone.frames[0]) == ""


def test_variables_are_shown_where_they_are_asked_for():
    """Not in logs; else those of the user's frame that was reached last, or of all the user's frames."""
    failure = caught(outer, "{")
    assert "    local variables:" not in render_failure(failure)
    last = render_failure(failure, with_locals=True)
    assert last.count("    local variables:") == 1 and "      text = '{'" in last and "      twice = '{{'" not in last
    every = render_failure(failure, with_locals=True, all_frames=True)
    assert "      text = '{'" in every and "      twice = '{{'" in every


def outer(text):
    twice = 2 * text
    return parse(twice[:1])


def test_a_failure_as_an_object_names_everything():
    """What `--json` gives has names for all parts, causes inside."""
    found = json.loads(json.dumps(failure_object(caught(chained, True))))
    assert found.keys() == {"type", "message", "frames", "notes", "cause", "context", "members"}
    (*_, frame) = found["cause"]["frames"]
    assert frame.keys() == {"file", "line", "function", "user", "source", "locals"}
    assert (frame["file"], frame["user"], frame["locals"]) == (HERE, True, {"number": "1"})
    assert [frame["line"], "    return number / 0"] in frame["source"]
