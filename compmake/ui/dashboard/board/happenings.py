"""`Happenings`: the newest events that people want to read, each as one line; successes are only counted."""

from collections import deque
from itertools import islice
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.job import Failure
from compmake.text_safety import one_line
from compmake.ui.dashboard.board.states import SIGNS, SILENT, Sign, State
from compmake.ui.text import duration
from compmake.ui.traceback import headline
from compmake.words import bytes_text, plural

_KEPT = 1000
_CELLS = 300
_TOLD = frozenset(
    {
        EventKind.RUN_STARTED,
        EventKind.JOB_FAILED,
        EventKind.JOB_RETRIED,
        EventKind.JOB_INTERRUPTED,
        EventKind.STEERED,
        EventKind.NOTICE,
        EventKind.RUN_ENDED,
    }
)


class Happening(NamedTuple):
    """One line."""

    at: float
    """By the driver's clock."""
    sign: Sign | None
    text: str
    """Sanitized."""


class Happenings:
    """The last 1,000."""

    def __init__(self) -> None:
        self._kept: deque[Happening] = deque(maxlen=_KEPT)

    def __len__(self) -> int:
        return len(self._kept)

    def newest(self, count: int, skip: int = 0) -> list[Happening]:
        """Return so many, the newest first, after the newest `skip`."""
        return list(islice(reversed(self._kept), skip, skip + count))

    def apply(self, event: Event) -> None:
        """Note an event, if people want to read it."""
        if event.kind in _TOLD:
            sign, text = _told(event)
            self._kept.append(Happening(event.time, sign, one_line(text, _CELLS)))

    def silent(self, worker: str, job_id: str, since: float, rss_bytes: int) -> None:
        """Note that a worker was not heard for long."""
        memory = f" (rss {bytes_text(rss_bytes)} at the last beat)" if rss_bytes else ""
        text = f"{worker} is silent while it runs {job_id}{memory}"
        self._kept.append(Happening(since, SILENT, one_line(text, _CELLS)))


def _told(event: Event) -> tuple[Sign | None, str]:
    if event.kind is EventKind.RUN_STARTED:
        return None, f"began: {plural(event.count, 'job')}" + (f", {event.text}" if event.text else "")
    if event.kind is EventKind.JOB_FAILED:
        return SIGNS[State.FAILED], f"{event.job_id}  {duration(event.wall_s)}  {_why(event.failure)}"
    if event.kind is EventKind.JOB_RETRIED:
        more = plural(event.count, "more attempt")
        return SIGNS[State.READY], f"{event.job_id} again ({more})  {_why(event.failure)}"
    if event.kind is EventKind.JOB_INTERRUPTED:
        return SIGNS[State.INTERRUPTED], f"{event.job_id} interrupted"
    if event.kind is EventKind.STEERED:
        return None, "paused: no job is started" if event.text else f"{plural(event.workers, 'worker')} from now on"
    if event.kind is EventKind.RUN_ENDED:
        return None, f"the make has ended: {event.text}"
    return None, event.text


def _why(failure: Failure | None) -> str:
    return "" if failure is None else headline(failure)
