"""The store on a Redis server: for several machines, or to have results in memory."""

from compmake.store.redis.store import RedisStore

__all__ = ["RedisStore"]
