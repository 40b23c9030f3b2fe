"""Commands that look at one job, or draw all of them: `details`, `output`, `traceback`, `diagram`."""

import re
import time
from collections.abc import Collection
from itertools import islice
from pathlib import Path
from typing import Any

from compmake.errors import UserError
from compmake.job import JobId, JobState, Record, short
from compmake.recording import INLINE, details_of
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.attempts import (
    attempt_text,
    call_text,
    end_of_output,
    failure_data,
    made_ago,
    next_lines,
    output_of,
    usual_s,
    worker_of,
)
from compmake.ui.commands.planning import reason_object
from compmake.ui.commands.registry import ALL, JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import FailureReport, Session, shown_id
from compmake.ui.summary import job_name
from compmake.ui.text import ago, duration, wrap
from compmake.ui.traceback import render_failure
from compmake.words import bytes_text, plural

_NEIGHBOURS = 20
"""So many of the jobs that one needs, or that need it, are named."""


@command(
    "details",
    "Show everything that is known of a job.",
    section="look",
    aliases=("show",),
    takes="JOB",
    options=(JSON,),
    examples=("details func2-3", "details func1 --json"),
)
def details(session: Session, arguments: Arguments) -> Reply:
    """The call, the state, the neighbours, the last attempt, its output and failure."""
    job_id = session.one_job(arguments)
    look, graph = session.look, session.workspace.graph
    job, record = graph.jobs[job_id], session.record(job_id)
    facts: list[tuple[str, str]] = [
        ("call", call_text(session, job_id)),
        ("needs", _neighbours(session, graph.dependencies(job_id))),
        ("needed by", _neighbours(session, graph.dependents(job_id))),
    ]
    if job.defined_at[0]:
        facts.append(("defined", one_line(f"{job.defined_at[0]}:{job.defined_at[1]}", 300)))
    if record is not None:
        facts += _record_facts(session, record)
    failure, output = session.failure(job_id), output_of(session, record)
    if output.strip():
        facts.append(("printed", plural(output.rstrip().count("\n") + 1, "line")))
    facts += [("why", one_line(reason.text, 500)) for reason in look.reasons(job_id)]
    lines = _head_and_facts(session, job_id, facts)
    if failure is not None:
        lines += ["", *render_failure(failure, with_locals=True)]
    printed = end_of_output(job_id, output)
    lines += ["", *printed] if printed else []
    data: dict[str, Any] = session.about(job_id) | {"reasons": [reason_object(r) for r in look.reasons(job_id)]}
    data |= {"needs": list(graph.dependencies(job_id)), "needed_by": list(graph.dependents(job_id))}
    if record is not None:
        data |= {**details_of(record), "made_at": record.made_at, "cpu_s": record.cpu_s, "attempt": record.attempt}
        data |= {"peak_bytes": record.peak_bytes, "size_bytes": record.size_bytes, "run": record.run_id}
    data |= failure_data(session, job_id, failure, output)
    return Reply(lines, [data], footer=next_lines(session, _commands_next(session, job_id, bool(output.strip()))))


def _head_and_facts(session: Session, job_id: JobId, facts: list[tuple[str, str]]) -> list[str]:
    state, style = session.look.state(job_id), session.style
    head = wrap(f"{style.glyph(state)} {shown_id(job_id)} {state.value}", session.width, indent=2)
    width = max(len(name) for name, _ in facts)
    told = [style.spell(f"  {name.ljust(width)}  {text}") for name, text in facts if text]
    return [style.paint(state, part) for part in head] + [
        part for line in told for part in wrap(line, session.width, indent=width + 2)
    ]


def _commands_next(session: Session, job_id: JobId, printed: bool) -> list[str]:
    """Return the commands that are most useful after this job's details."""
    name, out = job_name(job_id), ["output"] if printed else []
    match session.look.state(job_id):
        case JobState.FAILED:
            return [f"{command} {name}" for command in ("traceback", *out, "remake")]
        case JobState.BLOCKED:
            roots = session.look.blocked_by(job_id)[-1:]
            return [f"why {name}", *(f"details {job_name(root)}" for root in roots)]
        case JobState.DONE:
            return [f"{command} {name}" for command in (*out, "remake")]
    return [f"why {name}", f"make {name}"]


def _neighbours(session: Session, job_ids: Collection[JobId]) -> str:
    look, left = session.look, len(job_ids) - _NEIGHBOURS
    named = [f"{shown_id(j)} {session.style.glyph(look.state(j))}" for j in islice(job_ids, _NEIGHBOURS)]
    more = [f"and {left} more"] if left > 0 else []
    return "  ".join(named + more)


def _record_facts(session: Session, record: Record) -> list[tuple[str, str]]:
    extra = details_of(record)
    usual = None if record.ok else usual_s(session, record.job_id)
    took = duration(record.wall_s) + (f" (usual {duration(usual)})" if usual is not None else "")
    took += f", CPU {duration(record.cpu_s)}, peak memory {bytes_text(record.peak_bytes)}"
    facts = [
        ("attempt", f"{record.attempt}, {made_ago(record.made_at, time.time())}, run {record.run_id}"),
        ("worker", one_line(worker_of(record), 60)),
        ("took", took),
        ("result", one_line(str(extra.get("result", "")), 300)),
    ]
    if record.ok:
        facts.append(("stored", f"{bytes_text(record.size_bytes)}, digest {short(record.result_digest)}"))
    with_python = f"Python {extra.get('python', '?')} on {extra.get('host', '?')}"
    packages = extra.get("packages")
    names = ", ".join(f"{k} {v}" for k, v in packages.items()) if isinstance(packages, dict) and packages else ""
    facts.append(("made with", one_line(f"{with_python}{', ' + names if names else ''}", 300)))
    facts += [("note", one_line(str(note), 300)) for note in extra.get("notes", [])]
    kept = session.workspace.records.superseded.get(record.job_id, [])
    if kept:
        facts.append(("older", f"{plural(len(kept), 'superseded result')} kept"))
    return facts


@command(
    "output",
    "Show what a job printed.",
    section="look",
    aliases=("out",),
    takes="JOB",
    options=(JSON, ALL, Option("follow", "of a running job: print what it prints until it ends", short="f")),
    examples=("output func1-2 | tail", "output func1-2 -f"),
)
def output(session: Session, arguments: Arguments) -> Reply:
    """Standard output and error of the last attempt, as they came."""
    job_id = session.one_job(arguments)
    footer: list[str] = []
    if arguments.flag("follow"):
        from compmake.ui.commands.following import follow_output  # knows the client of Redis, which takes 0.1 s

        coming = follow_output(session, job_id)
        if coming is not None and arguments.flag("json"):
            return Reply(objects=({"job": job_id, "line": line} for line in coming), live=True)
        if coming is not None:
            return Reply(map(sanitize, coming), live=True)
        before = session.record(job_id)
        if before is not None:
            when = ago(max(0.0, time.time() - before.made_at))
            footer = [f"({shown_id(job_id)} does not run now: that is what it printed {when})"]
    record = session.record(job_id)
    if record is None:
        raise UserError(f"{shown_id(job_id)} was never made, so it has printed nothing")
    text = output_of(session, record)
    lines = sanitize(text.replace("\r\n", "\n").replace("\r", "\n")).splitlines()
    nothing = f"{shown_id(job_id)} printed nothing."
    if details_of(record).get("worker") == INLINE:
        nothing = f"{shown_id(job_id)} ran inline, on the terminal: its output was not kept."
    return Reply(lines or [nothing], [session.about(job_id) | {"output": text}], footer=footer)


@command(
    "traceback",
    "Show the traceback of a failed job.",
    section="look",
    aliases=("tb",),
    takes="JOB",
    options=(
        JSON,
        Option("all", "print library frames too, and local variables of every frame of yours"),
        Option("plain", "print it, also where the console would open its viewer"),
    ),
    examples=("traceback func2-3", "traceback func2-3 --all"),
)
def traceback(session: Session, arguments: Arguments) -> Reply:
    """The attempt, the user's frames with their source and local variables, the last lines of the output.

    The interactive console opens a viewer: up and down through the frames, `e` edits, `r` makes the job again.
    """
    job_id = session.one_job(arguments)
    record, failure = session.record(job_id), session.failure(job_id)
    if record is None or failure is None:
        raise UserError(
            f"{shown_id(job_id)} did not fail at its last attempt: it is {session.look.state(job_id).value}"
        )
    output, everything = output_of(session, record), arguments.flag("all")
    head = f"{session.style.glyph(JobState.FAILED)} {shown_id(job_id)} failed: "
    head = f"{head}{one_line(session.function(job_id), 60)}(), {attempt_text(record)}"
    call = call_text(session, job_id)
    show = session.output.show_traceback
    if show is not None and not everything and not arguments.flag("plain"):
        return Reply(then=show(FailureReport(job_id, head, call, failure, output)))
    lines = [
        session.style.paint(JobState.FAILED, head),
        f"  {call}",
        "",
        *render_failure(failure, all_frames=everything, with_locals=True),
    ]
    printed = end_of_output(job_id, output)
    lines += ["", *printed] if printed else []
    return Reply(lines, [session.about(job_id) | failure_data(session, job_id, failure, output)])


@command(
    "diagram",
    "Draw the jobs, coloured by state.",
    section="look",
    aliases=("graph",),
    takes="[SEL]",
    options=(JSON, Option("out", "the file: .svg, .png, .pdf or .dot", value="FILE")),
    examples=("diagram", "diagram failed out=failed.pdf"),
)
def diagram(session: Session, arguments: Arguments) -> Reply:
    """Write `PROGRAM.svg` and `PROGRAM.png`, or the file named, and print the paths."""
    from compmake.ui.pictures import Node, write_diagram  # what only pictures need costs every start 10 ms

    chosen = session.select_or_all(arguments.selection)
    if not chosen:
        raise UserError("the selection is empty: there is nothing to draw")
    look, graph = session.look, session.workspace.graph
    wanted = set(chosen)
    nodes = [
        Node(job_id, session.function(job_id), look.state(job_id), tuple(graph.dependencies(job_id)))
        for job_id in graph.order
        if job_id in wanted
    ]
    out = arguments.text("out")
    safe = re.sub(r"[^\w.-]", "_", session.workspace.name)
    paths = [Path(out)] if out is not None else [Path(f"{safe}.svg"), Path(f"{safe}.png")]
    written = write_diagram(nodes, paths, session.workspace.name)
    return Reply([sanitize(str(path)) for path in written], [{"file": str(path)} for path in written])
