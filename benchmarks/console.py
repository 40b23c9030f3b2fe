"""What the interactive console costs: each figure beside the bound that was promised.

    python benchmarks/console.py [SECTION ...]

Prints one line per claim; exits with 1 if one does not hold. A section is a function in `SECTIONS` that yields claims.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from prompt_toolkit.completion import CompleteEvent, Completion
from prompt_toolkit.document import Document

import compmake.ui.commands  # noqa: F401 -- registers the commands
from compmake.ui.console.completer import LineCompleter
from compmake.ui.highlighting import highlight
from compmake.ui.id_index import IdIndex
from compmake.ui.vocabulary import ProgramNames, Vocabulary

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from region import measure as region_share
from terminal import Terminal

JOBS = 100_000
REPETITIONS = 7


class Claim(NamedTuple):
    """One figure: all that was measured, and what the worst median must stay below."""

    name: str
    measured: Mapping[str, list[float]]
    """What each repetition cost, by what was done."""
    below: float
    unit: str = "ms"

    def holds(self) -> bool:
        """Print the figure and tell whether it is what is promised."""
        medians = {case: statistics.median(times) for case, times in self.measured.items()}
        slowest = max(medians, key=medians.__getitem__)
        worst = max(max(times) for times in self.measured.values())
        holds = medians[slowest] < self.below
        print(
            f"{'ok  ' if holds else 'MISS'}  {self.name}: {statistics.median(medians.values()):.2f} {self.unit}, "
            f"most {medians[slowest]:.2f} {self.unit} ({slowest}), worst once {worst:.2f} (bound {self.below:g})",
            flush=True,
        )
        return holds


def timed(action: Callable[[], object]) -> list[float]:
    """Return the milliseconds of CPU that each of some repetitions takes: what else the machine does is not counted."""
    times = []
    for _ in range(REPETITIONS):
        started_s = time.thread_time()
        action()
        times.append((time.thread_time() - started_s) * 1000)
    return times


def programs() -> dict[str, list[str]]:
    """Return ids as programs have them: by function, by parameters, numbers alone, digests, long with one beginning."""
    step = 0x9E3779B97F4A7C15
    return {
        "functions": [f"func{at % 7}-{at}" for at in range(JOBS)],
        "parameters": [f"train-b={at % 100}-lr=0.{at % 9}-seed={at}" for at in range(JOBS)],
        "numbers": [str(at) for at in range(JOBS)],
        "digests": [f"{at * step % 2**64:016x}" for at in range(1, JOBS + 1)],
        "long": [f"{'experiment/' * 20}{at}" for at in range(JOBS)],
        "spaced": [f"run {at} of 'all'" for at in range(JOBS)],
    }


def completion() -> Iterator[Claim]:
    """A key of somebody who completes: nothing typed, a letter that all have, long beginnings, what no id has."""
    words = [
        "",
        "f",
        "e",
        "1",
        "func1-",
        "train-b=7",
        "experiment/experiment/",
        "0.1",
        "seed=99",
        "zqx",
        "xqzjkvw",
        "'r",
    ]
    lines = [f"make {word}" for word in words] + ["make failed in (", "details 9999", "ls not done except "]
    for name, ids in programs().items():
        vocabulary = Vocabulary(ProgramNames(IdIndex.of(ids), tuple(f"func{at}" for at in range(7))))
        completer = LineCompleter(partial(_itself, vocabulary))
        cases = {repr(line): timed(partial(complete, completer, line)) for line in lines}
        yield Claim(f"completion of a key, {JOBS:,} jobs ({name})", cases, 10.0)


def _itself(vocabulary: Vocabulary) -> Vocabulary:
    return vocabulary


def complete(completer: LineCompleter, line: str) -> list[Completion]:
    """Press Tab at the end of a line."""
    return list(completer.get_completions(Document(line), CompleteEvent(completion_requested=True)))


def highlighting() -> Iterator[Claim]:
    """The colours of a line of 200 characters."""
    vocabulary = Vocabulary(ProgramNames(IdIndex.of(programs()["functions"]), ("func1",)))
    lines = [(text * 200)[:200] for text in ("make func1-1 ", "make (nosuch or 'a b') ", "x", "'", "(", "ls|x;", "-j ")]
    cases = {repr(line[:12]): timed(partial(highlight, line, vocabulary)) for line in lines}
    yield Claim(f"colours of a line of 200 characters, {JOBS:,} jobs", cases, 2.0)


def region() -> Iterator[Claim]:
    """The live region of a make with 16 running jobs, each saying something new at each of 8 frames a second."""
    sizes = ((80, 24), (160, 45))
    shares = {f"{columns}x{rows}": [100 * region_share(columns, rows)] for columns, rows in sizes}
    yield Claim("live region, 8 frames a second", shares, 5.0, "% of a core")


def in_a_terminal() -> Iterator[Claim]:
    """The prompt, beyond what the program itself takes to define its jobs; `ls | head` typed at it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for program, jobs in (("small", 100), ("large", JOBS)):
            (folder / f"{program}.py").write_text(PROGRAM.format(pairs=jobs // 2))
        prompts: dict[str, list[float]] = {"small": [], "large": []}
        lists: dict[str, list[float]] = {"ls | head": [], "ls": []}
        for _ in range(REPETITIONS):
            for program, times in prompts.items():
                started_s = time.perf_counter()
                argv = [sys.executable, "-m", "compmake", program]
                with Terminal(argv, cwd=folder, columns=100, rows=30) as terminal:
                    terminal.wait_for("@ ")
                    took_s = time.perf_counter() - started_s
                    times.append((took_s - float((folder / "define_s.txt").read_text())) * 1000)
                    if program == "large":
                        terminal.wait_for(f"0/{JOBS}")
                        for line, cases in lists.items():
                            cases.append(typed(terminal, line))
                    terminal.enter("exit")
                    terminal.wait_end()
        yield Claim("the prompt is there, the program's own time left out", prompts, 400.0)
        yield Claim(f"typed at the prompt, {JOBS:,} jobs", lists, 1500.0)


def typed(terminal: Terminal, line: str) -> float:
    """Type a line and return after how many milliseconds its answer is there."""
    started_s = time.perf_counter()
    terminal.enter(line)
    terminal.wait_for("first-10")
    return (time.perf_counter() - started_s) * 1000


PROGRAM = """\
import time

started = time.perf_counter()
from compmake import comp


def first(number):
    return number


def second(one):
    return one


for number in range({pairs}):
    comp(second, comp(first, number))
open("define_s.txt", "w").write(str(time.perf_counter() - started))
"""
SECTIONS: dict[str, Callable[[], Iterator[Claim]]] = {
    "completion": completion,
    "highlighting": highlighting,
    "region": region,
    "terminal": in_a_terminal,
}


def main() -> int:
    """Run the sections that were named, by default all."""
    held = [claim.holds() for name in sys.argv[1:] or SECTIONS for claim in SECTIONS[name]()]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
