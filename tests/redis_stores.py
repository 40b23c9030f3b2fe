"""Stores on real servers: one server that all tests may share, and stores that wait for nothing long."""

import atexit
from functools import cache
from typing import Any

from redis_servers import Server

from compmake.store.redis import RedisStore

KEY = bytes(range(32))


@cache
def shared_server() -> Server:
    """Return a server that lives as long as the tests; whoever kills or changes one starts their own."""
    server = Server()
    atexit.register(server.close)
    return server


def open_redis(server: Server, name: str = "prog", **options: Any) -> RedisStore:
    """Open a store on a server."""
    given = {"key": KEY, "patience_s": 10.0} | options
    return RedisStore.open(server.url, name, **given)
