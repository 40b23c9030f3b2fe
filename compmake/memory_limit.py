"""A limit on the memory that a process uses: beyond it the line that allocates gets MemoryError."""

import gc
import resource
import sys
from contextlib import AbstractContextManager, nullcontext, suppress


class MemoryLimitTooLowError(MemoryError):
    """The process uses more than the limit before the job begins: by itself, or for what jobs before it left."""


def memory_limited(limit_bytes: int | None) -> AbstractContextManager[None]:
    """Let this process use at most so much memory within the context.

    What counts is private memory that is in use: neither address space that is reserved nor files that are mapped. A
    process that is started within gets a limit of its own, not much higher. Where the system cannot do this (only Linux
    can), or has a lower limit already, nothing happens.

    Args:
        limit_bytes: What the process may use, including what it uses already; None for no limit.

    Raises:
        MemoryLimitTooLowError: On entering: it uses that much already.
    """
    return nullcontext() if limit_bytes is None else _DataLimit(limit_bytes)


class _DataLimit(AbstractContextManager[None]):
    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._soft_before: int | None = None

    def __enter__(self) -> None:
        usage = _usage()
        if usage is not None and usage[1] >= self._limit_bytes:
            _give_back()
            usage = _usage()
        if usage is None:
            return
        data_bytes, used_bytes = usage
        if used_bytes >= self._limit_bytes:
            raise MemoryLimitTooLowError(f"the process uses {used_bytes:,} bytes before the job begins")
        # The kernel compares all that is reserved; what was reserved before and is not in use is not the job's.
        wanted = min(self._limit_bytes + data_bytes - used_bytes, sys.maxsize)
        limits = soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if all(limit == resource.RLIM_INFINITY or wanted < limit for limit in limits):
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
            self._soft_before = soft

    def __exit__(self, *_: object) -> None:
        # Nothing before this: whoever tells of the MemoryError needs memory for it.
        if self._soft_before is not None:
            hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
            try:
                resource.setrlimit(resource.RLIMIT_DATA, (self._soft_before, hard))
            except ValueError:  # the job has lowered the hard limit
                resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))


def _usage() -> tuple[int, int] | None:
    """Return how much private memory this process has reserved and uses, in bytes; None if the system cannot tell."""
    try:
        with open("/proc/self/status", "rb") as file:
            fields = dict(line.split(b":", 1) for line in file)
        kilobytes = {name: int(fields[name].split()[0]) for name in (b"VmData", b"RssAnon", b"VmSwap")}
    except (OSError, KeyError):
        return None
    return kilobytes[b"VmData"] * 1024, (kilobytes[b"RssAnon"] + kilobytes[b"VmSwap"]) * 1024


def _give_back() -> None:
    """Return memory to the system that earlier jobs have freed and the allocator keeps."""
    import ctypes  # few processes come here

    gc.collect()
    with suppress(OSError, AttributeError):  # a C library other than GNU's
        ctypes.CDLL(None).malloc_trim(0)
