"""Jobs that end their process, hang, or take more than they may, each among innocent ones."""

import ctypes
import os
import signal
import subprocess
import sys
import time

from ledger import note

from compmake import comp

LIMIT = "150MB"
CHILD = """
import mmap, time
shared = mmap.mmap(-1, 400_000_000)
for _ in range(400):
    shared.write(b"x" * 1_000_000)
time.sleep(60)
"""


def job(name, does=None):
    """Innocent or not: compmake expects the same of all, so that they are sent ahead together."""
    note(name)
    return name if does is None else does()


def sigkill():
    os.kill(os.getpid(), signal.SIGKILL)


def sigterm():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)


def segfault():
    ctypes.string_at(0)


def aborts():
    os.abort()


def exit_0():
    os._exit(0)


def exit_3():
    os._exit(3)


def sys_exit_3():
    sys.exit(3)


def stack_overflow_in_c():
    ctypes.CDLL(None).regcomp(ctypes.create_string_buffer(1024), b"(" * 10_000_000, 1)


def keyboard_interrupt():
    raise KeyboardInterrupt


def closes_everything():
    os.closerange(0, 4096)


def freezes():
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(60)


def hangs():
    while True:
        time.sleep(0.01)


def hangs_in_c():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ctypes.PyDLL(None).pause()


def allocates():
    return len(bytearray(1_000_000_000))


def allocates_arrays():
    import numpy

    return float(numpy.ones(125_000_000).sum())


def grows():
    kept = []
    while True:
        kept.append(bytearray(1_000_000))


def child_allocates():
    subprocess.run([sys.executable, "-c", "bytearray(1_000_000_000)"], check=True)


def child_shares_memory():
    subprocess.run([sys.executable, "-c", CHILD], check=True)


DIES = (
    sigkill,
    sigterm,
    segfault,
    aborts,
    exit_0,
    exit_3,
    sys_exit_3,
    keyboard_interrupt,
    closes_everything,
)
HANGS = (freezes, hangs, hangs_in_c)
GREEDY = (allocates, allocates_arrays, grows, child_allocates, child_shares_memory)
LINUX_ONLY = (stack_overflow_in_c, *GREEDY) if sys.platform == "linux" else ()


def innocent(where):
    return comp(job, where, job_id=where)


for does in (*DIES, *HANGS, *LINUX_ONLY):
    name = does.__name__
    for i in range(3):
        innocent(f"before-{name}-{i}")
    limits = {"timeout": 0.3} if does in HANGS else {"memory": LIMIT} if does in GREEDY else {}
    comp.options(job_id=name, **limits)(job, name, does)
    for i in range(3):
        innocent(f"behind-{name}-{i}")
