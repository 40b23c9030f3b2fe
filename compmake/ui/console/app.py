"""The loop of the interactive console: read a line, carry it out, and keep the prompt true meanwhile."""

import signal
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from compmake.control import TERMINATE
from compmake.errors import CompmakeError
from compmake.interrupting import stop_this_process
from compmake.text_safety import sanitize
from compmake.ui.commands.line import expand_aliases, parse_line
from compmake.ui.commands.registry import find_command
from compmake.ui.commands.runner import CARRIED_OUT, run_line, tell_error
from compmake.ui.commands.session import Session
from compmake.ui.console.checking import Check
from compmake.ui.console.makes import Makes
from compmake.ui.console.reading import DashboardWantedError
from compmake.ui.console.steering import Steering
from compmake.ui.console.surface import Surface
from compmake.ui.expectation import eta_text
from compmake.ui.standing import prompt_parts
from compmake.ui.suggestion import suggestion
from compmake.ui.text import Parts
from compmake.ui.vocabulary import Vocabulary
from compmake.words import is_open

_UNKNOWN = 2
"""How a line with a mistake of the user's ends."""
_FIRST_LOOK_S = 0.1
_END_S = 10.0
"""How long jobs get to end when the terminal is gone."""


class HungUpError(BaseException):
    """The terminal is gone, or somebody wants this process to end."""


class ConsoleApp:
    """One console, from its first prompt to its last."""

    def __init__(
        self,
        session: Session,
        makes: Makes,
        check: Check,
        surface: Surface,
        steering: Steering,
        *,
        vocabulary: Callable[[], Vocabulary],
        stop_at_failure: bool,
    ) -> None:
        """Join the parts.

        Args:
            session: What commands work on; its console is `steering`.
            makes: The makes of this console.
            check: Works out how the jobs stand.
            surface: The terminal.
            steering: What commands can do to the console.
            vocabulary: Returns what can be typed now.
            stop_at_failure: End a line also after a make with failed jobs.
        """
        self._session, self._makes, self._check = session, makes, check
        self._surface, self._steering, self._vocabulary = surface, steering, vocabulary
        self._stop_at_failure = stop_at_failure
        self._offer = ""

    def run(self) -> int:
        """Read and carry out lines until the user leaves; return the exit code."""
        # The first prompt need not wait for it.
        _later(_FIRST_LOOK_S, self._steering.look_again)
        with self._signals():
            try:
                while not self._steering.is_left:
                    self._turn()
            except HungUpError:
                return self._end_makes()
            except (OSError, termios.error):
                if not _is_terminal_gone():
                    raise
                return self._end_makes()
        return 0

    def _end_makes(self) -> int:
        """End all makes in order, for nobody is there any more; return the exit code."""
        self._makes.stop_all(TERMINATE)
        for make in self._makes.all():
            make.ended.wait(_END_S)
        return 130

    def _turn(self) -> None:
        """Read one line and carry it out."""
        offer, self._offer = self._offer, ""
        try:
            text = self._surface.reader.read(self.prompt, offer, self._surface.take_typed())
        except EOFError:
            text = "exit"
        except KeyboardInterrupt:
            return
        except DashboardWantedError as wish:
            self._offer = offer
            self._surface.keep(wish.typed)
            self._show_dashboard()
            return
        for line in _lines(text):  # several were pasted
            if not line.lstrip().startswith("#") and not self.carry_out(line):
                break

    def _show_dashboard(self) -> None:
        try:
            self._surface.show_dashboard()
        except CompmakeError as error:
            tell_error(error)
        self._steering.look_again()

    def carry_out(self, line: str) -> bool:
        """Carry out one line; return False if that did not work, so that lines pasted behind it are not carried out."""
        session = self._session
        session.output = self._surface.screen()
        try:
            self._makes.settle()
            if _needs_program(session, line):
                with self._check.lock:
                    self._steering.workspace()
                    self._steering.reload_if_wanted()
                    code = run_line(session, line, stop_at_failure=self._stop_at_failure)
            else:
                code = run_line(session, line)
        except KeyboardInterrupt:
            print()
            code = 130
        if code == _UNKNOWN:
            self._offer = suggestion(line, self._vocabulary()) or ""
        self._steering.look_again()
        return code in CARRIED_OUT

    def carry_out_file(self, path: Path) -> None:
        """Carry out the lines of a start-up file; one with a mistake is told and left out."""
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if line.strip() and not line.lstrip().startswith("#") and not self.carry_out(line):
                self._surface.tell(f"compmake: that was line {number} of {sanitize(str(path))}")
        self._offer = ""

    def prompt(self) -> Parts:
        """Return the prompt as it is now."""
        make = self._makes.running
        goes_on = make is not None and make.view.started and make.control.level == 0
        style = self._surface.style
        eta = eta_text(make.view, time.time(), style, brief=True) if make is not None and goes_on else ""
        return prompt_parts(
            self._steering.standing(),
            eta=eta,
            changed=self._steering.changed(),
            style=style,
            width=self._surface.width,
        )

    @contextmanager
    def _signals(self) -> Iterator[None]:
        """Heed SIGTERM and SIGHUP by ending all makes in order, and stop the workers with this process."""

        def hang_up(_number: int, _frame: FrameType | None) -> None:
            error = HungUpError()
            if not self._surface.reader.interrupt(error):
                raise error

        def suspend(_number: int, _frame: FrameType | None) -> None:
            make = self._makes.running
            if make is not None:
                make.control.suspend_workers()
            stop_this_process()
            if make is not None:
                make.control.wake_workers()

        handlers = {signal.SIGTERM: hang_up, signal.SIGHUP: hang_up, signal.SIGTSTP: suspend}
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _later(delay_s: float, action: Callable[[], None]) -> None:
    timer = threading.Timer(delay_s, action)
    timer.daemon = True
    timer.start()


def _lines(text: str) -> Iterator[str]:
    """Yield the lines of a text; a line break inside quotes is a part of its line."""
    line = ""
    for part in text.split("\n"):
        line = f"{line}\n{part}" if line else part
        if not is_open(line):
            yield line
            line = ""
    if line:
        yield line


def _is_terminal_gone() -> bool:
    try:
        termios.tcgetattr(0)
    except termios.error:
        return True
    return False


def _needs_program(session: Session, line: str) -> bool:
    """Tell whether a line has a command that works on the program: others do not wait until that is looked at."""
    try:
        steps = expand_aliases(parse_line(line), session.aliases)
        names = [step.words[0].text for step in steps]
        return any(name.startswith("@") or find_command(name).needs_program for name in names)  # @FILE may hold any
    except CompmakeError:  # it is told where the line is carried out
        return False
