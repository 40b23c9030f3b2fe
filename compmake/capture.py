"""Captures what jobs print, at the level of file descriptors, so that C code and child processes are captured too."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, TextIO

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 768 * 1024


class Capture:
    """Sends descriptors 1 and 2 of this process into a file while jobs run; `close` puts them back.

    One file serves all jobs: after each job it is read and emptied.
    """

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="compmake-output-")  # noqa: SIM115 -- closed by close()
        _flush()
        self._saved = [os.dup(1), os.dup(2)]
        self._streams = (sys.stdout, sys.stderr)

    @contextlib.contextmanager
    def job(self) -> Iterator[None]:
        """Capture while the body runs; whatever it did to `sys.stdout` or the descriptors is put back."""
        _flush()
        os.dup2(self._file.fileno(), 1)
        os.dup2(self._file.fileno(), 2)
        try:
            yield
        finally:
            _flush()
            if (sys.stdout, sys.stderr) != self._streams:
                sys.stdout, sys.stderr = self._streams
                _flush()
            if any(getattr(stream, "closed", False) for stream in self._streams):
                self._streams = sys.stdout, sys.stderr = _reopened(sys.stdout, 1), _reopened(sys.stderr, 2)
            os.dup2(self._saved[0], 1)
            os.dup2(self._saved[1], 2)

    def take(self) -> bytes:
        """Return what was captured since the last call, its middle cut out if it is long, and forget it."""
        descriptor = self._file.fileno()
        size = os.fstat(descriptor).st_size
        if not size:
            return b""
        if size <= HEAD_BYTES + TAIL_BYTES:
            captured = os.pread(descriptor, size, 0)
        else:
            cut = size - HEAD_BYTES - TAIL_BYTES
            mark = f"\n... {cut:,} bytes of output not kept ...\n".encode()
            captured = os.pread(descriptor, HEAD_BYTES, 0) + mark + os.pread(descriptor, TAIL_BYTES, size - TAIL_BYTES)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.ftruncate(descriptor, 0)
        return captured

    def close(self) -> None:
        """Close the file; the descriptors are back since the last job ended."""
        self._file.close()
        for descriptor in self._saved:
            os.close(descriptor)


def _reopened(stream: TextIO, descriptor: int) -> TextIO:
    """Return the stream, or if a job closed it a new one like it: the next job wants to print too."""
    if not getattr(stream, "closed", False):
        return stream
    return open(descriptor, "w", buffering=1, encoding=stream.encoding, errors=stream.errors, closefd=False)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # a job may have closed or replaced it
            stream.flush()
