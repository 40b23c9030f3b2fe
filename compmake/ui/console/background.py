"""What is said above the prompt of a make in the background: each failure, and successes summed up."""

from collections import Counter
from collections.abc import Callable, Sequence

from compmake.channel import Event, EventKind
from compmake.job import JobState
from compmake.text_safety import one_line
from compmake.ui.summary import ID_CELLS, start_line
from compmake.ui.text import Style, clock, duration
from compmake.ui.verdicts import Verdicts
from compmake.ui.view import View
from compmake.words import plural

_SUM_UP_S = 5.0
_FUNCTIONS_NAMED = 4
_SAME_SHOWN = 2


class BackgroundLog:
    """A frontend that says little: failures at once, successes every five seconds, the summary at the end."""

    def __init__(
        self, number: int, say: Callable[[Sequence[str]], None], *, style: Style, width: Callable[[], int]
    ) -> None:
        """Begin.

        Args:
            number: That of the make.
            say: Prints lines; any thread may call it.
            style: Colours and glyphs.
            width: Asked for the columns of the terminal.
        """
        self.view = View()
        self._name, self._say, self._style = f"[{number}]", say, style
        self._verdicts = Verdicts(style, width=width, same_shown=_SAME_SHOWN, name=self._name)
        self._done: Counter[str] = Counter()
        self._summed_up_at = 0.0

    def feed(self, events: Sequence[Event], now: float) -> None:
        """Take what happened."""
        lines = []
        for event in events:
            self.view.apply(event)
            lines += self._lines(event, now)
        if lines:
            self._say([self._style.spell(line) for line in lines])

    def tick(self, now: float) -> None:
        """Sum up, if it is time."""
        self._summed_up_at = self._summed_up_at or now
        if self._done and abs(now - self._summed_up_at) >= _SUM_UP_S:
            self._say(self._successes(now))

    def close(self) -> None:
        """Nothing is left to tidy."""

    def _lines(self, event: Event, now: float) -> list[str]:
        lines = self._verdicts.lines(event, self.view)
        match event.kind:
            case EventKind.RUN_STARTED if self.view.workers:
                return [f"{self._name} {start_line(self.view)}"]
            case EventKind.JOB_DONE:
                self._done[event.function] += 1
            case EventKind.RUN_ENDED:
                return [*(self._successes(now) if self._done else []), *lines]
        return lines

    def _successes(self, now: float) -> list[str]:
        functions = [f"{one_line(name, ID_CELLS)} {count}" for name, count in self._done.most_common(_FUNCTIONS_NAMED)]
        more = len(self._done) - len(functions)
        functions += [plural(more, "other function")] if more else []
        took = duration(max(0.0, now - (self._summed_up_at or self.view.started_at)))
        glyph = self._style.paint(JobState.DONE, self._style.glyph(JobState.DONE))
        text = f"{clock(now)} {glyph} {plural(self._done.total(), 'job')} in {took}  ({', '.join(functions)})"
        self._done.clear()
        self._summed_up_at = now
        return [self._style.spell(text)]
