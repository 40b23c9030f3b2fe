"""Which jobs a name means, and what may have been meant by a name that means none."""

import re
import shlex
from collections.abc import Collection, Iterable
from fnmatch import translate
from itertools import islice

from compmake.errors import SelectionError
from compmake.graph import Graph
from compmake.job import JobId
from compmake.text_safety import one_line
from compmake.words import close_matches

GLOB_CHARACTERS = frozenset("*?[")
_SUGGESTIONS = 3
_CANDIDATES = 200
"""Comparing letter by letter is slow: 100,000 ids are first cut down to so many."""
_COMPARED_CHARACTERS = 100
_SHOWN_CELLS = 80
_LISTED = " `ls` lists all jobs."


def jobs_named(text: str, graph: Graph, keywords: Collection[str], commands: Collection[str]) -> set[JobId]:
    """Return the jobs that a bare word means: a function's if it ends with `()`, else an id or a glob.

    Raises:
        SelectionError: There is no such job or function, or nothing matches the glob.
    """
    if text.endswith("()"):
        found = _jobs_of_function(text[:-2], graph)
        if found:
            return found
    if text in graph.jobs:
        return {JobId(text)}
    if text.endswith("()"):
        raise SelectionError(f"no job calls {_show(text)}.{_did_you_mean(text, _functions(graph))}")
    if GLOB_CHARACTERS.intersection(text):
        matches = re.compile(translate(text)).match
        found = {job_id for job_id in graph.jobs if matches(job_id)}
        if not found:
            raise SelectionError(f"no job's id matches {_show(text)}.{_LISTED}")
        return found
    if text in commands:
        raise SelectionError(f"no job is called {_show(text)}. To run the command of that name, put a ; before it.")
    candidates = [*sorted(keywords), *_functions(graph), *nearby(text, graph.jobs)]
    raise SelectionError(f"no job is called {_show(text)}.{_did_you_mean(text, candidates, graph.jobs)}")


def unknown_job(text: str, graph: Graph) -> str:
    """Return the message for a quoted word that is no job's id."""
    return f"no job is called {_show(text)}.{_did_you_mean(text, nearby(text, graph.jobs), graph.jobs)}"


def _jobs_of_function(name: str, graph: Graph) -> set[JobId]:
    """Return the jobs of each function whose full name, such as `pkg.mod.Model.fit`, ends with the parts of `name`."""
    chosen: dict[tuple[str, str], bool] = {}
    found = set()
    for job_id, job in graph.jobs.items():
        function = (job.function_name, job.display_function)
        if function not in chosen:
            full_name = f"{job.function_name.partition(':')[0]}.{job.display_function}"
            chosen[function] = f".{full_name}".endswith(f".{name}")
        if chosen[function]:
            found.add(job_id)
    return found


def _functions(graph: Graph) -> list[str]:
    return [f"{name}()" for name in sorted({job.display_function for job in graph.jobs.values()})[:_CANDIDATES]]


def nearby(text: str, ids: Iterable[JobId]) -> list[JobId]:
    """Return a few ids that can be a slip away from `text`: one wrong letter leaves the other half as it was."""
    length = len(text)
    slack = 2 + length // 4
    head, tail = text[: length // 2], text[(length + 1) // 2 :]
    near = [
        job_id
        for job_id in ids
        if -slack <= len(job_id) - length <= slack and (job_id.startswith(head) or job_id.endswith(tail))
    ]
    for kept in (length - 1, length * 3 // 4):
        if len(near) > _CANDIDATES:
            near = [job_id for job_id in near if job_id.startswith(text[:kept])] or near
    return near[:_CANDIDATES]


def _did_you_mean(text: str, candidates: Collection[str], ids: Iterable[JobId] = ()) -> str:
    """Return what may have been meant: close candidates, else ids that hold the text."""
    found = close_matches(text[:_COMPARED_CHARACTERS], candidates, _SUGGESTIONS)
    if not found and len(text) > 1:
        part = text.casefold()
        found = list(islice((job_id for job_id in ids if part in job_id.casefold()), _SUGGESTIONS))
    if not found:
        return _LISTED
    shown = [name if name.endswith("()") else one_line(shlex.quote(name), _SHOWN_CELLS) for name in found]
    return f" Did you mean {' or '.join([', '.join(shown[:-1]), shown[-1]] if shown[1:] else shown)}?"


def _show(text: str) -> str:
    return f"'{one_line(text, _SHOWN_CELLS)}'"
