"""A program that shows a make in the foreground as the console does; its make lasts until it is interrupted twice."""

import sys
import threading
import time

from run_events import begin, end, failed, notice, start

from compmake.channel import Event, EventKind
from compmake.config import terminal_size
from compmake.control import TERMINATE, Control
from compmake.heeding import PAUSED
from compmake.interrupting import step_text
from compmake.ui.console.foreground import watch
from compmake.ui.plain import PlainLog
from compmake.ui.region import LiveRegion
from compmake.ui.text import Style

_TICK_S = 0.05


class Lasting:
    """A make of one running job and one that failed."""

    def __init__(self, screen):
        self.control = Control()
        self.control.executor = self
        self._screen, self._over = screen, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def finished(self):
        return self._over.is_set()

    def suspend(self):
        print("suspended", file=sys.stderr)

    def resume(self):
        print("resumed", file=sys.stderr)

    def _run(self):
        level = 0
        self._feed(start(9), begin("long"), failed("broken"))
        while level < TERMINATE:
            time.sleep(_TICK_S)
            self._screen.tick(time.time())
            if self.control.is_changed:
                wishes = self.control.take()
                told = {"workers": wishes.workers or 0, "text": PAUSED if wishes.paused else ""}
                self._feed(Event(EventKind.STEERED, time.time(), **told))
            if self.control.level != level:
                level = self.control.level
                self._feed(notice(step_text(level, 1, "Ctrl-C")))
        self._feed(end(3, "interrupted"))
        self._over.set()

    def _feed(self, *events):
        self._screen.feed(events, time.time())


def main():
    plain = "plain" in sys.argv
    screen = PlainLog(sys.stdout) if plain else LiveRegion(sys.stdout, style=Style(), size=lambda: terminal_size(1))
    try:
        in_background = watch(Lasting(screen), screen, width=lambda: terminal_size(1)[0])
    finally:
        screen.close()
    print(f"in the background: {in_background}")
    print(f"then typed: {input()}")


if __name__ == "__main__":
    main()
