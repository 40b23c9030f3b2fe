"""The command `list`: jobs as a table that fits the screen, one line each in pipes, or as data."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from compmake.errors import UserError
from compmake.graph import natural_key, sorted_ids
from compmake.job import JobId, JobState, Record
from compmake.text_safety import one_line
from compmake.ui.columns import Cell, Column, Listing
from compmake.ui.commands.attempts import worker_of
from compmake.ui.commands.calls import Calls
from compmake.ui.commands.registry import ALL, JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.commands.statistics import totals
from compmake.ui.text import ago, duration, wrap
from compmake.words import bytes_text, close_matches

_COLUMNS = {
    column.name: column
    for column in (
        Column("job", flexible=True, middle=True),
        Column("state"),
        Column("function", dropped=8),
        Column("time", dropped=1, right=True),
        Column("cpu", dropped=6, right=True),
        Column("memory", dropped=2, right=True),
        Column("size", dropped=4, right=True),
        Column("made", dropped=3, right=True),
        Column("worker", dropped=5),
        Column("attempt", dropped=7, right=True),
        Column("arguments", flexible=True),
    )
}
_SHORT = ("job", "state", "function", "time", "arguments")
_FUNCTION_CELLS = 60
_ID_CELLS = 200
_NOTHING = "-"
_NUMBERS: dict[str, Callable[[Record], float]] = {
    "time": lambda record: record.wall_s,
    "cpu": lambda record: record.cpu_s,
    "memory": lambda record: record.peak_bytes,
    "size": lambda record: record.size_bytes,
    "made": lambda record: record.made_at,
    "attempt": lambda record: record.attempt,
}
_STATES = {state: number for number, state in enumerate(JobState)}


@command(
    "list",
    "List jobs with their states and arguments.",
    section="look",
    aliases=("ls",),
    takes="[SEL]",
    options=(
        JSON,
        ALL,
        Option("long", "more columns", short="l"),
        Option("sort", "by a column: numbers from the largest, times from the newest", "COLUMN", choices=(*_COLUMNS,)),
        Option("reverse", "the other way round", short="r"),
        Option("columns", f"which columns, with commas between: {', '.join(_COLUMNS)}", "NAMES"),
    ),
    examples=("ls failed", "ls -l func2() sort=time"),
)
def list_jobs(session: Session, arguments: Arguments) -> Reply:
    """One line a job: id, state, function, time of the last attempt, arguments."""
    columns = _columns(arguments)
    chosen = _sorted(session, session.select_or_all(arguments.selection), arguments)
    if arguments.flag("json"):
        calls = Calls(session)
        return Reply(objects=(_object(session, calls, job_id) for job_id in chosen))
    if not chosen:
        return Reply([] if session.width is None else ["No jobs are selected."])
    states, style = session.look.states(), session.style
    known_widths = {
        "job": min(max(map(len, chosen)), _ID_CELLS) if session.width is None else 0,
        "state": max(len(state.value) for state in {states[job_id] for job_id in chosen}),
    }
    table = Listing(
        columns,
        len(chosen),
        _row_of(session, chosen),
        width=session.width,
        least=[known_widths.get(column.name, 0) for column in columns],
        paint=lambda row, column, text: style.paint(states[chosen[row]], text) if column == "state" else text,
        style=style,
    )
    if session.width is None:
        return Reply(table)
    footer = ["", *totals(session, [states[job_id] for job_id in chosen])]
    asked = arguments.flag("long") or arguments.text("columns")
    if asked and table.dropped:
        footer += wrap(f"(too narrow for: {', '.join(table.dropped)})", session.width, indent=1)
    return Reply(table, footer=footer)


def _columns(arguments: Arguments) -> list[Column]:
    """Return the columns that are asked for; the id is always the first.

    Raises:
        UserError: One of them does not exist.
    """
    asked, sort = arguments.text("columns"), arguments.text("sort")
    if asked is None:
        shown = _COLUMNS if arguments.flag("long") else {*_SHORT, sort}
        # What the jobs are sorted by is never left out.
        return [c._replace(dropped=0) if name == sort else c for name, c in _COLUMNS.items() if name in shown]
    names = [name.strip() for name in asked.split(",") if name.strip()]
    for name in names:
        if name not in _COLUMNS:
            close = close_matches(name, _COLUMNS, 1)
            hint = f"did you mean {close[0]}?" if close else f"the columns are {', '.join(_COLUMNS)}"
            raise UserError(f"list has no column {one_line(name, 40)!r}: {hint}")
    return [_COLUMNS[name] for name in dict.fromkeys(["job", *names])]


def _sorted(session: Session, job_ids: Sequence[JobId], arguments: Arguments) -> list[JobId]:
    """Return the jobs in natural order of their ids, or by a column; those without a value there come last."""
    in_order = sorted_ids(job_ids)
    column, backwards = arguments.text("sort") or "job", arguments.flag("reverse")
    if column == "job":
        return in_order[::-1] if backwards else in_order
    value = _value_of(session, column)
    found = {job_id: key for job_id in in_order if (key := value(job_id)) is not None}
    largest_first = (column in _NUMBERS) != backwards
    # Stable either way: jobs with equal values stay in the order of their ids.
    known = sorted(found, key=found.__getitem__, reverse=largest_first)
    return [*known, *(job_id for job_id in in_order if job_id not in found)]


def _value_of(session: Session, column: str) -> Callable[[JobId], Any]:
    """Return what tells by which value a job is sorted, None where it has none."""
    look, records = session.look, session.workspace.records.newest
    if column in _NUMBERS:
        number = _NUMBERS[column]
        return lambda job_id: number(record) if (record := records.get(job_id)) else None
    if column == "state":
        return lambda job_id: _STATES[look.state(job_id)]
    if column == "function":
        return session.function
    if column == "worker":
        return lambda job_id: natural_key(worker_of(record)) if (record := records.get(job_id)) else None
    calls = Calls(session)
    return lambda job_id: natural_key(calls.text(job_id)[1])


def _row_of(session: Session, chosen: Sequence[JobId]) -> Callable[[int, Sequence[str]], list[Cell]]:
    """Return what works out the cells of a row."""
    look, records, calls = session.look, session.workspace.records.newest, Calls(session)
    spell, now = session.style.spell, time.time()

    def cell(job_id: JobId, record: Record | None, column: str) -> Cell:
        match column:
            case "job":
                return spell(shown_id(job_id))
            case "state":
                return look.state(job_id).value
            case "function":
                return spell(f"{one_line(session.function(job_id), _FUNCTION_CELLS)}()")
            case "arguments":
                whole, short = calls.text(job_id)
                return spell(whole), spell(short)
        return _NOTHING if record is None else spell(_of_record(record, column, now))

    def row(number: int, names: Sequence[str]) -> list[Cell]:
        job_id = chosen[number]
        record = records.get(job_id)
        return [cell(job_id, record, name) for name in names]

    return row


def _of_record(record: Record, column: str, now: float) -> str:
    match column:
        case "worker":
            return one_line(worker_of(record), _FUNCTION_CELLS) or _NOTHING
        case "time" | "cpu":
            return duration(_NUMBERS[column](record))
        case "made":
            return ago(now - record.made_at)
        case "attempt":
            return str(record.attempt)
    return bytes_text(int(_NUMBERS[column](record)))


def _object(session: Session, calls: Calls, job_id: JobId) -> dict[str, Any]:
    """Return a job as `--json` tells it."""
    record = session.record(job_id)
    data = session.about(job_id) | {
        "arguments": dict(calls.own(job_id)),
        "inherited": dict(reversed(calls.inherited(job_id))),
        "wall_s": record.wall_s if record else None,
    }
    if record is not None:
        data |= {"cpu_s": record.cpu_s, "peak_bytes": record.peak_bytes, "size_bytes": record.size_bytes}
        data |= {"made_at": record.made_at, "worker": worker_of(record), "attempt": record.attempt}
    return data
