"""The table of a make's jobs on a server: a value of its own, compressed, for it may have 100,000 rows."""

import contextlib
import json
import zlib
from collections.abc import Iterator
from typing import Any

from redis import Redis

from compmake.channel.redis_letter import Letter
from compmake.channel.redis_news import FORGOTTEN_AFTER_S, Keys, text_of
from compmake.job_table import JobTable

_CHUNK_BYTES = 1 << 18
"""So much is sent within the time that a call may take, also over a slow line."""
_LARGEST_BYTES = 1 << 30
"""What claims to be larger, unpacked, is no table."""
_LEVEL = 1


def table_letters(keys: Keys, table: JobTable) -> Iterator[Letter]:
    """Yield what puts the table there, in parts; only with the last of them it counts."""
    packed = zlib.compress(table.to_json().encode(), _LEVEL)
    chunks = [packed[at : at + _CHUNK_BYTES] for at in range(0, len(packed), _CHUNK_BYTES)]
    for number, chunk in enumerate(chunks):
        letter, fields = Letter(), {str(number): chunk}
        if number == len(chunks) - 1:
            fields["chunks"] = str(len(chunks)).encode()
        letter.put(keys.jobs, fields, FORGOTTEN_AFTER_S)
        yield letter


def read_table(client: Redis, keys: Keys) -> JobTable | None:
    """Return the table of the newest run, None if there is none that can be understood."""
    found: Any = client.hgetall(keys.jobs)
    chunks = {text_of(name): value for name, value in found.items()}
    with contextlib.suppress(ValueError, KeyError, zlib.error):
        packed = b"".join(chunks[str(number)] for number in range(int(chunks["chunks"])))
        unpacking = zlib.decompressobj()
        text = unpacking.decompress(packed, _LARGEST_BYTES)
        if unpacking.eof:
            return JobTable.from_dict(json.loads(text))
    return None
