"""The makes of the console: each in a thread of its own, one at a time, the others wait behind it."""

import copy
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from compmake.channel import Channel, Event, EventKind
from compmake.channel.memory import MemoryChannel
from compmake.control import START_NONE, Control
from compmake.errors import UserError
from compmake.job import JobId
from compmake.make_result import MakeResult
from compmake.text_safety import one_line
from compmake.ui.commands.session import BackgroundMake
from compmake.ui.expectation import eta_text
from compmake.ui.frontend import Frontend, Ticker
from compmake.ui.text import duration
from compmake.ui.view import View
from compmake.words import plural
from compmake.workspace import Workspace

_TICK_S = 0.125
_COMMAND_CELLS = 60
_SETTLE_S = 5.0


class RunMake(Protocol):
    """Makes jobs in the calling thread and tells a channel how it goes."""

    def __call__(
        self,
        workspace: Workspace,
        targets: Sequence[JobId],
        command: str,
        channel: Channel,
        control: Control,
        *,
        jobs: int,
    ) -> MakeResult:
        """As `starting.run_make`."""
        ...


class ConsoleMake:
    """One make: it waits, runs in its thread, or has ended."""

    def __init__(
        self, number: int, targets: Sequence[JobId], wanted: Collection[JobId], command: str, *, jobs: int
    ) -> None:
        """Describe a make that nobody shows yet.

        Args:
            number: By which `jobs` names it.
            targets: Jobs that were asked for.
            wanted: These and all they need.
            command: As it was typed.
            jobs: How many may run at once.
        """
        self.number, self.targets, self.wanted, self.command, self.jobs = number, targets, wanted, command, jobs
        self.control = Control()
        self.channel = MemoryChannel()
        self.view = View()
        self.result: MakeResult | None = None
        self.error: BaseException | None = None
        self.begun = threading.Event()
        """Set once the number of its jobs is known, or it has ended."""
        self.ended = threading.Event()
        self._lock = threading.RLock()
        self._frontend: Frontend | None = None
        self._missed: list[Event] | None = None
        """What happens while nobody shows it, and somebody is to be told."""

    def show(self, frontend: Frontend | None) -> None:
        """Let a frontend show it from now on, in place of the one before; None lets nobody."""
        with self._lock:
            before, self._frontend = self._frontend, frontend
            if frontend is not None:
                frontend.view = copy.deepcopy(self.view)
        if before is not None:
            before.close()

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Let nobody show it meanwhile; its frontend is told afterwards what happened."""
        with self._lock:
            frontend, self._frontend, self._missed = self._frontend, None, []
        try:
            yield
        finally:
            with self._lock:
                missed, self._missed = self._missed, None
                if frontend is not None:
                    frontend.feed(missed, time.time())
                    self._frontend = frontend
                    if self.finished():
                        self.show(None)

    def finished(self) -> bool:
        """Tell whether its thread has nothing more to do."""
        return self.ended.is_set()

    def run(self, workspace: Workspace, make: RunMake) -> None:
        """Make, in this thread; how it ended is in `result` or `error`."""
        self.channel.subscribe(self._receive)
        try:
            twin = workspace.twin()
            try:
                with Ticker(self._tick, _TICK_S):
                    self.result = make(twin, self.targets, self.command, self.channel, self.control, jobs=self.jobs)
            finally:
                twin.close()
        except BaseException as error:  # whoever waits for the make tells it
            self.error = error

    def end(self) -> None:
        """Tell all who wait that it has ended."""
        self.show(None)
        self.begun.set()
        self.ended.set()

    def about(self) -> BackgroundMake:
        """Return how it is, for the command `jobs`."""
        view = self.view
        if not view.started:
            return BackgroundMake(self.number, self.command, "waiting", plural(len(self.wanted), "job"))
        counts = [(f"{view.done}/{view.total}", "done"), (view.failed, "failed"), (len(view.running), "running")]
        text = ", ".join(f"{count} {word}" for count, word in counts if count)
        state = "paused" if self.control.is_paused else "running"
        state = "stopping" if self.control.level >= START_NONE else state
        now = time.time()
        eta = eta_text(view, now) if self.control.level < START_NONE else ""
        told = f"{text}, {duration(view.elapsed_s(now))}"
        return BackgroundMake(self.number, self.command, state, told, eta)

    def _receive(self, events: Sequence[Event]) -> None:
        with self._lock:
            for event in events:
                self.view.apply(event)
            if self._frontend is not None:
                self._frontend.feed(events, time.time())
            elif self._missed is not None:
                self._missed += [event for event in events if event.kind is not EventKind.HEARTBEAT]
        if self.view.started:
            self.begun.set()

    def _tick(self, now: float) -> None:
        with self._lock:
            if self._frontend is not None:
                self._frontend.tick(now)


class Makes:
    """All makes that have not ended, the running one first."""

    def __init__(
        self, make: RunMake, workspace: Callable[[], Workspace], on_end: Callable[[ConsoleMake], None]
    ) -> None:
        """Begin with none.

        Args:
            make: What makes.
            workspace: Returns what is open when a make begins.
            on_end: Called in the thread of a make when it is about to be over.
        """
        self._make, self._workspace, self._on_end = make, workspace, on_end
        self._queue: deque[ConsoleMake] = deque()
        self._lock = threading.RLock()
        self._number = 0
        self.newest: ConsoleMake | None = None
        """The one that began last, also when it has ended."""

    @property
    def running(self) -> ConsoleMake | None:
        """The make that runs."""
        with self._lock:
            return self._queue[0] if self._queue else None

    def running_jobs(self) -> frozenset[JobId]:
        """Return the jobs that run now."""
        make = self.running
        return frozenset(make.view.running.copy()) if make is not None else frozenset()

    def all(self) -> list[ConsoleMake]:
        """Return the makes that have not ended, in the order in which they run."""
        with self._lock:
            return list(self._queue)

    def start(
        self,
        targets: Sequence[JobId],
        wanted: Collection[JobId],
        command: str,
        frontend: Callable[[int], Frontend],
        *,
        jobs: int,
    ) -> ConsoleMake:
        """Begin a make, or put it behind those that have not ended; `frontend` makes what shows it, by its number."""
        with self._lock:
            self._number += 1
            make = ConsoleMake(self._number, targets, wanted, command, jobs=jobs)
            make.show(frontend(make.number))
            self._queue.append(make)
            if len(self._queue) == 1:
                self._begin(make)
        return make

    def find(self, number: int | None) -> ConsoleMake:
        """Return a make by its number; without one that which runs.

        Raises:
            UserError: There is none.
        """
        makes = self.all()
        if not makes:
            raise UserError("no make is running")
        found = next((make for make in makes if number in (None, make.number)), None)
        if found is None:
            raise UserError(f"there is no make [{number}]: `jobs` lists them")
        return found

    def settle(self) -> None:
        """Wait a moment for a make that has told its end and is not quite over."""
        for make in self.all():
            if make.view.ended:
                make.ended.wait(_SETTLE_S)

    def stop(self, make: ConsoleMake) -> None:
        """Take one step to end a make; one that waits is forgotten."""
        with self._lock:
            if self._queue and make is not self._queue[0] and make in self._queue:
                self._queue.remove(make)
                make.end()
                return
        make.control.press()

    def stop_all(self, level: int) -> None:
        """Let no waiting make begin, and go as far as `level` with the one that runs."""
        for make in self.all()[:0:-1]:
            self.stop(make)
        running = self.running
        if running is not None and running.control.level < level:
            running.control.press(level)

    def refuse_if_busy(self, job_ids: Collection[JobId] | None, what: str) -> None:
        """Refuse to change jobs (None: any) that a make is about to make.

        Raises:
            UserError: One of them is among those that a make wants.
        """
        for make in self.all():
            busy = next(iter(make.wanted if job_ids is None else (j for j in job_ids if j in make.wanted)), None)
            if busy is not None:
                which = f"make [{make.number}]"
                job = f", which makes {one_line(busy, _COMMAND_CELLS)}" if job_ids is not None else ""
                raise UserError(f"{what} must wait for {which}{job}: `fg` shows it, `stop` ends it")

    def _begin(self, make: ConsoleMake) -> None:
        self.newest = make
        threading.Thread(target=self._work, args=(make,), name=f"compmake-make-{make.number}", daemon=True).start()

    def _work(self, make: ConsoleMake) -> None:
        make.run(self._workspace(), self._make)
        self._on_end(make)
        with self._lock:
            self._queue.remove(make)
            if self._queue:
                self._begin(self._queue[0])
        make.end()
        make.control.close()
