"""Carries out lines of commands: finds each command, sends what it found to the screen, a file or a pipe."""

import contextlib
import itertools
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence

from compmake.errors import CompmakeError, UserError
from compmake.text_safety import one_line, redact, sanitize
from compmake.ui.commands.line import Step, as_help, expand_aliases, parse_line
from compmake.ui.commands.registry import ALL, Arguments, Command, Reply, find_command, parse_arguments
from compmake.ui.commands.session import Screen, Session, json_line
from compmake.words import quoted

CARRIED_OUT = (0, 1)
"""Exit codes after which a line goes on: 1 is a make that ran and has failed jobs."""
_NOT_RUN = (126, 127)
"""How a shell ends when it cannot start the command; any other code is the command's own business, as `grep`'s 1."""
_LINES_AROUND = 3
"""Lines of the screen for the command that was typed, the line that tells of more, and the next prompt."""
_LEAST_LINES = 5
_TYPED_CELLS = 60


def run_line(session: Session, line: str, *, stop_at_failure: bool = False) -> int:
    """Carry out a line as it was typed and return the first exit code that is not 0; errors are told, not raised."""
    try:
        return run_steps(session, expand_aliases(parse_line(line), session.aliases), stop_at_failure=stop_at_failure)
    except CompmakeError as error:
        tell_error(error)
        return error.exit_code


def run_lines(session: Session, lines: Iterable[str], *, stop_at_failure: bool = False) -> int:
    """Carry out lines until one could not be carried out; blank ones and those that begin with `#` are skipped."""
    first = 0
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        code = run_line(session, line, stop_at_failure=stop_at_failure)
        first = first or code
        if code not in CARRIED_OUT or (stop_at_failure and code):
            break
    return first


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
    first = step.words[0]
    if first.text.startswith("@") and not first.quoted:
        return _run_file(session, step)
    step = as_help(step)
    found = find_command(step.words[0].text, step.words[1:], session.aliases)
    arguments = parse_arguments(found, step.words[1:])
    _require_console(session, found, step)
    session.line = " ".join(quoted(word.text) if word.quoted else word.text for word in step.words)
    session.shell_words = step.from_shell
    session.background = step.background
    on_screen = session.output
    if step.pipe is not None or step.redirect is not None or arguments.flag("json"):
        session.output = Screen()
    try:
        reply = found.run(session, arguments)
        rows = session.output.rows if ALL in found.options and not arguments.flag("all") else None
    finally:
        session.output = on_screen
    try:
        send(step, output_lines(reply, arguments, rows=rows, line=session.line), at_once=reply.live)
    except KeyboardInterrupt:
        if not reply.live:
            raise
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # behind the ^C; that is the way to leave
    return run_line(session, reply.then) if reply.then else reply.exit_code


def _run_file(session: Session, step: Step) -> int:
    """Carry out the lines of a file, `@FILE`.

    Raises:
        UserError: It cannot be read, or names itself.
    """
    path = os.path.expanduser(step.words[0].text[1:])
    if len(step.words) > 1 or step.pipe or step.redirect or step.background or not path:
        raise UserError("@FILE stands alone: it carries out the lines of the file")
    if path in session.files:
        raise UserError(f"{path} carries out itself")
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            lines = file.readlines()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
    session.files.append(path)
    try:
        return run_lines(session, lines)
    finally:
        session.files.pop()


def _require_console(session: Session, found: Command, step: Step) -> None:
    """Refuse what only the interactive console can do.

    Raises:
        UserError: This is not the console, or the command cannot run in the background.
    """
    if step.background and not found.background:
        raise UserError(f"{found.name} cannot run in the background: leave the & out")
    if session.console is None and (found.console or step.background):
        what = "& needs" if step.background else f"{found.name} needs"
        raise UserError(f"{what} the interactive console: `compmake PROGRAM` in a terminal opens it")


def output_lines(reply: Reply, arguments: Arguments, *, rows: int | None = None, line: str = "") -> Iterable[str]:
    """Return what goes to standard output.

    Args:
        reply: What the command found.
        arguments: Whether it was asked for as JSON.
        rows: How many lines the screen has for it; None for all that there are.
        line: The command as it was typed, for what is said of lines that were left out.
    """
    if arguments.flag("json"):
        return map(json_line, reply.objects)
    lines = reply.lines
    room = 0 if rows is None else max(rows - len(reply.footer) - _LINES_AROUND, _LEAST_LINES)
    if room and isinstance(lines, Sequence) and len(lines) > room + 1:
        typed = sanitize(line)
        name = typed.partition(" ")[0]
        how = f"{typed} --all, or {typed} | less" if len(typed) <= _TYPED_CELLS else f"{name} has --all"
        lines = [*lines[:room], f"... {len(lines) - room:,} more: {how}"]
    return itertools.chain(lines, reply.footer)  # 100,000 lines are worked out one after the other


def tell_error(error: CompmakeError) -> None:
    """Write one clear message to standard error."""
    sys.stdout.flush()
    sys.stderr.write(f"compmake: {sanitize(redact(str(error)))}\n")


def send(step: Step, lines: Iterable[str], *, at_once: bool = False) -> None:
    """Write what a command found to where its line wants it: standard output, a file, or a shell command.

    Args:
        step: The command.
        lines: What it found.
        at_once: Each line is seen before the next one is asked for.

    Raises:
        UserError: The file, or standard output, cannot be written; the shell cannot run its command.
    """
    if step.pipe is not None:
        sys.stdout.flush()
        with subprocess.Popen(["/bin/sh", "-c", step.pipe], stdin=subprocess.PIPE) as shell:
            assert shell.stdin is not None
            with contextlib.suppress(BrokenPipeError), contextlib.closing(shell.stdin):  # `head` has seen enough
                for line in lines:
                    shell.stdin.write(f"{line}\n".encode(errors="backslashreplace"))
                    if at_once:
                        shell.stdin.flush()
        if shell.returncode in _NOT_RUN:
            raise UserError(f"the shell cannot run {one_line(step.pipe, 100)!r}: nothing has read the output")
    elif step.redirect is not None:
        path = os.path.expanduser(step.redirect.path)
        try:
            with open(path, "a" if step.redirect.mode == ">>" else "w", encoding="utf-8") as file:
                for line in lines:
                    file.write(f"{line}\n")
                    if at_once:
                        file.flush()
        except OSError as error:
            raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    else:
        encoding = sys.stdout.encoding or "utf-8"
        try:
            for line in lines:
                sys.stdout.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
                if at_once:
                    sys.stdout.flush()
            sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered must not fail again at exit
            raise UserError(f"standard output cannot be written: {error.strerror or error}") from error
