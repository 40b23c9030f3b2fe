"""What is said of jobs while they run: for how long, how far they are, whether they are silent or frozen."""

from collections.abc import Sequence

from compmake.text_safety import cells, one_line
from compmake.ui.text import Style, cut, duration, printed
from compmake.ui.view import RunningJob

_ID_CELLS = 60
_SAID_CELLS = 60
_LEAST_CELLS = 16
"""In less than this no job can be told from another."""
_LEAST_SAID_CELLS = 6


def running_text(jobs: Sequence[RunningJob], now: float, room: int, style: Style, *, last_line: bool = False) -> str:
    """Return as many jobs as there is room for: `train-b=9 (31s, epoch 31/40), load-3 (2.0s) +6 more`.

    Args:
        jobs: What runs, the most interesting first; at least one.
        now: Epoch seconds.
        room: Cells of a terminal; the first job is cut to fit, in very few only the number of jobs is told.
        style: Says how a cut is marked.
        last_line: Show the last line that was printed by jobs that say nothing by `progress()`, rather than their line
            of code.
    """
    if room < _LEAST_CELLS + cells(_more(len(jobs) - 1)):
        return f"{len(jobs)} running"
    text = ""
    for number, job in enumerate(jobs):
        more = _more(len(jobs) - number - 1)
        with_this = f"{text}, {_whole(job, now, style, last_line)}" if text else _whole(job, now, style, last_line)
        if cells(with_this) + cells(more) > room:
            left = _more(len(jobs) - max(number, 1))
            return (text or _fitted(job, now, room - cells(left), style, last_line)) + left
        text = with_this
    return text


def _more(count: int) -> str:
    return f" +{count} more" if count else ""


def _whole(job: RunningJob, now: float, style: Style, last_line: bool) -> str:
    said = said_text(job, now, style, last_line=last_line)
    return f"{_name(job, style)} ({age_text(job, now)}{', ' if said else ''}{said})"


def _fitted(job: RunningJob, now: float, room: int, style: Style, last_line: bool) -> str:
    """Return the job with what it says cut, or left out, or even its id cut; its age is told in any case."""
    name, age = _name(job, style), age_text(job, now)
    room_for_said = room - cells(f"{name} ({age}, )")
    if room_for_said >= _LEAST_SAID_CELLS:
        return f"{name} ({age}, {cut(said_text(job, now, style, last_line=last_line), room_for_said, style)})"
    return f"{cut(name, room - cells(f' ({age})'), style)} ({age})"


def _name(job: RunningJob, style: Style) -> str:
    return style.spell(one_line(job.job_id, _ID_CELLS))


def age_text(job: RunningJob, now: float) -> str:
    """Return for how long it runs."""
    return duration(max(0.0, now - job.started_at))


def said_text(job: RunningJob, now: float, style: Style, *, last_line: bool, width: int = _SAID_CELLS) -> str:
    """Return what there is to say beyond the age, what is wrong first; empty if nothing is known."""
    output = printed(job.beat.last_line) if last_line else ""
    place = job.beat.place.rpartition(" in ")[0] or job.beat.place
    said = one_line(job.beat.progress or output or place, width)
    return ", ".join(filter(None, (wrong_text(job, now), style.spell(said))))


def wrong_text(job: RunningJob, now: float) -> str:
    """Return what is wrong with its worker: `frozen`, `silent 12s`; mostly nothing."""
    silent_s = job.silent_s(now)
    return "frozen" if job.beat.frozen else f"silent {duration(silent_s)}" if silent_s else ""
