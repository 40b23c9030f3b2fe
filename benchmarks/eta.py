"""How good the ETA is, and what it costs: `python benchmarks/eta.py [RUNS]`."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from simulated_makes import GRAPHS, SHARES, T, looks, simulated_make

from compmake.estimate import Estimator
from compmake.job_table import JobTable

RUNS = 30
CASES = {
    "all jobs known": {},
    "half of them new": {"known": 0.5},
    "all jobs new": {"known": 0.0},
    "one function slower": {"changed": {"train": 2.0, "work": 2.0, "step3": 2.0}},
    "4 workers": {"workers": 4},
}
SIZES = (1_000, 10_000, 100_000)


def accuracy(runs: int) -> None:
    """Print the mean error, the mean of signed errors, and how often the range covers the truth, at each share."""
    print(f"{'':32}" + "".join(f"at {share:.0%}: error, bias, covered   " for share in SHARES))
    for graph, build in GRAPHS.items():
        for case, arguments in CASES.items():
            rows = [looks(simulated_make(build(), seed=seed, **arguments)) for seed in range(runs)]
            cells = []
            for at in range(len(SHARES)):
                errors = [(row[at][0].left_s - row[at][1]) / row[at][1] for row in rows]
                covered = sum(row[at][0].low_s <= row[at][1] <= row[at][0].high_s for row in rows)
                error, bias = sum(map(abs, errors)) / runs, sum(errors) / runs
                cells.append(f"{error:7.1%} {bias:+7.1%} {covered / runs:6.0%}         ")
            print(f"{graph:12} {case:20}" + "".join(cells))


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
