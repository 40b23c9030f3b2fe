"""The functions: how many of their jobs are where, how long they take, and how much of what is left is theirs."""

from collections.abc import Sequence

from compmake.ui.dashboard.board.functions import FunctionTally
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean, left, right
from compmake.ui.dashboard.panes.scene import Scene

_NUMBERS = ("done", "run", "left", "fail")
_NUMBER_CELLS = 5
_TIME_CELLS = 7
_BAR_CELLS = 8
_NAME_LEAST = 10
_OVERDUE = 0.25


def functions_lines(scene: Scene, columns: int, rows: int) -> list[Line]:
    """Return the names of the columns and a row for each function."""
    tallies = scene.board.functions.all()
    if not tallies:
        return [[("dim", " nothing is known of the functions yet")]] if scene.board.view.started else []
    left_s = _left_s(scene, tallies)
    total_s = sum(left_s)
    fixed = 4 * _NUMBER_CELLS
    with_times = columns >= _NAME_LEAST + fixed + 2 * _TIME_CELLS + 2
    with_share = columns >= _NAME_LEAST + fixed + 2 * _TIME_CELLS + _BAR_CELLS + 8
    used = fixed + 2 * _TIME_CELLS * with_times + (_BAR_CELLS + 7) * with_share
    name_cells = max(4, columns - 2 - used)
    head = " " + left("function", name_cells, scene.style)
    head += "".join(right(name, _NUMBER_CELLS, scene.style) for name in _NUMBERS)
    head += ("p50".rjust(_TIME_CELLS) + "p90".rjust(_TIME_CELLS)) if with_times else ""
    head += "  share of ETA" if with_share else ""
    room = rows - 1
    top = min(scene.look.tops.get("functions", 0), max(0, len(tallies) - room))
    lines: list[Line] = [[("dim", head)]]
    for tally, tally_left_s in list(zip(tallies, left_s, strict=True))[top : top + room]:
        share = tally_left_s / total_s if total_s > 0 else 0.0
        lines.append(_row(scene, tally, name_cells, share if with_share else None, with_times=with_times))
    if len(tallies) - top > room > 1:
        lines[-1] = [("dim", f" {scene.style.ellipsis} {len(tallies) - top - room + 1} more functions")]
    return lines


def _left_s(scene: Scene, tallies: Sequence[FunctionTally]) -> list[float]:
    """Return the work that is left of each function; what running jobs have behind them is taken off."""
    behind: dict[str, float] = {}
    for worker in scene.board.workers.all():
        if worker.job_id is not None and worker.usual_s is not None:
            age_s = max(0.0, scene.now - worker.started_at)
            off_s = age_s if age_s <= worker.usual_s else worker.usual_s - _OVERDUE * age_s
            behind[worker.function] = behind.get(worker.function, 0.0) + off_s
    return [max(0.0, tally.left_s() - behind.get(tally.name, 0.0)) for tally in tallies]


def _row(scene: Scene, tally: FunctionTally, name_cells: int, share: float | None, *, with_times: bool) -> Line:
    style = scene.style
    line: Line = [("plain", " " + left(clean(tally.name, style), name_cells, style))]
    counts = ((tally.done, "plain"), (tally.running, "running"), (tally.left, "plain"), (tally.failed, "failed"))
    for count, role in counts:
        line.append((role if count > 0 else "dim", right(str(max(0, count)), _NUMBER_CELLS, style)))
    if with_times:
        for fraction in (0.5, 0.9):
            line.append(("plain", right(scene.time_text(tally.quantile_s(fraction)), _TIME_CELLS, style)))
    if share is not None:
        filled = "█" * round(share * _BAR_CELLS) or ("▏" if share > 0.005 else "")
        percent = f"{share:.0%}" if share > 0 else ""
        line += [("plain", "  "), ("bar", filled), ("plain", f" {percent}" if filled else percent)]
    return line
