"""What commands can do to the console itself: steer its makes, load the program anew, change settings, leave."""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from compmake.config import ConsoleMode, changed_setting
from compmake.errors import CompmakeError, UserError
from compmake.interrupting import START_NONE, TERMINATE, step_text
from compmake.job import JobId, JobState
from compmake.make_result import MakeResult
from compmake.reloading import forget_old_program
from compmake.text_safety import one_line
from compmake.ui.commands.runner import tell_error
from compmake.ui.commands.session import BackgroundMake, Session, StartMake
from compmake.ui.console.checking import Check
from compmake.ui.console.makes import ConsoleMake, Makes
from compmake.ui.console.surface import Surface
from compmake.ui.frontend import Frontend
from compmake.ui.standing import Standing
from compmake.ui.summary import start_line
from compmake.ui.text import plural
from compmake.workspace import Workspace

_LOOK_EVERY_S = 1.0
_BEGIN_S = 1.0
_KEPT = ("store", "keep", "keep_bytes", "durability", "ui")
"""Settings that are read when the console is opened."""
_NAMED = 3


class Code(Protocol):
    """The program's code on disk."""

    settings: list[str]
    """`KEY=VALUE` as they were given on the command line and in this console."""

    def changed(self) -> list[str]:
        """Return the names of the files that changed since they were loaded."""
        ...

    def is_worth_a_try(self) -> bool:
        """Tell whether something changed, and is not what did not load the last time."""
        ...

    def reload(self, workspace: Workspace) -> tuple[Workspace, tuple[str, ...]]:
        """Load the program anew; also name the settings that count only when the store is opened the next time.

        Raises:
            CompmakeError: It does not load any more; everything stays as it was.
        """
        ...


class Steering:
    """The `Console` of the session."""

    def __init__(
        self, session: Session, makes: Makes, check: Check, surface: Surface, code: Code, inline: StartMake
    ) -> None:
        """Join the parts; `inline` makes in this thread, for `make --inline`."""
        self._session, self._makes, self._check = session, makes, check
        self._surface, self._code, self._inline = surface, code, inline
        self.is_left = False
        self._seen: tuple[int, int] | None = None
        """Number and changes of the make with which the records were read."""
        self._outside: Mapping[JobState, int] | None = None
        """How the jobs stand that the running make does not want."""
        self._changed: list[str] = []
        self._looked_at_s = 0.0

    def standing(self) -> Standing:
        """Return how the jobs stand now."""
        make, standing = self._makes.running, self._check.standing
        if make is None or not make.view.started:
            return standing
        return standing.during(make.view, self._outside or {})

    def changed(self) -> list[str]:
        """Return the names of files that changed on disk; looked at once a second."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s >= _LOOK_EVERY_S:
            self._changed, self._looked_at_s = self._code.changed(), now_s
        return self._changed

    def refresh(self) -> None:
        """Before a command: read what a make has committed meanwhile, and load changed code if that is wanted."""
        make = self._makes.running
        seen = (make.number, make.changes) if make is not None else None
        if seen != self._seen:
            self._seen = seen
            self._session.workspace.refresh()
        if self._session.workspace.settings.autoreload and make is None and self._code.is_worth_a_try():
            try:
                self._surface.tell(*self._load())
            except CompmakeError as error:
                tell_error(error)

    def look_again(self) -> None:
        """After a command: work out anew how the jobs stand, if it may have changed that."""
        if not self._session.workspace.is_looked_at:
            self._check.start()

    def ended(self, _make: ConsoleMake) -> None:
        """A make has ended; called in its thread."""
        with self._check.lock:
            self._seen = None
            self._session.workspace.refresh()
        self._check.start()

    def start_make(
        self,
        workspace: Workspace,
        targets: Sequence[JobId],
        command: str,
        *,
        jobs: int,
        inline: bool,
        verbose: bool,
        background: bool,
    ) -> MakeResult | None:
        """Begin a make and show it, or leave it in the background; the `StartMake` of the session."""
        if inline:
            self._makes.refuse_if_busy(None, "a make inline")
            return self._inline(workspace, targets, command, jobs=jobs, inline=True, verbose=verbose, background=False)
        wanted = {*targets, *workspace.graph.ancestors(targets)}
        others = self._makes.all()
        if not others:
            states = self._check.states
            self._outside = Counter(
                states[job_id] for job_id in workspace.graph.jobs if job_id not in wanted and job_id in states
            )
        frontend = None if background or others else self._surface.foreground(verbose)
        make = self._makes.start(targets, wanted, command, frontend, jobs=jobs)
        if frontend is not None:
            return self._watch(make, frontend)
        make.show(self._surface.background(make.number))
        if others:
            self._surface.tell(
                f"[{make.number}] {one_line(command, 60)}: waits for [{others[-1].number}]; `jobs` lists them"
            )
        else:
            make.begun.wait(_BEGIN_S)
            self._surface.tell(f"[{make.number}] {start_line(make.view) if make.view.started else command}")
        return None

    def makes(self) -> list[BackgroundMake]:
        """Return the makes that run or wait."""
        return [make.about() for make in self._makes.all()]

    def bring_back(self, number: int | None) -> MakeResult | None:
        """Show a make in the foreground until it ends or is sent back."""
        make = self._makes.find(number)
        frontend = self._surface.foreground(False)
        make.show(frontend)
        return self._watch(make, frontend)

    def stop(self, number: int | None) -> str:
        """Stop a make, one step further each time."""
        make = self._makes.find(number)
        waits = make is not self._makes.running
        self._makes.stop(make)
        return f"[{make.number}] will not begin." if waits else step_text(make.stop.level, len(make.view.running))

    def _watch(self, make: ConsoleMake, frontend: Frontend) -> MakeResult | None:
        if self._surface.watch(make, frontend):
            make.show(self._surface.background(make.number))
            self._surface.tell(f"[{make.number}] goes on in the background: `fg` shows it, `stop` ends it")
            return None
        make.ended.wait()
        if make.error is not None:
            raise make.error
        return make.result

    def use_current_code(self) -> None:
        """Before a make: load the program anew if its files changed and the user agrees."""
        changed = self._code.changed()
        if not changed:
            return
        names = _names(changed)
        is_automatic = self._session.workspace.settings.autoreload
        if not is_automatic and not self._surface.ask(f"{names} changed on disk: load the program anew", default=True):
            raise UserError(f"nothing was made: {names} changed on disk and workers would import that; `reload` first")
        self._surface.tell(*self._load())

    def reload(self, *, now: bool) -> list[str]:
        """Load the program anew, after the makes have ended."""
        if now:
            self._makes.stop_all(START_NONE)
        while self._makes.running is not None:
            self._surface.tell("The program is loaded anew when the make has ended.")
            if self.bring_back(None) is None and self._makes.running is not None:
                raise UserError("nothing was loaded: the make goes on in the background")
        return self._load()

    def _load(self) -> list[str]:
        before = self._session.workspace
        after, waiting = self._code.reload(before)
        self._changed = []
        self._session.workspace = after
        self._session.last = tuple(job_id for job_id in self._session.last if job_id in after.graph.jobs)
        old, new = set(before.graph.jobs), after.graph.jobs.keys()
        differences = [f"{len(ids)} {word}" for ids, word in ((new - old, "new"), (old - new, "gone")) if ids]
        del before
        forget_old_program()
        lines = [", ".join([f"{after.name} loaded: {plural(len(new), 'job')}", *differences]) + "."]
        return [*lines, *([f"To be heeded when the console is opened again: {', '.join(waiting)}."] if waiting else [])]

    def configure(self, key: str, value: str) -> str:
        """Change a setting until the console is left."""
        workspace = self._session.workspace
        settings = changed_setting(workspace.settings, key, value)
        if key in _KEPT:
            raise UserError(
                f"{key} is read when the console is opened: leave, and say --config {key}={one_line(value, 60)}"
            )
        workspace.settings = settings
        self._code.settings.append(f"{key}={value}")
        workspace.refresh()
        row = next(row for row in settings.describe() if row.key == key)
        return f"{key} = {row.value}, in this console."

    def clear(self) -> None:
        """Clear the screen."""
        if self._surface.mode is ConsoleMode.RICH:
            self._surface.stream.write("\x1b[H\x1b[2J")
            self._surface.stream.flush()

    def leave(self) -> None:
        """End the console after this command; the user is asked if a make runs."""
        makes = self._makes.all()
        if makes:
            self._ask_to_stop(makes)
        self.is_left = True

    def _ask_to_stop(self, makes: Sequence[ConsoleMake]) -> None:
        about = makes[0].about()
        more = f", {len(makes) - 1} more waiting" if len(makes) > 1 else ""
        question = f"make [{about.number}] is {about.state} ({about.text}{more}): stop it and leave"
        if not self._surface.ask(question):
            raise UserError("still here: `fg` shows the make, `stop` ends it")
        self._makes.stop_all(TERMINATE)
        make = self._makes.running
        if make is not None:
            frontend = self._surface.foreground(False)
            make.show(frontend)
            self._surface.watch(make, frontend)


def _names(changed: Collection[str]) -> str:
    names = list(changed)
    return ", ".join(one_line(name, 60) for name in names[:_NAMED]) + (
        f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    )
