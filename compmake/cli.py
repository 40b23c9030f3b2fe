"""The command line: `compmake [OPTIONS] PROGRAM [OPTIONS] [COMMAND ARGS...]`, and the exit code."""

import contextlib
import gc
import itertools
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from compmake import __version__

USAGE = """\
usage: compmake [OPTIONS] PROGRAM [COMMAND ARGS...]

PROGRAM is a module (my_program), a file (work/my_program.py), or the folder of a store.
Without a COMMAND a console opens; without a terminal, commands are read from standard input, one line each.
@FILE carries out the lines of a file.

options:
  -c LINE          carry out a line of commands: -c "make; ls failed; why"
  --store WHERE    where results are kept: a folder (default: .compmake/PROGRAM beside the program), or a Redis
                   server, redis://host:port/0; better give passwords in COMPMAKE_STORE or a file of settings
  --key-file FILE  the key with which values on a server are signed (default: ~/.config/compmake/key)
  --cache-only     the server may drop results when its memory is full
  --copy-store FROM TO
                   copy a store, folder or redis://host:port/0#NAME, to a new one, and verify the copy
  --redis URL      the server through which other terminals hear of makes (default: a private one), or off
  --record FILE    record the news of the make
  --replay FILE    show a recorded make: the dashboard at a terminal, else lines; no PROGRAM is needed
  --config K=V     a setting; `compmake PROGRAM config` lists them
  --ui MODE        auto, live, plain, json or quiet
  --color WHEN     auto, always or never
  --control        pause, resume, workers, cancel, requeue and stop act on the make of another process
  -y, --yes        do not ask
  -v, --verbose    list jobs that succeed too
  -q, --quiet      the same as --ui quiet
  -x               end a line of commands also after a make with failed jobs
  --version        print the version
  --help           print this
"""
_WITH_VALUE = {"-c": "line", "--store": "store", "--config": "config", "--ui": "ui", "--color": "color"}
_WITH_VALUE |= {"--redis": "redis", "--key-file": "key_file", "--record": "record", "--replay": "replay"}
_FLAGS = {"-y": "yes", "--yes": "yes", "-v": "verbose", "--verbose": "verbose", "-q": "quiet", "--quiet": "quiet"}
_FLAGS |= {"--cache-only": "cache_only", "--control": "control", "-x": "stop"}
_FLAGS |= {"--help": "help", "-h": "help", "--version": "version"}
_MAKES = frozenset({"make", "parmake", "remake", "parremake"})


@dataclass(slots=True)
class Invocation:
    """The command line, understood but not yet checked against anything."""

    program: str | None = None
    lines: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    copy: tuple[str, ...] = ()
    """Stores to copy from and to."""
    replay: str = ""
    """A recording to show."""


def main(argv: Sequence[str], *, may_restart: bool = False) -> int:
    """Carry out a command line and return the exit code.

    Args:
        argv: Without the name of the program.
        may_restart: This process is only compmake's: it may start itself again with a fixed hash seed, so that jobs
            that iterate over sets repeat.
    """
    from compmake.errors import CompmakeError

    _open_closed_streams()
    try:
        invocation = _parse(argv)
        if may_restart and _makes(invocation) and os.environ.get("PYTHONHASHSEED") != "0":
            os.environ["PYTHONHASHSEED"] = "0"
            with contextlib.suppress(OSError):  # where starting again is forbidden, sets may iterate differently
                os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
        code = _carry_out(invocation)
        sys.stdout.flush()
        return code
    except CompmakeError as error:
        from compmake.ui.commands.runner import tell_error  # not before the process is started again: it takes long

        tell_error(error)
        return error.exit_code
    except BrokenPipeError:  # whoever read standard output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except KeyboardInterrupt:
        sys.stderr.write("compmake: interrupted\n")
        return 130
    except Exception:
        import traceback

        traceback.print_exc()
        sys.stderr.write("compmake: this is a bug in compmake; please report it with the lines above\n")
        return 70


def _open_closed_streams() -> None:
    """Replace standard streams that are closed (`>&-`): the next file opened would take the number of one."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def compmake_console() -> None:
    """End a script with this: `python my_program.py COMMAND` is then the same as `compmake my_program COMMAND`.

    While compmake loads the file as a program this does nothing. Otherwise the file is loaded anew under its own name,
    so that its functions are the same as under the command `compmake`, and the process exits with its code.

    Raises:
        UserError: There is no script: this is a notebook or an interactive Python.
    """
    from compmake.define import current, is_loading
    from compmake.errors import UserError

    if is_loading():
        return
    script = getattr(sys.modules.get("__main__"), "__file__", None)
    if script is None or not os.path.isfile(script):
        raise UserError("compmake_console() ends a script that is run as `python my_program.py`; here use Context()")
    current().jobs.clear()
    sys.exit(main([os.path.abspath(script), *sys.argv[1:]]))


def _parse(argv: Sequence[str]) -> Invocation:
    from compmake.errors import UserError

    found = Invocation()
    rest = iter(argv)
    for word in rest:
        if found.program is not None and not word.startswith("-"):
            found.command = [word, *rest]
            break
        name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if word == "--copy-store":
            found.copy = tuple(itertools.islice(rest, 2))
            if len(found.copy) < 2:
                raise UserError("--copy-store needs two stores, FROM and TO: folders, or redis://host:port/0#NAME")
        elif name in _WITH_VALUE:
            given = value if equals else next(rest, None)
            if given is None:
                raise UserError(f"{name} needs a value; `compmake --help` shows all options")
            _add(found, _WITH_VALUE[name], given)
        elif name in _FLAGS and not equals:
            found.flags.add(_FLAGS[name])
        elif word.startswith("-") and word != "-":
            where = "" if found.program is None else "; options of a command stand after it"
            raise UserError(f"unknown option {word}: `compmake --help` shows all options{where}")
        else:
            found.program = word
    if found.lines and found.command:
        raise UserError(f"both -c and the command {found.command[0]!r}: use one of them")
    return found


def _add(found: Invocation, name: str, value: str) -> None:
    if name == "line":
        found.lines.append(value)
    elif name == "replay":
        found.replay = value
    elif name == "config":
        found.settings.append(value)
    else:
        found.settings.append(f"{name}={value}")


def _makes(invocation: Invocation) -> bool:
    if not invocation.command and not invocation.lines:
        return invocation.program is not None  # the console
    return not _MAKES.isdisjoint([*invocation.command[:1], *_typed_commands(invocation.lines)])


def _typed_commands(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    from compmake.errors import UserError
    from compmake.ui.commands.line import parse_line  # with all commands, which takes long

    with contextlib.suppress(UserError):  # whoever carries it out tells what is wrong with it
        return [step.words[0].text for line in lines for step in parse_line(line)]
    return []


def _carry_out(invocation: Invocation) -> int:
    # What is imported, jobs and records are many small objects that all stay: looking for garbage among them costs as
    # much as they do. A make that runs jobs turns it on again, and so does what stays open for long.
    gc.disable()
    import compmake.ui.commands  # noqa: F401 -- registers the commands
    from compmake.errors import UserError
    from compmake.ui.commands.general import overview
    from compmake.ui.commands.line import Step, as_help, parse_line, step_from_arguments
    from compmake.ui.commands.registry import find_command, parse_arguments
    from compmake.ui.commands.runner import output_lines, send

    if "version" in invocation.flags:
        print(f"compmake {__version__}")
        return 0
    if "help" in invocation.flags:
        print(USAGE)
        print("\n".join(overview()))
        return 0
    settings = [*invocation.settings, *(["cache_only=true"] if "cache_only" in invocation.flags else [])]
    invocation.settings = settings
    if invocation.copy:
        return _copy_store(invocation)
    if invocation.replay:
        return _replay(invocation)
    if invocation.program is None:
        sys.stderr.write(USAGE)
        raise UserError("name a program, for example: compmake my_program")
    if invocation.program == "help" and not (invocation.lines or os.path.exists("help.py")):
        invocation.command.insert(0, "help")  # `compmake help make`: no program is meant
    steps: list[Step] = [step for line in invocation.lines for step in parse_line(line)]
    if invocation.command:
        steps = [step_from_arguments(invocation.command)]
    for step in steps:  # mistakes are told before anything is loaded or done
        if step.words[0].text.startswith("@"):
            continue
        step = as_help(step)
        found = find_command(step.words[0].text)
        try:
            arguments = parse_arguments(found, step.words[1:])
        except UserError as error:
            raise UserError(_misplaced(step.words[1:], step.words[0].text) or str(error)) from error
        if found.name == "dash" and arguments.flag("control"):
            invocation.flags.add("control")
        if not found.needs_program and len(steps) == 1:
            send(step, output_lines(found.run(None, arguments), arguments))
            return 0
    return _with_program(invocation, steps if invocation.lines or invocation.command else None)


def _misplaced(words: Sequence[Any], command: str) -> str:
    """Say where options stand that are not the command's own; nothing if there is none of these."""
    for word in words:
        name = str(word.text).partition("=")[0]
        if name.startswith("--") and (name in _WITH_VALUE or name in _FLAGS):
            value = " VALUE" if name in _WITH_VALUE else ""
            return f"{name} stands before the command: compmake PROGRAM {name}{value} {command}"
    return ""


def _copy_store(invocation: Invocation) -> int:
    from compmake.errors import UserError
    from compmake.opening import copy_named_store

    if invocation.program is not None or invocation.lines:
        raise UserError("--copy-store FROM TO stands alone: name no program, give no command")
    print(copy_named_store(*invocation.copy, flags=invocation.settings, tell=_tell))
    return 0


def _replay(invocation: Invocation) -> int:
    from compmake.errors import UserError
    from compmake.replaying import replay

    gc.enable()
    if invocation.program is not None or invocation.lines:
        raise UserError("--replay FILE stands alone: name no program, give no command")
    return replay(invocation.replay, invocation.settings)


def _tell(text: str) -> None:
    from compmake.text_safety import sanitize

    print(f"compmake: {sanitize(text)}", file=sys.stderr)


def _needs_store_only(name: str, flags: set[str]) -> bool:
    from compmake.ui.commands.registry import find_command

    if name == "dash" and "control" in flags:  # it carries out any command
        return False
    return not name.startswith("@") and find_command(name).of_store


def _with_program(invocation: Invocation, steps: Any) -> int:
    from compmake.batch import carry_out
    from compmake.opening import open_workspace

    settings = [*invocation.settings, *(["ui=quiet"] if "quiet" in invocation.flags else [])]
    assert invocation.program is not None
    names = [step.words[0].text for step in steps or ()]
    store_only = bool(names) and all(_needs_store_only(name, invocation.flags) for name in names)
    workspace = open_workspace(
        invocation.program, flags=settings, tell=_tell, store_only=store_only, unless_idle="dash" in names
    )
    try:
        return carry_out(workspace, steps, flags=invocation.flags, program=invocation.program, given=settings)
    finally:
        for note in workspace.store.notes:
            _tell(note)
        workspace.close()
        gc.freeze()  # or Python would look for garbage among them once more at its end
