"""The selection language: words such as `failed in func1()` -> jobs; pure.

    sel    := diff (("in" | "and") diff)*            intersection, loosest
    diff   := neg (("except" | "but") diff)?         difference, to the right: a except (b except c)
    neg    := "not" neg | union
    union  := atom ("or"? atom)*                     side by side = union, tightest
    atom   := "(" sel ")" | job id | glob (* ? []) | FUNC() | mod.FUNC() | state | "all" | "top" | "bottom" | "last"
            | ("deps" | "dependents" | "ancestors" | "descendants") "of" atom

So `not failed in func1()` is (not failed) in func1(), and `all except a b` is all except (a b). A bare word is a
keyword first; a quoted one is the id of a job.
"""

import shlex
from collections.abc import Iterable

from compmake.errors import SelectionError, UserError
from compmake.graph import sorted_ids
from compmake.job import JobId
from compmake.selection.nodes import Scope, Selection
from compmake.selection.parser import KEYWORDS, Parser
from compmake.words import Word, split_words

__all__ = ["KEYWORDS", "Scope", "Selection", "parse", "quote", "select"]


def select(selection: str | Iterable[Word], scope: Scope) -> list[JobId]:
    """Return the jobs that `selection` means, each once, in natural order.

    Nothing selected is an empty list if the selection was understood: `failed`, and nothing failed.

    Raises:
        SelectionError: It does not parse, or names something that is not there.
    """
    words = _words(selection)
    # An id with parentheses in it, such as fit-(1,2), need not be quoted; func1() is the function.
    words = [
        word._replace(quoted=True) if "(" in word.text[:-2] and word.text in scope.graph.jobs else word
        for word in words
    ]
    selected = parse(words).jobs(scope)
    return sorted_ids(job_id for job_id in scope.graph.jobs if job_id in selected)  # half sorted is sorted faster


def parse(selection: str | Iterable[Word]) -> Selection:
    """Understand a selection, not yet what it selects.

    Raises:
        SelectionError: It does not follow the grammar, is empty, or is nested too deeply.
    """
    return Parser(_words(selection)).parse()


def quote(job_id: JobId) -> str:
    """Return how to type this job in a selection or command, quoted where it must be."""
    return f"'{job_id}'" if job_id in KEYWORDS else shlex.quote(job_id)


def _words(selection: str | Iterable[Word]) -> list[Word]:
    if not isinstance(selection, str):
        return list(selection)
    try:
        return split_words(selection)
    except UserError as error:
        raise SelectionError(str(error)) from error
