"""Opens the interactive console: joins a session, what reads lines, the makes, and what shows them."""

import contextlib
import os
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake import __version__
from compmake.config import ConsoleMode, is_capable, user_config_dir
from compmake.errors import UserError
from compmake.module_watch import ModuleWatch
from compmake.reloading import forget_old_program, reload
from compmake.starting import collect_garbage_from_now_on, run_make, start_make
from compmake.store import Run
from compmake.text_safety import cells, one_line, sanitize
from compmake.ui.commands.session import FailureReport, Session
from compmake.ui.console.app import ConsoleApp
from compmake.ui.console.checking import Check
from compmake.ui.console.makes import Makes
from compmake.ui.console.plain_reader import PlainReader
from compmake.ui.console.reading import Reader
from compmake.ui.console.steering import Steering
from compmake.ui.console.surface import Surface
from compmake.ui.standing import Standing, counts_text, toolbar_parts
from compmake.ui.text import Parts, Style, ago
from compmake.ui.vocabulary import RunningMake, Vocabulary
from compmake.workspace import Workspace

_BANNER_WAITS_S = 0.1
"""How long the banner waits for the counts."""
_SOON_LOOKED_AT = 3000
"""With more jobs the counts would come too late for the banner; to work them out then only delays the prompt."""


def run_console(
    workspace: Workspace, mode: ConsoleMode, *, flags: Collection[str] = (), settings: Collection[str] = ()
) -> int:
    """Open the console and return the exit code when the user leaves it.

    Args:
        workspace: What is open; the caller closes its store.
        mode: RICH or PLAIN.
        flags: Options of the command line: `yes`, `verbose`, `stop`.
        settings: `KEY=VALUE` settings of the command line.
    """
    collect_garbage_from_now_on(often=False)
    session = Session(
        workspace, start_make, assume_yes="yes" in flags, verbose="verbose" in flags or workspace.settings.verbose
    )
    check = Check(lambda: steering.workspace(), lambda: steering.is_outdated())
    makes = Makes(run_make, lambda: session.workspace, lambda make: steering.ending(make))

    def show_dashboard() -> None:
        from compmake.dashboards import show_console_dashboard

        show_console_dashboard(session, makes, check, steering, vocabulary, surface.style)

    stream = sys.stdout if sys.stdout.isatty() else sys.stderr
    surface = Surface(session, stream, mode, _show_traceback, show_dashboard)

    def vocabulary() -> Vocabulary:
        running = tuple(RunningMake(make.number, make.command) for make in makes.all())
        states = check.states
        return Vocabulary(check.names, session.aliases, running, lambda job: states[job].value if job in states else "")

    surface.reader = _reader(surface, workspace, vocabulary, makes)
    workspace.store.tell_by(surface.warn)
    code = _Code(workspace, settings)
    steering = Steering(session, makes, check, surface, code, start_make, controls_others="control" in flags)
    session.start_make, session.console, session.ask = steering.start_make, steering, surface.ask
    session.steer = steering.steer
    elsewhere = workspace.running
    workspace.guard = makes.refuse_if_busy
    workspace.running = lambda: makes.running_jobs() if makes.running is not None or elsewhere is None else elsewhere()
    stop_at_failure = "stop" in flags
    app = ConsoleApp(session, makes, check, surface, steering, vocabulary=vocabulary, stop_at_failure=stop_at_failure)
    if workspace.program is None or len(workspace.program.definitions.jobs) <= _SOON_LOOKED_AT:
        check.start()
        check.wait(_BANNER_WAITS_S)
    surface.tell(*_banner(workspace, check.standing, surface))
    for path in _start_up_files(workspace):
        _start_up(app, surface, path)
    return app.run()


def _reader(surface: Surface, workspace: Workspace, vocabulary: Callable[[], Vocabulary], makes: Makes) -> Reader:
    if surface.mode is ConsoleMode.PLAIN:
        return PlainReader(surface.stream, editing=is_capable())
    from compmake.ui.console.reader import RichReader

    def toolbar() -> Parts:
        running = [make.about() for make in makes.all()]
        text = f"[{running[0].number}] {running[0].state}, {running[0].text}" if running else ""
        waiting = f" +{len(running) - 1} waiting" if len(running) > 1 else ""
        return toolbar_parts(text + waiting, style=surface.style, width=surface.width)

    history = _history_file(workspace)
    return RichReader(surface.stream, surface.style, history=history, vocabulary=vocabulary, toolbar=toolbar)


def _history_file(workspace: Workspace) -> Path | None:
    """Return where the lines that were typed are kept: with the store, if it can be written."""
    folder = workspace.store.local_folder
    if folder is None:
        return None
    with contextlib.suppress(OSError):  # then they are not kept
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / "history"


def _show_traceback(report: FailureReport, *, colors: int, ascii_only: bool) -> str:
    from compmake.ui.dashboard.traceback_screen import show_traceback

    return show_traceback(report, colors=colors, ascii_only=ascii_only)


class _Code:
    """The program's code on disk."""

    def __init__(self, workspace: Workspace, settings: Collection[str]) -> None:
        self.settings = list(settings)
        self._watch = _watch(workspace)

    def changed(self) -> list[str]:
        """Return the names of the files that changed since they were loaded."""
        return [] if self._watch is None else self._watch.names(self._watch.changed())

    def is_worth_a_try(self) -> bool:
        """Tell whether something changed, and is not what did not load the last time."""
        return self._watch is not None and self._watch.is_worth_a_try()

    def reload(self, workspace: Workspace) -> tuple[Workspace, tuple[str, ...]]:
        """Load the program anew."""
        if self._watch is None:
            raise UserError(f"{workspace.name} cannot be loaded anew: only a program that compmake loaded itself can")
        reloaded = reload(workspace, self._watch, flags=self.settings)
        self._watch = _watch(reloaded.workspace)
        return reloaded.workspace, reloaded.waiting

    def forget_old(self) -> None:
        """Free the memory of the program as it was before."""
        forget_old_program()


def _watch(workspace: Workspace) -> ModuleWatch | None:
    program, index = workspace.program, workspace.index
    if program is None or index is None or program.surroundings is None:  # the script that is running is no program
        return None
    return ModuleWatch(index, program.ref.folder)


def _banner(workspace: Workspace, standing: Standing, surface: Surface) -> list[str]:
    """Return what the console says first: what is open, how it stands, what comes to mind to type, the last run."""
    style, width = surface.style, surface.width
    head = style.spell(f"compmake {__version__} · {one_line(workspace.name, 60)}")
    jobs, plain = counts_text(standing, style), counts_text(standing, Style(ascii=style.ascii))
    joint = style.spell(" · ")
    fits = cells(head + joint + plain) <= width
    first = [head + joint + jobs if jobs else head] if fits else [head, jobs]
    hints = (
        "Type `make`, `ls failed`, `dash` (F2), `help`."
        if workspace.program is not None
        else "Type `ls`, `why`, `help`."
    )
    runs = workspace.store.runs()
    holder = workspace.store.holder()
    last = f"Now the store is held by {holder}." if holder is not None else _last_run(runs[0]) if runs else ""
    return [*first, *([f"{hints} {last}".rstrip()] if cells(hints + last) < width else [hints, last])]


def _last_run(run: Run) -> str:
    when = ago(max(0.0, time.time() - run.started_at))
    if not run.ended:  # it was killed: nobody counted
        return f"Last run: did not end, {when}."
    counts = ((run.done, "done"), (run.failed, "failed"), (run.blocked, "blocked"))
    nothing = "nothing to do" if run.ended == "finished" else "nothing done"
    text = ", ".join(f"{count} {word}" for count, word in counts if count) or nothing
    ended = "" if run.ended == "finished" else f" ({one_line(run.ended, 60)})"
    return f"Last run: {text}{ended}, {when}."


def _start_up_files(workspace: Workspace) -> list[Path]:
    """Return the files of commands that are carried out first."""
    paths = [user_config_dir() / "rc"]
    if workspace.program is not None:
        paths.append(workspace.program.ref.folder / "compmake.rc")
    return [path for path in paths if path.is_file()]


def _start_up(app: ConsoleApp, surface: Surface, path: Path) -> None:
    """Carry out a file of commands, if nobody but the user can have written it."""
    stat = path.stat()
    if stat.st_uid != os.getuid() or stat.st_mode & 0o022:
        surface.tell(f"compmake: {sanitize(str(path))} was not read: others could have written it")
        return
    app.carry_out_file(path)
