import pytest
from edited_programs import Made


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Programs that are made once for all their edits."""
    return Made(tmp_path_factory.mktemp("made"))
