"""What a dashboard in another terminal costs: `python benchmarks/viewer.py [REPETITIONS]`.

A make of 100,000 jobs is told to a server by the code that tells of any make, 20,000 of them are done and have their
records in the store. `compmake PROGRAM dash` comes late, a process of its own in a pseudo-terminal of 160x45.

Prints one line for each claim, and exits with 1 if one does not hold.
"""

import contextlib
import json
import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import psutil
from dashboard import BUDGETS, COLUMNS, ROWS, WORKERS, table
from overhead import ENVIRONMENT
from redis import Redis
from redis_store import server

from compmake.channel import Event, EventKind
from compmake.channel.address import NewsAddress
from compmake.channel.memory import MemoryChannel
from compmake.channel.redis_forward import forward
from compmake.channel.redis_news import Keys
from compmake.job import Beat
from compmake.job_table import JobTable
from compmake.store import Changes
from compmake.store.files import FileStore
from compmake.telling import NEWS_NOTES, ToldWhere

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from store_samples import record
from terminal import Terminal

DONE = 20_000
FIRST_SCREEN_S = 1.0
SECONDS = 10
_STORE_ID = "bench"
_AT_ONCE = 500
_BATCHES_A_SECOND = 20
_EVENTS_OF_A_JOB = 4
_INPUTS = '{"args": {"args[0]": ["00", "1"]}, "deps": {}, "files": {}, "options": {}, "mode": "", "call": ""}'
_COUNTED, _LISTED = re.compile(r"✔ \d+ done .* = 9\d{4}\b"), re.compile(r"\d{5} of 9\d{4} ")
# What it cannot do without: to start Python, to import what draws and what hears.
_FLOOR = "import urwid, redis"


class Make(multiprocessing.Process):
    """A driver that runs nothing: it notes in the store and tells that jobs are done."""

    def __init__(self, folder: Path, url: str, orders: Connection) -> None:
        super().__init__(daemon=True)
        self._folder, self._url, self._orders = folder, url, orders
        self._jobs, self._next = table(), 0
        self._channel = MemoryChannel()

    def run(self) -> None:
        """Tell of jobs that are done; then for some seconds of so many events a second as is ordered, until None is."""
        store, ending = FileStore.open(self._folder / ".compmake" / "prog", create=True), threading.Event()
        store.lock("make")
        store.begin_run("make", time.time())
        where = ToldWhere("", self._url, os.getpid(), os.uname().nodename)
        for name, note in zip(NEWS_NOTES, (_STORE_ID, json.dumps(where._asdict())), strict=True):
            store.set_meta(name, note)
        start = Event(EventKind.RUN_STARTED, time.time(), count=len(self._jobs), text="make", workers=WORKERS)
        self._channel.publish([start, Event(EventKind.JOBS, time.time(), table=self._jobs)])
        told = {"outputs": {}, "words": {}, "server": None}
        address = NewsAddress(self._url, _STORE_ID)
        telling = threading.Thread(target=forward, args=(self._channel, address, ending), kwargs=told)
        telling.start()
        while self._next < DONE:
            self._make(store, _AT_ONCE)
        self._wait_until_told()
        while (rate := self._orders.recv()) is not None:
            for _ in range(SECONDS * _BATCHES_A_SECOND):
                until_s = time.monotonic() + 1 / _BATCHES_A_SECOND
                self._make(store, max(1, rate // _EVENTS_OF_A_JOB // _BATCHES_A_SECOND))
                time.sleep(max(0.0, until_s - time.monotonic()))
        ending.set()
        telling.join()
        store.close()

    def _make(self, store: FileStore, count: int) -> None:
        numbers = range(self._next, self._next + count)
        self._next += count
        blobs = [store.objects.write([b"%d" % number]) for number in numbers]
        made = [
            (record(self._jobs.ids[number], blob, inputs=_INPUTS), blob)
            for number, blob in zip(numbers, blobs, strict=True)
        ]
        store.commit(Changes(records=made))
        self._channel.publish([event for number in numbers for event in _told(self._jobs, number)])

    def _wait_until_told(self) -> None:
        client, run = Redis.from_url(self._url), Keys(_STORE_ID).run
        end = self._channel.read(0)[1]
        while int(client.hget(run, "position") or 0) < end:
            time.sleep(0.05)
        self._orders.send(None)


def _told(jobs: JobTable, number: int) -> list[Event]:
    """Return the events of one job: it begins, gives two signs of life, and ends."""
    at, job_id, about = time.time(), jobs.ids[number], {"worker": f"w{number % WORKERS + 1}"}
    beat = Event(EventKind.HEARTBEAT, at, job_id, beat=Beat("m.py:61 in train", f"epoch {number}", cpu_percent=99.0))
    begun = Event(EventKind.JOB_STARTED, at - 2.0, job_id, jobs.functions[number], count=1, **about)
    return [begun, beat, beat, Event(EventKind.JOB_DONE, at, job_id, jobs.functions[number], 2.0, 10**9, **about)]


@contextlib.contextmanager
def making(folder: Path, url: str) -> Iterator[Connection]:
    """Run a make that has told of the jobs that are done; it takes orders."""
    here, there = multiprocessing.Pipe()
    (folder / "prog.py").write_text("raise SystemExit('who only looks does not need the program')\n")
    make = Make(folder, url, there)
    make.start()
    here.recv()
    try:
        yield here
    finally:
        here.send(None)
        make.join()


class FirstScreen(NamedTuple):
    """When what was to be seen, in seconds, and what it took of the CPU."""

    counts_s: float
    list_s: float
    cpu_s: float
    floor_s: float
    floor_cpu_s: float


def first_screen(argv: list[str], folder: Path) -> FirstScreen:
    """Open a dashboard once; the floor is measured just before."""
    before, began_s = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-c", _FLOOR], check=True)
    floor_s, after = time.perf_counter() - began_s, os.times()
    floor_cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    began_s = time.perf_counter()
    with Terminal(argv, cwd=folder, env=ENVIRONMENT, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.wait_for(_COUNTED)
        counts_s = time.perf_counter() - began_s
        terminal.wait_for(_LISTED)
        list_s = time.perf_counter() - began_s
        return FirstScreen(counts_s, list_s, _cpu_s(psutil.Process(terminal.pid)), floor_s, floor_cpu_s)


def share(argv: list[str], folder: Path, make: Connection, rate: int) -> float:
    """Return which part of a core a dashboard takes while so many events are told a second."""
    with Terminal(argv, cwd=folder, env=ENVIRONMENT, columns=COLUMNS, rows=ROWS) as terminal:
        terminal.wait_for(_LISTED)
        make.send(rate)
        _watch(terminal, 1.5)
        process = psutil.Process(terminal.pid)
        before_s, began_s = _cpu_s(process), time.perf_counter()
        _watch(terminal, SECONDS - 3)
        return (_cpu_s(process) - before_s) / (time.perf_counter() - began_s)


def _watch(terminal: Terminal, for_s: float) -> None:
    with contextlib.suppress(AssertionError):
        terminal.wait_until(lambda: False, "the time to pass", for_s)


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def main(repetitions: int = 5) -> int:
    """Measure and return 1 if a claim does not hold."""
    held = True

    def claim(name: str, value: float, bound: float, text: str) -> None:
        nonlocal held
        held = held and value <= bound
        print(f"{'ok  ' if value <= bound else 'MISS'}  {name}: {text} (bound {bound:g})", flush=True)

    with tempfile.TemporaryDirectory(prefix="cmb-") as name, server(Path(name)) as url, making(Path(name), url) as make:
        argv, folder = [sys.executable, "-m", "compmake", "--redis", url, "prog", "dash"], Path(name)
        screens = [first_screen(argv, folder) for _ in range(repetitions)]
        median = FirstScreen(*map(statistics.median, zip(*screens, strict=True)))
        print(f"Python and the imports of urwid and redis: {median.floor_s:.2f} s, {median.floor_cpu_s:.2f} s of CPU")
        claim("a late viewer has the counts", median.counts_s, FIRST_SCREEN_S, f"{median.counts_s:.2f} s")
        text = f"{median.list_s:.2f} s, {median.cpu_s:.2f} s of CPU"
        claim("a late viewer has the list of jobs", median.list_s, FIRST_SCREEN_S, text)
        for rate, bound in BUDGETS.items():
            taken = share(argv, folder, make, rate)
            claim(f"{rate:,} events a second over a server", taken, bound, f"{taken:.1%} of a core")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
