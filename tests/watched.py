"""`Watched`: a make that runs while a test presses keys, sends signals, kills, and counts the processes of it."""

import fcntl
import os
import pty
import re
import select
import subprocess
import sys
import termios
import threading
import time
import uuid
from collections.abc import Callable

import psutil
from spaces import Space, clean_environment
from withstanding import wait_until

CTRL_C, CTRL_Z = b"\x03", b"\x1a"
_MARK = "WITNESS"


class Watched:
    """compmake, or any Python program, running; each process that comes of it has a mark in its environment."""

    def __init__(
        self,
        space: Space,
        *args: str,
        terminal: bool = True,
        command: tuple[str, ...] = ("-m", "compmake"),
        prepare: Callable[[], None] | None = None,
    ) -> None:
        """Start `compmake ARGS`.

        Args:
            space: Where.
            args: After the command.
            terminal: Give it a pseudo-terminal that it is the foreground of, else a pipe for its output.
            command: What Python is to run.
            prepare: Called in the new process before anything else.
        """
        self.space = space
        self.shown = ""
        """Everything that it has shown so far."""
        self._mark = uuid.uuid4().hex
        self._read, theirs = pty.openpty() if terminal else os.pipe()
        self._terminal = os.dup(theirs) if terminal else None

        def prepare_all() -> None:
            if terminal:
                fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
            if prepare is not None:
                prepare()

        self.process = subprocess.Popen(
            [sys.executable, *command, *args],
            cwd=space.path,
            env=clean_environment() | {_MARK: self._mark},
            stdin=theirs if terminal else subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=prepare_all,
        )
        os.close(theirs)
        self._stop, self._stopping = os.pipe()
        self._reader = threading.Thread(target=self._drain)
        self._reader.start()

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for process in self.family():
            process.kill()
        self._stop_reading()
        for descriptor in (self._terminal, self._read, self._stop, self._stopping):
            if descriptor is not None:
                os.close(descriptor)

    def press(self, key: bytes) -> None:
        """Type a key."""
        os.write(self._read, key)

    def press_and_wait(self, key: bytes, pattern: str) -> None:
        """Type a key and wait until something that it brings about is shown."""
        seen = len(re.findall(pattern, self.shown))
        self.press(key)
        wait_until(lambda: len(re.findall(pattern, self.shown)) > seen, f"{pattern!r} in {self.shown!r}")

    def send_and_wait(self, number: int, pattern: str) -> None:
        """Send it a signal and wait until something that this brings about is shown."""
        seen = len(re.findall(pattern, self.shown))
        self.process.send_signal(number)
        wait_until(lambda: len(re.findall(pattern, self.shown)) > seen, f"{pattern!r}")

    def hang_up(self) -> None:
        """Close the terminal, as its window does; the kernel sends SIGHUP, and nothing can be written any more."""
        self._stop_reading()
        os.dup2(self._stop, self._read)

    def wait_for_files(self, *names: str) -> None:
        """Wait until jobs have made these files."""
        wait_until(lambda: self.ended or all((self.space.path / name).exists() for name in names), str(names))
        assert all((self.space.path / name).exists() for name in names), self.shown

    def end(self, within_s: float = 60.0) -> int:
        """Wait until it ends, at most so long, and return its exit code."""
        started = time.monotonic()
        code = self.process.wait(60)
        took_s = time.monotonic() - started
        assert took_s < within_s, f"it took {took_s:.2f} s to end"
        self._stop_reading()
        return code

    def settings_of_terminal(self) -> list:
        """Return what the terminal does with what is typed: echo, Ctrl-C and the like."""
        assert self._terminal is not None
        return termios.tcgetattr(self._terminal)

    def family(self) -> list[psutil.Process]:
        """Return all processes of it that live, wherever they hang in the tree."""
        return [process for process in psutil.process_iter() if self._is_of_family(process)]

    def zygote(self) -> psutil.Process | None:
        """Return the parent of the workers, None if there is none now."""
        try:
            return next(iter(psutil.Process(self.process.pid).children()), None)
        except psutil.Error:
            return None

    def workers(self) -> list[psutil.Process]:
        """Return the worker processes that live now."""
        zygote = self.zygote()
        try:
            return [] if zygote is None else [one for one in zygote.children() if _is_worker(one)]
        except psutil.Error:
            return []

    def assert_gone(self, within_s: float = 1.0) -> None:
        """Assert that very soon nothing of it lives; the server of its news stays a second longer, for who watches."""
        end = time.monotonic() + within_s
        while family := [one for one in self.family() if not _serves_news(one)]:
            assert time.monotonic() < end, [(one.pid, one.cmdline()[-2:]) for one in family]
        wait_until(lambda: not self.family(), "the end of the server of its news")

    @property
    def ended(self) -> bool:
        """Whether the process that was started has ended."""
        return self.process.poll() is not None

    def _is_of_family(self, process: psutil.Process) -> bool:
        try:
            return process.status() != psutil.STATUS_ZOMBIE and process.environ().get(_MARK) == self._mark
        except psutil.Error:
            return False

    def _stop_reading(self) -> None:
        """Read what is still there, and no more."""
        if self._reader.is_alive():
            os.write(self._stopping, b"!")
            self._reader.join()

    def _drain(self) -> None:
        while self._read in select.select([self._read, self._stop], [], [])[0]:
            try:
                data = os.read(self._read, 65536)
            except OSError:  # Linux says so when the last process has closed the terminal
                return
            if not data:
                return
            self.shown += data.decode("utf-8", "replace")


def _is_worker(process: psutil.Process) -> bool:
    """Tell it from a daemon that a job has started, whose parent is the zygote too."""
    try:
        return any("compmake.zygote" in word for word in process.cmdline())  # a zombie has none
    except psutil.Error:
        return False


def _serves_news(process: psutil.Process) -> bool:
    """Tell whether it is the server, or what keeps it, which waits for a second and then removes its folder."""
    try:
        words = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return "unixsocket" in words or words == "sleep 1" or words.startswith("rm -rf ")
