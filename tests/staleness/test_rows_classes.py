"""Edits of classes, plugins and registries: what is reached without being named."""

from edited_programs import Edit, claims, write_program

CLASSES = """
== base.py
class Base:
    rate = 2
    def helper(self, x):
        return x + 1
class Part:
    def weight(self):
        return 3
    def unused(self):
        return 4
== work.py
from dataclasses import dataclass
from functools import wraps
from ledger import note
from base import Base, Part
def traced(f):
    @wraps(f)
    def inner(*args):
        return f(*args) + 100
    return inner
class Model(Base):
    def __init__(self):
        self.part = Part()
    def fit(self, x):
        return self.inner(x) + self.helper(x) * self.rate
    def inner(self, x):
        return x * 2
@dataclass
class Settings:
    size: int = 3
    depth: int = 1
def fit(x):
    note("fit")
    return Model().fit(x)
def weigh(model):
    note("weigh")
    return model.part.weight()
@traced
def decorated(x):
    note("decorated")
    return x
def configured():
    note("configured")
    return Settings().size
== prog.py
from compmake import comp
from work import Model, configured, decorated, fit, weigh
comp(fit, 1)
comp(weigh, Model())
comp(decorated, 1)
comp(configured)
"""

CASES = {
    "a method reached through self": Edit(CLASSES, "work.py", "return x * 2", "return x * 3", ("fit",)),
    "a method of a base class": Edit(CLASSES, "base.py", "return x + 1", "return x + 2", ("fit",)),
    "a method through an attribute of an argument": Edit(CLASSES, "base.py", "return 3", "return 5", ("weigh",)),
    "a method that nobody calls is no reason": Edit(CLASSES, "base.py", "return 4", "return 5"),
    "a decorator": Edit(CLASSES, "work.py", "+ 100", "+ 101", ("decorated",)),
    "a dataclass field": Edit(CLASSES, "work.py", "size: int = 3", "size: int = 4", ("configured",)),
    # The argument is an instance of the class too: its methods may use the base.
    "an attribute of a base class": Edit(CLASSES, "base.py", "rate = 2", "rate = 7", ("fit", "weigh")),
    "a new override in a subclass": Edit(
        CLASSES,
        "work.py",
        "    def inner(self",
        "    def helper(self, x):\n        return 0\n    def inner(self",
        ("fit", "weigh"),
    ),
}


@claims(CASES)
def test_edit_of_a_class(space, made, edit):
    """Methods count where an attribute of their name is asked for, skeletons where the class is."""
    assert made.make_edited(space, edit) == list(edit.runs)


FOUND = """
== visitors.py
from html.parser import HTMLParser
class Visitor:
    def visit(self, kind):
        return getattr(self, "visit_" + kind)()
    def visit_number(self):
        return 1
class Counter(HTMLParser):
    def __init__(self):
        super().__init__()
        self.count = 0
    def handle_data(self, data):
        self.count += len(data)
== subclasses.py
class Plugin:
    known = []
    def __init_subclass__(cls):
        Plugin.known.append(cls)
class Doubler(Plugin):
    def run(self, x):
        return x * 2
== decorators.py
HANDLERS = {}
def handler(name):
    def register(f):
        HANDLERS[name] = f
        return f
    return register
@handler("up")
def raise_it(x):
    return x + 10
== loops.py
def on_a(x):
    return x + 20
def on_b(x):
    return x + 30
ROUTES = {}
for _f in (on_a, on_b):
    ROUTES[_f.__name__[3:]] = _f
== onlyimport.py
FACTOR = 4
SQUARES = [FACTOR * i for i in range(3)]
WIDTHS = tuple(map(str, SQUARES))
== work.py
from ledger import note
import decorators, loops, onlyimport, subclasses
from visitors import Counter, Visitor
def visit():
    note("visit")
    return Visitor().visit("number")
def parse():
    note("parse")
    counter = Counter()
    counter.feed("<p>text</p>")
    return counter.count
def plugins():
    note("plugins")
    return [kind().run(1) for kind in subclasses.Plugin.known]
def handle():
    note("handle")
    return decorators.HANDLERS["up"](1)
def route():
    note("route")
    return loops.ROUTES["a"](1)
def squares():
    note("squares")
    return onlyimport.SQUARES
def widths():
    note("widths")
    return onlyimport.WIDTHS
== prog.py
from compmake import comp
from work import handle, parse, plugins, route, squares, visit, widths
for function in (handle, parse, plugins, route, squares, visit, widths):
    comp(function)
"""

BY_NAME = {
    "a visitor method": Edit(FOUND, "visitors.py", "return 1", "return 2", ("visit",)),
    "a hook of a standard library base": Edit(FOUND, "visitors.py", "+= len", "+= 2 * len", ("parse",)),
    "a class registered by __init_subclass__": Edit(FOUND, "subclasses.py", "x * 2", "x * 3", ("plugins",)),
    "a function registered by a decorator": Edit(FOUND, "decorators.py", "x + 10", "x + 11", ("handle",)),
    "a function registered by a loop": Edit(FOUND, "loops.py", "x + 20", "x + 21", ("route",)),
    "a constant read only while importing": Edit(
        FOUND, "onlyimport.py", "FACTOR = 4", "FACTOR = 5", ("squares", "widths")
    ),
    "a newly registered function": Edit(
        FOUND,
        "decorators.py",
        '@handler("up")\n',
        '@handler("down")\ndef lower_it(x):\n    return x - 1\n@handler("up")\n',
        ("handle",),
    ),
}


@claims(BY_NAME)
def test_code_that_is_reached_without_a_name(space, made, edit):
    """Names made of text, hooks, registries and what runs while importing count."""
    assert made.make_edited(space, edit) == list(edit.runs)


OBJECTS = """
== things.py
class Money:
    def __init__(self, cents):
        self.cents = cents
    def __reduce__(self):
        return (Money, (self.cents,))
    def __eq__(self, other):
        return self.cents == other.cents
    def __hash__(self):
        return 1
    def __add__(self, other):
        return Money(self.cents + other.cents)
    def __iter__(self):
        return iter([self.cents])
== results.py
class Root:
    def label(self):
        return "root"
class Result(Root):
    def __init__(self, n):
        self.n = n
    @property
    def double(self):
        return self.n * 2
    def __mul__(self, k):
        return self.n * k
    def describe(self):
        return f"<{self.n}>"
== producer.py
from ledger import note
from results import Result
def produce(n):
    note("produce")
    return Result(n)
== consumer.py
from ledger import note
def use_operator(result):
    note("use_operator")
    return result * 3
def use_property(result):
    note("use_property")
    return result.double
def use_method(result):
    note("use_method")
    return result.describe()
def use_base(result):
    note("use_base")
    return result.label()
def use_argument(money):
    note("use_argument")
    return 0 if money else 1
== prog.py
from compmake import comp
from things import Money
from producer import produce
from consumer import use_argument, use_base, use_method, use_operator, use_property
made = comp(produce, 4)
for function in (use_base, use_method, use_operator, use_property):
    comp(function, made)
comp(use_argument, Money(5))
"""

_USERS = ("use_base", "use_method", "use_operator", "use_property")

OF_OBJECTS = {
    "__reduce__ of an argument's class": Edit(
        OBJECTS, "things.py", "(Money, (self.cents,))", "(Money, (self.cents * 1,))", ("use_argument",)
    ),
    "__eq__ of an argument's class": Edit(
        OBJECTS, "things.py", "self.cents ==", "0 + self.cents ==", ("use_argument",)
    ),
    "a property of a dependency's result": Edit(OBJECTS, "results.py", "self.n * 2", "self.n * 5", ("use_property",)),
    "a method of a dependency's result": Edit(OBJECTS, "results.py", 'f"<{self.n}>"', 'f"[{self.n}]"', ("use_method",)),
    "a base class's method of a dependency's result": Edit(OBJECTS, "results.py", '"root"', '"base"', ("use_base",)),
    # Which job uses an operator of an object cannot be told from its name: all that receive one.
    "an operator of a dependency's result": Edit(
        OBJECTS, "results.py", "self.n * k", "self.n * k + 1", ("produce", *_USERS)
    ),
}


@claims(OF_OBJECTS)
def test_classes_of_arguments_and_results(space, made, edit):
    """The class of an object counts in the jobs that use it, also when their module never imports it."""
    assert made.make_edited(space, edit) == list(edit.runs)


PLUGIN = """
== plugins/__init__.py
== plugins/fast.py
def run(x):
    return x + 1
== work.py
import importlib
from ledger import note
def job(name, x):
    note(f"job {name}")
    return importlib.import_module("plugins." + name).run(x)
== prog.py
from compmake import comp
from work import job
comp(job, "fast", 1)
"""


def test_a_plugin_that_the_job_loads_itself(space):
    """A module loaded by a computed name counts from the first attempt that loaded it."""
    write_program(space, PLUGIN)
    space.write("plugins/__init__.py", "")
    assert space.make() == ["job fast"]
    assert space.make() == []
    space.edit("plugins/fast.py", "x + 1", "x + 2")
    assert space.make() == ["job fast"]
    assert space.make() == []
