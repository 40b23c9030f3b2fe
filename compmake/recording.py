"""Turns the outcome of an attempt into the record that the store keeps, and code sets into parts; pure."""

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

from compmake.failure import to_json
from compmake.filestate import files_json
from compmake.fingerprint.closure import CodeIndex, CodeSet
from compmake.job import Blob, Digest, Outcome, OutcomeKind, Record
from compmake.staleness import Current, encode_json, inputs_json, quoted

INLINE = "inline"
"""The worker of a job that ran in the driver's own process, with the terminal: its output was not kept."""
_NONE = Digest(b"")
_NO_BLOB = Blob(_NONE, 0)
_OK = OutcomeKind.OK


class Recorder:
    """Makes the records of one run."""

    def __init__(self, run_id: int, environment: Mapping[str, Any]) -> None:
        """Prepare.

        Args:
            run_id: The run that the attempts belong to.
            environment: Advisory facts, see `environment`.
        """
        self._run_id = run_id
        self._facts = [encode_json(dict(environment))[1:-1]] if environment else []

    def record(self, now: Current, outcome: Outcome, *, call: Digest, attempt: int) -> Record:
        """Return what to remember of an attempt.

        Args:
            now: What counted for the job, with the modules that were loaded when it ended.
            outcome: How it ended, OK or FAILED.
            call: The identity of the call, see `staleness.call_digest`.
            attempt: 1 for the first attempt ever.
        """
        result = outcome.result
        digest, blob = (result.digest, result.blob) if result else (_NONE, _NO_BLOB)
        # By position: with names it takes three times as long, and every job of a make needs one.
        return Record(
            outcome.job_id,
            now.job.function_name,
            outcome.kind is _OK,
            now.fingerprint,
            now.code.digest,
            inputs_json(now, call),
            digest,
            blob.digest,
            blob.size_bytes,
            outcome.started_at + outcome.wall_s,
            outcome.wall_s,
            outcome.cpu_s,
            outcome.peak_bytes,
            attempt,
            self._run_id,
            False,
            now.modules,
            files_json(result.files) if result else "",
            self._details(outcome),
            to_json(outcome.failure) if outcome.failure else "",
        )

    def _details(self, outcome: Outcome) -> str:
        # By hand, as in `inputs_json`.
        details = [*self._facts]
        if outcome.worker:
            details.append(f'"worker":{quoted(outcome.worker)}')
        if outcome.notes:
            details.append(f'"notes":{encode_json(list(outcome.notes))}')
        if outcome.result is not None and outcome.result.text:
            details.append(f'"result":{quoted(outcome.result.text)}')
        output = outcome.output
        if output is not None and output.inline is not None:
            details.append(f'"output_text":{quoted(output.inline.decode(errors="replace"))}')
        elif output is not None:
            details.append(f'"output":{encode_json([output.digest.hex(), output.size_bytes])}')
        return f"{{{','.join(details)}}}"


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


def details_of(record: Record) -> dict[str, Any]:
    """Return the advisory facts of a record; what is unreadable reads as nothing."""
    try:
        data = json.loads(record.details)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
