"""Asking a worker, through the server, where its job is."""

import json
import uuid
from typing import Any, NamedTuple

from redis import Redis

from compmake.channel.redis_news import ANSWERED_WITHIN_S, Keys, WorkerNews, text_of
from compmake.job import JobId

_KEPT_QUESTIONS = 1000


class Whereabouts(NamedTuple):
    """Where a running job is."""

    worker: str
    host: str
    pid: int
    stack: tuple[tuple[str, int, str], ...]
    """File, line and function of all calls that it is in, the outermost first."""


def ask_where(client: Redis, keys: Keys, job_id: JobId) -> str:
    """Ask the worker of a job where the job is; return how to find its answer, which comes within a second or two."""
    token = uuid.uuid4().hex
    question: Any = {"ask": "where", "job": job_id, "reply": token}
    with client.pipeline(transaction=True) as pipe:
        pipe.xadd(keys.control, question, maxlen=_KEPT_QUESTIONS)
        pipe.expire(keys.control, ANSWERED_WITHIN_S * 10)
        pipe.execute()
    return token


def answer_to(client: Redis, keys: Keys, token: str) -> Whereabouts | None:
    """Return the answer to a question, None if there is none yet."""
    found: Any = client.lindex(keys.reply(token), 0)
    if found is None:
        return None
    try:
        told = json.loads(text_of(found))
        return _whereabouts(told["worker"], told["host"], told["pid"], told["stack"])
    except (ValueError, KeyError, TypeError):
        return None


def told_unasked(worker: WorkerNews, job_id: JobId) -> Whereabouts | None:
    """Return where a job is whose worker cannot be asked, for its limit on memory leaves no room; None of others."""
    fields = worker.fields
    if fields.get("told_job") != job_id:
        return None
    try:
        return _whereabouts(worker.name, fields["host"], fields["pid"], json.loads(fields["stack"]))
    except (ValueError, KeyError, TypeError):
        return None


def _whereabouts(worker: object, host: object, pid: Any, stack: Any) -> Whereabouts:
    calls = tuple((str(file), int(line), str(function)) for file, line, function in stack)
    return Whereabouts(str(worker), str(host), int(pid), calls)
