"""Captures what jobs print, at the level of file descriptors, so that C code and child processes are captured too."""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from typing import TextIO

HEAD_BYTES = 256 * 1024
TAIL_BYTES = 768 * 1024
_LAST_LINES = 10
_LAST_BYTES = 4096


class Capture:
    """Sends what jobs print into a pipe that the driver drains; a mark after each job tells where the next begins.

    The driver drains it and no thread of this process: that would starve while C code holds the interpreter's lock.
    """

    def __init__(self, descriptor: int, mark: bytes) -> None:
        """Take over the pipe's end, of which descriptors 1 and 2 are copies already, and write the first mark."""
        self._descriptor = descriptor
        self._mark = mark
        self._null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        self._streams = _Streams()
        self.end_job()

    def end_job(self) -> None:
        """Put back whatever the job did to `sys.stdout` or the descriptors, and mark where its output ends."""
        flushed = self._streams.put_back()
        os.set_blocking(self._descriptor, True)  # an event loop that a job gave its output to has changed that
        os.dup2(self._null, 0)  # a job may have closed it, and nobody types anything here
        os.dup2(self._descriptor, 1)
        os.dup2(self._descriptor, 2)
        if not flushed:
            flush()
        os.write(self._descriptor, self._mark)  # shorter than a pipe writes at once, so never torn


class _Streams:
    """`sys.stdout` and `sys.stderr` as they should be."""

    def __init__(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # Into a pipe Python sends kilobytes at a time: nobody could see the last line that was printed.
                stream.reconfigure(line_buffering=True)
        self._streams = (sys.stdout, sys.stderr)

    def put_back(self) -> bool:
        """Flush them, and undo it if a job replaced or closed them; tell whether all could be flushed."""
        flushed = flush()
        out, err = self._streams
        if sys.stdout is not out or sys.stderr is not err:
            sys.stdout, sys.stderr = self._streams
            flush()
        if out.closed or err.closed:
            self._streams = sys.stdout, sys.stderr = _reopened(sys.stdout, 1), _reopened(sys.stderr, 2)
        return flushed


def without_middle(head: bytes, tail: bytes, size: int) -> bytes:
    """Return the two ends of `size` bytes of output, with a line between them that counts what is missing."""
    return head + f"\n... {size - len(head) - len(tail):,} bytes of output not kept ...\n".encode() + tail


def last_lines(output: bytes, count: int = _LAST_LINES) -> str:
    """Return the last lines that were printed."""
    lines = output[-_LAST_BYTES:].decode(errors="replace").splitlines()
    return "\n".join(lines[-count:])


def _reopened(stream: TextIO, descriptor: int) -> TextIO:
    """Return the stream, or if a job closed it a new one like it: the next job wants to print too."""
    if not getattr(stream, "closed", False):
        return stream
    return open(descriptor, "w", buffering=1, encoding=stream.encoding, errors=stream.errors, closefd=False)


def flush() -> bool:
    """Send off what Python and C code have printed and the process still holds; tell whether all of it could be."""
    flushed = _flush_c() == 0
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a job may have closed or replaced it
            flushed = False
    return flushed


def _c_flusher() -> Callable[[], int]:
    """Return what does `fflush(stdout)`: Python knows nothing of what `printf` holds back."""
    libc = ctypes.CDLL(None)
    name = "__stdoutp" if sys.platform == "darwin" else "stdout"
    try:
        return partial(libc.fflush, ctypes.c_void_p.in_dll(libc, name))
    except ValueError:  # another C library: nothing is flushed
        return lambda: 0


_flush_c = _c_flusher()
