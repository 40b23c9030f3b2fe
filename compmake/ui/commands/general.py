"""Commands about compmake itself: `help`, `config`."""

import re
from collections.abc import Iterator

from compmake.config import unknown_setting
from compmake.errors import UserError
from compmake.text_safety import sanitize
from compmake.ui.commands.registry import (
    JSON,
    SECTIONS,
    Arguments,
    Command,
    Reply,
    all_commands,
    command,
    find_command,
)
from compmake.ui.commands.session import Session
from compmake.ui.text import table, wrap

_COLUMN = re.compile(r"\S {2,}(?=\S)")
_ON_SELECTIONS = (
    "SEL selects jobs: ids, globs (func1-*), functions (func1()), states (done todo stale failed blocked), all, top, "
    "bottom, last, `deps of X`, `dependents of X`, `ancestors of X`, `descendants of X`, joined by `in`, `except`, "
    "`not` and parentheses: `failed in func1()`, `all except func2-3`."
)
_PAGE_CELLS = 80
"""How wide a paragraph is where nobody knows the width of the screen."""


@command(
    "help",
    "List the commands, or explain one.",
    section="general",
    takes="[COMMAND]",
    examples=("help", "help make"),
    needs_program=False,
)
def help_command(session: Session | None, arguments: Arguments) -> Reply:
    """Print what the registry knows."""
    width = session.width if session is not None else None
    lines = _explain(find_command(arguments.selection[0].text)) if arguments.selection else overview(width)
    return Reply([part for line in lines for part in wrap(line, width, indent=_indent(line))])


def overview(width: int | None = None) -> Iterator[str]:
    """Yield one line per command, by section, and what a selection is."""
    commands = list(all_commands())
    rows = {c.name: (_with_aliases(c), c.summary) for c in commands}
    lines = dict(zip(rows, table(list(rows.values())), strict=True))
    for section in SECTIONS:
        yield f"{section}:"
        yield from (f"  {lines[c.name]}" for c in commands if c.section == section)
    yield ""
    yield from wrap(_ON_SELECTIONS, width or _PAGE_CELLS)
    yield "`help COMMAND` explains one command."


def _indent(line: str) -> int:
    """Return how far, behind the blanks it begins with, what follows a line that is broken is indented."""
    start = len(line) - len(line.lstrip())
    column = _COLUMN.search(line, start)
    return column.end() - start if column and start else 0


def _with_aliases(found: Command) -> str:
    aliases = f" [{', '.join(found.aliases)}]" if found.aliases else ""
    return f"{found.name}{aliases}{' ' + found.takes if found.takes else ''}"


def _explain(found: Command) -> Iterator[str]:
    yield f"{found.usage}"
    if found.aliases:
        yield f"also: {', '.join(found.aliases)}"
    yield ""
    yield found.summary
    rows = [(f"  {option.spellings}", option.help) for option in found.options]
    if rows:
        yield from ["", "options:", *table(rows)]
    yield from ["", "examples:", *(f"  {example}" for example in found.examples)]


@command(
    "config",
    "Show the settings and where each comes from; in the console also change one until it is left.",
    section="general",
    takes="[KEY VALUE]",
    options=(JSON,),
    examples=("config", "config keep --json"),
)
def config(session: Session, arguments: Arguments) -> Reply:
    """One row a key."""
    words = [word.text for word in arguments.selection]
    if len(words) == 1 and "=" in words[0]:
        words = list(words[0].partition("=")[::2])
    if len(words) > 1:
        if session.console is None:
            raise UserError("settings are changed in the console; here say --config KEY=VALUE before the command")
        return Reply([session.console.configure(words[0], " ".join(words[1:]))])
    rows = session.workspace.settings.describe()
    if words:
        rows = [row for row in rows if row.key == words[0]]
        if not rows:
            raise UserError(unknown_setting(words[0]))
    lines = table(
        [tuple(map(sanitize, row)) for row in rows], ("setting", "value", "from", "meaning"), width=session.width
    )
    return Reply(lines, [row._asdict() for row in rows])
