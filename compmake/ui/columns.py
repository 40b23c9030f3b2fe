"""`Listing`: a table that fits the screen and is worked out only where somebody looks, for lists of 100,000 jobs."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, overload

from compmake.text_safety import cells
from compmake.ui.text import PLAIN, Style, cut, cut_middle, shrink

_BLOCK = 1000
"""Rows that are worked out, and aligned, at once."""
_GAP = 2
_LEAST = 12
"""Cells in which a column that may be cut still says something."""

Cell = str | tuple[str, str]
"""The text of a cell; or a long and a short form of it, of which a column shows one."""


class Column(NamedTuple):
    """What is known of a column before its cells are."""

    name: str
    dropped: int = 0
    """On a narrow screen the column with the highest number goes first; 0 stays."""
    right: bool = False
    flexible: bool = False
    """It may be cut, down to half of the screen, before any other column goes."""
    middle: bool = False
    """It is cut in its middle."""


class Listing(Sequence[str]):
    """The lines of a table: a header, on a screen, and one line a row."""

    def __init__(
        self,
        columns: Sequence[Column],
        count: int,
        row: Callable[[int, Sequence[str]], Sequence[Cell]],
        *,
        width: int | None = None,
        header: bool | None = None,
        least: Sequence[int] = (),
        paint: Callable[[int, str, str], str] | None = None,
        style: Style = PLAIN,
    ) -> None:
        """Prepare; no row is asked for yet.

        Args:
            columns: The columns, from the left.
            count: How many rows there are.
            row: Returns the sanitized cells of the row of that number, for the columns of these names.
            width: Cells of the screen. None, as in pipes: nothing is cut, no column is dropped.
            header: Whether the names of the columns come first; default on a screen only.
            least: Cells that each column needs as far as it is known beforehand, so that all rows are aligned.
            paint: Colours a padded cell, given the number of the row and the name of the column.
            style: Says how a cut is marked.
        """
        self._count, self._row, self._paint = count, row, paint
        self._width, self._style = width, style
        self._headers = int(width is not None if header is None else header)
        needed = list(least) or [0] * len(columns)
        if self._headers:
            needed = [max(pair) for pair in zip(needed, [len(c.name) for c in columns], strict=True)]
        shown = list(zip(columns, needed, strict=True))
        self.dropped: list[str] = []
        """Columns for which the screen is too narrow."""
        if width is not None:
            block = self._cells(range(min(count, _BLOCK)), columns)
            shown = _kept(columns, *_extent(block, needed), width)
            self.dropped = [c.name for c in columns if c.name not in {kept.name for kept, _ in shown}]
        self._columns = [column for column, _ in shown]
        self._needed = [needed[columns.index(column)] for column in self._columns]

    def __len__(self) -> int:
        return self._count + self._headers

    @overload
    def __getitem__(self, key: int) -> str: ...

    @overload
    def __getitem__(self, key: slice) -> list[str]: ...

    def __getitem__(self, key: int | slice) -> str | list[str]:
        if isinstance(key, int):
            return self._lines(range(len(self))[key : key + 1 or None], list(self._needed))[0]
        return self._lines(range(len(self))[key], list(self._needed))

    def __iter__(self) -> Iterator[str]:
        needed = list(self._needed)  # grows from block to block
        for start in range(0, len(self), _BLOCK):
            yield from self._lines(range(start, min(start + _BLOCK, len(self))), needed)

    def _cells(self, rows: range, columns: Sequence[Column]) -> list[Sequence[Cell]]:
        names = [column.name for column in columns]
        return [self._row(number, names) for number in rows]

    def _lines(self, numbers: range, needed: list[int]) -> list[str]:
        """Return lines, aligned among themselves; `needed` is widened to what they need."""
        rows = range(numbers.start - self._headers, numbers.stop - self._headers, numbers.step)
        has_header = bool(self._headers) and 0 in numbers
        rows = rows[1:] if has_header else rows
        block = self._cells(rows, self._columns)
        full, short = _extent(block if self._width is not None else [row[:-1] for row in block], needed)
        needed[:] = full
        widths = full if self._width is None else _fitted(self._columns, full, short, self._width)
        lines = [self._line([c.name for c in self._columns], widths, full)] if has_header else []
        for number, row in zip(rows, block, strict=True):
            lines.append(self._line(row, widths, full, number))
        return lines

    def _line(self, row: Sequence[Cell], widths: Sequence[int], full: Sequence[int], number: int | None = None) -> str:
        shown = []
        last = len(row) - 1
        for at, (column, cell) in enumerate(zip(self._columns, row, strict=True)):
            text = cell if isinstance(cell, str) else cell[widths[at] < full[at]]
            if self._width is not None or at != last:
                text = self._padded(text, column, widths[at])
            shown.append(text if self._paint is None or number is None else self._paint(number, column.name, text))
        return (" " * _GAP).join(shown).rstrip()

    def _padded(self, text: str, column: Column, width: int) -> str:
        blanks = width - cells(text)
        if blanks < 0:
            text = (cut_middle if column.middle else cut)(text, width, self._style)
            blanks = width - cells(text)
        return " " * blanks + text if column.right else text + " " * blanks


def _extent(block: Sequence[Sequence[Cell]], needed: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the cells that each column takes, first with long forms, then with short ones."""
    full, short = list(needed), list(needed)
    for row in block:
        for at, cell in enumerate(row):
            long, brief = (cell, cell) if isinstance(cell, str) else cell
            full[at] = max(full[at], cells(long))
            short[at] = max(short[at], cells(brief))
    return full, short


def _kept(columns: Sequence[Column], full: Sequence[int], short: Sequence[int], width: int) -> list[tuple[Column, int]]:
    """Return the columns for which there is room, each with the cells that it should have at least."""
    kept = [
        (column, min(brief, max(width // 2, len(column.name))) if column.flexible else long)
        for column, long, brief in zip(columns, full, short, strict=True)
    ]
    while sum(need + _GAP for _, need in kept) - _GAP > width and any(column.dropped for column, _ in kept):
        kept.remove(max(kept, key=lambda pair: pair[0].dropped))
    return kept


def _fitted(columns: Sequence[Column], full: Sequence[int], short: Sequence[int], width: int) -> list[int]:
    """Return the width of each column on the screen: what is left is given to those that may be cut, from the left."""
    kept = _kept([column._replace(dropped=0) for column in columns], full, short, width)
    widths = [need for _, need in kept]
    room = width - _GAP * (len(columns) - 1)
    for at, column in enumerate(columns):
        if column.flexible:
            widths[at] += max(0, min(full[at] - widths[at], room - sum(widths)))
        if column.flexible and not column.middle:
            widths[at] = max(min(widths[at], _LEAST), widths[at] - max(0, sum(widths) - room))
    shrink(widths, room)
    return widths
