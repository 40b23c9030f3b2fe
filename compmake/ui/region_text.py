"""What the live region says, for any size of terminal: counts, a bar of work done, what runs, the keys; pure."""

from collections.abc import Sequence

from compmake.control import KILL, START_NONE, TERMINATE
from compmake.job import JobState
from compmake.text_safety import cells, one_line
from compmake.ui.expectation import eta_text
from compmake.ui.running import age_text, said_text, wrong_text
from compmake.ui.text import Parts, Style, bar, cut, cut_middle, duration, usual_bar
from compmake.ui.traceback import headline
from compmake.ui.view import RunningJob, View, where
from compmake.words import bytes_text

_STATES = (JobState.DONE, JobState.FAILED, JobState.BLOCKED, JobState.INTERRUPTED, JobState.RUNNING, JobState.WAITING)
_BAR_CELLS = 20
_BAR_LEAST_CELLS = 6
_JOB_BAR_CELLS = 8
_ID_CELLS = 200
_ID_LEAST_CELLS = 12
_SAID_CELLS = 200
_SAID_LEAST_CELLS = 12
_GROUPS_SHOWN = 3
_STEPS = {0: "^C stop", START_NONE: "^C terminate", TERMINATE: "^C kill", KILL: "killing"}
_KEYS = (
    "[f]ailures [b]ackground [d]ash [?]help  {step}",
    "[f]ailures [b]ackground [d]ash  {step}",
    "[f] [b] [d]  {step}",
    "{step}",
)


def region_lines(
    view: View, now: float, *, columns: int, rows: int, style: Style, level: int, same_shown: int
) -> list[Parts]:
    """Return the lines of the region, at most `rows` - 1 and at least one.

    Args:
        view: The make, under way.
        now: Epoch seconds.
        columns: Cells of a line of the terminal; the last one stays free.
        rows: Lines of the terminal.
        style: Signs and how a cut is marked.
        level: How often Ctrl-C was pressed.
        same_shown: How many failures of a group were shown above; of those that have more their number is told here.
    """
    room, most = columns - 1, max(1, rows - 1)
    # Who stops it does not wait for the rest.
    etas = [eta_text(view, now, style, brief=brief) if level == 0 else "" for brief in (False, True)]
    lines = [_header(view, now, etas, room, style)]
    if most == 1:
        return lines
    jobs = view.longest_running
    shown = jobs[: most - 2]
    lines += _job_lines(shown, view, now, room, style)
    lines += _group_lines(view, most - 1 - len(lines), same_shown, style)
    more = f" {style.ellipsis} {len(jobs) - len(shown)} more" if len(jobs) > len(shown) else ""
    return [*lines, _keys_line(more, _STEPS[level], room)]


def _header(view: View, now: float, etas: Sequence[str], room: int, style: Style) -> Parts:
    """Return ` MAKE ✔ 1060 ✘4 ⊘2 ▶8 ·137  ████░░░  87% work  6m01s  ETA 4m (3–6) ≈14:37`, as much as there is room for.

    `etas` is what is said of the end, in full and in brief.
    """
    counts = [(state, count) for state in _STATES if (count := view.counts()[state]) or state is JobState.DONE]
    short = [(state, f" {style.glyph(state)}{count}") for state, count in counts]
    words = [(state, f"  {style.glyph(state)} {count} {state.value}") for state, count in counts]
    fraction = view.work_fraction(now)
    percent = f"  {min(99, int(100 * fraction))}%"  # 100 when it has ended
    full, eta = (f"  {text}" if text else "" for text in etas)
    age = f"  {duration(view.elapsed_s(now))}"
    name: Parts = [("bold", " MAKE")]
    for counted, tail in (
        (words, f"{percent} work{age}{full}"),
        (words, f"{percent} work{age}{eta}"),
        (short, f"{percent} work{age}{full}"),
        (short, f"{percent} work{full or age}"),
        (short, f"{percent} work{eta or age}"),
    ):
        bar_cells = min(_BAR_CELLS, room - _cells([*name, *counted]) - cells(tail) - 2)
        if bar_cells >= _BAR_LEAST_CELLS:
            return [*name, *counted, ("", f"  {bar(fraction, bar_cells, style)}{tail}")]
    for tail in (f"{percent} work{eta or age}", percent + (eta or age), percent):
        if _cells([*name, *short]) + cells(tail) <= room:
            return [*name, *short, ("", tail)]
    return [("", f" {percent.strip()}"), *short]


def _cells(line: Parts) -> int:
    return sum(cells(text) for _, text in line)


_Row = dict[str, str]
"""What is known of a running job, by column; a text may be empty."""
_COLUMNS = {"worker": 1, "name": 1, "age": 2, "usual": 0, "bar": 2, "rss": 2, "said": 2}
"""In the order of the line, with the blanks before each."""
_WANTED = ("usual", "said", "worker", "bar", "rss")
"""What is shown beside name and age, the most wanted first."""


def _job_lines(jobs: Sequence[RunningJob], view: View, now: float, room: int, style: Style) -> list[Parts]:
    """Return ` ▶ w1 train-b=9-lr=0.3  31s / 22s  █████▓▓▓ 1.4x  rss 1.8G  epoch 31/40` for each job, in columns."""
    if not jobs:
        return []
    rows = [_row(job, view.job_usual_s(job), now, style) for job in jobs]
    wrong = [bool(wrong_text(job, now)) for job in jobs]
    silent, runs = "[?]" if style.ascii else "?", style.glyph(JobState.RUNNING)
    signs = [silent if is_wrong else runs for is_wrong in wrong]
    widths = _widths(rows, room - cells(signs[0]) - 1, any_wrong=any(wrong))
    return [_job_line(row, sign, widths, style) for row, sign in zip(rows, signs, strict=True)]


def _row(job: RunningJob, usual_s: float | None, now: float, style: Style) -> _Row:
    age_s = max(0.0, now - job.started_at)
    return {
        "worker": one_line(job.worker, _ID_CELLS),
        "name": style.spell(one_line(job.job_id, _ID_CELLS)),
        "age": age_text(job, now),
        "usual": f" / {duration(usual_s)}" if usual_s is not None else "",
        "bar": "".join(usual_bar(age_s, usual_s, _JOB_BAR_CELLS, style)) if usual_s else "",
        "rss": f"rss {bytes_text(job.beat.rss_bytes)}" if job.beat.rss_bytes else "",
        "said": said_text(job, now, style, last_line=True, width=_SAID_CELLS),
    }


def _widths(rows: Sequence[_Row], room: int, *, any_wrong: bool) -> dict[str, int]:
    """Return the columns that are shown and how wide they are."""
    full = {column: max(cells(row[column]) for row in rows) for column in _COLUMNS}
    widths = {"name": min(full["name"], max(_ID_LEAST_CELLS, room // 2)), "age": full["age"]}
    left = room - sum(width + _COLUMNS[column] for column, width in widths.items())
    for column in ("said", *_WANTED) if any_wrong else _WANTED:
        least = min(full[column], _SAID_LEAST_CELLS) if column == "said" else full[column]
        if least and column not in widths and least + _COLUMNS[column] <= left:
            widths[column] = least
            left -= least + _COLUMNS[column]
    for column in ("said", "name"):
        if column in widths:
            more = max(0, min(left, full[column] - widths[column]))
            widths[column] += more
            left -= more
    return widths


def _job_line(row: _Row, sign: str, widths: dict[str, int], style: Style) -> Parts:
    text = ""
    for column, blanks in _COLUMNS.items():
        if column not in widths:
            continue
        width = widths[column]
        cell = (cut_middle if column == "name" else cut)(row[column], width, style)
        padding = " " * (width - cells(cell))
        text += " " * blanks + (padding + cell if column == "age" else cell + padding)
    return [(JobState.RUNNING, f" {sign}"), ("", text.rstrip())]


def _group_lines(view: View, most: int, same_shown: int, style: Style) -> list[Parts]:
    """Return the kinds of failure that are no longer shown one by one, with their number."""
    groups = sorted((group for group in view.failures if group.count > same_shown), key=lambda group: -group.count)
    sign = f" {style.glyph(JobState.FAILED)} "
    lines: list[Parts] = []
    for group in groups[: max(0, min(most, _GROUPS_SHOWN))]:
        function = f"{one_line(group.key.function, _ID_CELLS)}()"
        text = f"{group.count}x {function} {headline(group.first, 60)}  {one_line(where(group.first), 60)}"
        lines.append([(JobState.FAILED, sign), ("", text.rstrip())])
    return lines


def _keys_line(more: str, step: str, room: int) -> Parts:
    """Return the last line: what is not shown at its left, the keys at its right."""
    for pattern in _KEYS:
        keys = pattern.format(step=step)
        blanks = room - cells(more) - cells(keys) - 1
        if blanks >= 1:
            return [("dim", more + " " * blanks + keys)]
    return [("dim", f" {step}")]
