"""`Acting`: what the dashboard does to jobs and to the make, after asking; a line tells what came of it."""

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from compmake.channel.source import Steer
from compmake.errors import CompmakeError
from compmake.job import JobId
from compmake.text_safety import one_line
from compmake.ui.candidates import Candidate
from compmake.ui.completion import complete
from compmake.ui.dashboard.asking import Asking, Choice, Option, Typing
from compmake.ui.dashboard.board.board import Board
from compmake.ui.dashboard.board.job_rows import JobRows
from compmake.ui.dashboard.board.workers import LOST_AFTER_S
from compmake.ui.dashboard.desk import Desk
from compmake.ui.dashboard.failures import Failures
from compmake.ui.dashboard.field import Field
from compmake.ui.dashboard.screen import FullScreen
from compmake.ui.dashboard.text_page import TextPage
from compmake.ui.text import Style, duration
from compmake.ui.view import View
from compmake.words import plural, quoted

_RECORDING = "this is a recording: nothing can be done to it"
_CELLS = 300
_ID_CELLS = 60
_NAMED = 200
"""More jobs than that are not named in a line of commands, but selected."""
_WIDTH = 80
_CANCEL = " What runs is ended."
_REQUEUE = " What runs is ended, and made again."


class Playback(Protocol):
    """A recording that is played."""

    speed: float
    """How many times as fast as it was; 0 while it is halted."""


class Acting:
    """Asks, confirms and does.

    Args:
        board: What is known of the make.
        rows: The list of jobs, with the marks.
        screen: Where it is shown.
        style: What the terminal can show.
        desk: Carries out commands, and acts on the make that runs; None if there is no store.
        playback: The recording, if it is one.
    """

    def __init__(
        self,
        board: Board,
        rows: JobRows,
        screen: FullScreen,
        *,
        style: Style,
        desk: Desk | None,
        playback: Playback | None = None,
    ) -> None:
        self.board, self.rows = board, rows
        self.asking: Asking | None = None
        """What has the keys now."""
        self.width = _WIDTH
        """Cells of the screen: what a command says is laid out for them."""
        self.told = ""
        """One line for the user, until the next key."""
        self._screen, self._style, self._desk, self._playback = screen, style, desk, playback
        self.failures = Failures(board, rows, screen, style=style, desk=desk, then=self._after_viewer)
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._answered = 0
        self._deed: threading.Thread | None = None
        """What was done to the make last, perhaps still being done."""
        self._history: list[str] = []
        self._resumed_speed = 1.0
        self._begun: dict[str, int] = {}
        """Makes that were begun here and have not ended: what was typed, and which make was shown then."""

    def take_answer(self) -> int:
        """Tell what has come of what took a while; return a number that counts such answers."""
        self._look_for_end()
        while not self._answers.empty():
            self.told = self._answers.get()
            self._answered += 1
        return self._answered

    def _look_for_end(self) -> None:
        """Answer how a make has ended that was begun here."""
        view = self.board.view
        if self._begun and view.ended and self._begun.get(view.command, self.board.generation) < self.board.generation:
            del self._begun[view.command]
            self._answers.put(f"{one_line(view.command, _ID_CELLS)}: {_how_it_ended(view)}")
        elif self._begun and self._desk is not None and (trouble := self._desk.stopped()):
            self._begun.clear()
            self._answers.put(one_line(trouble, _CELLS))

    # Commands.

    def ask_command(self) -> None:
        """Let the user type a command."""
        if self._refuse_without_desk():
            return

        def take(line: str) -> str:
            if line.strip():
                self._history.append(line)
                self.carry_out(line)
            return ""

        hint = "a command of the console: ls, why, make, stats; Tab completes"
        self.asking = Typing(Field(":", history=self._history), take, hint, self.complete)

    def complete(self, text: str) -> list[Candidate]:
        """Return what may stand behind a text that is typed as a command."""
        if self._desk is None:
            return []
        spell = self._style.spell
        return [found._replace(display=spell(found.display)) for found in complete(text, self._desk.vocabulary())]

    def carry_out(self, line: str, *, sure: bool = False) -> None:
        """Carry out a line of commands, and show what it says."""
        if self._desk is None:
            return
        shown = one_line(line, _ID_CELLS)
        try:
            said = self._desk.carry_out(
                line,
                width=self.width,
                ascii_only=self._style.ascii,
                sure=sure,
                terminal=self._screen.suspended,
                show_traceback=self.failures.open,
            )
        except CompmakeError as error:
            self.told = one_line(str(error), _CELLS)
            return
        if self._desk.is_left:
            self._screen.leave()
        elif len(said.lines) > 1:
            self._screen.show(TextPage(shown, [[("plain", text)] for text in said.lines]))
        elif not said.has_terminal:
            self.told = said.lines[0] if said.lines else f"{shown}: {'begun' if said.begun else 'done'}"
        if said.begun:
            self._begun[said.begun] = self.board.generation

    def _refuse_without_desk(self) -> bool:
        self.told = _RECORDING if self._desk is None else ""
        return self._desk is None

    # Jobs.

    def ask_action(self) -> None:
        """Ask what to do with the marked jobs, or with the one under the cursor."""
        jobs = self.rows.chosen
        if not jobs:
            self.told = "there is no job here"
            return
        if self._refuse_without_right():
            return
        what = one_line(jobs[0], _ID_CELLS) if len(jobs) == 1 else plural(len(jobs), "marked job")
        options = [
            Option("m", "make", lambda: self._ask_sure(f"Make {what}", lambda: self._command("make", jobs))),
            Option("r", "remake", lambda: self._ask_sure(f"Remake {what}", lambda: self._command("remake", jobs))),
            Option("c", "clean", lambda: self._ask_sure(f"Clean {what}", lambda: self._command("clean", jobs))),
            Option("x", "cancel", lambda: self._ask_sure(f"Cancel {what}", lambda: self._cancel(jobs), _CANCEL)),
            Option("R", "requeue", lambda: self._ask_sure(f"Requeue {what}", lambda: self._requeue(jobs), _REQUEUE)),
        ]
        self.asking = Choice(f"{what}:", options, style=self._style)

    def _ask_sure(self, question: str, do: Callable[[], None], means: str = "") -> None:
        """Ask whether that is meant, and tell what it means where the word does not."""
        options = [Option("y", "yes", do), Option("n", "no", lambda: None)]
        self.asking = Choice(f"{question}?{means}", options, style=self._style)

    def _command(self, command: str, jobs: Sequence[JobId]) -> None:
        assert self._desk is not None
        if len(jobs) > _NAMED:
            self._desk.choose(jobs)
            self.carry_out(f"{command} last", sure=True)
        else:
            self.carry_out(" ".join([command, *map(quoted, jobs)]), sure=True)

    def _cancel(self, jobs: Sequence[JobId]) -> None:
        self._do(lambda steer: steer.cancel(jobs))

    def ask_lost(self, *, again: bool, now: float) -> None:
        """Ask whether to end the job of a worker that is lost: the one under the cursor, else the longest silent."""
        lost = {w.job_id: w for w in self.board.workers.all() if w.silent_s(now) >= LOST_AFTER_S and w.job_id}
        if not lost:
            self.told = f"no worker has been silent for {LOST_AFTER_S:.0f} s"
            return
        if self._refuse_without_right():
            return
        here = self.rows.job
        job_id = here if here in lost else max(lost, key=lambda one: lost[one].silent_s(now))
        assert job_id is not None
        worker = lost[job_id]
        what = f"{one_line(job_id, _ID_CELLS)} on {worker.name}, silent for {duration(worker.silent_s(now))}"
        end = self._requeue if again else self._cancel
        self._ask_sure(f"End {what}{', and make it again' if again else ''}", lambda: end([job_id]))

    def _requeue(self, jobs: Sequence[JobId]) -> None:
        self._do(lambda steer: steer.requeue(jobs))

    def look_anew(self) -> None:
        """Show how all jobs stand in the store; while a make runs that is what is shown of it."""
        if self._refuse_without_desk() or self._desk is None:
            return
        view = self.board.view
        if view.started and not view.ended:
            self.told = "a make runs: what it does is shown; how all jobs stand can be seen behind it"
            return
        self._desk.look_anew()

    # The make.

    def pause(self) -> None:
        """Let no job be started, or go on; halt a recording, or go on."""
        if self._playback is not None:
            halted = not self._playback.speed
            if not halted:
                self._resumed_speed = self._playback.speed
            self._playback.speed = self._resumed_speed if halted else 0.0
            self.told = "the recording goes on" if halted else "the recording is halted: p goes on"
        else:
            self._do(lambda steer: steer.toggle_pause())

    def change_speed(self, step: int) -> None:
        """Let more or fewer workers run; play a recording faster or slower."""
        if self._playback is not None:
            speed = self._playback.speed or self._resumed_speed
            self._playback.speed = min(max(speed * 2.0**step, 1 / 8), 1024.0)
            self.told = f"the recording runs {self._playback.speed:g} times as fast"
            return
        self._do(lambda steer: steer.change_workers(step))

    def _do(self, deed: Callable[[Steer], str]) -> None:
        """Act on the make in a thread of its own, after what was done before: an answer of a server takes a while."""
        desk = self._desk
        if self._refuse_without_right() or desk is None:
            return
        before = self._deed

        def answer() -> None:
            if before is not None:
                before.join()
            try:
                self._answers.put(one_line(deed(desk.steer()), _CELLS))
            except CompmakeError as error:
                self._answers.put(one_line(str(error), _CELLS))

        self._deed = threading.Thread(target=answer, name="compmake-steer", daemon=True)
        self._deed.start()

    def _refuse_without_right(self) -> bool:
        self.told = _RECORDING if self._desk is None else self._desk.refusal
        return bool(self.told)

    def _after_viewer(self, line: str) -> None:
        """Carry out what the user has chosen in the viewer of a failure."""
        if not self._refuse_without_right():
            self.carry_out(line, sure=True)


def _how_it_ended(view: View) -> str:
    if view.nothing_to_do:
        return "nothing to do"
    counts = ((view.made, "done"), (view.failed, "failed"), (view.blocked, "blocked"))
    return f"{view.ended}, {', '.join(f'{count} {word}' for count, word in counts if count or word == 'done')}"
