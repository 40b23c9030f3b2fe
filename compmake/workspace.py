"""A program, its store and its code, opened together: what every command works on."""

import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from compmake.channel.server import PrivateServer
from compmake.checking import Checker
from compmake.codec import load_value
from compmake.durations import Durations
from compmake.errors import ProgramError, ResultMissingError, UserError
from compmake.failure import from_json
from compmake.fingerprint.closure import CodeIndex, CodeSet
from compmake.graph import Graph
from compmake.importing import imported_sources
from compmake.job import Digest, JobId, Record
from compmake.program import Program
from compmake.recorded import RecordedStatus, recorded_graph
from compmake.recording import code_parts
from compmake.records import Records
from compmake.settings import Settings
from compmake.status import Status
from compmake.store import Changes, Store
from compmake.text_safety import one_line

_CLEANED = "cleaned"
_SAID_CELLS = 160


class Workspace:
    """What is open. Records are read once and again after `refresh`."""

    def __init__(self, name: str, store: Store, settings: Settings, program: Program | None) -> None:
        """Join a store with the program it belongs to.

        Args:
            name: The program's name, as users type it.
            store: Its store, open.
            settings: What the user decided.
            program: The loaded program; None to look at the store alone.
        """
        self.name = name
        self.store = store
        self.settings = settings
        self.program = program
        self.index: CodeIndex | None = None
        self.server = PrivateServer()
        """For the news of its makes, if nobody names another; started when it is needed."""
        self._is_twin = False
        self._records: Records | None = None
        self._checker: Checker | None = None
        self._graph: Graph | None = None
        self._look: Status | RecordedStatus | None = None
        self.guard: Callable[[Collection[JobId] | None, str], None] | None = None
        """Asked before something is changed: raises an error if others are at work on these jobs (None: on any)."""
        self.running: Callable[[], Collection[JobId]] | None = None
        """Tells which jobs run now in this process, in a make of another thread."""
        if program is not None:
            self.index = CodeIndex(
                cached=store.cached_code,
                main_alias={"__main__": name},
                defining=program.definitions.defining_modules,
                main_first=program.surroundings is None,
            )
            self.index.take_sources()
            self._require_unchanged(self.index)

    def _require_unchanged(self, index: CodeIndex) -> None:
        """What ran is what is recorded: between the import of a module and the reading of its source nobody wrote."""
        for path, ran in imported_sources().items():
            if index.source_digest(path) not in (None, ran):
                raise ProgramError(
                    f"{path} changed since {self.name} was loaded: run the command again, or `reload` in the console"
                )

    def reloaded(self, program: Program, settings: Settings) -> "Workspace":
        """Return what is open with its program loaded anew; it takes the place of this one."""
        self._keep_parses()
        new = Workspace(self.name, self.store, settings, program)
        new.guard, new.running, new.server = self.guard, self.running, self.server
        return new

    @property
    def records(self) -> Records:
        """What the store remembers."""
        if self._records is None:
            self._records = Records(self.store.load_records(), self.store.load_superseded)
        return self._records

    @property
    def graph(self) -> Graph:
        """The program's jobs, or without the program those that have records."""
        if self._graph is None:
            program = self.program
            self._graph = recorded_graph(self.records.newest) if program is None else program.definitions.graph()
        return self._graph

    @property
    def checker(self) -> Checker:
        """Decides about jobs.

        Raises:
            UserError: The program is not loaded.
        """
        self.require_program()
        assert self.program is not None and self.index is not None
        if self._checker is None:
            self._checker = Checker(
                self.program.definitions,
                self.graph,
                self.records,
                self.index,
                mode_of=self.settings.code_mode,
                packages=self.settings.packages,
                unclaiming=self.cleaned(),
                find_damaged=self.store.find_damaged,
            )
        return self._checker

    def require_program(self) -> None:
        """Refuse a command that a store alone, without its program, cannot answer.

        Raises:
            UserError: The program is not loaded.
        """
        if self.program is None:
            raise UserError(
                f"{self.store.location} is open without its program: name the program instead of the store to make, "
                "clean or change anything"
            )

    def look(self) -> Status | RecordedStatus:
        """Return the state of every job, worked out once until `refresh`."""
        if self._look is None:
            if self.program is None:
                self._look = RecordedStatus(self.graph, self.records, self.store.find_damaged)
            else:
                checker = self.checker
                self._look = Status(self.graph, checker, checker.explain(self.store.parts))
                self._keep_parses()
        if isinstance(self._look, Status) and self.running is not None:
            self._look.running = self.running()
        return self._look

    @property
    def is_looked_at(self) -> bool:
        """Whether `look` has its answer ready."""
        return self._look is not None

    def refresh(self) -> None:
        """Read the records again when they are next needed: a command changed them."""
        self._records = self._checker = self._look = None
        if self.program is None:
            self._graph = None

    @contextmanager
    def changing(self, what: str, job_ids: Collection[JobId] | None = None) -> Iterator[None]:
        """Hold the store's lock; what was read before that, or before it is given back, is read again afterwards.

        Args:
            what: What others shall read who want the lock too.
            job_ids: The jobs that are changed; None for any.

        Raises:
            UserError: This process makes one of these jobs.
            StoreError: Somebody else holds the lock, or the store cannot be written.
        """
        if self.guard is not None:
            self.guard(job_ids, what)
        self.store.lock(what)
        try:
            self.refresh()
            yield
        finally:
            self.refresh()
            self.store.unlock()

    def twin(self) -> "Workspace":
        """Return the same program with a handle of its own on the store, for another thread, to be closed there."""
        store = self.store.twin()
        try:
            twin = Workspace(self.name, store, self.settings, self.program)
        except BaseException:
            store.close()
            raise
        twin._graph, twin.server, twin._is_twin = self._graph, self.server, True
        return twin

    def cleaned(self) -> list[JobId]:
        """Return the jobs that were cleaned and not made since: they claim no record of another job."""
        try:
            ids = json.loads(self.store.get_meta(_CLEANED) or "[]")
        except ValueError:
            return []
        return [JobId(job_id) for job_id in ids] if isinstance(ids, list) else []

    def note_cleaned(self, job_ids: Iterable[JobId]) -> None:
        """Remember that these jobs must be made, not claimed."""
        self.store.set_meta(_CLEANED, json.dumps(sorted({*self.cleaned(), *job_ids})))

    def forget_cleaned(self) -> None:
        """Drop from that list what was made since."""
        cleaned = self.cleaned()
        left = [job_id for job_id in cleaned if job_id not in self.records.newest]
        if len(left) != len(cleaned):
            self.store.set_meta(_CLEANED, json.dumps(left))

    def keep_code(self, codes: Iterable[CodeSet]) -> None:
        """Store what `why` will need to tell these code sets from later ones."""
        assert self.index is not None
        parts: dict[Digest, bytes] = {}
        for code in codes:
            parts.update(code_parts(code, self.index))
        self.store.commit(Changes(parts=parts))

    def durations(self) -> Durations:
        """Return what past attempts cost."""
        return Durations.from_attempts((a.job_id, a.function, a.wall_s, a.ok) for a in self.store.attempts())

    def result(self, job_id: JobId) -> Any:
        """Return a job's stored result, also when it is stale.

        Raises:
            ResultMissingError: The job was never made, or failed the last time.
            ResultDamagedError: The stored bytes are not what was written.
            LoadError: They do not become an object any more.
        """
        record = self.records.newest.get(job_id)
        if record is None:
            raise ResultMissingError(f"there is no result: {job_id!r} was never made")
        if not record.ok:
            failure = from_json(record.failure)
            said = one_line(f"{failure.type_name}: {failure.message}", _SAID_CELLS)
            raise ResultMissingError(f"there is no result: {job_id!r} failed the last time: {said}")
        return load_value(self.store.objects.read(self.store.blob(record)))

    def undefined(self) -> dict[JobId, Record]:
        """Return the newest records of ids that the program no longer defines."""
        return {job_id: record for job_id, record in self.records.newest.items() if job_id not in self.graph.jobs}

    def packages(self) -> dict[str, str]:
        """Return the versions of the packages that the program has loaded, advisory."""
        tops = {name for name in list(sys.modules) if "." not in name and not name.startswith("_")}
        tops -= sys.stdlib_module_names | _OWN_PACKAGES
        versions = {name: _version_of(sys.modules[name]) for name in tops}
        return {name: version for name, version in sorted(versions.items()) if isinstance(version, str)}

    def close(self) -> None:
        """Keep what parsing found and close the store."""
        self._keep_parses()
        if not self._is_twin:
            self.server.close()
        self.store.close()

    def _keep_parses(self) -> None:
        entries = self.index.new_cache_entries() if self.index is not None else {}
        if entries and not self.store.read_only:
            self.store.cache_code(entries)


_OURS = "compmake blake3 cloudpickle prompt_toolkit psutil pygraphviz urwid wcwidth pip setuptools"
_OWN_PACKAGES = frozenset(_OURS.split())


def _version_of(module: object) -> object:
    try:
        return getattr(module, "__version__", None)
    except Exception:  # lazy modules import others then, which may be missing
        return None
