"""Plan: the state machine of one make; pure, no IO, no clock."""

from collections.abc import Collection, Iterable, Mapping
from heapq import heappop, heappush
from types import MappingProxyType

from compmake.graph import Graph
from compmake.job import JobId, JobState

# By names of our own: asking an Enum for a member takes longer than what is done with it here.
_WAITING, _READY, _RUNNING = JobState.WAITING, JobState.READY, JobState.RUNNING
_DONE, _FAILED = JobState.DONE, JobState.FAILED
_BLOCKED, _INTERRUPTED = JobState.BLOCKED, JobState.INTERRUPTED

_NEXT = {
    # INTERRUPTED: it was cancelled.
    _WAITING: {_READY, _BLOCKED, _INTERRUPTED},
    # DONE: it was up to date. WAITING: the stored result of a dependency turned out to be damaged.
    _READY: {_RUNNING, _DONE, _WAITING, _INTERRUPTED},
    # WAITING: it did not start because stored results were damaged, or it is to be retried after them.
    _RUNNING: {_DONE, _FAILED, _READY, _INTERRUPTED, _WAITING},
    _DONE: {_WAITING},  # its stored result is damaged
}
_MAX_REMADE = 3


class TransitionError(Exception):
    """A plan was told something that cannot have happened: a bug in compmake."""


class Plan:
    """What one make wants: the targets and all they need, with a state for each.

    It says what to do next and is told what became of it. A wanted job is READY exactly if it is not finished, not
    running, and all its dependencies are DONE.
    """

    def __init__(self, graph: Graph, targets: Iterable[JobId], *, done: Collection[JobId] = ()) -> None:
        """Want `targets` and all their ancestors.

        Args:
            graph: All jobs of the program.
            targets: Jobs asked for.
            done: Wanted jobs known to be up to date before anything runs, together with all that they need.
        """
        self._graph = graph
        targets = set(targets)
        if len(targets) < len(graph.jobs):
            targets |= graph.ancestors(targets)
        self.wanted: frozenset[JobId] = frozenset(targets)
        self._up_to_date = set(done)
        self._states = dict.fromkeys(self.wanted, _WAITING)
        self._states.update(dict.fromkeys(done, _DONE))
        self.states: Mapping[JobId, JobState] = MappingProxyType(self._states)
        """Of wanted jobs."""
        self._counts = dict.fromkeys(JobState, 0)
        self._counts[_WAITING] = len(self.wanted) - len(self._up_to_date)
        self._counts[_DONE] = len(self._up_to_date)
        self.counts: Mapping[JobState, int] = MappingProxyType(self._counts)
        """How many wanted jobs are in each state."""
        self._missing = dict.fromkeys(done, 0)
        """Dependencies that are not DONE; kept for wanted jobs in every state."""
        self._blocked_by: dict[JobId, JobId] = {}
        self._remade: dict[JobId, int] = {}
        self.priorities: Mapping[JobId, float] = MappingProxyType({})
        """The higher, the earlier a job is handed out."""
        self._unmeasured: set[str] = set()
        self._order: list[JobId] = [job_id for job_id in graph.jobs if job_id in self.wanted]
        """Every wanted job, the most urgent first."""
        self._rank = {job_id: rank for rank, job_id in enumerate(self._order)}
        self._queue: list[int] = []
        self._queued: set[int] = set()
        """Ranks of the READY jobs that `next_ready` has not handed out; others in the heap are outdated."""
        self._scouts: dict[str, int] = {}
        """The most urgent queued job of each unmeasured function, by its rank."""
        for job_id in self._order:
            if self._states[job_id] is _WAITING:
                needed = graph.dependencies(job_id)
                if done:
                    needed = [dependency for dependency in needed if dependency not in self._up_to_date]
                self._missing[job_id] = len(needed)
                if not needed:
                    self._move(job_id, _WAITING, _READY)

    def prioritise(self, priorities: Mapping[JobId, float], unmeasured: Collection[str] = ()) -> None:
        """Say what is urgent, and let `next_ready` choose anew among all READY jobs, those it has returned included.

        Args:
            priorities: The higher, the earlier; a job that is not there counts 0.
            unmeasured: Functions (`module:qualname`) of which no duration is known: one job of each goes first.
        """
        in_order = [job_id for job_id in self._graph.jobs if job_id in self.wanted]
        self.priorities = MappingProxyType(dict(priorities))
        self._order = sorted(in_order, key=lambda job_id: priorities.get(job_id, 0.0), reverse=True)
        self._rank = {job_id: rank for rank, job_id in enumerate(self._order)}
        self._unmeasured = set(unmeasured)
        self._queue, self._queued, self._scouts = [], set(), {}
        for job_id in self._order:
            if self._states[job_id] is _READY:
                self._enqueue(job_id)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to start or to wait for; only an interruption leaves jobs WAITING then."""
        return not self._counts[_READY] and not self._counts[_RUNNING]

    @property
    def up_to_date_count(self) -> int:
        """How many of the DONE jobs did not have to run."""
        return len(self._up_to_date)

    def state(self, job_id: JobId) -> JobState:
        """Return the state of a wanted job."""
        return self._states[job_id]

    def blocked_by(self, job_id: JobId) -> JobId | None:
        """Return the failed job because of which this one is BLOCKED, None if it is not."""
        return self._blocked_by.get(job_id)

    def next_ready(self) -> JobId | None:
        """Return the most urgent READY job and do not return it again while it stays READY; None if there is none.

        One job of each unmeasured function goes first, then the highest priority, then the order of definition.
        """
        while self._scouts:
            function = min(self._scouts, key=self._scouts.__getitem__)
            rank = self._scouts.pop(function)
            if rank in self._queued:
                self._unmeasured.discard(function)
                self._queued.remove(rank)
                return self._order[rank]
        while self._queue:
            rank = heappop(self._queue)
            if rank in self._queued:
                self._queued.remove(rank)
                return self._order[rank]
        return None

    def up_to_date(self, job_id: JobId) -> None:
        """READY -> DONE: the job need not run."""
        self._move(job_id, _READY, _DONE)
        self._up_to_date.add(job_id)
        self._release_dependents(job_id)

    def start(self, job_id: JobId) -> None:
        """READY -> RUNNING."""
        self._move(job_id, _READY, _RUNNING)

    def done(self, job_id: JobId) -> None:
        """RUNNING -> DONE; dependents that waited only for this job become READY."""
        self._move(job_id, _RUNNING, _DONE)
        self._release_dependents(job_id)

    def failed(self, job_id: JobId) -> None:
        """RUNNING -> FAILED; everything that waits for this job, directly or not, becomes BLOCKED."""
        self._move(job_id, _RUNNING, _FAILED)
        self._block_dependents(job_id, job_id)

    def retry(self, job_id: JobId) -> None:
        """RUNNING -> READY: the attempt is to be repeated, after dependencies that are being made again meanwhile."""
        if not self._missing[job_id]:
            self._move(job_id, _RUNNING, _READY)
        else:
            self._move(job_id, _RUNNING, _WAITING)
            self._settle(job_id)

    def interrupted(self, job_id: JobId) -> None:
        """RUNNING -> INTERRUPTED; what depends on it stays WAITING."""
        self._move(job_id, _RUNNING, _INTERRUPTED)

    def cancelled(self, job_id: JobId) -> None:
        """READY or WAITING -> INTERRUPTED; what depends on it stays WAITING."""
        self._move(job_id, self._states[job_id], _INTERRUPTED)

    def damaged(self, reader: JobId, dependencies: Collection[JobId]) -> tuple[JobId, ...]:
        """RUNNING -> WAITING for `reader`, which could not read results; those dependencies are to be made again.

        Dependencies that are already being made again are only waited for.

        Args:
            reader: The job that did not start.
            dependencies: Those of its dependencies whose results are missing or damaged; at least one.

        Returns:
            Dependencies that were made again three times already. If there are any, `reader` becomes FAILED and
            nothing is made again.
        """
        if not dependencies or not set(dependencies) <= set(self._graph.dependencies(reader)):
            raise TransitionError(f"{reader}: damaged dependencies {sorted(dependencies)}")
        again = [job_id for job_id in dict.fromkeys(dependencies) if self._states[job_id] is _DONE]
        hopeless = tuple(job_id for job_id in again if self._remade.get(job_id, 0) >= _MAX_REMADE)
        if hopeless:
            self.failed(reader)
            return hopeless
        self._move(reader, _RUNNING, _WAITING)
        for job_id in again:
            self._make_again(job_id)
        for job_id in [*again, reader]:
            self._settle(job_id)
        return ()

    def _make_again(self, job_id: JobId) -> None:
        """DONE -> WAITING; dependents that were READY wait again, those RUNNING are left alone."""
        self._move(job_id, _DONE, _WAITING)
        self._up_to_date.discard(job_id)
        self._remade[job_id] = self._remade.get(job_id, 0) + 1
        for dependent in self._graph.dependents(job_id):
            if dependent in self._states:
                self._missing[dependent] += 1
                if self._states[dependent] is _READY:
                    self._move(dependent, _READY, _WAITING)

    def _release_dependents(self, job_id: JobId) -> None:
        missing_of = self._missing
        for dependent in self._graph.dependents(job_id):
            missing = missing_of.get(dependent)
            if missing is not None:
                missing_of[dependent] = missing - 1
                if missing == 1 and self._states[dependent] is _WAITING:
                    self._move(dependent, _WAITING, _READY)

    def _settle(self, job_id: JobId) -> None:
        """Let a job go on that has just become WAITING: READY if nothing is missing, BLOCKED if something failed."""
        if self._states[job_id] is not _WAITING:
            return
        if not self._missing[job_id]:
            self._move(job_id, _WAITING, _READY)
            return
        for dependency in self._graph.dependencies(job_id):
            state = self._states[dependency]
            if state is _FAILED or state is _BLOCKED:
                cause = self._blocked_by.get(dependency, dependency)
                self._block(job_id, cause)
                self._block_dependents(job_id, cause)
                return

    def _block_dependents(self, job_id: JobId, cause: JobId) -> None:
        to_visit = [job_id]
        while to_visit:
            for dependent in self._graph.dependents(to_visit.pop()):
                if self._states.get(dependent) is _WAITING:
                    self._block(dependent, cause)
                    to_visit.append(dependent)

    def _block(self, job_id: JobId, cause: JobId) -> None:
        self._move(job_id, _WAITING, _BLOCKED)
        self._blocked_by[job_id] = cause

    def _move(self, job_id: JobId, old: JobState, new: JobState) -> None:
        """Make one transition. States, counts and the queue of READY jobs change here and nowhere else."""
        states, counts = self._states, self._counts
        if states[job_id] is not old or new not in _NEXT[old]:
            raise TransitionError(f"{job_id}: {old.value} -> {new.value}, but it is {states[job_id].value}")
        states[job_id] = new
        counts[old] -= 1
        counts[new] += 1
        if new is _READY:
            self._enqueue(job_id)
        elif old is _READY:
            self._queued.discard(self._rank[job_id])

    def _enqueue(self, job_id: JobId) -> None:
        rank = self._rank[job_id]
        heappush(self._queue, rank)
        self._queued.add(rank)
        if self._unmeasured:
            function = self._graph.jobs[job_id].function_name
            if function in self._unmeasured and rank < self._scouts.get(function, len(self._order)):
                self._scouts[function] = rank
