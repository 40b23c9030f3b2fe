"""What an entry of the stream of news holds: events as texts, and the many jobs that began or were done as columns."""

import contextlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from operator import itemgetter
from typing import Any, NamedTuple

from compmake.channel import DoneJobs, Event, EventKind
from compmake.channel.redis_news import event_text
from compmake.job import JobId

Numbered = tuple[int, Event]
"""An event behind its position in the channel."""
_Columns = Sequence[Sequence[Any]]
_COLUMNS = {"begun": (int, str, str, float, str, int), "done": (int, str, str, float, str, float, int)}
"""Position, job, function, time, worker; then the attempt, or seconds and bytes."""
_ORDERED = frozenset({EventKind.RUN_STARTED, EventKind.JOBS, EventKind.JOB_POSTPONED, EventKind.RUN_ENDED})
_ENDS = frozenset({EventKind.JOB_FAILED, EventKind.JOB_RETRIED, EventKind.JOB_INTERRUPTED})


def entry_fields(numbered: Iterable[Numbered]) -> list[str]:
    """Return the names and values of an entry that tells of events."""
    texts: list[str] = []
    rows: dict[str, list[tuple[Any, ...]]] = {"begun": [], "done": []}
    begun, done = rows["begun"].append, rows["done"].append
    for number, event in numbered:
        kind = event.kind
        if kind is EventKind.JOB_DONE:
            about = number, event.job_id, event.function, event.time, event.worker
            done((*about, event.wall_s, event.peak_bytes))
        elif kind is EventKind.JOB_STARTED:
            begun((number, event.job_id, event.function, event.time, event.worker, event.count))
        else:
            texts.append(f"[{number},{event_text(event)}]")
    columns = {name: list(zip(*told, strict=True)) for name, told in rows.items() if told}
    return ["events", f"[{','.join(texts)}]", "jobs", json.dumps(columns, separators=(",", ":"))]


class Entry(NamedTuple):
    """What an entry tells that was not told before."""

    others: list[Numbered]
    begun: _Columns
    done: _Columns

    @property
    def can_be_summed_up(self) -> bool:
        """Whether it is all the same in which order its events happened."""
        return not any(
            event.kind in _ORDERED or (event.kind is EventKind.UP_TO_DATE and event.count < 0)
            for _, event in self.others
        )

    def events(self) -> list[Event]:
        """Return all events in order."""
        found = list(self.others)
        for number, job_id, function, at, worker, count in zip(*self.begun, strict=True):
            told = Event(EventKind.JOB_STARTED, at, job_id, function, count=count, worker=worker)
            found.append((number, told))
        for number, job_id, function, at, worker, wall_s, peak_bytes in zip(*self.done, strict=True):
            found.append((number, Event(EventKind.JOB_DONE, at, job_id, function, wall_s, peak_bytes, worker=worker)))
        found.sort(key=itemgetter(0))
        return [event for _, event in found]


def read_entry(fields: Mapping[str, str], after: int) -> Entry:
    """Return what an entry tells of what happened behind a position.

    What is no event, from another version perhaps, is left out.
    """
    others: list[Numbered] = []
    with contextlib.suppress(ValueError, TypeError):
        for number, data in json.loads(fields.get("events", "")):
            with contextlib.suppress(ValueError):
                if number > after:
                    others.append((number, Event.from_dict(data)))
    columns: Any = {}
    with contextlib.suppress(ValueError):
        columns = json.loads(fields.get("jobs", ""))
    begun, done = (_read_columns(columns, name, after) for name in _COLUMNS)
    return Entry(others, begun, done)


def _read_columns(columns: Any, name: str, after: int) -> _Columns:
    types, nothing = _COLUMNS[name], [()] * len(_COLUMNS[name])
    with contextlib.suppress(ValueError, TypeError, AttributeError, OverflowError):
        found: list[list[Any]] = [
            list(map(kind, column)) for kind, column in zip(types, columns.get(name, nothing), strict=True)
        ]
        if len(set(map(len, found))) == 1:
            start = bisect_right(found[0], after)
            return [column[start:] for column in found] if start else found
    return nothing


class Past:
    """Entries summed up, for who comes late: jobs that were done are one event, those that run now are told to."""

    def __init__(self) -> None:
        self._begun: dict[JobId, tuple[Any, ...]] = {}
        """Function, time, worker and attempt of jobs that have not ended."""
        self._done: list[list[Any]] = [[] for _ in DoneJobs._fields]

    def add(self, entry: Entry) -> list[Event]:
        """Take in what can be summed up; return the other events."""
        _, job_ids, *about = entry.begun
        self._begun.update(zip(job_ids, zip(*about, strict=True), strict=True))
        self._add_done(entry.done)
        events: list[Event] = []
        for _, event in entry.others:
            if event.kind in _ENDS and event.job_id in self._begun:
                events.append(_start(event.job_id, *self._begun.pop(event.job_id)))
            events.append(event)
        return events

    def _add_done(self, done: _Columns) -> None:
        _, job_ids, functions, ended_at, workers, wall_s, peak_bytes = done
        begun = list(map(self._begun.pop, job_ids, repeat(_UNKNOWN)))
        started_at = [
            ended - took_s if told is _UNKNOWN else told[1]
            for ended, took_s, told in zip(ended_at, wall_s, begun, strict=True)
        ]
        attempts = [told[3] for told in begun]
        columns = DoneJobs(job_ids, functions, started_at, ended_at, wall_s, peak_bytes, workers, attempts)
        for column, more in zip(self._done, columns, strict=True):
            column += more

    def take_done(self) -> list[Event]:
        """Return the jobs that were done since the last call, as one event."""
        done, self._done = DoneJobs(*self._done), [[] for _ in DoneJobs._fields]
        return [Event(EventKind.JOBS_DONE, max(done.ended_at), done=done)] if done.job_ids else []

    def take_all(self) -> list[Event]:
        """Return what was summed up, and which jobs run."""
        begun, self._begun = self._begun, {}
        return [*self.take_done(), *(_start(job_id, *about) for job_id, about in begun.items())]


_UNKNOWN = ("", 0.0, "", 0)


def _start(job_id: JobId, function: str, at: float, worker: str, count: int) -> Event:
    return Event(EventKind.JOB_STARTED, at, job_id, function, count=count, worker=worker)
