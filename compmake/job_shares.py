"""`Shares`: what running jobs tell of how far they are, and how well that held for others before them; pure."""

from dataclasses import dataclass
from math import log, sqrt
from typing import NamedTuple

_SD, _JOBS = 0.25, 3
"""How much jobs take more or less than half of their loops told, as a logarithm; learned, and worth so many jobs."""
_LEAST_SD = 0.05
_RESTARTED = 1.0
"""How wrong it was to believe loops that began again: they were not the whole job."""


class Told(NamedTuple):
    """What a running job will take in total by what it told."""

    total_s: float
    sd: float
    """How little that is to be relied on, as a logarithm."""


@dataclass(slots=True)
class _Heard:
    """The newest part that is behind a job, 0 to 1, the part before it, and at what ages they were told."""

    function: str
    share: float
    at_s: float
    first_share: float
    first_s: float
    step: float = 0.0
    began_again: bool = False
    at_half_s: float | None = None
    """What the job was to take in total when half was behind it."""

    @property
    def seen(self) -> float:
        """Return how much of it went by while it was heard of; of the first word that it was from the start."""
        return self.share - self.first_share or self.share

    @property
    def total_s(self) -> float:
        """Return what all takes at the speed since the first word; what was before that counts once."""
        since_s = self.at_s - self.first_s if self.share > self.first_share else self.at_s
        return self.at_s + (1 - self.share) * since_s / self.seen


class Shares:
    """The running jobs of one make, by rank."""

    def __init__(self) -> None:
        self._heard: dict[int, _Heard] = {}
        self._errors: dict[str, list[float]] = {}
        """By function, how many jobs are known, and the sum of the squares of how wrong they were, as logarithms."""

    def heard(self, rank: int, function: str, share: float, age_s: float) -> None:
        """Take that `share` of a job is behind it at this age."""
        job = self._heard.get(rank)
        if job is None:
            self._heard[rank] = _Heard(function, share, age_s, share, age_s)
        elif share < job.share:
            if not job.began_again:
                job.began_again = True
                self._learn(function, _RESTARTED)
        elif share > job.share:
            job.step, job.share, job.at_s = share - job.share, share, age_s
            if job.at_half_s is None and share >= 0.5:
                job.at_half_s = job.total_s

    def ended(self, rank: int, wall_s: float | None) -> None:
        """Forget a job; learn from what it took if it succeeded."""
        job = self._heard.pop(rank, None)
        if job is not None and wall_s and job.at_half_s and not job.began_again:
            self._learn(job.function, log(wall_s / job.at_half_s))

    def told(self, rank: int, age_s: float) -> Told | None:
        """Return what a job will take by what it told, None if it told nothing that can be believed."""
        job = self._heard.get(rank)
        if job is None or job.began_again or job.share <= 0 or job.total_s <= 0:
            return None
        # If the next step is overdue it takes longer than those before.
        due_s = job.at_s + job.step * (job.total_s - job.at_s) / (1 - job.share) if job.share < 1 else job.at_s
        stale = log(max(age_s, job.at_s) / job.at_s) if job.at_s > 0 else 0.0
        jobs, squares = self._errors.get(job.function, (0.0, 0.0))
        sd = sqrt((_JOBS * _SD**2 + squares) / (_JOBS + jobs) * (1 - job.share) / job.seen)
        return Told(job.total_s + max(0.0, age_s - due_s), sqrt(sd**2 + stale**2 + _LEAST_SD**2))

    def _learn(self, function: str, error: float) -> None:
        known = self._errors.setdefault(function, [0.0, 0.0])
        known[0] += 1
        known[1] += error * error
