"""What a worker process does from its start to its end: take a token, run that call, tell how it ended; and beat.

Three lines join it with the driver. Calls come, and outcomes and beats go, through one socket. Tokens come through
another: a call that was sent ahead may begin only when its token has been taken from there, and the driver takes calls
back by taking their tokens back; the kernel gives each token to one of the two. What jobs print goes into a pipe.
"""

import contextlib
import faulthandler
import json
import os
import resource
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Collection
from types import FrameType
from typing import NamedTuple, NoReturn, Protocol

from compmake.capture import Capture
from compmake.channel.address import NewsAddress
from compmake.codec import CallMessage
from compmake.codec.wire import BEAT, HELLO, STORE_FAILED, UP, CallReader, Piece, encode_outcome
from compmake.errors import StoreError
from compmake.fingerprint.modules import is_user_file
from compmake.job import Digest, JobId
from compmake.job_progress import flush as flush_progress
from compmake.store import Objects
from compmake.worker import MAXRSS_BYTES, Worker

TOKEN_BYTES = 8
EXIT_BROKEN = 1
EXIT_CUT_OFF = 97
"""How a worker ends that can no longer speak with the driver, because a job closed its descriptors."""
_BEAT_S = 1.0
_TOLD_CALLS = 500


class Lines(NamedTuple):
    """Descriptors of a worker's ends of the three lines."""

    calls: int
    tokens: int
    output: int


def serve(
    lines: Lines,
    mark: bytes,
    objects: Objects,
    modules_before: Collection[str],
    *,
    with_locals: bool,
    told: tuple[NewsAddress, str] | None = None,
) -> NoReturn:
    """Run calls until the driver has no more; this process ends here.

    Args:
        lines: What joins it with the driver.
        mark: What to write into the pipe after the output of each job.
        objects: Where results go and dependencies come from.
        modules_before: Modules that were not imported for jobs.
        with_locals: Whether the local variables of jobs that fail are kept.
        told: The server that hears of this worker too, and under which name.
    """
    code = EXIT_BROKEN
    try:
        _Server(lines, mark, objects, modules_before, with_locals=with_locals, told=told).run()
        code = 0
    except (EOFError, ConnectionError):
        code = 0  # the driver is gone or has no more work
    except OSError:
        code = EXIT_CUT_OFF
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:  # a bug of ours: its traceback becomes output of the job
        traceback.print_exc()
    finally:
        os._exit(code)  # what user code registered for the exit is the zygote's, not ours


class Beating(Protocol):
    """Tells a server how the running job is; never raises because of it."""

    def tell(self, job_id: JobId, elapsed_s: float, place: tuple[str, int, str], progress: str) -> None:
        """Tell, and answer who has asked where the job is."""
        ...


class _Server:
    def __init__(
        self,
        lines: Lines,
        mark: bytes,
        objects: Objects,
        modules_before: Collection[str],
        *,
        with_locals: bool,
        told: tuple[NewsAddress, str] | None,
    ) -> None:
        self._calls = socket.socket(fileno=lines.calls)
        self._tokens = socket.socket(fileno=lines.tokens)
        self._reader = CallReader(self._calls.makefile("rb"))
        self._pid = os.getpid()
        self._sending = threading.Lock()
        self._number: int | None = None
        self._call: CallMessage | None = None
        self._began_s = 0.0
        self._progress = ""
        self._share: float | None = None
        self._told = told
        self._remote: Beating | None = None
        self._modules: tuple[tuple[str, str, Digest], ...] = ()
        self._main_thread = threading.get_ident()
        # Forking in a job is the job's business; that this process has a second thread is ours.
        warnings.filterwarnings("ignore", message=".*use of fork", category=DeprecationWarning)
        faulthandler.enable(lines.output, all_threads=False)
        threading.Thread(target=self._beat, name="compmake-beat", daemon=True).start()
        capture = Capture(lines.output, mark)
        # Before the worker: it notes what is done on each signal, and puts that back after each job.
        signal.signal(signal.SIGTERM, self._terminate)
        _let_forks_end_on(signal.SIGTERM, self._terminate)
        self._worker = Worker(objects, capture, self._report, modules_before=modules_before, with_locals=with_locals)
        self._send([UP.pack(HELLO, self._pid, 0)])

    def run(self) -> None:
        """Take tokens and run their calls until there are no more."""
        while token := self._tokens.recv(TOKEN_BYTES):
            number = int.from_bytes(token, "little")
            received = self._reader.next()
            while received.number != number:  # taken back
                received = self._reader.next()
            self._call, self._began_s = received.call, time.monotonic()
            self._progress, self._share = "", None
            self._number = number
            try:
                outcome = self._worker.run(received.call)
            except StoreError as error:
                self._send_body(STORE_FAILED, str(error).encode("utf-8", "surrogatepass"))
                return
            finally:
                self._number = None
                if os.getpid() != self._pid:  # a fork of the job's came back from it: that was no call of ours
                    os._exit(0)
            leaving = bool(self._worker.leftovers)
            with_modules = outcome.modules is not self._modules
            self._modules = outcome.modules
            self._send(encode_outcome(number, outcome, leaving=leaving, with_modules=with_modules))
            if leaving:
                return

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self._worker.terminate()

    def _send(self, pieces: list[Piece]) -> None:
        data = b"".join(pieces)
        with self._sending:
            self._calls.sendall(data)

    def _send_body(self, kind: int, body: bytes) -> None:
        self._send([UP.pack(kind, self._number or 0, len(body)), body])

    def _report(self, job_id: JobId, text: str, share: float | None) -> None:  # noqa: ARG002 -- only one runs
        self._progress, self._share = text, share
        self._tell()

    def _beat(self) -> None:
        before: int | None = None
        while True:
            time.sleep(_BEAT_S)
            number = self._number
            if number is not None:
                try:
                    flush_progress()
                    self._tell(is_long=number == before)
                except OSError:  # the driver is gone, and so is this process soon
                    return
                except MemoryError:  # the job's limit; perhaps it leaves more the next time
                    continue
                if number == before:  # most jobs are over by then
                    with contextlib.suppress(Exception):  # whatever it is, the job must not suffer for its news
                        self._tell_server()
            before = number

    def _tell_server(self) -> None:
        """Tell a server too how the running job is."""
        call = self._call
        if self._told is None or call is None:
            return
        if self._remote is None:
            if call.limits.memory_bytes is not None:  # what the import takes would count as the job's; see _tell
                return
            from compmake.channel.redis_beat import WorkerBeat

            self._remote = WorkerBeat(*self._told, self._stack)
        self._remote.tell(call.job_id, time.monotonic() - self._began_s, self._place(), self._progress)

    def _tell(self, *, is_long: bool = False) -> None:
        """Tell the driver how the running job is; and, if a server shall hear more than we can tell it, that too."""
        if os.getpid() != self._pid:  # a process that the job has forked
            return
        call = self._call
        body: list[object] = [*self._place(), self._progress, self._share]
        is_silent = self._told is not None and self._remote is None
        if is_long and is_silent and call is not None and call.limits.memory_bytes is not None:
            body += [resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES, self._stack()[-_TOLD_CALLS:]]
        self._send_body(BEAT, json.dumps(body).encode())

    def _place(self) -> tuple[str, int, str]:
        """Return file, line and function of the user's code that the job is at."""
        return next((place for place in reversed(self._stack()) if is_user_file(place[0])), ("", 0, ""))

    def _stack(self) -> list[tuple[str, int, str]]:
        """Return file, line and function of all calls that the job is in, the outermost first."""
        frame = sys._current_frames().get(self._main_thread)
        found = []
        while frame is not None:
            found.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname))
            frame = frame.f_back
        return found[::-1]


def _let_forks_end_on(number: signal.Signals, handler: Callable[[int, FrameType | None], None]) -> None:
    """Let processes that jobs fork, for example those of a pool, end on a signal for which only this one has a handler.

    Python drops a signal that a new process gets before it is set up, so such a signal must wait outside until then.
    """
    masks = threading.local()

    def before() -> None:
        masks.old = signal.pthread_sigmask(signal.SIG_BLOCK, (number,))

    def in_parent() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, masks.old)

    def in_child() -> None:
        if signal.getsignal(number) == handler:
            signal.signal(number, signal.SIG_DFL)
        in_parent()

    os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)
