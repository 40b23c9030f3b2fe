"""`Rate`: how many jobs ended in the last minute."""

from collections import deque

_SPAN_S = 60


class Rate:
    """Counts by the second, by the driver's clock."""

    def __init__(self) -> None:
        self._counts: deque[tuple[int, int]] = deque(maxlen=_SPAN_S + 1)

    def count(self, at: float) -> None:
        """Note that a job has ended."""
        second = int(at)
        if self._counts and self._counts[-1][0] >= second:
            second, before = self._counts.pop()
            self._counts.append((second, before + 1))
        else:
            self._counts.append((second, 1))

    def per_minute(self, now: float, elapsed_s: float) -> float:
        """Return how many jobs end in a minute, from the last minute or from all of the `elapsed_s` before it."""
        ended = sum(count for second, count in self._counts if now - second <= _SPAN_S)
        return ended * 60 / min(max(elapsed_s, 1.0), _SPAN_S)
