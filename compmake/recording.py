"""Turns the outcome of an attempt into the record that the store keeps, and code sets into parts; pure."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from compmake.failure import to_json
from compmake.filestate import files_json
from compmake.fingerprint.closure import CodeIndex, CodeSet
from compmake.job import Digest, Outcome, OutcomeKind, Record
from compmake.staleness import Current, encode_json, inputs_json

_NONE = Digest(b"")


def make_record(
    now: Current, outcome: Outcome, *, call: Digest, attempt: int, run_id: int, environment: Mapping[str, Any]
) -> Record:
    """Return what to remember of an attempt.

    Args:
        now: What counted for the job, with the modules that were loaded when it ended.
        outcome: How it ended, OK or FAILED.
        call: The identity of the call, see `staleness.call_digest`.
        attempt: 1 for the first attempt ever.
        run_id: The run it belongs to.
        environment: Advisory facts, see `environment`.
    """
    result = outcome.result
    return Record(
        job_id=outcome.job_id,
        function=now.job.function_name,
        ok=outcome.kind is OutcomeKind.OK,
        fingerprint=now.fingerprint,
        code=now.code.digest,
        inputs=inputs_json(now, call),
        result_digest=result.digest if result else _NONE,
        blob=result.blob.digest if result else _NONE,
        size_bytes=result.blob.size_bytes if result else 0,
        made_at=outcome.started_at + outcome.wall_s,
        wall_s=outcome.wall_s,
        cpu_s=outcome.cpu_s,
        peak_bytes=outcome.peak_bytes,
        attempt=attempt,
        run_id=run_id,
        asked=False,
        modules=now.modules,
        result_files=files_json(result.files) if result else "",
        details=_details(outcome, environment),
        failure=to_json(outcome.failure) if outcome.failure else "",
    )


def code_parts(code: CodeSet, index: CodeIndex) -> dict[Digest, bytes]:
    """Return what the store keeps of a code set: the set itself and the source of each unit, by digest."""
    parts = {code.digest: code.to_bytes()}
    for unit, digest in code.units.items():
        parts[digest] = index.source(unit).encode(errors="surrogatepass")
    return parts


def environment(packages: Mapping[str, str]) -> dict[str, Any]:
    """Return the advisory facts that every record keeps: they never make a job stale by themselves."""
    python = ".".join(map(str, sys.version_info[:3]))
    return {"host": os.uname().nodename, "python": python, "packages": dict(packages)}


def _details(outcome: Outcome, environment: Mapping[str, Any]) -> str:
    details = dict(environment)
    if outcome.notes:
        details["notes"] = list(outcome.notes)
    if outcome.result is not None and outcome.result.text:
        details["result"] = outcome.result.text
    output = outcome.output
    if output is not None and output.inline is not None:
        details["output_text"] = output.inline.decode(errors="replace")
    elif output is not None:
        details["output"] = [output.digest.hex(), output.size_bytes]
    return encode_json(details)


def details_of(record: Record) -> dict[str, Any]:
    """Return the advisory facts of a record; what is unreadable reads as nothing."""
    try:
        data = json.loads(record.details)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
