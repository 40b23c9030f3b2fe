"""A program of ten modules and a package, as they grow in practice; its jobs note their names."""

PROGRAM = """
== survey/__init__.py
from .loading import load
from .stages import prepare
from . import checks
__all__ = ["checks", "load", "prepare"]
== survey/loading.py
import logging
from . import settings
from .arrays import ramp
log = logging.getLogger(__name__)
_cache = {}
def load(name, config):
    log.info("loading %s", name)
    if name not in _cache:
        _cache[name] = ramp(config.grid.points) * settings.GAIN
    return _cache[name]
== survey/settings.py
from dataclasses import dataclass, field
GAIN = 2.0
UNUSED = 7
@dataclass(frozen=True)
class Grid:
    points: int = 4
    def spacing(self):
        return 1 / self.points
@dataclass(frozen=True)
class Config:
    name: str
    grid: Grid = field(default_factory=Grid)
    tags: tuple = ()
== survey/arrays.py
import numpy as np
WINDOW = np.array([0.25, 0.5, 0.25])
def ramp(n):
    return np.arange(n, dtype=float)
def smooth(values):
    return np.convolve(values, WINDOW, mode="same")
class Signal:
    def __init__(self, values):
        self.values = values
    def __add__(self, other):
        return Signal(self.values + other.values)
    @property
    def power(self):
        return float((self.values**2).sum())
    def peak(self):
        return float(self.values.max())
    def __reduce__(self):
        return (Signal, (self.values,))
== survey/stages.py
from abc import ABC, abstractmethod
from functools import lru_cache, partial
class Stage(ABC):
    def run(self, values):
        return self.apply(values) + self.offset()
    def offset(self):
        return 0
    @abstractmethod
    def apply(self, values): ...
class Double(Stage):
    def apply(self, values):
        return values * factor(2)
@lru_cache
def factor(n):
    return n * 1
def power_of(values, exponent):
    return values**exponent
square = partial(power_of, exponent=2)
def prepare(values, stage):
    return square(stage.run(values))
== survey/checks.py
REGISTRY = {}
def check(name):
    def register(function):
        REGISTRY[name] = function
        return function
    return register
@check("finite")
def is_finite(values):
    return bool((values < 1e9).all())
@check("small")
def is_small(values):
    return bool(len(values) < 100)
== survey/modes.py
from enum import Enum
class Mode(Enum):
    FAST = 1
    SLOW = 2
    def rounds(self):
        return self.value * 10
== survey/plugins.py
class Plugin:
    known = {}
    def __init_subclass__(cls):
        Plugin.known[cls.__name__] = cls
class Mean(Plugin):
    def measure(self, values):
        return float(values.mean())
class Spread(Plugin):
    def measure(self, values):
        return float(values.max() - values.min())
== survey/timing.py
import time
from contextlib import contextmanager
STARTED = time.time()
@contextmanager
def stage(name):
    prefix = name.upper()
    yield f"{prefix}:"
== jobs.py
from ledger import note
from survey import checks, load, prepare
from survey.arrays import Signal, smooth
from survey.modes import Mode
from survey.plugins import Plugin
from survey.stages import Double
from survey.timing import STARTED, stage
def read(config):
    note("read")
    return Signal(load(config.name, config))
def filtered(signal):
    note("filtered")
    return smooth(signal.values)
def staged(values):
    note("staged")
    return prepare(values, Double())
def checked(values):
    note("checked")
    return {name: test(values) for name, test in checks.REGISTRY.items()}
def combined(signal):
    note("combined")
    return (signal + signal).power
def highest(signal):
    note("highest")
    return signal.peak()
def rounds(mode):
    note("rounds")
    return mode.rounds()
def plugged(values):
    note("plugged")
    return {name: kind().measure(values) for name, kind in Plugin.known.items()}
def labelled(text):
    note("labelled")
    assert STARTED
    with stage(text) as label:
        return label
== prog.py
from compmake import comp
from survey.modes import Mode
from survey.settings import Config, Grid
import jobs
signal = comp(jobs.read, Config("one", Grid(8)))
values = comp(jobs.filtered, signal)
comp(jobs.checked, comp(jobs.staged, values))
comp(jobs.combined, signal)
comp(jobs.highest, signal)
comp(jobs.rounds, Mode.SLOW)
comp(jobs.plugged, values)
comp(jobs.labelled, "hello")
"""
