"""Steering the make of another process with `--control`, as users do."""

import pytest
from makes_elsewhere import Making
from redis_servers import Server, wait_for
from spaces import Space

PROGRAM = """\
import os, time
from compmake import comp

def slow(i):
    open(f"begun-{i}", "w").close()
    while not os.path.exists("go"):
        time.sleep(0.02)
    return i

for i in range(4):
    comp(slow, i, job_id=f"slow-{i}")
"""


@pytest.fixture
def space(tmp_path):
    space = Space(tmp_path)
    space.write("prog.py", PROGRAM)
    return space


@pytest.fixture
def make(space):
    makes = []

    def begin(*options):
        makes.append(Making(space, *options))
        wait_for(lambda: len(begun(space)) == 2, "two jobs")
        wait_for(lambda: options or makes[-1].server(), "its server")
        return makes[-1]

    yield begin
    for making in makes:
        making.close()


def begun(space):
    return sorted(path.name for path in space.path.glob("begun-*"))


def ask(space, *words):
    """Return what a command with --control answers, once the make tells its news."""
    told = ("No make tells its news", "Not known whether", "no Redis")

    def answered():
        done = space.run("prog", "--control", *words)
        return None if any(text in done.out + done.err for text in told) else done

    return wait_for(answered, "the answer")


def test_make_of_another_terminal_is_steered(space, make):
    """Workers, cancel and resume arrive; the log of the make says what was done to it, its exit code that jobs lack."""
    making = make()
    assert ask(space, "pause").out.startswith("Paused")
    assert ask(space, "workers", "3").out.startswith("3 workers from now on")
    assert ask(space, "cancel", "slow-0", "slow-3", "-y").out.startswith(
        "Cancelled: 1 running job terminated, 1 waiting"
    )
    assert ask(space, "resume").out == "Jobs are started again.\n"
    wait_for(lambda: "begun-2" in begun(space), "the third")
    log = making.end()
    assert making.process.returncode == 1 and "begun-3" not in begun(space)
    for text in ("paused, 2 workers", "paused, 3 workers, 2 jobs cancelled", "going on, 3 workers", "2 interrupted"):
        assert text in log


def test_make_of_another_terminal_is_stopped(space, make):
    """`stop` goes one step further each time."""
    making = make()
    assert ask(space, "stop").out == "Stopping: nothing more is started.\n"
    assert ask(space, "stop").out == "Terminating what runs.\n"
    making.process.communicate(timeout=30)
    assert making.process.returncode == 130


def test_who_does_not_mean_it_is_refused(space, make):
    """Without --control nothing happens to the make of another process, and the line says what to type."""
    make()
    done = space.run("prog", "pause")
    assert done.code == 2 and "`compmake prog --control pause`" in done.err


def test_without_a_make_there_is_nothing_to_steer(space):
    """The answer is how the last make ended."""
    (space.path / "go").touch()
    space.run("prog", "make")
    done = space.run("prog", "--control", "pause")
    assert done.code == 2 and "No make is running. The last one, make" in done.err


def test_named_server_obeys_the_key_alone(space, make, tmp_path):
    """Requests through a server that others may use are signed with the user's key; with another key: refused."""
    server = Server()
    try:
        options = ("--redis", server.url, "--key-file", str(tmp_path / "key"))
        make(*options)
        foreign = ask(space, "--redis", server.url, "--key-file", str(tmp_path / "other"), "pause")
        assert foreign.out == "Refused: it is not signed with the key of whoever runs this make.\n"
        assert ask(space, *options, "pause").out.startswith("Paused")
    finally:
        server.close()
