"""compmake for programs and notebooks: `Context`, `open`."""

import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from compmake.batch import carry_out
from compmake.config import load_settings
from compmake.define import Comp, is_defining, is_loading
from compmake.definitions import Definitions
from compmake.errors import UserError
from compmake.job import JobId, JobState, Promise
from compmake.opening import open_store, open_workspace
from compmake.program import Program, ProgramRef
from compmake.selection import Scope, select
from compmake.starting import start_make
from compmake.store import Store
from compmake.store.memory import MemoryStore
from compmake.text_safety import sanitize
from compmake.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Summary:
    """How a make ended: numbers of jobs."""

    done: int
    """Made now or up to date."""
    failed: int
    blocked: int

    def __bool__(self) -> bool:
        """Whether everything asked for is done."""
        return not (self.failed or self.blocked)


class View:
    """A read-only look at the jobs of a program or a store."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def jobs(self, selection: str = "all") -> list[JobId]:
        """Return the ids of the selected jobs, in natural order.

        Raises:
            SelectionError: The selection does not parse or names something unknown.
        """
        return _select(self._workspace, selection)

    def state(self, job: str | Promise) -> JobState:
        """Return a job's state.

        Raises:
            UserError: There is no such job.
        """
        return self._workspace.look().state(self._known(job))

    def result(self, job: str | Promise) -> Any:
        """Return a job's stored result, also when it is stale.

        Raises:
            ResultMissingError: The job was never made, or failed the last time.
            ResultDamagedError: The stored bytes are not what was written.
        """
        return self._workspace.result(self._known(job))

    def results(self, selection: str = "all") -> dict[JobId, Any]:
        """Return the stored results of those selected jobs that have one."""
        newest = self._workspace.records.newest
        return {j: self.result(j) for j in self.jobs(selection) if j in newest and newest[j].ok}

    def close(self) -> None:
        """Close the store."""
        self._workspace.close()

    def __enter__(self) -> "View":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _known(self, job: str | Promise) -> JobId:
        job_id = job.job_id if isinstance(job, Promise) else JobId(job)
        if job_id not in self._workspace.graph.jobs:
            raise UserError(f"there is no job {job_id!r} in {self._workspace.name}")
        return job_id


def open(program_or_store: str | Path) -> View:
    """Open a program, or the folder of a store, to look at it.

    Args:
        program_or_store: As on the command line.

    Raises:
        UserError: It cannot be found or loaded.
        StoreError: The store cannot be read.
    """
    return View(open_workspace(str(program_or_store), tell=_tell, read_only=_is_store(program_or_store)))


class Context:
    """Jobs defined and made from inside a program or notebook.

    ```python
    with Context("results") as ctx:
        answer = ctx.comp(pow, 2, 10)
        ctx.make()
        print(ctx.result(answer))
    ```
    """

    def __init__(self, store: str | Path | None = None) -> None:
        """Begin without jobs.

        Args:
            store: Folder that keeps the results; default `.compmake/NAME` beside the running script (for a notebook,
                in the current folder); `:memory:` keeps nothing after the program ends.

        Raises:
            UserError: compmake is loading this as a program: it would be another one's script, with another store.
        """
        if is_defining():
            raise UserError(
                "a program that makes its jobs itself, by Context(), is run by Python; "
                "to look at its jobs name its store: `compmake .compmake/NAME ls`"
            )
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        # Typed into Python, it may be "<stdin>".
        path = Path(script).resolve() if script and Path(script).is_file() else Path.cwd() / "notebook.py"
        self._ref = ProgramRef(path.stem, path, path.parent)
        flags = [] if store is None or str(store) == ":memory:" else [f"store={store}"]
        self._settings = load_settings(self._ref.folder, flags=flags)
        self._definitions = Definitions(main_alias=self._ref.name)
        self.comp = Comp(lambda: self._definitions)
        """Describes a call as a job, as the module-level `comp` does; also with `.options`."""
        self._in_memory = str(store) == ":memory:"
        self._store: Store | None = None

    def comp_prefix(self, prefix: str = "") -> None:
        """Put `prefix` before the ids of the jobs defined from now on."""
        self._definitions.prefix = prefix

    def make(
        self, selection: str = "all", *, jobs: int | None = None, inline: bool = False, silent: bool = True
    ) -> Summary:
        """Make the selected jobs and what they need, in worker processes.

        Args:
            selection: In the selection language.
            jobs: How many jobs may run at once; default what the setting `jobs` says, 1 unless somebody changed it.
            inline: Run them in this process instead, one at a time, on its own standard streams, for a debugger.
            silent: Show nothing; otherwise a log or a line on standard error.

        Raises:
            KeyboardInterrupt: The user interrupted; what was done stays done.
            UserError: `jobs` is below 1, or above 1 and `inline`; or the selection means nothing.
            StoreError: The store is locked or failed.
        """
        if is_loading():
            raise UserError(
                "make() inside a job, or in a module that a worker imports: make jobs from the main program"
            )
        if jobs is not None and jobs < 1:
            raise UserError(f"jobs={jobs}: at least one job must be allowed to run")
        if inline and jobs is not None and jobs > 1:
            raise UserError(f"inline=True excludes jobs={jobs}: inline jobs run one at a time, in this process")
        workspace = self._workspace()
        result = start_make(
            workspace,
            _select(workspace, selection),
            f"make {selection}",
            jobs=1 if inline else jobs or self._settings.jobs,
            inline=inline,
            silent=silent,
        )
        if result.interrupted:
            raise KeyboardInterrupt
        return Summary(result.done + result.up_to_date, len(result.failed), len(result.blocked))

    def result(self, job: str | Promise) -> Any:
        """Return the result of a job that was made, see `View.result`; for many, ask one `view()`: it reads once."""
        return View(self._workspace()).result(job)

    def view(self) -> View:
        """Return a look at the jobs defined so far."""
        return View(self._workspace())

    def console(self) -> int:
        """Read commands from standard input until it ends; return the first exit code that is not 0."""
        return carry_out(self._workspace(), None)

    def close(self) -> None:
        """Close the store."""
        if self._store is not None:
            self._store.close()
            self._store = None

    def __enter__(self) -> "Context":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _workspace(self) -> Workspace:
        if self._store is None:
            self._store = MemoryStore() if self._in_memory else open_store(self._ref, self._settings, _tell)
        return Workspace(self._ref.name, self._store, self._settings, Program(self._ref, self._definitions))


def _select(workspace: Workspace, selection: str) -> list[JobId]:
    # Every job is looked at only if the selection names a state.
    return select(selection, Scope(workspace.graph, lambda: workspace.look().states()))


def _is_store(program_or_store: str | Path) -> bool:
    return "://" in str(program_or_store) or (Path(program_or_store) / "index.db").is_file()


def _tell(text: str) -> None:
    sys.stderr.write(f"compmake: {sanitize(text)}\n")
