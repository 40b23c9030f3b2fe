"""What a job does to its process ends with it: the next one finds everything as it was, or gets a new process."""

import os
import sys

import pytest
from bad_jobs import make_program
from withstanding import wait_until

PUT_BACK = {
    "changes_folder": "it changed the current folder to /; put back",
    "deletes_folder": "its current folder is gone; put back",
    "changes_environment": "it changed the environment variables COMPMAKE_STORE, HOME, PATH; put back",
    "changes_umask": "it changed the umask to 000; put back",
    "changes_sys_path": "it changed sys.path; put back",
    "changes_arguments": "it changed sys.argv; put back",
    "handles_sigchld": "it changed what is done on SIGCHLD; put back",
    "ignores_sigchld": "it changed what is done on SIGCHLD; put back",
    "ignores_sigterm": "it changed what is done on SIGTERM; put back",
    "sets_alarm": "it left an alarm set; put back",
    "turns_warnings_into_errors": "it, or a module that it imported, changed the warning filters; put back",
}
QUIETLY = (
    "closes_stdout",
    "closes_descriptors",
    "closes_stdin",
    "replaces_stdout",
    "unblocks_stdout",
    "gives_stdout_to_an_event_loop",
    "runs_asyncio",
    "writes_garbage_into_sockets",
    "forks_and_returns_twice",
    "forks_and_raises_in_the_child",
    "forks_and_ends_the_child",
    "runs_subprocess",
    "uses_fork_pool",
    "uses_process_pool_executor",
)
REPLACED = {
    "leaves_thread": "it left threads running: for-ever",
    "leaves_other_thread": "it left threads running",
    "leaves_child": "it left child processes running",
    "leaves_files_open": "files open",
    "leaves_process_pool_executor": "it left child processes running",
}
OTHERS = ("uses_spawn_pool", "uses_forkserver_pool", "leaves_daemon", "imports_numpy")
"""Python keeps a helper process of its own for the first two; numpy changes the warning filters, or not."""
ALL = (*PUT_BACK, *QUIETLY, *REPLACED, *OTHERS)

DELETES = """\
import os
from compmake import comp
from ledger import note

def deletes(x):
    os.rmdir(os.getcwd())

def after(i, x=None):
    note(f"after {i}")

before = [comp(after, i) for i in range(5)]
deleted = comp(deletes, before)
for i in range(5, 15):
    comp(after, i, deleted)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The program whose jobs leave traces, made by one worker; a job after each looks at what it finds."""
    pytest.importorskip("numpy")
    return make_program(tmp_path_factory.mktemp("traces"), "traces", "make")


@pytest.fixture(scope="module")
def found(made):
    """What each of the looking jobs found."""
    return {row["name"]: row for row in made.observations}


def test_all_jobs_are_done_exactly_once(made, found):
    """Neither the odd jobs nor those after them fail, are lost, or answered for twice by a fork."""
    assert made.done.code == 0, made.done.err
    assert set(made.states.values()) == {"done"}
    odd = [line for line in made.noted if line.isidentifier()]
    assert odd == sorted(ALL)
    assert sorted(found) == sorted([*odd, "nothing"])
    assert len(made.observations) == len(found)


@pytest.mark.parametrize("job", ALL)
def test_the_job_behind_finds_the_process_as_it_was(found, job):
    """Folder, environment, umask, paths, signals, streams, threads: as before any job ran."""
    assert found[job]["state"] == found["nothing"]["state"]


@pytest.mark.parametrize("job", ALL)
def test_the_output_of_the_job_behind_is_captured(made, job):
    """What it prints itself and what its child process prints is its output, and nothing else is."""
    expected = f"python says {job}\nchild says {job}\n"
    assert made.details[f"after-{job}"]["output_text"] == expected


@pytest.mark.parametrize("job", PUT_BACK)
def test_what_was_put_back_is_noted(made, found, job):
    """The worker goes on, and `details` says what the job had changed."""
    assert made.details[job]["notes"] == [PUT_BACK[job]]
    assert found[job]["same process"]


@pytest.mark.parametrize("job", QUIETLY)
def test_what_harms_nobody_is_not_spoken_of(made, found, job):
    """No note, and the same worker goes on."""
    assert "notes" not in made.details[job]
    assert found[job]["same process"]


@pytest.mark.parametrize("job", REPLACED)
def test_a_process_with_leftovers_runs_no_other_job(made, found, job):
    """Threads, children and files that a job left cost its process, and `details` says why."""
    assert REPLACED[job] in " ".join(made.details[job]["notes"])
    assert not found[job]["same process"]


def test_no_process_that_a_job_left_outlives_the_make(made):
    """A child that lives on, and a daemon that forked twice into a session of its own, are gone."""
    pids = dict(line.split() for line in made.noted if line.startswith(("child ", "daemon ")))
    assert set(pids) == {"child", "daemon"}
    if sys.platform != "linux":  # elsewhere nobody hears of a daemon
        del pids["daemon"]
    for pid in map(int, pids.values()):
        wait_until(lambda pid=pid: not is_alive(pid), f"the end of process {pid}")


def test_jobs_go_on_when_the_folder_is_gone_in_which_compmake_was_started(space):
    """A job deletes it under everybody; the jobs behind it run all the same, once each, and it is told."""
    space.write("prog.py", DELETES)
    folder = space.path / "sub"
    folder.mkdir()
    done = space.run("../prog.py", "parmake", "n=2", cwd=folder)
    assert not folder.exists()
    assert done.code == 0, done.err
    assert space.take_ledger() == sorted(f"after {i}" for i in range(15))
    (told,) = space.run("prog", "details", "deletes", "--json").objects
    assert "its current folder is gone" in told["notes"][0]


def is_alive(pid):
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
