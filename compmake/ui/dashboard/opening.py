"""Opens the dashboard: joins news, what is known, what can be done, and the screen."""

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from compmake.channel.address import Output
from compmake.channel.source import Source
from compmake.job import JobId
from compmake.ui.dashboard.acting import Acting, Playback
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.dashboard_keys import KEYS
from compmake.ui.dashboard.dashboard_screen import Dashboard
from compmake.ui.dashboard.desk import Desk
from compmake.ui.dashboard.keys import rebound
from compmake.ui.dashboard.lookup import Lookup
from compmake.ui.dashboard.panes.look import About
from compmake.ui.dashboard.screen import FullScreen
from compmake.ui.text import Style


class Opening(NamedTuple):
    """What a dashboard is opened on."""

    source: Source
    """Where the news come from; whoever opened it closes it."""
    desk: Desk | None = None
    """None if there is no store, as for a recording."""
    printed: Callable[[JobId], Output | None] | None = None
    """Returns what a running job has printed; may take a second."""
    playback: Playback | None = None
    about: About = About()
    clock: Callable[[], float] = time.monotonic
    """Seconds; of a recording where it is played."""


def show_dashboard(opening: Opening, style: Style, *, keys: Mapping[str, str], mouse: bool) -> None:
    """Show it until the user leaves it.

    Args:
        opening: What it is opened on.
        style: What the terminal can show.
        keys: The user's own keys, by action.
        mouse: Whether clicks and the wheel count.

    Raises:
        UserError: `keys` names an action or a key that there is not.
    """
    table = rebound(KEYS, keys, kept="back")
    desk = opening.desk
    screen = FullScreen(style.colors, style)
    board = Board()
    rows = JobRows(board, None if desk is None else desk.select)
    acting = Acting(board, rows, screen, style=style, desk=desk, playback=opening.playback)
    lookup = None if desk is None else Lookup(lambda job_id, renew: desk.details(job_id, renew=renew), opening.printed)
    dashboard = Dashboard(
        opening.source, acting, lookup, screen, keys=table, about=opening.about, style=style, clock=opening.clock
    )
    try:
        screen.run(dashboard, dashboard.tick, mouse=mouse)
    finally:
        if lookup is not None:
            lookup.close()
