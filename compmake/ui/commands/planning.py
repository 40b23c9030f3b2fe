"""Commands that say what is made and what is not, and why: `list`, `why`, `plan`, `stats`, `runs`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from compmake.graph import sorted_ids
from compmake.job import JobId, JobState, Reason, ReasonCode
from compmake.recording import details_of
from compmake.status import Status, count_states
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.attempts import end_of_output, failure_data, output_of
from compmake.ui.commands.registry import JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.summary import job_name
from compmake.ui.text import clock, duration, plural, roughly, table
from compmake.ui.traceback import source_line, summary_line
from compmake.words import bytes_text

_STALE_STATES = (JobState.FAILED, JobState.BLOCKED, JobState.STALE)
_NAMED = 8
_OUTPUT_LINES = 3
_OF_DEPENDENCIES = (ReasonCode.DEPENDENCY, ReasonCode.MAY_CHANGE)
_Cause = tuple[JobState, tuple[str, ...]]
_Groups = dict[_Cause, list[JobId]]
_CELLS = 60
_RECORDED_ONLY = "Whether the program changed since cannot be told here: name the program instead of its store."


@command(
    "list",
    "List jobs with their states and arguments.",
    section="look",
    aliases=("ls",),
    takes="[SEL]",
    options=(JSON,),
    examples=("ls failed", "ls func2() in stale"),
)
def list_jobs(session: Session, arguments: Arguments) -> Reply:
    """One line a job: id, state, function, arguments, time of the last attempt."""
    chosen = sorted_ids(session.select_or_all(arguments.selection))
    look = session.look
    rows, objects = [], []
    for job_id in chosen:
        state, record = look.state(job_id), session.record(job_id)
        shown = look.arguments(job_id)
        objects.append(session.about(job_id) | {"arguments": dict(shown), "wall_s": record.wall_s if record else None})
        text = ", ".join(f"{name}={value}" for name, value in shown)
        took = duration(record.wall_s) if record else ""
        function = f"{one_line(session.function(job_id), _CELLS)}()"
        rows.append((shown_id(job_id), state.value, function, one_line(text, 2 * _CELLS), took))
    if session.width is None:  # a pipe or a file: the id first, nothing that is not a job
        return Reply(table(rows), objects)
    if not rows:
        return Reply(["No jobs are selected."], objects)
    headers = ("job", "state", "function", "arguments", "time")
    lines = table(
        rows,
        headers,
        width=session.width,
        right=(4,),
        paint=lambda row, column, text: session.style.paint(JobState(row[1]), text) if column == 1 else text,
        style=session.style,
    )
    return Reply([*lines, "", _totals(session, [look.state(job_id) for job_id in chosen])], objects)


def _totals(session: Session, states: Iterable[JobState]) -> str:
    counts = count_states(states)
    words = [session.style.paint(state, f"{count} {state.value}") for state, count in counts.items()]
    return f"{plural(sum(counts.values()), 'job')}: {', '.join(words)}"


@command(
    "why",
    "Say why jobs are in their state.",
    section="look",
    takes="[SEL]",
    options=(JSON,),
    examples=("why", "why func2-3"),
)
def why(session: Session, arguments: Arguments) -> Reply:
    """Explain the selected jobs; without a selection the failed, blocked and stale ones."""
    look = session.look
    if arguments.selection:
        chosen = session.select(arguments.selection)
    else:
        chosen = [job_id for job_id in session.workspace.graph.order if look.state(job_id) in _STALE_STATES]
    objects = []
    groups: _Groups = {}
    waiting: dict[_Cause, list[JobId]] = {}
    outputs: dict[JobId, str] = {}
    """Of the jobs that failed."""
    for job_id in chosen:
        state = look.state(job_id)
        lines = tuple(_explanation(session, job_id, state))
        reasons = look.reasons(job_id)
        groups.setdefault((state, lines), []).append(job_id)
        if state is JobState.STALE and all(reason.code is ReasonCode.MAY_CHANGE for reason in reasons):
            waiting[state, lines] = [JobId(reason.new) for reason in reasons]
        failure, extra = session.failure(job_id), {}
        if failure is not None:
            outputs[job_id] = output_of(session, session.record(job_id))
            extra = failure_data(session, job_id, failure, outputs[job_id])
        if state is JobState.BLOCKED:
            extra["blocked_by"] = "".join(look.blocked_by(job_id)[-1:])
        objects.append(session.about(job_id) | {"reasons": [reason_object(reason) for reason in reasons]} | extra)
    text: list[str] = []
    for (state, lines), job_ids in _join_waiting(groups, waiting).items():
        count = f" ({plural(len(job_ids), 'job')})" if len(job_ids) > 1 else ""
        head = f"{session.style.glyph(state)} {state.value}{count}: {_some(job_ids)}"
        lines = (*lines, *end_of_output(job_ids[0], outputs.get(job_ids[0], ""), _OUTPUT_LINES))
        text += [session.style.paint(state, head), *(f"    {line}" if line else "" for line in lines)]
    if outputs:
        text.append(_next(*next(iter(outputs.items()))))
    if not chosen:
        text = ["The selection is empty." if arguments.selection else _nothing_wrong(session)]
    return Reply(text, objects)


def _next(job_id: JobId, output: str) -> str:
    commands = ["traceback", *(["output"] if output else []), "make"]
    return "next: " + " · ".join(f"{command} {job_name(job_id)}" for command in commands)


def _join_waiting(groups: _Groups, waiting: Mapping[_Cause, Sequence[JobId]]) -> _Groups:
    """Join the groups whose jobs only wait for what may change, if there are many of them.

    Args:
        groups: The jobs of each cause.
        waiting: The causes that are such, and the jobs waited for.
    """
    if len(waiting) <= _NAMED:
        return groups
    awaited = dict.fromkeys(job_id for job_ids in waiting.values() for job_id in job_ids)
    joined = (JobState.STALE, (f"may change: {_some(list(awaited))}",))
    rest = {cause: job_ids for cause, job_ids in groups.items() if cause not in waiting}
    return rest | {joined: [job_id for cause in waiting for job_id in groups[cause]]}


def _some(job_ids: Sequence[JobId]) -> str:
    more = f" and {len(job_ids) - _NAMED} more" if len(job_ids) > _NAMED else ""
    return ", ".join(shown_id(job_id) for job_id in job_ids[:_NAMED]) + more


def _nothing_wrong(session: Session) -> str:
    if session.workspace.program is None:
        return f"No recorded job failed. {_RECORDED_ONLY}"
    if all(state is JobState.DONE for state in session.look.states().values()):
        return "Every job is up to date."
    return "No job is failed, blocked or stale; `plan` shows what is to do."


def reason_object(reason: Reason) -> dict[str, str]:
    """Return a reason as `--json` tells it."""
    return {"code": reason.code.value, "text": reason.text, "old": reason.old, "new": reason.new, "diff": reason.diff}


def _explanation(session: Session, job_id: JobId, state: JobState) -> list[str]:
    look = session.look
    failure = session.failure(job_id)
    told: Counter[ReasonCode] = Counter()
    lines = []
    if state is JobState.BLOCKED:
        chain = look.blocked_by(job_id)
        if chain:
            root = session.failure(chain[-1])
            via = f" through {', '.join(shown_id(j) for j in chain[:-1])}" if len(chain) > 1 else ""
            why_failed = f": {one_line(summary_line(root), 200)}" if root is not None else ""
            lines.append(f"waits for {shown_id(chain[-1])}, which failed{via}{why_failed}")
    if failure is not None:
        lines.append(summary_line(failure))
        if failure.deepest_user_frame is not None:
            lines += filter(None, [source_line(failure.deepest_user_frame)])
    for reason in look.reasons(job_id):
        if reason.code is ReasonCode.FAILED or (
            lines and reason.code in (ReasonCode.NEVER_MADE, ReasonCode.MAY_CHANGE)
        ):
            continue  # the failure, its own or that of the job it waits for, is the better line
        if reason.code in _OF_DEPENDENCIES:
            told[reason.code] += 1
            if told[reason.code] > _NAMED:
                continue
        lines.append(one_line(reason.text, 500))
        for line in sanitize(reason.diff).splitlines():
            role = "new" if line.startswith("+") else "old" if line.startswith("-") else ""
            lines.append("    " + session.style.paint(role, line))
    lines += [f"and the same of {count - _NAMED} more" for count in told.values() if count > _NAMED]
    return lines or _checked_against(session, job_id)


def _checked_against(session: Session, job_id: JobId) -> list[str]:
    record = session.record(job_id)
    if record is None:
        return ["never made"]
    look = session.look
    made = f"made {clock(record.made_at)}, {duration(record.wall_s)}"
    known = isinstance(look, Status)
    lines = [f"up to date: {made}, and since then nothing changed in" if known else f"{made}, with"]
    shown = ", ".join(f"{name}={value}" for name, value in look.arguments(job_id))
    lines.append(f"  its arguments: {one_line(shown, 200) or 'none'}")
    if not isinstance(look, Status):
        lines.append(_RECORDED_ONLY)
    else:
        now = look.now(job_id)
        names = sorted({unit.partition(":")[2] for unit in now.code.units if not unit.endswith(":<module>")})
        rest = f" and {len(names) - 12} more" if len(names) > 12 else ""
        lines.append(f"  its code ({now.code.mode}): {one_line(', '.join(names[:12]), 300)}{rest}")
        if now.code.globals:
            globals_used = ", ".join(sorted(name.partition(":")[2] for name in now.code.globals))
            lines.append(f"  its globals: {one_line(globals_used, 300)}")
        if now.files:
            lines.append(f"  its files: {one_line(', '.join(file.path for file in now.files), 300)}")
        made_with, here = details_of(record).get("packages", {}), session.workspace.packages()
        lines += [
            f"  (made with {one_line(name, 40)} {one_line(str(version), 40)}, now {one_line(here[name], 40)})"
            for name, version in made_with.items()
            if name in here and here[name] != version
        ]
    return lines


@command(
    "plan",
    "Say what make would do, why, and how long it may take.",
    section="look",
    takes="[SEL]",
    options=(JSON,),
    examples=("plan", "plan func3()"),
)
def plan(session: Session, arguments: Arguments) -> Reply:
    """Group what would run by cause; nothing runs."""
    look = session.look
    graph = session.workspace.graph
    targets = session.select_to_make(arguments.selection)
    if not targets:
        return Reply(["Nothing to plan: the selection is empty."])
    wanted = {*targets, *graph.ancestors(targets)}
    groups: Counter[str] = Counter()
    will_run, may_run, objects = [], [], []
    for job_id in graph.order:
        if job_id not in wanted or look.state(job_id) is JobState.DONE:
            continue
        reasons = look.reasons(job_id)
        objects.append(session.about(job_id) | {"reasons": [reason_object(reason) for reason in reasons]})
        if all(reason.code is ReasonCode.MAY_CHANGE for reason in reasons):
            may_run.append(job_id)
        else:
            will_run.append(job_id)
            groups[", ".join(dict.fromkeys(_in_general(reason) for reason in reasons))] += 1
    if session.workspace.program is None and not will_run:
        return Reply([f"By the records, nothing would run. {_RECORDED_ONLY}"])
    if not will_run:
        return Reply([f"Nothing to do: {plural(len(wanted), 'job')} {'is' if len(wanted) == 1 else 'are'} up to date."])
    lines = [f"{plural(count, 'job')} will run: {one_line(cause, 300)}" for cause, count in groups.most_common()]
    if may_run:
        lines.append(f"up to {len(may_run)} more if those results change")
    lines.append(f"{len(wanted) - len(will_run) - len(may_run)} up to date")
    lines.append(_expected(session, will_run, may_run))
    if session.workspace.program is None:
        lines.append(_RECORDED_ONLY)
    return Reply(lines, objects)


def _in_general(reason: Reason) -> str:
    """Return the reason without what differs from job to job, so that jobs with the same cause are counted together."""
    match reason.code:
        case ReasonCode.ARGUMENT:
            return reason.text.partition(":")[0]
        case ReasonCode.DEPENDENCY:
            return "the result of a dependency changed"
        case ReasonCode.RESULT:
            return "the stored result is missing or damaged"
    return reason.text


def _expected(session: Session, will_run: Sequence[JobId], may_run: Sequence[JobId]) -> str:
    durations = session.workspace.durations()
    jobs = session.workspace.graph.jobs

    def sum_s(job_ids: Sequence[JobId]) -> tuple[float, int]:
        known = [s for j in job_ids if (s := durations.expected_s(j, jobs[j].function_name)) is not None]
        return sum(known), len(job_ids) - len(known)

    least_s, unknown = sum_s(will_run)
    more_s, _ = sum_s([*will_run, *may_run])
    if unknown == len(will_run):
        return "expected time: not known, no job of these functions succeeded before"
    text = f"expected time: about {roughly(least_s)}"
    if may_run and roughly(more_s) != roughly(least_s):
        text += f" to {roughly(more_s)}"
    return text + (f", {plural(unknown, 'job')} of unknown duration not counted" if unknown else "")


@command(
    "stats",
    "Count jobs by function and state, and measure the store.",
    section="look",
    takes="[SEL]",
    options=(JSON,),
    examples=("stats", "stats func1()"),
)
def stats(session: Session, arguments: Arguments) -> Reply:
    """Counts and times by function, and what the store takes."""
    chosen = session.select_or_all(arguments.selection)
    look, store = session.look, session.workspace.store
    by_function: dict[str, list[JobId]] = {}
    for job_id in chosen:
        by_function.setdefault(session.function(job_id), []).append(job_id)
    rows, objects = [], []
    shown = [s for s in JobState if any(look.state(job_id) is s for job_id in chosen)]
    for function, job_ids in by_function.items():
        counts = Counter(look.state(job_id) for job_id in job_ids)
        records = [r for job_id in job_ids if (r := session.record(job_id)) is not None]
        wall_s, peak = sum(r.wall_s for r in records), max((r.peak_bytes for r in records), default=0)
        objects.append({"function": function, "jobs": len(job_ids), "wall_s": wall_s, "peak_bytes": peak})
        objects[-1] |= {state.value: count for state, count in counts.items()}
        mean = duration(wall_s / len(records)) if records else ""
        cells = [str(counts[state] or "") for state in shown]
        rows.append(
            (f"{one_line(function, _CELLS)}()", str(len(job_ids)), *cells, duration(wall_s), mean, bytes_text(peak))
        )
    headers = ("function", "jobs", *(state.value for state in shown), "time", "mean", "peak")
    size = store.size(session.workspace.graph.jobs.keys())
    lines = table(rows, headers, width=session.width, right=range(1, len(headers)), style=session.style)
    lines += ["", _totals(session, (look.state(job_id) for job_id in chosen))]
    lines.append(
        f"store {sanitize(store.location)}: {bytes_text(size.total_bytes)}, {plural(size.records, 'record')}, "
        f"{size.superseded} superseded, {plural(size.objects, 'object')}; "
        f"gc would free {bytes_text(size.free_able_bytes)}"
    )
    undefined = session.workspace.undefined()
    if undefined:
        lines.append(f"{plural(len(undefined), 'record')} of jobs that the program no longer defines (kept until gc)")
    return Reply(lines, objects)


@command(
    "runs",
    "List past makes.",
    section="look",
    options=(JSON, Option("n", "how many to show", value="N", short="n")),
    examples=("runs", "runs n=5"),
)
def runs(session: Session, arguments: Arguments) -> Reply:
    """Newest first: when, what was asked for, how it ended."""
    found = session.workspace.store.runs()[: arguments.number("n") or 20]
    rows, objects = [], []
    for run in found:
        took = duration(run.ended_at - run.started_at) if run.ended_at is not None else ""
        counts: Mapping[str, int] = {"done": run.done, "failed": run.failed, "blocked": run.blocked}
        ended = run.ended or "did not end"
        rows.append(
            (
                str(run.run_id),
                clock(run.started_at),
                took,
                *map(str, counts.values()),
                str(run.up_to_date),
                one_line(ended, _CELLS),
                one_line(run.command, _CELLS),
            )
        )
        objects.append(
            {"run": run.run_id, "command": run.command, "time": run.started_at, "ended": ended}
            | {"wall_s": None if run.ended_at is None else run.ended_at - run.started_at}
            | {**counts, "up_to_date": run.up_to_date}
        )
    if not rows:
        return Reply(["No make was started yet."], objects)
    headers = ("run", "started", "took", "done", "failed", "blocked", "up to date", "ended", "command")
    return Reply(table(rows, headers, width=session.width, right=range(7), style=session.style), objects)
