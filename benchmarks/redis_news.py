"""What it costs to let other terminals hear of a make, as a ratio to the same make that tells nobody.

python benchmarks/redis_news.py [JOBS] [REPETITIONS]
"""

import sys
import tempfile
import time
from pathlib import Path

from overhead import Bench
from redis_store import server

from compmake.channel.address import NewsAddress
from compmake.channel.redis_beat import WorkerBeat
from compmake.job import JobId

_BEATS = 300


def measure(bench: Bench, url: str, repetitions: int) -> None:
    """Print what news cost a make of trivial jobs: none, through a private server, through one that is named."""
    ways = {"off": ("--redis", "off"), "private server": (), "named server": ("--redis", url)}
    took: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(repetitions):
        for way, options in ways.items():
            took[way].append(bench.make("sweep", *options, "make", "-j", "2"))
    best = {way: min(seconds) for way, seconds in took.items()}
    print("seconds:", {way: round(seconds, 2) for way, seconds in best.items()})
    for way in list(ways)[1:]:
        bench.claim(f"{bench.jobs:,} trivial jobs, {way}, to none", best[way] / best["off"], "times", below=1.1)


def measure_beats(bench: Bench, url: str) -> None:
    """Print how much of a core a worker's beats take at one a second."""
    beat = WorkerBeat(NewsAddress(url, "bench"), "w1", lambda: [("a.py", 1, "f")] * 20)
    beat.tell(JobId("job"), 1.0, ("a.py", 1, "f"), "1/2")
    before_s = time.thread_time()
    for number in range(_BEATS):
        beat.tell(JobId("job"), float(number), ("a.py", number, "f"), f"{number}/{_BEATS}")
    percent = 100 * (time.thread_time() - before_s) / _BEATS
    bench.claim("beats of a worker to the server", percent, "% of a core", below=1.0)


def main(jobs: int = 30_000, repetitions: int = 3) -> int:
    """Measure and return 1 if a claim does not hold."""
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as url:
        bench = Bench(Path(folder), jobs, repetitions)
        measure(bench, url, repetitions)
        measure_beats(bench, url)
    return 0 if bench.held else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
