"""Where the news of a store go, and what of them passes without the channel."""

from typing import NamedTuple

OUTPUT_BYTES = 65536
"""So much of the end of a running job's output can be followed."""


class NewsAddress(NamedTuple):
    """A server and the place of one store's news in it; may hold a password, so it is shown to nobody."""

    url: str
    store_id: str


class Output(NamedTuple):
    """What a running job has printed."""

    size_bytes: int
    end: bytes
    """The last of it, at most OUTPUT_BYTES."""
