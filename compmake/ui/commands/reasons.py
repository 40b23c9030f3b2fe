"""How `why` words a job's reasons, its failure, and what an up-to-date job was checked against."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from compmake.job import Failure, JobId, Reason, ReasonCode
from compmake.recording import details_of
from compmake.status import Status
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.planning import RECORDED_ONLY
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.text import clock, duration
from compmake.ui.traceback import source_line, summary_line

_NAMED = 8
_OF_DEPENDENCIES = (ReasonCode.DEPENDENCY, ReasonCode.MAY_CHANGE)


class Line(NamedTuple):
    """A line of an explanation, safe to print."""

    text: str
    role: str = ""
    """`old`, `new` or `same` for a line of a difference, which is never broken."""


def some(job_ids: Sequence[JobId]) -> str:
    """Return the first of the jobs and how many more there are."""
    more = f" and {len(job_ids) - _NAMED} more" if len(job_ids) > _NAMED else ""
    return ", ".join(shown_id(job_id) for job_id in job_ids[:_NAMED]) + more


def failure_texts(failure: Failure, function: str) -> list[str]:
    """Return the error and the user's line that it passed last, without one its notes; `function` is named if given."""
    called = f"{one_line(function, 60)}(): " if function else ""
    frame = failure.deepest_user_frame
    if frame is not None:
        more = [source_line(frame)]
    else:  # of a process that died: where it was last seen
        more = [one_line(line, 500) for note in failure.notes for line in note.split("\n")]
    return [called + summary_line(failure), *filter(None, more)]


def reason_lines(reasons: Iterable[Reason], first: JobId | str, common: Collection[Reason]) -> list[Line]:
    """Return the reasons with their differences.

    Args:
        reasons: Of the first job of a group.
        first: That job, empty if it is alone.
        common: Those that all jobs of the group have word by word; of the others only the like.
    """
    told: Counter[ReasonCode] = Counter()
    lines = []
    for reason in reasons:
        if reason.code in _OF_DEPENDENCIES:
            told[reason.code] += 1
            if told[reason.code] > _NAMED:
                continue
        alike = f" ({shown_id(JobId(first))}; the others alike)" if first and reason not in common else ""
        lines.append(Line(one_line(reason.text, 500) + alike))
        lines += _difference(reason.diff)
    lines += [Line(f"and the same of {count - _NAMED} more") for count in told.values() if count > _NAMED]
    return lines


def _difference(diff: str) -> Iterator[Line]:
    for line in sanitize(diff).splitlines():
        yield Line(f"    {line}", "new" if line.startswith("+") else "old" if line.startswith("-") else "same")


def checked_against(session: Session, job_id: JobId) -> list[str]:
    """Return when an up-to-date job was made and what has not changed since."""
    record = session.record(job_id)
    if record is None:
        return ["never made"]
    look = session.look
    made = f"made {clock(record.made_at)}, {duration(record.wall_s)}"
    known = isinstance(look, Status)
    lines = [f"up to date: {made}, and since then nothing changed in" if known else f"{made}, with"]
    shown = ", ".join(f"{name}={value}" for name, value in look.arguments(job_id))
    lines.append(f"  its arguments: {one_line(shown, 200) or 'none'}")
    if not isinstance(look, Status):
        return [*lines, RECORDED_ONLY]
    now = look.now(job_id)
    names = sorted({unit.partition(":")[2] for unit in now.code.units if not unit.endswith(":<module>")})
    rest = f" and {len(names) - 12} more" if len(names) > 12 else ""
    lines.append(f"  its code ({now.code.mode}): {one_line(', '.join(names[:12]), 300)}{rest}")
    if now.code.globals:
        globals_used = ", ".join(sorted(name.partition(":")[2] for name in now.code.globals))
        lines.append(f"  its globals: {one_line(globals_used, 300)}")
    if now.files:
        lines.append(f"  its files: {one_line(', '.join(file.path for file in now.files), 300)}")
    made_with, here = details_of(record).get("packages", {}), session.workspace.packages()
    lines += [
        f"  (made with {one_line(name, 40)} {one_line(str(version), 40)}, now {one_line(here[name], 40)})"
        for name, version in made_with.items()
        if name in here and here[name] != version
    ]
    return lines
