"""The one loop that joins plan, checker, store, executor and channel: a make, from its first job to its summary."""

import contextlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from compmake.channel import Channel, Event, EventKind
from compmake.checking import Checker, Match
from compmake.code_watch import CodeWatch
from compmake.codec import CallMessage, freeze_call, freeze_function
from compmake.executor import Executor
from compmake.fingerprint.closure import CodeIndex
from compmake.graph import Graph
from compmake.job import Blob, Digest, Failure, Job, JobId, JobState, Outcome, OutcomeKind
from compmake.plan import Plan
from compmake.recording import code_parts, make_record
from compmake.staleness import Current, inputs_json
from compmake.store import Changes, Run, Store

_COMMIT_RECORDS = 500
_COMMIT_S = 0.05
_QUICK_S = 0.01
"""Before a job that may take longer than this, what is done is committed."""


@dataclass(frozen=True, slots=True)
class MakeResult:
    """How a make ended."""

    run_id: int
    done: int
    """Jobs made in this run."""
    up_to_date: int
    failed: Mapping[JobId, Failure]
    blocked: tuple[JobId, ...]
    interrupted: bool
    wall_s: float
    left: int = 0
    """Jobs not reached because the user interrupted."""


@dataclass(slots=True)
class _Pending:
    """What waits for the next commit, and the news to tell after it."""

    changes: Changes = field(default_factory=Changes)
    events: list[Event] = field(default_factory=list)
    since_s: float = 0.0


class Make:
    """One make. `run` may be called once."""

    def __init__(
        self,
        graph: Graph,
        plan: Plan,
        checker: Checker,
        index: CodeIndex,
        *,
        store: Store,
        executor: Executor,
        channel: Channel,
        environment: Mapping[str, Any],
        results: Mapping[JobId, Digest],
    ) -> None:
        """Join the parts of a make; all are the caller's, which closes them.

        Args:
            graph: The program's jobs.
            plan: What this make wants.
            checker: Decides whether a job must run.
            index: The user's code.
            store: Opened and locked.
            executor: Runs jobs.
            channel: Carries news.
            environment: Advisory facts for the records: host, python, packages.
            results: Result digests of the jobs that the plan has as done from the start.
        """
        self._graph = graph
        self._plan = plan
        self._checker = checker
        self._index = index
        self._watch = CodeWatch(index)
        self._store = store
        self._executor = executor
        self._channel = channel
        self._environment = dict(environment)
        self._run_id = 0
        self._results = dict(results)
        self._blobs: dict[JobId, Blob] = {}
        self._running: dict[JobId, Current] = {}
        self._failed: dict[JobId, Failure] = {}
        self._pending = _Pending()
        self._told_up_to_date = 0
        self._functions: dict[int, bytes] = {}
        self._readers: dict[JobId, int] = {}
        self._kept_code: set[Digest] = set()
        self._usual_s: dict[str, float] = {}

    def run(self, command: str, expected_s: float | None = None) -> MakeResult:
        """Make all that the plan wants, and return how it ended.

        Raises:
            StoreError: The store failed; what was committed before stays.
        """
        started = time.monotonic()
        self._run_id = self._store.begin_run(command, time.time())
        wanted = len(self._plan.wanted)
        self._tell(EventKind.RUN_STARTED, count=wanted, text=command, expected_s=expected_s)
        ended = "finished"
        try:
            try:
                self._loop()
            except KeyboardInterrupt:
                ended = "interrupted"
            for outcome in self._executor.close():
                self._take(outcome)
            self._flush()
        except BaseException as error:
            ended = f"stopped: {error}" if str(error) else "stopped"
            with contextlib.suppress(Exception):  # what is done is saved if the trouble was elsewhere
                self._flush()
            raise
        finally:
            result = self._result(ended, time.monotonic() - started)
            with contextlib.suppress(Exception):  # the error that ended the run is the one to tell
                self._store.end_run(self._run_record(command, result, started, ended))
            self._tell(EventKind.RUN_ENDED, text="interrupted" if result.interrupted else ended)
        return result

    def _loop(self) -> None:
        plan, executor = self._plan, self._executor
        self._tell_up_to_date()
        while not plan.finished:
            while executor.capacity() > 0 and (job_id := plan.next_ready()) is not None:
                self._decide(job_id)
            self._tell_up_to_date()
            if not self._running:
                self._flush()
                continue
            if self._must_commit():
                self._flush()
            outcomes = executor.collect(None)
            for outcome in outcomes:
                self._take(outcome)
            if any(outcome.kind is OutcomeKind.INTERRUPTED for outcome in outcomes):
                raise KeyboardInterrupt

    def _decide(self, job_id: JobId) -> None:
        """A job is READY: it is up to date, or it starts."""
        now = self._checker.current(job_id, self._results)
        match = self._checker.match(now, self._results)
        if match is not None:
            self._accept(now, match)
            return
        job = self._graph.jobs[job_id]
        self._plan.start(job_id)
        self._tell(EventKind.JOB_STARTED, job=job)
        changed = self._watch.before(now.code)
        if changed is not None:
            self._fail(job, Outcome(job_id, OutcomeKind.FAILED, time.time(), 0.0), changed)
            self._drop_read_blobs(job)
            return
        self._running[job_id] = now
        self._executor.submit(self._message(job, now))

    def _accept(self, now: Current, match: Match) -> None:
        job_id, record = now.job.job_id, match.record
        if match.how != "newest":
            self._checker.forget_damage(job_id)
        if match.how == "superseded":
            self._pending.changes.restored.append(record)
            self._checker.records.restore(record)
        elif match.how == "claimed":
            moved = record._replace(job_id=job_id, inputs=inputs_json(now, self._checker.call(job_id)))
            self._pending.changes.claims.append((record, moved))
            self._checker.records.claim(record, moved)
        self._results[job_id] = record.result_digest
        self._plan.up_to_date(job_id)

    def _message(self, job: Job, now: Current) -> CallMessage:
        function = self._functions.get(id(job.function))
        if function is None:
            function = self._functions[id(job.function)] = freeze_function(job.function)
        if job.payload is not None:
            call = job.payload
        else:
            assert job.args is not None and job.kwargs is not None
            call = freeze_call(job.job_id, job.function_name, job.args, job.kwargs)
        needed = dict.fromkeys(dependency.job_id for dependency in job.dependencies)
        return CallMessage(
            job_id=job.job_id,
            function_name=job.function_name,
            function=function,
            call=call,
            dependencies={dep: self._blob(dep) for dep in needed},
            seed=int.from_bytes(now.fingerprint[:8], "big"),
        )

    def _blob(self, job_id: JobId) -> Blob:
        """Return where a dependency's result is; bytes made in this run come from memory while somebody waits."""
        blob = self._blobs.get(job_id)
        if blob is None:
            record = self._checker.records.newest[job_id]
            if self._pending.changes:
                self._flush()
            blob = self._store.blob(record)
        return blob

    def _take(self, outcome: Outcome) -> None:
        """A job ended: make the transition, prepare its record and its news."""
        job = self._graph.jobs[outcome.job_id]
        now = self._running.pop(outcome.job_id)
        if outcome.kind is OutcomeKind.INTERRUPTED:
            self._plan.interrupted(outcome.job_id)
            self._tell(EventKind.JOB_INTERRUPTED, job=job, wall_s=outcome.wall_s)
        elif outcome.kind is OutcomeKind.DAMAGED:
            self._remake_damaged(job, outcome)
        elif (changed := self._watch.after(outcome)) is not None:
            self._fail(job, outcome, changed)  # and nothing is recorded
        elif outcome.kind is OutcomeKind.OK:
            self._record(job, now, outcome)
            self._succeed(job, outcome)
        else:
            self._record(job, now, outcome)
            self._fail(job, outcome, outcome.failure or Failure("Unknown", "it failed without a word"))
        self._drop_read_blobs(job)

    def _succeed(self, job: Job, outcome: Outcome) -> None:
        assert outcome.result is not None
        self._results[job.job_id] = outcome.result.digest
        readers = sum(self._plan.state(d) is JobState.WAITING for d in self._wanted_dependents(job.job_id))
        if readers:
            self._readers[job.job_id] = readers
            self._blobs[job.job_id] = outcome.result.blob
        self._plan.done(job.job_id)
        self._usual_s[job.function_name] = outcome.wall_s
        self._later(EventKind.JOB_DONE, job, outcome)

    def _fail(self, job: Job, outcome: Outcome, failure: Failure) -> None:
        before = self._plan.counts[JobState.BLOCKED]
        self._plan.failed(job.job_id)
        self._tell_failed(job, outcome, failure)
        self._tell_blocked(job, outcome, before)

    def _remake_damaged(self, job: Job, outcome: Outcome) -> None:
        """Stored results that the job needs are missing or damaged: make them again, then come back to it."""
        self._flush()
        self._store.mark_missing(outcome.damaged)
        for damaged in outcome.damaged:
            self._checker.note_damage(damaged, "the stored result was missing or damaged when it was read")
            self._blobs.pop(damaged, None)
        made, blocked = self._made, self._plan.counts[JobState.BLOCKED]
        over = self._plan.damaged(job.job_id, outcome.damaged)
        if over:
            names = ", ".join(over)
            text = f"the stored result of {names} was damaged again each time it was made"
            self._tell_failed(job, outcome, Failure("DamagedResult", text))
        else:
            self._tell(EventKind.JOB_POSTPONED, job=job, count=made - self._made)
        self._tell_blocked(job, outcome, blocked)

    def _tell_failed(self, job: Job, outcome: Outcome, failure: Failure) -> None:
        self._failed[job.job_id] = failure
        self._later(EventKind.JOB_FAILED, job, outcome, failure=failure)

    def _tell_blocked(self, job: Job, outcome: Outcome, before: int) -> None:
        blocked = self._plan.counts[JobState.BLOCKED] - before
        if blocked:
            self._later(EventKind.BLOCKED, job, outcome, count=blocked)

    def _record(self, job: Job, now: Current, outcome: Outcome) -> None:
        modules = json.dumps([name for name, _, _ in outcome.modules])
        if modules != now.modules:  # what this attempt loaded counts, not what the one before did
            now = self._checker.current(job.job_id, self._results, modules)
        before = self._checker.records.newest.get(job.job_id)
        record = make_record(
            now,
            outcome,
            call=self._checker.call(job.job_id),
            attempt=before.attempt + 1 if before else 1,
            run_id=self._run_id,
            environment=self._environment,
        )
        self._checker.records.put(record)
        self._checker.forget_damage(job.job_id)
        if not self._pending.changes:
            self._pending.since_s = time.monotonic()
        self._pending.changes.records.append((record, outcome.result.blob if outcome.result else None))
        if now.code.digest not in self._kept_code:
            self._kept_code.add(now.code.digest)
            self._pending.changes.parts.update(code_parts(now.code, self._index))

    def _drop_read_blobs(self, job: Job) -> None:
        if self._plan.state(job.job_id) is JobState.WAITING:
            return  # it will read them again
        for dependency in self._graph.dependencies(job.job_id):
            if dependency in self._readers:
                self._readers[dependency] -= 1
                if self._readers[dependency] <= 0:
                    del self._readers[dependency]
                    self._blobs.pop(dependency, None)

    @property
    def _made(self) -> int:
        return self._plan.counts[JobState.DONE] - self._plan.up_to_date_count

    def _wanted_dependents(self, job_id: JobId) -> list[JobId]:
        return [dependent for dependent in self._graph.dependents(job_id) if dependent in self._plan.wanted]

    def _must_commit(self) -> bool:
        changes = self._pending.changes
        if not changes:
            return False
        if len(changes) >= _COMMIT_RECORDS or time.monotonic() - self._pending.since_s > _COMMIT_S:
            return True
        return any(self._usual_s.get(now.job.function_name, 1.0) > _QUICK_S for now in self._running.values())

    def _flush(self) -> None:
        """Commit what is pending; only then tell that it is done."""
        pending, self._pending = self._pending, _Pending()
        if pending.changes:
            self._store.commit(pending.changes)
        if pending.events:
            self._channel.publish(pending.events)
        entries = self._index.new_cache_entries()
        if entries:
            self._store.cache_code(entries)

    def _tell(self, kind: EventKind, *, job: Job | None = None, **fields: Any) -> None:
        where: dict[str, Any] = {"job_id": job.job_id, "function": job.display_function} if job is not None else {}
        self._channel.publish([Event(kind, time.time(), **where, **fields)])

    def _later(self, kind: EventKind, job: Job, outcome: Outcome, **fields: Any) -> None:
        event = Event(
            kind,
            time.time(),
            job_id=job.job_id,
            function=job.display_function,
            wall_s=outcome.wall_s,
            peak_bytes=outcome.peak_bytes,
            **fields,
        )
        self._pending.events.append(event)

    def _tell_up_to_date(self) -> None:
        count = self._plan.up_to_date_count - self._told_up_to_date
        if count:
            self._tell(EventKind.UP_TO_DATE, count=count)
            self._told_up_to_date += count

    def _result(self, ended: str, wall_s: float) -> MakeResult:
        plan = self._plan
        blocked = tuple(j for j in self._graph.order if j in plan.wanted and plan.state(j) is JobState.BLOCKED)
        counts = plan.counts
        left = sum(counts[s] for s in (JobState.WAITING, JobState.READY, JobState.RUNNING, JobState.INTERRUPTED))
        return MakeResult(
            run_id=self._run_id,
            done=self._made,
            up_to_date=plan.up_to_date_count,
            failed=dict(self._failed),
            blocked=blocked,
            interrupted=ended == "interrupted",
            wall_s=wall_s,
            left=left,
        )

    def _run_record(self, command: str, result: MakeResult, started: float, ended: str) -> Run:
        ended_at = time.time()
        return Run(
            run_id=self._run_id,
            command=command,
            started_at=ended_at - (time.monotonic() - started),
            ended_at=ended_at,
            done=result.done,
            failed=len(result.failed),
            blocked=len(result.blocked),
            up_to_date=result.up_to_date,
            ended=ended,
        )
