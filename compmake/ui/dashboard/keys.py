"""The table of a screen's keys: what carries them out, the bar at the bottom and the page of `?` are made from it."""

from collections.abc import Sequence
from typing import NamedTuple

from compmake.text_safety import cells

Line = list[tuple[str, str]]
"""One line of a screen: roles of the palette, each with its text."""


class Key(NamedTuple):
    """One action and the keys for it."""

    action: str
    names: tuple[str, ...]
    """As urwid calls them."""
    written: str
    """As people read them."""
    help: str
    label: str = ""
    """One word for the bar; empty for what stands on the page of `?` only."""


def action_of(keys: Sequence[Key], name: str) -> str:
    """Return what a key does, empty if it does nothing."""
    return next((key.action for key in keys if name in key.names), "")


def bar(keys: Sequence[Key], columns: int) -> Line:
    """Return the line of keys: as many as fit, the last two in any case."""
    shown = [key for key in keys if key.label]
    texts = [f"{key.written.split()[0]} {key.label}" for key in shown]
    while len(texts) > 2 and sum(map(cells, texts)) + 2 * len(texts) > columns:
        del texts[-3]
    line: Line = []
    for text in texts:
        key, _, label = text.partition(" ")
        line += [("plain", "  " if line else " "), ("key", key), ("dim", f" {label}")]
    return line


def help_lines(keys: Sequence[Key]) -> list[Line]:
    """Return the page of `?`."""
    width = max(len(key.written) for key in keys)
    return [[("plain", "  "), ("key", key.written.ljust(width)), ("plain", f"  {key.help}")] for key in keys]
