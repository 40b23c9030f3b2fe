"""Fixtures shared by all tests."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings
from spaces import Space

settings.register_profile("compmake", deadline=None, derandomize=True)
settings.load_profile("compmake")

# A shell ignores Ctrl-C for what it starts in the background, `nohup` the end of the terminal; what is started from
# there inherits that, but not a handler.
signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)


@pytest.fixture
def space(tmp_path: Path) -> Space:
    """A fresh folder for a program."""
    return Space(tmp_path)
