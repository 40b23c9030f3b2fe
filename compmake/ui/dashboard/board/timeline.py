"""`Timeline`: what each worker did when, as segments; very short jobs of one function become one segment."""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

_SEGMENTS_KEPT = 1000
_SHORT_S = 0.5
_GAP_S = 0.25


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

    def add(self, worker: str, segment: Segment) -> None:
        """Note that a job has ended."""
        segments = self._segments.setdefault(worker, deque(maxlen=_SEGMENTS_KEPT))
        last = segments[-1] if segments else None
        if last is not None and _joins(last, segment):
            segments[-1] = last._replace(end=max(segment.end, last.end))
        else:
            segments.append(segment)

    def sort(self) -> None:
        """Bring the segments into order: of what happened long ago failures are told before all that was done."""
        for worker, segments in self._segments.items():
            self._segments[worker] = deque(sorted(segments, key=_end), maxlen=_SEGMENTS_KEPT)

    def drop(self, worker: str) -> None:
        """Forget a worker."""
        self._segments.pop(worker, None)

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
