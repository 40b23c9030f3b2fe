"""`Timeline`: what each worker did when, as segments; very short jobs of one function become one segment."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

_SEGMENTS_KEPT = 1000
_SHORT_S = 0.5
_GAP_S = 0.25
_GONE_KEPT_S = 600.0
_GONE_KEPT = 1000


class Segment(NamedTuple):
    """One job, or several short ones of a function, at work on one worker; times by the driver's clock."""

    function: str
    start: float
    end: float
    failed: bool = False


class Timeline:
    """The last 1,000 segments of each worker."""

    def __init__(self) -> None:
        self._segments: dict[str, deque[Segment]] = {}
        self._gone: dict[str, None] = {}

    def add(self, worker: str, segment: Segment) -> None:
        """Note that a job has ended."""
        segments = self._segments.setdefault(worker, deque(maxlen=_SEGMENTS_KEPT))
        last = segments[-1] if segments else None
        if last is not None and _joins(last, segment):
            segments[-1] = last._replace(end=max(segment.end, last.end))
        else:
            segments.append(segment)

    def add_past(self, past: Iterable[tuple[str, Segment]]) -> None:
        """Note which jobs of which workers have ended long ago; failures among them were told before."""
        found: dict[str, list[Segment]] = {}
        for worker, segment in past:
            found.setdefault(worker, []).append(segment)
        for worker, segments in found.items():
            # None is joined with another before they are in order: what happened between them would be covered.
            for segment in sorted([*self._segments.pop(worker, ()), *segments], key=_end):
                self.add(worker, segment)

    def retire(self, worker: str) -> None:
        """Note that a worker is no more; what it did is kept for a few minutes."""
        if worker in self._segments:
            self._gone[worker] = None
            newest = max(segments[-1].end for segments in self._segments.values())
            for name in [name for name in self._gone if self._segments[name][-1].end < newest - _GONE_KEPT_S]:
                del self._gone[name], self._segments[name]
        while len(self._gone) > _GONE_KEPT:
            name = next(iter(self._gone))
            del self._gone[name], self._segments[name]

    def gone(self) -> list[str]:
        """Return the workers that are no more and of which something is known, the last one first."""
        return sorted(self._gone, key=lambda name: self._segments[name][-1].end, reverse=True)

    def since(self, worker: str, start: float) -> Iterator[Segment]:
        """Yield what a worker did after a time, the newest first."""
        for segment in reversed(self._segments.get(worker, ())):
            if segment.end <= start:
                return
            yield segment


def _end(segment: Segment) -> float:
    return segment.end


def _joins(last: Segment, segment: Segment) -> bool:
    is_short = segment.end - segment.start < _SHORT_S
    is_same = last.function == segment.function and not last.failed and not segment.failed
    return is_short and is_same and segment.start - last.end < _GAP_S
