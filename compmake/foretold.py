"""What was expected of past makes, against what they took: kept in the store, for `stats eta`."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from compmake.job_table import Estimate
from compmake.store import Store

SHARES = (0.0, 0.2, 0.5, 0.8)
"""Of the time that a make took: when what was expected is looked at."""
SHORTEST_S = 2.0
"""Of shorter makes nobody asks when they end."""
_KEPT = 200
_KEY = "foretold"


class Look(NamedTuple):
    """What was expected at one time of a make."""

    share: float
    """One of `SHARES`."""
    at_s: float
    """Seconds since the start."""
    left_s: float
    low_s: float
    high_s: float


class Foretold(NamedTuple):
    """A make that ended of itself."""

    run_id: int
    took_s: float
    looks: tuple[Look, ...]
    steered: str = ""
    """How somebody steered it meanwhile: only what was expected afterwards counts; empty if nobody did."""

    def truth_s(self, look: Look) -> float:
        """Return what was left indeed."""
        return max(0.0, self.took_s - look.at_s)

    def error(self, look: Look) -> float:
        """Return by how much more was expected than was left, as a part of that; below 0 if it was less."""
        truth_s = self.truth_s(look)
        return (look.left_s - truth_s) / truth_s if truth_s > 0 else 0.0

    def is_covered(self, look: Look) -> bool:
        """Tell whether what was left was within the range."""
        return look.low_s <= self.truth_s(look) <= look.high_s


def foretold(run_id: int, started_at: float, took_s: float, made: Sequence[Estimate], steered: str = "") -> Foretold:
    """Return what the estimates of a make were worth.

    Args:
        run_id: Of the make.
        started_at: Epoch seconds.
        took_s: What it took.
        made: All estimates that had to come true, in order; those without a number count nothing.
        steered: How somebody steered it before these.
    """
    looks = []
    for share in SHARES:
        at = started_at + share * took_s
        # That of the start may be made a little later; others count from when they were due on.
        known = [one for one in made if one.made_at <= at] or ([*made[:1]] if share == 0 and not steered else [])
        if known and (look := _look(share, known[-1], max(at, known[-1].made_at), started_at)):
            looks.append(look)
    return Foretold(run_id, took_s, tuple(looks), steered)


def _look(share: float, estimate: Estimate, at: float, started_at: float) -> Look | None:
    ends_s = (estimate.left_s, estimate.low_s, estimate.high_s)
    if estimate.reason or None in ends_s:
        return None
    gone_s = at - estimate.made_at
    left_s, low_s, high_s = (round(max(0.0, (end_s or 0.0) - gone_s), 3) for end_s in ends_s)
    return Look(share, round(at - started_at, 3), left_s, low_s, high_s)


def remember(store: Store, newest: Foretold) -> None:
    """Keep one more; the oldest are forgotten."""
    kept = [newest, *past(store)][:_KEPT]
    store.set_meta(_KEY, json.dumps([[one.run_id, round(one.took_s, 3), one.looks, one.steered] for one in kept]))


def past(store: Store) -> list[Foretold]:
    """Return what is kept, newest first; nothing if it cannot be read."""
    try:
        rows = json.loads(store.get_meta(_KEY) or "[]")
        return [
            Foretold(int(n), float(took_s), tuple(Look(*map(float, look)) for look in looks), str(*steered))
            for n, took_s, looks, *steered in rows
        ]
    except (ValueError, TypeError):
        return []
