"""What the system tells of running workers, whatever C code they are in: CPU, memory, whether they are frozen."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psutil


class Vital(NamedTuple):
    """Of a worker with all processes that it started."""

    cpu_percent: float
    rss_bytes: int
    frozen: bool


class Vitals:
    """Looks at workers and remembers what it needs to tell rates."""

    def __init__(self) -> None:
        self._cpu_s: dict[int, tuple[float, float]] = {}
        self._families: dict[int, list[psutil.Process]] = {}

    def look(self, pids: Iterable[int], now_s: float) -> Mapping[int, Vital]:
        """Return the vitals of those workers that are alive; looks anew for processes that they started."""
        parents: dict[int, list[psutil.Process]] = {}
        for process in psutil.process_iter(["ppid"]):
            parents.setdefault(process.info["ppid"], []).append(process)
        found = {}
        for pid in pids:
            family = list(_descendants(pid, parents))
            try:
                family.insert(0, psutil.Process(pid))
                found[pid] = self._vital(pid, family, now_s)
            except psutil.Error:
                continue
            self._families[pid] = family
        return found

    def used_bytes(self, pid: int, limit_bytes: float) -> int:
        """Return the memory of a worker and the processes that `look` found; 0 if it is gone.

        What seems to be above the limit is counted closely: neither mapped files, nor twice what processes share.
        """
        family = self._families.get(pid) or _family(pid)
        seeming = sum(map(_rss_bytes, family))
        return seeming if seeming <= limit_bytes else sum(map(_own_bytes, family))

    def _vital(self, pid: int, family: list[psutil.Process], now_s: float) -> Vital:
        cpu_s = sum(map(_cpu_s, family))
        before_s, before_cpu_s = self._cpu_s.get(pid, (now_s, cpu_s))
        self._cpu_s[pid] = (now_s, cpu_s)
        elapsed_s = now_s - before_s
        cpu_percent = max(0.0, 100 * (cpu_s - before_cpu_s) / elapsed_s) if elapsed_s > 0 else 0.0
        frozen = family[0].status() == psutil.STATUS_STOPPED
        return Vital(cpu_percent, sum(map(_rss_bytes, family)), frozen)


def _family(pid: int) -> list[psutil.Process]:
    try:
        return [psutil.Process(pid)]
    except psutil.Error:
        return []


def _descendants(pid: int, parents: Mapping[int, list[psutil.Process]]) -> Iterable[psutil.Process]:
    for process in parents.get(pid, ()):
        yield process
        yield from _descendants(process.pid, parents)


def _rss_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _own_bytes(process: psutil.Process) -> int:
    """Return the memory that is no file's, the part of it that is shared divided among those that share it."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup") as file:
            kept = [int(line.split()[1]) for line in file if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
            return 1024 * sum(kept) if kept else _rss_bytes(process)
    except (OSError, ValueError):  # gone, or a system that does not tell
        return _rss_bytes(process)


def _cpu_s(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
