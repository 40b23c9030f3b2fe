"""Large results are neither copied nor kept longer than needed."""

import subprocess
import sys

import pytest
from spaces import clean_environment

PROGRAM = """\
import numpy
from compmake import comp

def make(i):
    return numpy.full(12_500_000, float(i))

def add(array):
    return float(array.sum())

for i in range(3):
    comp(add, comp(make, i))
"""
MEASURE = """\
import os, sys, threading
from compmake.cli import main
peak, over = 0, threading.Event()
def watch():
    global peak
    while not over.wait(0.001):
        with open("/proc/self/statm") as file:
            resident, shared = map(int, file.read().split()[1:3])
        peak = max(peak, resident)
thread = threading.Thread(target=watch)
thread.start()
code = main(["prog", "make"])
over.set()
thread.join()
print(peak * os.sysconf("SC_PAGE_SIZE") // 1000)
sys.exit(code)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of a process from /proc")
def test_arrays_of_100_mb_take_less_than_two_and_a_half_times_their_size(space):
    """Made, stored, read and summed, three in a row: the peak memory of the process stays below 2.5 arrays."""
    pytest.importorskip("numpy")
    space.write("prog.py", PROGRAM)
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        cwd=space.path,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 250_000, f"{done.stdout.strip()} kB"
