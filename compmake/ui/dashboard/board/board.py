"""`Board`: all that the dashboard knows of a make, folded from its events."""

from collections.abc import Callable, Iterable, Mapping

from compmake.channel import Event, EventKind
from compmake.job import Failure
from compmake.ui.dashboard.board.functions import FunctionTallies
from compmake.ui.dashboard.board.happenings import Happenings
from compmake.ui.dashboard.board.jobs import Attempt, Jobs
from compmake.ui.dashboard.board.rate import Rate
from compmake.ui.dashboard.board.states import State
from compmake.ui.dashboard.board.timeline import Segment, Timeline
from compmake.ui.dashboard.board.workers import DRIVER, LOST_AFTER_S, Workers
from compmake.ui.view import View

_SEGMENTS_SEEN = 4_000
"""Of jobs that were done before anybody looked so many are put into the timeline, which keeps the newest."""


class Board:
    """One make as its events tell it; a new `RUN_STARTED` begins anew.

    Times are by the driver's clock. What it shows at a moment `heard_s` of the viewer's monotonic clock `now` tells,
    so clocks of two machines are never compared.
    """

    def __init__(self) -> None:
        self.view = View()
        self.version = 0
        """Counts up with whatever may change a screen."""
        self.generation = 0
        """Counts up with each make."""
        self._reset()

    def _reset(self) -> None:
        self.generation += 1
        self.jobs = Jobs()
        self.workers = Workers()
        self.functions = FunctionTallies()
        self.timeline = Timeline()
        self.happenings = Happenings()
        self.rate = Rate()
        self.last = ""
        """How the last make ended, where none runs."""
        self._ahead_s: float | None = None
        self._silent: set[str] = set()

    def feed(self, events: Iterable[Event], heard_s: float) -> None:
        """Fold events.

        Args:
            events: In order.
            heard_s: When they came, by the viewer's monotonic clock.
        """
        for event in events:
            if event.kind is EventKind.RUN_STARTED:
                self._reset()
            elif event.kind is EventKind.JOBS and (not self.view.started or self.view.ended):
                # No make: how the jobs stand in the store.
                self.view = View()
                self._reset()
            self.view.apply(event)
            self.happenings.apply(event)
            ahead_s = event.time - heard_s
            # The news that travelled fastest tells best how the clocks differ.
            if self._ahead_s is None or ahead_s > self._ahead_s:
                self._ahead_s = ahead_s
            fold = _FOLDS.get(event.kind)
            if fold is not None:
                fold(self, event)
            self.version += 1

    def now(self, at_s: float) -> float:
        """Return what the driver's clock shows, as well as that is known, at a time of the viewer's monotonic clock."""
        return at_s + (self._ahead_s or 0.0)

    def usual_s(self, number: int) -> float | None:
        """Return what a job usually takes, else what those of its function do; None if nothing is known."""
        own_s = self.jobs.usual_s(number)
        return self.view.usual_s(self.jobs.functions[number]) if own_s is None else own_s

    def look_for_silence(self, now: float) -> None:
        """Note which workers were not heard for long; to be called about once a second."""
        for worker in self.workers.all():
            is_silent = worker.silent_s(now) >= LOST_AFTER_S
            if is_silent and worker.name not in self._silent:
                self._silent.add(worker.name)
                self.happenings.silent(worker.name, worker.job_id or "", now, worker.beat.rss_bytes)
                self.version += 1
            elif not is_silent:
                self._silent.discard(worker.name)

    def _started(self, event: Event) -> None:
        self.functions = FunctionTallies(event.functions)

    def _table(self, event: Event) -> None:
        if event.table is not None:
            self.last = event.text
            self.jobs.set_table(event.table, State.UP_TO_DATE if self.view.started else State.DONE)
            self.functions.take_table(self.jobs)

    def _move(self, number: int, state: State) -> None:
        for name, old, new, usual_s in self.jobs.move(number, state):
            self.functions.moved(name, old, new, usual_s)

    def _up_to_date(self, event: Event) -> None:
        for job_id in event.jobs:
            number = self.jobs.found(job_id, "")
            self._move(number, State.UP_TO_DATE if event.count > 0 else self.jobs.open_state(number))

    def _begun(self, event: Event) -> None:
        number = self.jobs.found(event.job_id, event.function)
        for needed in self.jobs.needs[number]:
            self._move_if_open(needed)
        self._move(number, State.RUNNING)
        self.jobs.set_attempt(number, Attempt(event.count, event.worker or DRIVER, event.time))
        former = self.workers.start(
            event.worker, event.job_id, event.function, event.time, event.count, self.usual_s(number)
        )
        if former is not None and event.worker:
            self._move_if_running(self.jobs.found(former, ""))
        self._retire_surplus()

    def _retire_surplus(self) -> None:
        """Forget workers that were replaced; that one has died may be told after its successor has begun a job."""
        for name in self.workers.drop_surplus(self.view.workers):
            self.timeline.retire(name)

    def _move_if_open(self, number: int) -> None:
        """What a running job needs is done, also if that was not heard."""
        if self.jobs.state(number) not in (State.DONE, State.UP_TO_DATE):
            self._move(number, State.DONE)

    def _move_if_running(self, number: int) -> None:
        """A job has ended whose worker has begun another; how, is told only when it is committed."""
        if self.jobs.state(number) is State.RUNNING:
            self._move(number, self.jobs.open_state(number))

    def _heartbeat(self, event: Event) -> None:
        if event.beat is not None:
            self.workers.hear(event.job_id, event.beat, event.time)
            number = self.jobs.number(event.job_id)
            if number is not None:
                self.jobs.note_memory(number, event.beat.rss_bytes)

    def _done(self, event: Event) -> None:
        self._ended(event, State.DONE)
        self.functions.took(event.function, event.wall_s)

    def _many_done(self, event: Event) -> None:
        """Note jobs that were done before anybody looked: as if each were told, in far less time."""
        done = event.done
        if done is None:
            return
        self.jobs.set_done(done)
        self.functions.count_anew(self.jobs)
        for function, wall_s in zip(done.functions, done.wall_s, strict=True):
            self.functions.took(function, wall_s)
        self.workers.end_many(done)
        self._retire_surplus()
        newest = slice(-_SEGMENTS_SEEN, None)
        segments = map(Segment, done.functions[newest], done.started_at[newest], done.ended_at[newest])
        self.timeline.add_past(
            (worker or DRIVER, one) for worker, one in zip(done.workers[newest], segments, strict=True)
        )
        for ended_at in done.ended_at[newest]:
            self.rate.count(ended_at)

    def _failed(self, event: Event) -> None:
        self._ended(event, State.FAILED)
        self.jobs.add_failure(event.job_id, event.failure or Failure("Failed", ""))

    def _retried(self, event: Event) -> None:
        self._ended(event, None)
        self.jobs.add_failure(event.job_id, event.failure or Failure("Failed", ""))

    def _ended(self, event: Event, state: State | None) -> None:
        """Note that an attempt has ended; with no state the job waits for another."""
        number = self.jobs.found(event.job_id, event.function)
        before = self.jobs.attempt(number)
        if before.started_at is None or before.ended_at is not None:  # its beginning was not told
            before = Attempt(started_at=event.time - event.wall_s)
        start = before.started_at or 0.0
        worker = event.worker or before.worker or DRIVER
        end = min(event.time, start + event.wall_s) if event.wall_s else event.time
        attempt = Attempt(before.number, worker, start, end, event.wall_s, event.peak_bytes)
        self.jobs.set_attempt(number, attempt)
        self._move(number, self.jobs.open_state(number) if state is None else state)
        self.timeline.add(worker, Segment(event.function, start, end, state is not State.DONE))
        self.workers.end(worker, event.job_id, end, done=int(state is State.DONE), failed=int(state is State.FAILED))
        self._retire_surplus()
        if state is not None:
            self.rate.count(event.time)

    def _interrupted(self, event: Event) -> None:
        number = self.jobs.found(event.job_id, event.function)
        self._stop(number, event.time)
        self._move(number, State.INTERRUPTED)

    def _postponed(self, event: Event) -> None:
        number = self.jobs.found(event.job_id, event.function)
        self._stop(number, event.time)
        self._move(number, self.jobs.open_state(number))

    def _stop(self, number: int, at: float) -> None:
        attempt = self.jobs.attempt(number)
        if self.jobs.state(number) is State.RUNNING and attempt.started_at is not None:
            self.jobs.set_attempt(number, attempt._replace(ended_at=at, wall_s=at - attempt.started_at))
            segment = Segment(self.jobs.functions[number], attempt.started_at, at, failed=True)
            self.timeline.add(attempt.worker, segment)
        self.workers.end(attempt.worker, self.jobs.ids[number], at)
        self._retire_surplus()

    def _run_ended(self, event: Event) -> None:
        for number in list(self.jobs.in_states([State.RUNNING])):
            self._stop(number, event.time)
            self._move(number, State.INTERRUPTED)
        self.workers.end_all(event.time)


_FOLDS: Mapping[EventKind, Callable[[Board, Event], None]] = {
    EventKind.RUN_STARTED: Board._started,
    EventKind.JOBS: Board._table,
    EventKind.UP_TO_DATE: Board._up_to_date,
    EventKind.JOB_STARTED: Board._begun,
    EventKind.HEARTBEAT: Board._heartbeat,
    EventKind.JOB_DONE: Board._done,
    EventKind.JOBS_DONE: Board._many_done,
    EventKind.JOB_FAILED: Board._failed,
    EventKind.JOB_RETRIED: Board._retried,
    EventKind.JOB_INTERRUPTED: Board._interrupted,
    EventKind.JOB_POSTPONED: Board._postponed,
    EventKind.RUN_ENDED: Board._run_ended,
}
