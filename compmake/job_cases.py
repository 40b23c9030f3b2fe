"""How single jobs differ from what is usual: as a few multiples, each as likely as the others; pure."""

from collections.abc import Sequence
from math import erf, exp, log, sqrt
from typing import NamedTuple

from compmake.job_shares import Told

CASES = 32
_EMPIRICAL = 10
"""With so many past durations of a function new ones are drawn from them."""
_LEAST_S = 1e-4


def normal(share: float) -> float:
    """Return below what this share of a normal distribution lies; `statistics` would cost every start 5 ms."""
    low, high = -6.0, 6.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 + erf(middle / sqrt(2))) / 2 < share else (low, middle)
    return (low + high) / 2


_NORMAL_CASES = [normal((at + 0.5) / CASES) for at in range(CASES)]


class JobKind(NamedTuple):
    """What is expected of the jobs of one kind."""

    factor: float
    """What they take as a multiple of what was expected, in the middle."""
    sd: float
    share: float
    """As `speeds.Factor` has them."""
    cases: Sequence[float]
    """How single jobs differ from that: multiples in ascending order."""
    cases_sd: float
    """How much they differ, as a logarithm."""
    is_known: bool

    @property
    def mean(self) -> float:
        """Return what they take on average."""
        return self.factor * sum(self.cases) / len(self.cases)


def cases(sd: float, past_s: Sequence[float], centre_s: float | None) -> list[float]:
    """Return multiples of what is usual.

    Args:
        sd: How much jobs differ, as a logarithm.
        past_s: What jobs took before, from short to long.
        centre_s: What of that is usual, None if there is nothing.
    """
    if centre_s and len(past_s) >= _EMPIRICAL:
        return [_quantile(past_s, (at + 0.5) / CASES) / centre_s for at in range(CASES)]
    return [exp(sd * case) for case in _NORMAL_CASES]


def beyond(usual_s: float, multiples: Sequence[float], age_s: float, told: Told | None, sd: float) -> list[float]:
    """Return what a job may still take, in ascending order; empty if it is older than all that was thought of.

    Args:
        usual_s: What it takes in the middle.
        multiples: How it may differ.
        age_s: How long it has run.
        told: What it told itself, None if it told nothing.
        sd: How much it may differ, as a logarithm: what was told counts the more the larger this is.
    """
    if told is None:
        return [total_s - age_s for case in multiples if (total_s := usual_s * case) > age_s]
    own, others = 1 / told.sd**2, 1 / max(sd, 1e-3) ** 2
    middle = (own * log(max(told.total_s, _LEAST_S)) + others * log(max(usual_s, _LEAST_S))) / (own + others)
    either_sd = 1 / sqrt(own + others)
    return [total_s - age_s for case in _NORMAL_CASES if (total_s := exp(middle + either_sd * case)) > age_s]


def _quantile(ordered: Sequence[float], share: float) -> float:
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)
