"""Local variables as text: short, soon, and whatever the values do when they are asked."""

import json
import signal
import sys
import threading
import time
from array import array
from collections import Counter, namedtuple
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from compmake.frame_locals import LIMIT_S, NAMES, describe_locals
from compmake.local_values import VALUE_CHARS, value_text


def frame_of(function, *args, **options):
    """Return the frame in which a call failed."""
    try:
        function(*args, **options)
    except ZeroDivisionError as error:
        traceback = error.__traceback__
        while traceback.tb_next is not None:
            traceback = traceback.tb_next
        return traceback.tb_frame
    raise AssertionError("it did not fail")


def holding(value):
    """Return a frame with one local variable."""

    def fail(value):
        return 1 / 0

    return frame_of(fail, value)


def shown(value):
    """Return the text of a local variable."""
    ((_, text),) = describe_locals([holding(value)]).popitem()[1]
    return text


def text(value):
    return value_text(value, ask=True)


Point = namedtuple("Point", "x y")


@dataclass
class Config:
    rate: float
    layers: list


class Model:
    def __init__(self):
        self.rate, self.layers = 0.5, [1, 2]


class Named:
    def __repr__(self):
        return f"Named at 0x7f00 {id(self):x}"[:5]


def test_names_and_values_are_told_in_order():
    """Arguments first, then what was assigned; no dunder names, modules, functions or classes."""

    def fail(number, *rest, **options):
        __hidden__ = _module = json
        _function, _builtin, _method, _kind = fail, len, [].append, Model
        last = {"a": number}
        return last / 0 if __hidden__ is None else 1 / 0

    assert describe_locals([frame_of(fail, 3, 4, key="v")]).popitem()[1] == (
        ("number", "3"),
        ("rest", "(4,)"),
        ("options", "{'key': 'v'}"),
        ("last", "{'a': 3}"),
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([[[[1]]], "x"], "[[[<list of 1>]], 'x']"),
        ({"a": (1,), "b": set()}, "{'a': (1,), 'b': set()}"),
        (list(range(1_000_000)), "list of 1,000,000: [0, 1, 2, 3, 4, 5, ...]"),
        (Counter("ab"), "Counter({'a': 1, 'b': 1})"),
        (Point(1, "y"), "Point(1, 'y')"),
        (Config(0.5, [1]), "Config(rate=0.5, layers=[1])"),
        (Model(), "<Model rate=0.5, layers=[1, 2]>"),
        (object(), "<object>"),
        (Named(), "Named"),
        (10**1000, "<int of 3,322 bits>"),
        (array("i", range(5000)), "<array of 5,000>"),
        (SimpleNamespace(big=list(range(5000))), "<SimpleNamespace big=list of 5,000: [0, 1, 2, 3, 4, 5, ...]>"),
    ],
)
def test_values_are_short(value, expected):
    """Three levels deep; of large containers type, length and the first values; objects by their attributes."""
    assert text(value) == expected


def test_no_text_is_longer_than_200_characters():
    """Long texts keep both ends and say their length, anything else is cut."""
    long = text("a" * 1000 + "b")
    assert long.startswith("str of 1,001: 'aaa") and long.endswith("b'")
    for value in ("x" * 10_000_000, b"x" * 1000, ["y" * 100] * 6, SimpleNamespace(**dict.fromkeys("abcdef", "z" * 90))):
        assert len(text(value)) <= VALUE_CHARS


def test_arrays_are_told_by_type_shape_and_dtype():
    """Elements are shown if they are few; tables of other libraries are recognized by what they have."""
    numpy = pytest.importorskip("numpy")

    class Table:
        shape, columns = (1000, 2), ["a", "b"]

    assert text(numpy.zeros((100, 3))) == "ndarray (100, 3) float64"
    assert text(numpy.arange(3, dtype="int16")) == "ndarray (3,) int16 [0, 1, 2]"
    assert text(numpy.float64(0.5)) == "float64(0.5)"
    assert value_text(numpy.zeros(5000), ask=False, depth=0) == "ndarray (5000,) float64"
    assert text(Table()) == "Table (1000, 2) ['a', 'b']"


class Hanging:
    """Its `__repr__` hangs, and catches what it can."""

    asked = 0

    def __repr__(self):
        Hanging.asked += 1
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                threading.Event().wait(0.01)
            except Exception:
                continue
        return "at last"


class Stubborn:
    """Its `__repr__` catches even what no program should catch, a few times."""

    def __repr__(self):
        for _ in range(3):
            try:
                threading.Event().wait(60)
            except BaseException:
                continue
        threading.Event().wait(60)
        return "at last"


def test_one_second_is_all_that_locals_take_together():
    """Values whose `__repr__` hangs are told by their type; the time for all frames together is limited."""
    Hanging.asked = 0
    frames = [holding(value) for value in [Hanging(), Stubborn(), *(Hanging() for _ in range(50))]]
    began = time.monotonic()
    found = describe_locals(frames)
    assert time.monotonic() - began < LIMIT_S + 0.5
    assert {said for names in found.values() for _, said in names} == {"<Hanging>", "<Stubborn>"}
    assert 2 < Hanging.asked < 10


def test_one_hanging_value_leaves_time_for_the_others():
    """What is asked after it answers."""

    def fail(first, second):
        return 1 / 0

    assert dict(describe_locals([frame_of(fail, Hanging(), Named())]).popitem()[1])["second"] == "Named"


def test_the_jobs_own_alarm_is_put_back():
    """Handler and timer of a job that uses SIGALRM are as they were, and so is the mask of signals."""

    def ring(*_):
        raise AssertionError("too early")

    before = signal.signal(signal.SIGALRM, ring)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        signal.setitimer(signal.ITIMER_REAL, 500, 7)
        assert shown(Hanging()) == "<Hanging>"
        left_s, interval_s = signal.setitimer(signal.ITIMER_REAL, 0)
        assert 490 < left_s < 500 and interval_s == 7
        assert signal.getsignal(signal.SIGALRM) is ring
        assert signal.SIGALRM in signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGALRM, before)


def test_outside_the_main_thread_nobody_is_asked():
    """No alarm can end a `__repr__` there, so objects are told by type and attributes."""
    found = []
    Hanging.asked = 0
    thread = threading.Thread(target=lambda: found.extend(map(shown, [Hanging(), [Named()], Model(), 3])))
    thread.start()
    thread.join()
    assert found == ["<Hanging>", "[<Named>]", "<Model rate=0.5, layers=[1, 2]>", "3"]
    assert Hanging.asked == 0


def answering(answer):
    """Return an object whose `__repr__` does what `answer` does."""
    return type("Odd", (), {"__repr__": lambda self: answer()})()


def raising(error):
    def answer():
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (raising(KeyError("x")), "<Odd: its __repr__ raised KeyError>"),
        (raising(SystemExit(3)), "<Odd>"),
        (raising(BaseException()), "<Odd>"),
        (lambda: 3, "<Odd: its __repr__ raised TypeError>"),
        (lambda: "two\nlines  \x00", "two lines \x00"),
    ],
)
def test_whatever_a_repr_does_costs_only_its_text(answer, expected):
    """It raises, exits, answers with no text: nothing gets out."""
    assert shown(answering(answer)) == expected


def test_what_a_repr_prints_is_no_output_of_the_job(capfd):
    """What is printed while variables are described is dropped, and the streams are as they were."""
    assert shown(answering(lambda: print("loud") or print("louder", file=sys.stderr) or "quiet")) == "quiet"
    print("after")
    assert capfd.readouterr() == ("after\n", "")


def test_a_repr_may_change_what_is_looked_at():
    """A container that is emptied meanwhile, a variable that goes away: what was there is told."""
    items = {}
    items[1], items[2] = answering(lambda: items.clear() or "cleared"), 5
    assert shown(items) == "{1: cleared, 2: 5}"


class HostileMeta(type):
    __hash__ = None

    def __getattribute__(cls, name):
        raise RuntimeError(name)


class Hostile(metaclass=HostileMeta):
    pass


class HostileList(list):
    def __len__(self):
        raise RuntimeError

    __iter__ = __getitem__ = __repr__ = __len__


class HostileArray:
    dtype = "x"

    @property
    def shape(self):
        raise RuntimeError

    def __getattribute__(self, name):
        raise RuntimeError


@pytest.mark.parametrize("ask", [True, False])
def test_no_value_raises(ask):
    """Classes that answer every question with an exception are told somehow."""
    recursive = []
    recursive.append(recursive)
    assert value_text(HostileList([1]), ask=ask) == "HostileList([1])"
    assert value_text(recursive, ask=ask) == "[[[<list of 1>]]]"
    assert value_text(HostileArray(), ask=ask) == "<HostileArray>"
    assert "RuntimeError" in value_text(Hostile(), ask=ask) or "TypeError" in value_text(Hostile(), ask=ask)


def test_texts_survive_every_journey():
    """Lone surrogates, which neither UTF-8 nor every JSON reader takes, are written out."""
    odd = answering(lambda: "\ud83d\ude00 \udc80")
    assert shown(odd) == r"\ud83d\ude00 \udc80"
    assert json.loads(json.dumps(shown("\udc80"))) == shown("\udc80") == r"'\udc80'"


def test_many_names_are_cut_and_counted():
    """Of a module with hundreds of names fifty are kept; of many frames as many as there is room for."""
    names = {f"name_{n}": "x" * 100 for n in range(300)}
    frames = [frame_of(exec, "1 / 0", {}, dict(names)) for _ in range(20)]
    found = describe_locals(frames)
    assert len(found[frames[0]]) == NAMES + 1 and found[frames[0]][-1] == ("...", "and 250 more")
    assert 1 < len(found) < 10 and list(found) == frames[: len(found)]


def test_a_namespace_of_the_users_is_not_asked():
    """Code run by `exec` in a mapping that is no dictionary has no variables that could be told."""

    class Space(SimpleNamespace):
        def __getitem__(self, name):
            raise KeyError(name)

        def keys(self):
            raise AssertionError

        items = keys

    assert describe_locals([frame_of(exec, "1 / 0", {}, Space())]).popitem()[1] == ()
