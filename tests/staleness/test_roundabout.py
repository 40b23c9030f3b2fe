"""Code that a job reaches in roundabout ways: edits of it are not missed."""

from edited_programs import Edit, claims

NAMES = """
== lib.py
FIELDS = ["alpha", "beta"]
class Thing:
    def alpha(self): return 1
    def beta(self): return 2
    def gamma(self): return 3
== work.py
from ledger import note
from lib import FIELDS
def job(t):
    note("job")
    return [getattr(t, f)() for f in FIELDS]
== prog.py
from compmake import comp
from lib import Thing
from work import job
comp(job, Thing())
"""

TABLE = """
== lib.py
def alpha(x): return 1
def gamma(x): return 3
TABLE = {"alpha": "alpha", "g": "gamma"}
== work.py
from ledger import note
import lib
def job(k):
    note("job")
    return getattr(lib, lib.TABLE[k])(2)
== prog.py
from compmake import comp
from work import job
comp(job, "g")
"""

RECEIVED = """
== model.py
class Node:
    def __init__(self, v): self.v = v; self.kids = []
    def walk(self): return [self.v] + [k.walk() for k in self.kids]
    def __len__(self): return 1 + len(self.kids)
    def __lt__(self, o): return self.v < o.v
== build.py
from ledger import note
def build():
    note("build")
    import model
    n = model.Node(1); n.kids = [model.Node(2)]
    return {"root": n}
def passon(d):
    note("passon"); return [d["root"]]
== use.py
from ledger import note
def walk(l):
    note("walk"); return l[0].walk()
def size(l):
    note("size"); return len(l[0])
def sort(l):
    note("sort"); return [x.v for x in sorted(l + l)]
== prog.py
from compmake import comp
import build, use
p = comp(build.passon, comp(build.build))
comp(use.walk, p); comp(use.size, p); comp(use.sort, p)
"""

META = """
== lib.py
REG = {}
class Meta(type):
    def __new__(m, n, b, d):
        c = super().__new__(m, n, b, d); REG[n] = c; return c
class Base(metaclass=Meta): pass
== impl.py
from lib import Base
class Alpha(Base):
    def run(self): return 1
== work.py
from ledger import note
import impl
from lib import REG
def job(n):
    note("job"); return REG[n]().run()
== prog.py
from compmake import comp
from work import job
comp(job, "Alpha")
"""

RETURNED = """
== lib.py
def factory(n):
    def f(x): return x + n
    return f
def g(x): return x * 2
class C:
    def run(self): return 1
== work.py
from ledger import note
import lib
def mk(n):
    note("mk"); return lib.factory(n)
def mg():
    note("mg"); return lib.g
def mc():
    note("mc"); return lib.C
def call(f, x):
    note("call"); return f(x)
def run(c):
    note("run"); return c().run()
== prog.py
from compmake import comp
from work import *
comp(call, comp(mk, 1), 2); comp(call, comp(mg), 3); comp(run, comp(mc))
"""

SPECIAL = """
== lib.py
class Pos:
    def __set_name__(self, o, n): self.n = "_" + n
    def __get__(self, o, t): return getattr(o, self.n, 7)
class A:
    size = Pos()
    def __call__(self, x): return x + 1
    def __getattr__(self, n): return 5
    def __format__(self, s): return "fmt"
instance = A()
== work.py
from ledger import note
from lib import instance
def d():
    note("d"); return instance.size
def c(x):
    note("c"); return instance(x)
def g():
    note("g"); return instance.whatever
def f():
    note("f"); return f"{instance}"
== prog.py
from compmake import comp
from work import *
comp(d); comp(c, 1); comp(g); comp(f)
"""

PRESETS = """
== conf.py
from dataclasses import dataclass, field
@dataclass(frozen=True)
class Opt:
    lr: float = 0.1
    def rate(self): return self.lr * 2
@dataclass(frozen=True)
class Cfg:
    name: str
    opt: Opt = Opt()
PRESETS = {"fast": Cfg("fast", Opt(0.5)), "slow": Cfg("slow")}
== work.py
from ledger import note
from conf import PRESETS
def job(n):
    note(f"job {n}"); return PRESETS[n].opt.rate()
def train(cfg):
    note(f"train {cfg.name}"); return cfg.opt.lr
== prog.py
from compmake import comp
from conf import PRESETS
from work import job, train
comp(job, "fast"); comp(train, PRESETS["slow"])
"""

PACKAGE = """
== pkg/__init__.py
from .core import run as go
from . import util
__all__ = ["go", "util"]
== pkg/core.py
from .util import helper
from .sub import deep
def run(x):
    return helper(x) + deep.more(x)
== pkg/util.py
def helper(x): return x + 1
== pkg/sub/__init__.py
== pkg/sub/deep.py
from ..util import helper as h
def more(x): return h(x) * 3
== work.py
from ledger import note
from pkg import *
def job(x):
    note("job"); return go(x)
def ut(x):
    note("ut"); return util.helper(x)
== prog.py
from compmake import comp
from work import job, ut
comp(job, 1); comp(ut, 2)
"""

ERRORS = """
== errs.py
class Bad(Exception):
    code = 3
    def __str__(self): return "bad"
== lib.py
from errs import Bad
def check(x):
    if x > 1: raise Bad(x)
== work.py
from ledger import note
import lib
def job(x):
    note("job")
    try: lib.check(x)
    except Exception as e: return str(e), e.code
== prog.py
from compmake import comp
from work import job
comp(job, 5)
"""

TEMPLATE = """
== lib.py
from abc import ABC, abstractmethod
class Step(ABC):
    def run(self, x):
        return self.apply(x) + 1
    @abstractmethod
    def apply(self, x): ...
class Twice(Step):
    def apply(self, x): return x * 2
class Thrice(Step):
    def apply(self, x): return x * 3
== work.py
from ledger import note
def job(step, x):
    note(f"job {type(step).__name__}"); return step.run(x)
== prog.py
from compmake import comp
from lib import Twice, Thrice
from work import job
comp(job, Twice(), 1); comp(job, Thrice(), 1)
"""

BOUND_BY_CALLS = """
== lib.py
import helper
def setup():
    global STATE
    STATE = 7
setup()
globals()["LIMIT"] = 5
== helper.py
def scale(x):
    return x + 1
== work.py
from ledger import note
import lib
from lib import LIMIT
from helper import scale
def state():
    note("state")
    return lib.STATE
def limit():
    note("limit")
    return lib.LIMIT
def imported():
    note("imported")
    return LIMIT
def evaluated(x):
    note("evaluated")
    return eval("scale(x)")
== prog.py
from compmake import comp
from work import evaluated, imported, limit, state
comp(state)
comp(limit)
comp(imported)
comp(evaluated, 1)
"""

CASES = {
    "a name in a global list: return 2": Edit(NAMES, "lib.py", "return 2", "return 22", ("job",)),
    "a name in a global list: return 3": Edit(NAMES, "lib.py", "return 3", "return 33", ()),
    "a name in a global table: return 3": Edit(TABLE, "lib.py", "return 3", "return 22", ("job",)),
    "a class in a dependency's container: [self.v] +": Edit(
        RECEIVED, "model.py", "[self.v] +", "[self.v * 2] +", ("walk",)
    ),
    "a class in a dependency's container: return 1 +": Edit(
        RECEIVED, "model.py", "return 1 +", "return 2 +", ("build", "passon", "size", "sort", "walk")
    ),
    "a class in a dependency's container: self.v <": Edit(
        RECEIVED, "model.py", "self.v <", "-self.v <", ("build", "passon", "size", "sort", "walk")
    ),
    "a class registered by a metaclass: return 1": Edit(META, "impl.py", "return 1", "return 2", ("job",)),
    "a class registered by a metaclass: REG[n] = c": Edit(
        META, "lib.py", "REG[n] = c", "REG[n] = c; c.x = 1", ("job",)
    ),
    "a function that a dependency returned: x * 2": Edit(RETURNED, "lib.py", "x * 2", "x * 3", ("call", "mg")),
    "a function that a dependency returned: return x + n": Edit(
        RETURNED, "lib.py", "return x + n", "return x - n", ("call", "mk")
    ),
    "a function that a dependency returned: return 1": Edit(RETURNED, "lib.py", "return 1", "return 2", ("run",)),
    "a special method: self.n, 7": Edit(SPECIAL, "lib.py", "self.n, 7", "self.n, 8", ("c", "d", "f", "g")),
    "a special method: x + 1": Edit(SPECIAL, "lib.py", "x + 1", "x + 2", ("c", "d", "f", "g")),
    "a configuration in a global: Opt(0.5)": Edit(PRESETS, "conf.py", "Opt(0.5)", "Opt(0.6)", ("job fast",)),
    "a configuration in a global: lr: float = 0.1": Edit(
        PRESETS, "conf.py", "lr: float = 0.1", "lr: float = 0.2", ("job fast", "train slow")
    ),
    "a configuration in a global: self.lr * 2": Edit(PRESETS, "conf.py", "self.lr * 2", "self.lr * 3", ("job fast",)),
    "a helper behind relative imports: * 3": Edit(PACKAGE, "pkg/sub/deep.py", "* 3", "* 4", ("job",)),
    "a helper behind relative imports: x + 1": Edit(PACKAGE, "pkg/util.py", "x + 1", "x + 2", ("job", "ut")),
    "a helper behind relative imports: + deep": Edit(PACKAGE, "pkg/core.py", "+ deep", "- deep", ("job",)),
    "an exception's class: 'bad'": Edit(ERRORS, "errs.py", '"bad"', '"worse"', ("job",)),
    "an exception's class: code = 3": Edit(ERRORS, "errs.py", "code = 3", "code = 4", ("job",)),
    "an exception's class: x > 1": Edit(ERRORS, "lib.py", "x > 1", "x > 10", ("job",)),
    "a template method: ) + 1": Edit(TEMPLATE, "lib.py", ") + 1", ") + 2", ("job Thrice", "job Twice")),
    "a global that a function binds": Edit(
        BOUND_BY_CALLS, "lib.py", "STATE = 7", "STATE = 8", ("imported", "limit", "state")
    ),
    "a global set through globals()": Edit(BOUND_BY_CALLS, "lib.py", "] = 5", "] = 6", ("imported", "limit", "state")),
    "a constant expression in eval": Edit(BOUND_BY_CALLS, "helper.py", "x + 1", "x + 2", ("evaluated",)),
}


@claims(CASES)
def test_edit_of_what_is_reached_in_a_roundabout_way(space, made, edit):
    """Exactly the jobs that can notice the edit run."""
    assert made.make_edited(space, edit) == list(edit.runs)
