"""The workers: what each does, how it is, for how long against what is usual."""

from collections.abc import Sequence

from compmake.text_safety import cells
from compmake.ui.dashboard.board.states import SILENT
from compmake.ui.dashboard.board.workers import LOST_AFTER_S, WorkerNow
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import Label, clean, fill, left, right
from compmake.ui.dashboard.panes.scene import Scene, job_bar
from compmake.ui.text import duration, printed
from compmake.words import bytes_text

_BAR_CELLS = 10
_TIMES_CELLS = 6
_JOB_LEAST = 16
_SAID_LEAST = 10
_FIXED = {"beat": 6, "cpu": 6, "rss": 6, "age": 16, "bar": _BAR_CELLS + _TIMES_CELLS}
"""Columns and their cells with the blanks before; the last ones are left out first."""
_LABELS = {"beat": "beat", "cpu": "cpu", "rss": "rss", "age": "elapsed / usual"}


def workers_note(scene: Scene) -> str:
    """Return how many do what."""
    everybody = scene.board.workers.all()
    idle = sum(worker.job_id is None for worker in everybody)
    # Without news nobody is heard, which says nothing of the workers.
    silent = 0 if scene.about.trouble else sum(worker.silent_s(scene.now) > 0 for worker in everybody)
    counts = ((len(everybody) - idle, "busy"), (idle, "idle"), (silent, "silent"))
    return ", ".join(f"{count} {word}" for count, word in counts if count)


def workers_title(scene: Scene) -> str:
    """Return the title of the pane."""
    return scene.dot.join(filter(None, ("Workers", workers_note(scene))))


def workers_labels(scene: Scene, columns: int, rows: int, *, zoomed: bool) -> list[Label]:
    """Return what the columns are called, where they end."""
    widths = _widths(scene, _shown(scene, rows, zoomed=zoomed), columns)
    at = widths["name"] + 2 + widths["job"] + (widths["said"] + 1 if "said" in widths else 0)
    labels = []
    for column, label in _LABELS.items():
        if column in widths:
            at += widths[column]
            labels.append((at, label))
    return labels


def workers_line(scene: Scene) -> Line:
    """Return all in one line, for small screens."""
    line: Line = [("plain", f" workers: {workers_note(scene) or 'none yet'}")]
    silent = [worker for worker in scene.board.workers.all() if worker.silent_s(scene.now)]
    if silent:
        line.append((SILENT.role, f"  {SILENT.mark(scene.style)} {clean(silent[0].name, scene.style)} "))
    return line


def workers_lines(scene: Scene, columns: int, rows: int, *, zoomed: bool) -> list[Line]:
    """Return what there is room for; silent workers always, idle ones last."""
    everybody = scene.board.workers.all()
    if not everybody:
        return [[("dim", " no worker has begun a job yet")]] if scene.board.view.started else []
    shown = _shown(scene, rows, zoomed=zoomed)
    widths = _widths(scene, shown, columns)
    lines: list[Line] = []
    for worker in shown:
        lines.append(_row(scene, worker, widths, columns))
        if zoomed:
            lines.append(_second(scene, worker))
    rest = len(everybody) - len(shown)
    if rest and len(lines) < rows:
        names = {worker.name for worker in shown}
        idle = sum(worker.job_id is None for worker in everybody if worker.name not in names)
        more = f" {scene.style.ellipsis} {rest} more" + (f", {idle} idle" if idle else "")
        lines.append([("dim", more + ("" if zoomed else "   w: all"))])
    return lines


def _shown(scene: Scene, rows: int, *, zoomed: bool) -> list[WorkerNow]:
    everybody = scene.board.workers.all()
    each = 2 if zoomed else 1
    room = rows // each if len(everybody) * each <= rows else (rows - 1) // each
    if not zoomed:
        return _most_telling(everybody, room, scene.now)
    top = min(scene.look.tops.get("workers", 0), max(0, len(everybody) - room))
    return everybody[top : top + room]


def _most_telling(everybody: Sequence[WorkerNow], room: int, now: float) -> list[WorkerNow]:
    """Return so many workers in their order, silent ones before busy ones before idle ones."""
    if len(everybody) <= room:
        return list(everybody)
    ranks = sorted(range(len(everybody)), key=lambda at: _dullness(everybody[at], now))
    return [everybody[at] for at in sorted(ranks[: max(0, room)])]


def _dullness(worker: WorkerNow, now: float) -> int:
    return 2 if worker.job_id is None else 0 if worker.silent_s(now) else 1


def _widths(scene: Scene, shown: Sequence[WorkerNow], columns: int) -> dict[str, int]:
    names = [_name(scene, worker) for worker in shown]
    widths = {"name": min(max(map(cells, names), default=2), max(4, columns // 6))}
    used = widths["name"] + 2
    for column, width in _FIXED.items():
        if used + width + _JOB_LEAST <= columns:
            widths[column] = width
            used += width
    jobs = max((cells(clean(worker.job_id or _idle(scene, worker), scene.style)) for worker in shown), default=0) + 3
    room = columns - used
    widths["job"] = room
    if room > min(jobs, 40) + _SAID_LEAST:
        widths["job"] = min(jobs, max(_JOB_LEAST, room // 2))
        widths["said"] = room - widths["job"] - 1
    return widths


def _idle(scene: Scene, worker: WorkerNow) -> str:
    return f"idle {duration(scene.now - worker.started_at)}" if worker.started_at else "idle"


def _name(scene: Scene, worker: WorkerNow) -> str:
    return clean(worker.name, scene.style)


def _row(scene: Scene, worker: WorkerNow, widths: dict[str, int], columns: int) -> Line:
    style, now = scene.style, scene.now
    line: Line = [("plain", f" {left(_name(scene, worker), widths['name'], style)} ")]
    if worker.job_id is None:
        return [*line, ("dim", left(_idle(scene, worker), widths["job"] + widths.get("said", 0), style))]
    silent_s = worker.silent_s(now)
    beat = worker.beat
    job = clean(worker.job_id, style)
    if silent_s:
        line += [(SILENT.role, SILENT.mark(style)), ("plain", " ")]
        line.append(("plain", left(job, widths["job"] - len(SILENT.mark(style)) - 1, style, middle=True)))
    else:
        line.append(("plain", left(job, widths["job"], style, middle=True)))
    if "said" in widths:
        said = clean(_said(worker, widths["said"]), style)
        line.append(("dim", " " + left(said, widths["said"], style, middle=True)))
    cells_of = {
        "beat": duration(max(0.0, now - worker.heard_at)) if worker.has_beaten or silent_s else scene.none,
        "cpu": scene.none if silent_s or not worker.has_beaten else f"{min(beat.cpu_percent, 9999):.0f}%",
        "rss": bytes_text(beat.rss_bytes) if beat.rss_bytes else scene.none,
        "age": _age(scene, worker),
    }
    for column, text in cells_of.items():
        if column in widths:
            line.append(("dim" if column == "beat" else "plain", right(text, widths[column], style)))
    if "bar" in widths:
        line += [("plain", " "), *_end(scene, worker, silent_s)]
    return fill(line, columns, style)


def _age(scene: Scene, worker: WorkerNow) -> str:
    age = duration(max(0.0, scene.now - worker.started_at))
    usual_s = _usual_s(scene, worker)
    usual = "" if usual_s is None else f" / {duration(usual_s):>5}"
    return f"{age}{usual}" if usual else f"{age}        "


def _usual_s(scene: Scene, worker: WorkerNow) -> float | None:
    """Return what its job usually takes, perhaps known only since another of the function was done."""
    return scene.board.view.usual_s(worker.function) if worker.usual_s is None else worker.usual_s


def _end(scene: Scene, worker: WorkerNow, silent_s: float) -> Line:
    if silent_s >= LOST_AFTER_S:
        return [(SILENT.role, "silent"), ("dim", "  R  K")]
    if silent_s:
        return [(SILENT.role, "silent")]
    if worker.beat.frozen:
        return [("over", "frozen")]
    return job_bar(max(0.0, scene.now - worker.started_at), _usual_s(scene, worker), _BAR_CELLS, scene.style)


def _said(worker: WorkerNow, width: int) -> str:
    """Return the progress that it told, else its line of code, as far as it fits, else the last line it printed."""
    beat = worker.beat
    line, _, function = beat.place.partition(" in ")
    place = next((text for text in (f"{line} {function}", line) if len(text) <= width), beat.place)
    return beat.progress or place.strip() or printed(beat.last_line)


def _second(scene: Scene, worker: WorkerNow) -> Line:
    """Return all that it said, below it."""
    beat, style = worker.beat, scene.style
    made = f"{worker.done} done" + (f", {worker.failed} failed" if worker.failed else "")
    texts = [worker.function and f"{worker.function}()", beat.place, beat.progress, printed(beat.last_line)]
    said = scene.dot.join(clean(text, style) for text in texts if text)
    return [("plain", "     "), ("plain", said), ("dim", f"{scene.dot if said else ''}{made}")]
