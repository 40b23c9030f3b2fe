"""Whether the code that ran is the code that the driver read: a record never carries the digest of another one."""

from compmake.fingerprint.closure import CodeIndex, CodeSet
from compmake.job import Failure, Outcome


class CodeWatch:
    """Notices user modules that were edited between being read by the driver and being imported for a job."""

    def __init__(self, index: CodeIndex) -> None:
        self._index = index
        self._imported: frozenset[str] = frozenset()
        self._changed_files: dict[str, str] = {}

    def after(self, outcome: Outcome) -> Failure | None:
        """Return why an attempt does not count: its process had imported a module in another version."""
        names = frozenset(name for name, _, _ in outcome.modules)
        if names != self._imported:
            self._imported = names
            self._index.take_sources()
            for name, path, digest in outcome.modules:
                if self._index.source_digest(path) not in (None, digest):
                    self._changed_files[name] = path
        return self._failure(names)

    def before(self, code: CodeSet) -> Failure | None:
        """Return why a job that uses this code must not start: a module of it is known to have changed."""
        if not self._changed_files:
            return None
        return self._failure({unit.partition(":")[0] for unit in (*code.units, *code.globals)})

    def _failure(self, modules: frozenset[str] | set[str]) -> Failure | None:
        path = next((path for name, path in self._changed_files.items() if name in modules), None)
        if path is None:
            return None
        name = path.rpartition("/")[2]
        return Failure(
            "CodeChanged", f"{name} changed while running: nothing is recorded for this job. Run make again."
        )
