"""Carries out lines of commands: finds each command, sends what it found to the screen, a file or a pipe."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence

from compmake.errors import CompmakeError, UserError
from compmake.text_safety import one_line, redact, sanitize
from compmake.ui.commands.line import Step
from compmake.ui.commands.registry import Arguments, Reply, find_command, parse_arguments
from compmake.ui.commands.session import Session, json_line
from compmake.ui.text import PLAIN

CARRIED_OUT = (0, 1)
"""Exit codes after which a line goes on: 1 is a make that ran and has failed jobs."""
_NOT_RUN = (126, 127)
"""How a shell ends when it cannot start the command; any other code is the command's own business, as `grep`'s 1."""


def run_steps(session: Session, steps: Sequence[Step], *, stop_at_failure: bool = False) -> int:
    """Carry out commands one after the other.

    Args:
        session: What they work on.
        steps: The commands.
        stop_at_failure: End also after a make with failed or blocked jobs.

    Returns:
        The first exit code that is not 0.
    """
    first = 0
    for step in steps:
        try:
            code = run_step(session, step)
        except CompmakeError as error:
            tell_error(error)
            code = error.exit_code
        first = first or code
        if code not in CARRIED_OUT or (stop_at_failure and code):
            break
    return first


def run_step(session: Session, step: Step) -> int:
    """Carry out one command and return its exit code.

    Raises:
        CompmakeError: It could not be carried out.
    """
    if step.background:
        raise UserError("& needs the interactive console; here a command runs in the foreground")
    found = find_command(step.words[0].text)
    arguments = parse_arguments(found, step.words[1:])
    session.line = " ".join(word.text for word in step.words)
    session.shell_words = step.from_shell
    elsewhere = step.pipe is not None or step.redirect is not None
    shown, width = session.style, session.width
    if elsewhere:
        session.style, session.width = PLAIN, None
    try:
        reply = found.run(session, arguments)
    finally:
        session.style, session.width = shown, width
    send(step, output_lines(reply, arguments))
    return reply.exit_code


def output_lines(reply: Reply, arguments: Arguments) -> Iterable[str]:
    """Return what goes to standard output."""
    if arguments.flag("json"):
        return map(json_line, reply.objects)
    return reply.lines


def tell_error(error: CompmakeError) -> None:
    """Write one clear message to standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"compmake: {sanitize(redact(str(error)))}\n")


def send(step: Step, lines: Iterable[str]) -> None:
    """Write what a command found to where its line wants it: standard output, a file, or a shell command.

    Raises:
        UserError: The file, or standard output, cannot be written; the shell cannot run its command.
    """
    if step.pipe is not None:
        sys.stdout.flush()
        with subprocess.Popen(["/bin/sh", "-c", step.pipe], stdin=subprocess.PIPE) as shell:
            assert shell.stdin is not None
            with contextlib.suppress(BrokenPipeError):  # `head` has seen enough
                shell.stdin.writelines(f"{line}\n".encode(errors="backslashreplace") for line in lines)
                shell.stdin.close()
        if shell.returncode in _NOT_RUN:
            raise UserError(f"the shell cannot run {one_line(step.pipe, 100)!r}: nothing has read the output")
    elif step.redirect is not None:
        path = os.path.expanduser(step.redirect.path)
        try:
            with open(path, "a" if step.redirect.mode == ">>" else "w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    else:
        encoding = sys.stdout.encoding or "utf-8"
        try:
            for line in lines:
                sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered must not fail again at exit
            raise UserError(f"standard output cannot be written: {error.strerror or error}") from error
