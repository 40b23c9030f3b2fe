"""`WithStanding`: before any make, how the jobs stand in the store is the news."""

import contextlib
import threading
import time
from collections.abc import Callable

from compmake.channel import Event, EventKind
from compmake.channel.source import Source
from compmake.errors import CompmakeError
from compmake.failure import from_json
from compmake.job import JobState, Record
from compmake.ui.commands.attempts import worker_of
from compmake.ui.commands.session import Session
from compmake.ui.commands.store_makes import no_make
from compmake.wanted_jobs import table_of

_FAILURES = 1000
_ASK_EVERY_S = 1.0
_CUT_OFF = "cut off: it was killed, or its last news did not come"


class WithStanding:
    """A `Source` that tells what another one tells; before the first make, what is in the store.

    After a make its end stays, until something else changes the store or somebody asks for it.

    Args:
        source: The other one.
        load: Returns the events that tell how the jobs stand; takes seconds perhaps.
        version: Returns what is another whenever the store is; takes long perhaps.
        asked: Counts what was done from here, which is no other version, and the times somebody wanted to see it.
        is_making: Tells whether a make runs, as far as the store knows: if none does, silence is no trouble.
    """

    def __init__(
        self,
        source: Source,
        load: Callable[[], list[Event]],
        version: Callable[[], object],
        asked: Callable[[], int],
        is_making: Callable[[], bool],
    ) -> None:
        self._source, self._load, self._version, self._asked = source, load, version, asked
        self._is_making = is_making
        self._asked_then = 0
        """When the make ended."""
        self._loaded: list[Event] = []
        self._newest: EventKind | None = None
        """RUN_STARTED or RUN_ENDED, whichever came last."""
        self._makes = True
        self._mutex = threading.Lock()
        self._is_over = False
        """Whether the make has ended and all that it wrote is in the store."""
        self._closing = threading.Event()
        threading.Thread(target=self._run, name="compmake-standing", daemon=True).start()

    def read(self) -> list[Event]:
        """Return what is new."""
        events = self._source.read()
        with self._mutex:
            for event in events:
                if event.kind in (EventKind.RUN_STARTED, EventKind.RUN_ENDED):
                    self._newest, self._is_over, self._asked_then = event.kind, False, self._asked()
                    self._makes = True  # until the store is asked anew
        if self._newest is EventKind.RUN_STARTED and not self._makes:
            self._newest = EventKind.RUN_ENDED
            events.append(Event(self._newest, time.time(), text=_CUT_OFF))
        loaded, self._loaded = self._loaded, []
        return [*loaded, *events] if self._newest is None or (self._is_over and not events) else events

    def trouble(self) -> str:
        """Return why no news come that there should be."""
        return self._source.trouble() if self._makes else ""

    def about(self) -> str:
        """Return where the news come from, while there are any."""
        return self._source.about() if self._makes else ""

    def close(self) -> None:
        """End."""
        self._closing.set()
        self._source.close()

    def _run(self) -> None:
        """Ask the store in a thread: it may be on a server that does not answer."""
        seen: tuple[object, int] | None = None
        while True:
            with contextlib.suppress(CompmakeError):  # whoever gives a command is told
                newest, is_unheard = self._newest, bool(self._source.trouble())
                makes = True if newest is not None and not is_unheard else self._is_making()
                with self._mutex:
                    if self._newest is newest:
                        self._makes = makes
                if newest is EventKind.RUN_ENDED and not self._is_over:
                    if not self._is_making():
                        seen, self._is_over = (self._version(), self._asked_then), True
                # All records of a large store take seconds: not if a make is about to tell more than they do.
                elif self._is_over or (newest is None and (is_unheard or not makes)):
                    version = self._version(), self._asked()
                    if version != seen:
                        seen, self._loaded = version, self._load()
            if self._closing.wait(_ASK_EVERY_S):
                return


def standing_events(session: Session) -> list[Event]:
    """Return how the jobs stand in the store as events that tell no start: the table of all jobs, and each failure."""
    workspace = session.workspace
    states, graph = workspace.look().states(), workspace.graph
    done = [job_id for job_id, state in states.items() if state is JobState.DONE]
    table = table_of(graph, frozenset(graph.jobs), {}, workspace.durations(), done)
    events = [Event(EventKind.JOBS, 0.0, table=table, text=no_make(workspace))]
    failed = [session.record(job_id) for job_id, state in states.items() if state is JobState.FAILED]
    records = sorted((record for record in failed if record is not None), key=lambda record: record.made_at)
    return [*events, *(_failed(record, graph.jobs[record.job_id].display_function) for record in records[-_FAILURES:])]


def _failed(record: Record, function: str) -> Event:
    return Event(
        EventKind.JOB_FAILED,
        record.made_at,
        job_id=record.job_id,
        function=function,
        wall_s=record.wall_s,
        peak_bytes=record.peak_bytes,
        worker=worker_of(record),
        failure=from_json(record.failure),
    )
