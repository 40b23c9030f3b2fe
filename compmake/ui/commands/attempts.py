"""What commands say of a job's last attempt: when and where it ran, what it printed, how it failed."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from compmake.errors import StoreError
from compmake.job import Blob, Digest, Failure, JobId, Record
from compmake.recording import details_of
from compmake.text_safety import one_line
from compmake.ui.commands.session import Session
from compmake.ui.summary import job_name
from compmake.ui.text import ago, clock, duration, printed, wrap
from compmake.ui.traceback import failure_object, summary_line

LAST_LINES = 10
_OUTPUT_CELLS = 500
_CALL_CELLS = 2000
_WORKER_CELLS = 40
_NEEDING_PROGRAM = ("make ", "remake ")


def made_ago(made_at: float, now: float) -> str:
    """Return how long ago something was made, with the clock time."""
    return f"{ago(now - made_at)} ({clock(made_at)})"


def call_text(session: Session, job_id: JobId) -> str:
    """Return the call with its arguments in short form."""
    return call_of(session.workspace.graph.jobs[job_id].function_name, session.look.arguments(job_id))


def call_of(function: str, arguments: Iterable[tuple[str, str]]) -> str:
    """Return the call of a function, `module:qualname`, with names and short texts of its arguments."""
    shown = ", ".join(f"{name}={text}" for name, text in arguments)
    return one_line(f"{function.replace(':', '.')}({shown})", _CALL_CELLS)


def worker_of(record: Record) -> str:
    """Return which worker ran it, empty for compmake's own process."""
    return str(details_of(record).get("worker", ""))


def attempt_text(record: Record) -> str:
    """Return `took 41s on w3, attempt 3, 2m ago (14:32:10)`."""
    worker = worker_of(record)
    where = f" on {one_line(worker, _WORKER_CELLS)}" if worker else ""
    return f"took {duration(record.wall_s)}{where}, attempt {record.attempt}, {made_ago(record.made_at, time.time())}"


def output_of(session: Session, record: Record | None) -> str:
    """Return what the attempt printed, as it came."""
    if record is None:
        return ""
    extra = details_of(record)
    stored = extra.get("output")
    if not (isinstance(stored, list) and len(stored) == 2):
        return str(extra.get("output_text", ""))
    try:
        blob = Blob(Digest(bytes.fromhex(stored[0])), int(stored[1]))
        return bytes(session.workspace.store.objects.read(blob)).decode(errors="replace")
    except (StoreError, ValueError, TypeError) as error:
        return f"(the output of this attempt is lost: {error})"


def usual_s(session: Session, job_id: JobId) -> float | None:
    """Return what a job that failed took last time, else what is usual for its function; None if that is not known."""
    return session.workspace.durations().expected_s(job_id, session.workspace.graph.jobs[job_id].function_name)


def next_lines(session: Session, commands: Sequence[str]) -> list[str]:
    """Return what to do next, as lines that can be copied: `next: traceback a · remake a`."""
    if session.workspace.program is None:
        commands = [command for command in commands if not command.startswith(_NEEDING_PROGRAM)]
    told = " · ".join([f"{session.prefix} {command}".strip() for command in commands])
    return wrap(session.style.spell(f"next: {told}"), session.width, indent=2) if told else []


def last_lines(output: str, count: int = LAST_LINES) -> list[str]:
    """Return the last lines that were printed, not yet sanitized."""
    return [printed(line) for line in output.rstrip().split("\n")[-count:]] if output.strip() else []


def end_of_output(job_id: JobId, output: str, count: int = LAST_LINES) -> list[str]:
    """Return the last lines of an output for people, and how to see all of it; nothing if there is none."""
    shown = last_lines(output, count)
    if not shown:
        return []
    lines = output.rstrip().count("\n") + 1
    head = f"last {len(shown)} of {lines:,} lines of its output, `output {job_name(job_id)}` shows all:"
    return [
        head if lines > len(shown) else "its output:",
        *(f"  | {one_line(line, _OUTPUT_CELLS)}".rstrip() for line in shown),
    ]


def failure_data(session: Session, job_id: JobId, failure: Failure | None, output: str) -> dict[str, Any]:
    """Return what `--json` tells of the failure of a job's last attempt, and of its circumstances."""
    record = session.record(job_id)
    return {
        "failure": None if failure is None else failure_object(failure),
        "summary": "" if failure is None else summary_line(failure),
        "worker": "" if record is None else worker_of(record),
        "wall_s": None if record is None else record.wall_s,
        "output_last_lines": last_lines(output),
        "arguments": dict(session.look.arguments(job_id)),
    }
