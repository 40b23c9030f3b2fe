"""Bars of tqdm inside jobs: what they count is heard of, without any change to the user's code or to what they draw.

Nothing is imported for it. Once somebody else has imported tqdm, its class gets methods that also report; all its
variants inherit from that one. A bar that draws nothing (`disable=True`) still counts.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from functools import partial, wraps
from typing import Any, Protocol

_MODULE = "tqdm.std"
_MARK = "_compmake_reports"
_COUNT = "_compmake_count"
_STEP_MOST = 1024


class Level(Protocol):
    """One loop that is under way."""

    done: float


class _Nothing:
    """A loop of which nobody hears."""

    done: float = 0


class Reporter(Protocol):
    """Hears how far the loops of the running job are; never raises."""

    def report(
        self,
        place: object,
        label: str,
        done: float,
        total: float | None,
        *,
        show: Callable[[float], str] | None = None,
        inner_goes_on: bool = False,
    ) -> Level:
        """Note how far the loop at `place` is; `show` returns a count as text."""
        ...

    def tell_if_due(self) -> bool:
        """Tell what `Level.done` says by now unless something was just told; return whether it was not."""
        ...

    def finish(self, place: object) -> None:
        """Forget the loop at `place`."""
        ...


def attach(reporting: Callable[[], Reporter | None]) -> None:
    """Let bars report, if tqdm is imported by now; cheap, and done once.

    Args:
        reporting: Returns who hears of them; None outside a job.
    """
    module = sys.modules.get(_MODULE)
    bar_class = getattr(module, "tqdm", None)
    if bar_class is None or _MARK in vars(bar_class):
        return
    try:
        setattr(bar_class, _MARK, True)
        bar_class.__iter__ = _iterating(bar_class.__iter__, reporting)
        bar_class.refresh = _reported(bar_class.refresh, reporting)
        bar_class.update = _updating(bar_class.update, reporting)
        bar_class.close = _closing(bar_class.close, reporting)
    except (AttributeError, TypeError):  # another tqdm than all that are known: its bars are drawn, not heard of
        return


def end_monitor() -> None:
    """End the thread with which tqdm watches slow bars: for a thread that a job leaves its worker would be replaced."""
    bar_class: Any = getattr(sys.modules.get(_MODULE), "tqdm", None)
    monitor = getattr(bar_class, "monitor", None)
    if monitor is not None:
        with contextlib.suppress(AttributeError, RuntimeError):  # another tqdm than all that are known
            monitor.exit()
            bar_class.monitor = None


def _iterating(original: Callable[[Any], Iterator[Any]], reporting: Callable[[], Reporter | None]) -> Any:
    @wraps(original)
    def iterate(bar: Any) -> Iterator[Any]:
        items, reporter = original(bar), reporting()
        if reporter is None:
            yield from items
            return
        start = getattr(bar, "n", 0)
        level = _report(bar, reporter, start) or _Nothing()
        look_at = step = 1
        try:
            for number, item in enumerate(items, 1):
                yield item
                level.done = start + number
                if number >= look_at:  # to look at the clock each time would take longer than many a loop
                    step = 1 if reporter.tell_if_due() else min(2 * step, _STEP_MOST)
                    look_at = number + step
        finally:
            if hasattr(items, "close"):
                items.close()
            reporter.finish(_place(bar))

    return iterate


def _updating(original: Callable[..., Any], reporting: Callable[[], Reporter | None]) -> Any:
    @wraps(original)
    def update(bar: Any, n: float = 1) -> Any:
        drawn = original(bar, n)
        reporter = reporting()
        if reporter is not None:
            if getattr(bar, "disable", False):
                bar.__dict__[_COUNT] = bar.__dict__.get(_COUNT, 0) + n
                _report(bar, reporter, bar.__dict__[_COUNT])
            else:
                _report(bar, reporter, bar.n)
        return drawn

    return update


def _reported(original: Callable[..., Any], reporting: Callable[[], Reporter | None]) -> Any:
    @wraps(original)
    def refresh(bar: Any, *args: Any, **kwargs: Any) -> Any:
        drawn = original(bar, *args, **kwargs)
        reporter = reporting()
        if reporter is not None and not getattr(bar, "disable", True):
            _report(bar, reporter, bar.n)
        return drawn

    return refresh


def _closing(original: Callable[[Any], Any], reporting: Callable[[], Reporter | None]) -> Any:
    @wraps(original)
    def close(bar: Any) -> Any:
        try:
            return original(bar)
        finally:
            reporter = reporting()
            if reporter is not None:
                reporter.finish(_place(bar))

    return close


def _place(bar: Any) -> object:
    return "tqdm", id(bar)  # bars are equal to others at the same position of the screen


def _report(bar: Any, reporter: Reporter, done: float) -> Level | None:
    try:
        label = str(getattr(bar, "desc", None) or "").rstrip().removesuffix(":")
        total = getattr(bar, "total", None)
        is_number = isinstance(total, int | float) and 0 < total < float("inf")
        return reporter.report(
            _place(bar), label, done, total if is_number else None, show=_scale(bar), inner_goes_on=True
        )
    except Exception:  # a subclass with attributes of its own; its loop goes on all the same
        return None


def _scale(bar: Any) -> Callable[[float], str] | None:
    """Return how the bar writes counts, if it scales them: `12.3M`."""
    scale = getattr(bar, "unit_scale", False)
    if scale is True:
        return partial(bar.format_sizeof, divisor=getattr(bar, "unit_divisor", 1000))
    if isinstance(scale, int | float) and scale not in (0, 1):
        return lambda count: f"{count * scale:.4g}"
    return None
