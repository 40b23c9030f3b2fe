"""The workers of one make and their zygote: asked for, heard of, replaced, buried."""

import os
import select
import selectors
import signal
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import NamedTuple

from compmake.errors import WorkersError
from compmake.executor.worker_link import WorkerLink
from compmake.executor.zygote_link import ZygoteLink
from compmake.zygote import EXITED, READY, REFUSED, STARTED, Setup

_STILLBORN = 3
_GONE_S = 1.0


class Death(NamedTuple):
    """A worker has ended; all that it said before can be read from its lines."""

    link: WorkerLink
    status: int | None
    """As `os.wait` gives it; None if it ended with the zygote or could not be started, which is nobody's fault."""
    peak_bytes: int


class Crew:
    """Keeps a number of workers alive; the selector's keys of workers carry their link."""

    def __init__(self, setup: Setup, environ: Mapping[str, str], selector: selectors.BaseSelector, size: int) -> None:
        """Start the zygote and ask for `size` workers; nothing waits for them."""
        self._setup = setup
        self._environ = environ
        self._selector = selector
        self._size = size
        self._hired = 0
        self._stillborn = 0
        self._retired = 0
        """Living workers that are to end."""
        self.links: dict[int, WorkerLink] = {}
        """Living workers by number, those included that were only asked for."""
        self._zygote = self._start_zygote()
        self.fill()

    def fill(self) -> None:
        """Ask for workers until there are enough."""
        while len(self.links) - self._retired < self._size:
            self._hired += 1
            link = WorkerLink(self._hired)
            self.links[link.number] = link
            self._selector.register(link.fileno, selectors.EVENT_READ, link)
            self._zygote.request(link.number, link.mark, link.theirs)
        self._watch_zygote()

    def deaths(self) -> Iterator[Death]:
        """Hear what the zygote says, and yield the workers that have ended; they are closed when the next is asked for.

        Raises:
            WorkersError: Workers cannot be started.
        """
        try:
            for kind, number, value, peak_bytes, text in self._zygote.reports():
                link = self.links.get(number)
                if kind == READY:
                    self._zygote.ready()
                elif kind == STARTED and link is not None:
                    link.pid = value
                    self.end_if_retired(link)
                elif kind == REFUSED and link is not None:
                    self._do_with_less(text)
                    yield Death(link, None, 0)  # it never lived, but calls may have been sent to it
                    self._forget(link)
                elif kind == EXITED and link is not None:
                    self._note_birth(link)
                    yield Death(link, value, peak_bytes)
                    self._forget(link)
        except EOFError:
            yield from self._zygote_died()
        self._watch_zygote()

    def resize(self, size: int) -> None:
        """Keep so many workers from now on; surplus ones are retired, those first that have nothing to do."""
        self._size = size
        staying = [link for link in self.links.values() if not link.is_retired]
        staying.sort(key=lambda link: (not link.sent, link.pid is None, link.number))
        for link in staying[size:]:
            link.is_retired = link.leaving = True
            self._retired += 1
            self.end_if_retired(link)
        self.fill()

    def end_if_retired(self, link: WorkerLink) -> None:
        """End a worker that is one too many and has nothing to do any more."""
        if link.is_retired and not link.sent:
            link.signal(signal.SIGKILL)

    def watch(self, link: WorkerLink) -> None:
        """Wait for what the worker says, and for room in its socket if something is to be sent."""
        if link.fileno not in self._selector.get_map():
            return
        if link.is_silent:
            self._selector.unregister(link.fileno)
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if link.wants_to_write else 0)
        if self._selector.get_key(link.fileno).events != events:
            self._selector.modify(link.fileno, events, link)

    def wake_zygote(self) -> None:
        """Let the zygote go on if a job has stopped it: nobody else hears of deaths."""
        self._zygote.wake()

    def watch_output(self, link: WorkerLink, yes: bool) -> None:
        """Wait for what its job prints too, or no longer."""
        if yes != link.output_watched:
            link.output_watched = yes
            if yes:
                self._selector.register(link.output.descriptor, selectors.EVENT_READ, link.output)
            else:
                self._selector.unregister(link.output.descriptor)

    def close(self) -> None:
        """End all of them, and everything that they started."""
        for link in list(self.links.values()):
            self._forget(link)
        self._selector.unregister(self._zygote.fileno)
        self._zygote.close()

    def _start_zygote(self) -> ZygoteLink:
        zygote = ZygoteLink(self._setup, self._environ)
        self._selector.register(zygote.fileno, selectors.EVENT_READ, zygote)
        return zygote

    def _watch_zygote(self) -> None:
        self._zygote.flush()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._zygote.wants_to_write else 0)
        self._selector.modify(self._zygote.fileno, events, self._zygote)

    def _zygote_died(self) -> Iterator[Death]:
        """Its workers end with it; what they had said can still be read."""
        for link in list(self.links.values()):
            if link.pid is not None:
                _make_sure_it_is_gone(link.pid)
            self._note_birth(link)
            yield Death(link, None, 0)
            self._forget(link)
        self._selector.unregister(self._zygote.fileno)
        self._zygote.close()
        self._zygote = self._start_zygote()

    def _note_birth(self, link: WorkerLink) -> None:
        """A module that ends the process while it is imported is left to the jobs that need it."""
        if link.is_retired:
            return
        self._stillborn = 0 if link.said_hello else self._stillborn + 1
        if self._stillborn >= _STILLBORN * max(1, self._size):
            if not self._setup.modules:
                words = self._zygote.last_words()
                raise WorkersError(f"worker processes end as soon as they start{': ' + words if words else ''}")
            self._setup = self._setup._replace(modules=())
            self._stillborn = 0
            self._zygote.end()

    def _do_with_less(self, why: str) -> None:
        """Go on with one worker less."""
        if self._size <= 1:
            raise WorkersError(f"no worker process can be started: {why}")
        self._size -= 1

    def _forget(self, link: WorkerLink) -> None:
        if self.links.pop(link.number, None) is not None:
            self._retired -= link.is_retired
            self.watch_output(link, False)
            if link.fileno in self._selector.get_map():
                self._selector.unregister(link.fileno)
            link.close()


def _make_sure_it_is_gone(pid: int) -> None:
    """Wait for a process that the kernel is killing; it says nothing more when this returns."""
    with suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # what its job started does not end with the zygote
    with suppress(OSError, AttributeError):  # no such process any more, or a system that cannot tell
        descriptor = os.pidfd_open(pid)
        try:
            select.select([descriptor], [], [], _GONE_S)
        finally:
            os.close(descriptor)
