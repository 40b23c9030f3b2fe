"""The driver's end of the three lines to one worker: what was sent to it, what it tells, what may be taken back."""

import contextlib
import fcntl
import json
import os
import signal
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf

from compmake.channel.address import OwnWords, Place
from compmake.codec import CallMessage
from compmake.codec.wire import BEAT, HELLO, OUTCOME, STORE_FAILED, UP, Outgoing, Piece, decode_outcome, encode_calls
from compmake.errors import StoreError
from compmake.executor.job_output import JobOutput
from compmake.job import NO_LIMITS, Beat, Digest, Failure, Outcome, OutcomeKind, place_text
from compmake.serving import TOKEN_BYTES
from compmake.zygote import worker_name

_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = 1031
_ABOUT = struct.Struct("<BQ")
"""How `UP` begins: kind of the message, number of the call."""
_BEAT_BYTES = 1 << 20
"""A longer sign of life is none."""
_READ_BYTES = 1 << 16
"""To read more at once takes an allocation that costs more than the reading."""
_JOINED_BYTES = 65536
_TOKENS_AT_ONCE = 64
"""So many go into the socket in one piece wherever this runs."""
_NO_BEAT = Beat()


@dataclass(slots=True)
class Sent:
    """A call that was sent to a worker and not answered yet."""

    number: int
    call: CallMessage
    expected_s: float = inf
    """What calls of this function usually take; infinite if that is not known."""
    losses: int = 0
    """How often its worker was lost for a reason that is not the job's."""


@dataclass(slots=True)
class Ending:
    """Why a running call is being ended, and when patience ends too."""

    kind: OutcomeKind
    kill_at_s: float
    failure: Failure | None

    def applied_to(self, outcome: Outcome) -> Outcome:
        """Return the outcome of the job that was ended: why it was is why it failed, where it was is where it stood."""
        failure = self.failure
        if failure is not None and outcome.failure is not None:
            failure = replace(failure, frames=outcome.failure.frames, notes=outcome.failure.notes)
        return outcome._replace(kind=self.kind, failure=failure)


class WorkerLink:
    """One worker, from the request for it to its end."""

    def __init__(self, number: int) -> None:
        """Make the lines; `theirs` are the ends to give away."""
        self.number = number
        self.name = worker_name(number)
        self.mark = os.urandom(16)
        self._calls, calls = socket.socketpair()
        self._tokens, self._tokens_back = socket.socketpair()
        reading, writing = _large_pipe()
        self._calls.setblocking(False)
        self._tokens.setblocking(False)
        self.theirs = (calls, self._tokens_back.dup(), writing)
        self.output = JobOutput(reading, self.mark)
        self.sent: deque[Sent] = deque()
        """Unanswered calls in the order in which they run; the first has begun, once the worker said hello."""
        self.pid: int | None = None
        self.began_s: float | None = None
        """When the first of `sent` began, by the monotonic clock; None while none has."""
        self.began_at = 0.0
        """The same in epoch seconds."""
        self.ending: Ending | None = None
        self.leaving = False
        """Whether it takes no more calls: it said so, or was retired."""
        self.is_retired = False
        """Whether it is one too many and ends after its call."""
        self.beat = _NO_BEAT
        self.at: tuple[str, int, str] | None = None
        """File, line and function that the running job was last seen at."""
        self.own_words: OwnWords | None = None
        """What the worker of the running job would tell a server if its limit on memory left room for a client."""
        self.seen_s = 0.0
        """When that was, by the monotonic clock."""
        self.said_hello = False
        """Whether it has started."""
        self.outgoing: list[Sent] = []
        """Calls given to it that `send` has not taken yet."""
        self.load_s = 0.0
        """Expected duration of all calls that it has; infinite with one of which nothing is known."""
        self.overran = False
        """Whether the running call takes longer than what may stand before others."""
        self.output_watched = False
        self.timeout_s: float | None = None
        self.memory_bytes: int | None = None
        """Limits of the running call."""
        self.heard_at = 0.0
        """When the worker last said something of the running call, in epoch seconds."""
        self.has_news = False
        """Whether `beat` changed since somebody looked."""
        self.told_bytes = 0
        """How much of the running job's output was told of."""
        self._modules: tuple[tuple[str, str, Digest], ...] = ()
        self._functions: dict[bytes, int] = {}
        self._functions_sent = 0
        self._peak_bytes = 0
        self.is_silent = False
        """Whether its end of the socket is closed: it has ended, or a job closed what was not its own."""
        self._unsent: deque[memoryview] = deque()
        self._received = bytearray()

    @property
    def fileno(self) -> int:
        """What to wait on for outcomes."""
        return self._calls.fileno()

    @property
    def wants_to_write(self) -> bool:
        """Whether something waits for room in the socket."""
        return bool(self._unsent)

    def send(self, items: list[Sent], now_s: float, now: float) -> None:
        """Send calls, to be run after those sent before."""
        for frame in encode_calls(map(self._outgoing, items)):
            self._queue(frame)
        was_idle = not self.sent
        self.sent.extend(items)
        if was_idle:
            self._begin(now_s, now)
        self.flush()
        for at in range(0, len(items), _TOKENS_AT_ONCE):
            tokens = b"".join(i.number.to_bytes(TOKEN_BYTES, "little") for i in items[at : at + _TOKENS_AT_ONCE])
            with contextlib.suppress(ConnectionError):  # its end will be told
                self._tokens.send(tokens)

    def _outgoing(self, item: Sent) -> Outgoing:
        functions = self._functions
        number = functions.setdefault(item.call.function, len(functions))
        is_new = number == self._functions_sent
        self._functions_sent += is_new
        return Outgoing(item.number, item.call, number, is_new)

    def _queue(self, frame: list[Piece]) -> None:
        """Join what is small, leave arrays where they are."""
        if sum(map(len, frame)) < _JOINED_BYTES:
            self._unsent.append(memoryview(b"".join(frame)))
        else:
            self._unsent.extend(memoryview(piece).cast("B") for piece in frame)

    def flush(self) -> None:
        """Send what can be sent."""
        try:
            while self._unsent:
                head = self._unsent[0]
                done = self._calls.send(head)
                if done == len(head):
                    self._unsent.popleft()
                else:
                    self._unsent[0] = head[done:]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent.clear()

    def take_back(self) -> list[Sent]:
        """Return the calls that have not begun, which will not begin here any more.

        The kernel gives each token to the worker or to us, so a call that is returned has not run and will not.
        """
        tokens = b""
        with contextlib.suppress(BlockingIOError):
            while more := self._tokens_back.recv(65536, socket.MSG_DONTWAIT):
                tokens += more
        numbers = {int.from_bytes(tokens[at : at + TOKEN_BYTES], "little") for at in range(0, len(tokens), TOKEN_BYTES)}
        back = [item for item in self.sent if item.number in numbers]
        if back:
            self.sent = deque(item for item in self.sent if item.number not in numbers)
        if not self.sent:  # stopped before it could begin the first: it may have others when it goes on
            self.began_s, self.overran = None, False
        return back

    def receive(self, now_s: float, now: float) -> Iterator[tuple[Sent, Outcome]]:
        """Yield the calls that the worker has answered, each with its outcome.

        What makes no sense there was written by a job into what is not its own; it is skipped.

        Raises:
            StoreError: It could not store a result.
            ValueError: It looked like an answer and is none.
        """
        with contextlib.suppress(BlockingIOError):
            while data := self._receive_some(_READ_BYTES):
                self._received += data
                if len(data) < _READ_BYTES:
                    break
        received, at = self._received, 0
        with memoryview(received) as view:
            while len(received) - at >= UP.size:
                kind, number, size = UP.unpack_from(view, at)
                if not self._may_come(kind, number, size):
                    at = self._next_answer(at)
                    continue
                if len(received) - at - UP.size < size:
                    break
                with view[at + UP.size : at + UP.size + size] as body:
                    answer = self._understand(kind, number, body, now_s, now)
                at += UP.size + size
                if answer is not None:
                    yield answer
        del received[:at]

    def _may_come(self, kind: int, number: int, size: int) -> bool:
        """Tell whether this is the head of a message that the worker may have sent."""
        if kind == HELLO:
            return not self.said_hello and size == 0
        if kind == BEAT:
            return size <= _BEAT_BYTES
        return kind in (OUTCOME, STORE_FAILED) and bool(self.sent) and number == self.sent[0].number

    def _next_answer(self, at: int) -> int:
        """Return where behind `at` the answer to the running call begins, or may begin when more has come."""
        found = self._received.find(_ABOUT.pack(OUTCOME, self.sent[0].number), at + 1) if self.sent else -1
        return found if found >= 0 else max(at + 1, len(self._received) - _ABOUT.size + 1)

    def _understand(
        self, kind: int, number: int, body: memoryview, now_s: float, now: float
    ) -> tuple[Sent, Outcome] | None:
        """Take a message that may come; return the answer if it is one."""
        if kind == HELLO:
            self.said_hello, self.pid = True, number  # the zygote may be slower to tell it
            self._begin(now_s, now)
            return None
        if kind == BEAT:
            if self.sent and self.sent[0].number == number:
                self.heard_at, self.seen_s = now, now_s
                self._hear(*json.loads(bytes(body)))
            return None
        if kind == STORE_FAILED:
            self.sent.popleft()  # the job is not to blame for the end of its worker that comes now
            self.began_s = None
            raise StoreError(str(body, "utf-8", "replace"))
        item = self.sent[0]
        told = decode_outcome(item.call.job_id, self.name, self._modules, body)
        self.sent.popleft()
        self._modules = told.outcome.modules
        self._peak_bytes = max(self._peak_bytes, told.outcome.peak_bytes)
        self.leaving = self.leaving or told.leaving
        self._begin(now_s, now)
        return item, told.outcome

    def _hear(
        self,
        file: str,
        line: int,
        function: str,
        progress: str,
        share: float | None,
        peak_bytes: int = 0,
        stack: Sequence[Place] = (),
    ) -> None:
        if stack and self.pid is not None:
            self.own_words = OwnWords(self.name, self.sent[0].call.job_id, self.pid, peak_bytes, stack)
        self.at = (file, line, function) if file else None
        self.beat = self.beat._replace(place=place_text(file, line, function), progress=progress, share=share)
        self.has_news = True

    def _begin(self, now_s: float, now: float) -> None:
        is_busy = self.said_hello and bool(self.sent)
        self.began_s, self.began_at = (now_s, now) if is_busy else (None, 0.0)
        self.beat, self.at, self.overran, self.has_news, self.heard_at = _NO_BEAT, None, False, False, now
        self.told_bytes, self.own_words = 0, None
        limits = self.sent[0].call.limits if is_busy else NO_LIMITS
        self.timeout_s, self.memory_bytes = limits.timeout_s, limits.memory_bytes

    def _receive_some(self, size: int) -> bytes:
        try:
            data = self._calls.recv(size)
        except ConnectionError:
            data = b""
        self.is_silent = self.is_silent or not data
        return data

    def peak_bytes(self, ever_bytes: int) -> int:
        """Return the peak memory of the running call.

        Args:
            ever_bytes: That of the worker in all its life; what an earlier call had says nothing about this one.
        """
        return max(self.beat.rss_bytes, ever_bytes if ever_bytes > self._peak_bytes else 0)

    def skip(self, gap_s: float) -> None:
        """Let a time in which the worker was stopped count for nothing."""
        if self.began_s is not None:
            self.began_s += gap_s
        if self.ending is not None:
            self.ending.kill_at_s += gap_s

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker and the processes of its group."""
        if self.pid is not None:
            with contextlib.suppress(OSError):
                os.killpg(self.pid, number)

    def close(self) -> None:
        """Close the lines: an idle worker ends by itself."""
        self._calls.close()
        self._tokens.close()
        self._tokens_back.close()
        self.output.close()


def _large_pipe() -> tuple[int, int]:
    """Return the ends of a pipe that holds much, where the system lets it; reading does not block."""
    reading, writing = os.pipe()
    with contextlib.suppress(OSError):
        fcntl.fcntl(writing, _F_SETPIPE_SZ, _PIPE_BYTES)
    os.set_blocking(reading, False)
    return reading, writing
