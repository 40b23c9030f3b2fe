"""`Console`: the interactive console in a pseudo-terminal, and programs whose jobs wait until a test lets them go."""

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psutil
from spaces import Space
from terminal import Terminal

PROGRAM = """\
from compmake import comp
from steps import func1, func2, func3, gate

for x in [1, 2, 3]:
    comp(func3, comp(func2, comp(func1, x), 10))
for name in ["a", "b"]:
    comp(gate, name, job_id=f"gate-{name}")
"""
STEPS = """\
import os
import time
from pathlib import Path

HERE = Path(__file__).parent
FACTOR = 5

def func1(x):
    print(f"func1 got {x}")
    return x * FACTOR

def func2(x, y):
    if x == 15:
        raise ValueError("fifteen is too much")
    return x + y

def func3(x):
    return f"text {x}"

def gate(name):
    (HERE / f"pid-{name}.tmp").write_text(str(os.getpid()))
    (HERE / f"pid-{name}.tmp").rename(HERE / f"pid-{name}")
    print("waiting for", name)
    while not (HERE / f"open-{name}").exists():
        time.sleep(0.01)
    return name
"""
"""`gate("a")` runs until there is a file `open-a`; its process is in the file `pid-a`."""
COOKED = (True, True, True)
"""The modes of a terminal as a shell has it."""
READING = (False, False, False)
"""As prompt_toolkit has it while somebody types."""
ONE_BY_ONE = (False, False, True)
"""As the keys of a make in the foreground need it, and as readline has it."""
_PROMPT = re.compile(r"@ .*:")
_BRACKETED_PASTE = 2004
_ROWS_OF_LINE = 5


class Console(Terminal):
    """`compmake prog` in a terminal."""

    def __init__(
        self,
        space: Space,
        *args: str,
        argv: Sequence[str] = (),
        columns: int = 80,
        rows: int = 24,
        env: dict[str, str] | None = None,
    ) -> None:
        """Start it in a program's folder: `compmake ARGS`, or the program `argv`; return before its first prompt."""
        plain = ONE_BY_ONE if "COMPMAKE_UI" in (env or {}) else READING  # readline leaves Ctrl-C a signal
        self.reads_in = COOKED if (env or {}).get("TERM") == "dumb" else plain
        super().__init__(
            argv or [sys.executable, "-m", "compmake", *(args or ("prog",))],
            cwd=space.path,
            env=env,
            columns=columns,
            rows=rows,
        )

    @property
    def prompt(self) -> str:
        """The line of the cursor, up to it."""
        x, y = self.cursor
        return self.lines[y][:x].rstrip()

    def at_prompt(self) -> bool:
        """Tell whether the user is asked for a line, and has typed nothing."""
        return self.line_modes == self.reads_in and _PROMPT.fullmatch(self.prompt) is not None

    def ready(self, *texts: str) -> str:
        """Wait until the user is asked for the next line, and these texts stand in the prompt; return what is shown."""
        self.wait_until(
            lambda: self.at_prompt() and all(text in self.prompt for text in texts), f"a prompt with {texts}"
        )
        return self.shown

    def enter(self, line: str = "") -> None:
        """Type a line, wait until all of it stands before the cursor, and end it: what is below also has words."""
        typed = squeezed(line)
        self.send(line)
        self.wait_until(lambda: self._before_cursor().endswith(typed), f"{line!r} to be echoed")
        super().enter()

    def _before_cursor(self) -> str:
        x, y = self.cursor
        if x == 0 and y > 0 and len(self.lines[y - 1]) < self.screen.columns:
            return ""  # it is on its way to what is drawn below the prompt
        above = self.lines[max(0, y - _ROWS_OF_LINE) : y]  # a long line is wrapped
        return squeezed("".join([*above, self.lines[y][:x]]))

    def run(self, line: str) -> str:
        """Type a line and wait until the next can be typed; return what was shown above its prompt."""
        self.enter(line)
        self.ready()
        return "\n".join(self.everything[self._mark : len(self.screen.scrolled) + self.cursor[1]])

    def begin(self, line: str, *jobs: str) -> None:
        """Type a line and wait until these jobs are named below it: in the region of a make, perhaps."""
        self.enter(line)
        for job in jobs:
            self.wait_for(job)

    def hang_up(self) -> None:
        """Close the window."""
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), self._child.child_fd)

    def has_the_keyboard_back(self) -> bool:
        """Tell whether all is as a shell needs it: echo, cursor, no page of its own, pasting not marked."""
        screen = self.screen
        return (
            self.line_modes == COOKED
            and not screen.cursor.hidden
            and not screen.in_full_screen
            and _BRACKETED_PASTE not in screen.private_modes
        )


def squeezed(text: str) -> str:
    """Return the text without blanks and line ends: the terminal breaks long lines anywhere."""
    return "".join(text.split())


def process_of(space: Space, name: str, wait: Callable[..., Any]) -> psutil.Process:
    """Return the process of the job `gate(name)`, which may be about to begin; `wait` is `wait_until`."""
    path = space.path / f"pid-{name}"
    wait(path.exists, f"the job gate-{name}")
    return psutil.Process(int(path.read_text()))


def let_go(space: Space, *names: str) -> None:
    """Let jobs `gate(name)` end."""
    for name in names:
        (space.path / f"open-{name}").touch()


def is_gone(process: psutil.Process) -> bool:
    """Tell whether a process has ended; one that nobody waited for has too."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def write_program(path: Path) -> Space:
    """Write the program into a folder."""
    space = Space(path)
    space.write("steps.py", STEPS)
    space.write("prog.py", PROGRAM)
    return space
