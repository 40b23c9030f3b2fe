"""What the live region of the console costs: `python benchmarks/region.py`; 16 running jobs, 8 frames a second."""

import io
import time

from compmake.channel import Event, EventKind, FunctionNews
from compmake.job import Beat, JobId
from compmake.ui.region import LiveRegion
from compmake.ui.text import Style

JOBS, FRAMES_A_SECOND, FRAMES = 16, 8, 800
BUDGET = 0.05


def measure(columns: int, rows: int) -> float:
    """Return the share of a core that the region takes when each job says something new before each frame."""
    stream = io.StringIO()
    region = LiveRegion(stream, style=Style(256), size=lambda: (columns, rows))
    jobs = [JobId(f"train-fold={number}-learning_rate=0.1") for number in range(JOBS)]
    functions = tuple(FunctionNews(f"function{number}", 100, 20.0) for number in range(20))
    region.feed([Event(EventKind.RUN_STARTED, 0.0, count=2000, workers=JOBS, functions=functions)], 0.0)
    region.feed([Event(EventKind.JOB_STARTED, 0.0, job, "function1", worker="w1") for job in jobs], 0.0)
    began_s = time.process_time()
    for frame in range(FRAMES):
        now = 1.0 + frame / FRAMES_A_SECOND
        for job in jobs:
            beat = Beat(place="m.py:61 in train", progress=f"epoch {frame}/800", rss_bytes=10**9 + frame * 10**7)
            region.feed([Event(EventKind.HEARTBEAT, now, job, beat=beat)], now)
        region.feed([Event(EventKind.JOB_DONE, now, JobId(f"other{frame}"), "function2", wall_s=20.0)], now)
        region.tick(now)
        stream.seek(stream.truncate(0))
    return (time.process_time() - began_s) / FRAMES * FRAMES_A_SECOND


def main() -> None:
    for columns, rows in ((80, 24), (160, 45)):
        print(f"{columns}x{rows}: {measure(columns, rows):.2%} of a core at {FRAMES_A_SECOND} frames a second")


if __name__ == "__main__":
    main()
