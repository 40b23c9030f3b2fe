"""docs/dashboard.md shows what the dashboard shows today."""

import difflib
import runpy
import time
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def here():
    """The recording changes the time zone."""
    yield
    time.tzset()


def test_the_page_recorded_anew_is_the_one_that_is_kept(here, monkeypatch):
    """Both screens and the table of keys."""
    monkeypatch.setenv("TZ", "UTC")
    kept = (DOCS / "dashboard.md").read_text(encoding="utf-8")
    real = runpy.run_path(str(DOCS / "record_dashboard.py"))["page"]()
    difference = list(difflib.unified_diff(kept.splitlines(), real.splitlines(), "kept", "real", lineterm=""))
    assert not difference, "run: python docs/record_dashboard.py\n" + "\n".join(difference)
