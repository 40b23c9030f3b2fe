"""Workers that the system or a user stopped for a while: their calls are not lost, and they work again."""

import os
import signal

import pytest
from executing import collect, start_executor, submit


@pytest.fixture
def executor(tmp_path):
    """One worker."""
    executor = start_executor(tmp_path)
    yield executor
    executor.close()


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
