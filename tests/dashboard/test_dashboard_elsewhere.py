"""The dashboard in another terminal than that of the make."""

import contextlib
import re
import shutil
import signal
import subprocess
import sys

import pytest
from consoles import Console, let_go, write_program
from dashboards import Seen, Told
from redis_servers import Server
from terminal import Terminal, compmake_terminal

from compmake.channel import Event, EventKind
from compmake.job import JobId


@pytest.fixture
def space(tmp_path):
    """A program with jobs that run until a test lets them go, and one that fails."""
    return write_program(tmp_path)


@pytest.fixture
def making(space):
    """A make in a terminal of its own."""
    with compmake_terminal(space, "prog", "make", "-j", "3") as making:
        making.wait_for("gate-")
        yield making
        let_go(space, "a", "b")


def test_another_terminal_attaches_follows_and_stays_at_the_end(space, making):
    """With all that happened before it came, what a running job prints, and the summary."""
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for("redis private ok")
        shown = seen.wait_for(re.compile(r"▶ run +gate-a"))
        assert "✘ 1 failed" in shown
        seen.press("/")
        seen.send("gate-b\r")
        seen.wait_for("─ gate-b  ▶ running")
        seen.press("2")
        seen.wait_for("waiting for b")
        let_go(space, "a", "b")
        seen.wait_for("─ Summary")
        assert making.wait_end() == 1
        seen.press("q")
        assert seen.wait_end() == 0


def test_it_only_looks(space, making):
    """What would change anything is refused in one line; what looks is carried out."""
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for(re.compile(r"▶ run +gate-a"))
        for keys in ("p", "a", ":clean all\r", ":make\r"):
            seen.send(keys)
            seen.wait_for("this dashboard only looks: open it with --control")
            seen.press("down")
            seen.wait_gone("this dashboard only looks")
        seen.send(":runs\r")
        seen.wait_for("make -j 3")


def test_with_control_it_steers_the_make(space, making):
    """Paused, and gone on, through the server of the news."""
    with compmake_terminal(space, "prog", "--control", "dash") as seen:
        seen.wait_for(re.compile(r"▶ run +gate-a"))
        seen.press("p")
        seen.wait_for("Paused: no job is started any more")
        seen.wait_for("PAUSED")
        seen.press("p")
        seen.wait_for("Jobs are started again")
        seen.press("/")
        seen.send("gate-b\r")
        seen.wait_for("─ gate-b  ▶ running")
        seen.press("a", "x", "y")
        seen.wait_for(re.compile("! stop +gate-b"))


def test_with_control_it_changes_a_store_that_is_free(space):
    """Jobs are cleaned, and made at the terminal, as from a command line."""
    let_go(space, "a", "b")
    assert space.run("prog", "make").code == 1
    with compmake_terminal(space, "prog", "--control", "dash") as seen:
        seen.wait_for(re.compile(r"✘ fail +func2-3"))
        seen.send(":clean -y func1\r")
        seen.wait_for(re.compile(r"◌ ready +func1 "))
        seen.send(":make func1\r")
        seen.wait_for("Enter: back to the dashboard")
        assert "1 done" in seen.shown
        seen.press("enter")
        seen.wait_for("─ Jobs")


def test_a_recording_is_played_halted_and_looked_at(space):
    """Without program and store; nothing can be done to it."""
    let_go(space, "a", "b")
    assert space.run("--record", "run.jsonl", "prog", "make").code == 1
    shutil.rmtree(space.path / ".compmake")
    with compmake_terminal(space, "--replay", "run.jsonl") as seen:
        seen.wait_for("─ Summary")
        seen.wait_for(re.compile(r"✘ fail +func2-3"))
        seen.press("p")
        seen.wait_for("the recording is halted")
        seen.press("+")
        seen.wait_for("the recording runs 2 times as fast")
        seen.press("a")
        seen.wait_for("this is a recording")
        seen.press("f")
        seen.wait_for("filter: failed, blocked")
        seen.press("enter")
        seen.wait_for("> steps.py:14 in func2")
        seen.press("q")
        seen.wait_for("filter: failed, blocked")
        seen.press("q")
        assert seen.wait_end() == 0


def test_a_server_that_is_lost_is_told_and_news_come_again(space):
    """What was known stays; the make goes on without it, and when the server is back so does the dashboard."""
    server = Server()
    try:
        options = ("prog", "--redis", server.url)
        with compmake_terminal(space, *options, "make", "-j", "3") as making, contextlib.ExitStack() as stack:
            making.wait_for("gate-")
            seen = stack.enter_context(compmake_terminal(space, *options, "dash"))
            seen.wait_for(re.compile(r"▶ run +gate-a"))
            server.kill()
            seen.wait_for("no news for")
            assert re.search(r"▶ run +gate-a", seen.shown)
            server.start()
            seen.wait_gone("no news for")
            let_go(space, "a", "b")
            seen.wait_for("─ Summary")
            assert making.wait_end() == 1
    finally:
        server.close()


def test_a_console_shows_the_make_of_another_terminal(space):
    """Where none of its own runs: its dashboard has the news of the other one, which it does not steer."""
    with Console(space) as console:
        console.ready()
        with compmake_terminal(space, "prog", "make", "-j", "3") as making:
            making.wait_for("gate-")
            console.press("f2")
            console.wait_for("redis private ok")
            console.wait_for(re.compile(r"▶ run +gate-a"))
            console.press("p")
            console.wait_for("no make is running here")
            let_go(space, "a", "b")
            console.wait_for("─ Summary")
            assert making.wait_end() == 1
        console.press("q")
        console.ready()


def test_it_waits_for_a_make(space):
    """How the jobs stand in the store is shown until there is one."""
    let_go(space, "a", "b")
    assert space.run("prog", "make").code == 1
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for("─ No make")
        seen.wait_for(re.compile(r"✘ fail +func2-3"))
        for name in ("a", "b"):
            (space.path / f"open-{name}").unlink()
        with compmake_terminal(space, "prog", "remake", "-y", "gate()"):
            seen.wait_for(re.compile(r"▶ run +gate-[ab]"))
            let_go(space, "a", "b")
            seen.wait_for("─ Summary")


def test_without_a_make_the_jobs_are_those_of_the_program(space):
    """Also one that was never made, of which the store knows nothing; they are counted, and the last make is told."""
    let_go(space, "a", "b")
    assert space.run("prog", "make", "gate-a").code == 0
    with compmake_terminal(space, "prog", "dash") as seen:
        shown = seen.wait_for(re.compile(r"◌ ready +gate-b"))
        assert re.search(r"✔ ?1 done", shown)
        assert "The last one, make gate-a" in shown and "redis" not in shown


@pytest.mark.skipif(shutil.which("tmux") is None, reason="there is no tmux")
def test_in_tmux(space, making, tmp_path):
    """At 80x24, where the terminal is one that another program draws."""
    tmux = ["tmux", "-S", str(tmp_path / "tmux"), "-f", "/dev/null"]
    try:
        with Terminal([*tmux, "new-session", f"{sys.executable} -m compmake prog dash"], cwd=space.path) as seen:
            seen.wait_for(re.compile(r"▶ run +gate-a"))
            seen.press("f")
            seen.wait_for(re.compile(r"▌ ✘ fail +func2-3"))
            seen.press("q")
            seen.wait_for("[exited]")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def test_a_recording_that_was_cut_off_promises_nothing(space):
    """Neither news to come, nor what only a store knows."""
    let_go(space, "a", "b")
    assert space.run("--record", "run.jsonl", "prog", "make").code == 1
    whole = (space.path / "run.jsonl").read_bytes()
    (space.path / "run.jsonl").write_bytes(whole[: whole.index(b'"job-done"')])
    with compmake_terminal(space, "--replay", "run.jsonl", columns=100) as seen:
        shown = seen.wait_for("it was cut off before the end of the make")
        assert "news come again" not in shown
        seen.press("3")
        seen.wait_for("a recording does not tell this")


def test_trouble_is_told_though_no_time_passes():
    """The clock of a recording stands still at its end: that it was cut off there is drawn all the same."""
    source = Told([])
    seen = Seen(source)
    seen.tick()
    assert not seen.dashboard.tick().is_new
    source.is_lost = True
    assert seen.dashboard.tick().is_new
    assert "the server is away" in seen.shown()
    assert not seen.dashboard.tick().is_new


def test_workers_are_not_silent_because_no_news_come():
    """Neither while the server is away nor in the moment before they are heard again."""
    start = Event(EventKind.RUN_STARTED, 0.0, count=2, workers=1)
    source = Told([[start, Event(EventKind.JOB_STARTED, 0.0, JobId("a"), "f", worker="w1")]])
    seen = Seen(source)
    seen.tick()
    source.is_lost = True
    for _ in range(14):
        seen.tick(1.0)
    assert "silent" not in seen.shown()
    source.is_lost = False
    seen.tick()
    seen.press("E")
    assert "silent" not in seen.shown()


def test_control_may_be_said_behind_the_command(space, making):
    """As one would say any other option of a command."""
    with compmake_terminal(space, "prog", "dash", "--control") as seen:
        seen.wait_for(re.compile(r"▶ run +gate-a"))
        seen.press("p")
        seen.wait_for("Paused: no job is started any more")
        seen.press("p")


def test_a_server_that_ended_with_its_make_is_not_lost(space, making):
    """A private one is gone a second later: all is well."""
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for(re.compile(r"▶ run +gate-a"))
        let_go(space, "a", "b")
        seen.wait_for("─ Summary")
        seen.wait_gone("redis private")
        assert "lost" not in seen.lines[0]


def test_a_running_job_without_output_is_told_so(space):
    """It is no trouble of the news."""
    space.write("prog.py", "from compmake import comp\nfrom steps import silent\ncomp(silent, job_id='mute')\n")
    with (space.path / "steps.py").open("a") as steps:
        steps.write("\ndef silent():\n    while not (HERE / 'open-a').exists():\n        time.sleep(0.01)\n")
    assert space.run("prog", "ls").code == 0  # there is a store to look at
    with compmake_terminal(space, "prog", "make", "-j", "2"), compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for(re.compile(r"▶ run +mute"))
        seen.press("2")
        seen.wait_for("(it has printed nothing)")
        let_go(space, "a")


def test_before_the_first_make_it_waits_too(space):
    """Nothing was ever made, there is no store: the jobs are those of the program."""
    shutil.rmtree(space.path / ".compmake", ignore_errors=True)
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for("func2-3")
        seen.press("q")
        assert seen.wait_end() == 0


def test_a_failure_has_its_source_and_its_local_variables(space, making):
    """News carry the place alone; the rest is in the store."""
    with compmake_terminal(space, "prog", "dash", rows=45, columns=160) as seen:
        seen.wait_for("✘ 1 failed")
        seen.press("f")
        seen.wait_for("filter: failed, blocked")
        seen.wait_for('raise ValueError("fifteen is too much")')
        seen.wait_for("x = 15")


def test_a_make_that_was_killed_is_over(space, making):
    """Nothing runs any more, and nothing is said to go on; the failures that were told stay."""
    with compmake_terminal(space, "prog", "dash") as seen:
        seen.wait_for(re.compile(r"▶ run +gate-a"))
        making.signal(signal.SIGKILL)
        shown = seen.wait_for("make stopped in")
        assert "goes on" not in shown and not re.search(r"▶ run", shown)
        assert "✘ 1 failed" in shown


def test_a_server_that_is_not_there_yet_is_waited_for(space):
    """A make that begins when it is there is shown; until then, how the jobs stand in the store."""
    server = Server()
    server.kill()
    try:
        options = ("prog", "--redis", server.url)
        with compmake_terminal(space, *options, "dash") as seen:
            seen.wait_for("─ No make")
            server.start()
            with compmake_terminal(space, *options, "make", "-j", "3"):
                seen.wait_for(re.compile(r"▶ run +gate-a"))
                let_go(space, "a", "b")
                seen.wait_for("─ Summary")
    finally:
        server.close()
