"""docs/session.txt is what a terminal shows today, and it tells the whole story."""

import difflib
import re
import runpy
from pathlib import Path

import pytest
from documents import normalized

DOCS = Path(__file__).parents[1] / "docs"
STORY = [
    r"@ 0/20: plan\n20 jobs will run: never made",
    r"@ 0/20: make -j 2",
    r"\n MAKE  ✔ \d+ done  ✘ 1 failed .* work .*ETA .*\n ▶ w\d train-.*\n ▶ w\d train-.*\n +\[f\]ailures",
    r"make finished in .* ✔ 12 done  ✘ 4 failed  ⊘ 4 blocked\n.* 4x  train\(\) ",
    r"@ 12/20 ✘4: why\n✘ failed \(4 jobs\): .*\n    ValueError: .* steps.py:4 in stepped",
    r": traceback train-0-rate=1.0\n",
    r"\n> steps.py:4 in stepped .*\n(.*\n)*local variables:\n  weight = 99.0\n(.*\n)* e edit .* q quit\n",
    r"\n-    new = weight .*\n\+    new = weight ",
    r"@ 12/20 ✘4 steps.py changed, reload\?: reload\nsweep loaded: 20 jobs.",
    r": plan\n8 jobs will run: helper stepped\(\) changed \(steps.py:1\), used by train\(\)",
    r": make -j 2\n(.*\n)*.* make finished in .* ✔ 16 done  ✘ 0 failed  ⊘ 0 blocked",
    r"@ 20/20: make\nNothing to do: 20 jobs are up to date.",
]
"""Loaded, planned, made with failures, explained, mended, loaded anew, made, nothing to do; in this order."""


@pytest.fixture(scope="module")
def kept():
    """What is in the repository."""
    return (DOCS / "session.txt").read_text(encoding="utf-8")


def test_a_session_recorded_anew_is_the_one_that_is_kept(kept):
    """Apart from times, sizes, digests and how far the make is, a terminal shows what docs/session.txt has."""
    real = runpy.run_path(str(DOCS / "record_session.py"))["record"]()
    difference = list(difflib.unified_diff(normalized(kept), normalized(real), "kept", "real", lineterm=""))
    assert not difference, "run: python docs/record_session.py\n" + "\n".join(difference)


def test_the_session_tells_the_whole_story(kept):
    """From loading to nothing to do, each step with what came of it."""
    position = 0
    for step in STORY:
        found = re.compile(step).search(kept, position)
        assert found, step
        position = found.start() + 1
