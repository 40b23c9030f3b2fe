"""The programs that are measured, as texts: jobs that do nothing, naps, large results, an import that takes long."""

from pathlib import Path

WORKERS = 2
NAPS, NAP_S = 200, 0.02
LARGE, LARGE_BYTES = 100, 10_000_000
CROWD, IMPORT_S = 16, 1.0
LEDGER = "ledger.txt"
"""Where jobs tell when they began and ended, and in which process: what compmake believes does not count."""

_SWEEP = """\
import time

started = time.perf_counter()
from compmake import comp
from sweep_functions import first, second, third

for a in range({side}):
    for b in range({side}):
        one = comp(first, a, b)
        two = comp(second, one, b)
        comp(third, two)
open("define_s.txt", "w").write(str(time.perf_counter() - started))
"""
_SWEEP_FUNCTIONS = """\
def first(a, b):
    return a * 1000 + b


def second(one, b):
    return one * 1000 + b


def third(two):
    return two * 2
"""
_NAPS = """\
from compmake import comp
from naps_functions import {how}

for number in range({count}):
    comp({how}, number)
"""
_NAPS_FUNCTIONS = """\
import os
import time


def note(started):
    ledger = os.open("{ledger}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{{started}} {{time.time()}} {{os.getpid()}}\\n".encode())
    os.close(ledger)


def sleep(number):
    started = time.time()
    time.sleep({nap_s})
    note(started)


def compute(number):
    started = time.time()
    while time.time() < started + {nap_s}:
        pass
    note(started)
"""
# The same jobs in as many forked processes, with nothing between them.
_NAPS_FLOOR = """\
import os

from naps_functions import compute

children = [pid for pid in (os.fork() for _ in range({workers} - 1)) if pid]
for number in range({count} // {workers}):
    compute(number)
for pid in children:
    os.waitpid(pid, 0)
"""
_LARGE = """\
from compmake import comp
from large_functions import load, measure

for number in range({count}):
    comp(measure, comp(load, number))
"""
_LARGE_FUNCTIONS = """\
def load(number):
    return bytes([number]) * {size}


def measure(data):
    return len(data)
"""
_CROWD = """\
import time

from compmake import comp
from crowd_functions import answer

for number in range({count}):
    comp(answer, number)
open("loaded_at.txt", "w").write(str(time.time()))
"""
_CROWD_FUNCTIONS = """\
import os
import time

time.sleep({import_s})


def answer(number):
    ledger = os.open("{ledger}", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{{time.time()}} {{time.time()}} {{os.getpid()}}\\n".encode())
    os.close(ledger)
"""
# The peak of the driver alone: what a parent is told on Linux has that of workers in it.
_DRIVER_PEAK = """\
import resource, sys
from compmake.cli import main

code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
sys.exit(code)
"""


def write_programs(folder: Path, side: int) -> None:
    """Write all of them; `side` is that of the grid which is swept."""
    texts = {
        "sweep": _SWEEP.format(side=side),
        "sweep_functions": _SWEEP_FUNCTIONS,
        "naps_asleep": _NAPS.format(how="sleep", count=NAPS),
        "naps_busy": _NAPS.format(how="compute", count=NAPS),
        "naps_functions": _NAPS_FUNCTIONS.format(nap_s=NAP_S, ledger=LEDGER),
        "naps_floor": _NAPS_FLOOR.format(workers=WORKERS, count=NAPS),
        "large_one": _LARGE.format(count=1),
        "large_many": _LARGE.format(count=LARGE),
        "large_functions": _LARGE_FUNCTIONS.format(size=LARGE_BYTES),
        "crowd": _CROWD.format(count=CROWD),
        "crowd_functions": _CROWD_FUNCTIONS.format(import_s=IMPORT_S, ledger=LEDGER),
        "driver_peak": _DRIVER_PEAK,
    }
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
