"""What commands can do to the console itself: steer its makes, load the program anew, change settings, leave."""

import time
import traceback
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from compmake.channel.source import Steer
from compmake.config import ConsoleMode, changed_setting
from compmake.control import START_NONE, TERMINATE
from compmake.errors import CompmakeError, StoreError, UserError
from compmake.job import JobId, JobState
from compmake.make_result import MakeResult
from compmake.settings import OF_THE_STORE
from compmake.text_safety import one_line, redact, sanitize
from compmake.ui.commands.runner import tell_error
from compmake.ui.commands.session import BackgroundMake, Session, StartMake
from compmake.ui.console.checking import Check
from compmake.ui.console.makes import ConsoleMake, Makes
from compmake.ui.console.surface import Surface
from compmake.ui.frontend import Foreground
from compmake.ui.standing import Standing
from compmake.words import plural
from compmake.workspace import Workspace

_LOOK_EVERY_S = 1.0
_BEGIN_S = 1.0
_KEPT = (*OF_THE_STORE, "ui")
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

    def forget_old(self) -> None:
        """Free the memory of the program as it was before, to which nothing refers any more."""
        ...


class Steering:
    """The `Console` of the session."""

    def __init__(
        self,
        session: Session,
        makes: Makes,
        check: Check,
        surface: Surface,
        code: Code,
        inline: StartMake,
        *,
        controls_others: bool = False,
    ) -> None:
        """Join the parts.

        Args:
            session: What commands work on.
            makes: Those of this console.
            check: Knows how the jobs stand.
            surface: The terminal.
            code: On disk.
            inline: Makes in this thread, for `make --inline`.
            controls_others: Whether makes of other processes may be steered from here.
        """
        self._session, self._makes, self._check, self._controls_others = session, makes, check, controls_others
        self._surface, self._code, self._inline = surface, code, inline
        self.is_left = False
        self._seen: int | None = None
        """The version of the store that was read last."""
        self._next_look_s = 0.0
        self._outside: tuple[ConsoleMake, Mapping[JobId, JobState], Mapping[JobState, int]] | None = None
        """A make, the states of all jobs, and how many of those that it does not want are in each."""
        self._watched: ConsoleMake | None = None
        """The make in the foreground."""
        self._changed: list[str] = []
        self._looked_at_s = 0.0

    def standing(self) -> Standing:
        """Return how the jobs stand now."""
        make, standing = self._makes.running, self._check.standing
        if make is None:
            self._look_at_others()
        if make is None or not make.view.started:
            return standing
        return standing.during(make.view, self._outside_of(make))

    def _outside_of(self, make: ConsoleMake) -> Mapping[JobState, int]:
        """Return how the jobs stand that a make does not want; counted once for each look at the jobs."""
        states, known = self._check.states, self._outside
        if known is None or known[0] is not make or known[1] is not states:
            counts = Counter(state for job_id, state in states.items() if job_id not in make.wanted)
            known = self._outside = make, states, counts
        return known[2]

    def _look_at_others(self) -> None:
        """Work out anew how the jobs stand if another process has changed that; looking takes a tenth of the time."""
        now_s = time.monotonic()
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + max(_LOOK_EVERY_S, 10 * self._check.took_s)
            self._check.start(perhaps=True)

    def is_outdated(self) -> bool:
        """Tell whether others have changed the store since it was read; for whoever holds the lock of the check."""
        with suppress(StoreError):  # whoever types a command is told
            return self._session.workspace.store.version != self._seen
        return False

    def changed(self) -> list[str]:
        """Return the names of files that changed on disk; looked at once a second."""
        now_s = time.monotonic()
        if now_s - self._looked_at_s >= _LOOK_EVERY_S:
            self._changed, self._looked_at_s = self._code.changed(), now_s
        return self._changed

    def workspace(self) -> Workspace:
        """Return what is open, with all that others have written by now; for whoever holds the lock of the check."""
        with suppress(StoreError):  # a command that needs the store waits for it, and says so
            version = self._session.workspace.store.version
            if version != self._seen:
                self._session.workspace.refresh()
                self._seen = version
        return self._session.workspace

    def reload_if_wanted(self) -> None:
        """Before a command: load changed code, if that is to happen by itself."""
        is_automatic = self._session.workspace.settings.autoreload
        if is_automatic and self._makes.running is None and self._code.is_worth_a_try():
            try:
                self._surface.tell(*self._load())
            except CompmakeError as error:
                tell_error(error)

    def look_again(self) -> None:
        """After a command: work out anew how the jobs stand, if it may have changed that."""
        self._check.start(perhaps=self._session.workspace.is_looked_at)

    def ending(self, make: ConsoleMake) -> None:
        """A make is about to be over; called in its thread."""
        if make.view.started:
            self._check.standing = self._check.standing.during(make.view, self._outside_of(make))
        self._check.start()
        if make.error is not None and make is not self._watched:
            self._surface.say(_error_lines(make, make.error))

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
        if not background and not others:
            screen = self._surface.foreground(verbose)
            return self._watch(self._makes.start(targets, wanted, command, lambda _: screen, jobs=jobs), screen)
        make = self._makes.start(targets, wanted, command, self._surface.background, jobs=jobs)
        if others:
            self._surface.tell(
                f"[{make.number}] {one_line(command, 60)}: waits for [{others[-1].number}]; `jobs` lists them"
            )
        else:
            make.begun.wait(_BEGIN_S)  # so that what is said of it stands before the next prompt
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
        make.control.key = "`stop`"
        self._makes.stop(make)
        return f"[{make.number}] will not begin." if waits else ""  # the make itself tells what its stop means

    def steer(self) -> Steer:
        """Return what can be done to the make that runs here; with `--control` else to that of another process.

        Raises:
            UserError: None runs.
        """
        make = self._makes.running
        if make is not None:
            return make.control
        if not self._controls_others:
            raise UserError("no make is running here; with --control the console steers that of another process")
        from compmake.ui.commands.hearing import open_steer  # knows the client of Redis, which takes 0.1 s

        return open_steer(self._session.workspace)

    def _watch(self, make: ConsoleMake, frontend: Foreground) -> MakeResult | None:
        self._watched = make
        try:
            is_sent_back = self._surface.watch(make, frontend)
        finally:
            self._watched = None
        if is_sent_back and make.error is None:  # with an error it is ending, and that is told here
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
        if is_automatic and not self._code.is_worth_a_try():
            raise UserError(f"nothing was made: the program does not load since {names} changed; `reload` tells why")
        if not is_automatic and not self._surface.ask(f"{names} changed on disk: load the program anew", default=True):
            raise UserError(f"nothing was made: {names} changed on disk and workers would import that; `reload` first")
        self._surface.tell(*self.reload(now=False))

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
        self._code.forget_old()
        lines = [", ".join([f"{one_line(after.name, 60)} loaded: {plural(len(new), 'job')}", *differences]) + "."]
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
        return f"{key} = {sanitize(row.value)}, in this console."

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


def _error_lines(make: ConsoleMake, error: BaseException) -> list[str]:
    """Return what to tell of a make that nobody watched and that could not go on."""
    name = f"[{make.number}] {one_line(make.command, 60)}"
    if isinstance(error, CompmakeError):
        return [f"{name}: {sanitize(redact(str(error)))}"]
    lines = "".join(traceback.format_exception(error)).splitlines()
    return [*map(sanitize, lines), f"{name}: this is a bug in compmake; please report it with the lines above"]


def _names(changed: Collection[str]) -> str:
    names = list(changed)
    return ", ".join(one_line(name, 60) for name in names[:_NAMED]) + (
        f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    )
