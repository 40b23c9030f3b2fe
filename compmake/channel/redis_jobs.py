"""The table of a make's jobs on a server: a value of its own, in parts, for it may have 100,000 rows."""

import contextlib
from collections.abc import Iterator
from typing import Any

from redis import Redis

from compmake.channel.redis_letter import Letter
from compmake.channel.redis_news import FORGOTTEN_AFTER_S, Keys, text_of
from compmake.channel.table_bytes import packed_table, unpacked_table
from compmake.job_table import JobTable

_CHUNK_BYTES = 1 << 18
"""So much is sent within the time that a call may take, also over a slow line."""


def table_letters(keys: Keys, table: JobTable) -> Iterator[Letter]:
    """Yield what puts the table there, in parts; only with the last of them it counts."""
    packed = packed_table(table)
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
    with contextlib.suppress(ValueError, KeyError):
        return unpacked_table(b"".join(chunks[str(number)] for number in range(int(chunks["chunks"]))))
    return None
