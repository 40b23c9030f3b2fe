"""The newest events that people want to read, the newest first."""

from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.text import clock


def events_lines(scene: Scene, rows: int) -> list[Line]:
    """Return a line for each that there is room for."""
    happenings = scene.board.happenings
    top = min(scene.look.tops.get("events", 0), max(0, len(happenings) - rows))
    lines: list[Line] = []
    for happening in happenings.newest(rows, top):
        line: Line = [("dim", f" {clock(happening.at)} ")]
        if happening.sign is not None:
            line.append((happening.sign.role, f"{happening.sign.mark(scene.style)} "))
        lines.append([*line, ("plain", scene.style.spell(happening.text))])
    return lines
