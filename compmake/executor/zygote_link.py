"""The driver's end of the socket to the zygote: starts it, asks it for workers, hears when they end."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from typing import IO, NamedTuple

from compmake.zygote import BOOT, REPORT, REQUEST, Setup, python

_TAIL_BYTES = 8192
_FAREWELL_S = 3.0


class Report(NamedTuple):
    """What the zygote says; the kinds are those of `zygote`."""

    kind: int
    number: int
    value: int
    peak_bytes: int
    text: str


class ZygoteLink:
    """One zygote, from its start to its end."""

    def __init__(self, setup: Setup, environ: Mapping[str, str]) -> None:
        """Start it; nothing waits for it.

        Args:
            setup: What it needs to know of the program.
            environ: Its environment, and that of all workers.
        """
        self._socket, theirs = socket.socketpair()
        self._socket.setblocking(False)
        self._output: IO[bytes] = tempfile.TemporaryFile(prefix="compmake-zygote-")  # noqa: SIM115 -- closed in close()
        path = json.dumps([entry for entry in sys.path if isinstance(entry, str)])
        words = [*python(), BOOT.format("main"), path, str(theirs.fileno())]
        with theirs:
            self._process = subprocess.Popen(
                words,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        data = setup.to_bytes()
        self._unsent = struct.pack("<Q", len(data)) + data
        self._received = b""
        self._requests: deque[tuple[int, bytes, tuple[socket.socket, socket.socket, int]]] = deque()
        self._is_ready = False

    @property
    def fileno(self) -> int:
        """What to wait on for reports."""
        return self._socket.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits for room in the socket."""
        return bool(self._unsent)

    def request(self, number: int, mark: bytes, lines: tuple[socket.socket, socket.socket, int]) -> None:
        """Ask for a worker with these ends of its lines, which are closed here once they are sent."""
        self._requests.append((number, mark, lines))
        self.flush()

    def flush(self) -> None:
        """Send what can be sent."""
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._unsent:
                self._unsent = self._unsent[self._socket.send(self._unsent) :]
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while self._requests and self._is_ready:
                number, mark, (calls, tokens, output) = self._requests[0]
                socket.send_fds(self._socket, [REQUEST.pack(number, mark)], [calls.fileno(), tokens.fileno(), output])
                self._requests.popleft()
                calls.close()
                tokens.close()
                os.close(output)

    def reports(self) -> Iterator[Report]:
        """Yield what it has said.

        Raises:
            EOFError: It is dead.
        """
        try:
            while data := self._socket.recv(65536):
                self._received += data
            is_dead = True
        except BlockingIOError:
            is_dead = False
        except ConnectionError:
            is_dead = True
        while len(self._received) >= REPORT.size:
            kind, number, value, peak_bytes, size = REPORT.unpack_from(self._received)
            end = REPORT.size + size
            if len(self._received) < end:
                break
            text = self._received[REPORT.size : end].decode("utf-8", "surrogatepass")
            self._received = self._received[end:]
            yield Report(kind, number, value, peak_bytes, text)
        if is_dead:
            raise EOFError

    def ready(self) -> None:
        """Note that it has said so: workers can be asked for."""
        self._is_ready = True
        self.flush()

    def last_words(self) -> str:
        """Return the end of what it printed, for a message when it died."""
        size = os.fstat(self._output.fileno()).st_size
        return os.pread(self._output.fileno(), _TAIL_BYTES, max(0, size - _TAIL_BYTES)).decode(errors="replace").strip()

    def wake(self) -> None:
        """Let it go on if somebody has stopped it."""
        with contextlib.suppress(OSError):
            os.kill(self._process.pid, signal.SIGCONT)

    def end(self) -> None:
        """Kill it: it will be heard to be dead."""
        with contextlib.suppress(OSError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it, and with it every worker and all that they started."""
        self._socket.close()
        for _, _, (calls, tokens, output) in self._requests:
            calls.close()
            tokens.close()
            os.close(output)
        self._requests.clear()
        if not self._is_ready:  # it still imports the program: nothing has to be guarded, and it would not hear us
            self.end()
        try:
            self._process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            self.end()
            self._process.wait()
        self._output.close()
