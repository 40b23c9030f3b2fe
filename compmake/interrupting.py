"""What Ctrl-C, SIGTERM, SIGHUP and Ctrl-Z do while jobs run in worker processes."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType

from compmake.control import START_NONE, TERMINATE, Control
from compmake.words import plural

_Handler = Callable[[int, FrameType | None], object]


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
def heeding_signals(control: Control, *, inline: bool = False) -> Iterator[None]:
    """Let signals act on `control` and on its workers while the body runs, if this is the thread that hears them.

    Jobs that are run `inline` are in this very thread: SIGTERM and SIGHUP then interrupt them as Ctrl-C does. Signals
    that whoever started us wants ignored (`nohup`, a shell's background) stay ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = _handlers_without_workers() if inline else _handlers(control)
    before = {}
    for number, handler in handlers.items():
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _handlers(control: Control) -> Mapping[signal.Signals, _Handler]:
    def suspend(_number: int, _frame: FrameType | None) -> None:
        control.suspend_workers()
        stop_this_process()
        control.wake_workers()

    return {
        signal.SIGINT: lambda *_: control.press(),
        signal.SIGTERM: lambda *_: control.press(TERMINATE),
        signal.SIGHUP: lambda *_: control.press(TERMINATE),
        signal.SIGTSTP: suspend,
    }


def _handlers_without_workers() -> Mapping[signal.Signals, _Handler]:
    return {signal.SIGTERM: signal.default_int_handler, signal.SIGHUP: signal.default_int_handler}
