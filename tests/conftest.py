"""Fixtures shared by all tests."""

from pathlib import Path

import pytest
from hypothesis import settings
from spaces import Space

settings.register_profile("compmake", deadline=None, derandomize=True)
settings.load_profile("compmake")


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """A fresh folder for a program."""
    return Space(tmp_path)
