"""What runs where a job runs: load the call, call it, save the result, tell how it ended."""

import contextlib
import os
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from compmake.capture import Capture
from compmake.codec import CallMessage, DependenciesDamagedError, LoadError, dump_value, load_call
from compmake.define import running
from compmake.errors import StoreError, UnpicklableError
from compmake.failure import capture as capture_failure
from compmake.filestate import FileStates
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.modules import is_user_file
from compmake.fingerprint.values import describe
from compmake.importing import imported_source
from compmake.job import Digest, Failure, JobId, Outcome, OutcomeKind, Result
from compmake.job_progress import set_hook
from compmake.store import Objects

VALUE_DIGEST_BYTES = 1 << 20
"""Results whose pickle, the buffers of arrays not counted, is below this are compared by value, others by bytes."""
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class Worker:
    """Runs calls one after the other in this process."""

    def __init__(self, objects: Objects, capture: Capture | None, report: Callable[[JobId, str], None]) -> None:
        """Prepare to run calls.

        Args:
            objects: Where results go and dependencies come from.
            capture: Catches what jobs print; None lets it through, for a debugger.
            report: Hears what a running job says about its progress.
        """
        self._objects = objects
        self._report = report
        self._capture = capture
        self._clear_refs: int | None = None
        with contextlib.suppress(OSError):
            self._clear_refs = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        self._modules_at_start = set(sys.modules)
        self._modules_seen = len(self._modules_at_start)
        self._imported: tuple[tuple[str, str, Digest], ...] = ()

    def close(self) -> None:
        """Close what `__init__` opened."""
        if self._clear_refs is not None:
            os.close(self._clear_refs)
            self._clear_refs = None

    def run(self, call: CallMessage) -> Outcome:
        """Run one call and tell how it ended; only trouble with the store raises.

        Raises:
            StoreError: The result could not be stored.
        """
        started_at, started_s, cpu_s = time.time(), time.perf_counter(), time.process_time()
        self._reset_peak()
        kind, result, failure = OutcomeKind.FAILED, None, None
        notes: list[str] = []
        damaged: tuple[JobId, ...] = ()
        with self._capture.job() if self._capture is not None else contextlib.nullcontext():
            try:
                function, args, kwargs = load_call(call, self._objects.read)
                _reseed(call.seed)
                set_hook(partial(self._report, call.job_id))
                with _folder_kept(notes), running(call.job_id):
                    value = function(*args, **kwargs)
                result = self._save(value, call.seed)
                kind = OutcomeKind.OK
            except DependenciesDamagedError as error:
                kind, damaged = OutcomeKind.DAMAGED, tuple(error.job_ids)
            except (LoadError, UnpicklableError, _BadResultError) as error:
                failure = Failure(type(error).__name__.lstrip("_"), str(error))
            except StoreError:
                raise
            except KeyboardInterrupt:
                kind = OutcomeKind.INTERRUPTED
            except BaseException as error:
                failure = capture_failure(error, is_user=is_user_file)
            finally:
                set_hook(None)
        output = self._capture.take() if self._capture is not None else b""
        return Outcome(
            job_id=call.job_id,
            kind=kind,
            started_at=started_at,
            wall_s=time.perf_counter() - started_s,
            cpu_s=time.process_time() - cpu_s,
            peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MAXRSS_BYTES,
            result=result,
            failure=failure,
            damaged=damaged,
            output=self._objects.write([output]) if output else None,
            modules=self._imported_since_start(),
            notes=tuple(notes),
        )

    def _reset_peak(self) -> None:
        """Let `ru_maxrss` count from now on, where the kernel can."""
        if self._clear_refs is not None:
            with contextlib.suppress(OSError):
                os.write(self._clear_refs, b"5")

    def _save(self, value: object, seed: int) -> Result:
        pieces = dump_value(value)
        description = None
        if sum(len(piece) for piece in pieces if not isinstance(piece, memoryview)) < VALUE_DIGEST_BYTES:
            description = describe(value, "result")
        files = tuple(FileStates().state(path) for path in description.files) if description is not None else ()
        for file in files:
            if file.digest is None:
                raise _BadResultError(
                    f"the result names File({file.path!r}), which does not exist: write it before returning"
                )
        blob = self._objects.write(pieces)
        digest = blob.digest
        if description is not None and description.digest is not None:
            # Contents of files count; so does, where the value has functions to call, what made it: the seed stands
            # for the job's fingerprint.
            more = b"".join(file.digest or b"" for file in files)
            more += seed.to_bytes(8, "big") if description.carries_code else b""
            digest = digest_bytes(description.digest + more) if more else description.digest
        return Result(digest, blob, files, description.text if description is not None else "")

    def _imported_since_start(self) -> tuple[tuple[str, str, Digest], ...]:
        if len(sys.modules) != self._modules_seen:
            self._modules_seen = len(sys.modules)
            found = []
            for name in sorted(set(sys.modules) - self._modules_at_start):
                path = getattr(sys.modules[name], "__file__", None)
                digest = imported_source(path) if isinstance(path, str) else None
                if isinstance(path, str) and digest is not None:
                    found.append((name, path, digest))
            self._imported = tuple(found)
        return self._imported


class _BadResultError(Exception):
    """The job returned something that cannot be kept."""


@contextlib.contextmanager
def _folder_kept(notes: list[str]) -> Iterator[None]:
    """Put the current folder back if the job changes it, and note it."""
    before = _current_folder()
    try:
        yield
    finally:
        after = _current_folder()
        if after != before:
            notes.append(f"it changed the current folder to {after or 'one that is gone'}; put back")
            with contextlib.suppress(OSError):
                os.chdir(before)


def _current_folder() -> str:
    """Return the current folder, empty if it was deleted."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def _reseed(seed: int) -> None:
    """Give `random` and numpy, if loaded, a state that depends on the job alone, so that a rerun repeats."""
    random.seed(seed)
    numpy_random: Callable[[int], None] | None = getattr(sys.modules.get("numpy.random"), "seed", None)
    if numpy_random is not None:
        numpy_random(seed % 2**32)
