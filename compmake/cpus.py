"""How many CPUs this process may use, and how the threads of numerical libraries share them."""

import math
import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

_FOLLOW_OMP = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_THREADS = ("OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", *_FOLLOW_OMP)


def cpu_count() -> int:
    """Return how many CPUs this process may use, at least 1.

    The machine's, or fewer if the process is bound to some of them or its container has a share of their time.
    """
    if hasattr(os, "process_cpu_count"):  # Python 3.13; it can be told by -X cpu_count
        bound = os.process_cpu_count()
    elif hasattr(os, "sched_getaffinity"):
        bound = len(os.sched_getaffinity(0))
    else:
        bound = os.cpu_count()
    granted = cgroup_cpus(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    return max(1, math.ceil(min(bound or 1, granted)))


def cgroup_cpus(membership: Path, mounted: Path) -> float:
    """Return the CPUs' worth of time that the control groups of a process grant it, infinity if they set no limit.

    Args:
        membership: The file that names its groups, `/proc/self/cgroup`.
        mounted: The folder where the groups of both versions are mounted, `/sys/fs/cgroup`.
    """
    try:
        lines = membership.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return math.inf
    least = math.inf
    for line in lines:
        _, controllers, path = line.split(":", 2)
        # A group has no more than those above it. In a container its path may be the host's, not seen from inside.
        groups = [PurePosixPath(path.lstrip("/")), *PurePosixPath(path.lstrip("/")).parents]
        if not controllers:
            least = min(least, *(_share(mounted / group / "cpu.max") for group in groups))
        elif "cpu" in controllers.split(","):
            least = min(least, *(_share_v1(mounted / "cpu" / group) for group in groups))
    return least


def blas_environment(workers: int, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that give numerical libraries in each worker its part of the CPUs, without the user's own.

    A user's OMP_NUM_THREADS holds for the libraries that follow it.

    Args:
        workers: Processes that compute at once, at least 1.
        environ: The environment of the user.
    """
    set_by_user = {name for name in _THREADS if environ.get(name)}
    if "OMP_NUM_THREADS" in set_by_user:
        set_by_user.update(_FOLLOW_OMP)
    threads = str(max(1, cpu_count() // workers))
    return {name: threads for name in _THREADS if name not in set_by_user}


def _share(file: Path) -> float:
    """Read `QUOTA PERIOD` in microseconds, or `max PERIOD`."""
    try:
        quota, period = file.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf


def _share_v1(group: Path) -> float:
    try:
        quota, period = (int((group / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
    except (OSError, ValueError):
        return math.inf
    return quota / period if quota > 0 else math.inf
