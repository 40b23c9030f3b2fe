"""The command `plan`: what make would do, for which causes, and how long that may take."""

import time
from collections.abc import Sequence
from typing import Any

from compmake.causes import Causes, causes_of
from compmake.job import JobId, JobState, Reason
from compmake.job_table import Estimate
from compmake.ui.commands.registry import JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session
from compmake.ui.expectation import expected_text
from compmake.ui.text import wrap
from compmake.wanted_jobs import table_of
from compmake.words import plural

RECORDED_ONLY = "Whether the program changed since cannot be told here: name the program instead of its store."


@command(
    "plan",
    "Say what make would do, why, and how long it may take.",
    section="look",
    takes="[SEL]",
    options=(JSON, Option("jobs", "how many jobs would run at once", value="N", short="j", aliases=("n",))),
    examples=("plan", "plan func3() -j 4"),
)
def plan(session: Session, arguments: Arguments) -> Reply:
    """Group what would run by cause; nothing runs."""
    return plan_for(session, arguments, arguments.number("jobs") or session.workspace.settings.jobs)


def plan_for(session: Session, arguments: Arguments, jobs: int) -> Reply:
    """Return what `make` would do with this selection, running so many jobs at once."""
    look, graph = session.look, session.workspace.graph
    targets = session.select_to_make(arguments.selection)
    if not targets:
        return Reply(["Nothing to plan: the selection is empty."])
    wanted = {*targets, *graph.ancestors(targets)}
    todo = [job_id for job_id in graph.order if job_id in wanted and look.state(job_id) is not JobState.DONE]
    if arguments.flag("json"):
        return Reply(objects=(_object(session, job_id) for job_id in todo))
    causes = causes_of(todo, look.reasons)
    recorded_only = session.workspace.program is None
    if recorded_only and not causes.will_run:
        lines = [f"By the records, nothing would run. {RECORDED_ONLY}"]
    elif not causes.will_run:
        lines = [f"Nothing to do: {plural(len(wanted), 'job')} {'is' if len(wanted) == 1 else 'are'} up to date."]
    else:
        lines = causes.lines(" will run")
        lines.append(f"{len(wanted) - len(causes.will_run) - len(causes.may_run)} up to date")
        lines.append(_expected(session, causes, jobs))
        lines += [RECORDED_ONLY] if recorded_only else []
    lines = [part for line in lines for part in wrap(session.style.spell(line), session.width, indent=2)]
    return Reply(lines, footer=session.before_reload())


def _object(session: Session, job_id: JobId) -> dict[str, Any]:
    return session.about(job_id) | {"reasons": [reason_object(reason) for reason in session.look.reasons(job_id)]}


def reason_object(reason: Reason) -> dict[str, str]:
    """Return a reason as `--json` tells it."""
    return {"code": reason.code.value, "text": reason.text, "old": reason.old, "new": reason.new, "diff": reason.diff}


def _expected(session: Session, causes: Causes, jobs: int) -> str:
    from compmake.estimate import Estimator  # only those ask who plan

    durations, graph = session.workspace.durations(), session.workspace.graph

    def estimate(job_ids: Sequence[JobId]) -> Estimate:
        priorities = durations.priorities(graph, job_ids)
        return Estimator(table_of(graph, job_ids, priorities, durations), jobs).estimate(time.time())

    least = estimate(causes.will_run)
    if least.left_s is None:
        return "expected time: not known, no job of these functions succeeded before"
    text = f"expected time: {expected_text(least, about='about ')}"
    if causes.may_run:
        most_text = expected_text(estimate([*causes.will_run, *causes.may_run]), about="")
        text += f" to {most_text}" if most_text != expected_text(least, about="") else ""
    workers = min(jobs, len(causes.will_run) + len(causes.may_run))
    text += f" with {workers} workers" if workers > 1 else ""
    unknown = sum(durations.expected_s(j, graph.jobs[j].function_name) is None for j in causes.will_run)
    counted = "not counted" if least.reason else "taken for average"
    return text + (f", {plural(unknown, 'job')} of unknown duration {counted}" if unknown else "")
