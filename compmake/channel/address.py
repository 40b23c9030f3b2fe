"""Where the news of a store go, and what of them passes without the channel."""

from collections.abc import Sequence
from typing import NamedTuple

from compmake.job import JobId

OUTPUT_BYTES = 65536
"""So much of the end of a running job's output can be followed."""


class NewsAddress(NamedTuple):
    """A server and the place of one store's news in it; may hold a password, so it is shown to nobody."""

    url: str
    store_id: str


Place = tuple[str, int, str]
"""File, line and function."""


class OwnWords(NamedTuple):
    """What a worker would tell a server by itself; the driver does if a limit on memory leaves no room for that."""

    worker: str
    job_id: JobId
    pid: int
    peak_bytes: int
    stack: Sequence[Place]
    """All calls that the job is in, the outermost first."""


class Output(NamedTuple):
    """What a running job has printed."""

    size_bytes: int
    end: bytes
    """The last of it, at most OUTPUT_BYTES."""
