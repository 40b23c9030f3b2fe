"""The records of a store as one run sees and changes them: newest, superseded, and which are free to be claimed."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import cached_property

from compmake.job import Digest, JobId, Record
from compmake.staleness import Inputs


class Records:
    """Records in memory. Every change made here is also made in the store by the same run's commits."""

    def __init__(self, newest: dict[JobId, Record], load_superseded: Callable[[], dict[JobId, list[Record]]]) -> None:
        """Begin with what the store has.

        Args:
            newest: `Store.load_records`.
            load_superseded: `Store.load_superseded`, called when a job's newest record does not match.
        """
        self.newest = newest
        self.settled: set[JobId] = set()
        """Jobs found up to date with their newest record: it stays theirs, even if another call made it."""
        self.promised: dict[Record, JobId] = {}
        """Free records and who is to claim them: two equal calls do not both count on one."""
        self._load_superseded = load_superseded
        # Built when the first job has no matching record of its own: most runs never need it.
        self._by_function: dict[str, dict[Digest, list[Record]]] | None = None
        self._modules: dict[str, set[str]] = defaultdict(set)

    @cached_property
    def superseded(self) -> dict[JobId, list[Record]]:
        """Older successes by job, newest first."""
        return self._load_superseded()

    def put(self, record: Record) -> None:
        """Make `record` the newest of its job; a success before it is superseded.

        Nobody else can claim it: it is of the call that its job is now.
        """
        self._supersede(record.job_id)
        self.newest[record.job_id] = record
        self.settled.add(record.job_id)

    def restore(self, record: Record) -> None:
        """Make a superseded record the newest of its job again."""
        self.superseded[record.job_id].remove(record)
        self._supersede(record.job_id)
        self.newest[record.job_id] = record
        self.settled.add(record.job_id)

    def claim(self, record: Record, moved: Record) -> None:
        """Give a free record to another job; `moved` is the record as that job's."""
        self._forget_candidate(record)
        if self.newest.get(record.job_id) is record:
            del self.newest[record.job_id]
        else:
            self.superseded[record.job_id].remove(record)
        self.put(moved)

    def free(self, function: str, fingerprint: Digest, claimer: JobId, calls: Mapping[JobId, Digest]) -> Record | None:
        """Return a record with this fingerprint whose job is no longer defined or has become another call.

        A job that became another call may still have the same inputs (results of its dependencies were equal): once it
        is settled with its record, nobody else gets that.

        Args:
            function: `module:qualname` of the claimer.
            fingerprint: What the record must match.
            claimer: The job that wants it.
            calls: The call digest of every defined job.
        """
        for record in self._candidates(function).get(fingerprint, ()):
            if record.job_id == claimer or record.asked or self._is_settled(record):
                continue
            if self.promised.get(record, claimer) != claimer:
                continue
            if record.job_id not in calls or calls[record.job_id].hex() != Inputs.from_json(record.inputs).call:
                return record
        return None

    def modules_of(self, function: str) -> Collection[str]:
        """Return the distinct lists of loaded modules with which this function's successes were recorded."""
        self._candidates(function)
        return self._modules[function]

    def _is_settled(self, record: Record) -> bool:
        return record.job_id in self.settled and self.newest.get(record.job_id) is record

    def _candidates(self, function: str) -> dict[Digest, list[Record]]:
        if self._by_function is None:
            self._by_function = defaultdict(lambda: defaultdict(list))
            kept = [record for records in self.superseded.values() for record in records]
            for record in [*self.newest.values(), *kept]:
                if record.ok:
                    self._by_function[record.function][record.fingerprint].append(record)
                    self._modules[record.function].add(record.modules)
        return self._by_function[function]

    def _forget_candidate(self, record: Record) -> None:
        if self._by_function is not None and record.ok:
            self._by_function[record.function][record.fingerprint].remove(record)

    def _supersede(self, job_id: JobId) -> None:
        before = self.newest.get(job_id)
        if before is not None and before.ok:
            self.superseded.setdefault(job_id, []).insert(0, before)
