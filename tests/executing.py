"""Calls given to a `ProcessExecutor` by hand, and their outcomes collected."""

import os
import time
from collections.abc import Callable

from compmake.codec import CallMessage, freeze_call, freeze_function
from compmake.executor.processes import ProcessExecutor
from compmake.job import NO_LIMITS, JobId, Limits, Outcome
from compmake.store.objects import FileObjects
from compmake.zygote import Setup

PATIENCE_S = 30.0


def start_executor(folder, workers=1, modules=(), report=lambda *_: None) -> ProcessExecutor:
    """Return an executor that keeps results in `folder`; whoever calls this closes it."""
    objects = FileObjects(folder)
    setup = Setup(tuple(modules), "program", "program", objects.address, b"")
    return ProcessExecutor(setup, objects, workers=workers, environ=os.environ, report=report)


def submit(executor: ProcessExecutor, job_id: str, function=os.getpid, *args, limits: Limits = NO_LIMITS) -> None:
    """Give it a call; by default one that takes no time."""
    name = f"{function.__module__}:{function.__qualname__}"
    call = freeze_call(JobId(job_id), name, args, {})
    executor.submit(CallMessage(JobId(job_id), name, freeze_function(function), call, {}, 0, limits))


def collect(executor: ProcessExecutor, count: int, until: Callable[[], bool] = lambda: False) -> list[Outcome]:
    """Return the outcomes of so many calls, or of those that ended until something is true."""
    found: list[Outcome] = []
    end = time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end and not until():
        found += executor.collect(0.05)
    return found
