"""Carries out commands without a toolkit: those of a command line, or lines read from standard input."""

import sys
from collections.abc import Collection, Sequence
from functools import partial

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.config import color_count, terminal_width
from compmake.errors import CompmakeError
from compmake.starting import start_make
from compmake.ui.commands.line import Step, parse_line
from compmake.ui.commands.runner import CARRIED_OUT, run_steps, tell_error
from compmake.ui.commands.session import Screen, Session
from compmake.ui.text import Style, can_encode
from compmake.workspace import Workspace


def carry_out(
    workspace: Workspace, steps: Sequence[Step] | None, *, flags: Collection[str] = (), program: str = ""
) -> int:
    """Carry out commands and return the first exit code that is not 0.

    Args:
        workspace: What is open.
        steps: The commands; None reads them from standard input.
        flags: Options of the command line: `yes`, `verbose`, `stop`.
        program: How the user named the program, for commands that summaries recommend.
    """
    is_tty = sys.stdout.isatty()
    settings = workspace.settings
    style = Style(color_count(settings.color, is_tty=is_tty), settings.ascii or not can_encode(sys.stdout.encoding))
    session = Session(
        workspace,
        partial(start_make, prefix=f"compmake {program}" if program and steps is not None else ""),
        Screen(style, terminal_width(sys.stdout.fileno()) if is_tty else None),
        assume_yes="yes" in flags,
        verbose="verbose" in flags or settings.verbose,
    )
    if steps is not None:
        return run_steps(session, steps, stop_at_failure="stop" in flags)
    return _read_lines(session, stop_at_failure="stop" in flags)


def _read_lines(session: Session, *, stop_at_failure: bool) -> int:
    """Read commands until the input ends: at a terminal with a prompt, else as a script that ends at an error."""
    is_tty = sys.stdin.isatty()
    if is_tty:
        session.ask = lambda question: input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        print(f"{session.workspace.name}: {len(session.workspace.graph.jobs)} jobs. Type `make`, `ls`, `help`, `exit`.")
    first = 0
    while True:
        try:
            line = input("@ : ") if is_tty else sys.stdin.readline()
        except EOFError:
            break
        except KeyboardInterrupt:
            if not is_tty:
                raise
            print()
            continue
        if (not is_tty and not line) or line.strip() in ("exit", "quit"):
            break
        code = _run_line(session, line, stop_at_failure=stop_at_failure)
        if not is_tty:
            first = first or code
            if code not in CARRIED_OUT or (stop_at_failure and code):
                break
    return first


def _run_line(session: Session, line: str, *, stop_at_failure: bool) -> int:
    try:
        return run_steps(session, parse_line(line), stop_at_failure=stop_at_failure)
    except CompmakeError as error:
        tell_error(error)
        return error.exit_code
