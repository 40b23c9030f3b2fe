"""When a make is expected to end, in words that are the same in the prompt, in logs and on every screen; pure."""

import time
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
    if found.left_s is None or found.left_s > _NEVER_S:
        is_told = found.reason and not (brief and found.reason == "no history")
        return style.spell(f"ETA – ({found.reason})") if is_told else ""
    text = style.spell("≥") if found.reason else ""
    text = f"ETA {text}{rounded(found.left_s)}"
    return text if brief else text + range_text(found, style) + style.spell(_clock(now, found.left_s))


def expected_text(found: Estimate, style: Style = PLAIN, *, about: str = "~") -> str:
    """Return `~6m (5–8)`, as one says before it begins; empty if nobody knows."""
    if found.left_s is None or found.left_s > _NEVER_S:
        return ""
    return ("at least " if found.reason else about) + rounded(found.left_s, least="1s") + range_text(found, style)


def range_text(found: Estimate, style: Style = PLAIN) -> str:
    """Return ` (3–6)` in the unit of the number before it; empty if it says nothing more, or it is over soon."""
    if found.left_s is None or found.low_s is None or found.high_s is None or found.reason:
        return ""
    left_s = found.left_s
    if left_s < _RANGE_FROM_S:
        return ""
    if left_s < _STEPS[0][0]:
        low, high = (str(5 * of(end_s / 5)) for of, end_s in ((floor, found.low_s), (ceil, found.high_s)))
    elif left_s < _STEPS[2][0]:
        low, high = str(floor(found.low_s / 60)), str(ceil(found.high_s / 60))
    else:
        low, high = rounded(found.low_s), rounded(min(found.high_s, _NEVER_S))
    return style.spell(f" ({low}–{high})") if low != high else ""


def rounded(seconds: float, *, least: str = "<5s") -> str:
    """Return a time that is still to come in two units at most, rounded so that it does not flicker: `4m30s`."""
    for below_s, step_s in _STEPS:
        whole = step_s * round(seconds / step_s)
        if whole < below_s:
            break
    else:
        hours = round(seconds / _HOUR_S)
        return f"{hours // 24}d{hours % 24}h"
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if not whole:
        return least
    if hours >= 1 and whole >= _STEPS[2][0]:
        return f"{hours}h{minute:02}m" if minute else f"{hours}h"
    return (f"{minutes}m" if minutes else "") + (f"{second}s" if second else "")


def _clock(now: float, left_s: float) -> str:
    """Return ` ≈14:37`; empty for what ends at once."""
    if left_s < _CLOCK_FROM_S:
        return ""
    form = "%a %H:%M" if left_s >= _DAY_FROM_S else "%H:%M"
    return f" ≈{time.strftime(form, time.localtime(now + left_s))}"
