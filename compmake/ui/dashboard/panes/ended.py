"""What stands where the workers are when none is at work: a summary, that there is no make, that news are lost."""

from compmake.ui.dashboard.board.states import SIGNS, State
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.summary import summary_lines
from compmake.ui.text import Style, duration, wrap

_LEAST_CELLS = 20


def ended_title(scene: Scene) -> str:
    """Return the title of the pane."""
    view = scene.board.view
    if not view.started:
        return "No make"
    return "Summary"


def ended_lines(scene: Scene, columns: int) -> list[Line]:
    """Return the summary of the make that has ended: counts, failures by group, what can be done next."""
    columns = max(columns, _LEAST_CELLS)
    style = Style(0, scene.style.ascii)
    lines = summary_lines(scene.board.view, prefix=scene.about.prefix, style=style, width=columns - 1)
    shown: list[Line] = []
    for number, line in enumerate(lines):
        is_last = number == len(lines) - 1
        role = "strong" if number == 0 else "key" if is_last and line.startswith("next:") else "plain"
        shown += [[(role, f" {part}")] for part in wrap(style.spell(line), columns - 1, indent=2)]
    return shown


def empty_lines(scene: Scene, columns: int) -> list[Line]:
    """Return what to do when there is no make."""
    command = f"{scene.about.prefix} make".strip()
    texts = [
        clean(scene.board.last, scene.style) or "No make is running.",
        "The next one is shown here as soon as it begins.",
        f"To begin one: `{command}`" + ("." if scene.about.prefix else ", here behind `:` or at the prompt."),
    ]
    return [[("plain", f" {part}")] for text in texts for part in wrap(text, columns - 1)]


def lost_lines(scene: Scene, columns: int) -> list[Line]:
    """Return that no news come, why, and what becomes of it."""
    about, style = scene.about, scene.style
    since = f" for {duration(about.trouble_s)}" if about.trouble_s >= 1 else ""
    text = f"{SIGNS[State.FAILED].mark(style)} no news{since}: {clean(about.trouble, style)}"
    more = "What you see is what was told last."
    if not about.is_recording:
        more += " The make needs no server and goes on; so does this when news come again."
    told: list[Line] = [[("error", f" {part}")] for part in wrap(text, columns - 1, indent=2)[:3]]
    return told + [[("dim", f" {part}")] for part in wrap(more, columns - 1)[:2]]
