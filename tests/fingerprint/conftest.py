import sys

import pytest
from code_programs import Program


@pytest.fixture
def program(tmp_path, monkeypatch):
    """An empty folder for modules, on the import path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    found = Program(tmp_path)
    yield found
    found.forget()
