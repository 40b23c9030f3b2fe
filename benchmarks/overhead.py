"""What compmake itself costs, as ratios to the floor measured in the same run; timings alone mean little.

    python benchmarks/overhead.py [JOBS] [REPETITIONS]

Prints one line per claim: the figure, the bound, and whether it holds. Runs are interleaved, the median counts.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
FUNCTIONS = "\n\n".join(
    f"def {name}({args}):\n    return {value}"
    for name, args, value in (
        ("first", "a, b", "a * 1000 + b"),
        ("second", "one, b", "one * 1000 + b"),
        ("third", "two", "two * 2"),
    )
)
PROGRAM = """\
import time

started = time.perf_counter()
from compmake import comp
from functions import first, second, third

for a in range({side}):
    for b in range({side}):
        one = comp(first, a, b)
        two = comp(second, one, b)
        comp(third, two)
open("define_s.txt", "w").write(str(time.perf_counter() - started))
"""
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0"}
# Bytecode is written as for any user, so that compmake is not compiled anew in each process.
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)


def seconds(*command: str, cwd: Path) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def claim(name: str, value: float, unit: str, bound: float) -> bool:
    holds = value < bound
    print(f"{'ok  ' if holds else 'MISS'}  {name}: {value:.2f}{unit} (bound {bound:g}{unit})", flush=True)
    return holds


def main(jobs: int = 30_000, repetitions: int = 5) -> int:
    python = sys.executable
    side = round((jobs / 3) ** 0.5)
    with tempfile.TemporaryDirectory(prefix="compmake-bench-") as name:
        folder = Path(name)
        (folder / "functions.py").write_text(FUNCTIONS + "\n")
        (folder / "sweep.py").write_text(PROGRAM.format(side=side))
        compmake = (python, "-m", "compmake", "sweep", "make")
        floor = (python, str(HERE / "floor.py"))
        cold = seconds(*compmake, cwd=folder)
        cold_floor = seconds(*floor, "make", "kept", str(jobs), cwd=folder)
        runs: dict[str, list[float]] = {key: [] for key in ("null", "null floor", "define", "version", "bare")}
        for _ in range(repetitions):
            runs["null"].append(seconds(*compmake, cwd=folder))
            runs["null floor"].append(seconds(*floor, "check", "kept", str(jobs), cwd=folder))
            runs["define"].append(float((folder / "define_s.txt").read_text()))
            runs["version"].append(seconds(python, "-m", "compmake", "--version", cwd=folder))
            runs["bare"].append(seconds(python, "-c", "pass", cwd=folder))
    median = {key: statistics.median(values) for key, values in runs.items()}
    print(f"{3 * side * side} jobs; seconds: {', '.join(f'{key} {value:.2f}' for key, value in median.items())}")
    print(f"made once: {cold:.1f} s, {cold / cold_floor:.1f} times its floor (jobs run one at a time, inline)")
    held = [
        claim("defining the jobs", median["define"], " s", 1.0),
        claim("nothing to do, to its floor", median["null"] / median["null floor"], "x", 5.0),
        claim("--version, to bare Python", median["version"] / median["bare"], "x", 3.0),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
