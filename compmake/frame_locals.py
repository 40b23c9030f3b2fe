"""The local variables of the user's frames, as text: asked for when a job failed, within a second, never raising."""

import io
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout
from threading import current_thread, main_thread
from types import BuiltinFunctionType, CodeType, FrameType, FunctionType, MethodType, ModuleType
from typing import Any

from compmake.local_values import value_text
from compmake.masking import MASK, hides, known_secrets, mask_known

Locals = tuple[tuple[str, str], ...]

NAMES = 50
LIMIT_S = 1.0
_VALUE_LIMIT_S = 0.2
"""One value that hangs leaves time for the others."""
_AGAIN_S = 0.05
"""An alarm that is caught by the `__repr__` itself rings again."""
_TOTAL_CHARS = 30_000
_NAME_CHARS = 100
_LEFT_OUT = (ModuleType, FunctionType, BuiltinFunctionType, MethodType, type)
_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: the code of a function, whose locals are no mapping of the user's


def describe_locals(frames: Iterable[FrameType]) -> dict[FrameType, Locals]:
    """Return names and values in short of the local variables of each frame.

    Dunder names, modules, functions and classes are left out. A `__repr__` of the user's is asked only in the main
    thread, where an alarm can end it; elsewhere, and when the time is over, values are told by their type.

    Args:
        frames: The frames that matter most first: together they get a second and 30,000 characters.

    Returns:
        At most 50 names a frame, 200 characters a value; the first names are kept. What is called `password` or the
        like is `***`, and so is its value wherever else it stands.
    """
    found: dict[FrameType, Locals] = {}
    secrets: set[str] = set()
    room = _TOTAL_CHARS
    end = time.monotonic() + LIMIT_S
    with _Alarm() as alarm, _unheard() if alarm.rings else nullcontext():
        for frame in frames:
            if frame in found or room <= 0:
                continue
            variables = _variables(frame)
            secrets.update(known_secrets(variables))
            found[frame] = _described(variables, alarm, end)
            room -= sum(len(name) + len(text) for name, text in found[frame])
    if secrets:
        found = {
            frame: tuple((name, mask_known(text, secrets)) for name, text in shown) for frame, shown in found.items()
        }
    return found


def _described(variables: list[tuple[str, object]], alarm: "_Alarm", end: float) -> Locals:
    shown = [
        (name[:_NAME_CHARS], MASK if hides(name, value) else _value(value, alarm, end))
        for name, value in variables[:NAMES]
    ]
    if len(variables) > NAMES:
        shown.append(("...", f"and {len(variables) - NAMES:,} more"))
    return tuple(shown)


def _variables(frame: FrameType) -> list[tuple[str, object]]:
    try:
        return _told(frame)
    except Exception:  # a mapping of the user's, changed by another thread
        return []


def _told(frame: FrameType) -> list[tuple[str, object]]:
    code: CodeType = frame.f_code
    names: Mapping[str, Any] = frame.f_locals
    if issubclass(type(names), dict):
        pairs: list[tuple[Any, Any]] = list(dict.items(names))  # type: ignore[arg-type]
    else:
        pairs = list(names.items()) if code.co_flags & _OPTIMIZED else []
    return [(name, value) for name, value in pairs if type(name) is str and _is_told(name, type(value))]


def _is_told(name: str, kind: type) -> bool:
    is_dunder = name.startswith("__") and name.endswith("__")
    return name.isidentifier() and not is_dunder and not issubclass(kind, _LEFT_OUT)


def _value(value: object, alarm: "_Alarm", end: float) -> str:
    left_s = end - time.monotonic()
    if left_s <= 0:
        return value_text(value, ask=False, depth=0)
    asked = alarm.let(lambda: value_text(value, ask=True), min(left_s, _VALUE_LIMIT_S)) if alarm.rings else None
    return value_text(value, ask=False) if asked is None else asked


class _Nowhere(io.TextIOBase):
    """Takes what a `__repr__` prints: it is no output of the job."""

    def write(self, text: str, /) -> int:
        return len(text)


@contextmanager
def _unheard() -> Iterator[None]:
    nowhere = _Nowhere()
    with redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


class _TimeUpError(BaseException):
    """No `except Exception` of a user's `__repr__` may stop it."""


class _Alarm:
    """Ends what takes too long, by SIGALRM; the job's own handler and timer are put back at the end.

    `rings` is False where no alarm can: outside the main thread.
    """

    def __init__(self) -> None:
        self.rings = False
        self._armed = False

    def __enter__(self) -> "_Alarm":
        # A handler that was not set from Python cannot be put back.
        if current_thread() is main_thread() and signal.getsignal(signal.SIGALRM) is not None:
            self._entered_at = time.monotonic()
            self._timer = signal.setitimer(signal.ITIMER_REAL, 0)
            self._handler = signal.signal(signal.SIGALRM, self._ring)
            self._mask = signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
            self.rings = True
        return self

    def __exit__(self, *_: object) -> None:
        if self.rings:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            signal.signal(signal.SIGALRM, self._handler)
            delay_s, interval_s = self._timer
            if delay_s:
                left_s = delay_s - (time.monotonic() - self._entered_at)
                signal.setitimer(signal.ITIMER_REAL, max(left_s, 0.001), interval_s)

    def let(self, ask: Callable[[], str], limit_s: float) -> str | None:
        """Return what `ask` returns, None if that takes longer or goes wrong in any way but Ctrl-C."""
        try:
            self._armed = True
            signal.setitimer(signal.ITIMER_REAL, limit_s, _AGAIN_S)
            try:
                return ask()
            finally:
                self._armed = False
        except KeyboardInterrupt:
            raise
        except BaseException:
            self._armed = False
            return None
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, *_: object) -> None:
        if self._armed:
            raise _TimeUpError
