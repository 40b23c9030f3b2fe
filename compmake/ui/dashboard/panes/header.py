"""The header: whose make it is, how many jobs are in which state, how much work is done, when it will end."""

from collections.abc import Sequence

from compmake.text_safety import cells
from compmake.ui.dashboard.board.states import SIGNS, State
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.dashboard.scrolling import wrapped
from compmake.ui.expectation import eta_text
from compmake.ui.text import bar, clock, duration

_ORDER = (
    State.DONE,
    State.UP_TO_DATE,
    State.FAILED,
    State.BLOCKED,
    State.INTERRUPTED,
    State.RUNNING,
    State.READY,
    State.WAITING,
)
_ALWAYS = frozenset({State.DONE, State.FAILED, State.RUNNING, State.WAITING})
_PATTERNS = (
    ("{mark} {count} {word}", "    "),
    ("{mark} {count} {word}", "  "),
    ("{mark}{count} {brief}", "  "),
    ("{mark}{count} {brief}", " "),
    ("{mark}{count}", " "),
)
"""How the numbers are told, and what is between them: the first that fits."""
_BAR_LEAST, _BAR_STEP = 6, 5
Part = tuple[int, Line]
"""The higher its number, the sooner a part is left out; 0 stays."""


def header_lines(scene: Scene, columns: int) -> list[Line]:
    """Return its three lines."""
    return [_names(scene, columns), _counts(scene, columns), _work(scene, columns)]


def status_lines(scene: Scene, columns: int) -> list[Line]:
    """Return all that there is room for on very small screens: one line, that goes on below."""
    line: Line = [("strong", clean(scene.about.program, scene.style)[: columns // 2] + " ")]
    if not scene.board.view.started:
        line.append(("dim", "no make runs "))
    if _is_counted(scene):
        for part in _counted(scene, _PATTERNS[-1][0]):
            line += [*part, ("plain", " ")]
        line.append(("plain", _done(scene)[1].removesuffix(" work").removesuffix(" of jobs done") + " "))
    if scene.board.view.started:
        line.append(("strong", clean(eta_text(scene.board.view, scene.now, brief=True), scene.style)))
    if scene.about.trouble:
        line.append(("error", f" no news: {clean(scene.about.trouble, scene.style)}"))
    return list(wrapped([line], columns))


def _names(scene: Scene, columns: int) -> Line:
    view, about, style = scene.board.view, scene.about, scene.style
    parts: list[Part] = [(0, [("strong", f"compmake {clean(about.program, style)}")])]
    if not view.started:
        parts.append((1, [("dim", "no make runs")]))
    else:
        took = duration(view.elapsed_s(scene.now))
        if view.ended:
            parts.append((1, [("strong", f"{_ended(view.ended)} after {took}")]))
        else:
            parts.append((3, [("plain", clock(scene.now))]))
            wide = f"started {clock(view.started_at)} ({took})" if columns >= 120 else f"runs {took}"
            parts.append((1, [("plain", wide)]))
        if view.is_paused and not view.ended:
            parts.append((0, [("over", "PAUSED")]))
    if about.store:
        parts.append((6, [("dim", f"store {clean(about.store, style)}")]))
    if about.trouble:
        since = f" for {duration(about.trouble_s)}" if about.trouble_s >= 1 else ""
        parts.append((2, [("error", f"{SIGNS[State.FAILED].mark(style)} no news{since}")]))
    elif about.source:
        parts.append((4, [("dim", clean(about.source, style))]))
    if view.started and not view.ended:
        parts.append((5, [("plain", _workers(scene))]))
    return _fitted(parts, columns, "   ")


def _is_counted(scene: Scene) -> bool:
    """Tell whether anything is known to count: a make, or without one how the jobs stand in the store."""
    return scene.board.view.started or scene.board.jobs.has_table


def _ended(how: str) -> str:
    return how if how in ("finished", "interrupted") else "stopped"


def _workers(scene: Scene) -> str:
    workers = scene.board.view.workers
    return f"{scene.board.workers.busy}/{workers} workers" if workers else "in the driver's process"


def _counted(scene: Scene, pattern: str) -> list[Line]:
    """Return how many jobs are in each state; of states that are rare only those in which there are any."""
    counts = scene.counts()
    lines: list[Line] = []
    for state in _ORDER:
        sign, count = SIGNS[state], counts[state]
        if count or state in _ALWAYS:
            text = pattern.format(mark=sign.mark(scene.style), count=count, word=sign.word, brief=sign.brief)
            lines.append([(sign.role if count else "dim", text)])
    return lines


def _counts(scene: Scene, columns: int) -> Line:
    if not _is_counted(scene):
        return []
    total = max(scene.board.view.total, len(scene.board.jobs))
    for pattern, gap in _PATTERNS:
        line = [*_joined(_counted(scene, pattern), gap), ("plain", f"{gap}= {total}")]
        if _width(line) <= columns:
            return line
    return line


def _done(scene: Scene) -> tuple[float, str]:
    """Return how much is done, 0 to 1, and in words: of a make that runs the work, else the jobs."""
    view = scene.board.view
    if view.started and not view.ended:
        fraction = view.work_fraction(scene.now)
        return fraction, f"{min(99, int(100 * fraction))}% work"
    counts = scene.counts()
    done, total = counts[State.DONE] + counts[State.UP_TO_DATE], max(sum(counts.values()), 1)
    return done / total, "all done" if done == total else f"{int(100 * done / total)}% of jobs done"


def _work(scene: Scene, columns: int) -> Line:
    view = scene.board.view
    if not _is_counted(scene):
        return []
    fraction, done = _done(scene)
    tail: list[Part] = [(0, [("strong", done)])]
    if view.started and not view.ended:
        if eta := clean(eta_text(view, scene.now, brief=columns < 60), scene.style):
            tail.append((0, [("strong", eta)]))
        per_minute = scene.board.rate.per_minute(scene.now, view.elapsed_s(scene.now))
        tail.append((1, [("plain", f"{per_minute:.0f} jobs/min")]))
        if view.estimate is not None and view.estimate.critical_s:
            tail.append((2, [("dim", f"critical path {duration(view.estimate.critical_s)}")]))
    line = _fitted(tail, columns * 2 // 3, "   ")
    width = min(columns // 2, columns - _width(line) - 5)
    width -= width % _BAR_STEP  # it changes seldom with the text behind it
    if width < _BAR_LEAST:
        return line
    return [("plain", " ["), ("bar", bar(fraction, width, scene.style)), ("plain", "] "), *line]


def _width(line: Line) -> int:
    return sum(cells(text) for _, text in line)


def _joined(parts: Sequence[Line], gap: str) -> Line:
    line: Line = []
    for part in parts:
        line += [("plain", gap if line else " "), *part]
    return line


def _fitted(parts: Sequence[Part], columns: int, gap: str) -> Line:
    """Return the parts in a row, without those for which there is no room."""
    kept = list(parts)
    line = _joined([part for _, part in kept], gap)
    while _width(line) > columns and any(order for order, _ in kept):
        kept.remove(max(kept, key=lambda part: part[0]))
        line = _joined([part for _, part in kept], gap)
    return line
