"""What a make's events tell of each worker: a fold for tables of workers; no clock, no input or output."""

from collections.abc import Iterator

from compmake.channel import Event, EventKind
from compmake.job import JobId

DRIVER = "driver"
"""Where jobs run that run in the driver's own process."""
Row = dict[str, str | int | float]

_IDLE: Row = {"state": "idle", "job": "", "function": "", "place": "", "progress": "", "last_line": "", "attempt": 0}
_ENDS = frozenset({EventKind.JOB_INTERRUPTED, EventKind.JOB_POSTPONED, EventKind.JOB_RETRIED})


class WorkerRows:
    """One row for each worker, and which of them changed since somebody looked."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._news: set[str] = set()
        self._places: dict[JobId, str] = {}
        """Which worker runs a job."""

    def apply(self, event: Event) -> None:
        """Fold one event."""
        match event.kind:
            case EventKind.JOB_STARTED:
                self._start(event)
            case EventKind.HEARTBEAT:
                self._beat(event)
            case EventKind.JOB_DONE:
                self._end(event, "done")
            case EventKind.JOB_FAILED:
                self._end(event, "failed")
            case kind if kind in _ENDS:
                self._end(event, "")
            case EventKind.RUN_ENDED:
                for name in self._rows:
                    self._change(name, {**_IDLE, "state": "gone"})

    def take_news(self) -> Iterator[tuple[str, Row]]:
        """Yield the rows that changed since the last call."""
        while self._news:
            name = self._news.pop()
            yield name, self._rows[name]

    def all_are_news(self) -> None:
        """Let `take_news` yield every row."""
        self._news.update(self._rows)

    def _change(self, name: str, values: Row) -> None:
        row = self._rows.setdefault(name, {**_IDLE, "done": 0, "failed": 0})
        row.update(values)
        self._news.add(name)

    def _start(self, event: Event) -> None:
        name = event.worker or DRIVER
        self._places[event.job_id] = name
        about: Row = {"job": event.job_id, "function": event.function, "started_at": event.time}
        self._change(name, {**_IDLE, **about, "state": "running", "attempt": event.count, "heard_at": event.time})

    def _beat(self, event: Event) -> None:
        name, beat = self._places.get(event.job_id), event.beat
        if name is not None and beat is not None:
            told = beat._asdict()
            del told["share"]  # only whoever estimates the end asks for it, which is the driver
            values: Row = {**told, "frozen": int(beat.frozen), "heard_at": event.time}
            self._change(name, values)

    def _end(self, event: Event, counter: str) -> None:
        name = self._places.pop(event.job_id, None) or event.worker or DRIVER
        row = self._rows.get(name, {})
        values: Row = {**_IDLE} if row.get("job", "") in ("", event.job_id) else {}
        if counter:
            values[counter] = int(row.get(counter, 0)) + 1
        self._change(name, values)
