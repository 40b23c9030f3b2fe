"""What Ctrl-C, SIGTERM, SIGHUP and Ctrl-Z do while jobs run in worker processes."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Protocol

from compmake.words import plural

_Handler = Callable[[int, FrameType | None], object]
START_NONE, TERMINATE, KILL = 1, 2, 3
"""Each Ctrl-C takes one step: start nothing more, ask running jobs to end, kill them."""


class Suspending(Protocol):
    """Somebody with processes that must stop when this one does."""

    def suspend(self) -> None:
        """Stop them."""
        ...

    def resume(self) -> None:
        """Let them go on."""
        ...


class Stop:
    """How far the user has gone in wanting the make to end; a handler of signals may change it at any moment."""

    def __init__(self) -> None:
        self.level = 0
        self.key = "Ctrl-C"
        """What takes the next step."""
        self.workers: Suspending | None = None
        """Who runs the jobs, once somebody does."""
        self.wake, self._wake = os.pipe()
        """Readable when `level` has changed."""
        for descriptor in (self.wake, self._wake):
            os.set_blocking(descriptor, False)

    def press(self, at_least: int = 0) -> None:
        """Go one step further, or as far as `at_least`."""
        self.level = min(KILL, max(self.level + 1, at_least))
        with contextlib.suppress(OSError):  # it is full, or the make has ended
            os.write(self._wake, b"!")

    def suspend(self) -> None:
        """Stop the workers, for this process is about to be stopped."""
        if self.workers is not None:
            self.workers.suspend()

    def resume(self) -> None:
        """Let them go on."""
        if self.workers is not None:
            self.workers.resume()

    def close(self) -> None:
        """Close the pipe; pressing does nothing any more."""
        descriptors, self.wake, self._wake = (self.wake, self._wake), -1, -1
        for descriptor in descriptors:
            os.close(descriptor)


def stop_this_process() -> None:
    """Stop this process until somebody continues it."""
    # To this very thread: sent to the process, another one may take it, and this one go on for a moment.
    signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)


def step_text(level: int, running: int, key: str) -> str:
    """Return what to tell the user who went to `level`, and what `key` does next."""
    jobs = plural(running, "running job")
    if not running:
        return "Interrupted: starting nothing more, and nothing runs."
    if level == START_NONE:
        return f"Interrupted: starting nothing more, waiting for {jobs}. {key} again terminates them."
    if level == TERMINATE:
        return f"Terminating {jobs}. {key} again kills them."
    return f"Killing {jobs}."


@contextlib.contextmanager
def heeding_signals(stop: Stop, *, inline: bool = False) -> Iterator[None]:
    """Let signals act on `stop` and on its workers while the body runs, if this is the thread that hears them.

    Jobs that are run `inline` are in this very thread: SIGTERM and SIGHUP then interrupt them as Ctrl-C does. Signals
    that whoever started us wants ignored (`nohup`, a shell's background) stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = _handlers_without_workers() if inline else _handlers(stop)
    before = {}
    for number, handler in handlers.items():
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _handlers(stop: Stop) -> Mapping[signal.Signals, _Handler]:
    def suspend(_number: int, _frame: FrameType | None) -> None:
        stop.suspend()
        stop_this_process()
        stop.resume()

    return {
        signal.SIGINT: lambda *_: stop.press(),
        signal.SIGTERM: lambda *_: stop.press(TERMINATE),
        signal.SIGHUP: lambda *_: stop.press(TERMINATE),
        signal.SIGTSTP: suspend,
    }


def _handlers_without_workers() -> Mapping[signal.Signals, _Handler]:
    return {signal.SIGTERM: signal.default_int_handler, signal.SIGHUP: signal.default_int_handler}
