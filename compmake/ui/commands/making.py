"""Commands that make jobs or change what counts as made."""

from collections.abc import Collection, Sequence

from compmake.errors import UserError
from compmake.fingerprint.closure import CodeSet
from compmake.job import JobId, Record
from compmake.make_result import MakeResult
from compmake.staleness import inputs_json
from compmake.status import Status
from compmake.ui.commands.planning import plan_for
from compmake.ui.commands.registry import YES, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session, shown_id
from compmake.words import plural

_JOBS = Option("jobs", "how many jobs to run at once", value="N", short="j", aliases=("n",))
_INLINE = Option("inline", "run jobs in compmake's own process, on the terminal, for pdb: output is not kept")
_VERBOSE = Option("verbose", "list jobs that succeed too", short="v")
_MAKE_OPTIONS = (_JOBS, _INLINE, Option("dry-run", "say what would run and why, and run nothing"), _VERBOSE)
_REMAKE_OPTIONS = (YES, _JOBS, _INLINE, _VERBOSE)


@command(
    "make",
    "Make jobs that are not up to date, and what they need.",
    section="make",
    takes="[SEL]",
    options=_MAKE_OPTIONS,
    examples=("make", "make func2() -j 4"),
    background=True,
)
def make(session: Session, arguments: Arguments) -> Reply:
    """Make the selected jobs, without a selection all."""
    return _make_selected(session, arguments, _jobs_at_once(session, arguments))


@command(
    "parmake",
    "`make` on all CPUs.",
    section="make",
    takes="[SEL]",
    options=_MAKE_OPTIONS,
    examples=("parmake", "parmake func2() n=4"),
    background=True,
)
def parmake(session: Session, arguments: Arguments) -> Reply:
    """Make the selected jobs, as many at once as there are CPUs."""
    return _make_selected(session, arguments, _jobs_at_once(session, arguments, all_cpus=True))


def _jobs_at_once(session: Session, arguments: Arguments, *, all_cpus: bool = False) -> int:
    """Return how many jobs may run at once: what the user says, else all CPUs or what the settings say.

    Raises:
        UserError: It is no number of 1 or more, or more than one and `--inline`.
    """
    asked = arguments.number("jobs")
    if arguments.flag("inline"):
        if asked == 1 or (asked is None and not all_cpus):
            return 1
        what = "running on all CPUs" if asked is None else f"-j {asked}"
        raise UserError(
            f"--inline excludes {what}: inline jobs run one at a time, in compmake's own process. "
            "Leave --inline out, or say n=1"
        )
    if asked is None and all_cpus:
        from compmake.cpus import cpu_count

        return cpu_count()
    return asked or session.workspace.settings.jobs


def _make_selected(session: Session, arguments: Arguments, jobs: int) -> Reply:
    if arguments.flag("dry-run"):
        return plan_for(session, arguments, jobs)
    _use_current_code(session)
    targets = session.select_to_make(arguments.selection)
    return _make(session, targets, arguments, jobs)


@command(
    "remake",
    "Make the selected jobs again, even if they are up to date; dependents are left.",
    section="make",
    takes="SEL",
    options=_REMAKE_OPTIONS,
    examples=("remake func1-2", "remake failed -y"),
    background=True,
)
def remake(session: Session, arguments: Arguments) -> Reply:
    """`invalidate` and `make` in one."""
    return _remake(session, arguments, _jobs_at_once(session, arguments))


@command(
    "parremake",
    "`remake` on all CPUs.",
    section="make",
    takes="SEL",
    options=_REMAKE_OPTIONS,
    examples=("parremake func1() -y", "parremake failed -y n=4"),
    background=True,
)
def parremake(session: Session, arguments: Arguments) -> Reply:
    """`invalidate` and `parmake` in one."""
    return _remake(session, arguments, _jobs_at_once(session, arguments, all_cpus=True))


def _use_current_code(session: Session) -> None:
    """A worker imports what is on the disk: the graph and the fingerprints must be those of the same code."""
    session.workspace.require_program()
    if session.console is not None:
        session.console.use_current_code()


def _remake(session: Session, arguments: Arguments, jobs: int) -> Reply:
    _use_current_code(session)
    targets = session.select(arguments.selection)
    if not targets:
        return Reply(["Nothing to remake: the selection is empty."])
    session.confirm(f"remake {plural(len(targets), 'job')}", len(targets), arguments)
    _mark_asked(session, targets)
    return _make(session, targets, arguments, jobs)


@command(
    "clean",
    "Forget all records and results of jobs.",
    section="make",
    takes="[SEL]",
    options=(YES,),
    examples=("clean failed -y", "clean func3() -y"),
)
def clean(session: Session, arguments: Arguments) -> Reply:
    """Forget the selected jobs, without a selection all."""
    workspace = session.workspace
    workspace.require_program()
    targets = session.select_or_all(arguments.selection)
    if not targets:
        return Reply(["Nothing to clean: the selection is empty."])
    session.confirm(f"forget the results of {plural(len(targets), 'job')}", len(targets), arguments)
    with workspace.changing("clean", targets):
        workspace.note_cleaned(targets)
        workspace.store.forget(targets)
    return Reply([f"{plural(len(targets), 'job')} cleaned."])


@command(
    "invalidate",
    "Keep the results, but make the jobs again at the next make.",
    section="make",
    takes="SEL",
    options=(YES,),
    examples=("invalidate func1-2", "invalidate func1() -y"),
)
def invalidate(session: Session, arguments: Arguments) -> Reply:
    """Mark the selected jobs as asked for."""
    session.workspace.require_program()
    targets = session.select(arguments.selection)
    if not targets:
        return Reply(["Nothing to invalidate: the selection is empty."])
    session.confirm(f"make {plural(len(targets), 'job')} again", len(targets), arguments)
    _mark_asked(session, targets)
    return Reply([f"{plural(len(targets), 'job')} will be made again."])


@command(
    "accept",
    "Take the results of stale jobs as good although something changed.",
    section="make",
    takes="SEL",
    options=(YES,),
    examples=("accept func1-2", "accept stale -y"),
)
def accept(session: Session, arguments: Arguments) -> Reply:
    """Bless exactly what `why` lists for the selected jobs."""
    workspace = session.workspace
    workspace.require_program()
    targets = session.select(arguments.selection)
    if not targets:
        return Reply(["Nothing to accept: the selection is empty."])
    count = len(_acceptable(session, targets)[0])
    session.confirm(f"accept the results of {plural(count, 'job')}", count, arguments)
    with workspace.changing("accept", targets):
        blessed, refused = _acceptable(session, targets)  # again: somebody may have made until the lock was taken
        workspace.store.replace(blessed)
        workspace.keep_code(blessed.values())
    lines = [f"{shown_id(job_id)}: there is no result to accept" for job_id in refused]
    return Reply([*lines, f"{plural(len(blessed), 'job')} accepted."])


def _acceptable(session: Session, targets: Collection[JobId]) -> tuple[dict[Record, CodeSet], list[JobId]]:
    """Return the records as they will be, each with its code, and the jobs that have no result to accept."""
    look, checker = session.look, session.workspace.checker
    assert isinstance(look, Status)
    blessed: dict[Record, CodeSet] = {}
    refused: list[JobId] = []
    wanted = set(targets)
    for job_id in session.workspace.graph.order:
        if job_id not in wanted:
            continue
        record = session.record(job_id)
        if record is None or not record.ok or checker.damage(record):
            refused.append(job_id)
        elif not look.jobs[job_id].is_matched:
            now = look.now(job_id)
            inputs = inputs_json(now, checker.call(job_id))
            record = record._replace(fingerprint=now.fingerprint, code=now.code.digest, inputs=inputs, asked=False)
            blessed[record] = now.code
    return blessed, refused


def _mark_asked(session: Session, targets: Sequence[JobId]) -> None:
    workspace = session.workspace
    with workspace.changing("invalidate", targets):
        workspace.note_cleaned(job_id for job_id in targets if job_id not in workspace.records.newest)
        workspace.store.mark_asked(targets)


def _make(session: Session, targets: Sequence[JobId], arguments: Arguments, jobs: int) -> Reply:
    if not targets:
        return Reply(["Nothing to make: the selection is empty."])
    result = session.start_make(
        session.workspace,
        targets,
        session.line,
        jobs=jobs,
        inline=arguments.flag("inline"),
        verbose=arguments.flag("verbose") or session.verbose,
        background=session.background,
    )
    return reply_to(result)


def reply_to(result: MakeResult | None) -> Reply:
    """Return the exit code of a make; of one that goes on in the background it is 0."""
    if result is None:
        return Reply()
    if result.interrupted:
        return Reply(exit_code=130)
    return Reply(exit_code=1 if result.failed or result.blocked or result.left else 0)
