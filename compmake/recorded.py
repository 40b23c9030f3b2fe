"""A program as its store remembers it, for looking at a store without loading the program."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from compmake.errors import UserError
from compmake.functions import HIDDEN_INPUTS, display_name
from compmake.graph import Graph, natural_key
from compmake.job import Argument, Dependency, Digest, Job, JobId, JobState, Reason, ReasonCode, Record
from compmake.records import Records
from compmake.staleness import Inputs


def _not_loaded(*_: Any) -> NoReturn:
    raise UserError("the program is not loaded: name it instead of its store to run jobs")


def recorded_graph(records: Mapping[JobId, Record]) -> Graph:
    """Return the jobs that have records, with the dependencies recorded then."""
    jobs: dict[JobId, Job] = {}
    for job_id, record in records.items():
        inputs = Inputs.from_json(record.inputs)
        jobs[job_id] = Job(
            job_id=job_id,
            function=_not_loaded,
            function_name=record.function,
            display_function=display_name(record.function.partition(":")[2]),
            args=None,
            kwargs=None,
            described=tuple(_argument(place, *value) for place, value in inputs.args.items()),
            dependencies=tuple(
                Dependency(place, JobId(dep)) for place, (_, dep) in inputs.deps.items() if dep in records
            ),
        )
    return Graph(jobs)


def _argument(place: str, digest: str, text: str) -> Argument:
    try:
        return Argument(place, Digest(bytes.fromhex(digest)) or None, text)
    except ValueError:
        return Argument(place, None, text)


def recorded_arguments(record: Record) -> list[tuple[str, str]]:
    """Return the arguments as they were recorded, as `RecordedStatus.arguments` does for a whole store."""
    inputs = Inputs.from_json(record.inputs)
    described = [_argument(place, *value) for place, value in inputs.args.items()]
    return shown_arguments(described, [Dependency(place, JobId(dep)) for place, (_, dep) in inputs.deps.items()])


def shown_arguments(arguments: Iterable[Argument], dependencies: Iterable[Dependency]) -> list[tuple[str, str]]:
    """Return place and short text of what a call shows, in order; promises as `<job id>`."""
    shown = {argument.place: argument.text for argument in arguments if argument.place not in HIDDEN_INPUTS}
    # Promises inside a container are marks in its text.
    shown |= {place: f"<{job_id}>" for place, job_id in dependencies if place.count("[") == 1}
    return [(place, shown[place]) for place in (sorted(shown, key=natural_key) if len(shown) > 1 else shown)]


class RecordedStatus:
    """The states that records alone can tell: done, failed, or asked for again (stale)."""

    def __init__(
        self, graph: Graph, records: Records, find_damaged: Callable[[Iterable[Record]], Mapping[JobId, str]]
    ) -> None:
        self.graph = graph
        self._records = records
        self._damaged = find_damaged([record for record in records.newest.values() if record.ok])

    def states(self) -> dict[JobId, JobState]:
        """Return every job's state."""
        return {job_id: self.state(job_id) for job_id in self.graph.order}

    def state(self, job_id: JobId) -> JobState:
        """Return a job's state."""
        record = self._records.newest[job_id]
        if not record.ok:
            return JobState.FAILED
        return JobState.STALE if record.asked or job_id in self._damaged else JobState.DONE

    def reasons(self, job_id: JobId) -> tuple[Reason, ...]:
        """Return why the job would run, as far as the store can tell."""
        record = self._records.newest[job_id]
        found = []
        if record.asked:
            found.append(Reason(ReasonCode.ASKED_FOR, "asked for"))
        if not record.ok:
            found.append(Reason(ReasonCode.FAILED, "failed last time"))
        if job_id in self._damaged:
            found.append(Reason(ReasonCode.RESULT, self._damaged[job_id]))
        return tuple(found)

    def arguments(self, job_id: JobId) -> list[tuple[str, str]]:
        """Return the arguments as they were: name or place, and short text; promises as `<job id>`."""
        job = self.graph.jobs[job_id]
        return shown_arguments(job.described or (), job.dependencies)

    def blocked_by(self, job_id: JobId) -> list[JobId]:  # noqa: ARG002 -- the store does not tell what waits
        """Return nothing: records do not tell which jobs wait."""
        return []
