"""What `watch` prints: one line for each event of a make, and how it stood when somebody came."""

from collections.abc import Sequence

from compmake.channel import Event, EventKind
from compmake.text_safety import one_line
from compmake.ui.plain import status_line
from compmake.ui.summary import (
    ID_CELLS,
    notice_lines,
    retry_line,
    start_line,
    steered_line,
    summary_lines,
    verdict_line,
)
from compmake.ui.text import Style, clock
from compmake.ui.view import View
from compmake.words import plural


def event_lines(event: Event, view: View, *, prefix: str = "") -> list[str]:
    """Return what is printed of an event, usually a line.

    Args:
        event: What happened; `view` has it already.
        view: The make.
        prefix: What stands before commands that are recommended.
    """
    about = f"{one_line(event.job_id, ID_CELLS)} {one_line(event.function, ID_CELLS)}()"
    match event.kind:
        case EventKind.RUN_STARTED:
            return [f"{clock(event.time)} {start_line(view)}"]
        case EventKind.UP_TO_DATE if event.count > 0:
            return [f"{clock(event.time)} {plural(event.count, 'job')} up to date"]
        case EventKind.JOB_STARTED:
            where = f" on {one_line(event.worker, 40)}" if event.worker else ""
            again = f", attempt {event.count}" if event.count > 1 else ""
            return [f"{clock(event.time)} start {about}{where}{again}"]
        case EventKind.JOB_DONE:
            return [verdict_line(event, "done")]
        case EventKind.JOB_FAILED:
            return [verdict_line(event, "FAILED")]
        case EventKind.JOB_RETRIED:
            return [retry_line(event, "RETRY")]
        case EventKind.BLOCKED:
            return [f"{clock(event.time)} blocked {plural(event.count, 'job')} by {about}"]
        case EventKind.JOB_INTERRUPTED:
            return [f"{clock(event.time)} interrupted {about}"]
        case EventKind.JOB_POSTPONED:
            return [f"{clock(event.time)} again {about}, later"]
        case EventKind.PLANNED | EventKind.NOTICE:
            return notice_lines(event)
        case EventKind.STEERED:
            return [steered_line(event)]
        case EventKind.RUN_ENDED:
            return summary_lines(view, prefix=prefix)
    return []


def standing_lines(events: Sequence[Event], view: View, now: float, style: Style) -> list[str]:
    """Return how a make stands of which these events are past: its start, its failures so far, its counts."""
    failed = [verdict_line(event, "FAILED") for event in events if event.kind is EventKind.JOB_FAILED]
    return [f"{clock(view.started_at)} {start_line(view)}", *failed, status_line(view, now, style)]
