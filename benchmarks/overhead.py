"""What compmake itself costs, as ratios to the floor measured in the same run; timings alone mean little.

    python benchmarks/overhead.py [JOBS] [REPETITIONS]

Prints one line per claim: the figure, the bound, and whether it holds; exits with 1 if one does not. What is compared
runs by turns, the medians count.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import programs
from programs import CROWD, IMPORT_S, LARGE, LEDGER, NAP_S, NAPS, WORKERS

FLOOR = str(Path(__file__).with_name("floor.py"))
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0"}
# Bytecode is written as for any user, so that compmake is not compiled anew in each process.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


class Bench:
    """One folder with the programs; runs them and tells what they took."""

    def __init__(self, folder: Path, jobs: int, repetitions: int) -> None:
        side = round((jobs / 3) ** 0.5)
        self.jobs = 3 * side * side
        self.held = True
        self.cpu_s = 0.0
        """What the newest `run` took of all CPUs, workers included: a busy machine disturbs it less."""
        self._folder = folder
        self._repetitions = repetitions
        programs.write_programs(folder, side)

    def run(self, *words: str) -> float:
        """Return the seconds that Python takes with these arguments."""
        command = (sys.executable, *words)
        started, cpu_s = time.perf_counter(), _children_cpu_s()
        subprocess.run(
            command, cwd=self._folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.cpu_s = _children_cpu_s() - cpu_s
        return time.perf_counter() - started

    def make(self, *words: str) -> float:
        """Return the seconds that a make from nothing takes."""
        shutil.rmtree(self._folder / ".compmake", ignore_errors=True)
        (self._folder / LEDGER).unlink(missing_ok=True)
        return self.run("-m", "compmake", *words)

    def claim(self, name: str, value: float, unit: str, *, below: float) -> None:
        """Print a figure and whether it is what is promised."""
        holds = value < below
        self.held = self.held and holds
        print(f"{'ok  ' if holds else 'MISS'}  {name}: {value:.2f}{unit} (bound {below:g}{unit})", flush=True)

    def nothing_to_do(self) -> None:
        """Start-up, defining, checking: what is paid before anything runs."""
        self.make("sweep", "make")
        self._floor("make")
        runs: dict[str, list[float]] = defaultdict(list)
        for _ in range(self._repetitions):
            runs["null"].append(self.run("-m", "compmake", "sweep", "make"))
            runs["floor"].append(self.run(FLOOR, "check", "kept", str(self.jobs)))
            runs["define"].append(float((self._folder / "define_s.txt").read_text()))
            runs["version"].append(self.run("-m", "compmake", "--version"))
            runs["bare"].append(self.run("-c", "pass"))
        median = _medians(runs)
        self.claim("defining the jobs", median["define"], " s", below=1.0)
        self.claim("nothing to do, to its floor", median["null"] / median["floor"], "x", below=5.0)
        self.claim("--version, to bare Python", median["version"] / median["bare"], "x", below=3.0)

    def everything_to_do(self) -> None:
        """What each job costs that does nothing, with one worker and with two."""
        runs: dict[str, list[float]] = defaultdict(list)
        cpu: dict[str, list[float]] = defaultdict(list)
        commands: dict[str, Callable[[], float]] = {
            "make": lambda: self.make("sweep", "make"),
            "floor": lambda: self._floor("make"),
            "parmake": lambda: self.make("sweep", "parmake", f"n={WORKERS}"),
            "parallel floor": lambda: self._floor("parmake"),
        }
        for _ in range(self._repetitions):
            for name, command in commands.items():
                runs[name].append(command())
                cpu[name].append(self.cpu_s)
        _medians(cpu, "CPU seconds, workers included")
        median = _medians(runs)
        self.claim("make of all, to its floor", median["make"] / median["floor"], "x", below=6.0)
        self.claim(
            f"parmake n={WORKERS} of all, to its floor", median["parmake"] / median["parallel floor"], "x", below=6.0
        )

    def naps(self) -> None:
        """How much of the workers' time is lost between jobs of 20 ms, from the start of the first to the last end."""
        ideal_s = NAPS * NAP_S / WORKERS
        spans: dict[str, list[float]] = defaultdict(list)
        for _ in range(self._repetitions):
            self.make("naps_asleep", "parmake", f"n={WORKERS}")
            spans["asleep"].append(self._span_s())
            self.make("naps_busy", "parmake", f"n={WORKERS}")
            spans["busy"].append(self._span_s())
            (self._folder / LEDGER).unlink()
            self.run("naps_floor.py")
            spans["busy floor"].append(self._span_s())
        median = _medians(spans)
        what = f"{NAPS} jobs of {1000 * NAP_S:.0f} ms, {WORKERS} workers: time lost"
        self.claim(f"{what}, asleep", 100 * (1 - ideal_s / median["asleep"]), " %", below=5.0)
        # Others on this machine take CPU from jobs that compute, with or without us.
        self.claim(
            f"{what}, busy, beyond its floor", 100 * (1 - median["busy floor"] / median["busy"]), " %", below=5.0
        )

    def large_results(self) -> None:
        """The driver must not hold results: its peak with many large ones is that with one."""
        peaks = []
        for program in ("large_one", "large_many"):
            shutil.rmtree(self._folder / ".compmake", ignore_errors=True)
            words = (sys.executable, "driver_peak.py", program, "parmake", f"n={WORKERS}")
            told = subprocess.run(words, cwd=self._folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
            peaks.append(int(told.stdout.splitlines()[-1]))
        shutil.rmtree(self._folder / ".compmake")
        self.claim(
            f"{LARGE} results of 10 MB: memory of the driver beyond one of them",
            (peaks[1] - peaks[0]) / 1e6,
            " MB",
            below=5.0,
        )

    def crowd(self) -> None:
        """From the program being loaded until each of many workers has answered, less one import of its module."""
        took_s = []
        for _ in range(self._repetitions):
            self.make("crowd", "parmake", f"n={CROWD}")
            times = self._ledger()
            if len({pid for _, _, pid in times}) < CROWD:
                sys.exit(f"{CROWD} jobs ran in fewer workers: nothing was measured")
            loaded_at = float((self._folder / "loaded_at.txt").read_text())
            took_s.append(max(end for _, end, _ in times) - loaded_at - IMPORT_S)
        self.claim(f"start of {CROWD} workers, beyond one import", statistics.median(took_s), " s", below=0.5)

    def _floor(self, task: str) -> float:
        shutil.rmtree(self._folder / "kept", ignore_errors=True)
        return self.run(FLOOR, task, "kept", str(self.jobs))

    def _ledger(self) -> list[tuple[float, float, int]]:
        """Return start, end and process of each job, as it said itself."""
        lines = (line.split() for line in (self._folder / LEDGER).read_text().splitlines())
        return [(float(start), float(end), int(pid)) for start, end, pid in lines]

    def _span_s(self) -> float:
        """Return the time from the first start to the last end."""
        times = self._ledger()
        return max(end for _, end, _ in times) - min(start for start, _, _ in times)


def _children_cpu_s() -> float:
    times = os.times()
    return times.children_user + times.children_system


def _medians(runs: dict[str, list[float]], what: str = "seconds") -> dict[str, float]:
    median = {key: statistics.median(values) for key, values in runs.items()}
    print(f"{what}:", ", ".join(f"{key} {value:.2f}" for key, value in median.items()), flush=True)
    return median


def main(jobs: int = 30_000, repetitions: int = 5) -> int:
    with tempfile.TemporaryDirectory(prefix="compmake-bench-") as name:
        bench = Bench(Path(name), jobs, repetitions)
        print(f"{bench.jobs} jobs that do nothing, {repetitions} repetitions")
        for measure in (bench.nothing_to_do, bench.everything_to_do, bench.naps, bench.large_results, bench.crowd):
            measure()
    return 0 if bench.held else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
