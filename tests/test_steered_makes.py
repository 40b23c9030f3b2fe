"""What can be done to a make while it runs: pause it, change its workers, cancel jobs of it, begin them again."""

import re
import sys
import threading
import time
from collections import Counter

import pytest
from own_modules import hide
from redis_servers import wait_for

from compmake.channel import EventKind
from compmake.channel.memory import MemoryChannel
from compmake.control import START_NONE, Control
from compmake.foretold import past
from compmake.opening import open_workspace
from compmake.starting import run_make

PROGRAM = """\
import os, signal, time
from compmake import comp

def waits(i):
    open(f"{folder}/begun-{i}", "w").close()
    while not os.path.exists(f"{folder}/go-{i}") and not os.path.exists(f"{folder}/go"):
        time.sleep(0.005)
    return i

def ignores(path):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    waits("ignores")

def quick(i):
    return i

def needs(x):
    return x

folder = os.path.dirname(os.path.abspath(__file__))
"""
FOUR = PROGRAM + "for i in range(4): comp(needs, comp(waits, i, job_id=f'waits-{i}'), job_id=f'needs-{i}')\n"


class Running:
    """A make in a thread, its news, and what is done to it."""

    def __init__(self, path, program, *, jobs=2, inline=False):
        self.path, name = path, f"steered_{path.name}"
        (path / f"{name}.py").write_text(program)
        self.workspace = open_workspace(str(path / f"{name}.py"), tell=print)
        self.channel, self.control, self.result = MemoryChannel(), Control(), None
        self._thread = threading.Thread(target=self._run, args=(jobs, inline))
        self._thread.start()

    def _run(self, jobs, inline):
        everything = list(self.workspace.graph.jobs)
        self.result = run_make(self.workspace, everything, "make", self.channel, self.control, jobs=jobs, inline=inline)

    def events(self, kind):
        return [event for event in self.channel.read(0)[0] if event.kind is kind]

    def jobs(self, kind):
        return [event.job_id for event in self.events(kind)]

    def begun(self):
        return sorted(path.name for path in self.path.glob("begun-*"))

    def go(self, which=""):
        (self.path / f"go{which}").touch()

    def wait_steered(self, count=1):
        """Return how the make was steered last, once it was so often."""
        return wait_for(lambda: self.events(EventKind.STEERED)[count - 1 :], "the news of it")[-1]

    def ended(self):
        """Return how it ended."""
        self._thread.join(30)
        assert self.result is not None
        return self.result

    def close(self):
        self.go()
        self.control.press(3)
        self._thread.join(30)
        self.control.close()
        self.workspace.close()
        sys.modules.pop(self.workspace.name, None)


@pytest.fixture
def run(tmp_path, monkeypatch):
    hide(monkeypatch)
    makes = []

    def start(*args, **how):
        makes.append(Running(tmp_path, *args, **how))
        return makes[-1]

    yield start
    for make in makes:
        make.close()


def test_paused_make_starts_nothing_and_goes_on_when_resumed(run):
    """Running jobs end, nothing follows them, and the make ends well once it is resumed."""
    make = run(FOUR)
    wait_for(lambda: len(make.begun()) == 2, "two jobs")
    assert make.control.pause() == "Paused: no job is started any more; those that run go on."
    told = make.wait_steered()
    assert (told.text, told.workers) == ("paused", 2)
    make.go()
    wait_for(lambda: len(make.jobs(EventKind.JOB_DONE)) == 2, "their ends")
    assert len(make.begun()) == 2 and make.result is None
    assert make.control.resume() == "Jobs are started again."
    assert make.wait_steered(2).text == ""
    assert make.ended().done == 8


def test_what_was_expected_of_a_make_that_was_paused_is_kept(run):
    """With how it was steered; what was expected before, and how long it would be paused, nobody has to know."""
    make = run(FOUR)
    wait_for(lambda: len(make.begun()) == 2, "two jobs")
    make.control.pause()
    make.wait_steered()
    began = make.events(EventKind.RUN_STARTED)[0].time
    wait_for(lambda: time.time() > began + 2.1, "a make of two seconds")
    make.control.resume()
    make.go()
    make.ended()
    (kept,) = past(make.workspace.store)
    assert kept.steered == "paused" and 0.0 not in [look.share for look in kept.looks]


def test_paused_make_takes_back_what_was_sent_ahead(run):
    """Of hundreds of short jobs that wait in the workers' queues none begins once it is paused."""
    program = PROGRAM + "comp(waits, 0)\nfor i in range(3000): comp(quick, i)\n"
    make = run(program, jobs=1)
    make.go()
    wait_for(lambda: len(make.jobs(EventKind.JOB_DONE)) > 50, "some of them")
    make.control.pause()
    make.wait_steered()
    before = wait_for(lambda: _settled(make), "quiet")
    assert make.result is None and before < 3001
    make.control.resume()
    assert make.ended().done == 3001


def _settled(make):
    """Return how many jobs are done, when that changes no more."""
    count = len(make.jobs(EventKind.JOB_DONE))
    threading.Event().wait(0.2)
    return count if count == len(make.jobs(EventKind.JOB_DONE)) else 0


def test_interrupting_a_paused_make_ends_it(run):
    """Ctrl-C while nothing runs and nothing may start: it ends at once, interrupted."""
    make = run(FOUR)
    wait_for(lambda: len(make.begun()) == 2, "two jobs")
    make.control.pause()
    make.go()
    wait_for(lambda: len(make.jobs(EventKind.JOB_DONE)) == 2, "their ends")
    make.control.press(START_NONE)
    assert make.ended().interrupted


def test_more_workers_begin_at_once(run):
    """Jobs that waited for a worker begin in the new ones."""
    make = run(FOUR)
    wait_for(lambda: len(make.begun()) == 2, "two jobs")
    assert make.control.set_workers(4).startswith("4 workers from now on")
    assert make.wait_steered().workers == 4
    wait_for(lambda: len(make.begun()) == 4, "all four")
    make.go()
    assert make.ended().done == 8


def test_surplus_workers_end_after_their_job(run):
    """No job is lost, and afterwards no more run at once than there are workers."""
    make = run(FOUR, jobs=4)
    wait_for(lambda: len(make.begun()) == 4, "all four")
    make.control.set_workers(1)
    assert make.wait_steered().workers == 1
    for number in range(4):
        make.go(f"-{number}")
    assert make.ended().done == 8
    last = [event.worker for event in make.events(EventKind.JOB_DONE) if event.job_id.startswith("needs")]
    assert len(set(last[-3:])) == 1


def test_workers_may_go_up_and_down_while_they_start(run):
    """Whatever was asked for in between, the make ends well."""
    make = run(FOUR, jobs=3)
    for count in (1, 4, 2, 3, 1, 2):
        make.control.set_workers(count)
    make.go()
    assert make.ended().done == 8


def test_cancelled_jobs_end_and_what_needs_them_waits(run):
    """A running one is terminated, a waiting one not started; neither is a failure, nor recorded."""
    make = run(FOUR)
    wait_for(lambda: make.begun() == ["begun-0", "begun-1"], "two jobs")
    assert (
        make.control.cancel(["waits-0", "waits-3"]) == "Cancelled: 1 running job terminated, 1 waiting job not started."
    )
    assert make.wait_steered().count == 2
    wait_for(lambda: sorted(make.jobs(EventKind.JOB_INTERRUPTED)) == ["waits-0", "waits-3"], "their ends")
    make.go()
    result = make.ended()
    assert (result.done, result.left, result.failed, result.interrupted) == (4, 4, {}, False)
    states = Counter(state.value for state in make.workspace.look().states().values())
    assert states == {"done": 4, "todo": 4}


def test_cancelled_job_that_ignores_it_is_killed(run, monkeypatch):
    """What does not end when it is asked to is killed a while later, and counts as interrupted too."""
    monkeypatch.setattr("compmake.executor.processes._STOP_GRACE_S", 0.2)
    make = run(PROGRAM + "comp(ignores, '', job_id='ignores')\ncomp(quick, 1)\n")
    wait_for(lambda: make.begun(), "the job")
    make.control.cancel(["ignores"])
    assert make.ended().left == 1
    assert make.jobs(EventKind.JOB_INTERRUPTED) == ["ignores"]


def test_requeued_job_is_ended_and_made_again(run):
    """In the same make, which ends well and has as many workers; of a list, jobs that do not run are left alone."""
    make = run(FOUR)
    wait_for(lambda: make.begun() == ["begun-0", "begun-1"], "two jobs")
    (make.path / "begun-0").unlink()
    assert make.control.requeue(["waits-0", "waits-3"]) == "1 running job ended, and made again."
    wait_for(lambda: "begun-0" in make.begun(), "its second beginning")
    assert make.jobs(EventKind.JOB_POSTPONED) == ["waits-0"]
    assert make.jobs(EventKind.STEERED) == []
    make.go()
    result = make.ended()
    assert (result.done, result.left, result.failed) == (8, 0, {})


def test_requeued_job_can_be_cancelled(run):
    """What was wanted last counts: it is not made a third time."""
    make = run(PROGRAM + "comp(waits, 0, job_id='waits-0')\n")
    wait_for(lambda: make.begun(), "the job")
    (make.path / "begun-0").unlink()
    make.control.requeue(["waits-0"])
    wait_for(lambda: make.begun(), "its second beginning")
    make.control.cancel(["waits-0"])
    assert make.ended().left == 1
    assert make.jobs(EventKind.JOB_INTERRUPTED) == ["waits-0"]


def test_only_running_jobs_are_requeued(run):
    """Of others it is said that nothing is done."""
    make = run(PROGRAM + "comp(quick, 1, job_id='quick')\ncomp(waits, 0)\n")
    wait_for(lambda: make.jobs(EventKind.JOB_DONE), "the first")
    assert make.control.requeue(["quick"]) == "Nothing to end: this make runs none of these jobs now."


def test_jobs_that_cannot_be_cancelled_are_said(run):
    """Those that are done, and those that the make does not know."""
    make = run(PROGRAM + "comp(quick, 1, job_id='quick')\ncomp(waits, 0)\n")
    wait_for(lambda: make.jobs(EventKind.JOB_DONE), "the first")
    text = "Nothing to cancel: this make runs none of these jobs, and will not."
    assert make.control.cancel(["quick", "no such job"]) == text


def test_cancelling_all_that_is_left_ends_the_make(run):
    """Nothing runs and nothing can start any more: it does not wait for ever."""
    make = run(FOUR)
    wait_for(lambda: len(make.begun()) == 2, "two jobs")
    make.control.cancel(list(make.workspace.graph.jobs))
    result = make.ended()
    assert (result.done, result.left) == (0, 8)


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_impossible_numbers_of_workers_are_refused(count):
    """At least one, and no more than a machine bears."""
    assert re.match("Refused: workers are 1 to 1000", Control().set_workers(count))


def test_make_in_the_drivers_own_process_is_not_steered(run):
    """With --inline each wish is refused in one line; the make goes on."""
    make = run(FOUR, inline=True)
    wait_for(lambda: make.begun(), "a job")
    one = ["waits-0"]
    for answer in (
        make.control.pause(),
        make.control.set_workers(3),
        make.control.cancel(one),
        make.control.requeue(one),
    ):
        assert answer == "Refused: jobs run in the driver's own process (--inline): only Ctrl-C reaches them."
    make.go()
    assert make.ended().done == 8


def test_make_that_has_ended_refuses():
    """Whoever comes too late is told."""
    control = Control()
    control.close()
    assert {control.pause(), control.resume(), control.stop()} == {"Refused: the make has ended."}
