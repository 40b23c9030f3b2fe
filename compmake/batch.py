"""Carries out commands without a toolkit: those of a command line, or lines read from standard input."""

import sys
from collections.abc import Collection, Iterator, Sequence
from functools import partial

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.channel.source import Steer
from compmake.config import ConsoleMode, color_count, console_mode, terminal_width
from compmake.starting import start_make
from compmake.ui.commands.line import Step
from compmake.ui.commands.runner import run_lines, run_steps
from compmake.ui.commands.session import Screen, Session
from compmake.ui.text import Style, can_encode
from compmake.workspace import Workspace


def carry_out(
    workspace: Workspace,
    steps: Sequence[Step] | None,
    *,
    flags: Collection[str] = (),
    program: str = "",
    given: Collection[str] = (),
) -> int:
    """Carry out commands and return the first exit code that is not 0.

    Args:
        workspace: What is open.
        steps: The commands; None opens the console at a terminal, else reads them from standard input.
        flags: Options of the command line: `yes`, `verbose`, `stop`, `control`.
        program: How the user named the program, for commands that summaries recommend.
        given: `KEY=VALUE` settings of the command line.
    """
    is_tty = sys.stdout.isatty()
    settings = workspace.settings
    mode = console_mode(settings.ui, stdin_tty=sys.stdin.isatty(), stdout_tty=is_tty, stderr_tty=sys.stderr.isatty())
    if steps is None and mode is not ConsoleMode.BATCH:
        from compmake.interactive import run_console  # what only the console needs is imported then

        return run_console(workspace, mode, flags=flags, settings=given)

    def show_dashboard() -> None:
        from compmake.dashboards import show_dashboard_elsewhere

        show_dashboard_elsewhere(session)

    can_fill = is_tty and mode is ConsoleMode.RICH
    style = Style(color_count(settings.color, is_tty=is_tty), settings.ascii or not can_encode(sys.stdout.encoding))
    prefix = f"compmake {program}" if program and steps is not None else ""
    session = Session(
        workspace,
        partial(start_make, prefix=prefix),
        Screen(
            style,
            terminal_width(sys.stdout.fileno()) if is_tty else None,
            show_dashboard=show_dashboard if can_fill else None,
        ),
        prefix=prefix,
        assume_yes="yes" in flags,
        verbose="verbose" in flags or settings.verbose,
    )
    if "control" in flags:
        session.steer = partial(_steer, workspace)
    if steps is not None:
        return run_steps(session, steps, stop_at_failure="stop" in flags)
    return run_lines(session, _script(), stop_at_failure="stop" in flags)


def _steer(workspace: Workspace) -> Steer:
    from compmake.ui.commands.hearing import open_steer  # knows the client of Redis, which takes 0.1 s

    return open_steer(workspace)


def _script() -> Iterator[str]:
    """Yield the lines of standard input, up to one that says `exit`."""
    for line in iter(sys.stdin.readline, ""):
        if line.strip() in ("exit", "quit"):
            return
        yield line
