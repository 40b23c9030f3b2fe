"""Commands about the store itself: `check`, `gc`, `delete`, `dump`."""

import contextlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from compmake.codec import LoadError, load_value, plain_pickle
from compmake.errors import StoreError, UnpicklableError, UserError
from compmake.graph import Graph
from compmake.job import JobId, JobState
from compmake.recorded import recorded_graph
from compmake.store import Damage
from compmake.text_safety import one_line, safe_name, sanitize
from compmake.ui.commands.registry import JSON, YES, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.files import write_whole
from compmake.words import Word, bytes_text, plural

_ADVICE = "Name another folder with dir=DIR."


@command(
    "check",
    "Verify every record and every stored result.",
    section="store",
    options=(JSON,),
    examples=("check", "check --json"),
)
def check(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """Read everything once; damaged objects are moved to the quarantine and their jobs will be made again."""
    found = session.workspace.store.check()
    session.workspace.refresh()
    objects = [_damage_object(session, damage) for damage in found]
    if not found:
        return Reply([f"{plural(len(session.workspace.records.newest), 'record')} checked: all as it was written."])
    lines = [
        one_line(damage.what, 500) + (f" (moved to {damage.moved_to})" if damage.moved_to else "") for damage in found
    ]
    return Reply(
        [*lines, f"{plural(len(found), 'damaged item')}; `make` makes those jobs again."], objects, exit_code=3
    )


def _damage_object(session: Session, damage: Damage) -> dict[str, Any]:
    told = {"damage": damage.what, "job": damage.job_id, "moved_to": damage.moved_to}
    if damage.job_id is None or damage.job_id not in session.workspace.graph.jobs:
        return told
    return told | session.about(damage.job_id)


@command(
    "gc",
    "Drop what no job of the program needs any more.",
    section="store",
    options=(YES,),
    examples=("gc -y", "gc"),
)
def gc(session: Session, arguments: Arguments) -> Reply:
    """Forget records of ids that are no longer defined, objects that nothing names, old temporary files."""
    workspace = session.workspace
    workspace.require_program()
    undefined = workspace.undefined()
    what = f"drop the results of {plural(len(undefined), 'job')} that the program no longer defines"
    session.confirm(what, 2 if undefined else 0, arguments)
    with workspace.changing("gc"):
        freed = workspace.store.collect_garbage(workspace.graph.jobs.keys())
    return Reply([f"{plural(len(undefined), 'record')} dropped, {bytes_text(freed)} freed."])


@command(
    "delete",
    "Forget jobs that the program no longer defines.",
    section="store",
    takes="SEL",
    options=(YES,),
    examples=("delete all -y", "delete old-*"),
)
def delete(session: Session, arguments: Arguments) -> Reply:
    """`clean` for ids that only the store still knows; the selection is over those."""
    workspace = session.workspace
    workspace.require_program()
    graph = recorded_graph(workspace.undefined())
    chosen = _select_undefined(session, arguments.selection, graph) if graph.jobs else []
    if not chosen:
        return Reply(["Nothing to delete: the store knows no job that the program does not define."])
    session.confirm(f"forget the results of {plural(len(chosen), 'job')}", len(chosen), arguments)
    with workspace.changing("delete"):
        workspace.store.forget(chosen)
    return Reply([f"{plural(len(chosen), 'job')} deleted."])


def _select_undefined(session: Session, words: Sequence[Word], graph: Graph) -> list[JobId]:
    from compmake.selection import Scope, select

    def states() -> dict[JobId, JobState]:
        records = session.workspace.records.newest
        return {job_id: JobState.DONE if records[job_id].ok else JobState.FAILED for job_id in graph.jobs}

    return select(words, Scope(graph, states))


@command(
    "dump",
    "Write results to files.",
    section="store",
    takes="[SEL]",
    options=(YES, Option("dir", "the folder", value="DIR")),
    examples=("dump func1-2 dir=results", "dump func3() dir=results -y"),
)
def dump(session: Session, arguments: Arguments) -> Reply:
    """Write `DIR/NAME.pickle` for each result, `.txt` and `.npy` too where that fits, and `index.json`."""
    folder = Path(arguments.text("dir") or "dump")
    chosen = session.select_or_all(arguments.selection)
    records = [record for job_id in chosen if (record := session.record(job_id)) is not None and record.ok]
    present = [f for r in records for f in folder.glob(f"{safe_name(r.job_id)}.*")] if folder.is_dir() else []
    if present:
        session.confirm(f"write over {plural(len(present), 'file')} in {folder}", len(present) + 1, arguments)
    index: dict[str, list[str]] = {}
    lines = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be written: {error.strerror}. {_ADVICE}") from error
    store = session.workspace.store
    for record in records:
        try:
            index[record.job_id] = _dump_one(folder, record.job_id, store.objects.read(store.blob(record)))
        except (StoreError, LoadError, UnpicklableError) as error:
            lines.append(f"{shown_id(record.job_id)}: {one_line(str(error), 300)}")
    write_whole(folder / "index.json", json.dumps(index, indent=1).encode(), _ADVICE)
    missing = len(chosen) - len(records)
    if missing:
        lines.append(f"{plural(missing, 'job')} without a result left out")
    lines.append(f"{plural(len(index), 'result')} written to {sanitize(str(folder))}")
    return Reply(lines)


def _dump_one(folder: Path, job_id: JobId, data: memoryview) -> list[str]:
    name = safe_name(job_id)
    written = {f"{name}.pickle": plain_pickle(data)}
    value: Any = None
    with contextlib.suppress(LoadError):  # its class is gone: the pickle is for whoever still has it
        value = load_value(data)
    if isinstance(value, str):
        written[f"{name}.txt"] = _encoded(value)
    elif type(value).__module__ == "numpy" and type(value).__name__ == "ndarray" and value.dtype != object:
        written[f"{name}.npy"] = _npy(value)
    for file, content in written.items():
        write_whole(folder / file, content, _ADVICE)
    return sorted(written)


def _encoded(text: str) -> bytes:
    try:
        return text.encode(errors="surrogateescape")  # undecodable bytes come out as they came in
    except UnicodeEncodeError:
        return text.encode(errors="surrogatepass")


def _npy(array: Any) -> bytes:
    import io
    import sys

    buffer = io.BytesIO()
    sys.modules["numpy"].save(buffer, array, allow_pickle=False)
    return buffer.getvalue()
