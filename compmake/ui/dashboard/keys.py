"""The table of a screen's keys: what carries them out, the bar at the bottom and the page of `?` are made from it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compmake.errors import UserError
from compmake.text_safety import cells, one_line
from compmake.words import close_matches

Line = list[tuple[str, str]]
"""One line of a screen: roles of the palette, each with its text."""


_SPELLED = {" ": "space", "page up": "PgUp", "page down": "PgDn", "ctrl @": "ctrl-space", "shift tab": "shift-tab"}
_SPELLED |= {"up": "up", "down": "down", "left": "left", "right": "right", "backspace": "backspace"}
"""How people write keys; of others the first letter is made a capital, and `ctrl t` is `ctrl-t`."""
_NAMED = {"tab", "enter", "esc", "home", "end", "insert", "delete"}
_NAMED |= {f"f{number}" for number in range(1, 13)}
_OTHER_WORDS = {"page-up": "page up", "page-down": "page down", "escape": "esc", "return": "enter", "del": "delete"}
_CELLS = 40


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


def written(name: str) -> str:
    """Return a key, named as urwid does, as people write it."""
    if name in _SPELLED or len(name) == 1:
        return _SPELLED.get(name, name)
    return name.replace(" ", "-") if name.startswith("ctrl ") else name.capitalize()


def name_of(text: str) -> str:
    """Return the name that urwid has for a key as people write it: `x`, `space`, `ctrl-t`, `F5`, `PgDn`.

    Raises:
        ValueError: There is no such key, or no terminal tells of it.
    """
    if len(text) == 1 and text.isprintable():
        return text
    word = text.strip().lower()
    by_word = {spelled.lower(): name for name, spelled in _SPELLED.items()} | _OTHER_WORDS
    if word in by_word or word in _NAMED:
        return by_word.get(word, word)
    letter = word.removeprefix("ctrl-")
    if letter != word and len(letter) == 1 and letter.isascii() and letter.isalpha():
        return f"ctrl {letter}"
    raise ValueError(text)


def rebound(keys: Sequence[Key], wishes: Mapping[str, str], kept: str) -> tuple[Key, ...]:
    """Return the table with other keys for some actions; a key that is given to one is taken from all others.

    Args:
        keys: The table.
        wishes: The key for an action, or several with blanks between, as people write them.
        kept: The action that must have a key.

    Raises:
        UserError: There is no such action, or no such key.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for action, text in wishes.items():
        if action not in {key.action for key in keys}:
            close = close_matches(action, [key.action for key in keys])
            hint = f"did you mean {close[0]}?" if close else "`?` in the dashboard lists them"
            raise UserError(f"setting keys: there is no action {one_line(action, _CELLS)!r}: {hint}")
        try:
            wanted[action] = tuple(map(name_of, text.split() or [text]))
        except ValueError as error:
            raise UserError(
                f"setting keys: {action} = {one_line(text, _CELLS)!r}: {one_line(str(error), _CELLS)!r} is no key; "
                "x, space, tab, enter, ctrl-t, F5, PgDn and the like are"
            ) from error
    taken = {name for names in wanted.values() for name in names}
    table = []
    for key in keys:
        names = wanted.get(key.action) or tuple(name for name in key.names if name not in taken)
        if names != key.names:
            key = key._replace(names=names, written=" ".join(map(written, names)))
        if names:
            table.append(key)
        elif key.action == kept:
            raise UserError(f'setting keys: no key is left for {kept}; give it one: keys = {{{kept} = "q"}}')
    return tuple(table)
