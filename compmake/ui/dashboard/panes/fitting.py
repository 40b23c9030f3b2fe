"""Lines of exactly so many cells: cut, filled, with signs that this screen can show."""

from collections.abc import Sequence

from compmake.text_safety import cells, one_line
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.scrolling import cut_line
from compmake.ui.text import Style, cut, cut_middle

_ID_CELLS = 400
_ASCII = str.maketrans({"─": "-", "│": "|", "┬": "-", "┼": "+", "┴": "-", "├": "+", "┤": "+", "█": "#", "▓": "+"})
_ASCII |= str.maketrans({"░": "-", "▌": ">", "▕": "|", "▏": "|", "–": "-", "≈": "~", "↓": "v", "↑": "^", "−": "-"})


def clean(text: str, style: Style) -> str:
    """Return foreign text so that it can stand in a line."""
    return style.spell(one_line(text, _ID_CELLS))


def left(text: str, width: int, style: Style, *, middle: bool = False) -> str:
    """Return sanitized text in exactly `width` cells, cut at its end or in its middle."""
    blanks = width - cells(text)
    if blanks < 0:
        text = (cut_middle if middle else cut)(text, width, style)
        blanks = width - cells(text)
    return text + " " * blanks


def right(text: str, width: int, style: Style) -> str:
    """Return sanitized text in exactly `width` cells, at their right."""
    blanks = width - cells(text)
    return " " * blanks + text if blanks >= 0 else left(text, width, style)


def fill(line: Line, columns: int, style: Style) -> Line:
    """Return a line in exactly `columns` cells."""
    used = sum(cells(text) for _, text in line)
    if used > columns:
        line = cut_line(line, columns, style)
        used = sum(cells(text) for _, text in line)
    return [*line, ("plain", " " * (columns - used))] if used < columns else line


def block(lines: list[Line], columns: int, rows: int, style: Style) -> list[Line]:
    """Return lines as an area of exactly this size."""
    shown = [fill(line, columns, style) for line in lines[:rows]]
    return shown + [[("plain", " " * columns)] for _ in range(rows - len(shown))]


Label = tuple[int, str]
"""The cell behind its end, and what stands there in the line above a pane."""


def title(
    text: str, columns: int, style: Style, *, note: str = "", labels: Sequence[Label] = (), focus: bool = False
) -> Line:
    """Return the line above a pane, `─ Jobs ───── 151 shown ─`; labels are left out where there is no room."""
    head = cut(f" {text} ", max(columns - 2, 0), style)
    note = f" {note} " if note and cells(head) + cells(note) + 6 <= columns else ""
    rest = columns - 1 - cells(head) - cells(note) - (3 if note else 0)
    rule = _labelled("─" * max(rest, 0), 1 + cells(head), labels)
    line: Line = [("rule", "─"), ("focus" if focus else "rule", head), ("rule", rule)]
    if note:
        line += [("rule", note), ("rule", "───")]
    return fill(line, columns, style)


def _labelled(rule: str, start: int, labels: Sequence[Label]) -> str:
    """Return a rule that starts in a cell with labels in it."""
    for end, text in labels:
        at = end - start - len(text)
        if at > 1 and end - start < len(rule):
            rule = f"{rule[: at - 1]} {text} {rule[at + len(text) + 1 :]}"
    return rule


def spelled(lines: list[Line], style: Style) -> list[Line]:
    """Return lines with the signs that drawings are made of in ASCII, where only that can be shown."""
    if not style.ascii:
        return lines
    return [[(role, text.translate(_ASCII)) for role, text in line] for line in lines]
