"""What the user looks at, and what must be asked for to show it: handed to the panes by the application."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from compmake.job import Failure, JobId
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.layout import JOBS

TABS = ("traceback", "output", "args", "deps", "past runs")


class About(NamedTuple):
    """What stands in the header beside the make itself."""

    program: str = ""
    store: str = ""
    source: str = ""
    """Where the news come from."""
    trouble: str = ""
    """Why no news come; empty when all is well."""
    trouble_s: float = 0.0
    """For how long none have come."""
    prefix: str = ""
    """What stands before a command to run it, `compmake my_program`; nothing in the console."""
    is_recording: bool = False
    """Whether it is a recording that is played: no store knows more."""


class Details(NamedTuple):
    """What is told of one job beyond what the board knows."""

    job_id: JobId
    call: Sequence[str] = ()
    """Its call and arguments, as lines."""
    output: Sequence[str] = ()
    """The last lines that it printed, as they came."""
    output_note: str = ""
    """Where more of it is, or why there is none."""
    runs: Sequence[str] = ()
    """Its past attempts, as lines of a table."""
    failure: Failure | None = None
    """Of its newest attempt, if the board does not know it."""


@dataclass(slots=True)
class Look:
    """What the user looks at; the application's keys change it."""

    zoom: str = ""
    """The pane that fills the screen, empty for none."""
    focus: str = JOBS
    """The pane that has the keys."""
    tab: int = 0
    """Of the detail pane, a number of `TABS`."""
    folds: bool = True
    """Whether library frames are folded."""
    wraps: bool = False
    """Whether long lines of the detail pane go on below."""
    tops: dict[str, int] = field(default_factory=dict)
    """How far panes are scrolled down, by name; the jobs and the detail pane know that for themselves."""
    span_s: float = 240.0
    """How much the timeline shows."""
    foot: Line = field(default_factory=list)
    """The last line: the keys, a question, what is typed."""
