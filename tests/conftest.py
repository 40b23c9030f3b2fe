"""Fixtures shared by all tests."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings
from spaces import Space

settings.register_profile("compmake", deadline=None, derandomize=True)
settings.load_profile("compmake")

# A shell ignores Ctrl-C for what it starts in the background, and everything started from there inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """A fresh folder for a program."""
    return Space(tmp_path)
