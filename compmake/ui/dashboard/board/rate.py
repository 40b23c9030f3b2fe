"""`Rate`: how many jobs ended in the last minute."""

_SPAN_S = 60
_SECONDS_KEPT = 3 * _SPAN_S


class Rate:
    """Counts by the second, by the driver's clock."""

    def __init__(self) -> None:
        self._counts: dict[int, int] = {}

    def count(self, at: float) -> None:
        """Note that a job has ended; not all are told in order to who comes late."""
        second = int(at)
        if second not in self._counts and len(self._counts) > _SECONDS_KEPT:
            newest = max(second, *self._counts)
            self._counts = {known: count for known, count in self._counts.items() if newest - known <= _SPAN_S}
        self._counts[second] = self._counts.get(second, 0) + 1

    def per_minute(self, now: float, elapsed_s: float) -> float:
        """Return how many jobs end in a minute, from the last minute or from all of the `elapsed_s` before it."""
        ended = sum(count for second, count in self._counts.items() if now - second <= _SPAN_S)
        return ended * 60 / min(max(elapsed_s, 1.0), _SPAN_S)
