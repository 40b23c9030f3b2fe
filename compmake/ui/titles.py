"""`Title`: how far a make is, in the title of the terminal's window and in the mark of progress that some have."""

from compmake.job import JobState
from compmake.ui.expectation import rounded
from compmake.ui.text import PLAIN
from compmake.ui.view import View

_EVERY_S = 1.0
_PUSH, _POP = "\x1b[22;0t", "\x1b[23;0t"
_FAILED, _WELL = 2, 1


class Title:
    """Codes for what stands beside the screen; by default there are none.

    Args:
        window: The terminal has a title.
        progress: It shows a mark of progress; others take the code for a message to be announced.
    """

    def __init__(self, *, window: bool = False, progress: bool = False) -> None:
        self._window, self._progress = window, progress
        self._begun = False
        self._told = ""
        self._told_at = 0.0

    def update(self, view: View, now: float) -> str:
        """Return the codes that tell how far the make is; empty if they were told less than a second ago."""
        if not (self._window or self._progress) or (self._begun and abs(now - self._told_at) < _EVERY_S):
            return ""
        self._told_at = now
        codes = self._codes(view, now)
        if codes == self._told:
            return ""
        push = "" if self._begun or not self._window else _PUSH
        self._begun, self._told = True, codes
        return push + codes

    def _codes(self, view: View, now: float) -> str:
        percent = round(100 * view.work_fraction(now))
        found = view.expectation(now)
        eta = rounded(found.left_s) if found is not None and found.left_s is not None and not found.reason else ""
        failed = f"{PLAIN.glyph(JobState.FAILED)}{view.failed}" if view.failed else ""
        text = " ".join(filter(None, (failed, f"{percent}%", eta)))
        window = f"\x1b]2;{text}\x1b\\" if self._window else ""
        state = _FAILED if view.failed else _WELL
        return window + (f"\x1b]9;4;{state};{percent}\x1b\\" if self._progress else "")

    def end(self) -> str:
        """Return the codes that take all of it back."""
        if not self._begun:
            return ""
        self._begun, self._told = False, ""
        return (_POP if self._window else "") + ("\x1b]9;4;0\x1b\\" if self._progress else "")
