"""The viewer of a failure: through its frames up and down, with source, local variables, output, and an editor."""

from compmake.text_safety import one_line, sanitize
from compmake.ui.commands.session import FailureReport
from compmake.ui.dashboard.failure_rows import Row, detail_lines, first_row, row_line, rows_of
from compmake.ui.dashboard.keys import Key, Line, action_of, bar, help_lines
from compmake.ui.dashboard.screen import FullScreen
from compmake.ui.dashboard.scrolling import Scroll
from compmake.ui.dashboard.text_page import TextPage
from compmake.ui.editor import edit
from compmake.ui.text import Style, printed
from compmake.ui.traceback import headline, render_failure
from compmake.words import quoted

_CELLS = 1000
_PAGE = 10
_LEAST_AROUND, _MOST_AROUND = 2, 5
KEYS = (
    Key("down", ("down", "j"), "down j", "the next frame"),
    Key("up", ("up", "k"), "up k", "the frame before"),
    Key("page down", ("page down", "ctrl f"), "PgDn", "ten frames on"),
    Key("page up", ("page up", "ctrl b"), "PgUp", "ten frames back"),
    Key("first", ("g", "home"), "g Home", "the first frame"),
    Key("last", ("G", "end"), "G End", "the last line: the exception"),
    Key("details down", (" ", "ctrl d", "right", "J"), "space right", "more of the source and the local variables"),
    Key("details up", ("backspace", "ctrl u", "left", "K"), "backspace left", "back in them"),
    Key("edit", ("e", "v"), "e", "open your editor ($VISUAL, $EDITOR) at this line", "edit"),
    Key("output", ("o",), "o", "all that the job printed", "output"),
    Key("remake", ("r",), "r", "leave, and make the job again", "remake"),
    Key("fold", ("z",), "z", "show library frames, or fold them", "library"),
    Key("wrap", ("W",), "W", "wrap long lines, or cut them", "wrap"),
    Key("copy place", ("y",), "y", "copy FILE:LINE of this frame", "copy"),
    Key("copy all", ("Y",), "Y", "copy the whole traceback"),
    Key("help", ("?", "f1"), "?", "this page", "keys"),
    Key("leave", ("q", "esc"), "q Esc", "back to the prompt", "quit"),
)
"""What the keys do; `draw` makes the bar of it and `?` its page."""


def show_traceback(report: FailureReport, *, colors: int, ascii_only: bool) -> str:
    """Let the user look at a failure until they leave.

    Args:
        report: What to show.
        colors: 0, 8 or 256.
        ascii_only: Whether compmake's own signs must be ASCII.

    Returns:
        The command that the user chose, to be carried out now; empty for none.
    """
    style = Style(ascii=ascii_only)
    screen = FullScreen(colors, style)
    viewer = Viewer(report, screen, style)
    screen.run(viewer)
    return viewer.chosen


class Viewer:
    """The page with the frames above, and the source and the local variables of one of them below."""

    def __init__(self, report: FailureReport, screen: FullScreen, style: Style) -> None:
        """Begin at the user's own line that was reached last."""
        self.closed = False
        self.chosen = ""
        """The command to carry out after leaving."""
        self._report = report
        self._screen = screen
        self._style = style
        self._fold = True
        self._wrap = False
        self._told = ""
        self._rows = rows_of(report.failure, fold=True)
        self._top = 0
        self._around = _MOST_AROUND
        self._go(first_row(self._rows, report.failure))

    def draw(self, columns: int, rows: int) -> list[Line]:
        """The job and its error, the frames, the frame that is looked at, the keys; what there is no room for goes."""
        lines = self._head() if rows >= 8 else []
        has_bar, has_rules = rows >= 3, rows >= 12
        room = rows - len(lines) - has_bar - has_rules
        frames = min(len(self._rows), max(room // 3, 4)) if room >= 7 else min(len(self._rows), max(room, 1))
        lines += self._list(frames)
        details = room - frames
        if details > 0:
            if has_rules:
                lines.append([("dim", ("-" if self._style.ascii else "─") * columns)])
            self._fit_source(details)
            seen = self._details.seen(columns, details, wrap=self._wrap)
            lines += [*seen, *([[]] * (details - len(seen)))]
        lines += [[]] * (rows - len(lines) - has_bar)
        if has_bar:
            lines.append(self._foot(columns))
        return [[(role, self._style.spell(text)) for role, text in line] for line in lines]

    def _head(self) -> list[Line]:
        report = self._report
        return [[("strong", one_line(report.head, _CELLS))], [("error", headline(report.failure, _CELLS))]]

    def _list(self, count: int) -> list[Line]:
        self._top = max(min(self._top, self._at), self._at - count + 1, 0)
        self._top = min(self._top, max(len(self._rows) - count, 0))
        lines = []
        for at in range(self._top, min(self._top + count, len(self._rows))):
            line = row_line(self._rows[at])
            is_here = at == self._at
            lines.append([("cursor" if is_here else "plain", "> " if is_here else "  ")])
            lines[-1] += [("cursor" if is_here else role, text) for role, text in line]
        return lines

    def _foot(self, columns: int) -> Line:
        if self._told:
            return [("told", f" {self._told}")]
        line = bar(KEYS, columns)
        more = self._details.position
        used = sum(len(text) for _, text in line)
        if more and used + len(more) + 10 <= columns:
            line += [("dim", f"{' ' * (columns - used - len(more) - 7)}lines {more}")]
        return line

    def press(self, key: str) -> None:
        """Do what a key means."""
        self._told = ""
        action = action_of(KEYS, key)
        steps = {"down": 1, "up": -1, "page down": _PAGE, "page up": -_PAGE}
        if action in steps:
            self._go(self._at + steps[action])
            return
        match action:
            case "first":
                self._go(0)
            case "last":
                self._go(len(self._rows) - 1)
            case "details down":
                self._details.page(1)
            case "details up":
                self._details.page(-1)
            case "fold":
                self._toggle_fold()
            case "wrap":
                self._wrap = not self._wrap
            case "edit":
                self._edit()
            case "output":
                self._screen.show(self._output_page())
            case "copy place" | "copy all":
                self._copy(whole=action == "copy all")
            case "help":
                self._screen.show(TextPage("Keys", help_lines(KEYS)))
            case "remake":
                self.chosen, self.closed = f"remake {quoted(self._report.job_id)}", True
            case "leave":
                self.closed = True

    @property
    def _row(self) -> Row:
        return self._rows[self._at]

    def _go(self, at: int) -> None:
        self._at = max(0, min(at, len(self._rows) - 1))
        self._around = _MOST_AROUND
        self._details = Scroll(self._detail_lines())

    def _detail_lines(self) -> list[Line]:
        return detail_lines(self._row, head=self._report.head, call=self._report.call, around=self._around)

    def _fit_source(self, rows: int) -> None:
        """Show less source around the line where there is little room, so that the local variables are seen too."""
        frame = self._row.frame
        if frame is None or not frame.locals:
            return
        most = (rows - len(frame.locals) - 3) // 2  # the place, the line itself, the head of the variables
        around = max(_LEAST_AROUND, min(most, _MOST_AROUND))
        if around != self._around:
            self._around = around
            self._details = Scroll(self._detail_lines())

    def _toggle_fold(self) -> None:
        """Fold or unfold, and stay at the same frame."""
        here = self._row.place
        failure = self._row.failure
        self._fold = not self._fold
        self._rows = rows_of(self._report.failure, fold=self._fold)
        at = [
            number
            for number, row in enumerate(self._rows)
            if row.failure is failure and (row.place is here or any(frame is here for frame in row.folded))
        ]
        self._go(at[0] if at else first_row(self._rows, self._report.failure))

    def _edit(self) -> None:
        place = self._row.place
        if place is None or not place.file:
            self._told = "there is no line here to edit: go to a frame"
            return
        with self._screen.suspended():
            self._told = edit(place.file, place.line)

    def _copy(self, *, whole: bool) -> None:
        place = self._row.place
        if whole or place is None or not place.file:
            text, what = "\n".join(render_failure(self._report.failure, with_locals=True)), "the traceback"
        else:
            text = what = sanitize(f"{place.file}:{place.line}")
        self._screen.copy(text)
        self._told = f"copied {what}, if your terminal allows it"

    def _output_page(self) -> TextPage:
        text = self._report.output.replace("\r\n", "\n")
        lines: list[Line] = [[("plain", sanitize(printed(line)))] for line in text.rstrip("\n").split("\n")]
        if not text.strip():
            lines = [[("dim", "(it printed nothing)")]]
        return TextPage(f"Output of {one_line(self._report.job_id, _CELLS)}", lines, at_end=True)
