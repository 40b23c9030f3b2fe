"""The state of every job, worked out in a thread of its own: the prompt does not wait for it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from compmake.errors import CompmakeError
from compmake.graph import Graph
from compmake.job import JobId, JobState
from compmake.status import count_states
from compmake.ui.standing import Standing
from compmake.ui.vocabulary import ProgramNames
from compmake.workspace import Workspace


class Check:
    """Works out how the jobs stand, one time at a time.

    `lock` is held by whoever uses the console's workspace: this thread, and the main thread while it carries out a
    command.
    """

    def __init__(self, workspace: Callable[[], Workspace], is_outdated: Callable[[], bool]) -> None:
        """Begin without knowing anything.

        Args:
            workspace: Returns what is open.
            is_outdated: Tells whether others have changed its store since.
        """
        self.lock = threading.RLock()
        self.names = ProgramNames()
        self.standing = Standing()
        self.states: dict[JobId, JobState] = {}
        self.took_s = 0.0
        self._workspace, self._is_outdated = workspace, is_outdated
        self._named: Graph | None = None
        self._asked = self._outdated = False
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self, *, perhaps: bool = False) -> None:
        """Look again, soon; what was known before is told meanwhile.

        Args:
            perhaps: Only if others have changed the store, which takes a while to find out if it is on a server.
        """
        with self._mutex:
            self._outdated = self._outdated or not perhaps
            self._asked = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="compmake-check", daemon=True)
                self._thread.start()

    @contextmanager
    def unlocked(self) -> Iterator[None]:
        """Let other threads have the lock meanwhile, however often this one holds it."""
        held = 0
        with suppress(RuntimeError):  # it is not, or no longer, this thread's
            while True:
                self.lock.release()
                held += 1
        try:
            yield
        finally:
            for _ in range(held):
                self.lock.acquire()

    def wait(self, timeout_s: float) -> None:
        """Wait until it is done, for so long at most."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._mutex:
                if not self._asked:
                    self._thread = None
                    return
                surely, self._asked, self._outdated = self._outdated, False, False
            self._look(surely)

    def _look(self, surely: bool) -> None:
        with self.lock:
            if not surely and not self._is_outdated():
                return
            started_s = time.monotonic()
            try:
                workspace = self._workspace()
                graph = workspace.graph
                total = len(graph.jobs)
                self.standing = self.standing._replace(total=total)
                if self._named is not graph:
                    self.names, self._named = ProgramNames.of(graph.jobs), graph
                self.states = workspace.look().states()
            except CompmakeError:  # whoever types a command that needs it will be told
                return
            self.standing = Standing(total, count_states(self.states.values()))
            self.took_s = time.monotonic() - started_s
