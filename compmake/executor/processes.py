"""Runs jobs in worker processes: who gets which call, how much is sent ahead, how each call ends.

What passes between driver and worker is the business of `worker_link`; which workers there are, that of `crew`. All
waiting is done in `collect`, on descriptors.
"""

import os
import selectors
import signal
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import inf

from compmake.capture import last_lines
from compmake.channel.address import OUTPUT_BYTES, OwnWords
from compmake.codec import CallMessage
from compmake.errors import StoreError, WorkersError
from compmake.executor import Running
from compmake.executor.crew import Crew, Death
from compmake.executor.deaths import without_fault
from compmake.executor.job_output import JobOutput
from compmake.executor.watching import Watch
from compmake.executor.worker_link import Ending, Sent, WorkerLink
from compmake.executor.zygote_link import ZygoteLink
from compmake.job import Beat, Failure, JobId, Outcome, OutcomeKind
from compmake.store import Objects
from compmake.zygote import Setup

_AHEAD_S = 0.015
"""A worker has so much expected work at least, as far as there is any, so that it never waits for the driver."""
_AHEAD_CALLS = 512
_BESIDE_S = 0.05
"""Behind a call expected to take longer than this nothing is sent ahead: waiting costs less than being stuck."""
_GATHER_S = 0.0005
_STOP_GRACE_S = 5.0
_LONGEST_WAIT_S = 3600.0
_OVERHEAD_S = 30e-6
_LOSSES = 3
_NEWEST = 0.3
"""Weight of the newest duration in what a function is expected to take."""


class ProcessExecutor:
    """An `Executor` whose calls run in processes of their own."""

    def __init__(
        self,
        setup: Setup,
        objects: Objects,
        *,
        workers: int,
        environ: Mapping[str, str],
        report: Callable[[JobId, Beat, float], None],
        tell_output: Callable[[JobId, int, bytes], None] | None = None,
        tell_words: Callable[[OwnWords], None] | None = None,
        wake: int | None = None,
    ) -> None:
        """Start workers; nothing waits for them.

        Args:
            setup: What the workers need to know of the program.
            objects: The store's.
            workers: How many there are, at least 1.
            environ: Their environment.
            report: Hears the signs of life of running jobs, with the time of the last that came from the worker.
            tell_output: Hears, about once a second, how much a running job has printed and the end of it.
            tell_words: Hears, about once a second, what workers would tell a server and cannot.
            wake: A descriptor; when something can be read from it `collect` returns.
        """
        self._objects = objects
        self._report, self._tell_output, self._tell_words = report, tell_output, tell_words
        self._selector = selectors.DefaultSelector()
        if wake is not None:
            self._selector.register(wake, selectors.EVENT_READ, wake)
        self._crew = Crew(setup, environ, self._selector, workers)
        self._watch = Watch(self._crew)
        self._outcomes: list[Outcome] = []
        self._trouble: StoreError | WorkersError | None = None
        """To be raised when what ended before it is collected."""
        self._backlog: deque[Sent] = deque()
        """Calls that some worker had and that none has now."""
        self._forecast: dict[str, float] = {}
        self._target: WorkerLink | None = None
        self._number = 0
        self._level = 0
        self._suspended_s = 0.0

    def capacity(self) -> int:
        """Return 1 while some worker should have another call, or while nobody has any; else 0."""
        if self._level or self._backlog:
            return 0
        if self._find_target() is None:  # all are busy, or all are being replaced: then one call may wait
            return 0 if any(link.sent or link.outgoing for link in self._crew.links.values()) else 1
        return 1

    def submit(self, call: CallMessage) -> None:
        """Give a call to the worker that should have it."""
        target = self._target or self._find_target()
        self._number += 1
        item = Sent(self._number, call)
        if target is None:
            self._backlog.append(item)
        else:
            self._give(target, item)

    def running(self) -> Sequence[Running]:
        """Return the calls that have begun and not ended."""
        return [
            Running(link.sent[0].call.job_id, link.name, link.began_at)
            for link in self._crew.links.values()
            if link.began_s is not None
        ]

    def collect(self, timeout_s: float | None) -> list[Outcome]:
        """Send what is to be sent, wait, and return what ended; nothing if there is room for calls that was not before.

        Raises:
            StoreError: A worker could not store a result.
            WorkersError: Workers cannot be started.
        """
        end_s = inf if timeout_s is None else time.monotonic() + timeout_s
        self._send()
        had_room = self.capacity() > 0
        if not self._outcomes and self._all_have_plenty():
            time.sleep(_GATHER_S)
        while not self._outcomes:
            if self._trouble is not None:
                raise self._trouble
            now_s = time.monotonic()
            wait_s = min(end_s, self._watch.next_s()) - now_s
            woken = False
            ready = self._selector.select(None if wait_s == inf else min(max(0.0, wait_s), _LONGEST_WAIT_S))
            # What the zygote tells comes last: it may close the lines of workers, of which there is something too.
            for key, events in sorted(ready, key=lambda one: isinstance(one[0].data, ZygoteLink)):
                woken = self._attend(key.data, events) or woken
            woken = self._pass_time() or woken
            self._send()
            if woken or time.monotonic() >= end_s or (not had_room and self.capacity()):
                break
        outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def stop(self, level: int) -> None:
        """End early, see `Executor.stop`."""
        self._level = level
        for link in self._crew.links.values():
            self._backlog.extend(self._take_back(link))
            if level >= 2 and link.sent:
                self._end_running(link, OutcomeKind.INTERRUPTED, _STOP_GRACE_S if level == 2 else 0.0)
        self._send()

    def suspend(self) -> None:
        """Stop the workers in the middle of what they do, as Ctrl-Z does."""
        self._suspended_s = time.monotonic()
        for link in list(self._crew.links.values()):
            link.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let them go on; the time since `suspend` counts for no timeout."""
        gap_s = time.monotonic() - self._suspended_s
        for link in list(self._crew.links.values()):
            link.signal(signal.SIGCONT)
            link.skip(gap_s)

    def close(self) -> list[Outcome]:
        """End all workers and everything that they started."""
        if self._selector.get_map() is None:
            return []
        running = [Outcome(one.job_id, OutcomeKind.INTERRUPTED, one.started_at, 0.0) for one in self.running()]
        self._crew.close()
        self._selector.close()
        return running

    def _all_have_plenty(self) -> bool:
        """Tell whether outcomes may gather for a moment: to wake up for each costs more than to take it."""
        links = self._crew.links.values()
        return all(link.sent and 2 * _GATHER_S < link.load_s < inf for link in links)

    def _find_target(self) -> WorkerLink | None:
        """Return the worker that should have the next call: an idle one, else the one with the least to do."""
        if self._target is not None and self._has_room(self._target) and self._target.load_s:
            return self._target
        rooms = [link for link in self._crew.links.values() if self._has_room(link)]
        self._target = min(rooms, key=_load_s) if rooms else None
        return self._target

    def _has_room(self, link: WorkerLink) -> bool:
        if link.leaving or link.ending is not None or link.overran:
            return False
        if link.wants_to_write and not link.sent:
            return False  # stopped, and calls that were taken back fill its socket
        count = len(link.sent) + len(link.outgoing)
        if count <= 1:
            return count == 0 or link.load_s <= _BESIDE_S
        return link.load_s < _AHEAD_S and count < _AHEAD_CALLS

    def _give(self, link: WorkerLink, item: Sent) -> None:
        item.expected_s = self._forecast.get(item.call.function_name, inf)
        link.load_s += item.expected_s
        link.outgoing.append(item)
        if not link.sent:
            self._send_to(link)

    def _send(self) -> None:
        if self._level:  # nothing is started any more, also nothing that was lost since
            self._outcomes += [Outcome(item.call.job_id, OutcomeKind.RETURNED, 0.0, 0.0) for item in self._backlog]
            self._backlog.clear()
        while self._backlog and (target := self._find_target()) is not None:
            self._number += 1
            item = self._backlog.popleft()
            item.number = self._number  # a token is used once
            self._give(target, item)
        for link in self._crew.links.values():
            if link.outgoing:
                self._send_to(link)

    def _send_to(self, link: WorkerLink) -> None:
        items, link.outgoing = link.outgoing, []
        link.send(items, time.monotonic(), time.time())
        self._crew.watch(link)

    def _take_back(self, link: WorkerLink) -> list[Sent]:
        back = link.take_back() + link.outgoing
        link.outgoing = []
        link.load_s = sum(item.expected_s for item in link.sent)
        return back

    def _attend(self, data: object, events: int) -> bool:
        """Do what a descriptor asks for; tell whether it was that of whoever wants `collect` to return."""
        if isinstance(data, WorkerLink):
            if events & selectors.EVENT_WRITE:
                data.flush()
                self._crew.watch(data)
            if events & selectors.EVENT_READ:
                self._hear(data)
                self._crew.watch(data)
        elif isinstance(data, ZygoteLink):
            try:
                for death in self._crew.deaths():
                    self._bury(death)
                if not self._level:
                    self._crew.fill()
            except (StoreError, WorkersError) as error:
                self._trouble = error
        elif isinstance(data, int):
            os.read(data, 4096)
            return True
        elif isinstance(data, JobOutput):
            data.drain()
        return False

    def _hear(self, link: WorkerLink) -> None:
        try:
            for item, outcome in link.receive(time.monotonic(), time.time()):
                self._accept(link, item, outcome)
        except (ValueError, TypeError):  # a job wrote into the socket, and this cannot be told from an answer
            link.signal(signal.SIGKILL)
        except StoreError as error:
            self._trouble = error

    def _accept(self, link: WorkerLink, item: Sent, outcome: Outcome) -> None:
        name, before = item.call.function_name, item.expected_s
        newest = outcome.wall_s + _OVERHEAD_S
        self._forecast[name] = newest if before == inf else before + _NEWEST * (newest - before)
        printed = link.output.take_finished()
        if printed:
            told = last_lines(printed) if outcome.failure is not None else ""
            outcome = outcome._replace(output=self._objects.write([printed]), last_lines=told)
        if link.ending is not None:
            if outcome.kind is OutcomeKind.INTERRUPTED:
                outcome = _ended(outcome, link.ending)
            # If it has begun another call meanwhile that one is innocent, and begins anew elsewhere.
            link.ending = Ending(OutcomeKind.RETURNED, inf, None)
            link.leaving = True
            link.signal(signal.SIGKILL)
        elif outcome.kind is OutcomeKind.INTERRUPTED:
            text = "its process got SIGTERM, from the job itself or from somebody outside"
            outcome = _ended(outcome, Ending(OutcomeKind.LOST, inf, Failure("Killed", text)))
        if outcome.kind is OutcomeKind.RETURNED:  # another worker must run it
            self._backlog.append(item)
        else:
            self._outcomes.append(outcome)
        if link.leaving:
            self._backlog.extend(self._take_back(link))
        else:
            link.load_s = link.load_s - before if link.sent and before != inf else _sum(link)
        if link.output_watched:
            self._crew.watch_output(link, False)

    def _bury(self, death: Death) -> None:
        """A worker has ended: whatever it said counts, what had not begun goes back, what ran has ended with it."""
        link = death.link
        self._hear(link)
        self._backlog.extend(self._take_back(link))
        if self._target is link:
            self._target = None
        if not link.sent:
            return
        item, *others = link.sent
        self._backlog.extend(others)  # none, unless what it said of them could not be understood
        item.losses += 1
        if death.status is None and link.ending is None and item.losses <= _LOSSES:
            self._backlog.append(item)
            return
        printed = link.output.take_unfinished()
        failure = self._watch.why_it_died(death, printed, time.monotonic())
        printed = without_fault(printed)
        outcome = Outcome(
            job_id=item.call.job_id,
            kind=OutcomeKind.LOST,
            started_at=link.began_at,
            wall_s=time.monotonic() - link.began_s if link.began_s is not None else 0.0,
            peak_bytes=link.peak_bytes(death.peak_bytes),
            failure=failure,
            output=self._objects.write([printed]) if printed else None,
            worker=link.name,
            last_lines=last_lines(printed),
        )
        self._outcomes.append(_ended(outcome, link.ending) if link.ending is not None else outcome)

    def _pass_time(self) -> bool:
        """Do what is due: take back, end what takes too long, tell signs of life; tell whether a job was found slow."""
        for link in self._watch.overruns(time.monotonic()):
            self._backlog.extend(self._take_back(link))
        for link, kind, failure, grace_s in self._watch.excesses(time.monotonic()):
            self._end_running(link, kind, grace_s, failure)
        for link in self._watch.beats(time.monotonic()):
            self._tell_of(link)
        return self._watch.found_slow(time.monotonic())

    def _tell_of(self, link: WorkerLink) -> None:
        job_id = link.sent[0].call.job_id
        self._report(job_id, link.beat, link.heard_at)
        if self._tell_output is not None and link.output.size_bytes != link.told_bytes:
            link.told_bytes = link.output.size_bytes
            self._tell_output(job_id, link.told_bytes, link.output.end(OUTPUT_BYTES))
        if self._tell_words is not None and link.own_words is not None:
            self._tell_words(link.own_words)
            link.own_words = None

    def _end_running(self, link: WorkerLink, kind: OutcomeKind, grace_s: float, failure: Failure | None = None) -> None:
        """Ask the running job to end; without patience kill its process."""
        if link.ending is None:
            link.ending = Ending(kind, time.monotonic() + grace_s, failure)
        self._crew.wake_zygote()
        if grace_s:
            link.signal(signal.SIGTERM)
            link.signal(signal.SIGCONT)  # a stopped process hears nothing else
        else:
            link.signal(signal.SIGKILL)


def _load_s(link: WorkerLink) -> float:
    return link.load_s


def _sum(link: WorkerLink) -> float:
    return sum(item.expected_s for item in (*link.sent, *link.outgoing))


def _ended(outcome: Outcome, ending: Ending) -> Outcome:
    """Return the outcome of a job that we ended: why we did is why it failed, where it was is where it stood."""
    failure = ending.failure
    if failure is not None and outcome.failure is not None:
        failure = replace(failure, frames=outcome.failure.frames, notes=outcome.failure.notes)
    return outcome._replace(kind=ending.kind, failure=failure)
