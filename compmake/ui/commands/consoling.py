"""Commands of the interactive console alone: makes in the background, `reload`, aliases, `clear`, `exit`."""

from compmake.errors import UserError
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.line import parse_line
from compmake.ui.commands.making import reply_to
from compmake.ui.commands.registry import JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Console, Session
from compmake.ui.commands.steered import steer_of
from compmake.ui.text import table

_CELLS = 200
_DIGITS = 9


def _console(session: Session) -> Console:
    assert session.console is not None  # the runner has refused the command elsewhere
    return session.console


def _number(arguments: Arguments) -> int | None:
    """Return the number of a make, as `2`, `[2]` or `%2`; None if none was named.

    Raises:
        UserError: It is no number.
    """
    if not arguments.selection:
        return None
    text = arguments.selection[0].text.strip("[]%")
    if len(arguments.selection) > 1 or not text.isdecimal() or len(text) > _DIGITS:
        raise UserError(
            f"{one_line(arguments.selection[-1].text, 40)!r} is not the number of one make: `jobs` lists them"
        )
    return int(text)


@command(
    "jobs",
    "List the makes of this console: the one that runs and those that wait.",
    section="make",
    options=(JSON,),
    examples=("jobs", "jobs --json"),
    console=True,
)
def jobs(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """One line a make."""
    makes = _console(session).makes()
    if not makes:
        holder = session.workspace.store.holder()
        return Reply(["No make is running." if holder is None else f"Not here; the store is held by {holder}."])
    rows = [(f"[{make.number}]", make.state, make.text, make.eta, one_line(make.command, _CELLS)) for make in makes]
    lines = table(rows, width=session.width, style=session.style)
    return Reply(
        lines, [{"make": m.number, "state": m.state, "command": m.command, "text": m.text, "eta": m.eta} for m in makes]
    )


@command(
    "fg",
    "Show a make in the foreground again.",
    section="make",
    takes="[MAKE]",
    examples=("fg", "fg 2"),
    console=True,
)
def fg(session: Session, arguments: Arguments) -> Reply:
    """The make that runs, or the one of that number."""
    return reply_to(_console(session).bring_back(_number(arguments)))


@command(
    "stop",
    "Stop a make: start nothing more; again: terminate what runs; again: kill it.",
    section="make",
    takes="[MAKE]",
    examples=("stop", "stop 2"),
    of_store=True,
)
def stop(session: Session, arguments: Arguments) -> Reply:
    """One step further each time, as Ctrl-C does. Outside its console: `compmake PROGRAM --control stop`."""
    number = _number(arguments)
    if session.console is None or not (session.console.makes() or number is not None):
        return Reply([sanitize(steer_of(session).stop())])
    text = session.console.stop(number)
    return Reply([text] if text else [])


@command(
    "reload",
    "Load the program anew: its files changed on disk.",
    section="general",
    options=(Option("now", "do not wait for the make that runs to end: let it start nothing more"),),
    examples=("reload", "reload --now"),
    console=True,
)
def reload(session: Session, arguments: Arguments) -> Reply:
    """If it does not load any more, the old graph stays."""
    return Reply(_console(session).reload(now=arguments.flag("now")))


@command(
    "alias",
    "Give a line of commands a name, or list the names.",
    section="general",
    takes="[NAME LINE]",
    examples=("alias lf ls failed", "alias"),
    console=True,
)
def alias(session: Session, arguments: Arguments) -> Reply:
    """`alias lf ls failed`; quotes protect `;`, `|` and `>`: `alias again 'reload; make'`."""
    aliases = session.aliases
    words = [word.text for word in arguments.selection]
    if not words:
        rows = [(one_line(name, _CELLS), one_line(line, _CELLS)) for name, line in sorted(aliases.items())]
        return Reply(table(rows) or ["There are no aliases: `alias lf ls failed` makes one."])
    name, equals, rest = words[0].partition("=")
    if len(words) == 1 and not equals:
        if name not in aliases:
            raise UserError(f"there is no alias {one_line(name, 40)!r}; `alias NAME LINE` makes one")
        return Reply([one_line(aliases[name], _CELLS)])
    line = " ".join([*([rest] if rest else []), *_as_typed(arguments, words)])
    if not name or not parse_line(line):
        raise UserError("an alias needs a name and a line: alias lf ls failed")
    aliases[name] = line
    return Reply([])


def _as_typed(arguments: Arguments, words: list[str]) -> list[str]:
    """Return the words after the name; one alone is the line itself, of several each keeps its quotes."""
    rest = arguments.selection[1:]
    if len(rest) == 1:
        return words[1:]
    return [f"'{word.text}'" if word.quoted and "'" not in word.text else word.text for word in rest]


@command(
    "unalias",
    "Forget an alias.",
    section="general",
    takes="NAME",
    examples=("unalias lf", "unalias again"),
    console=True,
)
def unalias(session: Session, arguments: Arguments) -> Reply:
    """The names are those that `alias` lists."""
    aliases = session.aliases
    for word in arguments.selection:
        if aliases.pop(word.text, None) is None:
            raise UserError(f"there is no alias {one_line(word.text, 40)!r}; `alias` lists them")
    return Reply([])


@command("clear", "Clear the screen.", section="general", examples=("clear", "clear; ls failed"), console=True)
def clear(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """The scrollback stays."""
    _console(session).clear()
    return Reply()


@command(
    "exit",
    "Leave the console.",
    section="general",
    aliases=("quit",),
    examples=("exit", "quit"),
    console=True,
)
def leave(session: Session, arguments: Arguments) -> Reply:  # noqa: ARG001 -- every command has both
    """Asks if a make runs."""
    _console(session).leave()
    return Reply()
