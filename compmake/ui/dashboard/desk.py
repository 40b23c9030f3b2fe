"""`Desk`: what a dashboard has a session do: look up what is known of a job, carry out commands."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from typing import NamedTuple

from compmake.channel import Event
from compmake.channel.source import Steer
from compmake.errors import CompmakeError, UserError
from compmake.job import Failure, JobId, JobState
from compmake.selection import Scope, parse
from compmake.selection.live import is_snapshot, member_of
from compmake.text_safety import sanitize
from compmake.ui.commands.attempts import output_of
from compmake.ui.commands.line import Step, expand_aliases, parse_line
from compmake.ui.commands.registry import command_names, find_command
from compmake.ui.commands.runner import CARRIED_OUT, run_steps
from compmake.ui.commands.session import FailureReport, Screen, Session
from compmake.ui.commands.store_makes import is_making
from compmake.ui.dashboard.board.filtering import Chosen, States
from compmake.ui.dashboard.panes.look import Details
from compmake.ui.dashboard.standing_source import standing_events
from compmake.ui.dashboard.stored_job import StoredJob, details_of, stored_job
from compmake.ui.text import Style
from compmake.ui.vocabulary import Vocabulary
from compmake.words import split_words

_MAKES = frozenset({"make", "parmake", "remake", "parremake"})
_WITH_TERMINAL = frozenset({"debug", "load", "watch", "where", "fg", "reload", "exit", "clear"})
"""Commands that ask, wait, or have the terminal for themselves."""
_LOOKING = frozenset({"look", "general"})


class Said(NamedTuple):
    """What a line of commands has said."""

    lines: Sequence[str]
    has_terminal: bool = False
    """Whether it was said on the terminal itself, where the user has seen it."""
    begun: str = ""
    """The command of a make that was begun and goes on in the background."""


class Desk:
    """One session, as the dashboard uses it; from several threads."""

    def __init__(
        self,
        session: Session,
        *,
        lock: AbstractContextManager[object],
        renew: Callable[[], object],
        vocabulary: Callable[[], Vocabulary] = Vocabulary,
        is_left: Callable[[], bool] = lambda: False,
        stopped: Callable[[], str] = lambda: "",
    ) -> None:
        """Join them.

        Args:
            session: Whose workspace is looked at, and which carries out commands.
            lock: To be held by whoever uses the workspace.
            renew: Reads what others have written to the store.
            vocabulary: Returns the words that mean something in a line of commands.
            is_left: Tells whether a command has ended the console.
            stopped: Returns in one line why the make that began last could not go on, if it could not.
        """
        self._is_left, self.stopped, self.vocabulary = is_left, stopped, vocabulary
        self.asked = 0
        """Lines of commands that may have changed something, and times somebody wanted to see what is in the store."""
        self._session, self._lock, self._renew = session, lock, renew

    @property
    def is_console(self) -> bool:
        """Whether makes can go on in the background."""
        return self._session.console is not None

    @property
    def is_left(self) -> bool:
        """Whether a command has ended the console."""
        return self._is_left()

    def choose(self, job_ids: Sequence[JobId]) -> None:
        """Let `last` mean these jobs in the next line."""
        self._session.last = tuple(job_ids)

    @property
    def refusal(self) -> str:
        """Why nothing can be changed from here; empty if it can."""
        may_write = self._session.steer is not None
        return "" if may_write else "this dashboard only looks: open it with --control to change anything"

    def steer(self) -> Steer:
        """Return what can be done to the make that runs.

        Raises:
            UserError: None runs, or this dashboard only looks.
        """
        if self._session.steer is None:
            raise UserError(self.refusal)
        with self._lock:
            return self._session.steer()

    def standing(self) -> list[Event]:
        """Return how the jobs stand in the store, as events.

        Raises:
            CompmakeError: That cannot be found out.
        """
        with self._lock:
            self._renew()
            return standing_events(self._session)

    def look_anew(self) -> None:
        """Let what is in the store be shown, whether or not it has changed."""
        self.asked += 1

    def version(self) -> int:
        """Return what is another whenever somebody else has changed the store."""
        with self._lock:
            return self._session.workspace.store.version

    def is_making(self) -> bool:
        """Tell whether a make of this store runs, in whichever process, as far as that can be seen from here."""
        with self._lock:
            return is_making(self._session.workspace)

    def details(self, job_id: JobId, *, renew: bool) -> Details:
        """Return what the store knows of a job.

        Args:
            job_id: Which one.
            renew: Whether the store may know more than when it was read last.
        """
        with self._lock:
            try:
                return details_of(self._session, self._known(job_id, renew=renew))
            except (CompmakeError, LookupError):  # never made, or not of this program
                return Details(job_id)

    def _known(self, job_id: JobId, *, renew: bool) -> StoredJob:
        if renew and self._session.workspace.program is not None:  # else only the record of this job is read
            self._renew()
        return stored_job(self._session, job_id)

    def report(self, job_id: JobId, failure: Failure, head: str) -> FailureReport:
        """Return a failure for its viewer."""
        with self._lock:
            try:
                known = self._known(job_id, renew=True)
                return FailureReport(job_id, head, known.call, failure, output_of(self._session, known.record))
            except (CompmakeError, LookupError):
                return FailureReport(job_id, head, "", failure, "")

    def select(self, text: str, states: States) -> Chosen:
        """Return what a selection means; what `last` means stays as it was.

        Args:
            text: As typed.
            states: Returns how the jobs stand on the screen: newer than what the store tells.

        Raises:
            CompmakeError: It is none.
        """
        with self._lock:
            workspace = self._session.workspace
            selection = parse(self._session.words(split_words(text)))

            def stored() -> Mapping[JobId, JobState]:
                return workspace.look().states()

            def newest() -> Mapping[JobId, JobState]:
                # Whether a job that waits for others was ever made only the store knows.
                seen = {job_id: state for job_id, state in states().items() if state is not JobState.WAITING}
                return {**stored(), **seen}

            scope = Scope(workspace.graph, stored, self._session.last, command_names())
            member = member_of(selection, replace(scope, states=newest), stored=scope)
            return Chosen(member, is_snapshot(selection))

    def carry_out(
        self,
        line: str,
        *,
        width: int,
        ascii_only: bool,
        sure: bool,
        terminal: Callable[[], AbstractContextManager[object]],
        show_traceback: Callable[[FailureReport], str],
    ) -> Said:
        """Carry out a line of commands; in the console makes go on in the background.

        Args:
            line: As typed.
            width: Cells for what it says.
            ascii_only: Whether compmake's own signs must be ASCII.
            sure: Whether the user has confirmed it already.
            terminal: Gives the terminal to a command that must have it.
            show_traceback: Shows a failure.

        Raises:
            CompmakeError: The line cannot be understood, or is refused.
        """
        steps = [self._prepared(step) for step in expand_aliases(parse_line(line), self._session.aliases)]
        if any(self._wants_terminal(step) for step in steps):
            with terminal(), self._as_before():
                self._session.output = Screen(Style(ascii=ascii_only), width)
                try:
                    run_steps(self._session, steps)
                except KeyboardInterrupt:
                    print()
                self.asked += any(_changes(step) for step in steps)
                if not self.is_left:
                    _wait_until_read()
            return Said([], has_terminal=True)
        text = io.StringIO()
        with self._as_before(), redirect_stdout(text), redirect_stderr(text):
            session = self._session
            session.output = Screen(Style(ascii=ascii_only), width, None, show_traceback, lambda: None)
            session.assume_yes = session.assume_yes or sure
            session.ask = _asking(session.ask, terminal)
            with self._lock:
                self._renew()
                code = run_steps(session, steps)
                self.asked += any(_changes(step) for step in steps)
            begun = session.line if steps[-1].background and code in CARRIED_OUT else ""
        return Said([sanitize(line) for line in text.getvalue().splitlines()], begun=begun)

    def _prepared(self, step: Step) -> Step:
        """Return a step as it is carried out here.

        Raises:
            UserError: It would change something, and this dashboard only looks.
        """
        if self.refusal and _changes(step):
            raise UserError(self.refusal)
        name = step.words[0].text
        if self.is_console and name in _MAKES and not _is_inline(step):
            return replace(step, background=True)
        return step

    def _wants_terminal(self, step: Step) -> bool:
        name = step.words[0].text
        if step.pipe is not None or name.startswith("@") or _is_inline(step):
            return True
        name = find_command(name).name
        follows = any(word.text in ("-f", "--follow") for word in step.words[1:])
        return name in _WITH_TERMINAL or follows or (name in _MAKES and not self.is_console)

    @contextmanager
    def _as_before(self) -> Iterator[None]:
        """Leave the session as it is now: it may be in the middle of a command."""
        session = self._session
        kept = session.output, session.assume_yes, session.ask, session.line, session.shell_words, session.background
        try:
            yield
        finally:
            session.output, session.assume_yes, session.ask = kept[:3]
            session.line, session.shell_words, session.background = kept[3:]


def _wait_until_read() -> None:
    with suppress(EOFError, KeyboardInterrupt):
        input("Enter: back to the dashboard ")


def _changes(step: Step) -> bool:
    """Tell whether a step may change something."""
    name = step.words[0].text
    return name.startswith("@") or find_command(name).section not in _LOOKING


def _is_inline(step: Step) -> bool:
    return any(word.text == "--inline" for word in step.words[1:])


def _asking(
    ask: Callable[[str], bool] | None, terminal: Callable[[], AbstractContextManager[object]]
) -> Callable[[str], bool] | None:
    """Return what asks a question on the terminal itself."""
    if ask is None:
        return None

    def asks(question: str) -> bool:
        with terminal():
            return ask(question)

    return asks
