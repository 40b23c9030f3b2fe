"""What the tests of the store in files share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from store_samples import fast_folder


@pytest.fixture
def fast_path() -> Iterator[Path]:
    """An empty folder, in memory where there is such a place."""
    with fast_folder() as folder:
        yield folder
