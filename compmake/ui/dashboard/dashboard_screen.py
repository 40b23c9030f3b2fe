"""The dashboard as a page: hears the news, draws what is known, and does what keys mean."""

import time
from collections.abc import Callable, Mapping, Sequence

from compmake.channel.source import Source
from compmake.ui.candidates import Candidate
from compmake.ui.dashboard.acting import Acting
from compmake.ui.dashboard.asking import Choice, Option, Typing
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.board.sorting import COLUMNS
from compmake.ui.dashboard.board.states import State
from compmake.ui.dashboard.feed import Feed
from compmake.ui.dashboard.field import Field
from compmake.ui.dashboard.keys import Key, Line, action_of, bar, help_lines
from compmake.ui.dashboard.lookup import Lookup, Wish
from compmake.ui.dashboard.neighbours import neighbour_lines
from compmake.ui.dashboard.panes.fitting import block
from compmake.ui.dashboard.panes.layout import DETAIL, EVENTS, FUNCTIONS, JOBS, TIMELINE, WORKERS
from compmake.ui.dashboard.panes.look import TABS, About, Details, Look
from compmake.ui.dashboard.panes.painter import Painter
from compmake.ui.dashboard.screen import FRAME_S, FullScreen, Tick
from compmake.ui.dashboard.text_page import TextPage
from compmake.ui.text import Style, wrap

_SLICE_S = 0.01
_SOON_S = 0.001
_EAGER_S, EAGERLY_S = 2.0, 0.02
"""Who has just come does not wait a whole frame for what was before; and how often that is looked for."""
_CLOCK_S = 1.0
_FAR = 1_000_000_000
_WHEEL = 3
_SORT_KEYS = dict(zip(COLUMNS, "sjftumyw", strict=True))


class Dashboard:
    """What is known of a make, on the whole screen.

    Args:
        source: Where the news come from.
        acting: Does things to jobs and to the make.
        lookup: Finds out what is known of a job; None if there is no store.
        screen: Where it is shown.
        keys: The table of keys.
        about: What the header tells beside the make; where the news come from is added.
        style: What the terminal can show.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        source: Source,
        acting: Acting,
        lookup: Lookup | None,
        screen: FullScreen,
        *,
        keys: Sequence[Key],
        about: About,
        style: Style,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.closed = False
        self.board: Board = acting.board
        self.rows: JobRows = acting.rows
        self.look = Look()
        self._focus_before = self.look.focus
        """Where the keys went before a pane had all the room."""
        self._feed = Feed(source, self.board, about, clock)
        self._acting, self._lookup, self._screen = acting, lookup, screen
        self._keys, self._clock, self._style = keys, clock, style
        self._painter = Painter(self.board, self.rows, self.look, style)
        self._began_s, self._next_second_s = clock(), 0.0
        self._drawn: tuple[object, ...] = ()
        self._is_drawn = False
        """Whether all that is to be seen was drawn: urwid asks again and again."""
        self._shown: tuple[tuple[int, int], Sequence[Line]] = (0, 0), ()
        """What was drawn last, and in which size."""

    # What happens by itself.

    def tick(self) -> Tick:
        """Hear the news, go on with what takes long; tell whether anything is to be drawn."""
        now_s = self._clock()
        is_halfway = self._feed.take(now_s)
        now = self.board.now(now_s)
        if self._pane == DETAIL or self._acting.asking is not None:
            self.rows.hold(now)  # whoever reads about a job, or answers a question about it, is not shown another
        is_new_list = self.rows.step(_SLICE_S, now)
        is_second = now_s >= self._next_second_s
        if is_second:
            self._next_second_s = now_s + _CLOCK_S
            if not self._feed.has_trouble:  # else it is the news that are silent
                self.board.look_for_silence(now)
        # The clock of a recording stands still at its end, where there may be trouble.
        is_new_trouble = self._feed.has_new_trouble
        if is_second or is_new_trouble:
            self._feed.look_for_trouble(now_s)
        seen = self.board.version, self._acting.take_answer(), self._lookup.version if self._lookup is not None else 0
        is_new = seen != self._drawn or is_new_list or is_second or is_new_trouble
        self._drawn = seen
        self._is_drawn = self._is_drawn and (is_halfway or not is_new)
        again_s = FRAME_S if now_s - self._began_s > _EAGER_S else EAGERLY_S
        return Tick(is_new, _SOON_S if self._feed.is_behind or self.rows.is_busy else again_s)

    # What is seen.

    def draw(self, columns: int, rows: int) -> Sequence[Line]:
        """Everything there is room for; at its foot the keys, or over it what is asked or was told last."""
        if self._is_drawn and self._shown[0] == (columns, rows):
            return self._shown[1]
        self._acting.width = columns
        self.look.foot = bar(self._keys, columns)
        lines = list(self._painter.draw(columns, rows, self._now(), self._feed.about, self._details()))
        foot = self._foot(columns)[-rows:]
        if foot:
            lines[-len(foot) :] = block(foot, columns, len(foot), self._style)
        self._shown, self._is_drawn = ((columns, rows), lines), True
        return lines

    def _foot(self, columns: int) -> list[Line]:
        """Return what is asked, or what was told last; nothing if there is neither."""
        if self._acting.asking is not None:
            return [self._acting.asking.draw(columns)]
        told = self._acting.told or self.rows.message
        return [[("told", f" {part}")] for part in wrap(told, columns - 1)] if told else []

    def _details(self) -> Details | None:
        job_id = self.rows.job
        if self._lookup is None or job_id is None:
            return None
        number = self.board.jobs.number(job_id)
        if number is None:
            return None
        runs = self.board.jobs.state(number) is State.RUNNING
        return self._lookup.ask(Wish(job_id, runs, self.board.jobs.attempt(number).ended_at))

    # What keys do.

    def press(self, key: str) -> None:
        """Answer what is asked, else do what the key means; a short list is sorted anew before the next key."""
        self._press(key)
        self.rows.step(_SLICE_S, self._now())

    def _press(self, key: str) -> None:
        acting, self._is_drawn = self._acting, False
        acting.told = self.rows.message = ""
        self.rows.hold(self._now())
        if acting.asking is not None:
            asking = acting.asking
            if not asking.press(key) and acting.asking is asking:
                acting.asking = None
            return
        if key.startswith("click "):
            self._click(*map(int, key.split()[1:]))
        elif key in ("wheel up", "wheel down"):
            self._move(-_WHEEL if key == "wheel up" else _WHEEL)
        elif action := action_of(self._keys, key):
            ACTIONS[action](self)

    def _now(self) -> float:
        return self.board.now(self._clock())

    @property
    def _pane(self) -> str:
        return self.look.zoom or self.look.focus

    def _move(self, rows: int) -> None:
        if self._pane == JOBS:
            self.rows.move(rows, self._now())
        else:
            self._painter.scroll(rows)

    def _page(self, pages: int) -> None:
        self._move(pages * max(self._painter.page - 1, 1))

    def _first(self) -> None:
        self._move(-_FAR)
        if self._pane == JOBS:
            self.rows.reorder()

    def _zoom(self, pane: str) -> None:
        if self.look.zoom == pane:
            self._end_zoom()
            return
        if not self.look.zoom:
            self._focus_before = self.look.focus
        self.look.zoom = self.look.focus = pane

    def _end_zoom(self) -> None:
        self.look.zoom, self.look.focus = "", self._focus_before

    def _tab(self, number: int) -> None:
        self.look.tab = number
        if not any(area.name == DETAIL for area in self._painter.areas):
            self._zoom(DETAIL)

    def _next_pane(self, step: int) -> None:
        shown = [area.name for area in self._painter.areas if area.name in _PANES]
        if self.look.zoom:
            shown = list(_PANES)
        if shown:
            at = shown.index(self._pane) if self._pane in shown else -min(step, 0)
            self.look.focus = shown[(at + step) % len(shown)]
            self.look.zoom = self.look.focus if self.look.zoom else ""

    def _click(self, column: int, row: int) -> None:
        area = self._painter.area_at(column, row)
        if area is None or area.name not in _PANES:
            return
        self.look.focus = area.name
        at = self._painter.row_at(column, row)
        if at is not None:
            self.rows.go(at, self._now())

    def _open(self) -> None:
        if self._pane not in (JOBS, DETAIL):
            self._zoom(self._pane)
        elif not self._acting.failures.show(self._details()):
            self._zoom(DETAIL)

    def _output(self) -> None:
        self.look.tab = TABS.index("output")
        if self.look.zoom != DETAIL:
            self._zoom(DETAIL)
        self._painter.scroll(_FAR)

    def _graph(self) -> None:
        job_id = self.rows.job
        if job_id is not None:
            self._screen.show(TextPage(f"Around {job_id}", neighbour_lines(self.board, job_id)))

    def _ask_filter(self) -> None:
        def take(text: str) -> str:
            if not self.rows.set_filter(text):
                wrong, self.rows.message = self.rows.message, ""
                return wrong
            return ""

        def complete(text: str) -> list[Candidate]:
            wanted = text.removeprefix("!").strip()
            return self._acting.complete(f"ls {wanted[1:]}") if wanted.startswith("=") else []

        hint = "text   ~regex   =selection   ! inverts   empty: what is not done"
        self._acting.asking = Typing(Field("/", self.rows.filter.text), take, hint, complete)

    def _edit(self) -> None:
        self._acting.told = self._acting.failures.edit(self._details())

    def _copy(self) -> None:
        self._acting.told = self._acting.failures.copy(self._details())

    def _ask_column(self) -> None:
        def sort_by(column: str) -> Callable[[], None]:
            return lambda: self.rows.sort_by(column)

        options = [Option(key, column, sort_by(column)) for column, key in _SORT_KEYS.items()]
        self._acting.asking = Choice("Sort by", options)

    def _toggle_folds(self) -> None:
        self.look.folds = not self.look.folds

    def _toggle_wrap(self) -> None:
        self.look.wraps = not self.look.wraps

    def _mark(self) -> None:
        self.rows.mark()
        self._move(1)

    def _back(self) -> None:
        if self.look.zoom:
            self._end_zoom()
        else:
            self.closed = True

    def _leave(self) -> None:
        self.closed = True


_PANES = (WORKERS, FUNCTIONS, JOBS, DETAIL, TIMELINE, EVENTS)


def _zooming(pane: str) -> Callable[[Dashboard], None]:
    return lambda dashboard: dashboard._zoom(pane)


def _to_tab(number: int) -> Callable[[Dashboard], None]:
    return lambda dashboard: dashboard._tab(number)


ACTIONS: Mapping[str, Callable[[Dashboard], None]] = {
    "filter": Dashboard._ask_filter,
    "command": lambda dashboard: dashboard._acting.ask_command(),
    "sort": Dashboard._ask_column,
    "reverse": lambda dashboard: dashboard.rows.reverse(),
    "failed": lambda dashboard: dashboard.rows.toggle_failed(),
    "mark": Dashboard._mark,
    "mark-range": lambda dashboard: dashboard.rows.mark_range(),
    "unmark": lambda dashboard: dashboard.rows.unmark_all(),
    "act": lambda dashboard: dashboard._acting.ask_action(),
    "open": Dashboard._open,
    "edit": Dashboard._edit,
    "output": Dashboard._output,
    "pause": lambda dashboard: dashboard._acting.pause(),
    "more": lambda dashboard: dashboard._acting.change_speed(+1),
    "fewer": lambda dashboard: dashboard._acting.change_speed(-1),
    "requeue": lambda dashboard: dashboard._acting.ask_lost(again=True, now=dashboard._now()),
    "kill": lambda dashboard: dashboard._acting.ask_lost(again=False, now=dashboard._now()),
    "graph": Dashboard._graph,
    "workers": _zooming(WORKERS),
    "jobs": _zooming(JOBS),
    "detail": _zooming(DETAIL),
    "functions": _zooming(FUNCTIONS),
    "timeline": _zooming(TIMELINE),
    "events": _zooming(EVENTS),
    "traceback-tab": _to_tab(0),
    "output-tab": _to_tab(1),
    "arguments-tab": _to_tab(2),
    "needs-tab": _to_tab(3),
    "runs-tab": _to_tab(4),
    "fold": Dashboard._toggle_folds,
    "wrap": Dashboard._toggle_wrap,
    "copy": Dashboard._copy,
    "down": lambda dashboard: dashboard._move(1),
    "up": lambda dashboard: dashboard._move(-1),
    "page-down": lambda dashboard: dashboard._page(1),
    "page-up": lambda dashboard: dashboard._page(-1),
    "first": Dashboard._first,
    "last": lambda dashboard: dashboard._move(_FAR),
    "all-jobs": lambda dashboard: dashboard._acting.look_anew(),
    "console": Dashboard._leave,
    "redraw": lambda dashboard: dashboard._screen.redraw(),
    "next-pane": lambda dashboard: dashboard._next_pane(1),
    "previous-pane": lambda dashboard: dashboard._next_pane(-1),
    "help": lambda dashboard: dashboard._screen.show(TextPage("Keys", help_lines(dashboard._keys))),
    "back": Dashboard._back,
}
"""What each action of the table of keys does."""
