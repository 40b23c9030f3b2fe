"""Output floods are harmless: head and tail are kept, the rest is counted, and nobody's memory grows."""

import re
import sys

import pytest
from bad_jobs import Made, make_program
from withstanding import FORBIDDEN

FLOODS = ("flood", "no_newline", "no_utf8", "all_bytes")
GROWTH_BYTES = 20_000_000
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory of processes from /proc")


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    """The program with all floods but the largest."""
    return make_program(tmp_path_factory.mktemp("floods"), "floods", "make", "quiet", *FLOODS, "-v")


def test_floods_are_no_failure(made):
    """All jobs are done, and the log is as short as without them."""
    assert made.done.code == 0, made.done.err
    assert len(made.done.err) < 2000
    assert not FORBIDDEN.search(made.done.err)


def test_a_flood_of_100_mb_keeps_both_ends(made):
    """The first and the last lines are kept, and it is said how many bytes are not."""
    shown = made.space.run("prog", "output", "flood").out
    assert shown.startswith("line 0000000 ")
    assert "line 0102399 " in shown
    missing = re.search(r"\.\.\. ([\d,]+) bytes of output not kept \.\.\.", shown)
    assert missing is not None
    assert int(missing[1].replace(",", "")) == (100 << 20) - (1 << 20)
    assert len(shown) < 1_100_000


def test_ten_megabytes_without_a_newline_keep_both_ends(made):
    """One endless line is cut in its middle."""
    shown = made.space.run("prog", "output", "no_newline").out
    assert shown.startswith("beginxxx")
    assert shown.endswith("xxxend\n")
    assert "bytes of output not kept" in shown
    assert len(shown) < 1_100_000


@pytest.mark.parametrize("job", ["no_utf8", "all_bytes"])
def test_bytes_that_are_no_text_reach_no_terminal(made, job):
    """What is not UTF-8, and control characters, are shown as marks."""
    shown = made.space.run("prog", "output", job)
    assert shown.code == 0, shown.err
    assert not FORBIDDEN.search(shown.out)
    assert job == "all_bytes" or (shown.out.startswith("before\n") and shown.out.endswith("\nafter\n"))


def test_memory_of_driver_and_worker_does_not_grow(made):
    """Peaks of both after 100 MB of output are what they were before."""
    check_memory(made, "flood")


@pytest.mark.soak
def test_a_gigabyte_is_as_harmless(tmp_path):
    """The same with 1 GB."""
    made = make_program(tmp_path, "floods", "make", "quiet", "huge_flood")
    assert made.done.code == 0, made.done.err
    check_memory(made, "huge_flood")
    shown = made.space.run("prog", "output", "huge_flood").out
    assert shown.startswith("line 0000000 ")
    assert "line 1048575 " in shown
    assert len(shown) < 1_100_000


def check_memory(made: Made, flood: str) -> None:
    """Assert that the flood cost neither the driver nor the worker memory."""
    driver = {name: int(peak) for name, peak in map(str.split, made.noted)}
    assert driver[flood] - driver["quiet"] < GROWTH_BYTES
    worker = {job: made.details[job]["peak_bytes"] for job in ("quiet", flood)}
    assert worker[flood] - worker["quiet"] < GROWTH_BYTES
