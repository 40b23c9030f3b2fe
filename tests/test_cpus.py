"""How many CPUs a process may use, and what numerical libraries are told of it."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from compmake.cpus import blas_environment, cgroup_cpus, cpu_count

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def groups(tmp_path):
    """Write control groups and the file that names those of a process; return the CPUs that these grant."""

    def grant(membership: str, files: dict[str, str]) -> float:
        (tmp_path / "membership").write_text(membership)
        for name, text in files.items():
            path = tmp_path / "mounted" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return cgroup_cpus(tmp_path / "membership", tmp_path / "mounted")

    return grant


def test_there_is_at_least_one_and_no_more_than_the_machine_has():
    """The count can be divided by, and never exceeds the machine."""
    assert 1 <= cpu_count() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="a process cannot be bound to CPUs here")
def test_a_process_bound_to_one_cpu_has_one():
    """CPUs that a batch system did not give to this process are not counted."""
    script = "import os; os.sched_setaffinity(0, list(os.sched_getaffinity(0))[:1])\n"
    script += "from compmake.cpus import cpu_count; print(cpu_count())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "1\n"


def test_the_share_of_a_container_counts(groups):
    """Version 2: the quota of the process's group over its period, in CPUs."""
    assert groups("0::/a/b\n", {"a/b/cpu.max": "150000 100000\n", "a/cpu.max": "max 100000\n"}) == 1.5


def test_a_group_has_no_more_than_those_above(groups):
    """The smallest share on the way up counts."""
    assert groups("0::/a/b\n", {"a/b/cpu.max": "800000 100000\n", "a/cpu.max": "200000 100000\n"}) == 2


def test_a_group_named_as_the_host_sees_it_is_found(groups):
    """Inside a container the path may be one that only the host has; what is mounted is the group itself."""
    assert groups("0::/docker/0123\n", {"cpu.max": "50000 100000\n"}) == 0.5


def test_the_first_version_of_groups_counts_too(groups):
    """Version 1: two files, in the folder of the controller; -1 is no limit."""
    files = {"cpu/a/cpu.cfs_quota_us": "300000\n", "cpu/a/cpu.cfs_period_us": "100000\n"}
    files |= {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}
    assert groups("4:memory:/x\n1:cpu,cpuacct:/a\n0::/\n", files) == 3


@pytest.mark.parametrize("text", ["max 100000\n", "", "what?\n"])
def test_without_a_quota_there_is_no_limit(groups, text):
    """A group without limit, and a file that says nothing, grant everything."""
    assert groups("0::/a\n", {"a/cpu.max": text}) == math.inf


def test_without_control_groups_there_is_no_limit(tmp_path):
    """Where the system has none the machine counts."""
    assert cgroup_cpus(tmp_path / "none", tmp_path) == math.inf


def test_workers_share_the_cpus():
    """Each library gets the same number of threads, at least one, whatever the number of workers."""
    alone, many = blas_environment(1, {}), blas_environment(10**6, {})
    assert set(alone.values()) == {str(cpu_count())}
    assert set(many.values()) == {"1"}
    assert set(alone) == {
        *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
        *("BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"),
    }


def test_what_the_user_set_is_left_alone():
    """A variable that the user set is not among those returned; an empty one is not set."""
    found = blas_environment(1, {"MKL_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": ""})
    assert "MKL_NUM_THREADS" not in found and "OPENBLAS_NUM_THREADS" in found


def test_the_users_number_for_openmp_holds_for_those_that_follow_it():
    """OpenBLAS, MKL, BLIS and NumExpr read OMP_NUM_THREADS if they have no variable of their own; veclib does not."""
    assert set(blas_environment(1, {"OMP_NUM_THREADS": "3"})) == {"VECLIB_MAXIMUM_THREADS"}
