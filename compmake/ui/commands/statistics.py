"""Commands that count: `stats` by function and state, `runs` by make."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from compmake.job import JobId, JobState
from compmake.status import count_states
from compmake.text_safety import cells, one_line, sanitize
from compmake.ui.columns import Column, Listing
from compmake.ui.commands.eta_table import eta_table
from compmake.ui.commands.registry import JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session
from compmake.ui.text import clock, duration, wrap
from compmake.words import bytes_text, plural

_CELLS = 60


@command(
    "stats",
    "Count jobs by function and state, and measure the store; `stats eta`: how good expected ends were.",
    section="look",
    takes="[SEL]",
    options=(JSON, Option("workers", "the workers of the make that runs: what each does, how it is")),
    examples=("stats --workers", "stats eta"),
)
def stats(session: Session, arguments: Arguments) -> Reply:
    """Counts and times by function, and what the store takes."""
    if arguments.flag("workers"):
        from compmake.ui.commands.worker_table import worker_table  # knows the client of Redis, which takes 0.1 s

        return worker_table(session)
    words = [word.text for word in session.words(arguments.selection)]
    if words == ["eta"] and "eta" not in session.workspace.graph.jobs:
        return eta_table(session)
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
        in_state = [str(counts[state] or "") for state in shown]
        rows.append(
            (f"{one_line(function, _CELLS)}()", str(len(job_ids)), *in_state, duration(wall_s), mean, bytes_text(peak))
        )
    columns = (
        Column("function", flexible=True, middle=True),
        *(Column(name, right=True) for name in ("jobs", *(state.value for state in shown))),
        Column("time", dropped=1, right=True),
        Column("mean", dropped=2, right=True),
        Column("peak", dropped=3, right=True),
    )
    lines = [*_table(session, columns, rows), ""]
    lines += totals(session, (look.state(job_id) for job_id in chosen))
    size, undefined = store.size(session.workspace.graph.jobs.keys()), session.workspace.undefined()
    said = [
        f"store {sanitize(store.location)}: {bytes_text(size.total_bytes)}, {plural(size.records, 'record')}, "
        f"{size.superseded} superseded, {plural(size.objects, 'object')}; "
        f"gc would free {bytes_text(size.free_able_bytes)}"
    ]
    if undefined:
        said.append(f"{plural(len(undefined), 'record')} of jobs that the program no longer defines (kept until gc)")
    return Reply(lines + [part for line in said for part in wrap(line, session.width, indent=2)], objects)


def _table(session: Session, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Listing:
    """Return a table whose header is there in pipes too; a row has a cell for each column."""
    at = {column.name: number for number, column in enumerate(columns)}
    return Listing(
        columns,
        len(rows),
        lambda number, names: [session.style.spell(rows[number][at[name]]) for name in names],
        width=session.width,
        header=True,
        style=session.style,
    )


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
    columns = (
        Column("run", right=True),
        Column("started", dropped=3, right=True),
        Column("took", dropped=1, right=True),
        *(Column(name, right=True) for name in ("done", "failed", "blocked")),
        Column("up to date", dropped=4, right=True),
        Column("ended", dropped=2),
        Column("command", flexible=True),
    )
    return Reply(_table(session, columns, rows), objects)


def totals(session: Session, states: Iterable[JobState]) -> list[str]:
    """Return `9 jobs: 7 done, 1 failed, 1 blocked`, on a line for each state where the screen is too narrow."""
    counts = count_states(states)
    parts = [f"{count} {state.value}" for state, count in counts.items()]
    words = [session.style.paint(state, part) for state, part in zip(counts, parts, strict=True)]
    head = f"{plural(sum(counts.values()), 'job')}:"
    if session.width is not None and cells(f"{head} {', '.join(parts)}") > session.width:
        return [head, *(f"  {word}" for word in words)]
    return [f"{head} {', '.join(words)}"]
