"""Commands that a server carries out together, in one step, if it still knows the run that they belong to."""

from collections.abc import Mapping
from typing import Any

from redis import Redis

from compmake.redis_link import run_script

# A transaction would not do: one that reaches a server which was just emptied writes news that lack what was before.
_SCRIPT = """
if redis.call('HGET', KEYS[1], 'run') ~= ARGV[1] then return false end
local first, at = nil, 2
while at <= #ARGV do
    local count = tonumber(ARGV[at])
    local answer = redis.call(unpack(ARGV, at + 1, at + count))
    first = first or answer
    at = at + count + 1
end
return first
"""


class Letter:
    """Commands in order."""

    def __init__(self) -> None:
        self._words: list[Any] = []

    def add(self, *words: Any) -> None:
        """Add a command."""
        self._words += (len(words), *words)

    def put(self, key: str, fields: Mapping[str, Any], lives_s: int) -> None:
        """Set fields of a hash, which is forgotten when nobody touches it for so long."""
        self.add("HSET", key, *(word for pair in fields.items() for word in pair))
        self.add("EXPIRE", key, lives_s)

    def send(self, client: Redis, run_key: str, run: str) -> Any:
        """Send them; return the answer to the first, None if the server knows another run, or none, and did nothing."""
        return run_script(client, _SCRIPT, run_key, run, *self._words)
