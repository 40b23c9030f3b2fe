"""Values of every kind whose digests must never change; run as a program it prints them, for another interpreter."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import json
import operator
import pathlib
import random
import re
import sys
import types
import uuid

from compmake.fingerprint.values import describe
from compmake.job import File, Promise


class Color(enum.Enum):
    RED = 1
    GREEN = 2


class Access(enum.Flag):
    READ = 1
    WRITE = 2


class Level(enum.IntEnum):
    LOW = 1


Point = collections.namedtuple("Point", ["x", "y"])


@dataclasses.dataclass
class Plain:
    a: int
    b: list

    @functools.cached_property
    def twice(self):
        return self.b * 2


@dataclasses.dataclass(frozen=True, slots=True)
class Slotted:
    a: int
    b: str = "x"


class Thing:
    def __init__(self, **state):
        self.__dict__.update(state)


class WithSlots:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


class Bag(dict):
    pass


class Text(str):
    pass


def helper(x):
    return x


def cyclic():
    thing = Thing(name="top")
    thing.child = Thing(parent=thing, names={"b", "a"})
    items = [thing, {"self": thing}]
    items.append(items)
    return items


def make_lambda(captured):
    return lambda x, y=(1, 2): captured


def samples():
    tz = datetime.timezone(datetime.timedelta(hours=2), "two")
    words = [f"word{i}" for i in range(40)]
    return {
        "none": None,
        "true": True,
        "int": 1,
        "negative": -129,
        "huge": 10**5000,
        "float": 1.0,
        "minus zero": -0.0,
        "nan": float("nan"),
        "inf": float("inf"),
        "str": "1",
        "long str": "ä" * 1000,
        "surrogate": "\ud800",
        "bytes": b"1",
        "bytearray": bytearray(b"1"),
        "complex": 1 + 2j,
        "ellipsis": ...,
        "notimplemented": NotImplemented,
        "list": [1, 2],
        "tuple": (1, 2),
        "nested": [[1], [2, (3, [None])]],
        "dict": {"a": 1, 2: "b", (1, "x"): [2]},
        "words set": set(words),
        "words frozenset": frozenset(words),
        "words dict": dict.fromkeys(sorted(words, key=hash), 1),
        "mixed set": {1, "a", (2, "b"), frozenset({"u", "v"}), None},
        "ordereddict": collections.OrderedDict(b=1, a=2),
        "defaultdict": collections.defaultdict(list, {"a": [1]}),
        "counter": collections.Counter("banana"),
        "deque": collections.deque([1, 2], maxlen=5),
        "enum": Color.RED,
        "flag": Access.READ | Access.WRITE,
        "intenum": Level.LOW,
        "path": pathlib.Path("a/b.txt"),
        "pure path": pathlib.PurePosixPath("a/b.txt"),
        "date": datetime.date(2024, 2, 29),
        "datetime": datetime.datetime(2024, 2, 29, 1, 2, 3, 4),
        "aware": datetime.datetime(2024, 2, 29, 1, 2, 3, 4, tz),
        "time": datetime.time(1, 2, 3),
        "timedelta": datetime.timedelta(days=-1, microseconds=3),
        "decimal": decimal.Decimal("1.50"),
        "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=5),
        "range": range(1, 9, 2),
        "slice": slice(None, 3, None),
        "pattern": re.compile("a+b", re.IGNORECASE),
        "namespace": types.SimpleNamespace(b=1, a=[2]),
        "mappingproxy": types.MappingProxyType({"a": 1}),
        "partial": functools.partial(helper, 1, k=[2]),
        "namedtuple": Point(1, "y"),
        "dataclass": Plain(1, [2]),
        "slotted dataclass": Slotted(1),
        "object": Thing(b=1, a={"x": {3, 1}}),
        "slots": WithSlots(1, "b"),
        "dict subclass": Bag(z=1, a=2),
        "str subclass": Text("abc"),
        "function": helper,
        "builtin": len,
        "class": Thing,
        "builtin class": int,
        "method": Plain(1, []).__init__,
        "builtin method": [3].append,
        "lambda": make_lambda({"k": [1]}),
        "module": json,
        "itemgetter": operator.itemgetter(1, 2),
        "generic alias": list[int],
        "random": random.Random(4),
        "exception": ValueError("a", 1),
        "promise": Promise("any"),
        "file": File("data.csv"),
        "file in list": [File("data.csv"), Promise("any")],
        "cycle": cyclic(),
    }


def array_samples():
    import numpy as np

    return {
        "int64": np.arange(6, dtype="<i8").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype="<i8").reshape(2, 3)),
        "float32": np.array([1.5, -0.0], dtype="<f4"),
        "bool": np.array([True, False]),
        "text": np.array(["a", "bc"]),
        "dates": np.array(["2024-01-02"], dtype="datetime64[D]"),
        "empty": np.zeros((0, 3)),
        "zero-dimensional": np.array(5, dtype="<i8"),
        "scalar": np.int64(5),
        "float scalar": np.float64(5),
        "objects": np.array([None, "a", [1]], dtype=object),
        "structured": np.array([(1, 2.0)], dtype=[("a", "i1"), ("b", "<f8")]),
        "aligned": np.array([(1, 2.0)], dtype=np.dtype([("a", "i1"), ("b", "<f8")], align=True)),
        "masked": np.ma.masked_array([1, 2], mask=[0, 1]),
        "generator": np.random.default_rng(5),
        "randomstate": np.random.RandomState(5),
        "dtype": np.dtype("<f8"),
        "ufunc": np.sin,
        "big": np.arange(100_000, dtype="<i4"),
    }


def digests(values):
    found = {}
    for name, value in values.items():
        description = describe(value, name)
        found[name] = description.digest.hex() if description.digest else f"unstable: {description.unstable}"
    return found


if __name__ == "__main__":
    import value_samples  # by its own name, as the tests know it

    print(json.dumps(value_samples.digests(getattr(value_samples, sys.argv[1])())))
