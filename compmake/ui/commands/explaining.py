"""The command `why`: why jobs are in their state, jobs with the same cause told together."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from compmake.causes import general_causes
from compmake.job import Failure, JobId, JobState, Reason, ReasonCode
from compmake.text_safety import one_line
from compmake.ui.commands.attempts import end_of_output, failure_data, next_lines, output_of
from compmake.ui.commands.planning import RECORDED_ONLY, reason_object
from compmake.ui.commands.reasons import Line, checked_against, failure_texts, reason_lines, some
from compmake.ui.commands.registry import ALL, JSON, Arguments, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.summary import job_name
from compmake.ui.text import wrap
from compmake.ui.traceback import headline, summary_line
from compmake.ui.view import group_key
from compmake.words import plural

_ASKED_STATES = (JobState.FAILED, JobState.BLOCKED, JobState.STALE)
_FEW = 8
_OUTPUT_LINES = 3
_CELLS = 200


@dataclass(slots=True)
class _Group:
    """Jobs that are in their state for the same cause."""

    state: JobState
    job_ids: list[JobId] = field(default_factory=list)
    common: set[Reason] = field(default_factory=set)
    """Reasons that all of them have, word by word."""
    messages: set[str] = field(default_factory=set)
    """What their exceptions say."""
    lines: list[Line] = field(default_factory=list)
    """What is said of them, if that is not told from the first of them."""


@command(
    "why",
    "Say why jobs are in their state.",
    section="look",
    takes="[SEL]",
    options=(JSON, ALL),
    examples=("why", "why func2-3"),
)
def why(session: Session, arguments: Arguments) -> Reply:
    """Explain the selected jobs; without a selection the failed, blocked and stale ones."""
    look = session.look
    if arguments.selection:
        chosen = session.select(arguments.selection)
    else:
        chosen = [job_id for job_id in session.workspace.graph.order if look.state(job_id) in _ASKED_STATES]
    if arguments.flag("json"):
        return Reply(objects=(_object(session, job_id) for job_id in chosen))
    if not chosen:
        return Reply(["The selection is empty." if arguments.selection else _nothing_wrong(session)])
    groups = _groups(session, chosen)
    lines = [line for group in groups for line in _group_lines(session, group)]
    first = next((group.job_ids[0] for group in groups if session.failure(group.job_ids[0])), None)
    return Reply(lines, footer=[*session.before_reload(), *([] if first is None else _next(session, first))])


def _object(session: Session, job_id: JobId) -> dict[str, Any]:
    data = session.about(job_id) | {"reasons": [reason_object(reason) for reason in session.look.reasons(job_id)]}
    failure = session.failure(job_id)
    if failure is not None:
        data |= failure_data(session, job_id, failure, output_of(session, session.record(job_id)))
    if session.look.state(job_id) is JobState.BLOCKED:
        data["blocked_by"] = "".join(session.look.blocked_by(job_id)[-1:])
    return data


def _nothing_wrong(session: Session) -> str:
    if session.workspace.program is None:
        return f"No recorded job failed. {RECORDED_ONLY}"
    if all(state is JobState.DONE for state in session.look.states().values()):
        return "Every job is up to date."
    return "No job is failed, blocked or stale; `plan` shows what is to do."


def _next(session: Session, job_id: JobId) -> list[str]:
    printed = ["output"] if output_of(session, session.record(job_id)) else []
    return next_lines(session, [f"{name} {job_name(job_id)}" for name in ("traceback", *printed, "make")])


def _groups(session: Session, chosen: Iterable[JobId]) -> list[_Group]:
    """Return the jobs by cause: failures first, the most frequent at the front, then what waits for them, the rest."""
    failed: dict[object, _Group] = {}
    blocked: dict[JobId, _Group] = {}
    waiting: dict[object, _Group] = {}
    rest: dict[object, _Group] = {}
    for job_id in chosen:
        state, reasons, failure = session.look.state(job_id), session.look.reasons(job_id), session.failure(job_id)
        key: object = (state, general_causes(reasons) or job_id)
        if failure is not None:
            key = (group_key(session.function(job_id), failure), key)
            group = failed.setdefault(key, _Group(state))
            group.messages.add(failure.message)
        elif state is JobState.BLOCKED:
            group = blocked.setdefault(JobId("".join(session.look.blocked_by(job_id)[-1:])), _Group(state))
        elif reasons and all(reason.code is ReasonCode.MAY_CHANGE for reason in reasons):
            group = waiting.setdefault(reasons, _Group(state))
        else:
            group = rest.setdefault(key, _Group(state))
        group.common = group.common.intersection(reasons) if group.job_ids else set(reasons)
        group.job_ids.append(job_id)
    return [
        *sorted(failed.values(), key=lambda group: -len(group.job_ids)),
        *_blocked_groups(session, blocked),
        *sorted(rest.values(), key=lambda group: (group.state is not JobState.STALE, -len(group.job_ids))),
        *_waiting_groups(session, waiting),
    ]


def _blocked_groups(session: Session, by_root: dict[JobId, _Group]) -> list[_Group]:
    """Join what waits for jobs that failed alike, if many jobs failed."""
    if len(by_root) <= _FEW:
        return list(by_root.values())
    joined: dict[object, _Group] = {}
    roots: dict[object, list[JobId]] = {}
    for root, group in by_root.items():
        failure = session.failure(root)
        key = group_key(session.function(root), failure) if failure is not None else None
        joined.setdefault(key, _Group(JobState.BLOCKED)).job_ids += group.job_ids
        roots.setdefault(key, []).append(root)
    for alike, group in joined.items():
        said = {headline(failure, _CELLS) for root in roots[alike] if (failure := session.failure(root)) is not None}
        which = "a job that failed" if len(roots[alike]) == 1 else "jobs that failed"
        group.lines = [Line(f"wait for {which} ({some(roots[alike])}){_in_short(said)}")]
    return list(joined.values())


def _in_short(said: Collection[str]) -> str:
    """Return the error of jobs that failed alike, if their messages differ its type alone."""
    return f": {min(said)}" if len(said) == 1 else "".join(f": {text.partition(':')[0]}" for text in sorted(said)[:1])


def _waiting_groups(session: Session, groups: dict[object, _Group]) -> list[_Group]:
    """Join the jobs that only wait for results which may change, if these are many."""
    if len(groups) <= _FEW:
        return list(groups.values())
    job_ids = [job_id for group in groups.values() for job_id in group.job_ids]
    awaited = dict.fromkeys(JobId(reason.new) for job_id in job_ids for reason in session.look.reasons(job_id))
    return [_Group(JobState.STALE, job_ids, lines=[Line(f"may change: {some(list(awaited))}")])]


def _group_lines(session: Session, group: _Group) -> list[str]:
    style, width, first = session.style, session.width, group.job_ids[0]
    count = f" ({plural(len(group.job_ids), 'job')})" if len(group.job_ids) > 1 else ""
    head = style.spell(f"{style.glyph(group.state)} {group.state.value}{count}: {some(group.job_ids)}")
    lines = [style.paint(group.state, part) for part in wrap(head, width, indent=4)]
    told = group.lines or _explanation(session, group)
    if session.failure(first) is not None:
        told += map(Line, end_of_output(first, output_of(session, session.record(first)), _OUTPUT_LINES))
    for line in told:
        text = style.spell(f"    {line.text}" if line.text else "")
        parts = [text] if line.role else wrap(text, width, indent=2)
        lines += [style.paint(line.role, part) for part in parts]
    return lines


def _explanation(session: Session, group: _Group) -> list[Line]:
    first = group.job_ids[0]
    failure = session.failure(first)
    lines = _blocked_by(session, first, alone=len(group.job_ids) == 1) if group.state is JobState.BLOCKED else []
    if failure is not None:
        lines += map(Line, failure_texts(failure, _function_untold(session, group)))
        others = len(group.messages) - 1
        lines += [Line(f"and with {plural(others, 'other message')}")] if others > 0 else []
    reasons = [
        reason
        for reason in session.look.reasons(first)
        # The failure, its own or that of the job it waits for, is the better line.
        if reason.code is not ReasonCode.FAILED
        and not (lines and reason.code in (ReasonCode.NEVER_MADE, ReasonCode.MAY_CHANGE))
    ]
    lines += reason_lines(reasons, "" if len(group.job_ids) == 1 else first, group.common)
    return lines or [Line(text) for text in checked_against(session, first)]


def _function_untold(session: Session, group: _Group) -> str:
    """Return the function of jobs whose ids do not begin with it."""
    function = session.function(group.job_ids[0])
    return "" if all(job_id.startswith(function) for job_id in group.job_ids) else function


def _blocked_by(session: Session, job_id: JobId, *, alone: bool) -> list[Line]:
    chain: Sequence[JobId] = session.look.blocked_by(job_id)
    if not chain:
        return []
    failure: Failure | None = session.failure(chain[-1])
    via = f" through {some(chain[:-1])}" if len(chain) > 1 and alone else ""
    why_failed = f": {one_line(summary_line(failure), _CELLS)}" if failure is not None else ""
    return [Line(f"waits for {shown_id(chain[-1])}, which failed{via}{why_failed}")]
