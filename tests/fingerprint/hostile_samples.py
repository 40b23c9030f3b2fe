"""Classes that raise, lie and recurse when somebody looks at them or at their instances."""


class UnhashableMeta(type):
    def __hash__(cls):
        raise ValueError("no hash")

    def __eq__(cls, other):
        raise ValueError("no comparison")


class Unhashable(metaclass=UnhashableMeta):
    pass


class RaisingMeta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(name)


class Raising(metaclass=RaisingMeta):
    pass


class LyingClass:
    @property
    def __class__(self):
        raise ZeroDivisionError


class LiesAboutDict:
    __class__ = dict


class RaisesEverywhere:
    def __getattribute__(self, name):
        raise SystemExit(name)


class RaisesInRepr:
    def __repr__(self):
        raise RecursionError

    __str__ = __repr__


class RaisesInEq:
    def __eq__(self, other):
        raise ValueError

    def __hash__(self):
        return 1

    def __bool__(self):
        raise ValueError


class ReducesToNonsense:
    def __reduce__(self):
        return 5


class ReducesToShortTuple:
    def __reduce__(self):
        return (list,)


class ReducesForEver:
    def __reduce__(self):
        return (ReducesForEver, (ReducesForEver(),))


class ReduceRecurses:
    def __reduce_ex__(self, protocol):
        return self.__reduce_ex__(protocol)


class ReduceExits:
    def __reduce__(self):
        raise SystemExit("no")


class Refuses(BaseException):
    pass


class StateRaises:
    def __getstate__(self):
        raise Refuses


class BadSetState:
    def __init__(self):
        self.a = 1

    def __setstate__(self, state):
        raise ValueError("no")


class BadDigest:
    def __compmake_digest__(self):
        raise ValueError("no")


class BadFields:
    __dataclass_fields__ = dict(a=None)  # noqa: C408, RUF012  # as a careless class would have it
    __attrs_attrs__ = 5
    _fields = 7


class BadTuple(tuple):
    _fields = ("a", "b")

    def __iter__(self):
        raise ValueError

    def __len__(self):
        raise ValueError


class WildGetattr:
    def __getattr__(self, name):
        return lambda *args: self


HOSTILE = {
    "Unhashable": (Unhashable, lambda: type.__call__(Unhashable)),
    "Raising": (Raising, lambda: type.__call__(Raising)),
    "LyingClass": (LyingClass, lambda: type.__call__(LyingClass)),
    "LiesAboutDict": (LiesAboutDict, lambda: type.__call__(LiesAboutDict)),
    "RaisesEverywhere": (RaisesEverywhere, lambda: type.__call__(RaisesEverywhere)),
    "RaisesInRepr": (RaisesInRepr, lambda: type.__call__(RaisesInRepr)),
    "RaisesInEq": (RaisesInEq, lambda: type.__call__(RaisesInEq)),
    "ReducesToNonsense": (ReducesToNonsense, lambda: type.__call__(ReducesToNonsense)),
    "ReducesToShortTuple": (ReducesToShortTuple, lambda: type.__call__(ReducesToShortTuple)),
    "ReducesForEver": (ReducesForEver, lambda: type.__call__(ReducesForEver)),
    "ReduceRecurses": (ReduceRecurses, lambda: type.__call__(ReduceRecurses)),
    "ReduceExits": (ReduceExits, lambda: type.__call__(ReduceExits)),
    "StateRaises": (StateRaises, lambda: type.__call__(StateRaises)),
    "BadSetState": (BadSetState, lambda: type.__call__(BadSetState)),
    "BadDigest": (BadDigest, lambda: type.__call__(BadDigest)),
    "BadFields": (BadFields, lambda: type.__call__(BadFields)),
    "BadTuple": (BadTuple, lambda: BadTuple((1, 2))),
    "WildGetattr": (WildGetattr, lambda: type.__call__(WildGetattr)),
}
