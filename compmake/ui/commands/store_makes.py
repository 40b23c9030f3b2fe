"""What the store tells of makes, without asking any server: whether one runs, how the last one ended."""

from compmake.telling import told_where
from compmake.text_safety import one_line
from compmake.ui.text import clock
from compmake.workspace import Workspace

_CELLS = 60


def is_making(workspace: Workspace) -> bool:
    """Tell whether a make of this store runs, as far as that can be seen from here."""
    runs, told = workspace.store.runs(), told_where(workspace.store)
    if not runs or runs[0].ended_at is not None:
        return False
    return (told is not None and told.is_here) or workspace.store.holder() is not None


def no_make(workspace: Workspace) -> str:
    """Say that nothing runs, and how the last make ended."""
    runs = workspace.store.runs()
    if not runs:
        return "No make is running, and none ever was."
    ended = one_line(runs[0].ended or "did not end", _CELLS)
    command = one_line(runs[0].command, _CELLS)
    return f"No make is running. The last one, {command}, {clock(runs[0].started_at)}: {ended}."
