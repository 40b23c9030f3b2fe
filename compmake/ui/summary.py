"""What is said about one verdict and about a whole make: lines that logs and screens share."""

import shlex

from compmake.channel import Event
from compmake.job import JobState
from compmake.text_safety import one_line, sanitize
from compmake.ui.text import PLAIN, Style, clock, duration, plural, roughly, table
from compmake.ui.traceback import headline
from compmake.ui.view import FailureGroup, View
from compmake.words import bytes_text

ID_CELLS = 120
_GROUPS_SHOWN = 20
_JOBS_NAMED = 3


def start_line(view: View) -> str:
    """Return `make 191 jobs 8 workers expect ~6m`, as far as it is known."""
    text = f"make {plural(view.total, 'job')}"
    if view.workers:
        text += f" {plural(view.workers, 'worker')}"
    return text + (f" expect ~{roughly(view.expected_s)}" if view.expected_s is not None else "")


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


def job_name(job_id: str) -> str:
    """Return a job id as one types it in a shell or at the prompt."""
    return shlex.quote(one_line(job_id, ID_CELLS))


def summary_lines(view: View, *, prefix: str = "", style: Style = PLAIN) -> list[str]:
    """Return what is said at the end of a make.

    Args:
        view: The make, ended.
        prefix: What stands before a command to run it, `compmake my_program`; nothing at the prompt.
        style: Colours of the counts.
    """
    if view.nothing_to_do:
        verb = "is" if view.up_to_date == 1 else "are"
        return [f"Nothing to do: {plural(view.up_to_date, 'job')} {verb} up to date."]
    how = view.ended if view.ended in ("finished", "interrupted") else "stopped"
    took = duration(view.elapsed_s(view.started_at))
    lines = [f"{clock(view.ended_at or view.started_at)} make {how} in {took}: {_counts(view, style)}"]
    lines += failure_lines(list(view.failures))
    if view.failed or view.ended == "interrupted":
        lines.append(_next(view, prefix))
    return lines


def _counts(view: View, style: Style) -> str:
    counts = [(JobState.DONE, view.made), (JobState.FAILED, view.failed), (JobState.BLOCKED, view.blocked)]
    parts = [style.paint(state, f"{count} {state.value}") if count else f"0 {state.value}" for state, count in counts]
    others = (
        ("up to date", view.up_to_date),
        ("retried", view.retried),
        ("interrupted", view.interrupted),
        ("not started", view.waiting),
    )
    return ", ".join(parts + [f"{count} {word}" for word, count in others if count])


def failure_lines(groups: list[FailureGroup]) -> list[str]:
    """Return a line for each group, the largest first: `ValueError: x is NaN  3x  train()  b=7, b=9, …`."""
    largest = sorted(groups, key=lambda group: -group.count)
    rows = []
    for group in largest[:_GROUPS_SHOWN]:
        jobs = [one_line(job_id, ID_CELLS) for job_id in group.job_ids[:_JOBS_NAMED]]
        more = ["…"] if group.count > len(jobs) else []
        function = f"{one_line(group.key.function, ID_CELLS)}()"
        rows.append((f"  {headline(group.first, 60)}", f"{group.count}x", function, ", ".join(jobs + more)))
    rest = len(largest) - len(rows)
    return [*table(rows, right=(1,)), *([f"  and {plural(rest, 'other kind')} of failure"] if rest else [])]


def _next(view: View, prefix: str) -> str:
    commands = [_going_on(view, prefix)] if view.ended == "interrupted" else []
    first = next((job_id for group in view.failures for job_id in group.job_ids), None)
    if first is not None:
        commands += ["why", f"details {job_name(first)}"]
    if view.blocked:
        commands.append("ls not done")
    return "next: " + " · ".join(f"{prefix} {command}".strip() for command in commands)


def _going_on(view: View, prefix: str) -> str:
    """Return the command that makes what an interrupted make has left: the same again, unless it has made it anew."""
    words = view.command.split()
    if words[:1] != ["make"] or len(view.command) > ID_CELLS:
        return "make"
    return one_line(shlex.join(words) if prefix else " ".join(words), ID_CELLS)
