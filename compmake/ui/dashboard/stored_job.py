"""`StoredJob`: what the store knows of one job, and how the dashboard tells it."""

import time
from collections.abc import Sequence
from typing import NamedTuple

from compmake.failure import from_json
from compmake.job import JobId, Record
from compmake.recorded import recorded_arguments
from compmake.text_safety import one_line
from compmake.ui.commands.attempts import call_of, output_of
from compmake.ui.commands.session import Session
from compmake.ui.dashboard.panes.look import Details
from compmake.ui.text import clock, duration, table
from compmake.words import bytes_text

_CELLS = 400
_OUTPUT_LINES = 500
_RUNS = 100


class StoredJob(NamedTuple):
    """What the store knows of a job."""

    job_id: JobId
    function: str
    """`module:qualname`."""
    record: Record | None
    arguments: Sequence[tuple[str, str]]

    @property
    def call(self) -> str:
        """The call with its arguments in short form."""
        return call_of(self.function, self.arguments)


def stored_job(session: Session, job_id: JobId) -> StoredJob:
    """Return what the store knows of a job; without the program the others' records are not even read.

    Raises:
        LookupError: It was never made, or is not of this program.
    """
    if session.workspace.program is None:
        record = session.workspace.store.load_record(job_id)
        if record is None:
            raise LookupError(job_id)
        return StoredJob(job_id, record.function, record, recorded_arguments(record))
    function = session.workspace.graph.jobs[job_id].function_name
    return StoredJob(job_id, function, session.record(job_id), session.look.arguments(job_id))


def details_of(session: Session, job: StoredJob) -> Details:
    """Return all of it as the dashboard shows it, with what the job printed and its past attempts."""
    record = job.record
    output = output_of(session, record).replace("\r\n", "\n").rstrip().split("\n")
    arguments = [f"{one_line(name, _CELLS)} = {one_line(text, _CELLS)}" for name, text in job.arguments]
    printed_by = f"printed by attempt {record.attempt}, {_when(record.made_at)}" if record is not None else ""
    return Details(
        job.job_id,
        call=[job.call, *arguments],
        output=output[-_OUTPUT_LINES:] if output != [""] else (),
        output_note=printed_by or "it was never made",
        runs=_runs(session, job.job_id),
        failure=from_json(record.failure) if record is not None and not record.ok else None,
    )


def _runs(session: Session, job_id: JobId) -> list[str]:
    attempts = session.workspace.store.attempts(job_id)
    attempts.sort(key=lambda attempt: attempt.made_at, reverse=True)
    rows = [
        (
            str(attempt.run_id),
            "ok" if attempt.ok else "failed",
            _when(attempt.made_at),
            duration(attempt.wall_s),
            bytes_text(attempt.peak_bytes),
        )
        for attempt in attempts[:_RUNS]
    ]
    return table(rows, ("run", "", "when", "took", "rss"), right=(0, 3, 4)) if rows else []


def _when(made_at: float) -> str:
    return time.strftime("%Y-%m-%d ", time.localtime(made_at)) + clock(made_at)
