"""Where a running job is: asked of its worker through the server, shown as a traceback."""

import sys
import time

from compmake.channel.redis_ask import Whereabouts, answer_to, ask_where, told_unasked
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_news import WorkerNews
from compmake.errors import UserError
from compmake.fingerprint.modules import is_user_file
from compmake.frames import frame_at, is_own_file
from compmake.job import Failure, JobId
from compmake.text_safety import one_line
from compmake.ui.commands.hearing import open_follower, why_unheard
from compmake.ui.commands.registry import Reply
from compmake.ui.commands.session import Session, shown_id
from compmake.ui.commands.store_makes import is_making, no_make
from compmake.ui.text import duration
from compmake.ui.traceback import render_failure

_SLOW_S = 2.0
_PATIENCE_S = 10.0
_LOOK_AGAIN_S = 0.1
_NAMED = 10
_CELLS = 60


def whereabouts(session: Session, job_id: JobId) -> Reply:
    """Ask, wait, and return the stack; without an answer what was told last.

    Raises:
        UserError: The make does not run this job, or tells its news to nobody.
    """
    if not is_making(session.workspace):
        return Reply([no_make(session.workspace)])
    follower = open_follower(session.workspace)
    try:
        running = [worker for worker in follower.workers() if worker.fields.get("state") == "running"]
        worker = next((worker for worker in running if worker.fields.get("job") == job_id), None)
        if worker is None:
            if why := why_unheard(session.workspace, follower):
                raise UserError(why)
            names = ", ".join(shown_id(JobId(one.fields.get("job", ""))) for one in running[:_NAMED])
            raise UserError(f"{shown_id(job_id)} is not running; running: {names or 'none that takes a second'}")
        found = told_unasked(worker, job_id) or _answer(follower, worker, job_id)
        if found is None and (why := why_unheard(session.workspace, follower)):
            raise UserError(why)
        return _without_answer(worker, job_id) if found is None else _reply(worker, job_id, found)
    finally:
        follower.close()


def _answer(follower: Follower, worker: WorkerNews, job_id: JobId) -> Whereabouts | None:
    token = follower.ask(lambda client: ask_where(client, follower.keys, job_id))
    if token is None:
        return None
    begun_s, told = time.monotonic(), False
    while (waited_s := time.monotonic() - begun_s) < _PATIENCE_S:
        found = follower.ask(lambda client: answer_to(client, follower.keys, token))
        if found is not None:
            return found
        if waited_s > _SLOW_S and not told:
            told = True
            name = one_line(worker.name, _CELLS)
            sys.stderr.write(f"compmake: waiting for {name} to answer: C code may hold the lock of its interpreter\n")
        time.sleep(_LOOK_AGAIN_S)
    return None


def _reply(worker: WorkerNews, job_id: JobId, found: Whereabouts) -> Reply:
    stack = [place for place in found.stack if not is_own_file(place[0]) and not place[0].startswith("<")]
    frames = tuple(frame_at(*place, is_user=is_user_file(place[0])) for place in stack)
    on = f"on {one_line(found.worker, _CELLS)}, process {found.pid} of {one_line(found.host, _CELLS)}"
    text = f"running for {duration(worker.running_s)} {on}"
    calls = [{"file": file, "line": line, "function": function} for file, line, function in stack]
    about = {"job": job_id, "worker": found.worker, "host": found.host, "pid": found.pid, "stack": calls}
    return Reply(render_failure(Failure(job_id, text, frames), all_frames=True), [about])


def _without_answer(worker: WorkerNews, job_id: JobId) -> Reply:
    place, age_s = worker.fields.get("place", ""), max(0.0, time.time() - worker.number("heard_at"))
    lines = [
        f"{shown_id(job_id)} on {one_line(worker.name, _CELLS)} gives no answer: it began a moment ago, or C code "
        "holds the lock of its interpreter."
    ]
    if place:
        lines.append(f"{duration(age_s)} ago it was at {one_line(place, 200)}")
    return Reply(lines, [{"job": job_id, "worker": worker.name, "place": place, "stack": None}], exit_code=1)
