"""What every way of showing a make shares: the `Frontend` protocol, its output, the ticker that keeps it alive."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, TextIO

from compmake.channel import Event
from compmake.ui.text import Style
from compmake.ui.view import View


class Frontend(Protocol):
    """Shows a make; may be called from several threads. `now` is in epoch seconds."""

    view: View

    def feed(self, events: Sequence[Event], now: float) -> None:
        """Take what happened, in order."""
        ...

    def tick(self, now: float) -> None:
        """Show that time passes; to be called a few times a second."""
        ...

    def close(self) -> None:
        """Leave the screen tidy; nothing is shown afterwards."""
        ...


class Foreground(Frontend, Protocol):
    """A frontend that has the terminal of the console while the user can type keys."""

    def tell(self, say: Callable[[View], Sequence[str]], now: float) -> None:
        """Print, for good, what `say` returns of the make: sanitized lines."""
        ...

    def show_step(self, level: int, now: float) -> None:
        """Say which step the next Ctrl-C takes; `level` is how far the user went."""
        ...

    def redraw(self, now: float) -> None:
        """Draw at once: the terminal has another size, or somebody else had it."""
        ...

    def away(self) -> AbstractContextManager[None]:
        """Leave the terminal to somebody else meanwhile; news wait until the end."""
        ...


class Log:
    """What frontends share that write lines and never touch them again."""

    def __init__(self, stream: TextIO, *, ascii_only: bool) -> None:
        self.view = View()
        self._out = Output(stream, ascii_only)
        self._lock = threading.RLock()

    def close(self) -> None:
        """Nothing is left to tidy."""

    def show_step(self, level: int, now: float) -> None:
        """The notice of the make says it."""

    def redraw(self, now: float) -> None:
        """What was written stays."""

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Write nothing meanwhile."""
        with self._lock:
            yield


class Output:
    """A stream that never stops a make: what it cannot encode is spelled out, once it is broken it is left alone."""

    def __init__(self, stream: TextIO, ascii_only: bool) -> None:
        self._stream, self._style = stream, Style(ascii=ascii_only)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._broken = False

    def spelled(self, text: str) -> str:
        """Return the text as the stream will show it, for those who must know how long it is."""
        text = self._style.spell(text)
        return text if text.isascii() else text.encode(self._encoding, "backslashreplace").decode(self._encoding)

    def write(self, text: str) -> None:
        """Write at once; sanitized text only."""
        if self._broken:
            return
        try:
            self._stream.write(self.spelled(text))
            self._stream.flush()
        except (OSError, ValueError):  # the terminal went away, or somebody closed the stream
            self._broken = True


class Ticker:
    """Calls a function from a thread of its own, so that a long job in this process does not silence the screen.

    Args:
        tick: Called with the epoch seconds of now.
        interval_s: Seconds between two calls.
        clock: Epoch seconds.
    """

    def __init__(
        self, tick: Callable[[float], None], interval_s: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._tick, self._interval_s, self._clock = tick, interval_s, clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compmake-ticker", daemon=True)

    def __enter__(self) -> "Ticker":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._tick(self._clock())
