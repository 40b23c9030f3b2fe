"""What a job left alive or open in its worker process, which nobody can put back."""

import _thread
import os
import sys
import threading
import time
from pathlib import Path

from compmake.process_state import listed

_FILES_LEFT = 64
"""So many more open files than at the start are too many; jobs may well keep a few, for example in a cache."""
_LOOKS, _PAUSE_S = 20, 0.0005
"""Threads and children that are just ending get this long to do so; a new worker would take about as much."""


class Leftovers:
    """Finds threads, children and open files that were not there before the first job; for the main thread."""

    def __init__(self) -> None:
        """Take the threads that run now for the worker's own; functions are taken now too."""
        self._threads = frozenset(threading.enumerate())
        self._count_threads, self._thread_count = _thread._count, _thread._count()
        self._waitpid, self._sleep, self._dup, self._close = os.waitpid, time.sleep, os.dup, os.close
        self._pread, self._fstat = os.pread, os.fstat
        self._children, self._tasks = _opened(f"{threading.get_native_id()}/children"), _opened("")
        self._task_count = self._count_tasks()
        self._probe = os.open(os.devnull, os.O_RDONLY)
        self._files_most = self._open_files() + _FILES_LEFT

    def find(self) -> list[str]:
        """Return in words what is left; children that have ended are reaped and do not count."""
        if self._is_alone() and self._open_files() <= self._files_most:
            return []
        looks = 0
        while not self._is_alone() and looks < _LOOKS:
            looks += 1
            self._sleep(_PAUSE_S)
        found = []
        if self._count_threads() > self._thread_count:
            names = [thread.name for thread in threading.enumerate() if thread not in self._threads]
            found.append(f"it left threads running: {listed(names) or 'without a name'}")
        if self._has_child():
            children = _child_names()
            found.append("it left child processes running" + (f": {listed(children)}" if children else ""))
        if self._open_files() > self._files_most:
            found.append(f"it, or jobs before it, left more than {_FILES_LEFT} files open")
        return found

    def _is_alone(self) -> bool:
        return self._count_threads() <= self._thread_count and not self._has_child()

    def _has_child(self) -> bool:
        # To ask waitpid costs more, which after each of thousands of short jobs can be felt. Children of threads that
        # ended come to this one, but the system may not be done yet with a thread that has ended for Python.
        has_none = self._children is not None and not self._pread(self._children, 1, 0)
        if has_none and self._count_tasks() <= self._task_count:
            return False
        # multiprocessing would for ever take for alive what it did not reap itself.
        module = sys.modules.get("multiprocessing.process")
        if module is not None:
            module.active_children()
        try:
            while self._waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return False
        return True

    def _count_tasks(self) -> int:
        """Return a number that grows with each thread that the system knows."""
        return self._fstat(self._tasks).st_nlink if self._tasks is not None else 0

    def _open_files(self) -> int:
        """Return the lowest descriptor that is free: at least so many are open. A very high number if none is."""
        try:
            number = self._dup(self._probe)
        except OSError:
            return sys.maxsize
        self._close(number)
        return number


def _opened(name: str) -> int | None:
    """Open what the system tells of this process's threads, None if it tells nothing."""
    try:
        return os.open(f"/proc/self/task/{name}", os.O_RDONLY)
    except OSError:
        return None


def _child_names() -> list[str]:
    """Return number and name of each living child, where the system tells."""
    try:
        pids = " ".join(task.joinpath("children").read_text() for task in Path("/proc/self/task").iterdir()).split()
        return [f"{pid} {Path('/proc', pid, 'comm').read_text(errors='replace').strip()}" for pid in pids]
    except OSError:  # no such system, or one has just ended
        return []
