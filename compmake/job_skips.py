"""`Skips`: jobs that need not run if what they need comes out as it was, and how likely they run; pure."""

from collections import Counter
from collections.abc import Mapping
from random import Random

_JOBS = 0.2
"""Before any job of a function was seen the others count like so many of its own; results mostly agree."""
_LEAST = 1e-3


class Skips:
    """Such jobs of one make, by rank.

    Args:
        functions: The function of each.
    """

    def __init__(self, functions: Mapping[int, str]) -> None:
        self.unsure = dict(functions)
        """Those of which it is not known yet, and their functions."""
        self._ran, self._skipped = Counter[str](), Counter[str]()

    def ran(self, rank: int) -> None:
        """Note that a job had to run."""
        if (function := self.unsure.pop(rank, None)) is not None:
            self._ran[function] += 1

    def skipped(self, rank: int) -> None:
        """Note that a job was found to be up to date."""
        if (function := self.unsure.pop(rank, None)) is not None:
            self._skipped[function] += 1

    def odds(self) -> dict[str, float]:
        """Return by function how likely its jobs run."""
        ran, skipped = self._ran.total() + _JOBS, self._skipped.total() + _JOBS
        return {
            name: for_it / (for_it + against) for name, (for_it, against) in self._seen(ran / (ran + skipped)).items()
        }

    def drawn_odds(self, random: Random) -> dict[str, float]:
        """Return by function how many of its jobs may run in the end: all or none, while little was seen."""
        of_all = random.betavariate(self._ran.total() + _JOBS, self._skipped.total() + _JOBS)
        return {name: random.betavariate(*seen) for name, seen in self._seen(of_all).items()}

    def _seen(self, of_all: float) -> dict[str, tuple[float, float]]:
        """Return by function what counts for it that its jobs run, and against; `of_all` is how many of all do."""
        return {
            name: (self._ran[name] + _JOBS * of_all + _LEAST, self._skipped[name] + _JOBS * (1 - of_all) + _LEAST)
            for name in dict.fromkeys(self.unsure.values())
        }
