"""What a store on a Redis server costs, as ratios to the store in files measured in the same run.

    python benchmarks/redis_store.py [JOBS] [REPETITIONS]

Prints one line per claim, and exits with 1 if one does not hold. The server is one of this benchmark's own, on a unix
socket, without persistence. What is compared runs by turns, the medians count.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from overhead import ENVIRONMENT, Bench, _medians

from compmake.channel.server import find_binary


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run a server and yield its URL."""
    binary = find_binary()
    if binary is None:
        sys.exit("no redis-server and no valkey-server: nothing was measured")
    path = folder / "socket"
    words = [binary, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        end_s = time.monotonic() + 10.0
        while time.monotonic() < end_s:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(path))
                break
            time.sleep(0.01)
        yield f"unix://{path}"
    finally:
        process.kill()
        process.wait()


def measure(bench: Bench, url: str, repetitions: int) -> None:
    """Make everything, then nothing, with each store by turns."""
    runs: dict[str, list[float]] = defaultdict(list)
    for number in range(repetitions):
        on_server = ("-m", "compmake", "--store", f"{url}#run{number}", "sweep", "make")
        runs["files, cold"].append(bench.make("sweep", "make"))
        runs["redis, cold"].append(bench.run(*on_server))
        for _ in range(2):
            runs["files, nothing to do"].append(bench.run("-m", "compmake", "sweep", "make"))
            runs["redis, nothing to do"].append(bench.run(*on_server))
    median = _medians(runs)
    bench.claim("make of all on Redis, to files", median["redis, cold"] / median["files, cold"], "x", below=2.0)
    bench.claim(
        "nothing to do on Redis, to files",
        median["redis, nothing to do"] / median["files, nothing to do"],
        "x",
        below=1.5,
    )


def main(jobs: int = 30_000, repetitions: int = 5) -> int:
    with tempfile.TemporaryDirectory(prefix="cmb-") as name, tempfile.TemporaryDirectory(prefix="cmb-") as place:
        ENVIRONMENT.update({"COMPMAKE_REDIS": "off", "XDG_CONFIG_HOME": os.path.join(place, "config")})
        bench = Bench(Path(name), jobs, repetitions)
        print(f"{bench.jobs} jobs that do nothing, {repetitions} repetitions")
        with server(Path(place)) as url:
            measure(bench, url, repetitions)
        shutil.rmtree(Path(name, ".compmake"), ignore_errors=True)
    return 0 if bench.held else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
