"""`Calls`: how the arguments of jobs are told: a job's own, and what the results that it takes were made from."""

from collections.abc import Iterator
from functools import lru_cache

from compmake.job import JobId
from compmake.text_safety import one_line
from compmake.ui.commands.session import Session

_NEEDED = 4
"""A job that takes more results than this is not told apart by what they were made from."""
_LOOKED_AT = 16
_INHERITED = 6
_CELLS = 120
_REMEMBERED = 10_000

Shown = list[tuple[str, str]]
"""Arguments: the parameter's name and a short text each."""


class Calls:
    """The arguments of a program's jobs, for one command."""

    def __init__(self, session: Session) -> None:
        self._look, self._jobs = session.look, session.workspace.graph.jobs
        self._plain_of = lru_cache(_REMEMBERED)(lambda job_id: self._plain(job_id, self.own(job_id)))

    def own(self, job_id: JobId) -> Shown:
        """Return the arguments of the call, promises as `<job id>`."""
        return self._look.arguments(job_id)

    def inherited(self, job_id: JobId) -> Shown:
        """Return the plain arguments of the jobs whose results it takes, directly or not, the nearest first.

        `func2(func1(3), 14)` is told from `func2(func1(4), 14)` by them. Few are named, none of a job that takes many.
        """
        found: dict[tuple[str, str], None] = {}
        for ancestor in self._nearest(job_id):
            found.update(dict.fromkeys(self._plain_of(ancestor)))
            if len(found) >= _INHERITED:
                break
        return list(found)[:_INHERITED]

    def text(self, job_id: JobId) -> tuple[str, str]:
        """Return `res1=<func1-14>, param2=13 ← param1=3`, and a shorter text without what the arrow tells."""
        shown = self.own(job_id)
        inherited = self.inherited(job_id)
        if not inherited:
            text = _listed(shown)
            return text, text
        made_from = f" ← {_listed(inherited)}"
        return _listed(shown) + made_from, (_listed(self._plain(job_id, shown)) + made_from).lstrip()

    def _plain(self, job_id: JobId, shown: Shown) -> Shown:
        promises = {f"<{needed}>" for _, needed in self._jobs[job_id].dependencies}
        return [pair for pair in shown if pair[1] not in promises] if promises else shown

    def _nearest(self, job_id: JobId) -> Iterator[JobId]:
        """Yield the jobs whose results it takes, then those whose results these take, and so on; some of them."""
        seen, queue = {job_id}, [job_id]
        for here in queue:  # grows meanwhile
            if here != job_id:
                yield here
            needed = dict.fromkeys([dependency for _, dependency in self._jobs[here].dependencies])
            if len(needed) <= _NEEDED and len(seen) <= _LOOKED_AT:
                queue += [dependency for dependency in needed if dependency not in seen]
                seen.update(needed)


def _listed(arguments: Shown) -> str:
    return one_line(", ".join([f"{name}={text}" for name, text in arguments]), _CELLS)
