"""`Vocabulary`: all the words that mean something on a line of the console; pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from compmake.errors import UserError
from compmake.graph import natural_key
from compmake.job import Job, JobId
from compmake.settings import KEYS
from compmake.ui.commands.line import Step, expand_aliases
from compmake.ui.commands.registry import Command, command_names, find_command
from compmake.ui.id_index import NO_IDS, IdIndex
from compmake.words import Word


@dataclass(frozen=True, slots=True)
class ProgramNames:
    """The names that a program defines; without an id nothing is known of its jobs yet."""

    ids: IdIndex = NO_IDS
    functions: tuple[str, ...] = ()
    """As `list` shows them."""
    full_functions: frozenset[str] = frozenset()
    """Every way to write one: `fit`, `Model.fit`, `mod.Model.fit`, `pkg.mod.Model.fit`."""

    @classmethod
    def of(cls, jobs: Mapping[JobId, Job]) -> "ProgramNames":
        """Collect the names; takes half a second for 100,000 jobs, so do it in a thread."""
        functions = {(job.function_name, job.display_function) for job in jobs.values()}
        full = frozenset(name for function in functions for name in _ways_to_write(*function))
        shown = sorted({shown for _, shown in functions}, key=natural_key)
        return cls(IdIndex.of(jobs), tuple(shown), full)


NOT_KNOWN_YET = ProgramNames()


class RunningMake(NamedTuple):
    """A make that `fg` and `stop` can be told of."""

    number: int
    command: str


def _is_a_job(_: JobId) -> str:
    return "job"


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What the words of a line can mean; commands and settings come from where they are declared."""

    names: ProgramNames = NOT_KNOWN_YET
    aliases: Mapping[str, str] = field(default_factory=dict)
    """The user's own words for lines."""
    makes: tuple[RunningMake, ...] = ()
    about_job: Callable[[JobId], str] = _is_a_job
    """Says something short of a job, such as its state; asked for at most 200 of them at a time."""

    def knows_job(self, text: str) -> bool:
        """Return whether a job has that id; True while the ids are not known."""
        return not len(self.names.ids) or text in self.names.ids

    def knows_function(self, name: str) -> bool:
        """Return whether a job calls a function of that name; True while the jobs are not known."""
        return not len(self.names.ids) or name in self.names.full_functions

    def command_words(self) -> Iterable[str]:
        """Return all that a command may begin with."""
        return sorted({*command_names(), *self.aliases})

    def find_command(self, first: Word) -> tuple[Command, tuple[Word, ...]] | None:
        """Return the command that a line beginning with a word comes to, and the words that an alias puts behind it."""
        try:
            last = expand_aliases([Step((first,))], self.aliases)[-1]
            return find_command(last.words[0].text), last.words[1:]
        except (UserError, ValueError):  # an alias for nothing
            return None


def choices_of(setting: str) -> tuple[str, ...]:
    """Return the words that a setting can be, empty if it is a number, a folder or anything else."""
    key = KEYS.get(setting)
    words = re.split(", | or ", key.expected) if key else []
    return tuple(words) if key and all(word.isalpha() and _accepts(key.read, word) for word in words) else ()


def _accepts(read: Callable[[object], object], word: str) -> bool:
    try:
        read(word)
    except ValueError:
        return False
    return True


def _ways_to_write(function_name: str, shown: str) -> tuple[str, ...]:
    parts = f"{function_name.partition(':')[0]}.{shown}".split(".")
    return tuple(".".join(parts[start:]) for start in range(len(parts)))
