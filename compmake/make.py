"""The one loop that joins plan, checker, store, executor and channel: a make, from its first job to its summary."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from compmake.calling import call_message
from compmake.channel import Channel, EventKind
from compmake.checking import Checker, Match
from compmake.code_watch import CodeWatch
from compmake.codec import CallMessage, freeze_function
from compmake.control import Control
from compmake.errors import ResultVanishedError, ServerAwayError
from compmake.executor import Executor
from compmake.fingerprint.closure import CodeIndex
from compmake.graph import Graph
from compmake.heeding import Heeding
from compmake.job import Blob, Digest, Failure, Job, JobId, JobState, Limits, Outcome, OutcomeKind
from compmake.make_result import MakeResult
from compmake.news import NO_FORECAST, READY_EVERY_S, Forecast, News
from compmake.plan import Plan
from compmake.recording import Recorder, code_parts
from compmake.staleness import Current, inputs_json
from compmake.store import Changes, Store

_COMMIT_RECORDS = 500
_COMMIT_S = 0.05
# Looked up once: Python 3.11 takes long to find a member of an enumeration.
_WAITING, _OK = JobState.WAITING, OutcomeKind.OK
_QUICK_S = 0.01
"""Before a job that may take longer than this, what is done is committed."""


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
        limits: Callable[[Job], Limits],
        control: Control,
        workers: int = 0,
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
            limits: What an attempt at a job may take.
            control: What the user wants of the make while it runs.
            workers: How many processes run jobs; 0 for the driver's own.
        """
        self._graph = graph
        self._plan = plan
        self._checker = checker
        self._index = index
        self._watch = CodeWatch(index)
        self._store = store
        self._executor = executor
        self._news = News(channel, graph)
        self._environment = dict(environment)
        self._limits = limits
        self._control = control
        control.states, control.workers = plan.states, control.workers or workers
        self._heeding = Heeding(control, graph, plan, executor, self._news, workers)
        self._workers = workers
        self._run_id = 0
        self._recorder = Recorder(0, environment)
        self._results = dict(results)
        self._blobs: dict[JobId, Blob] = {}
        self._running: dict[JobId, Current] = {}
        self._failed: dict[JobId, Failure] = {}
        self._pending = Changes()
        self._pending_since_s = 0.0
        self._functions: dict[int, bytes] = {}
        self._readers: dict[JobId, int] = {}
        self._kept_code: set[Digest] = set()
        self._usual_s: dict[str, float] = {}
        self._loaded = frozenset(sys.modules)
        self._modules: tuple[object, str] = (None, "")
        self._vanished: dict[JobId, ResultVanishedError] = {}
        """Jobs that were made and have no record, for their result is gone."""
        self._retried: dict[JobId, list[str]] = {}
        """What went wrong in earlier attempts of this run."""

    def run(self, command: str, forecast: Forecast = NO_FORECAST) -> MakeResult:
        """Make all that the plan wants, and return how it ended.

        Args:
            command: As typed, for the list of runs.
            forecast: What can be told before it begins.

        Raises:
            StoreError: The store failed; what was committed before stays.
        """
        started = time.monotonic()
        self._run_id = self._store.begin_run(command, time.time())
        self._recorder = Recorder(self._run_id, self._environment)
        self._news.tell_start(command, len(self._plan.wanted), self._workers, forecast)
        ended, is_there = "finished", True
        try:
            try:
                self._loop()
            except KeyboardInterrupt:
                ended = "interrupted"
            for outcome in self._executor.close():
                self._take(outcome)
            self._flush()
            for error in self._vanished.values():
                raise error
        except BaseException as error:
            ended = f"stopped: {error}" if str(error) else "stopped"
            is_there = not isinstance(error, ServerAwayError)  # else it was waited for long enough
            if is_there:
                with contextlib.suppress(Exception):  # what is done is saved if the trouble was elsewhere
                    self._flush()
            raise
        finally:
            wall_s = time.monotonic() - started
            result = MakeResult.of(self._run_id, self._graph, self._plan, self._failed, ended, wall_s)
            if is_there:
                with contextlib.suppress(Exception):  # the error that ended the run is the one to tell
                    self._store.end_run(result.as_run(command, ended))
            self._news.tell(EventKind.RUN_ENDED, text="interrupted" if result.interrupted else ended)
        return result

    def _loop(self) -> None:
        plan, executor, control, heeding = self._plan, self._executor, self._control, self._heeding
        self._news.tell_up_to_date(self._plan.up_to_date_count)
        while not plan.finished:
            heeding.look()
            while heeding.may_start and executor.capacity() > 0 and (job_id := plan.next_ready()) is not None:
                self._decide(job_id)
            self._news.tell_up_to_date(self._plan.up_to_date_count)
            heeding.look()  # while jobs were being looked at the user may have wanted the end
            if not self._running:
                self._flush()
                if control.level:
                    raise KeyboardInterrupt
                if not heeding.is_paused:
                    continue
            if self._must_commit():
                self._flush()
            self._news.tell_running(executor.running(), self._attempt)
            wait_s = self._until_commit()
            if self._news.tell_ready(plan.counts[JobState.READY]):
                wait_s = READY_EVERY_S if wait_s is None else min(wait_s, READY_EVERY_S)
            outcomes = executor.collect(wait_s)
            ended = [outcome.job_id for outcome in outcomes if outcome.kind is OutcomeKind.INTERRUPTED]
            is_wished = all(map(heeding.was_ended, ended))
            for outcome in outcomes:
                self._take(outcome)
            if not control.level and not is_wished:
                raise KeyboardInterrupt  # in this process
        if control.level:
            raise KeyboardInterrupt  # whoever presses Ctrl-C wants nothing after this make either

    def _decide(self, job_id: JobId) -> None:
        """A job is READY: it is up to date, or it starts."""
        now = self._checker.current(job_id, self._results)
        match = self._checker.match(now, self._results)
        if match is not None:
            self._accept(now, match)
            return
        job = self._graph.jobs[job_id]
        self._plan.start(job_id)
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
            self._pending.restored.append(record)
            self._checker.records.restore(record)
        elif match.how == "claimed":
            moved = record._replace(job_id=job_id, inputs=inputs_json(now, self._checker.call(job_id)))
            self._pending.claims.append((record, moved))
            self._checker.records.claim(record, moved)
        self._results[job_id] = record.result_digest
        self._plan.up_to_date(job_id)
        self._news.note_up_to_date(job_id)

    def _message(self, job: Job, now: Current) -> CallMessage:
        function = self._functions.get(id(job.function))
        if function is None:
            function = self._functions[id(job.function)] = freeze_function(job.function)
        needed = {dep: self._blob(dep) for _, dep in job.dependencies} if job.dependencies else {}
        return call_message(job, now.fingerprint, needed, function=function, limits=self._limits(job))

    def _blob(self, job_id: JobId) -> Blob:
        """Return where a dependency's result is; bytes made in this run come from memory while somebody waits."""
        blob = self._blobs.get(job_id)
        if blob is None:
            record = self._checker.records.newest[job_id]
            if self._pending:
                self._flush()
            blob = self._store.blob(record)
        return blob

    def _take(self, outcome: Outcome) -> None:
        """A job ended: make the transition, prepare its record and its news."""
        job = self._graph.jobs[outcome.job_id]
        now = self._running.pop(outcome.job_id)
        was_shown = self._news.note_ended(outcome.job_id)
        if outcome.kind is _OK and self._watch.after(outcome) is None:
            self._record(job, now, outcome)
            self._succeed(job, outcome)
        elif self._begins_again(outcome):
            self._plan.retry(outcome.job_id)
            if was_shown:
                self._news.tell(EventKind.JOB_POSTPONED, job=job)
            return
        elif outcome.kind in (OutcomeKind.INTERRUPTED, OutcomeKind.RETURNED):
            self._plan.interrupted(outcome.job_id)
            self._news.tell(EventKind.JOB_INTERRUPTED, job=job, wall_s=outcome.wall_s)
        elif outcome.kind is OutcomeKind.DAMAGED:
            self._remake_damaged(job, outcome)
        elif (changed := self._watch.after(outcome)) is not None:
            self._fail(job, outcome, changed)  # and nothing is recorded
        else:
            failure = outcome.failure or Failure("Unknown", "it failed without a word")
            if self._may_try_again(job, failure, outcome):
                return
            self._record(job, now, outcome)
            self._fail(job, outcome, failure)
        self._drop_read_blobs(job)

    def _begins_again(self, outcome: Outcome) -> bool:
        """Tell whether a job that came back without a result is to be made all the same."""
        if outcome.kind is OutcomeKind.RETURNED:
            return not self._heeding.is_cancelled(outcome.job_id)
        return outcome.kind is OutcomeKind.INTERRUPTED and self._heeding.begins_again(outcome.job_id)

    def _may_try_again(self, job: Job, failure: Failure, outcome: Outcome) -> bool:
        """Let an attempt that failed be repeated, if attempts are left and nobody wants the make to end."""
        before = self._retried.get(job.job_id, [])
        left = self._limits(job).retries - len(before)
        if left <= 0 or self._control.level or self._heeding.is_cancelled(job.job_id):
            return False
        text = f"attempt {len(before) + 1} of this run failed: {failure.type_name}: {failure.message[:200]}"
        self._retried[job.job_id] = [*before, text]
        self._plan.retry(job.job_id)
        self._news.tell_later(EventKind.JOB_RETRIED, job, outcome, failure=failure, count=left)
        return True

    def _succeed(self, job: Job, outcome: Outcome) -> None:
        assert outcome.result is not None
        self._results[job.job_id] = outcome.result.digest
        states = self._plan.states
        readers = sum([states.get(dependent) is _WAITING for dependent in self._graph.dependents(job.job_id)])
        if readers:
            self._readers[job.job_id] = readers
            self._blobs[job.job_id] = outcome.result.blob
        self._plan.done(job.job_id)
        self._usual_s[job.function_name] = outcome.wall_s
        self._news.tell_later(EventKind.JOB_DONE, job, outcome)

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
            for damaged in over:  # that it could not be recorded either is the same trouble
                self._vanished.pop(damaged, None)
            self._tell_failed(job, outcome, Failure("DamagedResult", text))
        else:
            self._news.tell(EventKind.JOB_POSTPONED, job=job, count=made - self._made, jobs=outcome.damaged)
        self._tell_blocked(job, outcome, blocked)

    def _tell_failed(self, job: Job, outcome: Outcome, failure: Failure) -> None:
        self._failed[job.job_id] = failure
        self._news.tell_later(EventKind.JOB_FAILED, job, outcome, failure=failure, text=outcome.last_lines)

    def _tell_blocked(self, job: Job, outcome: Outcome, before: int) -> None:
        blocked = self._plan.counts[JobState.BLOCKED] - before
        if blocked:
            self._news.tell_later(EventKind.BLOCKED, job, outcome, count=blocked)

    def _record(self, job: Job, now: Current, outcome: Outcome) -> None:
        if job.job_id in self._retried:
            outcome = outcome._replace(notes=(*self._retried[job.job_id], *outcome.notes))
        modules = self._modules_json(outcome)
        if modules != now.modules:  # what this attempt loaded counts, not what the one before did
            now = self._checker.current(job.job_id, self._results, modules)
        attempt = self._attempt(job.job_id)
        record = self._recorder.record(now, outcome, call=self._checker.call(job.job_id), attempt=attempt)
        self._checker.records.put(record)
        self._checker.forget_damage(job.job_id)
        self._vanished.pop(job.job_id, None)
        if not self._pending:
            self._pending_since_s = time.monotonic()
        self._pending.records.append((record, outcome.result.blob if outcome.result else None))
        if now.code.digest not in self._kept_code:
            self._kept_code.add(now.code.digest)
            self._pending.parts.update(code_parts(now.code, self._index))

    def _attempt(self, job_id: JobId) -> int:
        """Return the number of the attempt that runs, over all makes."""
        before = self._checker.records.newest.get(job_id)
        return (before.attempt if before else 0) + 1 + len(self._retried.get(job_id, ()))

    def _modules_json(self, outcome: Outcome) -> str:
        """Return the modules imported for jobs, beyond those that the program has loaded in this process."""
        if outcome.modules is not self._modules[0]:
            names = [name for name, _, _ in outcome.modules if name not in self._loaded]
            self._modules = (outcome.modules, json.dumps(names))
        return self._modules[1]

    def _drop_read_blobs(self, job: Job) -> None:
        if self._plan.states[job.job_id] is _WAITING:
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

    def _must_commit(self) -> bool:
        changes = self._pending
        if not changes:
            return False
        if len(changes) >= _COMMIT_RECORDS or time.monotonic() - self._pending_since_s > _COMMIT_S:
            return True
        # The one call may be in this process, where nothing is committed before it ends.
        return len(self._running) == 1 and any(
            self._usual_s.get(now.job.function_name, 1.0) > _QUICK_S for now in self._running.values()
        )

    def _until_commit(self) -> float | None:
        """Return how long what is pending may wait."""
        if not self._pending:
            return None
        return max(0.0, self._pending_since_s + _COMMIT_S - time.monotonic())

    def _flush(self) -> None:
        """Commit what is pending; only then tell that it is done."""
        pending, self._pending = self._pending, Changes()
        while pending:
            try:
                self._store.commit(pending)
                break
            except ResultVanishedError as error:  # a reader that found it damaged has it made again
                pending.records = [(record, blob) for record, blob in pending.records if record.job_id != error.job_id]
                self._vanished[JobId(error.job_id)] = error
            except BaseException:
                self._news.forget_uncommitted()
                raise
        self._news.tell_committed()
        entries = self._index.new_cache_entries()
        if entries:
            self._store.cache_code(entries)
