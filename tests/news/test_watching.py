"""A make in one process, looked at from another, as users do."""

import json
import os
import signal
import subprocess
import sys

import psutil
import pytest
from makes_elsewhere import Making, rest_of, watching
from redis_servers import Server, wait_for
from spaces import Space, clean_environment
from terminal import Terminal

PROGRAM = """\
import os
import time
from compmake import comp, progress

def slow(name):
    for step in range(600):
        progress("step", step, 600)
        print("line", step, flush=True)
        if os.path.exists(name):
            return name
        time.sleep(0.05)

comp(slow, "go", job_id="slow-job")
comp(slow, "go", job_id="other")
"""


@pytest.fixture
def space(tmp_path):
    space = Space(tmp_path)
    space.write("prog.py", PROGRAM)
    return space


@pytest.fixture
def making(space):
    making = Making(space)
    yield making
    making.close()


def test_watch_finds_the_make_and_ends_with_it(space, making):
    """In a second terminal `watch` shows how the make stands, each event, and the summary; the exit code is 0."""
    wait_for(making.server, "its server")
    watch = watching(space, "watch")
    first = watch.stdout.readline()
    assert "make 2 jobs 2 workers" in first
    making.let_go()
    rest = rest_of(watch)
    assert watch.returncode == 0
    assert "done slow-job slow()" in rest and "2 done, 0 failed" in rest


def test_workers_tell_of_themselves(space, making):
    """`stats --workers` has what each worker knows: process, attempt, progress, the line of code, memory, output."""
    row = making.wait_for_workers()[0]
    assert row["job"] in ("slow-job", "other") and row["attempt"] == 1 and row["peak_bytes"] > 1 << 20
    assert row["place"].startswith("prog.py:") and row["progress"].startswith("step ")
    assert row["last_line"].startswith("line ") and psutil.pid_exists(row["pid"])
    table = space.run("prog", "stats", "--workers").out
    assert "slow-job" in table and "prog.py:" in table


def test_where_tells_the_whole_stack(space, making):
    """`where JOB` is answered by the worker of the job, with the lines of code."""
    making.wait_for_workers()
    done = space.run("prog", "where", "slow-job")
    assert done.code == 0 and "prog.py:" in done.out and " in slow" in done.out and "time.sleep(0.05)" in done.out
    other = space.run("prog", "where", "nosuch")
    assert other.code == 2 and "nosuch is not running; running: " in other.err


def test_a_worker_with_limited_memory_tells_through_the_driver(space):
    """No client of a server fits below the limit, yet `stats --workers` has process and peak, and `where` the stack."""
    space.edit(
        "prog.py", 'comp(slow, "go", job_id="slow-job")', 'comp.options(job_id="slow-job", memory="200MB")(slow, "go")'
    )
    making = Making(space)
    try:
        row = wait_for(
            lambda: [row for row in space.run("prog", "stats", "--workers", "--json").objects if "pid" in row],
            "what the worker says",
        )[0]
        assert psutil.pid_exists(row["pid"]) and row["peak_bytes"] > 1 << 20
        done = space.run("prog", "where", "slow-job")
        assert done.code == 0 and " in slow" in done.out and "time.sleep(0.05)" in done.out and not done.err
    finally:
        making.end()


def test_output_is_followed_to_its_end(space, making):
    """`output JOB -f` prints every line once, from the first to the last, and ends with the job."""
    making.wait_for_workers()
    follow = watching(space, "output", "slow-job", "-f")
    assert follow.stdout.readline() == "line 0\n"
    making.let_go()
    rest = rest_of(follow)
    lines = ["line 0", *rest.splitlines()]
    assert lines == [f"line {number}" for number in range(len(lines))] and follow.returncode == 0
    assert space.run("prog", "output", "slow-job").out.splitlines() == lines


def test_an_emptied_server_does_not_end_what_is_followed(space):
    """While the server is told anew which jobs run, `output JOB -f` goes on with the one that it follows."""
    server = Server()
    making = Making(space, "--redis", server.url)
    try:
        options = ("--redis", server.url)
        wait_for(lambda: '"seq"' in space.run("prog", *options, "stats", "--workers", "--json").out, "the workers")
        follow = watching(space, *options, "output", "slow-job", "-f")
        assert follow.stdout.readline() == "line 0\n"
        server.client().flushall()
        lines = ["line 0", *(follow.stdout.readline().rstrip() for _ in range(100))]
        making.let_go()
        lines += rest_of(follow).splitlines()
        assert lines == [f"line {number}" for number in range(len(lines))]
        making.end()
        assert space.run("prog", "output", "slow-job").out.splitlines() == lines
    finally:
        making.end()
        server.close()


def test_a_server_that_takes_no_news_is_told_wherever_somebody_asks(space):
    """The make goes on and says why; nobody is told that a job does not run, or that there are no workers."""
    server = Server("--requirepass", "canary", "--maxmemory", "1")
    try:
        making = Making(space, "--redis", f"unix://:canary@{server.path}")
        wait_for(lambda: "screen says why" in asked(space, server, "canary", "where", "slow-job").err, "the reason")
        for words in (("stats", "--workers"), ("output", "slow-job", "-f")):
            done = asked(space, server, "canary", *words)
            assert done.code == 2 and "its own screen says why" in done.err
        wrong = asked(space, server, "wrong-canary", "stats", "--workers")
        assert f"{server.path} refuses this user or password" in wrong.err and "canary" not in wrong.err
        watch = watching(space, "--redis", f"unix://:canary@{server.path}", "watch")
        assert "its own screen says why" in watch.stdout.readline()
        shown = making.end()
        assert making.process.returncode == 0 and "2 done" in shown and rest_of(watch)
        assert f"{server.path} is out of memory (maxmemory)" in shown and "canary" not in shown
    finally:
        server.close()


def asked(space, server, password, *words):
    return space.run("prog", "--redis", f"unix://:{password}@{server.path}", *words)


def test_killed_server_costs_neither_make_nor_news(space, making):
    """The private server is started again in mid-run; the make ends well and the viewer hears its end."""
    server = wait_for(making.server, "its server")
    watch = watching(space, "watch", "--json")
    assert json.loads(watch.stdout.readline())["event"] == "run-started"
    server.kill()
    wait_for(lambda: (again := making.server()) and again.pid != server.pid, "another server")
    shown = making.end()
    assert making.process.returncode == 0 and "2 done, 0 failed" in shown
    events = [json.loads(line)["event"] for line in rest_of(watch).splitlines()]
    assert events.count("job-done") == 2 and events[-1] == "run-ended"


def test_frozen_server_stops_nobody(space, making):
    """With its server stopped the make says so and ends well; a viewer says so too, and is not stuck."""
    server = wait_for(making.server, "its server")
    watch = watching(space, "watch")
    watch.stdout.readline()
    server.send_signal(signal.SIGSTOP)
    assert wait_for(lambda: "No news since" in watch.stdout.readline(), "the viewer's word")
    shown = making.end()
    assert making.process.returncode == 0 and "2 done" in shown and "get no news of this make since" in shown
    assert "its last news did not come" in rest_of(watch)
    wait_for(lambda: not server.is_running(), "the end of the server")


def test_killed_make_is_told(space, making):
    """When the driver is killed its server goes too, and `watch` ends and says that it has ended."""
    server = wait_for(making.server, "its server")
    watch = watching(space, "watch")
    watch.stdout.readline()
    os.kill(making.process.pid, signal.SIGKILL)
    assert "has ended" in rest_of(watch) and watch.returncode == 0
    wait_for(lambda: not server.is_running(), "the end of the server")


def test_nothing_runs(space):
    """Without a make that runs `watch` says so, and how the last one ended."""
    (space.path / "go").touch()
    space.make()
    done = space.run("prog", "watch")
    assert done.code == 0 and done.out.startswith("No make is running. The last one, make, ")
    assert space.run("prog", "stats", "--workers").out.startswith("No make is running.")


def test_named_server_carries_the_news(space):
    """`--redis URL` names a server: that has the news, a viewer without the URL is told to name it, none is private."""
    server = Server("--requirepass", "canary")
    url = f"unix://:canary@{server.path}"
    try:
        making = Making(space, "--redis", url)
        wait_for(lambda: space.run("prog", "watch").code == 2, "its news")
        without = space.run("prog", "watch")
        assert "--redis URL" in without.err and server.path in without.err and "canary" not in without.err
        watch = watching(space, "--redis", url, "watch")
        assert "make 2 jobs" in watch.stdout.readline()
        assert making.server() is None
        assert "canary" not in making.end() + rest_of(watch)
        assert b"canary" not in b"".join(p.read_bytes() for p in space.path.glob(".compmake/**/index.db*"))
    finally:
        server.close()


def test_news_can_be_turned_off(space):
    """`redis = off`: no server, and `watch` says why nothing is heard."""
    making = Making(space, "--redis", "off")
    wait_for(lambda: psutil.Process(making.process.pid).children(), "its workers")
    wait_for(lambda: space.run("prog", "runs").out.count("make"), "the make")
    done = space.run("prog", "watch")
    assert making.server() is None
    making.end()
    assert done.code == 2 and "its setting redis is off" in done.err


def test_a_pipe_sees_each_event_at_once(space, making):
    """`watch | ...` hands on each line when it comes, not when the make has ended."""
    wait_for(making.server, "its server")
    command = f"{sys.executable} -m compmake prog -c 'watch | cat'"
    with subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=space.path, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as watch:
        assert "make 2 jobs" in watch.stdout.readline()
        assert making.process.poll() is None
        making.let_go()
        assert "2 done" in watch.stdout.read()


def test_ctrl_c_leaves_watch(space, making):
    """It is the way to leave: exit code 0, and the prompt of the shell begins on a line of its own."""
    wait_for(making.server, "its server")
    with Terminal([sys.executable, "-m", "compmake", "prog", "watch"], cwd=space.path) as terminal:
        terminal.wait_for("make 2 jobs")
        terminal.press("ctrl-c")
        assert terminal.wait_end() == 0
        assert terminal.cursor[0] == 0


def test_other_terminals_see_what_runs(space, making):
    """`ls running` lists the jobs of a make of another process."""
    making.wait_for_workers()
    assert {job["job"] for job in space.run("prog", "ls", "running", "--json").objects} == {"slow-job", "other"}


def test_output_of_a_job_that_does_not_run_says_so(space, making):
    """What `output -f` shows of the last attempt is not taken for what runs."""
    making.end()
    done = space.run("prog", "output", "other", "-f")
    assert done.code == 0 and "(other does not run now: that is what it printed" in done.out


def test_a_worker_table_has_attempts_and_no_empty_columns(space, making):
    """The attempt is told; what no worker has said takes no room."""
    making.wait_for_workers()
    head = space.run("prog", "stats", "--workers").out.splitlines()[0].split()
    assert "try" in head and "failed" not in head
