"""Drains the pipe of one worker and tells what one job printed from what the next did; keeps head and tail of each."""

import os
from collections import deque
from contextlib import suppress

from compmake.capture import HEAD_BYTES, TAIL_BYTES, without_middle

_READ_BYTES = 1 << 16
"""To read more at once takes an allocation that costs more than the reading."""
_READS = 16
"""Read at most so much of a flood in one turn: the flooding job slows down, nobody else."""


class JobOutput:
    """What the jobs of one worker print; each ends with a mark that the worker writes."""

    def __init__(self, descriptor: int, mark: bytes) -> None:
        """Read from this descriptor, which does not block. The first segment, before any job, is dropped."""
        self.descriptor = descriptor
        self._mark = mark
        self._rest = b""
        """The end of what was read, which may be the beginning of a mark."""
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._size = 0
        self._finished: deque[bytes] = deque()
        self._begun = False

    def drain(self) -> bool:
        """Read some of what is there; tell whether there may be more."""
        data = self._read()
        if not data:
            return False
        *segments, rest = (self._rest + data).split(self._mark)
        for segment in segments:
            if segment or self._size or not self._begun:
                self._add(segment)
                self._end_segment()
            else:
                self._finished.append(b"")  # most jobs print nothing
        keep = self._overlap(rest)
        self._add(rest[: len(rest) - keep])
        self._rest = rest[len(rest) - keep :]
        return True

    def take_finished(self) -> bytes:
        """Return what the next job that ended printed; its outcome was told, so its mark is in the pipe."""
        while not self._finished and self.drain():
            pass
        return self._finished.popleft() if self._finished else b""

    def take_unfinished(self) -> bytes:
        """Return what was printed since the last mark, by a job whose process died."""
        while self.drain():
            pass
        self._add(self._rest)
        self._rest = b""
        self._end_segment()
        return self._finished.pop() if self._finished else b""

    def last_line(self) -> bytes:
        """Return the last line of the running job, without its end."""
        end = (b"".join(self._tail) if self._tail else bytes(self._head[-4096:])) + self._rest
        return end[-4096:].rstrip(b"\r\n").replace(b"\r", b"\n").rpartition(b"\n")[2]

    @property
    def size_bytes(self) -> int:
        """How much the running job has printed."""
        return self._size

    def end(self, limit_bytes: int) -> bytes:
        """Return the end of what the running job has printed."""
        tail = b"".join(self._tail)[-limit_bytes:]
        return bytes(self._head[-limit_bytes:] + tail)[-limit_bytes:] if self._fits_together else tail

    @property
    def _fits_together(self) -> bool:
        """Whether nothing was left out between head and tail."""
        return len(self._head) + self._tail_bytes >= self._size

    def close(self) -> None:
        """Close the pipe."""
        os.close(self.descriptor)

    def _read(self) -> bytes:
        pieces = []
        with suppress(BlockingIOError):
            for _ in range(_READS):
                pieces.append(os.read(self.descriptor, _READ_BYTES))
                if len(pieces[-1]) < _READ_BYTES:
                    break
        return b"".join(pieces)

    def _add(self, data: bytes) -> None:
        if not data:
            return
        self._size += len(data)
        room = HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        if data:
            self._tail.append(data[-TAIL_BYTES:])
            self._tail_bytes += len(self._tail[-1])
            while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
                self._tail_bytes -= len(self._tail.popleft())

    def _end_segment(self) -> None:
        if not self._begun:
            self._begun = True  # what importing the program printed
        else:
            self._finished.append(self._kept())
        self._head, self._tail, self._tail_bytes, self._size = bytearray(), deque(), 0, 0

    def _kept(self) -> bytes:
        if not self._tail:
            return bytes(self._head)
        tail = b"".join(self._tail)[-TAIL_BYTES:]
        if len(self._head) + len(tail) >= self._size:
            return bytes(self._head) + tail
        return without_middle(bytes(self._head), tail, self._size)

    def _overlap(self, data: bytes) -> int:
        """Return how many bytes at the end of `data` may be the beginning of a mark."""
        for size in range(min(len(self._mark) - 1, len(data)), 0, -1):
            if self._mark.startswith(data[-size:]):
                return size
        return 0
