"""Brings together what decides about one job: its current fingerprint, its records, the records it may claim."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from compmake.definitions import Definitions
from compmake.filestate import FileStates, files_from_json
from compmake.fingerprint.closure import CodeIndex, CodeQuery, CodeSet, Root
from compmake.graph import Graph
from compmake.job import NO_OPTIONS, Argument, Digest, FileState, Job, JobId, Reason, ReasonCode, Record
from compmake.records import Records
from compmake.staleness import (
    Current,
    Explain,
    call_digest,
    context_digest,
    fingerprint,
    recorded_files,
    why_stale,
)

_NO_MODULES = "[]"
_NONE: frozenset[str] = frozenset()


class Match(NamedTuple):
    """The record that makes a job up to date, and how it was found."""

    record: Record
    how: str
    """`newest`, `superseded` (an edit was undone) or `claimed` (ids shifted)."""


class Checker:
    """Decides job by job, for one graph and one state of the user's code."""

    def __init__(
        self,
        definitions: Definitions,
        graph: Graph,
        records: Records,
        index: CodeIndex,
        *,
        mode_of: Callable[[str], str],
        packages: Sequence[str] = (),
        unclaiming: Collection[JobId] = (),
        find_damaged: Callable[[Iterable[Record]], Mapping[JobId, str]],
    ) -> None:
        """Prepare to decide.

        Args:
            definitions: The program's jobs.
            graph: The same as a graph.
            records: What the store remembers.
            index: The user's code as it was when the program was loaded.
            mode_of: `module:qualname` -> how much of its code counts, where the job itself does not say.
            packages: Distributions whose version counts.
            unclaiming: Jobs that were cleaned: they must be made, not claimed.
            find_damaged: `Store.find_damaged`.
        """
        self.records = records
        self._definitions = definitions
        self._graph = graph
        self._index = index
        self._mode_of = mode_of
        self._unclaiming = frozenset(unclaiming)
        self._find_damaged = find_damaged
        self._damaged: dict[JobId, str] = {}
        self._files = FileStates()
        self._queries: dict[tuple[object, ...], CodeSet] = {}
        self._kin: dict[JobId, int] = {}
        """For each job the place in `_kins` of its roots, those of all its ancestors, and names among its arguments."""
        self._kins: list[tuple[frozenset[Root], frozenset[Root], frozenset[str]]] = []
        self._calls: dict[JobId, Digest] = {}
        self._packages = {f"version of {name}": _version(name) for name in packages}
        self._context = context_digest((), self._packages, ())
        self._relate()

    def look_at_results(self, job_ids: Iterable[JobId]) -> None:
        """Find the missing and damaged results among these jobs' newest records, all at once."""
        newest = self.records.newest
        wanted = [record for job_id in job_ids if (record := newest.get(job_id)) is not None and record.ok]
        self._damaged.update(self._find_damaged(wanted))

    def note_damage(self, job_id: JobId, text: str) -> None:
        """Remember that a reader found the job's result missing or damaged."""
        self._damaged[job_id] = text

    def forget_damage(self, job_id: JobId) -> None:
        """The job has another newest record now: what was wrong with the one before no longer matters."""
        self._damaged.pop(job_id, None)

    def current(self, job_id: JobId, results: Mapping[JobId, Digest], modules: str | None = None) -> Current:
        """Return the job as it is now.

        Args:
            job_id: The job.
            results: Result digests of at least its dependencies.
            modules: The list of loaded modules to count; default that of its newest record.
        """
        job = self._graph.jobs[job_id]
        if modules is None:
            record = self.records.newest.get(job_id)
            modules = record.modules if record is not None else _NO_MODULES
        code = self._code(job, modules)
        of_needed = [results[dependency] for _, dependency in job.dependencies]
        files: tuple[FileState, ...] = ()
        options: Mapping[str, str] = self._packages
        call, context = job.call, self._context
        if call is None or job.options is not NO_OPTIONS:
            call = self._definitions.call_of(job)
            files = self._input_files(job) if job.files or job.options.files else ()
            options = self._options(job)
            if job.call is None or files or options is not self._packages:
                context = context_digest(files, options, self._passed_code(job))
        mark = fingerprint(call, of_needed, code.digest, context)
        arguments_of = self._definitions.arguments_of
        return Current(job, mark, arguments_of, of_needed, files, options, code, modules, call, context)

    def sweep(self, job_ids: Iterable[JobId]) -> dict[JobId, Digest]:
        """Return the result digests of the jobs whose newest record makes them up to date, and so all that they need.

        Most jobs of most makes are such; this finds them without a detour. What it leaves out must be asked `match`.

        Args:
            job_ids: Jobs and everything that they need, dependencies first.
        """
        done: dict[JobId, Digest] = {}
        newest, jobs, damaged = self.records.newest, self._graph.jobs, self._damaged
        kin, context, codes = self._kin, self._context, dict[tuple[int, str, str], Digest]()
        for job_id in job_ids:
            record = newest.get(job_id)
            if record is None or not record.ok or record.asked or job_id in damaged:
                continue
            job = jobs[job_id]
            try:
                results = [done[dependency] for _, dependency in job.dependencies]
            except KeyError:
                continue
            if job.order_after and not all(dependency in done for dependency in job.order_after):
                continue
            if job.call is None or job.options is not NO_OPTIONS or record.result_files:
                now = self.current(job_id, done)
                mark = now.fingerprint if self._is_matched_by(record, now) else None
            else:
                key = (kin[job_id], record.modules, job.function_name)
                code = codes.get(key) or codes.setdefault(key, self._code(job, record.modules).digest)
                mark = fingerprint(job.call, results, code, context)
            if mark == record.fingerprint:
                done[job_id] = record.result_digest
        self.records.settled.update(done)
        return done

    def has_records(self, job_id: JobId) -> bool:
        """Tell whether there is any record that could be this job's, its own or one to claim."""
        return job_id in self.records.newest or bool(self.records.modules_of(self._graph.jobs[job_id].function_name))

    def match(self, now: Current, results: Mapping[JobId, Digest]) -> Match | None:
        """Return the record that makes the job up to date, None if it must run."""
        job_id = now.job.job_id
        if not now.is_stable:
            return None
        newest = self.records.newest.get(job_id)
        if newest is not None:
            if newest.asked:
                return None
            if newest.fingerprint == now.fingerprint and newest.ok:
                if not self._is_matched_by(newest, now):
                    return None
                self.records.settled.add(job_id)
                return Match(newest, "newest")
        for record in self.records.superseded.get(job_id, ()):
            if not record.asked and record.fingerprint == self._mark(now, record.modules, results):
                # A failure of exactly these inputs is newer: the success before it must not hide it.
                if newest is not None and not newest.ok and newest.fingerprint == record.fingerprint:
                    continue
                if self._is_intact(record):
                    return Match(record, "superseded")
        return self._claimable(now, results)

    def reasons(self, now: Current, explain: Explain) -> tuple[Reason, ...]:
        """Return why the job must run, compared with its newest record; empty if it need not."""
        job_id = now.job.job_id
        record = self.records.newest.get(job_id)
        if record is not None and self.records.promised.get(record, job_id) != job_id:
            record = None  # ids have shifted: it is another job's, this one was never made
        damage = self.damage(record) if record is not None and record.ok else None
        return why_stale(now, record, damage, explain)

    def damage(self, record: Record) -> Reason | None:
        """Say what is wrong with a newest record's stored result, or with the files that it vouches for."""
        found = self._damaged.get(record.job_id)
        if found is not None:
            return Reason(ReasonCode.RESULT, found)
        return self._broken_voucher(record)

    def call(self, job_id: JobId) -> Digest:
        """Return the identity of the job's call, see `staleness.call_digest`."""
        if not self._calls:
            self._calls = self._all_calls()
        return self._calls[job_id]

    def arguments(self, job: Job) -> tuple[Argument, ...]:
        """Return the arguments of a job's call, described one by one."""
        return self._definitions.arguments_of(job)

    def own_units(self, job: Job) -> frozenset[str]:
        """Return the code units that are the job's own function."""
        return frozenset(self._index.roots([job.function]))

    def explain(self, parts: Callable[[Collection[Digest]], Mapping[Digest, bytes]]) -> Explain:
        """Return what texts of reasons are made from.

        Args:
            parts: `Store.parts`, where recorded code sets and sources are.
        """

        def code_set(digest: Digest) -> CodeSet | None:
            data = parts([digest]).get(digest)
            return CodeSet.from_bytes(data) if data is not None else None

        return Explain(
            code_set=cache(code_set),
            old_source=cache(lambda digest: parts([digest]).get(digest, b"").decode(errors="replace")),
            new_source=self._index.source,
            where=self._index.where,
            own_units=self.own_units,
            parameters=self._definitions.parameters_of,
        )

    def _is_matched_by(self, record: Record, now: Current) -> bool:
        return record.fingerprint == now.fingerprint and now.is_stable and self.damage(record) is None

    def _claimable(self, now: Current, results: Mapping[JobId, Digest]) -> Match | None:
        job_id = now.job.job_id
        if job_id in self._unclaiming:
            return None
        for modules in self.records.modules_of(now.job.function_name):
            self.call(job_id)
            mark = self._mark(now, modules, results)
            record = self.records.free(now.job.function_name, mark, job_id, self._calls)
            if record is not None and self._is_intact(record):
                self.records.promised[record] = job_id
                return Match(record, "claimed")
        return None

    def _mark(self, now: Current, modules: str, results: Mapping[JobId, Digest]) -> Digest:
        """Return the job's fingerprint as it would be with another list of loaded modules."""
        return now.fingerprint if modules == now.modules else self.current(now.job.job_id, results, modules).fingerprint

    def _is_intact(self, record: Record) -> bool:
        return not self._find_damaged([record]) and self._broken_voucher(record) is None

    def _broken_voucher(self, record: Record) -> Reason | None:
        if not record.result_files:
            return None
        try:
            promised = files_from_json(record.result_files)
        except ValueError:
            return Reason(ReasonCode.RESULT, "the list of the files it made is unreadable")
        self._files.learn(promised)
        for state in promised:
            now = self._files.state(state.path)
            if now.digest is None:
                return Reason(ReasonCode.FILE, f"file {state.path}, which it made, is gone")
            if now.digest != state.digest:
                return Reason(ReasonCode.FILE, f"file {state.path}, which it made, changed")
        return None

    def _passed_code(self, job: Job) -> list[str]:
        """Return the roots of functions and classes in the arguments, in order: two lambdas may change places."""
        return [",".join(sorted(self._index.roots([thing]))) for thing in job.code_roots]

    def _input_files(self, job: Job) -> tuple[FileState, ...]:
        record = self.records.newest.get(job.job_id)
        if record is not None:
            self._files.learn(recorded_files(record.inputs))
        return tuple(self._files.state(path) for path in dict.fromkeys(job.files + job.options.files))

    def _options(self, job: Job) -> Mapping[str, str]:
        if job.options.version is None:
            return self._packages
        return {**self._packages, "version": job.options.version}

    def _code(self, job: Job, modules: str) -> CodeSet:
        kin = self._kin[job.job_id]
        key = (kin, modules, job.function_name, job.options)
        found = self._queries.get(key)
        if found is None:
            roots, ancestors, texts = self._kins[kin]
            query = CodeQuery(
                roots=roots,
                ancestors=ancestors,
                texts=texts,
                modules=frozenset(json.loads(modules)),
                mode=job.options.code or self._mode_of(job.function_name),
                without=self._index.roots([job.function]) if job.options.version is not None else frozenset(),
            )
            found = self._queries[key] = self._index.code_set(query)
        return found

    def _relate(self) -> None:
        """Work out `_kin` once for all jobs, dependencies first."""
        known: dict[object, int] = {}
        places: dict[tuple[frozenset[Root], frozenset[Root], frozenset[str]], int] = {}
        names = self._index.names() if any(job.names for job in self._graph.jobs.values()) else frozenset()
        kin = self._kin
        for job_id in self._graph.order:
            job = self._graph.jobs[job_id]
            needed = self._graph.dependencies(job_id)
            of_needed = kin[needed[0]] if len(needed) == 1 else frozenset([kin[dependency] for dependency in needed])
            texts = names.intersection(job.names) if job.names else _NONE
            key = (id(job.code_roots), of_needed, texts)  # most jobs share the tuple of their function
            place = known.get(key)
            if place is None:
                roots = self._index.roots(job.code_roots)
                above = [found for dependency in needed for found in self._kins[kin[dependency]][:2]]
                entry = (roots, frozenset[Root]().union(*above), texts)
                place = places.setdefault(entry, len(self._kins))
                if place == len(self._kins):
                    self._kins.append(entry)
                known[key] = place
            kin[job_id] = place

    def _all_calls(self) -> dict[JobId, Digest]:
        calls: dict[JobId, Digest] = {}
        jobs = self._graph.jobs
        for job_id in self._graph.order:
            job = jobs[job_id]
            calls[job_id] = call_digest(self._definitions.call_of(job), [calls[dep] for _, dep in job.dependencies])
        return calls


def _version(distribution: str) -> str:
    from importlib import metadata  # 20 ms that only those pay who configured `packages`

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "not installed"
