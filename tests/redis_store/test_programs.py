"""Every command on a store of a server, and what becomes of a make when the server does not stay as it was."""

import os
import signal
import subprocess
import sys
import time

import pytest
from command_lines import run_each
from consoles import Console
from redis_servers import Server, wait_for
from spaces import clean_environment

from compmake.redis_link import connect

PROGRAM = """
    from compmake import comp
    from jobs import big, pair, small

    for n in range(4):
        comp(pair, comp(small, n), comp(big, n))
"""
JOBS = """
    import os, time
    from ledger import note

    def wait_for(name):
        while os.path.exists(os.path.join(os.path.dirname(__file__), name)):
            time.sleep(0.01)

    def small(n):
        note(f"small {n}")
        print("printed", n)
        return n

    def big(n):
        note(f"big {n}")
        wait_for("wait")
        return bytes([n]) * 3_000_000

    def pair(a, b):
        note(f"pair {a}")
        return a + len(b)
"""


class Program:
    """A program with a store on a server, run as users do."""

    def __init__(self, space, server):
        self.space, self.server = space, server
        space.write("prog.py", PROGRAM)
        space.write("jobs.py", JOBS)
        self.env = {
            "COMPMAKE_STORE": server.url,
            "COMPMAKE_REDIS": "off",
            "XDG_CONFIG_HOME": str(space.path / "config"),
            "XDG_STATE_HOME": str(space.path / "state"),
        }

    def run(self, *args):
        return self.space.run("prog", *args, env=self.env)

    def run_each(self, *lines):
        """Carry out commands in one process, one after the other."""
        return run_each(self.space, [["prog", *line.split()] for line in lines], env=self.env)

    def start(self, *args):
        """Begin a command and return its process."""
        words = [sys.executable, "-m", "compmake", "prog", *args]
        pipe = subprocess.PIPE
        environ = clean_environment() | self.env
        return subprocess.Popen(words, cwd=self.space.path, env=environ, stdout=pipe, stderr=pipe, text=True)

    def hold(self):
        """Let jobs named big wait until `let_go`."""
        (self.space.path / "wait").touch()

    def let_go(self):
        (self.space.path / "wait").unlink()

    def ran(self):
        return self.space.take_ledger()

    def wait_for_jobs(self, count):
        ledger = self.space.path / "ledger.txt"
        wait_for(lambda: ledger.exists() and len(ledger.read_text().splitlines()) >= count, "jobs")


ALL = sorted(f"{kind} {n}" for kind in ("small", "big", "pair") for n in range(4))


@pytest.fixture
def program(space, server):
    return Program(space, server)


def test_every_command_works(program):
    """What is made in one process is known in the next, and each command that looks or changes finds it."""
    done = program.run("parmake", "n=2")
    assert done.code == 0, done.err
    assert program.ran() == ALL
    looks = ("why pair", "details pair", "stats", "runs", "plan", "check", "gc -y")
    again, listed, output, *looked = program.run_each("make", "ls --json", "output small", *looks)
    assert "Nothing to do: 12 jobs" in again.err
    assert listed.objects[0]["state"] == "done"
    assert "printed 0" in output.out
    assert not [done for done in looked if done.code]
    program.run("clean", "big-2", "-y")
    assert program.run("make").code == 0
    assert program.ran() == ["big 1"]
    program.space.edit("jobs.py", "return a + len(b)", "return a - len(b)")
    assert "return a - len(b)" in program.run("why", "pair").out
    done = program.run("make")
    assert program.ran() == [f"pair {n}" for n in range(4)]


def test_a_store_is_looked_at_without_its_program(program):
    """A URL with the name of the store stands for a program."""
    program.run("make")
    done = program.space.run(f"{program.server.url}#prog", "ls", "--json", env=program.env)
    assert len(done.objects) == 12
    assert program.space.run(f"{program.server.url}#other", "ls", env=program.env).code == 3


def test_a_server_restarted_empty_in_mid_run_stops_the_make(program):
    """One clear line; the next make makes everything that was lost, and nothing counts as up to date before."""
    program.hold()
    make = program.start("make")
    program.wait_for_jobs(2)
    program.server.kill()
    program.server.start()
    program.let_go()
    _, told = make.communicate(timeout=60)
    assert make.returncode == 3
    assert "lost its data" in told and "Traceback" not in told
    program.ran()
    assert program.run("make").code == 0
    assert program.ran() == ALL


def test_a_flush_in_mid_run_stops_the_make(program):
    """The same when the server keeps running."""
    program.hold()
    make = program.start("make")
    program.wait_for_jobs(2)
    program.server.client().flushall()
    program.let_go()
    _, told = make.communicate(timeout=60)
    assert make.returncode == 3 and "lost its data" in told
    program.ran()
    program.run("make")
    assert program.ran() == ALL


def test_a_frozen_server_is_told_within_moments_and_the_make_goes_on(program):
    """While the server does not answer the screen says so; when it does, the make ends as if nothing had been."""
    program.hold()
    make = program.start("make")
    program.wait_for_jobs(2)
    program.server.freeze()
    lines = iter(make.stderr.readline, "")
    assert any("has not answered for 2 s" in line for line in lines)
    program.server.thaw()
    program.let_go()
    _, told = make.communicate(timeout=60)
    assert make.returncode == 0 and "answers again" in told
    assert program.ran() == ALL
    assert "Nothing to do" in program.run("make").err


def test_a_server_with_a_log_that_restarts_in_mid_run_costs_nothing(space):
    """With `appendonly yes` a killed server that comes back has all that was committed, and the make goes on."""
    server = Server("--appendonly", "yes")
    try:
        program = Program(space, server)
        program.hold()
        make = program.start("make")
        program.wait_for_jobs(2)
        server.kill()
        server.start()
        program.let_go()
        _, told = make.communicate(timeout=60)
        assert make.returncode == 0, told
        assert program.ran() == ALL
        assert "Nothing to do" in program.run("make").err
    finally:
        server.close()


def test_a_killed_driver_leaves_nothing_to_repair(program):
    """After kill -9 the next make goes on at once, with what was committed."""
    program.hold()
    make = program.start("make")
    program.wait_for_jobs(2)
    make.send_signal(signal.SIGKILL)
    make.communicate()
    program.let_go()
    done = program.run("make")
    assert done.code == 0, done.err
    assert program.run("check").code == 0


def test_a_second_make_is_refused(program):
    """It says who makes."""
    program.hold()
    make = program.start("make")
    program.wait_for_jobs(2)
    second = program.run("make")
    assert second.code == 3 and f"(pid {make.pid} on " in second.err
    assert program.run("ls").code == 0
    program.let_go()
    make.communicate(timeout=60)
    assert make.returncode == 0


def test_a_password_is_nowhere(space):
    """Neither in what is printed, nor in any key or value of the store, nor on a command line, nor in a file."""
    server = Server("--requirepass", "canary-7")
    try:
        program = Program(space, server)
        url = f"unix://:canary-7@{server.path}"
        program.env["COMPMAKE_STORE"] = url
        program.hold()
        make = program.start("parmake", "n=2")
        program.wait_for_jobs(2)
        lines = subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert "compmake prog" in lines and "canary-7" not in lines.replace("--requirepass canary-7", "")
        told = [program.run("make").err, program.run("config").out]
        program.let_go()
        told += make.communicate(timeout=60)
        for done in program.run_each("ls", "details pair", "stats", "runs", "config --json"):
            told += [done.out, done.err]
        program.env["COMPMAKE_STORE"] = url.replace("canary-7", "canary-7-wrong")
        told.append(program.run("ls").err)
        program.env["COMPMAKE_STORE"] = url + "/absent"
        told.append(program.run("ls").err)
        assert not [text for text in told if "canary" in text]
        client = connect(url, timeout_s=5.0)
        dump = [repr(client.dump(key)) for key in client.scan_iter()]
        assert dump and not [text for text in dump if "canary" in text]
        files = [path for path in space.path.rglob("*") if path.is_file()]
        assert not [path for path in files if b"canary" in path.read_bytes()]
    finally:
        server.close()


def test_a_key_of_ones_own(program):
    """The key is made on first use, in the user's folder; another file can be named, and is another key."""
    assert program.run("make").code == 0
    assert os.stat(program.space.path / "config" / "compmake" / "key").st_mode & 0o777 == 0o600
    done = program.space.run("--key-file", "other.key", "prog", "ls", env=program.env)
    assert done.code == 3 and "another key" in done.err


def test_an_evicting_server_needs_a_word(program):
    """Without `--cache-only` nothing is entrusted to it."""
    program.server.client().config_set("maxmemory-policy", "allkeys-lru")
    refused = program.run("make")
    assert refused.code == 3 and "--cache-only" in refused.err and program.ran() == []
    done = program.space.run("--cache-only", "prog", "make", env=program.env)
    assert done.code == 0, done.err


def test_a_store_moves_between_back_ends(program):
    """From a folder to a server and back: nothing needs to be made again, and what `why` and `stats` tell is there."""
    space, env = program.space, program.env
    folder = {**env, "COMPMAKE_STORE": ""}
    space.make("prog", env=folder)
    space.edit("jobs.py", "return a + len(b)", "return a - len(b)")
    space.make("prog", env=folder)
    copied = space.run("--copy-store", ".compmake/prog", program.server.url, env=folder)
    assert copied.code == 0 and "verified" in copied.out, copied.err
    assert "Nothing to do" in program.run("make").err
    back = space.run("--copy-store", f"{program.server.url}#prog", "back", env=folder)
    assert back.code == 0, back.err
    done = space.run("--store", "back", "prog", "make", env=folder)
    assert "Nothing to do" in done.err
    space.edit("jobs.py", "return a - len(b)", "return a + len(b)")
    space.take_ledger()
    assert "up to date" in space.run("--store", "back", "prog", "make", env=folder).err
    assert space.take_ledger() == []  # what was superseded was copied too
    again = space.run("--copy-store", ".compmake/prog", program.server.url, env=folder)
    assert again.code == 3 and "not empty" in again.err


def test_a_make_gives_up_once(program):
    """A server that does not come back is waited for as long as `patience` says, by a worker and by the driver once."""
    program.hold()
    with program.start("--config", "patience=3", "make", "-j", "2") as make:
        program.wait_for_jobs(2)
        program.server.kill()
        begun_s = time.monotonic()
        program.let_go()
        _, said = make.communicate(timeout=30)
        assert make.returncode == 3 and "cannot be reached" in said
        assert time.monotonic() - begun_s < 10


def test_a_console_outlives_its_server(program):
    """A command says that the server is away, and the prompt is there again; when it is back all goes on."""
    program.run("make")
    with Console(program.space, env=program.env | {"COMPMAKE_PATIENCE": "2"}) as console:
        console.ready("12/12")
        program.server.kill()
        assert "cannot be reached" in console.run("ls done")
        program.server.start()
        assert "never made" in console.run("why pair")
