"""What runs where a job runs: load the call, call it, save the result, tell how it ended."""

import contextlib
import os
import resource
import sys
import time
from collections.abc import Callable, Collection
from contextvars import copy_context
from dataclasses import replace
from functools import partial

from compmake.capture import Capture
from compmake.codec import CallMessage, DependenciesDamagedError, dump_value, load_call
from compmake.define import enter_job
from compmake.errors import StoreError, UnpicklableError
from compmake.failure import capture as capture_failure
from compmake.filestate import FileStates
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.modules import is_user_file
from compmake.fingerprint.values import describe
from compmake.guard import Guard
from compmake.importing import imported_source
from compmake.job import Digest, Failure, JobId, Outcome, OutcomeKind, Result
from compmake.job_progress import set_hook
from compmake.memory_limit import MemoryLimitTooLowError, memory_limited
from compmake.seeding import Seeder
from compmake.store import Objects
from compmake.words import bytes_text

VALUE_DIGEST_BYTES = 1 << 20
"""Results whose pickle, the buffers of arrays not counted, is below this are compared by value, others by bytes."""
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024


class TerminatedError(BaseException):
    """Raised in the middle of a job that is to end now, so that it tells where it was and its `finally` blocks run."""


class Worker:
    """Runs calls one after the other in this process."""

    def __init__(
        self,
        objects: Objects,
        capture: Capture | None,
        report: Callable[[JobId, str, float | None], None],
        *,
        modules_before: Collection[str],
        with_locals: bool,
        is_driver: bool = False,
    ) -> None:
        """Prepare to run calls.

        Args:
            objects: Where results go and dependencies come from.
            capture: Catches what jobs print; None lets it through, for a debugger.
            report: Hears what a running job says about its progress.
            modules_before: Modules that were not imported for jobs.
            with_locals: Whether the local variables of jobs that fail are kept.
            is_driver: The driver runs in this process too: a KeyboardInterrupt is the user's.
        """
        self._objects = objects
        self._report = report
        self._capture = capture
        self._with_locals = with_locals
        self._is_driver = is_driver
        self._guard = Guard(shared=is_driver)
        self._seeder = Seeder()
        self._clear_refs: int | None = None
        with contextlib.suppress(OSError):
            self._clear_refs = os.open("/proc/self/clear_refs", os.O_WRONLY | os.O_CLOEXEC)
        self._modules_before = frozenset(modules_before)
        self._modules_seen = 0
        self._imported: tuple[tuple[str, str, Digest], ...] = ()
        self._calling = False
        self._has_run = False
        self._cpu_s = time.process_time()
        self._children_peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.leftovers: list[str] = []
        """What the last job left that cannot be put back: this process should run no other."""

    def close(self) -> None:
        """Close what `__init__` opened, and leave the process as it was."""
        self._seeder.close()
        if self._clear_refs is not None:
            os.close(self._clear_refs)
            self._clear_refs = None

    def terminate(self) -> None:
        """Raise TerminatedError if a job is being called; for the handler of a signal.

        Raises:
            TerminatedError: It is.
        """
        if self._calling:
            raise TerminatedError

    def run(self, call: CallMessage) -> Outcome:
        """Run one call and tell how it ended; only trouble with the store raises.

        Raises:
            StoreError: The result could not be stored.
        """
        started_at, started_s = time.time(), time.perf_counter()
        # A process that only runs jobs has done nothing since the last one.
        cpu_s = time.process_time() if self._is_driver else self._cpu_s
        self._reset_peak()
        kind, result, failure = OutcomeKind.FAILED, None, None
        notes: list[str] = []
        damaged: tuple[JobId, ...] = ()
        try:
            try:
                result = self._save(self._call(call, notes), call.seed)
                kind = OutcomeKind.OK
            except MemoryLimitTooLowError as error:
                kind, failure = self._without_room(error)
            except DependenciesDamagedError as error:
                kind, damaged = OutcomeKind.DAMAGED, tuple(error.job_ids)
            except (UnpicklableError, _BadResultError) as error:
                failure = Failure(type(error).__name__.lstrip("_"), str(error))
            except StoreError:
                raise
            except BaseException as error:
                kind, failure = self._raised(error, call.limits.memory_bytes)
        finally:
            if self._capture is not None:
                self._capture.end_job()
        self.leftovers = self._guard.leftovers() if kind is not OutcomeKind.RETURNED else ["memory in use"]
        self._has_run = True
        notes += self.leftovers
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._cpu_s = usage.ru_utime + usage.ru_stime
        return Outcome(
            job_id=call.job_id,
            kind=kind,
            started_at=started_at,
            wall_s=time.perf_counter() - started_s,
            cpu_s=self._cpu_s - cpu_s,
            peak_bytes=max(usage.ru_maxrss, self._new_peak_of_children()) * MAXRSS_BYTES,
            result=result,
            failure=failure,
            damaged=damaged,
            modules=self._imported_for_jobs(),
            notes=tuple(notes),
        )

    def _without_room(self, error: MemoryLimitTooLowError) -> tuple[OutcomeKind, Failure | None]:
        """Leave a job to a fresh process, if jobs before it have filled this one so that its limit leaves no room."""
        if self._has_run and not self._is_driver:
            return OutcomeKind.RETURNED, None
        return OutcomeKind.FAILED, Failure("MemoryError", str(error))

    def _raised(self, error: BaseException, limit_bytes: int | None) -> tuple[OutcomeKind, Failure]:
        """Return how a job ended that raised this."""
        failure = capture_failure(error, is_user=is_user_file, with_locals=self._with_locals)
        if isinstance(error, TerminatedError) or (self._is_driver and isinstance(error, KeyboardInterrupt)):
            return OutcomeKind.INTERRUPTED, failure
        if type(error).__qualname__ == "BdbQuit" and not self._is_driver:
            failure = replace(failure, message="a debugger needs the terminal: `make --inline JOB`")
        elif isinstance(error, MemoryError) and limit_bytes is not None:
            failure = _told_of_limit(failure, limit_bytes)
        return OutcomeKind.FAILED, failure

    def _call(self, call: CallMessage, notes: list[str]) -> object:
        """Load the call and make it; what it changed in this process is put back and noted."""
        try:
            enter_job(call.job_id)
            if call.limits.memory_bytes is None:
                return self._call_loaded(call)
            with memory_limited(call.limits.memory_bytes):
                return self._call_loaded(call)
        finally:
            self._calling = False
            enter_job(None)
            set_hook(None)
            notes += self._guard.restore()

    def _call_loaded(self, call: CallMessage) -> object:
        self._calling = True
        function, args, kwargs = load_call(call, self._objects.read)
        self._seeder.reseed(call.seed)
        set_hook(partial(self._report, call.job_id))
        # What the job sets in its context, numpy's error handling say, ends with it.
        return copy_context().run(function, *args, **kwargs)

    def _new_peak_of_children(self) -> int:
        """Return the most memory of a child process that ended, 0 if one of an earlier job had more."""
        before, self._children_peak = self._children_peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return self._children_peak if self._children_peak > before else 0

    def _reset_peak(self) -> None:
        """Let `ru_maxrss` count from now on, where the kernel can."""
        if self._clear_refs is not None:
            try:
                os.write(self._clear_refs, b"5")
            except OSError:
                self._clear_refs = None

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

    def _imported_for_jobs(self) -> tuple[tuple[str, str, Digest], ...]:
        if len(sys.modules) != self._modules_seen:
            self._modules_seen = len(sys.modules)
            found = []
            for name in sorted(set(sys.modules) - self._modules_before):
                path = getattr(sys.modules[name], "__file__", None)
                digest = imported_source(path) if isinstance(path, str) else None
                if isinstance(path, str) and digest is not None:
                    found.append((name, path, digest))
            self._imported = tuple(found)
        return self._imported


class _BadResultError(Exception):
    """The job returned something that cannot be kept."""


def _told_of_limit(failure: Failure, limit_bytes: int) -> Failure:
    text = f"over the job's memory limit of {bytes_text(limit_bytes)}"
    return replace(failure, type_name="MemoryError", message=f"{text}: {failure.message}" if failure.message else text)
