"""What is said about one verdict and about a whole make: lines that logs and screens share."""

import re
import shlex

from compmake.channel import Event
from compmake.job import JobState
from compmake.text_safety import cells, one_line, sanitize
from compmake.ui.expectation import expected_text
from compmake.ui.text import PLAIN, Style, clock, cut, duration, table, wrap
from compmake.ui.traceback import headline
from compmake.ui.view import FailureGroup, View, where
from compmake.words import bytes_text, plural

ID_CELLS = 120
_GROUPS_SHOWN = 20
_JOBS_NAMED = 3
_JOBS_LEAST_CELLS = 10
_INDENT = 2
_CODES = re.compile(r"\x1b\[[0-9;]*m")


def start_line(view: View) -> str:
    """Return `make 18 of 191 jobs 8 workers expect ~6m (5-8)`, as far as it is known."""
    some = f"{view.todo} of " if 0 < view.todo < view.total else ""
    text = f"make {some}{plural(view.total, 'job')}"
    if view.workers:
        text += f" {plural(view.workers, 'worker')}"
    expected = expected_text(view.expected) if view.expected is not None else ""
    return text + (f" expect {expected}" if expected else "")


def verdict_line(event: Event, word: str) -> str:
    """Return `14:32:10 FAILED train-b=7 train() 41s rss=1.9G ValueError: x is NaN`; a success without the last part."""
    parts = [clock(event.time), word, one_line(event.job_id, ID_CELLS), f"{one_line(event.function, ID_CELLS)}()"]
    parts.append(duration(event.wall_s))
    if event.peak_bytes:
        parts.append(f"rss={bytes_text(event.peak_bytes)}")
    if event.failure is not None:
        parts.append(headline(event.failure))
    return " ".join(parts)


def retry_line(event: Event, word: str) -> str:
    """Return `14:32:10 RETRY train-b=7 train() 41s ValueError: x is NaN (2 more attempts)`."""
    return f"{verdict_line(event, word)} ({plural(event.count, 'more attempt')})"


def notice_lines(event: Event) -> list[str]:
    """Return the text of a notice, safe to print."""
    return sanitize(event.text.expandtabs()).rstrip("\n").split("\n")


def steered_line(event: Event) -> str:
    """Return `14:32:10 paused, 8 workers, 2 jobs cancelled`."""
    cancelled = [f"{plural(event.count, 'job')} cancelled"] if event.count else []
    return f"{clock(event.time)} {', '.join([event.text or 'going on', plural(event.workers, 'worker'), *cancelled])}"


def job_name(job_id: str) -> str:
    """Return a job id as one types it in a shell or at the prompt."""
    return shlex.quote(one_line(job_id, ID_CELLS))


def summary_lines(
    view: View, *, prefix: str = "", style: Style = PLAIN, width: int | None = None, name: str = ""
) -> list[str]:
    """Return what is said at the end of a make.

    Args:
        view: The make, ended.
        prefix: What stands before a command to run it, `compmake my_program`; nothing at the prompt.
        style: Colours of the counts.
        width: Cells of the terminal, in the interactive console alone: there is more that can be done next.
        name: What stands before the first line.
    """
    begin = f"{name} " if name else ""
    if view.nothing_to_do:
        verb = "is" if view.up_to_date == 1 else "are"
        return [f"{begin}Nothing to do: {plural(view.up_to_date, 'job')} {verb} up to date."]
    how = view.ended if view.ended in ("finished", "interrupted") else "stopped"
    took = duration(view.elapsed_s(view.started_at))
    first = f"{begin}{clock(view.ended_at or view.started_at)} make {how} in {took}: "
    if width is None:
        lines = [first + ", ".join([*_counts(view, style), *_other_counts(view)])]
        lines += failure_lines(list(view.failures))
    else:
        counts, others = _counts(view, style, signed=True), _other_counts(view)
        lines = _filled(first, [*counts, *others], width)
        if len(lines) > 1:
            lines = [*_filled(first, counts, width), *(_filled("", others, width) if others else [])]
        lines += failure_lines(list(view.failures), style, width=width - 1)
    if view.failed or view.ended == "interrupted":
        lines.append(_next(view, prefix, in_console=width is not None))
    return lines


def _filled(line: str, texts: list[str], width: int) -> list[str]:
    """Return the texts behind the beginning of a line, in as many lines as they need."""
    lines = []
    for text in texts:
        longer = f"{line}{'' if line.endswith(' ') else '  '}{text}"
        if line and cells(_CODES.sub("", longer)) >= width:
            lines.append(line.rstrip())
            longer = f"  {text}"
        line = longer
    return [*lines, line]


def _counts(view: View, style: Style, *, signed: bool = False) -> list[str]:
    counts = [(JobState.DONE, view.made), (JobState.FAILED, view.failed), (JobState.BLOCKED, view.blocked)]
    texts = []
    for state, count in counts:
        text = f"{style.glyph(state)} {count} {state.value}" if signed else f"{count} {state.value}"
        texts.append(style.paint(state, text) if count else text)
    return texts


def _other_counts(view: View) -> list[str]:
    others = (
        ("up to date", view.up_to_date),
        ("retried", view.retried),
        ("interrupted", view.interrupted),
        ("not started", view.waiting),
    )
    return [f"{count} {word}" for word, count in others if count]


def _next(view: View, prefix: str, *, in_console: bool) -> str:
    commands = [_going_on(view, prefix)] if view.ended == "interrupted" else []
    first = next((job_id for group in view.failures for job_id in group.job_ids), None)
    if first is not None:
        commands += ["why", f"details {job_name(first)}", *(["remake failed"] if in_console else [])]
    if view.blocked:
        commands.append("ls blocked" if in_console else "ls not done")
    return "next: " + " · ".join(f"{prefix} {command}".strip() for command in commands)


def failure_lines(groups: list[FailureGroup], style: Style = PLAIN, *, width: int | None = None) -> list[str]:
    """Return a line for each group, the largest first: `ValueError: x is NaN  3x  train()  b=7, b=9, …`.

    Args:
        groups: Failures by group.
        style: Says how a cut is marked.
        width: Cells of the screen of the console, where the user's line that the failures passed last is told too; if
            there is no room for a table, each group has as many lines as it needs.
    """
    largest = sorted(groups, key=lambda group: -group.count)
    rows, names = [], []
    for group in largest[:_GROUPS_SHOWN]:
        jobs = [one_line(job_id, ID_CELLS) for job_id in group.job_ids[:_JOBS_NAMED]]
        names.append(", ".join(jobs + (["…"] if group.count > len(jobs) else [])))
        rows.append(
            [f"  {headline(group.first, 60)}", f"{group.count}x", f"{one_line(group.key.function, ID_CELLS)}()"]
        )
        if width is not None:
            rows[-1].append(one_line(where(group.first).partition(" in ")[0], ID_CELLS))
    rest = len(largest) - len(rows)
    others = [f"  and {plural(rest, 'other kind')} of failure"] if rest else []
    if width is None:
        return [*table([[*row, jobs] for row, jobs in zip(rows, names, strict=True)], right=(1,)), *others]
    rows = [[style.spell(cell) for cell in row] for row in rows]
    names = [style.spell(name) for name in names]
    lines = table(rows, right=(1,))
    begin = max(map(cells, lines), default=0) + 2
    if width - begin < _JOBS_LEAST_CELLS:
        texts = ["  ".join(filter(None, [*row, name])) for row, name in zip(rows, names, strict=True)]
        return [part for text in [*texts, *others] for part in wrap(text, width, indent=_INDENT)]
    shown = [cut(name, width - begin, style) for name in names]  # the jobs have what the rest leaves
    return [line + " " * (begin - cells(line)) + name for line, name in zip(lines, shown, strict=True)] + others


def _going_on(view: View, prefix: str) -> str:
    """Return the command that makes what an interrupted make has left: the same again, unless it has made it anew."""
    words = view.command.split()
    if words[:1] not in (["make"], ["parmake"]) or len(view.command) > ID_CELLS:
        return "make"
    return one_line(shlex.join(words) if prefix else " ".join(words), ID_CELLS)
