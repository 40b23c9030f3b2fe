"""The modules of these tests, hidden from programs opened in this process, of which they would be user code."""

import sys
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent


def hide(monkeypatch: pytest.MonkeyPatch, *kept: str) -> None:
    """Take all but some out of `sys.modules` for the time of a test; a hundred cost a third of a second each time."""
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if name not in kept and isinstance(path, str) and _FOLDER in Path(path).parents:
            monkeypatch.delitem(sys.modules, name)
