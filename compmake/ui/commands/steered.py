"""Commands that act on a make while it runs, in this console or, with --control, in another process."""

from collections.abc import Callable, Sequence

from compmake.channel.source import Steer
from compmake.errors import UserError
from compmake.job import JobId
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.registry import YES, Arguments, Reply, command
from compmake.ui.commands.session import Session
from compmake.words import plural

_DIGITS = 9


def steer_of(session: Session) -> Steer:
    """Return what can be done to the make that runs.

    Raises:
        UserError: None runs, or it is another process's and nobody said `--control`.
    """
    if session.steer is None:
        example = f"{session.prefix or 'compmake PROGRAM'} --control {session.line.split(' ')[0]}"
        raise UserError(f"this acts on the make of another process: if that is meant say so, `{example}`")
    return session.steer()


@command(
    "pause",
    "Let the make that runs start no job any more; those that run go on.",
    section="make",
    examples=("pause", "pause; jobs"),
    of_store=True,
)
def pause(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """`resume` lets it go on. Outside its console: `compmake PROGRAM --control pause`."""
    return Reply([sanitize(steer_of(session).pause())])


@command(
    "resume",
    "Let a paused make start jobs again.",
    section="make",
    examples=("resume", "resume; jobs"),
    of_store=True,
)
def resume(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """The opposite of `pause`."""
    return Reply([sanitize(steer_of(session).resume())])


@command(
    "workers",
    "Let so many jobs run at once in the make that runs.",
    section="make",
    takes="N",
    examples=("workers 8", "workers 1"),
    of_store=True,
)
def workers(session: Session, arguments: Arguments) -> Reply:
    """New ones start at once, surplus ones end after their job. The next make has those that `-j` says.

    Numerical libraries keep the number of threads that the make began with.
    """
    text = arguments.selection[0].text
    if len(arguments.selection) > 1 or not text.isdecimal() or len(text) > _DIGITS:
        raise UserError(f"{one_line(arguments.selection[-1].text, 40)!r} is no number of workers: workers 8")
    return Reply([sanitize(steer_of(session).set_workers(int(text)))])


@command(
    "cancel",
    "End running jobs, and do not start waiting ones, in the make that runs.",
    section="make",
    takes="SEL",
    options=(YES,),
    examples=("cancel func1-2", "cancel func2() -y"),
)
def cancel(session: Session, arguments: Arguments) -> Reply:
    """Nothing is recorded of them and they are no failures; what needs them is not made either, the rest goes on."""
    return _end_jobs(session, arguments, lambda steer: steer.cancel, "cancel {}, as far as they are not done")


@command(
    "requeue",
    "End running jobs, and begin them again in the make that runs.",
    section="make",
    takes="SEL",
    options=(YES,),
    examples=("requeue func1-2", "requeue func2() -y"),
)
def requeue(session: Session, arguments: Arguments) -> Reply:
    """For jobs whose worker is silent, or that hang: they are tried once more, and nothing is a failure."""
    return _end_jobs(
        session, arguments, lambda steer: steer.requeue, "end {}, as far as they run, and begin them again"
    )


def _end_jobs(
    session: Session, arguments: Arguments, how: Callable[[Steer], Callable[[Sequence[JobId]], str]], question: str
) -> Reply:
    session.workspace.require_program()
    steer = steer_of(session)
    targets = session.select(arguments.selection)
    if not targets:
        return Reply(["Nothing to end: the selection is empty."])
    session.confirm(question.format(plural(len(targets), "job")), len(targets), arguments)
    return Reply([sanitize(how(steer)(targets))])
