"""Commands that help to mend a job: `debug` runs it here under pdb, `load` opens a Python prompt with results."""

import keyword
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from compmake.calling import call_message, called_here
from compmake.codec import CallMessage, DependenciesDamagedError, LoadError
from compmake.errors import CompmakeError, UserError
from compmake.job import Failure, JobId
from compmake.local_values import value_text
from compmake.status import Status
from compmake.text_safety import cells, one_line, sanitize
from compmake.ui.commands.attempts import call_text
from compmake.ui.commands.registry import Arguments, Option, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.summary import job_name
from compmake.ui.traceback import render_failure
from compmake.words import plural

_CELLS = 160
_NAME_CELLS = 60
_DEADLY = ("Crashed", "Killed")
"""Failures of a job whose process died under it."""
_MOST_TOLD = 20
_OWN_NAMES = ("result", "results")


@command(
    "debug",
    "Run a job here, under the debugger pdb.",
    section="fix",
    aliases=("pdb",),
    takes="JOB",
    options=(Option("step", "stop at the first line of its function, not only where it raises", short="s"),),
    examples=("debug func2-3", "debug func2-3 --step"),
)
def debug(session: Session, arguments: Arguments) -> Reply:
    """The job's function is called in this process, with the arguments and the seed that a worker would have.

    Where it raises, or where it is when you press Ctrl-C, pdb opens at your own line that was reached last: `up`,
    `down`, `p NAME`, `q` leaves. What is printed goes to the terminal, limits do not count, and nothing is recorded:
    `remake` does that.
    """
    from compmake.ui.debugger import call_debugged  # pdb costs every start 10 ms

    job_id = session.one_job(arguments)
    message = _call_of(session, job_id)
    failure = session.failure(job_id)
    if session.ask is not None and failure is not None and failure.type_name in _DEADLY:
        session.confirm(
            f"its process died the last time, and here that is the console: run {shown_id(job_id)}", 2, arguments
        )
    workspace = session.workspace
    assert workspace.program is not None
    _tell(session, f"Running {call_text(session, job_id)} here; nothing of it is recorded.")

    def tell(failure: Failure) -> None:
        _tell(session, "", *render_failure(failure), "", "In pdb: up, down, p NAME, q leaves.")

    try:
        with called_here(message, workspace.store.objects, str(workspace.program.ref.path)) as called:
            ended = call_debugged(called, step=arguments.flag("step"), tell=tell)
    except DependenciesDamagedError as error:
        names = " ".join(map(job_name, error.job_ids))
        raise UserError(
            f"results that {shown_id(job_id)} needs are missing or damaged: `make {names}` makes them again"
        ) from error
    except LoadError as error:
        raise UserError(str(error)) from error
    name = shown_id(job_id)
    if ended.failure is not None:
        how = "was interrupted" if ended.interrupted else "failed"
        return Reply([f"{name} {how} here; nothing was recorded."])
    if ended.left:
        return Reply([f"{name} was left before its end; nothing was recorded."])
    value = one_line(value_text(ended.value, ask=True), _CELLS)
    again = f": `remake {job_name(job_id)}` does" if session.failure(job_id) is not None else ""
    return Reply([session.style.spell(f"{name} succeeded here, with {value}; nothing was recorded{again}.")])


def _call_of(session: Session, job_id: JobId) -> CallMessage:
    """Return the call as a worker would get it.

    Raises:
        UserError: There is no program, or no result of a job that this one needs.
    """
    workspace = session.workspace
    workspace.require_program()
    job, newest = workspace.graph.jobs[job_id], workspace.records.newest
    blobs = {}
    for dependency in job.dependencies:
        needed = dependency.job_id
        record = newest.get(needed)
        if record is None or not record.ok:
            how = "was never made" if record is None else "failed"
            name = job_name(needed)
            raise UserError(
                f"{shown_id(job_id)} needs the result of {name}, which {how}: `make {name}` first, or `debug {name}`"
            )
        blobs[needed] = workspace.store.blob(record)
    look = session.look
    assert isinstance(look, Status)
    return call_message(job, look.now(job_id).fingerprint, blobs)


def _tell(session: Session, *lines: str) -> None:
    """Say something before the debugger has the terminal."""
    print(session.style.spell("\n".join(lines)), flush=True)


@command(
    "load",
    "Open a Python prompt with the results of jobs.",
    section="fix",
    takes="SEL",
    examples=("load func1-2", "load func2()"),
)
def load(session: Session, arguments: Arguments) -> Reply:
    """`results` has the results by job id, `result` the one if there is one, and each job has a variable of its name.

    What cannot be in a name is `_` there: `lines-13` is `lines_13`. The prompt is IPython if that is installed. Without
    a terminal a script is read from standard input; if there is none, what is loaded is listed.
    """
    from compmake.ui.python_prompt import open_prompt

    chosen = session.select(arguments.selection)
    if not chosen:
        raise UserError("the selection is empty: there is nothing to load")
    results: dict[str, Any] = {}
    problems: list[str] = []
    for job_id in chosen:
        try:
            results[job_id] = session.workspace.result(job_id)
        except LoadError as error:
            problems.append(f"the result of {job_id!r} {error}")
        except CompmakeError as error:
            problems.append(str(error))
    if not results:
        more = f" (and {plural(len(problems) - 1, 'other job')})" if len(problems) > 1 else ""
        raise UserError(problems[0] + more)
    variables = _variables(results)
    names = {name: results[job_id] for job_id, name in variables.items()} | {"results": results}
    if len(chosen) == 1:
        names["result"] = next(iter(results.values()))
    return Reply(exit_code=open_prompt(names, _loaded(session, results, variables, problems, len(chosen) == 1)))


def _variables(job_ids: Iterable[str]) -> dict[str, str]:
    """Return the variable of each job that has one: of those alike the job whose very id it is, else the first."""
    owners: dict[str, str] = {}
    for job_id in sorted(job_ids, key=lambda job_id: _variable(job_id) != job_id):
        owners.setdefault(_variable(job_id), job_id)
    return {job_id: name for name, job_id in owners.items() if name not in _OWN_NAMES}


def _variable(job_id: str) -> str:
    """Return a name like this id."""
    name = "".join(char if f"_{char}".isidentifier() else "_" for char in job_id)
    name = unicodedata.normalize("NFKC", name)  # as Python reads names
    if not name.isidentifier():
        name = f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


def _loaded(
    session: Session, results: dict[str, Any], variables: dict[str, str], problems: Sequence[str], is_one: bool
) -> list[str]:
    """Return lines that say what can be worked with."""
    shown = [
        (variables.get(job_id, f"results[{job_id!r}]"), value_text(value, ask=True))
        for job_id, value in list(results.items())[:_MOST_TOLD]
    ]
    if is_one:
        shown = [("result", shown[0][1])] + [pair for pair in shown if variables]
    shown = [(one_line(name, _NAME_CELLS), one_line(text, _CELLS)) for name, text in shown]
    width = max(cells(name) for name, _ in shown)
    lines = [f"{name}{' ' * (width - cells(name))} = {text}" for name, text in shown]
    if len(results) > _MOST_TOLD:
        lines.append(f"… and {len(results) - _MOST_TOLD:,} more in `results`")
    elif not is_one:
        lines.append(f"results: all of these by job id ({len(results):,})")
    lines += [f"not loaded: {sanitize(problem)}" for problem in problems[:_MOST_TOLD]]
    if len(problems) > _MOST_TOLD:
        lines.append(f"not loaded: {len(problems) - _MOST_TOLD:,} more")
    return [session.style.spell(line) for line in lines]
