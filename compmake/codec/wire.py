"""How calls and outcomes cross between driver and worker: frames of plain data; the driver builds no object of a job's.

Downwards go marshalled tuples, which are the driver's own data; upwards a fixed struct, raw bytes, and text as JSON.
"""

import json
import marshal
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

from compmake.codec.calls import CallMessage, FrozenCall
from compmake.failure import from_json, to_json
from compmake.filestate import files_from_json, files_json
from compmake.job import NO_LIMITS, Blob, Digest, JobId, Limits, Outcome, OutcomeKind, Result

Modules = tuple[tuple[str, str, Digest], ...]
Piece = bytes | bytearray | memoryview

_DOWN = struct.Struct("<I")
UP = struct.Struct("<BQI")
"""Head of what a worker says: what it is, which call it is about, bytes that follow."""
HELLO, OUTCOME, BEAT, STORE_FAILED = range(4)

_OUTCOME = struct.Struct("<BdddQ16s16sQqII")
_KINDS = tuple(OutcomeKind)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(_KINDS)}
_NO_DIGEST = bytes(16)


class Received(NamedTuple):
    """One call as a worker receives it; `number` is that of the token by which it may begin."""

    number: int
    call: CallMessage


class Outgoing(NamedTuple):
    """One call to be sent: `function_number` stands for its function in all calls to this worker."""

    number: int
    call: CallMessage
    function_number: int
    is_new: bool
    """Whether the worker has not seen the function yet."""


def encode_calls(calls: Iterable[Outgoing]) -> Iterator[list[Piece]]:
    """Yield what to send for calls, one frame each time: as many calls as come without large buffers, or one that has.

    Large buffers follow their frame as they are, without a copy.
    """
    group: list[object] = []
    for number, call, function_number, is_new in calls:
        payload, buffers = call.call
        plain = (
            number,
            call.job_id,
            call.function_name,
            function_number,
            call.function if is_new else None,
            payload,
            [len(memoryview(buffer).cast("B")) for buffer in buffers] if buffers else None,
            [(job_id, *blob) for job_id, blob in call.dependencies.items()],
            call.seed,
            call.limits.memory_bytes,
        )
        if buffers:
            if group:
                yield _frame(group)
                group = []
            yield [*_frame([plain]), *buffers]
        else:
            group.append(plain)
    if group:
        yield _frame(group)


def _frame(calls: list[object]) -> list[Piece]:
    data = marshal.dumps(calls, 2)
    return [_DOWN.pack(len(data)), data]


class CallReader:
    """Reads calls from a stream, in a worker."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._functions: dict[int, bytes] = {}
        self._frame: deque[tuple[Any, ...]] = deque()

    def next(self) -> Received:
        """Return the next call.

        Raises:
            EOFError: The driver is gone.
        """
        if not self._frame:
            size = _DOWN.unpack(self._read(_DOWN.size))[0]
            self._frame.extend(marshal.loads(self._read(size)))
        number, job_id, name, function_number, function, payload, lengths, deps, seed, memory = self._frame.popleft()
        if function is not None:
            self._functions[function_number] = function
        buffers = tuple([self._read(length) for length in lengths]) if lengths else ()
        dependencies = {dep: Blob(digest, size_bytes, inline) for dep, digest, size_bytes, inline in deps}
        function = self._functions[function_number]
        limits = NO_LIMITS if memory is None else Limits(memory_bytes=memory)
        call = CallMessage(job_id, name, function, FrozenCall(payload, buffers), dependencies, seed, limits)
        return Received(number, call)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise EOFError
        return data


def encode_outcome(number: int, outcome: Outcome, *, leaving: bool, with_modules: bool) -> list[Piece]:
    """Return what a worker sends for one outcome.

    Args:
        number: Of the call.
        outcome: How it ended; what it printed goes another way.
        leaving: Whether the worker ends now, because the job left something behind.
        with_modules: Whether the modules are told; the driver goes on with those told before.
    """
    result, inline, text = outcome.result, None, b""
    digests: tuple[bytes, bytes, int] = (_NO_DIGEST, _NO_DIGEST, 0)
    if result is not None:
        inline, text = result.blob.inline, result.text.encode("utf-8", "surrogatepass")
        digests = (result.digest, result.blob.digest, result.blob.size_bytes)
    more = b""
    if leaving or with_modules or outcome.failure or outcome.notes or outcome.damaged or (result and result.files):
        more = _more(outcome, leaving, with_modules)
    inline_bytes = -1 if inline is None else len(inline)
    head = _OUTCOME.pack(
        _KIND_NUMBERS[outcome.kind] | (0x80 if result is not None else 0),
        outcome.started_at,
        outcome.wall_s,
        outcome.cpu_s,
        outcome.peak_bytes,
        *digests,
        inline_bytes,
        len(text),
        len(more),
    )
    size = len(head) + max(inline_bytes, 0) + len(text) + len(more)
    return [UP.pack(OUTCOME, number, size) + head, *([inline] if inline else []), text, more]


def _more(outcome: Outcome, leaving: bool, with_modules: bool) -> bytes:
    data: dict[str, Any] = {"notes": outcome.notes, "damaged": outcome.damaged, "leaving": leaving}
    if outcome.failure is not None:
        data["failure"] = to_json(outcome.failure)
    if outcome.result is not None and outcome.result.files:
        data["files"] = files_json(outcome.result.files)
    if with_modules:
        data["modules"] = [(name, path, digest.hex()) for name, path, digest in outcome.modules]
    return json.dumps(data).encode()


class Told(NamedTuple):
    """An outcome as the driver receives it."""

    outcome: Outcome
    leaving: bool


def decode_outcome(job_id: JobId, worker: str, modules: Modules, body: memoryview) -> Told:
    """Return the outcome that a worker told of a call.

    Args:
        job_id: Whose call it was.
        worker: The worker's name.
        modules: What it had imported as it told last; goes on to hold unless it tells anew.
        body: What it said.

    Raises:
        ValueError: These bytes are no outcome: a job wrote into what is not its own.
    """
    try:
        kind, started_at, wall_s, cpu_s, peak, digest, blob_digest, size, inline_bytes, text_bytes, more_bytes = (
            _OUTCOME.unpack_from(body)
        )
        at = _OUTCOME.size
        inline = bytes(body[at : at + inline_bytes]) if inline_bytes >= 0 else None
        at += max(inline_bytes, 0)
        text = str(body[at : at + text_bytes], "utf-8", "surrogatepass")
        at += text_bytes
        if at + more_bytes != len(body):
            raise ValueError("wrong length")
        more = json.loads(bytes(body[at:])) if more_bytes else {}
        result = None
        if kind & 0x80:
            files = tuple(files_from_json(more["files"])) if "files" in more else ()
            result = Result(Digest(digest), Blob(Digest(blob_digest), size, inline), files, text)
        outcome = Outcome(
            job_id,
            _KINDS[kind & 0x7F],
            started_at,
            wall_s,
            cpu_s,
            peak,
            result,
            from_json(more["failure"]) if "failure" in more else None,
            tuple(more.get("damaged", ())),
            modules=_modules(more["modules"]) if "modules" in more else modules,
            notes=tuple(more.get("notes", ())),
            worker=worker,
        )
        return Told(outcome, bool(more.get("leaving")))
    except (struct.error, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"this is no outcome: {error!r}") from error


def _modules(told: list[list[str]]) -> Modules:
    return tuple((name, path, Digest(bytes.fromhex(digest))) for name, path, digest in told)
