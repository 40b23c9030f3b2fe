"""Commands that look at a make that runs, in this process or another: `watch`, `where`."""

import time
from collections.abc import Iterable, Iterator, Sequence

from compmake.channel import Event
from compmake.errors import UserError
from compmake.job import JobId
from compmake.ui.commands.registry import JSON, Arguments, Option, Reply, command
from compmake.ui.commands.session import Session
from compmake.ui.commands.store_makes import is_making, no_make
from compmake.ui.plain import status_line
from compmake.ui.view import View
from compmake.ui.watch_lines import event_lines, standing_lines

_STATUS_EVERY_S = 30.0


@command(
    "watch",
    "Follow the make that runs, from any terminal: one line for each event.",
    section="look",
    options=(JSON, Option("follow", "go on with the next make when this one has ended")),
    examples=("watch", "watch --json"),
    of_store=True,
)
def watch(session: Session, arguments: Arguments) -> Reply:
    """Ends with the make, or with Ctrl-C."""
    forever = arguments.flag("follow")
    if not is_making(session.workspace) and not forever:
        return Reply([no_make(session.workspace)])
    if arguments.flag("json"):
        told = (event.to_dict() for event in _events(session, forever) if event.table is None)  # as --ui json
        return Reply(objects=told, live=True)
    return Reply(_lines(session, forever), live=True)


def _events(session: Session, forever: bool) -> Iterator[Event]:
    from compmake.ui.commands.hearing import happenings

    for (events, _), _ in happenings(session, forever=forever):
        yield from events


def _lines(session: Session, forever: bool) -> Iterator[str]:
    from compmake.ui.commands.hearing import happenings

    view, said_at = View(), time.time()
    past_events: list[Event] = []
    for (events, past), listener in happenings(session, forever=forever):
        for number, event in enumerate(events, 1):
            view.apply(event)
            if number <= past:
                past_events.append(event)
                continue
            if past_events:
                yield from _standing(past_events, view, listener.beats(), session)
                past_events = []
            yield from event_lines(event, view, prefix=session.prefix)
        if past_events and not (events and past == len(events)):
            yield from _standing(past_events, view, listener.beats(), session)
            past_events = []
        if events:
            said_at = time.time()
        elif view.started and not view.ended and time.time() - said_at > _STATUS_EVERY_S:
            said_at = time.time()
            for beat in listener.beats():
                view.apply(beat)
            yield status_line(view, said_at, session.style)


def _standing(past: Sequence[Event], view: View, beats: Iterable[Event], session: Session) -> list[str]:
    for beat in beats:
        view.apply(beat)
    return standing_lines(past, view, time.time(), session.style)


@command(
    "where",
    "Show where a running job is: its whole Python stack, told by its worker.",
    section="look",
    takes="JOB",
    options=(JSON,),
    examples=("where func2-3", "where func2-3 --json"),
    of_store=True,
)
def where(session: Session, arguments: Arguments) -> Reply:
    """Asks the worker, which answers within a second or two unless C code holds the lock of its interpreter."""
    from compmake.ui.commands.whereabouts import whereabouts

    names = [word.text for word in session.words(arguments.selection)]
    if len(names) != 1:
        raise UserError("where needs the id of one job")
    return whereabouts(session, JobId(names[0]))
