"""When a make is expected to end, in words that are the same in the prompt, in logs and on every screen; pure."""

import time
from collections.abc import Callable
from math import ceil, floor

from compmake.job_table import Estimate
from compmake.ui.text import PLAIN, Style
from compmake.ui.view import View

_STEPS = ((60, 5), (600, 30), (5400, 60), (129600, 300))
"""Below so many seconds times are told in steps of so many; above in hours."""
_HOUR_S = 3600
_RANGE_FROM_S, _CLOCK_FROM_S = 20.0, 60.0
_DAY_FROM_S = 12 * 3600.0
_NEVER_S = 1e9


def eta_text(view: View, now: float, style: Style = PLAIN, *, brief: bool = False) -> str:
    """Return `ETA 4m (3–6) ≈14:37`, or why there is no number; empty if nothing was estimated, and after the end.

    Args:
        view: The make.
        now: Epoch seconds.
        style: Whether only ASCII can be shown.
        brief: Leave out range and time of day, and that nothing of the past is known.
    """
    found = view.expectation(now)
    if found is None:
        return ""
    if found.left_s is None or found.left_s > _NEVER_S or _says_nothing(found):
        reason = "no history" if found.reason == "at least" else found.reason
        is_told = reason and not (brief and reason == "no history")
        return style.spell(f"ETA – ({reason})") if is_told else ""
    if found.reason:
        return f"ETA {style.spell('≥')}{least(found.left_s)}"
    text = f"ETA {rounded(found.left_s)}"
    return text if brief else text + range_text(found, style) + style.spell(_clock(now, found.left_s))


def expected_text(found: Estimate, style: Style = PLAIN, *, about: str = "~") -> str:
    """Return `~6m (5–8)`, as one says before it begins; empty if nobody knows."""
    if found.left_s is None or found.left_s > _NEVER_S or _says_nothing(found):
        return ""
    if found.reason:
        return f"at least {least(found.left_s)}"
    return about + rounded(found.left_s, shortest="1s") + range_text(found, style)


def _says_nothing(found: Estimate) -> bool:
    """Tell whether it is a lower bound that is next to nothing."""
    return bool(found.reason) and found.left_s is not None and found.left_s < 1


def range_text(found: Estimate, style: Style = PLAIN) -> str:
    """Return ` (3–6)` in the unit of the number before it, or in full where it is wide.

    Empty if it says nothing more, or it is over soon.
    """
    if found.left_s is None or found.low_s is None or found.high_s is None or found.reason:
        return ""
    left_s = found.left_s
    if left_s < _RANGE_FROM_S:
        return ""
    low_s, high_s = found.low_s, min(found.high_s, _NEVER_S)
    if left_s < _STEPS[0][0] and high_s < 2 * _STEPS[0][0]:
        low, high = str(5 * floor(low_s / 5)), str(5 * ceil(high_s / 5))
    elif _STEPS[0][0] <= min(left_s, low_s) and max(left_s, high_s) < _STEPS[2][0]:
        low, high = str(floor(low_s / 60)), str(ceil(high_s / 60))
    else:
        low, high = rounded(low_s), rounded(high_s)
    return style.spell(f" ({low}–{high})") if low != high else ""


def least(seconds: float) -> str:
    """Return a time that is exceeded: as `rounded`, but never more than it is."""
    return rounded(seconds, shortest=f"{floor(seconds)}s", to_whole=floor)


def rounded(seconds: float, *, shortest: str = "<5s", to_whole: Callable[[float], int] = round) -> str:
    """Return a time that is still to come in two units at most, rounded so that it does not flicker: `4m30s`."""
    for below_s, step_s in _STEPS:
        whole = step_s * to_whole(seconds / step_s)
        if whole < below_s:
            break
    else:
        hours = to_whole(seconds / _HOUR_S)
        return f"{hours // 24}d{hours % 24}h"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if not whole:
        return shortest
    if hours >= 1 and whole >= _STEPS[2][0]:
        return f"{hours}h{minute:02}m" if minute else f"{hours}h"
    return (f"{minutes}m" if minutes else "") + (f"{second}s" if second else "")


def _clock(now: float, left_s: float) -> str:
    """Return ` ≈14:37`; empty for what ends at once."""
    if left_s < _CLOCK_FROM_S:
        return ""
    form = "%a %H:%M" if left_s >= _DAY_FROM_S else "%H:%M"
    return f" ≈{time.strftime(form, time.localtime(now + left_s))}"
