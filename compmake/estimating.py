"""`Estimating`: a thread of the driver that says again and again when the make will end."""

import threading
import time

from compmake.channel import Channel, Event, EventKind
from compmake.estimate import Estimator
from compmake.job_table import Estimate

_DELAY_S = 1.0
"""A make that takes less time pays nothing."""
_LOOK_S = 0.5
_EVERY_S = 2.0
_SHARE = 0.01
"""Of a core, what this thread may take."""
_CALM_S = 10.0
_CALM_SHARE = 0.05
_LAST_S = 1.0


class Estimating:
    """Estimates the end of the make whose news a channel carries, and publishes that there.

    A new estimate is told if the end moved by more than 5 % of what is left, or after 10 seconds: numbers that change
    for no reason are not believed.
    """

    def __init__(self, channel: Channel, *, delay_s: float = _DELAY_S) -> None:
        """Prepare; `with` does it meanwhile.

        Args:
            channel: Carries the news, with the table of jobs.
            delay_s: When the first estimate is made.
        """
        self._channel, self._delay_s = channel, delay_s
        self._position = 0
        self._events: list[Event] = []
        """What happened before the table was told."""
        self._estimator: Estimator | None = None
        self._workers = 0
        self._steered: dict[str, None] = {}
        self._counts_from = 0
        self._told: Estimate | None = None
        self._made: list[Estimate] = []
        self.cost_s = self.rest_s = 0.0
        """What the newest estimate took of a core, all reading before it included, and for how long none follows."""
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compmake-estimate", daemon=True)

    def __enter__(self) -> "Estimating":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(_LAST_S)

    def made(self) -> list[Estimate]:
        """Return the estimates that had to come true, in order: those after the make was steered for the last time."""
        return self._made[self._counts_from :]

    @property
    def steered(self) -> str:
        """How the make was steered: `paused, other workers`; empty if it was not."""
        return ", ".join(self._steered)

    def _run(self) -> None:
        wait_s, due_s, worked_s = self._delay_s, 0.0, 0.0
        while not self._ending.wait(wait_s):
            wait_s = _LOOK_S
            began_s = time.thread_time()
            is_urgent = self._hear()
            is_due = self._estimator is not None and (is_urgent or time.monotonic() >= due_s)
            if self._estimator is not None and is_due:
                self._estimate(self._estimator)
            worked_s += time.thread_time() - began_s
            if is_due:
                # While there is no number the first job that ends may give one.
                every_s = _EVERY_S if self._made[-1].left_s is not None else _LOOK_S
                self.cost_s, self.rest_s, worked_s = worked_s, max(every_s, worked_s / _SHARE), 0.0
                due_s = time.monotonic() + self.rest_s

    def _hear(self) -> bool:
        """Take what happened; return whether somebody steered the make, and waits for what comes of it."""
        events, self._position = self._channel.read(self._position)
        is_urgent = False
        for event in events:
            if event.kind is EventKind.JOBS and event.table is not None:
                self._estimator = Estimator(event.table)
                for before in self._events:
                    self._estimator.apply(before)
            elif self._estimator is None:
                self._events.append(event)
            else:
                self._estimator.apply(event)
            if event.kind is EventKind.RUN_STARTED:
                self._workers = event.workers
            elif event.kind is EventKind.STEERED:
                self._note(event)
                is_urgent = True
        if self._estimator is not None:
            self._events = []
        return is_urgent

    def _note(self, event: Event) -> None:
        """Remember how the make was steered: what was expected before need not come true."""
        how = {"paused": event.text == "paused", "other workers": event.workers != self._workers}
        how["jobs cancelled"] = event.count > 0
        self._steered |= {text: None for text, is_so in how.items() if is_so}
        self._workers, self._counts_from = event.workers, len(self._made)

    def _estimate(self, estimator: Estimator) -> None:
        found = estimator.estimate(time.time())
        self._made.append(found)
        if not self._ending.is_set() and (self._told is None or _is_news(self._told, found)):
            self._told = found
            self._channel.publish([Event(EventKind.ESTIMATE, found.made_at, estimate=found)])


def _is_news(told: Estimate, found: Estimate) -> bool:
    if found.made_at - told.made_at >= _CALM_S or (told.reason, told.left_s is None) != (
        found.reason,
        found.left_s is None,
    ):
        return True
    if told.left_s is None or found.left_s is None:
        return False
    moved_s = abs(found.made_at + found.left_s - told.made_at - told.left_s)
    return moved_s > max(1.0, _CALM_SHARE * found.left_s)
