"""How good the ETA is, and what it costs: `python benchmarks/eta.py [RUNS]`."""

import sys
import time
from pathlib import Path
from statistics import mean

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from simulated_makes import GRAPHS, MEANS_S, SHARES, T, floors_s, long_jobs, looks, simulated_make

from compmake.estimate import Estimator
from compmake.job_table import Estimate, JobTable

RUNS = 30
HALF = ("train", "aggregate", "report", "work", "step1", "step3", "fit")
NEW = tuple(MEANS_S)
EDITED = ("train", "work", "step1", "step3", "fit")
CASES = {
    "all jobs known": {},
    "half of the jobs new": {"known": 0.5},
    "all jobs new": {"known": 0.0},
    "half of the functions new": {"without_past": HALF},
    "all functions new": {"without_past": NEW},
    "all new, telling": {"without_past": NEW, "telling": NEW},
    "all jobs new, telling": {"known": 0.0, "telling": NEW},
    "one function slower": {"changed": {"train": 2.0, "work": 2.0, "step3": 2.0, "fit": 2.0}},
    "4 workers": {"workers": 4},
    "edited, results differ": {"edited": EDITED},
    "edited, results the same": {"edited": EDITED, "same": True},
}
SIZES = (1_000, 10_000, 100_000)


def accuracy(runs: int) -> None:
    """Print at each share of the run how good the numbers were.

    That is the mean error, beside it the floor: the error of somebody who knows everything but what will be drawn;
    the mean of signed errors; how often the range held the truth; where not every answer was a number also how many
    were, and of how many lower bounds there were how many held.
    """
    print(f"{'':38}" + "".join(f"at {share:.0%}: error (floor), bias, in range       " for share in SHARES))
    for graph, build in {**GRAPHS, "long jobs": long_jobs}.items():
        for case, arguments in CASES.items():
            makes = [simulated_make(build(), seed=seed, **arguments) for seed in range(runs)]
            rows, floors = [looks(make) for make in makes], [floors_s(make) for make in makes]
            cells = [_cell([row[at] for row in rows], [floor[at] for floor in floors]) for at in range(len(SHARES))]
            print(f"{graph:12}{case:26}" + "".join(f"{cell:41}" for cell in cells), flush=True)


def _cell(found: list[tuple[Estimate, float]], floors_s: list[float]) -> str:
    numbers, at_least = [], []
    for (estimate, truth_s), floor_s in zip(found, floors_s, strict=True):
        if estimate.left_s is not None and not estimate.reason:
            numbers.append((estimate, truth_s, floor_s))
        elif estimate.left_s is not None:
            at_least.append(estimate.left_s <= truth_s)
    text = "no numbers"
    if numbers:
        errors = [(estimate.left_s - truth_s) / truth_s for estimate, truth_s, _ in numbers]
        floor = mean(abs(floor_s - truth_s) / truth_s for _, truth_s, floor_s in numbers)
        covered = mean(estimate.low_s <= truth_s <= estimate.high_s for estimate, truth_s, _ in numbers)
        text = f"{mean(map(abs, errors)):5.1%} ({floor:5.1%}) {mean(errors):+6.1%} {covered:4.0%}"
    if len(numbers) < len(found):
        text += f" {len(numbers)}/{len(found)}"
    return text + (f" ≥{sum(at_least)}/{len(at_least)}" if at_least else "")


def cost() -> None:
    """Print what one estimate takes."""
    for size in SIZES:
        names = [f"j{number}" for number in range(size)]
        needs = [(number - 1,) if number % 4 else () for number in range(size)]
        priorities = [float(4 - number % 4) for number in range(size)]
        table = JobTable(names, ["f"] * size, needs, [10.0] * size, priorities)
        began_s = time.process_time()
        estimator = Estimator(table, 16)
        built_s = time.process_time() - began_s
        began_s = time.process_time()
        estimator.estimate(T)
        print(f"{size:7,} jobs: prepared in {built_s:.3f} s, an estimate takes {time.process_time() - began_s:.3f} s")


if __name__ == "__main__":
    cost()
    accuracy(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
