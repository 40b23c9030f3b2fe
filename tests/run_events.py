"""Events of a make as tests tell them, at seconds since its start."""

from compmake.channel import Event, EventKind
from compmake.job import Beat, Failure, Frame, JobId
from compmake.job_table import Estimate

T = 1_700_000_000.0


def start(count=191, **fields):
    return Event(EventKind.RUN_STARTED, T, count=count, **fields)


def expect(left_s, low_s=None, high_s=None, at=0.0, **fields):
    """Return an estimate; its range is from three quarters to one and a half unless told."""
    low_s, high_s = 0.75 * left_s if low_s is None else low_s, 1.5 * left_s if high_s is None else high_s
    return Estimate(T + at, left_s, low_s, high_s, **fields)


def estimated(left_s, at=0.0, **fields):
    """Let an estimate be told."""
    return Event(EventKind.ESTIMATE, T + at, estimate=expect(left_s, at=at, **fields))


def begin(job_id, at=0.0, worker=None):
    """Let a job begin, on a worker of its own unless told: a worker runs one at a time."""
    worker = f"w{sum(map(ord, job_id)) % 997}" if worker is None else worker
    return Event(EventKind.JOB_STARTED, T + at, JobId(job_id), "train", worker=worker)


def beat(job_id, at=0.0, **told):
    return Event(EventKind.HEARTBEAT, T + at, JobId(job_id), beat=Beat(**told))


def notice(text):
    return Event(EventKind.NOTICE, T, text=text)


def done(job_id, at=0.0):
    return Event(EventKind.JOB_DONE, T + at, JobId(job_id), "train", wall_s=41, peak_bytes=1_900_000_000)


def failed(job_id, at=0.0, message="x is NaN", line=88, output=""):
    frame = Frame("/home/u/mycomputations.py", line, "step", True, ((line, "    raise ValueError"),))
    failure = Failure("ValueError", message, (frame,))
    return Event(EventKind.JOB_FAILED, T + at, JobId(job_id), "train", 41, 1_900_000_000, failure=failure, text=output)


def retried(job_id, count=2):
    failure = Failure("ConnectionError", "reset")
    return Event(EventKind.JOB_RETRIED, T, JobId(job_id), "fetch", 3, count=count, failure=failure)


def end(at=361.0, how="finished"):
    return Event(EventKind.RUN_ENDED, T + at, text=how)


HOSTILE = "a\x1b[2J\x07\r\nb\x9b"


def hostile_run():
    event = Event(EventKind.JOB_STARTED, T, JobId(HOSTILE), HOSTILE)
    return [
        start(3),
        event,
        beat(HOSTILE, progress=HOSTILE),
        beat(HOSTILE, last_line=HOSTILE, place=HOSTILE),
        beat(HOSTILE, place=HOSTILE),
        notice(HOSTILE),
        retried(HOSTILE),
        event,
        failed(HOSTILE, message=HOSTILE, output=HOSTILE),
        Event(EventKind.JOB_DONE, T, JobId(HOSTILE), HOSTILE),
        end(1, HOSTILE),
    ]
