"""The workers of the make that runs, as a table."""

from collections.abc import Iterator
from typing import Any

from compmake.channel.redis_news import WorkerNews
from compmake.errors import UserError
from compmake.text_safety import one_line
from compmake.ui.columns import Column, Listing
from compmake.ui.commands.hearing import open_follower, why_unheard
from compmake.ui.commands.registry import Reply
from compmake.ui.commands.session import Session
from compmake.ui.commands.store_makes import is_making, no_make
from compmake.ui.text import duration
from compmake.words import bytes_text

_CELLS = 80
_COLUMNS = (
    Column("worker"),
    Column("state"),
    Column("job", flexible=True, middle=True),
    Column("try", dropped=7, right=True),
    Column("for", right=True),
    Column("cpu", dropped=4, right=True),
    Column("memory", dropped=3, right=True),
    Column("peak", dropped=6, right=True),
    Column("progress", dropped=2),
    Column("at", dropped=1),
    Column("printed", dropped=5),
    Column("done", dropped=8, right=True),
    Column("failed", dropped=9, right=True),
    Column("process", dropped=10),
)
_SILENT_S = 5.0
_NUMBERS = {"pid", "seq", "attempt", "done", "failed", "rss_bytes", "peak_bytes", "own_rss_bytes"}
_FRACTIONS = {"elapsed_s", "cpu_percent", "own_cpu_percent", "started_at", "heard_at"}


def worker_table(session: Session) -> Reply:
    """Return one row for each worker of the make that runs.

    Raises:
        UserError: The make tells its news to nobody, or to a server that these settings do not name.
    """
    if not is_making(session.workspace):
        return Reply([no_make(session.workspace)])
    follower = open_follower(session.workspace)
    workers = follower.workers()
    follower.close()
    if why := why_unheard(session.workspace, follower):
        raise UserError(why)
    rows = [dict(_cells(worker)) for worker in workers]
    columns = [column for column in _COLUMNS if not column.dropped or any(row[column.name] for row in rows)]
    table = Listing(
        columns,
        len(rows),
        lambda number, names: [session.style.spell(rows[number][name]) for name in names],
        width=session.width,
        header=True,
        style=session.style,
    )
    if not rows:
        return Reply(["No worker was told of yet: a make is watched from its second second on."])
    return Reply(table, [_about(worker) for worker in workers])


def _cells(worker: WorkerNews) -> Iterator[tuple[str, str]]:
    fields, number = worker.fields, worker.number
    runs = fields.get("state") == "running"
    state = f"silent {duration(worker.age_s)}" if runs and worker.age_s > _SILENT_S else fields.get("state", "")
    yield "worker", one_line(worker.name, _CELLS)
    yield "state", "stopped" if runs and number("frozen") else one_line(state, _CELLS)
    yield "job", one_line(fields.get("job", ""), _CELLS)
    yield "try", fields.get("attempt", "") if runs else ""
    yield "for", duration(worker.running_s) if runs else ""
    yield "cpu", f"{number('cpu_percent') or number('own_cpu_percent'):.0f}%" if runs else ""
    yield "memory", bytes_text(int(number("rss_bytes") or number("own_rss_bytes"))) if runs else ""
    yield "peak", bytes_text(int(number("peak_bytes"))) if number("peak_bytes") else ""
    yield "progress", one_line(fields.get("progress", ""), _CELLS)
    yield "at", one_line(fields.get("place", ""), _CELLS)
    yield "printed", one_line(fields.get("last_line", ""), _CELLS)
    yield "done", fields.get("done", "")
    yield "failed", fields["failed"] if number("failed") else ""
    yield "process", one_line(f"{fields.get('pid', '')} {fields.get('host', '')}".strip(), _CELLS)


def _about(worker: WorkerNews) -> dict[str, Any]:
    about: dict[str, Any] = {"worker": worker.name, "age_s": worker.age_s, **worker.fields}
    about.pop("stack", None)  # `where` tells it
    about |= {name: int(worker.number(name)) for name in _NUMBERS & set(about)}
    return about | {name: worker.number(name) for name in _FRACTIONS & set(about)}
