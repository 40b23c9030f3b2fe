"""The zygote: a process that imports the user's modules once, forks a worker on request, and outlives the driver.

It is also the guardian: when the driver is gone, however it went, it kills every worker and all that they started.
Where forking is unsafe (a module started threads while it was imported; macOS) a worker is a new process instead.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, NoReturn

from compmake.apart import keep_apart
from compmake.capture import flush
from compmake.channel.address import NewsAddress
from compmake.codec.main_module import load_main
from compmake.define import running
from compmake.fingerprint.values import set_main_alias
from compmake.importing import import_by_content
from compmake.job import JobId
from compmake.orphans import become_subreaper, children, die_with_parent, kill_orphans
from compmake.serving import Lines, serve
from compmake.store import Address, Objects
from compmake.store.objects import objects_at

REQUEST = struct.Struct("<I16s")
"""The number of the worker wanted and its mark; its three lines come along."""
REPORT = struct.Struct("<BIiQI")
"""Kind, number of the worker, process id or wait status, peak memory, bytes of text that follow."""
READY, STARTED, EXITED, REFUSED = range(4)
BOOT = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from compmake.zygote import {0}; {0}(*sys.argv[2:])"
_LENGTH = struct.Struct("<Q")
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024
_FAREWELL_S = 2.0


class Setup(NamedTuple):
    """What the zygote needs to know of the program."""

    modules: tuple[str, ...]
    """To import before the first worker starts."""
    argv0: str
    main_alias: str
    objects: Address | None
    """Where the store's objects are; None if results go through the socket."""
    main: bytes
    """What `codec.main_module.dump_main` found."""
    with_locals: bool = True
    """Whether the local variables of jobs that fail are kept."""
    order: tuple[str, ...] = ()
    """All user modules, in the order in which the driver began to import them."""
    news: NewsAddress | None = None
    """A server to which workers tell how they are."""

    def to_bytes(self) -> bytes:
        """Return what `from_bytes` reads."""
        about = (self.modules, self.argv0, self.main_alias, self.objects, self.with_locals, self.order, self.news)
        head = json.dumps(about).encode()
        return _LENGTH.pack(len(head)) + head + self.main

    @classmethod
    def from_bytes(cls, data: bytes) -> "Setup":
        """Return what `to_bytes` wrote."""
        end = _LENGTH.size + _LENGTH.unpack_from(data)[0]
        modules, argv0, main_alias, objects, with_locals, order, news = json.loads(data[_LENGTH.size : end])
        objects = Address(objects[0], tuple(objects[1])) if objects else None
        news = NewsAddress(*news) if news else None
        return cls(tuple(modules), argv0, main_alias, objects, data[end:], with_locals, tuple(order), news)


def main(descriptor: str) -> NoReturn:
    """Be the zygote of the driver at the other end of a socket."""
    die_with_parent()  # until there is somebody to guard
    link = socket.socket(fileno=int(descriptor))
    size = _LENGTH.unpack(_received(link, _LENGTH.size))[0]
    zygote = _Zygote(link, Setup.from_bytes(_received(link, size)))
    zygote.run()
    os._exit(0)


def main_of_worker(calls: str, tokens: str, output: str, setup: str, mark: str, number: str) -> NoReturn:
    """Be a worker in a process of its own."""
    die_with_parent()
    with os.fdopen(int(setup), "rb") as file:
        settings = Setup.from_bytes(file.read())
    modules_before = frozenset(sys.modules)
    prepare(settings)
    lines = Lines(int(calls), int(tokens), int(output))
    _serve(lines, bytes.fromhex(mark), settings, objects_at(settings.objects), modules_before, int(number))


def prepare(setup: Setup) -> None:
    """Import the program's modules. What goes wrong is not told: jobs that need it will fail by themselves."""
    keep_apart(sys.path)
    import_by_content()
    set_main_alias(setup.main_alias)
    sys.argv = [setup.argv0]
    with running(JobId("(import)")):  # a program that calls comp() describes nothing here
        if _failing(setup.modules):
            # Modules that import one another load only in the order in which the program loaded them.
            _failing((*setup.order, *setup.modules))
        if setup.main:
            with contextlib.suppress(Exception):
                load_main(setup.main)


def _failing(names: Iterable[str]) -> list[str]:
    """Import modules; return those for which that did not work."""
    failing = []
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:  # also sys.exit() in a script without a guard
            failing.append(name)
    return failing


def _serve(
    lines: Lines, mark: bytes, setup: Setup, objects: Objects, modules_before: Collection[str], number: int
) -> NoReturn:
    told = (setup.news, worker_name(number)) if setup.news is not None else None
    serve(lines, mark, objects, modules_before, with_locals=setup.with_locals, told=told)


class _Zygote:
    def __init__(self, link: socket.socket, setup: Setup) -> None:
        self._link = link
        self._setup = setup
        self._modules_before = frozenset(sys.modules)
        self._workers: dict[int, int] = {}
        """Number of each living worker by its process id."""
        become_subreaper()
        prepare(setup)
        self._objects = objects_at(setup.objects)  # once for all workers: a server's client takes long to import
        gc.collect()
        gc.freeze()
        self._threads = _thread_count()
        self._own_children = children()
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._handlers = _outlive_signals()
        die_with_parent(False)
        self._report(READY, value=self._threads)

    def run(self) -> None:
        """Fork and reap until the driver is gone; then kill what is left."""
        try:
            while True:
                ready, _, _ = select.select([self._link, self._wake], [], [])
                if self._wake in ready:
                    self._wake.recv(4096)
                    self._reap()
                if self._link in ready and not self._take_request():
                    return
        except (ConnectionError, EOFError):
            return
        finally:
            self._farewell()

    def _take_request(self) -> bool:
        data, descriptors, _, _ = socket.recv_fds(self._link, REQUEST.size, 3)
        if not data:
            return False
        while len(data) < REQUEST.size:
            data += self._link.recv(REQUEST.size - len(data))
        number, mark = REQUEST.unpack(data)
        lines = Lines(*descriptors)
        try:
            flush()
            pid = self._fork(lines, mark, number) if self._threads == 1 else self._spawn(lines, mark, number)
        except OSError as error:
            self._report(REFUSED, number, text=str(error))
        else:
            self._workers[pid] = number
            self._report(STARTED, number, pid)
        finally:
            for descriptor in lines:
                os.close(descriptor)
        return True

    def _fork(self, lines: Lines, mark: bytes, number: int) -> int:
        parent = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            os.setsid()
            die_with_parent()
            if os.getppid() != parent:
                os._exit(0)
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for signal_number, handler in self._handlers.items():
                signal.signal(signal_number, handler)
            self._link.close()
            self._wake.close()
            os.dup2(lines.output, 1)
            os.dup2(lines.output, 2)
            _serve(lines, mark, self._setup, self._objects, self._modules_before, number)
        finally:
            os._exit(1)

    def _spawn(self, lines: Lines, mark: bytes, number: int) -> int:
        with tempfile.TemporaryFile() as setup:
            setup.write(self._setup.to_bytes())
            setup.seek(0)
            words = (*map(str, lines), str(setup.fileno()), mark.hex(), str(number))
            process = subprocess.Popen(
                [*python(), BOOT.format("main_of_worker"), json.dumps(sys.path), *words],
                stdin=subprocess.DEVNULL,
                stdout=lines.output,
                stderr=lines.output,
                pass_fds=(*lines, setup.fileno()),
                start_new_session=True,
            )
        process.returncode = 0  # reaped by us, not by it
        return process.pid

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not pid:
                break
            self._own_children.discard(pid)
            number = self._workers.pop(pid, None)
            if number is not None:
                self._report(EXITED, number, status, usage.ru_maxrss * _MAXRSS_BYTES)
        kill_orphans({*self._workers, *self._own_children})

    def _report(self, kind: int, number: int = 0, value: int = 0, peak_bytes: int = 0, text: str = "") -> None:
        data = text.encode("utf-8", "surrogatepass")
        self._link.sendall(REPORT.pack(kind, number, value, peak_bytes, len(data)) + data)

    def _farewell(self) -> None:
        for pid in self._workers:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        end = time.monotonic() + _FAREWELL_S
        while time.monotonic() < end:
            kill_orphans(set())
            try:
                pid, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                select.select([self._wake], [], [], 0.05)
                with contextlib.suppress(BlockingIOError):
                    self._wake.recv(4096)


def worker_name(number: int) -> str:
    """Return how people see the worker of a number: `w3`."""
    return f"w{number}"


def python() -> list[str]:
    """Return how this Python is started again for a program given by `-c`."""
    optimized = ["-" + "O" * sys.flags.optimize] if sys.flags.optimize else []
    return [sys.executable, "-P", *optimized, *(f"-W{option}" for option in sys.warnoptions), "-c"]


def _outlive_signals() -> dict[signal.Signals, Any]:
    """Take no notice of signals that end a process: a job may send them to its parent. Return what was done on them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    caught = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    for number in caught:
        signal.signal(number, lambda *_: None)  # not ignored: a new process, as a worker may be, would inherit that
    return caught


def _thread_count() -> int:
    """Return how many threads this process has, 2 where that cannot be told or forking is never safe."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return 2


def _received(link: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more:
            os._exit(0)
        data += more
    return bytes(data)
