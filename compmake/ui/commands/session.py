"""`Session`: what a command gets to work with, and the questions it may ask."""

import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from compmake.channel.source import Steer
from compmake.errors import SelectionError, UserError
from compmake.failure import from_json
from compmake.job import Failure, JobId, JobState, Record
from compmake.make_result import MakeResult
from compmake.recorded import RecordedStatus
from compmake.status import Status
from compmake.text_safety import one_line
from compmake.ui.commands.registry import Arguments, command_names
from compmake.ui.text import PLAIN, Style, wrap
from compmake.words import Word, plural, split_words
from compmake.workspace import Workspace

_FILE_CELLS = 60
_WITHOUT = ("not", "except", "but")


class BackgroundMake(NamedTuple):
    """A make of this console, as `jobs` lists it."""

    number: int
    command: str
    state: str
    """`running`, `paused`, `stopping` or `waiting`."""
    text: str
    """How far it is."""
    eta: str = ""
    """When it ends, as far as that is known."""


class FailureReport(NamedTuple):
    """All that the viewer of a failure shows."""

    job_id: JobId
    head: str
    """One line: the job, its function, the attempt."""
    call: str
    failure: Failure
    output: str
    """What the attempt printed, as it came."""


class StartMake(Protocol):
    """Makes jobs and shows how it goes."""

    def __call__(
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
        """Make the targets and what they need; None if the make goes on in the background.

        Args:
            workspace: What is open.
            targets: Jobs wanted.
            command: As typed, for the list of runs.
            jobs: How many may run at once, each in a worker process.
            inline: Run jobs in this process, one at a time, and let them use the terminal, for a debugger.
            verbose: List successes too.
            background: Only begin; in the console alone.
        """
        ...


@dataclass(frozen=True, slots=True)
class Screen:
    """What reads standard output; the default is a pipe or a file, where nothing is coloured and nothing cut."""

    style: Style = PLAIN
    width: int | None = None
    """Cells of a line of the terminal."""
    rows: int | None = None
    """Lines of the terminal, in the console only: elsewhere long lists are printed whole."""
    show_traceback: Callable[[FailureReport], str] | None = None
    """Opens the viewer of a failure and returns the command that the user chose in it, empty for none."""
    show_dashboard: Callable[[], None] | None = None
    """Shows the dashboard until the user leaves it."""


class Console(Protocol):
    """What only the interactive console can do, for the commands that need it."""

    def makes(self) -> list[BackgroundMake]:
        """Return the makes that run or wait."""
        ...

    def bring_back(self, number: int | None) -> MakeResult | None:
        """Show a make in the foreground until it ends (then its result is returned) or is sent back.

        Raises:
            UserError: There is no such make.
        """
        ...

    def stop(self, number: int | None) -> str:
        """Stop a make, one step further each time, as Ctrl-C does; return what to tell beyond what the make tells.

        Raises:
            UserError: There is no such make.
        """
        ...

    def use_current_code(self) -> None:
        """Before a make: load the program anew if its files changed on disk and the user agrees.

        Raises:
            UserError: The user does not.
            ProgramError: It does not load any more.
        """
        ...

    def changed(self) -> Sequence[str]:
        """Return the names of the program's files that changed on disk since they were loaded."""
        ...

    def reload(self, *, now: bool) -> list[str]:
        """Load the program anew and return what to tell; `now` lets the makes start nothing more.

        Raises:
            ProgramError: It does not load any more; the old graph stays.
        """
        ...

    def configure(self, key: str, value: str) -> str:
        """Change a setting until the console is left; return it as it is now.

        Raises:
            UserError: Unknown, wrong, or not to be changed while the store is open.
        """
        ...

    def clear(self) -> None:
        """Clear the screen."""
        ...

    def leave(self) -> None:
        """End the console after this command; the user is asked if a make runs.

        Raises:
            UserError: The user wants to stay.
        """
        ...


@dataclass(slots=True)
class Session:
    """One user at work on one program: what is open, how to answer, what was selected last."""

    workspace: Workspace
    start_make: StartMake
    output: Screen = Screen()
    console: Console | None = None
    steer: Callable[[], Steer] | None = None
    """Returns what can be done to the make that runs, or raises a `UserError`; None where nobody said `--control`."""
    background: bool = False
    """Whether `&` ended the command that is carried out."""
    aliases: dict[str, str] = field(default_factory=dict)
    """Lines by the names that the user gave them."""
    files: list[str] = field(default_factory=list)
    """The files of commands that are being carried out."""
    prefix: str = ""
    """What stands before a command that is recommended, `compmake my_program`; nothing at the prompt."""
    assume_yes: bool = False
    verbose: bool = False
    ask: Callable[[str], bool] | None = None
    """Asks a question (given without its `?`) that wants yes or no; None where nobody can answer."""
    last: tuple[JobId, ...] = ()
    line: str = ""
    """The command as it was typed, for the list of runs."""
    shell_words: bool = False
    """A shell has split the words, as `Step.from_shell` says."""

    @property
    def style(self) -> Style:
        """What the reader of standard output can show."""
        return self.output.style

    @property
    def width(self) -> int | None:
        """Cells of a line of the terminal that reads standard output; None in pipes and files."""
        return self.output.width

    @property
    def look(self) -> Status | RecordedStatus:
        """The state of every job."""
        return self.workspace.look()

    def select(self, words: Sequence[Word]) -> list[JobId]:
        """Return the jobs that the words mean, and remember them as `last`."""
        from compmake.selection import Scope, select  # `make` without a selection starts 10 ms sooner

        workspace = self.workspace
        scope = Scope(workspace.graph, lambda: workspace.look().states(), self.last, command_names())
        chosen = select(self.words(words), scope)
        self.last = tuple(chosen)
        return chosen

    def select_or_all(self, words: Sequence[Word]) -> list[JobId]:
        """Return the selected jobs, without words all of them."""
        if words:
            return self.select(words)
        self.last = self.workspace.graph.order
        return list(self.last)

    def select_to_make(self, words: Sequence[Word]) -> list[JobId]:
        """Return the jobs that `make` with this selection is to make.

        Whoever says `not failed` does not want failed jobs tried again, hence not what needs them either.
        """
        targets = self.select_or_all(words)
        if not _leaves_failed(self.words(words)):
            return targets
        wanted = set(targets)
        left = [j for j, state in self.look.states().items() if state is JobState.FAILED and j not in wanted]
        blocked = self.workspace.graph.descendants(left)
        return [job_id for job_id in targets if job_id not in blocked]

    def one_job(self, arguments: Arguments) -> JobId:
        """Return the one job that a command is about.

        Raises:
            SelectionError: The words mean none or several.
        """
        chosen = self.select(arguments.selection)
        if len(chosen) != 1:
            what = f"mean {plural(len(chosen), 'job')}" if chosen else "select no job"
            raise SelectionError(f"these words {what}, but one is needed; `ls` with the same words shows them")
        return chosen[0]

    def before_reload(self) -> list[str]:
        """Return a line that says so if the console still has other code than is on disk: answers are about that."""
        changed = self.console.changed() if self.console is not None else ()
        if not changed:
            return []
        more = f", and {len(changed) - 1} more files" if len(changed) > 1 else ""
        name = one_line(changed[0], _FILE_CELLS)
        text = f"{name} changed on disk{more}: this is said of the code that is loaded; `reload` loads it anew."
        return wrap(text, self.width)

    def confirm(self, what: str, count: int, arguments: Arguments) -> None:
        """Ask before more than one thing is touched.

        Raises:
            UserError: Nobody can be asked, or the answer is no; nothing was done.
        """
        if count <= 1 or arguments.flag("yes") or self.assume_yes:
            return
        if self.ask is None:
            raise UserError(f"{what}? Nothing was done: say -y to mean it")
        if not self.ask(what):
            raise UserError("nothing was done")

    def record(self, job_id: JobId) -> Record | None:
        """Return what the store remembers of the job."""
        return self.workspace.records.newest.get(job_id)

    def failure(self, job_id: JobId) -> Failure | None:
        """Return why the job failed last, None if its newest attempt did not fail."""
        record = self.record(job_id)
        return from_json(record.failure) if record is not None and not record.ok else None

    def function(self, job_id: JobId) -> str:
        """Return the job's function as users write it."""
        return self.workspace.graph.jobs[job_id].display_function

    def about(self, job_id: JobId) -> dict[str, Any]:
        """Return what every `--json` object about a job begins with."""
        return {"job": job_id, "state": self.look.state(job_id).value, "function": self.function(job_id)}

    def words(self, words: Sequence[Word]) -> list[Word]:
        """Read what a shell handed over as one word, unless a job has that id: `failed in func1()`, `'last'`."""
        if not self.shell_words:
            return list(words)
        found: list[Word] = []
        for word in words:
            inner_quotes = len(word.text) > 2 and word.text[0] == word.text[-1] and word.text[0] in "'\""
            has_space = word.quoted and any(map(str.isspace, word.text))
            if (has_space or inner_quotes) and word.text not in self.workspace.graph.jobs:
                found += split_words(word.text)
            else:
                found.append(word)
        return found


def _leaves_failed(words: Sequence[Word]) -> bool:
    """Tell whether the user said `not failed`, `except failed` or the like."""
    pairs = itertools.pairwise(word.text for word in words if not word.quoted and word.text.strip("()"))
    return any(first.strip("()") in _WITHOUT and second.strip("()") == "failed" for first, second in pairs)


def shown_id(job_id: JobId) -> str:
    """Return a job id for a table: one line, nothing in it that a terminal obeys."""
    return one_line(job_id, 200)


def json_line(data: object) -> str:
    """Return one line of JSON; ASCII only, so that no terminal obeys anything in it."""
    return json.dumps(data, ensure_ascii=True, default=str)
