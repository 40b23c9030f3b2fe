"""Watching a make in the foreground: the keys it knows, and what signals do while it has the terminal."""

import contextlib
import os
import select
import signal
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Protocol

from compmake.control import REFUSED, TERMINATE, Control
from compmake.interrupting import stop_this_process
from compmake.ui.frontend import Foreground
from compmake.ui.summary import failure_lines
from compmake.ui.text import PLAIN, Style
from compmake.ui.view import View

_POLL_S = 0.03
"""How late it may be noticed that the make has ended; signals and keys are heard at once."""
_TYPED_AT_ONCE = 3
"""More characters than this that come together were pasted: they are text, not keys."""
_PASTE_GAP_S = 0.1
"""What follows a pasted text sooner than this belongs to it."""
_READ_BYTES = 4096
_EMPTY_AT_MOST = 10
"""A terminal that says so often that there is something to read, and there is nothing, is gone."""
_HELP = (
    "f       the failures so far",
    "p       start no job any more; again: go on",
    "+ -     one worker more, one fewer",
    "b       leave the make in the background: the prompt comes back",
    "d       the dashboard; back with q",
    "Ctrl-C  start nothing more; again: terminate what runs; again: kill it",
    "Ctrl-Z  suspend everything; the shell's fg goes on",
)


class Watched(Protocol):
    """A make that runs in another thread."""

    control: Control

    def finished(self) -> bool:
        """Tell whether nothing more will be shown of it."""
        ...

    def unseen(self) -> AbstractContextManager[None]:
        """Show nothing of it meanwhile, and afterwards what happened."""
        ...


def watch(
    make: Watched,
    screen: Foreground,
    *,
    stdin: int = 0,
    width: Callable[[], int] | None = None,
    style: Style = PLAIN,
    keep: Callable[[str], None] = lambda _: None,
    dashboard: Callable[[], None] | None = None,
    clock: Callable[[], float] = time.time,
) -> bool:
    """Let the user steer a make until it has ended; to be called in the main thread.

    Args:
        make: What runs; whoever started it feeds `screen` and lets it tick.
        screen: Shows it.
        stdin: The terminal that keys come from; what is no terminal is not read.
        width: Asked for the columns of the terminal; None if lines may be of any length.
        style: Signs, for lists of failures.
        keep: Gets what was pasted: it is meant for the next prompt, no key.
        dashboard: Shows it until the user leaves it; None where that cannot be.
        clock: Epoch seconds.

    Returns:
        Whether the user sent it to the background; else it has ended.
    """
    with _Signals(make) as signals, _Keyboard(stdin, keep, clock) as keyboard:
        while not make.finished():
            signals.wait([keyboard.descriptor] if keyboard.descriptor is not None else [], _POLL_S)
            if signals.take(signal.SIGTSTP):
                _suspend(make, screen, keyboard)
                screen.redraw(clock())
            if signals.take(signal.SIGWINCH):
                screen.redraw(clock())
            screen.show_step(make.control.level, clock())
            for key in keyboard.typed():
                if key == "b":
                    return True
                if key == "f":
                    screen.tell(_failures(width, style), clock())
                elif key in ("?", "h"):
                    screen.tell(lambda _: _HELP, clock())
                elif key == "d" and dashboard is not None:
                    _look_elsewhere(make, screen, keyboard, dashboard)
                    screen.redraw(clock())
                elif key in _STEERING:
                    answer = _STEERING[key](make.control)
                    if answer.startswith(REFUSED):  # what is done the make tells
                        screen.tell(_saying(answer), clock())
    return False


def _failures(width: Callable[[], int] | None, style: Style) -> Callable[[View], Sequence[str]]:
    def failures(view: View) -> Sequence[str]:
        lines = failure_lines(list(view.failures), style, width=width() if width is not None else None)
        return lines or ["No failures so far."]

    return failures


def _look_elsewhere(make: Watched, screen: Foreground, keyboard: "_Keyboard", dashboard: Callable[[], None]) -> None:
    """Let something else have the screen; the make tells it nothing meanwhile, for it would wait for it."""
    with make.unseen(), screen.away(), keyboard.given_back():
        dashboard()


def _saying(text: str) -> Callable[[View], Sequence[str]]:
    return lambda _: [text]


_STEERING: Mapping[str, Callable[[Control], str]] = {
    "p": Control.toggle_pause,
    "+": lambda control: control.change_workers(+1),
    "-": lambda control: control.change_workers(-1),
}


def _suspend(make: Watched, screen: Foreground, keyboard: "_Keyboard") -> None:
    """Stop this process with all its workers, as the user wants who types Ctrl-Z, until somebody continues it."""
    with screen.away():
        make.control.suspend_workers()
        keyboard.give_back()
        stop_this_process()
        keyboard.take()
        make.control.wake_workers()


class _Signals:
    """Signals as a loop hears them: those that end the make act at once, the others wait until they are taken."""

    def __init__(self, make: Watched) -> None:
        self._make = make
        self._pending: set[int] = set()
        self._before: dict[int, Any] = {}
        self._ends_all: int | None = None
        """The signal that wants this process to end."""

    def __enter__(self) -> "_Signals":
        self._wake, self._waker = os.pipe()
        for descriptor in (self._wake, self._waker):
            os.set_blocking(descriptor, False)
        self._waker_before = signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        handlers = {
            signal.SIGINT: lambda *_: self._press(),
            signal.SIGTERM: self._end_all,
            signal.SIGHUP: self._end_all,
            signal.SIGTSTP: self._note,
            signal.SIGWINCH: self._note,
        }
        for number, handler in handlers.items():
            # What whoever started us wants ignored (`nohup`) stays ignored.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._before[number] = signal.signal(number, handler)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._waker_before)
        os.close(self._wake)
        os.close(self._waker)
        if self._ends_all is not None and callable(self._before.get(self._ends_all)):
            signal.raise_signal(self._ends_all)  # the make is over; so is whoever had the terminal before

    def _press(self, at_least: int = 0) -> None:
        if not self._make.finished():  # who ended may have closed what `stop` writes to
            self._make.control.key = "Ctrl-C"
            self._make.control.press(at_least)

    def _end_all(self, number: int, _frame: FrameType | None) -> None:
        self._ends_all = number
        self._press(TERMINATE)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._pending.add(number)

    def wait(self, descriptors: Sequence[int], timeout_s: float) -> None:
        """Return when one of the descriptors is readable, a signal came, or the time is over."""
        select.select([self._wake, *descriptors], [], [], timeout_s)
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake, _READ_BYTES)

    def take(self, number: int) -> bool:
        """Tell whether the signal came since it was asked for last."""
        if number not in self._pending:
            return False
        self._pending.discard(number)
        return True


class _Keyboard:
    """A terminal whose keys come one by one and are not echoed; as it was before when that is over."""

    def __init__(self, descriptor: int, keep: Callable[[str], None], clock: Callable[[], float]) -> None:
        self.descriptor = descriptor if os.isatty(descriptor) else None
        """None when there is nothing to read: no terminal, or it is gone."""
        self._keep, self._clock = keep, clock
        self._pasted_at = 0.0
        self._empty = 0
        self._before: list[Any] | None = None

    def __enter__(self) -> "_Keyboard":
        self.take()
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def take(self) -> None:
        """Let keys come one by one; Ctrl-C and Ctrl-Z stay signals."""
        with self._unless_gone() as descriptor:
            self._before = termios.tcgetattr(descriptor)
            mode = termios.tcgetattr(descriptor)
            mode[3] &= ~(termios.ECHO | termios.ICANON)
            # Never wait for a key: Ctrl-C discards those that were there when it was asked whether there are any.
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 0, 0
            termios.tcsetattr(descriptor, termios.TCSANOW, mode)

    def give_back(self) -> None:
        """Leave the terminal as it was; what was typed and not yet read stays for whoever reads next."""
        before, self._before = self._before, None
        if before is not None:
            with self._unless_gone() as descriptor:
                termios.tcsetattr(descriptor, termios.TCSANOW, before)

    @contextlib.contextmanager
    def given_back(self) -> Iterator[None]:
        """Leave the terminal to somebody else meanwhile."""
        self.give_back()
        try:
            yield
        finally:
            self.take()

    @contextlib.contextmanager
    def _unless_gone(self) -> Iterator[int]:
        try:
            yield -1 if self.descriptor is None else self.descriptor
        except (OSError, termios.error):
            self.descriptor = None

    def typed(self) -> str:
        """Return the keys that were typed; what was pasted, and keys that send several characters, are none."""
        if self.descriptor is None or not select.select([self.descriptor], [], [], 0)[0]:
            return ""
        data = b""
        with self._unless_gone() as descriptor:
            data = os.read(descriptor, _READ_BYTES)
        self._empty = 0 if data else self._empty + 1
        if self._empty > _EMPTY_AT_MOST:
            self.descriptor = None
        if not data:
            return ""
        text = data.decode(errors="replace")
        now = self._clock()
        if len(text) > _TYPED_AT_ONCE or "\x1b" in text or 0 <= now - self._pasted_at < _PASTE_GAP_S:
            self._pasted_at = now
            if "\x1b" not in text:
                self._keep(text)
            return ""
        return text
