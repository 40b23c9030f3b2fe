"""The one digest function of compmake."""

from blake3 import blake3

from compmake.job import DIGEST_BYTES, Digest


def digest_bytes(data: bytes | bytearray | memoryview) -> Digest:
    """Return the digest of `data`: 16 bytes of BLAKE3."""
    return Digest(blake3(data).digest(DIGEST_BYTES))
