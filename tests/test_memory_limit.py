"""A memory limit: what counts, what fails, and that it is gone afterwards; each claim in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import json, mmap, os, resource, sys, tempfile, threading
from compmake.memory_limit import memory_limited
MB = 1 << 20
{before}
soft_before = resource.getrlimit(resource.RLIMIT_DATA)
def job():
{job}
said, value = "", None
try:
    with memory_limited({limit}):
        value = job()
except MemoryError as error:
    said = type(error).__name__ + " " + str(error)
    line = error.__traceback__
    while line.tb_next: line = line.tb_next
    value = line.tb_lineno - job.__code__.co_firstlineno
after = resource.getrlimit(resource.RLIMIT_DATA)
print(json.dumps([said, value, after == soft_before, len(bytearray(400 * MB))]))
"""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can limit the memory that is in use")


def run(job, limit="150 * MB", before=""):
    """Run a job under a limit in a new process; return the error, what it returned or where it failed.

    Afterwards the limit is as before and more than it can be had.
    """
    lines = "".join(f"    {line}\n" for line in job.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(job=lines, limit=limit, before=before)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said, value, *afterwards = json.loads(done.stdout)
    assert afterwards == [True, 400 << 20]
    return said, value


@linux_only
def test_the_line_that_takes_too_much_fails():
    """MemoryError is raised at the allocation itself; the limit is gone for whoever tells of it."""
    assert run("few = bytearray(50 * MB)\nmany = bytearray(300 * MB)\nreturn 1") == ("MemoryError ", 2)


@linux_only
def test_many_small_objects_fail_too():
    """Python's own allocator is no way around the limit."""
    assert run("return len([[number] for number in range(10**7)])", limit="60 * MB")[0] == "MemoryError "


def test_what_fits_is_not_disturbed():
    """A job below its limit notices nothing, also when it takes and gives back more in sum."""
    assert run("return sum(len(bytearray(60 * MB)) for _ in range(5)) // MB") == ("", 300)


@linux_only
def test_arrays_fail_too():
    """Numpy says what it could not allocate."""
    pytest.importorskip("numpy")
    said, _ = run("return len(numpy.ones(300 * MB, dtype='u1'))", before="import numpy")
    assert "MemoryError Unable to allocate 300. MiB" in said


def test_reserved_memory_is_not_held_against_the_job():
    """Address space that libraries and threads reserved before, and do not use, leaves the job what it was promised."""
    before = "space = mmap.mmap(-1, 2000 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"
    assert run("return len(bytearray(80 * MB)) // MB", before=before) == ("", 80)


@linux_only
def test_reserved_memory_does_not_raise_the_limit():
    """What was reserved before the job gives it no more than the limit."""
    before = "space = mmap.mmap(-1, 2000 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)"
    assert run("return len(bytearray(300 * MB))", before=before)[0] == "MemoryError "


def test_mapped_files_do_not_count():
    """A job may look at a file that is larger than its limit."""
    job = """
with tempfile.TemporaryFile() as file:
    file.truncate(500 * MB)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return mapped.find(b"x")
"""
    assert run(job.strip()) == ("", -1)


@linux_only
def test_threads_of_the_job_are_under_its_limit():
    """A thread that the job starts gets MemoryError as the job itself does."""
    job = """
failed = []
def take():
    try:
        bytearray(300 * MB)
    except MemoryError:
        failed.append(1)
thread = threading.Thread(target=take)
thread.start(); thread.join()
return failed
"""
    assert run(job.strip()) == ("", [1])


@linux_only
def test_a_limit_below_what_the_process_uses_is_explained():
    """Before the job begins it fails, and the message tells how much there would have to be at the least."""
    said, _ = run("return 1", limit="MB")
    error, _, message = said.partition(" ")
    assert error == "MemoryLimitTooLowError"
    assert message.startswith("the process uses ") and message.endswith(" bytes before the job begins")
    assert int(message.split()[3].replace(",", "")) > 1 << 20


def test_memory_that_was_freed_is_not_in_use():
    """What an earlier job took in small pieces and gave back does not make the limit of the next one too low."""
    before = "pieces = [bytearray(20000) for _ in range(10**4)]; pieces = pieces[-1:]"
    assert run("return len(bytearray(20 * MB)) // MB", limit="80 * MB", before=before) == ("", 20)


def test_no_limit_and_one_beyond_everything_change_nothing():
    """None, and more than a machine can have, are the same."""
    assert run("return resource.getrlimit(resource.RLIMIT_DATA) == soft_before", limit="None") == ("", True)
    assert run("return len(bytearray(300 * MB)) // MB", limit="2**63 - 1") == ("", 300)


def test_a_lower_limit_of_the_user_stays():
    """A limit set for the whole process, in a shell for example, is never raised."""
    before = "resource.setrlimit(resource.RLIMIT_DATA, (1000 * MB, resource.RLIM_INFINITY))"
    assert run("return resource.getrlimit(resource.RLIMIT_DATA)[0] // MB", "5000 * MB", before) == ("", 1000)


def test_a_hard_limit_is_not_touched():
    """A limit above the hard one is not set, and one below changes the soft one only."""
    before = "resource.setrlimit(resource.RLIMIT_DATA, (1000 * MB, 1000 * MB))"
    for limit in ("5000 * MB", "200 * MB"):
        assert run("return resource.getrlimit(resource.RLIMIT_DATA)[1] // MB", limit, before) == ("", 1000)
