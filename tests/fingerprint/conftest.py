import sys

import pytest
from code_programs import Program
from own_modules import hide


@pytest.fixture
def program(tmp_path, monkeypatch):
    """An empty folder for modules, on the import path."""
    hide(monkeypatch)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = Program(tmp_path)
    yield found
    found.forget()
