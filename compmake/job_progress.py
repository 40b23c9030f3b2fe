"""`progress()`: how user code inside a job says how far it is; outside a job it does nothing."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from sys import _getframe
from typing import Any, TypeVar, overload

from compmake.tqdm_bars import attach

T = TypeVar("T")
Hook = Callable[[str, float | None], None]

_INTERVAL_S = 0.1
_LEVELS_SHOWN = 3


class _Level:
    """One loop that is under way; `place` is the line of code that reports it, or the loop itself."""

    __slots__ = ("begun", "done", "inside", "label", "place", "show", "total")

    def __init__(self, place: object) -> None:
        self.place, self.label = place, ""
        self.done: float = 0
        self.begun = 0
        """How many of `done` have only begun."""
        self.inside: tuple[float, float] = 0, 0.0
        """A count, and which part of the step that follows it was behind loops inside it, also those that are over."""
        self.total: float | None = None
        self.show: Callable[[float], str] = _number

    @property
    def is_over(self) -> bool:
        """Whether it counted to its end; a loop that counts by itself says when it is over."""
        return isinstance(self.place, tuple) and self.total is not None and self.done >= self.total

    def share(self, inner: float | None) -> float | None:
        """Return which part is behind it, 0 to 1; None without a total.

        Args:
            inner: The same of the loop inside it.
        """
        count, part = self.inside
        self.inside = self.done, max(inner or 0.0, part if count == self.done else 0.0)
        total = 0.0 if self.total is None else float(self.total)
        done = float(self.done) - self.begun + self.inside[1]
        return min(1.0, max(0.0, done / total)) if total > 0 else None

    def __str__(self) -> str:
        show = self.show
        counts = show(self.done) if self.total is None else f"{show(self.done)}/{show(self.total)}"
        return f"{self.label} {counts}".strip()


def _number(value: float) -> str:
    value = float(value)
    return str(int(value)) if value.is_integer() else f"{value:.3g}"


class _Reporter:
    """The loops of the running job, outermost first, and when they were last told to the hook."""

    def __init__(self, hook: Hook, clock: Callable[[], float]) -> None:
        self._hook, self._clock = hook, clock
        self._levels: list[_Level] = []
        self._told_at: float | None = None
        self._told = ""
        self._lock = threading.RLock()

    def report(
        self,
        place: object,
        label: str,
        done: float,
        total: float | None,
        *,
        show: Callable[[float], str] | None = None,
        inner_goes_on: bool = False,
        begun: int = 0,
    ) -> _Level:
        """Note how far the loop at `place` is; loops begun inside it are over unless told otherwise."""
        with self._lock:
            at = next((at for at, level in enumerate(self._levels) if level.place == place), None)
            if at is None:
                self._levels = [level for level in self._levels if not level.is_over]
                at = len(self._levels)
                self._levels.append(_Level(place))
            elif not inner_goes_on:
                del self._levels[at + 1 :]
            level = self._levels[at]
            level.label, level.done, level.total, level.show = label, done, total, show or _number
            level.begun = begun
            self._tell()
            return level

    def tell_if_due(self) -> bool:
        """Tell what the levels say by now unless something was just told; return whether it was not."""
        if self._told_at is not None and self._clock() - self._told_at < _INTERVAL_S:
            return False
        with self._lock:
            self._tell()
        return True

    def finish(self, place: object) -> None:
        """Forget the loop at `place` and those inside it."""
        with self._lock:
            at = next((at for at, level in enumerate(self._levels) if level.place == place), None)
            if at is not None:
                del self._levels[at:]
                self._tell()

    def flush(self) -> None:
        with self._lock:
            self._tell(at_once=True)

    def renew_lock(self) -> None:
        """Be of use in a process that was forked while another thread had the lock."""
        self._lock = threading.RLock()

    def _tell(self, at_once: bool = False) -> None:
        now = self._clock()
        if not at_once and self._told_at is not None and now - self._told_at < _INTERVAL_S:
            return
        text = ", ".join(map(str, self._levels[-_LEVELS_SHOWN:]))
        if text != self._told:
            self._told, self._told_at = text, now
            share = None
            for level in reversed(self._levels):
                share = level.share(share)
            self._hook(text, share)


_reporter: _Reporter | None = None
_hook: tuple[Hook, Callable[[], float]] | None = None


def set_hook(hook: Hook | None, clock: Callable[[], float] = time.monotonic) -> None:
    """Say who hears of progress while a job runs; None when it has ended.

    Args:
        hook: Called with a line such as `fold 2/5, epoch 31/40` and the part that is behind the job, see
            `job.Beat.share`, at most ten times a second, in the job's thread.
        clock: Seconds that only grow.
    """
    global _reporter, _hook
    _reporter, _hook = None, (hook, clock) if hook is not None else None
    if hook is not None:
        attach(_reporting)


def _reporting() -> _Reporter | None:
    """Return the reporter of the running job, made at the first word of it: most jobs say nothing."""
    global _reporter
    if _reporter is None and _hook is not None:
        _reporter = _Reporter(*_hook)
    return _reporter


def flush() -> None:
    """Tell the hook what the time limit held back; for whoever beats once a second, from any thread."""
    if _hook is not None:
        attach(_reporting)  # the job may have imported tqdm meanwhile
    reporter = _reporter
    if reporter is not None:
        reporter.flush()


def _renew_lock() -> None:
    if _reporter is not None:
        _reporter.renew_lock()


os.register_at_fork(after_in_child=_renew_lock)


@overload
def progress(what: str, done: float, total: float | None = None, /) -> None: ...
@overload
def progress(what: Iterable[T], label: str = "", total: float | None = None, /) -> Iterator[T]: ...
def progress(what: Any, second: Any = "", total: float | None = None, /) -> Any:
    """Say how far the running job is; the live view shows it.

    `progress("epoch", i, n)` reports a count; `for x in progress(items, "fold")` counts by itself (`total` is needed
    only for what has no length). Loops inside loops are shown together: `fold 2/5, epoch 31/40`.

    Raises:
        TypeError: The arguments are neither of the two forms.
    """
    if total is not None and not _is_number(total):
        raise TypeError(f"progress(): the total must be a number, not {type(total).__name__}")
    if isinstance(what, str) and _is_number(second):
        reporter = _reporting()
        if reporter is not None:
            caller = _getframe(1)
            reporter.report((caller.f_code, caller.f_lineno), what, second, total)
        return None
    if isinstance(second, str) and hasattr(what, "__iter__"):
        return _counted(what, second, len(what) if total is None and hasattr(what, "__len__") else total)
    raise TypeError(
        f"progress({type(what).__name__}, {type(second).__name__}): "
        'write progress("epoch", i, n) or `for x in progress(items, "epoch")`'
    )


def _is_number(value: object) -> bool:
    return not isinstance(value, bool | str) and hasattr(value, "__float__")


def _counted(items: Iterable[T], label: str, total: float | None) -> Iterator[T]:
    reporter, place = _reporting(), object()
    if reporter is None:
        yield from items
        return
    try:
        for number, item in enumerate(items, 1):
            reporter.report(place, label, number, total, begun=1)
            yield item
    finally:
        reporter.finish(place)
