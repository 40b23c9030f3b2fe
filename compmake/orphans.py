"""Who dies with whom: a process that ends with its parent, and the guardian that kills what others left behind.

Linux only; elsewhere these do nothing, and what a job started in a session of its own may outlive it.
"""

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Collection

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def die_with_parent(yes: bool = True) -> None:
    """Let the kernel kill this process when the thread that started it ends, however that happens."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL if yes else 0)


def become_subreaper() -> None:
    """Let every descendant whose parent ends become a child of this process."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_orphans(known: Collection[int]) -> None:
    """Kill the children of this process that are not `known` nor in the session of one; their children are next."""
    for pid in children():
        with contextlib.suppress(OSError):
            if pid not in known and os.getsid(pid) not in known:
                os.kill(pid, signal.SIGKILL)


def children() -> set[int]:
    """Return the process ids of the living children of this process, which has one thread."""
    try:
        with open("/proc/thread-self/children") as file:
            return set(map(int, file.read().split()))
    except OSError:
        return set()


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
