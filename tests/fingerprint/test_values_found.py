"""What `describe` finds inside a value: promises, files, code, what is unstable; and the text that people see."""

import dataclasses
import functools
import itertools
import threading
from pathlib import Path

import numpy as np
import pytest
from value_samples import Color, Plain, Point, Thing, WithSlots, helper, make_lambda

from compmake.errors import DefinitionError
from compmake.fingerprint.values import describe, register_digest
from compmake.job import Dependency, File, JobId, Promise

P = Promise(JobId("dep"))


@pytest.mark.parametrize(
    ("value", "place"),
    [
        (P, "args[0]"),
        ([1, P], "args[0][1]"),
        ((1, (P,)), "args[0][1][0]"),
        ({"a": [0, P]}, "args[0]['a'][1]"),
        ({3: P}, "args[0][3]"),
        ({P}, "args[0]{0}"),
        (Point(1, P), "args[0].y"),
        (Plain(1, [P]), "args[0].b[0]"),
        (Thing(cfg=Thing(x={"k": P})), "args[0].cfg.x['k']"),
        (WithSlots(1, P), "args[0].b"),
        (functools.partial(helper, P), "args[0].args[0]"),
        (functools.partial(helper, k=P), "args[0].keywords['k']"),
        (make_lambda(P), "args[0].__closure__['captured']"),
        (np.array([[1, P]], dtype=object), "args[0].flat[1]"),
    ],
)
def test_promise_is_found_with_its_place(value, place):
    """A promise is found at any depth, and its place reads as Python would write it."""
    assert describe(value, "args[0]").promises == (Dependency(place, JobId("dep")),)


def test_promise_counts_as_a_mark():
    """Job ids may shift: the digest does not know which job a promise is of."""
    other = Promise(JobId("other"))
    assert describe([P], "x").digest == describe([other], "x").digest != describe([None], "x").digest


def test_every_place_of_a_shared_promise_is_told():
    """An object passed twice is looked at twice if a promise is in it."""
    shared = [[P], 1]
    places = [dep.place for dep in describe([shared, shared], "args[0]").promises]
    assert places == ["args[0][0][0][0]", "args[0][1][0][0]"]


def test_promises_in_a_set_have_places_by_natural_order_of_their_ids():
    """The places do not depend on hashes, and stay when all numbers shift."""
    promises = {Promise(JobId(f"f-{number}")) for number in range(2, 40)}
    found = describe(promises, "args[0]").promises
    assert [dep.job_id for dep in found] == [f"f-{number}" for number in range(2, 40)]
    assert [dep.place for dep in found] == [f"args[0]{{{index}}}" for index in range(38)]


@pytest.mark.parametrize("value", [[{P: 1}], [{(1, P): 1}], [Thing(a={frozenset({P}): 1})]])
def test_promise_as_a_key_is_refused(value):
    """A key must be known when the dictionary is built, before the job runs."""
    with pytest.raises(DefinitionError, match=r"args\[0\]\[0\](\.a)?: a promise cannot be a dictionary key"):
        describe(value, "args[0]")


def test_keys_that_look_alike_have_places_of_their_own():
    """Two keys with one text must not hide one of two dependencies."""
    value = {Thing(a=1): P, Thing(a=2): P, "k" * 200 + "1": P, "k" * 200 + "2": P}
    assert len({dep.place for dep in describe(value, "x").promises}) == 4


def test_files_are_found_and_count_by_path():
    """A file inside is told with its path, which is part of the digest; its content is the caller's business."""
    description = describe({"a": [File("x.csv")], "b": Thing(f=File(Path("y.csv")))}, "args[0]")
    assert description.files == ("x.csv", "y.csv")
    assert describe([File("x")], "a").digest != describe([File("y")], "a").digest != describe(["y"], "a").digest


def test_code_inside_is_told():
    """Functions, classes and the classes of objects are handed to whoever fingerprints code."""
    function = make_lambda(functools.partial(helper, Thing))
    code = describe([function, Color.RED, Plain(1, []), Plain(2, [])], "x").code
    assert len(code) == 5
    assert all(any(thing is wanted for thing in code) for wanted in (function, helper, Thing, Color, Plain))


def test_code_of_python_itself_is_not_told():
    """Names of the standard library count by name only."""
    assert describe([len, functools.partial(print), threading.Thread, Path("a")], "x").code == ()


@pytest.mark.parametrize(
    ("value", "unstable"),
    [
        (Thing(cfg=Thing(lock=threading.Lock())), "args[0].cfg.lock: a thread lock"),
        ([{"a": (x for x in [])}], "args[0][0]['a']: a generator"),
        (lambda: threading.Lock(), None),
        (make_lambda(threading.RLock()), "args[0].__closure__['captured']: a thread lock"),
    ],
)
def test_what_cannot_be_digested_is_told_with_its_place(value, unstable):
    """A value without a stable digest has none, and the text names what stands in the way."""
    description = describe(value, "args[0]")
    assert description.unstable == unstable
    assert (description.digest is None) == (unstable is not None)


class Counting:
    """Describes itself differently each time."""

    made = 0

    def __getstate__(self):
        Counting.made += 1
        return {"serial": Counting.made}


def test_object_that_differs_after_pickling_is_unstable():
    """A digest that would be another one tomorrow is worse than none."""
    description = describe({"a": Thing(b=Counting())}, "args[0]")
    assert description.digest is None
    assert description.unstable == "args[0]['a'].b: an object that differs after pickling and unpickling"


def test_promises_are_found_beside_what_is_unstable():
    """A job with an unstable argument still waits for its dependencies."""
    assert describe([threading.Lock(), P], "x").promises == (Dependency("x[1]", JobId("dep")),)


class Sensor:
    def __init__(self, value):
        self.value = value
        self.lock = threading.Lock()


class Digested(Sensor):
    def __compmake_digest__(self):
        return {"value": self.value}


def test_user_says_what_counts():
    """A registered function or a method decides, so that what cannot be pickled does no harm."""
    assert describe(Sensor(1), "x").digest is None
    register_digest(Sensor, lambda sensor: sensor.value)
    assert describe(Sensor(1), "x").digest == describe(Sensor(1), "x").digest != describe(Sensor(2), "x").digest
    assert describe(Digested(1), "x").digest == describe(Digested(1), "x").digest != describe(Digested(2), "x").digest


@dataclasses.dataclass
class Dropping:
    a: int
    lock: object = dataclasses.field(default_factory=threading.Lock)

    def __getstate__(self):
        return {"a": self.a}

    def __setstate__(self, state):
        self.__init__(**state)


def test_dataclass_that_pickles_itself_is_asked():
    """A class that leaves out its lock when pickled has a digest without it."""
    assert describe(Dropping(1), "x").digest == describe(Dropping(1), "x").digest != describe(Dropping(2), "x").digest


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5"),
        ("a" * 500, "'" + "a" * 78 + "…"),
        (10**5000, "<int of 16610 bits>"),
        ([1, [2, [3, [4, [5]]]]], "[1, [2, [3, [...]]]]"),
        (list(range(100)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({"a": {1}}, "{'a': {1}}"),
        ((1,), "(1,)"),
        (np.zeros((3, 4), "f4"), "ndarray(float32, shape=(3, 4))"),
        (Thing(a=1), "<value_samples.Thing>"),
        (Plain(1, [2]), "Plain(a=1, b=[2])"),
        (Point(1, 2), "Point(x=1, y=2)"),
        (helper, "value_samples.helper"),
        (Color.RED, "<Color.RED: 1>"),
        (Path("a"), "PosixPath('a')"),
        (File("d.csv"), "File('d.csv')"),
        ([P], "[<promise of dep>]"),
    ],
    ids=itertools.count(),
)
def test_text_is_short_and_readable(value, text):
    """People see one line of at most 80 characters, without addresses."""
    assert describe(value, "x").text == text
