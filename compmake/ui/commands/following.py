"""Following what a running job prints, from any terminal, until it ends."""

import time
from collections.abc import Iterator

from compmake.channel.address import Output
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_news import read_output
from compmake.errors import UserError
from compmake.job import JobId
from compmake.ui.commands.attempts import output_of
from compmake.ui.commands.hearing import open_follower, why_unheard
from compmake.ui.commands.session import Session
from compmake.ui.commands.store_makes import is_making
from compmake.words import bytes_text

_LOOK_S = 0.3
_RECORDED_WITHIN_S = 2.0


def follow_output(session: Session, job_id: JobId) -> Iterator[str] | None:
    """Return the lines that a running job has printed, the last 64 KiB of them, and those that come; as they came.

    None if it does not run.

    Raises:
        UserError: The make tells its news to nobody, or to a server that these settings do not name or takes none.
    """
    if not is_making(session.workspace):
        return None
    follower = open_follower(session.workspace)
    if not _runs(follower, job_id):
        why = why_unheard(session.workspace, follower)
        follower.close()
        if why:
            raise UserError(why)
        return None
    return _lines(session, follower, job_id)


class Printed:
    """What running jobs have printed, as the server of the news knows it."""

    def __init__(self, session: Session) -> None:
        """Find the server.

        Raises:
            UserError: The make tells its news to nobody, or to a server that these settings do not name.
        """
        self._follower = open_follower(session.workspace)

    def of(self, job_id: JobId) -> Output | None:
        """Return what a job has printed, nothing if nothing was told of it; None if the server cannot be asked."""
        follower = self._follower
        return follower.ask(lambda client: read_output(client, follower.keys, job_id) or Output(0, b""))

    def close(self) -> None:
        """Close the connection."""
        self._follower.close()


def _runs(follower: Follower, job_id: JobId) -> bool:
    """Tell whether a job runs; also if that cannot be asked now."""
    workers = follower.workers()
    running = (one for one in workers if one.fields.get("state") == "running" and one.fields.get("job") == job_id)
    return follower.lost is not None or any(running)


def _lines(session: Session, follower: Follower, job_id: JobId) -> Iterator[str]:
    shown_bytes, rest, told = 0, b"", False
    before = session.record(job_id)
    try:
        while True:
            runs = _runs(follower, job_id)  # before the look, so that the look sees the last of it
            printed = follower.ask(lambda client: read_output(client, follower.keys, job_id))
            if printed is not None and printed.size_bytes > shown_bytes:
                new = printed.size_bytes - shown_bytes
                if new > len(printed.end):
                    yield f"({bytes_text(new - len(printed.end))} before this were not kept)"
                *lines, rest = (rest + printed.end[-new:]).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
                shown_bytes = printed.size_bytes
                yield from (line.decode(errors="replace") for line in lines)
            if not is_making(session.workspace) or (not runs and _has_ended(session, follower, job_id, before)):
                break
            if follower.lost is not None and not told:
                yield f"({why_unheard(session.workspace, follower)})"
            told = follower.lost is not None
            time.sleep(_LOOK_S)
        yield from (rest.decode(errors="replace") + _remaining(session, job_id, before, shown_bytes)).splitlines()
    finally:
        follower.close()


def _has_ended(session: Session, follower: Follower, job_id: JobId, before: object) -> bool:
    """Tell whether a job has ended that runs nowhere; or was the server emptied, and will hear again that it runs?"""
    end_s = time.monotonic() + _RECORDED_WITHIN_S
    while time.monotonic() < end_s:
        session.workspace.refresh()
        if session.record(job_id) not in (None, before):
            return True
        if _runs(follower, job_id):
            return False
        time.sleep(_LOOK_S)
    return True


def _remaining(session: Session, job_id: JobId, before: object, shown_bytes: int) -> str:
    """Return what the job printed after it was told of for the last time: the store has it, soon after the end."""
    end_s = time.monotonic() + _RECORDED_WITHIN_S
    while time.monotonic() < end_s:
        session.workspace.refresh()
        record = session.record(job_id)
        if record is not None and record != before:
            return output_of(session, record).encode(errors="replace")[shown_bytes:].decode(errors="replace")
        time.sleep(_LOOK_S)
    return ""
