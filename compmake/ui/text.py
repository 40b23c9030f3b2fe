"""Pure rendering helpers: durations, sizes, tables, bars, glyphs and colours."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from compmake.job import JobState
from compmake.text_safety import cells

_GLYPHS = {
    JobState.DONE: ("✔", "[+]"),
    JobState.RUNNING: ("▶", "[>]"),
    JobState.FAILED: ("✘", "[x]"),
    JobState.BLOCKED: ("⊘", "[-]"),
    JobState.READY: ("◌", "[.]"),
    JobState.WAITING: ("·", "[ ]"),
    JobState.TODO: ("·", "[ ]"),
    JobState.STALE: ("~", "[~]"),
    JobState.INTERRUPTED: ("!", "[!]"),
}
# Okabe and Ito's palette, which colour-blind people can tell apart, as the nearest of 256 colours; then of 8.
PALETTE: dict[JobState | str, tuple[str, str]] = {
    JobState.DONE: ("38;5;36", "32"),
    JobState.RUNNING: ("38;5;74", "36"),
    JobState.FAILED: ("1;38;5;166", "1;31"),
    JobState.BLOCKED: ("38;5;178", "33"),
    JobState.WAITING: ("2", "2"),
    JobState.TODO: ("2", "2"),
    JobState.STALE: ("38;5;227", "33"),
    JobState.INTERRUPTED: ("1", "1"),
    "bold": ("1", "1"),
    "dim": ("2", "2"),
    "old": ("38;5;166", "31"),
    "new": ("38;5;36", "32"),
    "unknown": ("4;38;5;166", "4;31"),
    "option": ("38;5;74", "36"),
    "keyword": ("38;5;175", "35"),
    "string": ("38;5;143", "33"),
}
"""The codes of each state and role for 256 colours and for 8."""
Parts = list[tuple[JobState | str, str]]
"""A line: texts, each with the state or role in whose colour it is painted."""
_SPELLED = str.maketrans(
    {sign: word for sign, word in _GLYPHS.values() if not sign.isascii()}
    | {"…": "...", "·": "|", "⏎": r"\n", "←": "<-", "–": "-", "≈": "~", "≥": ">="}
)


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's screen can show: 0, 8 or 256 colours, and whether only ASCII."""

    colors: int = 0
    ascii: bool = False

    def paint(self, role: JobState | str, text: str) -> str:
        """Return the text in the colour of a state, or in that of a role of the palette; unchanged without colours."""
        codes = PALETTE.get(role)
        if codes is None or self.colors == 0 or not text:
            return text
        return f"\x1b[{codes[0] if self.colors >= 256 else codes[1]}m{text}\x1b[0m"

    def glyph(self, state: JobState) -> str:
        """Return the sign of a state; the word always stands beside it."""
        return _GLYPHS[state][self.ascii]

    @property
    def ellipsis(self) -> str:
        """Return the mark of what was cut."""
        return "..." if self.ascii else "…"

    def spell(self, text: str) -> str:
        """Return the text with compmake's own signs in ASCII where only that can be shown."""
        return text.translate(_SPELLED) if self.ascii else text


PLAIN = Style()


def can_encode(encoding: str | None) -> bool:
    """Tell whether the glyphs exist in the encoding of a stream."""
    try:
        "".join(sign for sign, _ in _GLYPHS.values()).encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def duration(seconds: float) -> str:
    """Return a duration in at most two units: `40ms`, `0.2s`, `41s`, `6m01s`, `2h05m`, `3d4h`."""
    if not seconds >= 0.0005:  # also NaN, and clocks that went back
        return "0s"
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f}ms"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds > 1e12:
        return "for ever"
    whole = round(seconds)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    if not minutes:
        return f"{second}s"
    if not hours:
        return f"{minute}m{second:02}s"
    return f"{days}d{hour}h" if days else f"{hour}h{minute:02}m"


def roughly(seconds: float) -> str:
    """Return a duration in one unit, as one says an expectation: `41s`, `6m`, `2h`."""
    for unit_s, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 1.5 * unit_s:
            return f"{round(seconds / unit_s)}{unit}"
    return f"{max(1, round(seconds))}s"


def ago(seconds: float) -> str:
    """Return how long ago something was: `just now`, `41s ago`, `2h ago`."""
    return "just now" if seconds < 1 else f"{roughly(seconds)} ago"


def clock(epoch_s: float) -> str:
    """Return the local time of day, `14:32:10`."""
    return time.strftime("%H:%M:%S", time.localtime(epoch_s))


def cut(text: str, width: int, style: Style) -> str:
    """Return sanitized text in at most `width` cells, its end replaced by the ellipsis if it is too long."""
    if cells(text) <= width:
        return text
    room = width - len(style.ellipsis)
    if room <= 0:
        return style.ellipsis[: max(width, 0)]
    return _beginning(text, room) + style.ellipsis


def _beginning(text: str, width: int) -> str:
    """Return as much of the text as fits in `width` cells."""
    kept = 0
    for at, character in enumerate(text):
        kept += cells(character)
        if kept > width:
            return text[:at]
    return text


def cut_middle(text: str, width: int, style: Style) -> str:
    """Return sanitized text in at most `width` cells, its middle replaced: ids mostly differ at their ends."""
    room = width - len(style.ellipsis)
    if cells(text) <= width or room < 2:
        return cut(text, width, style)
    end = ""
    for character in reversed(text):
        if cells(character + end) > (room + 1) // 2:
            break
        end = character + end
    return cut(text, width - cells(end), style) + end


def wrap(text: str, width: int | None, *, indent: int = 0) -> list[str]:
    """Break a sanitized line at blanks so that it fits the screen; words that are too long for it are broken too.

    Args:
        text: One line, without colours.
        width: Cells of the screen, less than 1 count as 1; None, as in pipes, breaks nothing.
        indent: Blanks before what follows the first line; those that the line itself begins with count too.
    """
    if width is None or cells(text) <= width:
        return [text]
    width = max(width, 1)
    start = text[: len(text) - len(text.lstrip())]
    blanks = " " * min(len(start) + indent, width // 3)
    lines, line = [], start
    for word in text[len(start) :].split(" "):
        joined = f"{line} {word}" if line.strip() else line + word
        if cells(joined) > width and line.strip() and cells(blanks + word) <= width:
            lines.append(line.rstrip())
            joined = blanks + word
        while cells(joined) > width:
            fits = _beginning(joined, width)
            fits = fits if fits.strip() else joined[: len(blanks) + 1]  # one wide character on a very narrow screen
            lines.append(fits.rstrip())
            joined = blanks + joined[len(fits) :]
        line = joined
    return [*lines, line.rstrip()] if line.strip() else lines


def printed(line: str) -> str:
    """Return what people see of a printed line, not yet sanitized: a carriage return begins it anew."""
    return line.rstrip().rpartition("\r")[2]


def bar(fraction: float, width: int, style: Style) -> str:
    """Return a bar of `width` columns, filled from the left; only 1 fills it."""
    filled = int(min(max(fraction, 0.0), 1.0) * width)
    full, empty = ("#", "-") if style.ascii else ("█", "░")
    return full * filled + empty * (width - filled)


def usual_bar(age_s: float, usual_s: float, width: int, style: Style) -> tuple[str, str, str]:
    """Return how far a job is if it takes as long as usual, in three parts: `█████`, beyond that `▓▓▓`, ` 1.6x`."""
    if age_s <= usual_s:
        return bar(age_s / usual_s, width, style), "", ""
    over = age_s / usual_s
    usual_cells = max(1, int(width / over))
    full, beyond = ("#", "+") if style.ascii else ("█", "▓")
    times = f"{over:.1f}x" if over < 9.95 else f"{min(over, 999):.0f}x"
    return full * usual_cells, beyond * (width - usual_cells), f" {times}"


Paint = Callable[[Sequence[str], int, str], str]
"""Colours a cell: given the row, the column's number and the padded text."""


def table(
    rows: Sequence[Sequence[str]],
    headers: Sequence[str] = (),
    *,
    width: int | None = None,
    right: Collection[int] = (),
    paint: Paint | None = None,
    style: Style = PLAIN,
) -> list[str]:
    """Align rows in columns, two spaces apart.

    Args:
        rows: Sanitized cells of one line each; every row has as many as there are columns.
        headers: Names of the columns; without them there is no header line.
        width: Cells of the screen; the widest columns are cut until all fit. None, as in pipes, cuts nothing.
        right: Columns that are aligned to the right, as numbers are.
        paint: Colours the cells of rows.
        style: Says how a cut is marked.
    """
    lines = [headers, *rows] if headers else list(rows)
    if not lines:
        return []
    widths = [max(map(cells, column)) for column in zip(*lines, strict=True)]
    if width is not None:
        shrink(widths, width - 2 * (len(widths) - 1))

    def pad(column: int, cell: str) -> str:
        shown = cut(cell, widths[column], style)
        blanks = " " * (widths[column] - cells(shown))
        if column in right:
            return blanks + shown
        return shown if column == len(widths) - 1 else shown + blanks

    text = []
    for number, row in enumerate(lines):
        padded = [pad(column, cell) for column, cell in enumerate(row)]
        if paint is not None and not (headers and number == 0):
            padded = [paint(row, column, cell) for column, cell in enumerate(padded)]
        text.append("  ".join(padded).rstrip())
    return text


def shrink(widths: list[int], room: int) -> None:
    """Take from the widest column until the sum fits, or every column is tiny."""
    while sum(widths) > room and max(widths) > 4:
        widest = widths.index(max(widths))
        others = sorted(widths)[-2] if len(widths) > 1 else 4
        excess = sum(widths) - room
        widths[widest] = max(4, min(widths[widest] - 1, max(others, widths[widest] - excess)))
