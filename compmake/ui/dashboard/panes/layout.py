"""Where the parts of the dashboard are, for any size of terminal."""

from typing import NamedTuple

HEADER, STATUS, WORKERS, FUNCTIONS, JOBS, DETAIL, TIMELINE, EVENTS, KEYS = (
    "header",
    "status",
    "workers",
    "functions",
    "jobs",
    "detail",
    "timeline",
    "events",
    "keys",
)
PANES = (JOBS, WORKERS, DETAIL, FUNCTIONS, TIMELINE, EVENTS)
"""What can have the keys, and what can be zoomed."""
WIDE = 120
"""Columns from which on there are two panes side by side."""
_HEADER_ROWS = 3
_LEFT_SHARE = 0.61


class Area(NamedTuple):
    """One part: what, where and how large, its title line included."""

    name: str
    x: int
    y: int
    columns: int
    rows: int


def layout(columns: int, rows: int, zoom: str = "", *, workers: int = 8, functions: int = 0) -> list[Area]:
    """Return the areas that fill the terminal, from the top, those beside each other from the left.

    Args:
        columns: Cells of a line.
        rows: Lines.
        zoom: The pane that is to have all the room; empty for the usual ones.
        workers: How many lines the workers would fill, or the summary in their place.
        functions: How many the functions would.
    """
    if columns < 40 or rows < 10:
        return [Area(STATUS, 0, 0, columns, rows)]
    stack = _Stack(columns, rows)
    stack.add(HEADER, _HEADER_ROWS)
    body = rows - _HEADER_ROWS - 1
    if zoom in PANES:
        stack.add(zoom, body)
    elif columns >= WIDE and rows >= 24:
        _wide(stack, body, workers, functions)
    else:
        _narrow(stack, body, workers, with_detail=columns >= 80 and rows >= 24)
    stack.add(KEYS, 1)
    return stack.areas


class _Stack:
    """Areas one below the other."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.areas: list[Area] = []
        self._y = 0

    def add(self, name: str, rows: int) -> None:
        if rows > 0:
            self.areas.append(Area(name, 0, self._y, self.columns, rows))
            self._y += rows

    def add_pair(self, left: str, right: str, rows: int) -> None:
        """Two beside each other; between them is a line of one cell."""
        width = int(self.columns * _LEFT_SHARE)
        self.areas.append(Area(left, 0, self._y, width, rows))
        self.areas.append(Area(right, width + 1, self._y, self.columns - width - 1, rows))
        self._y += rows


def _wide(stack: _Stack, body: int, workers: int, functions: int) -> None:
    events = 4 if body >= 36 else 2 if body >= 26 else 0
    timeline = min(workers + 1, max(3, body // 4)) if body >= 26 else 0
    left = body - events - timeline
    upper = max(4, min(max(workers, functions, 5) + 1, left // 3))
    stack.add_pair(WORKERS, FUNCTIONS, upper)
    stack.add_pair(JOBS, DETAIL, left - upper)
    stack.add(TIMELINE, timeline)
    stack.add(EVENTS, events)


def _narrow(stack: _Stack, body: int, workers: int, *, with_detail: bool) -> None:
    events = 4 if with_detail and body >= 40 else 0
    timeline = min(workers + 1, body // 6) if with_detail and body >= 36 else 0
    body -= events + timeline
    detail = max(5, body // 4) if with_detail else 0
    # Without room for the detail the workers have one line, and below 14 lines none.
    above = max(3, min(workers + 1, body * 3 // 10)) if with_detail else 1 if body >= 10 else 0
    stack.add(WORKERS, above)
    stack.add(JOBS, body - above - detail)
    stack.add(DETAIL, detail)
    stack.add(TIMELINE, timeline)
    stack.add(EVENTS, events)
