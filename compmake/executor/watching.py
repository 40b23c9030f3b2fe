"""What time brings to running calls: output to read, calls behind them to take back, limits passed, signs of life."""

from collections.abc import Iterator
from math import inf
from typing import NamedTuple

from compmake.executor.crew import Crew, Death
from compmake.executor.deaths import MemoryFigures, Seen, failure_of
from compmake.executor.worker_link import WorkerLink
from compmake.job import Failure, OutcomeKind
from compmake.words import bytes_text

_QUICK_S = 0.01
"""The pipe of a job that takes longer than this is watched; those of others are emptied when they end."""
_OVERRUN_S = 0.1
"""Calls behind one that takes longer than this are taken back."""
_LOOK_S = 1.0
_MEMORY_LOOK_S = 0.1
_MEMORY_GRACE = 1.05
"""The limit set in the worker comes first, for it names the line; this look also sees child processes."""
_TIMEOUT_GRACE_S = 2.0


class Excess(NamedTuple):
    """A running call that is to be ended: asked first, killed at once where there is no grace."""

    link: WorkerLink
    kind: OutcomeKind
    failure: Failure | None
    grace_s: float


class Watch:
    """Looks at the workers of a crew; all times are of the monotonic clock."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._memory = MemoryFigures()
        self._look_at_s = 0.0
        self._memory_at_s = 0.0
        from compmake.executor.vitals import Vitals  # takes 20 ms, while the zygote starts

        self._vitals = Vitals()

    def next_s(self) -> float:
        """Return when something is due next, infinity if nothing is."""
        due_s = inf
        for link in self._crew.links.values():
            began_s = link.began_s
            if began_s is None:
                continue
            if not link.output_watched:
                due_s = min(due_s, began_s + _QUICK_S)
            if not link.overran:
                due_s = min(due_s, began_s + _OVERRUN_S)
            due_s = min(due_s, max(self._look_at_s, began_s + _LOOK_S))
            if link.ending is not None:
                due_s = min(due_s, link.ending.kill_at_s)
                continue
            if link.timeout_s is not None:
                due_s = min(due_s, began_s + link.timeout_s)
            if link.memory_bytes is not None:
                due_s = min(due_s, max(self._memory_at_s, began_s + _MEMORY_LOOK_S))
        return due_s

    def found_slow(self, now_s: float) -> bool:
        """Watch the output of calls that are not quick; tell whether there are new ones."""
        slow = [link for link in self._running() if not link.output_watched and now_s >= _since(link) + _QUICK_S]
        for link in slow:
            self._crew.watch_output(link, True)
        return bool(slow)

    def overruns(self, now_s: float) -> Iterator[WorkerLink]:
        """Yield the workers whose call should hold up no others."""
        for link in self._running():
            if now_s >= _since(link) + _OVERRUN_S and not link.overran:
                link.overran = True
                yield link

    def excesses(self, now_s: float) -> Iterator[Excess]:
        """Yield the calls that have passed a limit, or the patience with which they were asked to end."""
        look_at_memory = now_s >= self._memory_at_s
        for link in self._running():
            if link.ending is not None:
                if now_s >= link.ending.kill_at_s:
                    link.ending.kill_at_s = inf
                    yield Excess(link, link.ending.kind, link.ending.failure, 0.0)
            elif link.timeout_s is not None and now_s >= _since(link) + link.timeout_s:
                text = f"it took longer than its timeout of {link.timeout_s:g} s"
                yield Excess(link, OutcomeKind.TIMED_OUT, Failure("TimedOut", text), _TIMEOUT_GRACE_S)
            elif link.memory_bytes is not None and look_at_memory and now_s >= _since(link) + _MEMORY_LOOK_S:
                self._memory_at_s = now_s + _MEMORY_LOOK_S
                used = (
                    self._vitals.used_bytes(link.pid, _MEMORY_GRACE * link.memory_bytes) if link.pid is not None else 0
                )
                if used > _MEMORY_GRACE * link.memory_bytes:
                    text = (
                        f"its processes used {bytes_text(used)} of memory, more than its limit of "
                        f"{bytes_text(link.memory_bytes)}"
                    )
                    yield Excess(link, OutcomeKind.FAILED, Failure("OutOfMemory", text), 0.0)

    def beats(self, now_s: float) -> Iterator[WorkerLink]:
        """Yield the workers of whose call there is something new to tell."""
        if now_s >= self._look_at_s and any(
            link.began_s is not None and now_s >= _since(link) + _LOOK_S for link in self._crew.links.values()
        ):
            self._look_at_s = now_s + _LOOK_S
            self._look(now_s)
        for link in self._running():
            if link.has_news:
                link.has_news = False
                line = link.output.last_line().decode(errors="replace")
                link.beat = link.beat._replace(last_line=line)
                yield link

    def why_it_died(self, death: Death, printed: bytes, now_s: float) -> Failure:
        """Return what to tell of a call whose worker has ended under it."""
        link = death.link
        if death.status is None:
            return Failure("Lost", "its worker was lost again and again, for no fault of its own")
        peak_bytes = link.peak_bytes(death.peak_bytes)
        memory = bytes_text(peak_bytes) if peak_bytes else f"at most {bytes_text(death.peak_bytes)}"
        seen = Seen(*link.at, now_s - link.seen_s) if link.at is not None else None
        return failure_of(death.status, memory, printed, seen, self._memory.is_short(peak_bytes))

    def _running(self) -> list[WorkerLink]:
        return [link for link in self._crew.links.values() if link.began_s is not None]

    def _look(self, now_s: float) -> None:
        by_pid = {link.pid: link for link in self._running() if link.pid is not None}
        for pid, vital in self._vitals.look(by_pid, now_s).items():
            link = by_pid[pid]
            link.beat = link.beat._replace(
                cpu_percent=vital.cpu_percent, rss_bytes=vital.rss_bytes, frozen=vital.frozen
            )
            link.has_news = True


def _since(link: WorkerLink) -> float:
    return inf if link.began_s is None else link.began_s
