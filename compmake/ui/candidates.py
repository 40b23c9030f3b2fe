"""What the Tab key offers: how a name is spelled where it is inserted; pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from compmake.text_safety import one_line
from compmake.ui.commands.registry import Command
from compmake.ui.folders import Entry, entries
from compmake.ui.text import PLAIN, cut_middle
from compmake.ui.typed import needs_quotes
from compmake.ui.vocabulary import Vocabulary
from compmake.words import quoted

MOST = 200
"""So many candidates are shown at most."""
_DISPLAY_CELLS = 60
_ABOUT_CELLS = 50
_LONGEST = 2000


class Candidate(NamedTuple):
    """One thing that may stand at the cursor."""

    text: str
    """What is inserted."""
    replaces: int
    """How many characters before the cursor it replaces."""
    display: str
    about: str
    """What it is, in a few words."""


class Found(NamedTuple):
    """A candidate that is not yet spelled: `literal` for what stands for itself and may need quotes."""

    name: str
    about: str
    literal: bool = False
    partial: bool = False
    """More will be typed behind it, so a quote stays open."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is being typed."""

    line: str
    start: int
    """Where that begins which is replaced."""
    typed: str
    """What it says without its quotes."""
    quoted: bool
    vocabulary: Vocabulary
    command: Command | None = None
    most: int = MOST
    entries: Callable[[str], Sequence[Entry]] = entries

    def candidate(self, found: Found) -> Candidate:
        """Spell a candidate so that the line is read back as what was meant."""
        text = found.name
        if self.quoted or (found.literal and needs_quotes(text, self.command)):
            text = quoted(text, '"' if self.line[self.start : self.start + 1] == '"' else "'")
            text = text[:-1] if found.partial else text
        display = shown(found.name) + ("…" if found.partial else "")
        return Candidate(text, len(self.line) - self.start, display, one_line(found.about, _ABOUT_CELLS))

    def all(self, found: Iterable[Found]) -> list[Candidate]:
        """Return candidates for those that begin with what was typed."""
        fitting = [one for one in found if one.name.startswith(self.typed)]
        return [self.candidate(one) for one in fitting[: self.most]]


def shown(name: str) -> str:
    """Return a name for the menu; long ones lose their middle, for most ids differ at their ends."""
    return cut_middle(one_line(name, _LONGEST), _DISPLAY_CELLS, PLAIN)
