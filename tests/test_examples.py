"""The examples run as their texts say."""

import json
import re
import shutil
from pathlib import Path

import pytest
from spaces import Space

from compmake.cpus import cpu_count

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture
def examples(tmp_path):
    """A copy of the examples, without what earlier runs left in them."""
    folder = tmp_path / "examples"
    shutil.copytree(
        EXAMPLES, folder, ignore=shutil.ignore_patterns(".compmake", "__pycache__", "survey-out", "figures")
    )
    return Space(folder)


def test_the_sweep_draws_its_figures(examples):
    """The first example makes its 90 jobs, once, and writes pictures."""
    assert "90 done, 0 failed, 0 blocked" in examples.run("my_program", "make").err
    assert "Nothing to do: 90 jobs are up to date." in examples.run("my_program", "make").err
    pictures = list((examples.path / "figures").glob("*.svg"))
    assert len(pictures) == 30
    assert pictures[0].read_text().startswith("<svg")


def test_the_demo_tells_its_story_and_ends_well(examples):
    """The survey tolerates its two bad files, blocks what needs them, and ranks the rest; here of a small library."""
    library = examples.path / "library"
    for package in ("json", "tomllib"):
        shutil.copytree(Path(json.__file__).parent.parent / package, library / package)
    examples.edit("stdlib_survey.py", 'Path(sysconfig.get_path("stdlib"))', 'Path(__file__).parent / "library"')
    demo = examples.python("demo.py")
    assert demo.code == 0, demo.out + demo.err
    jobs, workers = map(int, re.search(r"make (\d+) jobs (\d+) workers?", demo.err).groups())
    assert workers == min(jobs, cpu_count())
    assert "3 failed, 2 blocked" in demo.err
    assert "Nothing to do" in demo.err
    for part in ("parmake", "why", "json", "tomllib", "ranking.svg", "stdlib_survey.png"):
        assert part in demo.out
    assert (examples.path / "survey-out" / "ranking.svg").read_text().startswith("<svg")
    assert (examples.path / "stdlib_survey.png").read_bytes().startswith(b"\x89PNG")
