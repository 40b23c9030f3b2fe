"""Workers that the system or a user stopped for a while: their calls are not lost, and they work again."""

import os
import signal
import time

import pytest

from compmake.codec import CallMessage, freeze_call, freeze_function
from compmake.executor.processes import ProcessExecutor
from compmake.job import NO_LIMITS, JobId
from compmake.store.objects import FileObjects
from compmake.zygote import Setup

PATIENCE_S = 30.0


@pytest.fixture
def executor(tmp_path):
    """One worker."""
    objects = FileObjects(tmp_path)
    setup = Setup((), "program", "program", objects.address, b"")
    executor = ProcessExecutor(setup, objects, workers=1, environ=os.environ, report=lambda *_: None)
    yield executor
    executor.close()


def submit(executor, job_id):
    """Give it a call that takes no time."""
    call = freeze_call(JobId(job_id), "os:getpid", (), {})
    executor.submit(CallMessage(JobId(job_id), "os:getpid", freeze_function(os.getpid), call, {}, 0, NO_LIMITS))


def collect(executor, count, until=lambda: False):
    """Return the outcomes of so many calls, or of those that ended until something is true."""
    found, end = [], time.monotonic() + PATIENCE_S
    while len(found) < count and time.monotonic() < end and not until():
        found += executor.collect(0.05)
    return found


def test_a_worker_that_is_stopped_before_it_begins_works_when_it_goes_on(executor):
    """Its calls are taken back when they take too long to begin; it gets them again."""
    submit(executor, "first")
    (first,) = collect(executor, 1)
    worker = int(first.result.text)
    os.kill(worker, signal.SIGSTOP)
    for name in ("a", "b", "c"):
        submit(executor, name)
    began = executor.running()[0].started_at
    assert not collect(executor, 1, until=lambda: [one.started_at for one in executor.running()] != [began])
    os.kill(worker, signal.SIGCONT)
    assert [outcome.job_id for outcome in collect(executor, 3)] == ["a", "b", "c"]
