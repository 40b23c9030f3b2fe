"""Looks at the lines of a source file, without understanding them as Python."""

from dataclasses import dataclass
from pathlib import Path

from survey.measure import read_source


@dataclass(frozen=True)
class Style:
    """What the lines of a file look like."""

    longest_line: int
    tabs: int
    trailing_spaces: int


def check_style(path: Path) -> Style:
    """Return how the lines look; works for text that is no valid Python too."""
    lines = read_source(path).splitlines()
    return Style(
        longest_line=max(map(len, lines), default=0),
        tabs=sum("\t" in line for line in lines),
        trailing_spaces=sum(line != line.rstrip() for line in lines),
    )
