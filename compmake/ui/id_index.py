"""`IdIndex`: names of which a few are found while somebody types, also among 100,000; pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from compmake.graph import natural_key
from compmake.job import JobId

_SEPARATOR = "\0"  # no id holds it
_SEARCHED_CHARACTERS = 3_000_000
_MATCHED_CHARACTERS = 200_000
"""How much is looked through for a text in the middle, and for letters far apart: a few milliseconds each."""


@dataclass(frozen=True, slots=True)
class IdIndex:
    """Job ids, sorted twice and joined once; make one with `of`, which takes half a second for 100,000 ids."""

    natural: Sequence[JobId] = ()
    """All ids in natural order."""
    _sorted: Sequence[JobId] = ()
    """The same by code points: those with a common beginning lie side by side."""
    _ranks: Sequence[int] = ()
    """For each of `_sorted` its place in natural order."""
    _folded: str = ""
    """The ids in natural order without capital letters, each behind a separator."""
    _starts: Sequence[int] = ()
    """Where each of them begins in `_folded`."""

    @classmethod
    def of(cls, ids: Iterable[JobId]) -> "IdIndex":
        """Sort the ids."""
        by_code = sorted(ids)
        keys = [_natural(job_id) for job_id in by_code]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        ranks = [0] * len(order)
        for rank, at in enumerate(order):
            ranks[at] = rank
        natural = [by_code[at] for at in order]
        folded = [job_id.casefold() for job_id in natural]
        starts = list(accumulate((len(name) + 1 for name in folded), initial=1))
        return cls(natural, by_code, ranks, "".join(f"{_SEPARATOR}{name}" for name in folded), starts)

    def __len__(self) -> int:
        return len(self.natural)

    def __contains__(self, text: object) -> bool:
        if not isinstance(text, str):
            return False
        at = bisect_left(self._sorted, text)
        return at < len(self._sorted) and self._sorted[at] == text

    def count(self, prefix: str) -> int:
        """Return how many ids begin with `prefix`."""
        low, high = self._range(prefix)
        return high - low

    def starting_with(self, prefix: str, most: int) -> list[JobId]:
        """Return the first ids in natural order that begin with `prefix`."""
        low, high = self._range(prefix)
        if prefix[-1:].isdecimal():  # 1, 10 and 100 are far apart
            return [self.natural[rank] for rank in sorted(self._ranks[low:high])[:most]]
        start = bisect_left(self.natural, _natural(prefix), key=_natural)
        return list(self.natural[start : start + min(most, high - low)])

    def ends(self, prefix: str) -> tuple[JobId, ...]:
        """Return the first and the last, by code points, of those that begin with `prefix`: all share what these do."""
        low, high = self._range(prefix)
        return (self._sorted[low], self._sorted[high - 1]) if high > low else ()

    def holding(self, text: str, most: int) -> list[JobId]:
        """Return ids that hold `text` somewhere, those first where a word begins with it, then those with its letters.

        Capital letters do not count. Of very many ids only the first are looked at, so that it takes milliseconds.
        """
        wanted = text.casefold()
        if not wanted or _SEPARATOR in wanted:
            return []
        at_words: list[int] = []
        inside: list[int] = []
        for rank, position in self._places(wanted):
            before = self._folded[position - 1]
            (inside if before.isalnum() and wanted[0].isalnum() else at_words).append(rank)
            if len(at_words) + len(inside) >= most:
                break
        found = dict.fromkeys(at_words + inside)
        if len(found) < most:
            found |= dict.fromkeys(self._with_letters(wanted, most))
        return [self.natural[rank] for rank in list(found)[:most]]

    def _range(self, prefix: str) -> tuple[int, int]:
        low = bisect_left(self._sorted, prefix)
        return low, bisect_left(self._sorted, True, low, key=lambda job_id: not job_id.startswith(prefix))

    def _places(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Yield the rank of each id that holds the text, and where in `_folded` it does."""
        position = self._folded.find(wanted, 0, _SEARCHED_CHARACTERS)
        while position >= 0:
            rank = bisect_right(self._starts, position) - 1
            yield rank, position
            position = self._folded.find(wanted, self._starts[rank + 1], _SEARCHED_CHARACTERS)

    def _with_letters(self, wanted: str, most: int) -> list[int]:
        """Return ranks of ids in which these letters stand in this order."""
        letters = "".join(f"[^{re.escape(c)}{_SEPARATOR}]*+{re.escape(c)}" for c in wanted)
        found = []
        for match in re.compile(_SEPARATOR + letters).finditer(self._folded, 0, _MATCHED_CHARACTERS):
            found.append(bisect_right(self._starts, match.start() + 1) - 1)
            if len(found) == most:
                break
        return found


NO_IDS = IdIndex()


def _natural(text: str) -> str:
    return natural_key(text)[0]
