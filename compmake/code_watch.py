"""Whether the code that ran is the code that the driver read: a record never carries the digest of another one."""

from compmake.fingerprint.closure import CodeIndex, CodeSet
from compmake.job import Digest, Failure, Outcome


class CodeWatch:
    """Notices user modules that were edited between being read by the driver and being imported for a job."""

    def __init__(self, index: CodeIndex) -> None:
        self._index = index
        self._looked_at: dict[tuple[str, str, Digest], bool] = {}
        """Whether a module as some process imported it is another than the driver's."""
        self._last: tuple[object, Failure | None] = (None, None)
        self._changed_files: dict[str, str] = {}

    def after(self, outcome: Outcome) -> Failure | None:
        """Return why an attempt does not count: its process had imported a module in another version."""
        if outcome.modules is not self._last[0]:  # a worker goes on telling the same ones
            self._last = (outcome.modules, self._differing(outcome))
        return self._last[1]

    def before(self, code: CodeSet) -> Failure | None:
        """Return why a job that uses this code must not start: a module of it is known to have changed."""
        if not self._changed_files:
            return None
        modules = {unit.partition(":")[0] for unit in (*code.units, *code.globals)}
        path = next((path for name, path in self._changed_files.items() if name in modules), None)
        return None if path is None else _changed(path)

    def _differing(self, outcome: Outcome) -> Failure | None:
        new = [module for module in outcome.modules if module not in self._looked_at]
        if new:
            self._index.take_sources()
        for module in new:
            name, path, digest = module
            self._looked_at[module] = self._index.imported_digest(name, path) not in (None, digest)
            if self._looked_at[module]:
                self._changed_files[name] = path
        return next((_changed(module[1]) for module in outcome.modules if self._looked_at[module]), None)


def _changed(path: str) -> Failure:
    name = path.rpartition("/")[2]
    return Failure("CodeChanged", f"{name} changed while running: nothing is recorded for this job. Run make again.")
