"""Records the pictures and the tables in docs/dashboard.md: `python docs/record_dashboard.py`.

The make that they show never ran: its jobs are simulated, so that each recording shows the same. It needs the packages
of the extra `test`.
"""

import os
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # where makes are simulated and dashboards looked at

from dashboards import Seen, Told
from simulated_makes import T, serial_tail, simulated_make

from compmake.channel import Event, EventKind
from compmake.job import Beat, Failure, Frame
from compmake.job_table import Estimate
from compmake.ui.dashboard.dashboard_keys import KEYS

TARGET = Path(__file__).with_name("dashboard.md")
SIZES = ((80, 24), (160, 45))
_WORKERS = 8
_SHARE = 0.6
"""How much of the make is over."""
_FAIL = frozenset({"train-7-3", "train-11-15"})
_PLACE = "mycomputations.py:61 in train"
_BEATS = [Beat(_PLACE, f"epoch {n}/40", f"loss 0.1{n}", 99 - n, (18 + n) * 10**8) for n in range(_WORKERS)]
_FAILURE = Failure(
    "ValueError",
    "x is NaN",
    (
        Frame("/home/ana/mycomputations.py", 61, "train", True, ((61, "    loss = step(x, rate)"),)),
        Frame(
            "/home/ana/mycomputations.py",
            88,
            "step",
            True,
            ((86, "    g = grad(x)"), (87, "    if isnan(g).any():"), (88, '        raise ValueError("x is NaN")')),
            (("rate", "0.1"), ("x", "array([nan, nan, 3.0]), shape (512,)")),
        ),
    ),
)


def told() -> list[Event]:
    """Return what is told of the make until it is looked at."""
    make = simulated_make(serial_tail(), seed=4, workers=_WORKERS, spread=0.3)
    now = T + _SHARE * make.took_s
    left_s = T + make.took_s - now
    events, running = [], {}
    for event in make.events:
        if event.time > now:
            break
        events.append(event)
        if event.kind is EventKind.RUN_STARTED:
            events.append(Event(EventKind.JOBS, event.time, table=make.table))
        elif event.kind is EventKind.JOB_STARTED:
            running[event.worker] = events[-1] = replace(event, count=1)
        elif event.kind is EventKind.JOB_DONE:
            del running[event.worker]
            events[-1] = _ended(event)
    for worker, begun in sorted(running.items()):
        beat = _BEATS[int(worker[1:])]
        events.append(Event(EventKind.HEARTBEAT, now, begun.job_id, begun.function, beat=beat, worker=worker))
    events.append(Event(EventKind.ESTIMATE, now, estimate=Estimate(now, left_s, 0.8 * left_s, 1.4 * left_s, 170.0)))
    return [replace(event, worker=f"w{int(event.worker[1:]) + 1}") if event.worker else event for event in events]


def _ended(event: Event) -> Event:
    if event.job_id in _FAIL:
        return replace(event, kind=EventKind.JOB_FAILED, failure=_FAILURE, peak_bytes=1_900_000_000)
    return replace(event, peak_bytes=1_700_000_000)


def screens() -> dict[tuple[int, int], str]:
    """Return what the dashboard shows in each size."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    found = {}
    for size in SIZES:
        seen = Seen(Told([told()]), program="my_program")
        seen.until_calm()
        found[size] = seen.shown(*size)
    return found


def table(keys) -> str:
    """Return the table of keys as the document has it."""
    rows = [f"| {_code(key.written)} | `{key.action}` | {key.help} |" for key in keys]
    return "\n".join(["| key | action | what it does |", "|---|---|---|", *rows])


def _code(written: str) -> str:
    return " ".join(f"`{word}`" for word in written.split())


def page() -> str:
    """Return docs/dashboard.md as it should be: what is between its marks is written anew."""
    parts = {"keys": table(KEYS)} | {f"{c}x{r}": f"```text\n{text}\n```" for (c, r), text in screens().items()}
    text = TARGET.read_text(encoding="utf-8")
    for name, part in parts.items():
        pattern = rf"(<!-- {name} -->\n)(?:.*?\n)??(<!-- end -->)"
        text = re.sub(pattern, lambda match, part=part: f"{match[1]}{part}\n{match[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
