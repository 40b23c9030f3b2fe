"""Vocabularies for tests of what is offered while a line is typed."""

from graphs import job

import compmake.ui.commands
import compmake.ui.commands.consoling  # noqa: F401 -- registers the commands
from compmake.ui.completion import complete
from compmake.ui.vocabulary import ProgramNames, RunningMake, Vocabulary

JOBS = [
    job("func1-3", function="pkg.mod:func1"),
    job("func1-23", function="pkg.mod:func1"),
    job("func2-1", function="pkg.mod:func2"),
    job("train-b=7-lr=0.1", function="pkg.mod:Model.fit"),
    job("a b c", function="pkg.mod:spaced"),
    job("a b d", function="pkg.mod:spaced"),
    job("it's", function="pkg.mod:spaced"),
    job("last", function="pkg.mod:spaced"),
    job("fit-(1,2)", function="pkg.mod:tupled"),
    job("n=4", function="pkg.mod:tupled"),
]
NAMES = ProgramNames.of({one.job_id: one for one in JOBS})
VOCABULARY = Vocabulary(
    NAMES,
    aliases={"lf": "ls failed", "again": "reload; make", "quick": "ls | head"},
    makes=(RunningMake(1, "make"), RunningMake(2, "make func1()")),
)


def named(ids, **more):
    """Return a vocabulary with jobs of these ids."""
    return Vocabulary(ProgramNames.of({job_id: job(job_id) for job_id in ids}), **more)


def after(line, vocabulary=VOCABULARY, **more):
    """Return the lines that the candidates make of `line`."""
    return [line[: len(line) - one.replaces] + one.text for one in complete(line, vocabulary, **more)]


def offered(line, vocabulary=VOCABULARY, **more):
    """Return the texts that are offered at the end of `line`."""
    return [one.text for one in complete(line, vocabulary, **more)]
