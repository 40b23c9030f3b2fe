"""`Feed`: hears the news, folds them into the board a part at a time, and notes when they stay away."""

from collections import deque
from collections.abc import Callable

from compmake.channel import Event
from compmake.channel.source import Source
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.panes.look import About

_FEED_S = 0.05
_AT_ONCE = 1000
"""Events between two looks at the clock."""


class Feed:
    """What comes from a source, on its way to the board.

    Args:
        source: Where the news come from.
        board: Where they go.
        about: What the header tells beside the make; where the news come from is added.
        clock: Monotonic seconds.
    """

    def __init__(self, source: Source, board: Board, about: About, clock: Callable[[], float]) -> None:
        self.about = about
        self._source, self._board, self._clock = source, board, clock
        self._waiting: deque[Event] = deque()
        self._trouble_since_s: float | None = None

    @property
    def is_behind(self) -> bool:
        """Whether more has come than is known."""
        return bool(self._waiting)

    def take(self, now_s: float) -> bool:
        """Fold what has come; of very much a part, so that keys are heard meanwhile.

        Returns:
            Whether it ended with thousands of jobs at once: what follows belongs to them, and is to be seen with them.
        """
        self._waiting += self._source.read()
        while self._waiting and self._clock() - now_s < _FEED_S:
            events: list[Event] = []
            while self._waiting and len(events) < _AT_ONCE:
                events.append(self._waiting.popleft())
                if events[-1].table is not None or events[-1].done is not None:
                    self._board.feed(events, now_s)
                    return bool(self._waiting)
            self._board.feed(events, now_s)
        return False

    @property
    def has_trouble(self) -> bool:
        """Whether no news come, or came at the last look."""
        return bool(self._source.trouble() or self.about.trouble)

    @property
    def has_new_trouble(self) -> bool:
        """Whether there is trouble that `about` does not tell of, or no more."""
        return bool(self._source.trouble()) != bool(self.about.trouble)

    def look_for_trouble(self, now_s: float) -> None:
        """Note where the news come from, and why and since when they do not."""
        trouble = self._source.trouble()
        if not trouble:
            self._trouble_since_s = None
        elif self._trouble_since_s is None:
            self._trouble_since_s = now_s
        since_s = 0.0 if self._trouble_since_s is None else now_s - self._trouble_since_s
        self.about = self.about._replace(source=self._source.about(), trouble=trouble, trouble_s=since_s)
