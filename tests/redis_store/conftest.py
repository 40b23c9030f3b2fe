"""What the tests of the store on a server share."""

from collections.abc import Iterator

import pytest
from redis_servers import Server


@pytest.fixture
def server() -> Iterator[Server]:
    """A server of this test's own, which it may kill, freeze and change."""
    server = Server()
    yield server
    server.close()
