"""`Scene`: what every pane is given to draw itself; and the small texts that several of them share."""

from typing import NamedTuple

from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.states import State
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.look import About, Look
from compmake.ui.text import Style, duration, usual_bar


class Scene(NamedTuple):
    """One moment."""

    board: Board
    now: float
    """By the driver's clock."""
    style: Style
    look: Look
    about: About

    @property
    def none(self) -> str:
        """What stands where there is no value."""
        return "-" if self.style.ascii else "–"

    @property
    def dot(self) -> str:
        """What stands between two things that are told."""
        return " | " if self.style.ascii else " · "

    def counts(self) -> dict[State, int]:
        """Return the jobs by state."""
        view, jobs = self.board.view, self.board.jobs
        if jobs.has_table:
            return {state: jobs.counts[state] for state in State}
        ready = max(0, min(view.ready, view.waiting))
        return {
            State.FAILED: view.failed,
            State.INTERRUPTED: view.interrupted,
            State.RUNNING: len(view.running),
            State.READY: ready,
            State.BLOCKED: view.blocked,
            State.WAITING: view.waiting - ready,
            State.DONE: view.made,
            State.UP_TO_DATE: view.up_to_date,
        }

    def time_text(self, seconds: float | None) -> str:
        """Return a duration, or what stands for none."""
        return self.none if seconds is None else duration(seconds)


def job_bar(age_s: float, usual_s: float | None, width: int, style: Style) -> Line:
    """Return how far a job is if it takes as long as usual; beyond that in another colour, and how often it took it."""
    if not usual_s or usual_s <= 0:
        return []
    usual, over, times = usual_bar(age_s, usual_s, width, style)
    return [("bar", usual), ("over", over), ("plain", times)]
