"""A job's call: as a message for whoever runs it, or made here and now, in this process."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from compmake.codec import CallMessage, freeze_call, freeze_function, load_call
from compmake.define import enter_job
from compmake.guard import Guard
from compmake.job import NO_LIMITS, Blob, Digest, Job, JobId, Limits
from compmake.seeding import Seeder
from compmake.store import Objects

Called = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A function and its arguments, promises replaced by results."""


def call_message(
    job: Job,
    fingerprint: Digest,
    dependencies: Mapping[JobId, Blob],
    *,
    function: bytes | None = None,
    limits: Limits = NO_LIMITS,
) -> CallMessage:
    """Return one attempt at a job as it travels.

    Args:
        job: What to call.
        fingerprint: Of all that counts; random numbers depend on it.
        dependencies: Where the results are that the promises in the call stand for.
        function: The job's function, frozen, if somebody has done that already.
        limits: What the attempt may take.
    """
    if job.payload is not None:
        call = job.payload
    else:
        assert job.args is not None and job.kwargs is not None
        call = freeze_call(job.job_id, job.function_name, job.args, job.kwargs)
    return CallMessage(
        job_id=job.job_id,
        function_name=job.function_name,
        function=freeze_function(job.function) if function is None else function,
        call=call,
        dependencies=dependencies,
        seed=int.from_bytes(fingerprint[:8], "big"),
        limits=limits,
    )


@contextmanager
def called_here(message: CallMessage, objects: Objects, program: str) -> Iterator[Called]:
    """Load a call, and have this process as a worker would be while the body makes it; then put it back.

    Args:
        message: The call.
        objects: Where the results of dependencies come from.
        program: The path of the program, which `sys.argv` tells.

    Raises:
        DependenciesDamagedError: Names every dependency whose result is missing or damaged.
        LoadError: Something in the call cannot be unpickled.
    """
    guard, seeder, argv = Guard(shared=True), Seeder(), sys.argv
    try:
        enter_job(message.job_id)
        loaded = load_call(message, objects.read)
        seeder.reseed(message.seed)
        sys.argv = [program]
        yield loaded
    finally:
        enter_job(None)
        seeder.close()
        sys.argv = argv
        guard.restore()
