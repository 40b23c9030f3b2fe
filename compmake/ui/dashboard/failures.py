"""`Failures`: what the user does with the failure of the job under the cursor: reads it, edits its line, copies it."""

from collections.abc import Callable

from compmake.job import Failure, Frame
from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.session import FailureReport
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.board.states import SIGNS, State
from compmake.ui.dashboard.desk import Desk
from compmake.ui.dashboard.failure_rows import fullest
from compmake.ui.dashboard.panes.look import Details
from compmake.ui.dashboard.screen import FullScreen
from compmake.ui.dashboard.traceback_screen import Viewer
from compmake.ui.editor import edit
from compmake.ui.text import Style, duration

_CELLS = 300
_WORKER_CELLS = 40
_GOOD = (State.DONE, State.UP_TO_DATE)


class Failures:
    """Shows failures, and where they are.

    Args:
        board: What is known of the make.
        rows: The list of jobs.
        screen: Where it is shown.
        style: What the terminal can show.
        desk: Knows more of a failure; None if there is no store.
        then: Carries out the command that the user has chosen in the viewer.
    """

    def __init__(
        self,
        board: Board,
        rows: JobRows,
        screen: FullScreen,
        *,
        style: Style,
        desk: Desk | None,
        then: Callable[[str], None],
    ) -> None:
        self._board, self._rows, self._screen, self._style, self._desk = board, rows, screen, style, desk
        self._then = then

    def show(self, details: Details | None) -> bool:
        """Open the viewer of the failure of the job under the cursor; return False if there is none."""
        failure, job_id = self._failure(details), self._rows.job
        if failure is None or job_id is None:
            return False
        number = self._board.jobs.number(job_id)
        assert number is not None
        attempt, sign = self._board.jobs.attempt(number), SIGNS[State.FAILED]
        head = f"{sign.mark(self._style)} {one_line(job_id, _CELLS)} failed"
        if attempt.wall_s is not None:
            worker = one_line(attempt.worker, _WORKER_CELLS)
            head += f": took {duration(attempt.wall_s)} on {worker}, attempt {attempt.number}"
        report = FailureReport(job_id, head, "", failure, "")
        self.open(report if self._desk is None else self._desk.report(job_id, failure, head))
        return True

    def open(self, report: FailureReport) -> str:
        """Open the viewer; return at once, with nothing to be carried out: that comes when it is closed."""
        self._screen.show(_FailurePage(report, self._screen, self._style, self._then))
        return ""

    def edit(self, details: Details | None) -> str:
        """Open the user's editor where the job under the cursor failed; return what is to be told."""
        place = _place(self._failure(details))
        if place is None:
            return "e opens your editor where a job failed: this one has no such line"
        with self._screen.suspended():
            return edit(place.file, place.line)

    def copy(self, details: Details | None) -> str:
        """Copy where the job under the cursor failed, else its id; return what is to be told."""
        place, job_id = _place(self._failure(details)), self._rows.job
        if job_id is None:
            return ""
        text = f"{place.file}:{place.line}" if place is not None else job_id
        self._screen.copy(sanitize(text))
        return f"copied {one_line(text, _CELLS)}, if your terminal allows it"

    def _failure(self, details: Details | None) -> Failure | None:
        """Return why the job under the cursor failed, if that is known."""
        jobs, job_id = self._board.jobs, self._rows.job
        number = jobs.number(job_id) if job_id is not None else None
        if job_id is None or number is None or jobs.state(number) in _GOOD:
            return None
        return fullest(jobs.failures.get(job_id), details.failure if details is not None else None)


class _FailurePage(Viewer):
    """The viewer of a failure; what the user chooses there is carried out when it is closed."""

    def __init__(self, report: FailureReport, screen: FullScreen, style: Style, then: Callable[[str], None]) -> None:
        super().__init__(report, screen, style)
        self._then = then

    def press(self, key: str) -> None:
        """As in the viewer."""
        super().press(key)
        if self.closed and self.chosen:
            self._then(self.chosen)


def _place(failure: Failure | None) -> Frame | None:
    """Return the line that is the user's own and was reached last, else the last one."""
    if failure is None:
        return None
    frame = failure.deepest_user_frame or (failure.frames[-1] if failure.frames else None)
    return frame if frame is not None and frame.file else None
