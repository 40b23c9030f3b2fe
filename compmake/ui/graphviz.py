"""Runs Graphviz, from the wheel of pygraphviz or as the `dot` on PATH: DOT text in, bytes of a picture out."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from compmake.errors import UserError

FONTS = "Helvetica,Arial,sans-serif"
HOW_TO_INSTALL = "`pip install pygraphviz`, or install Graphviz so that `dot` is on PATH"

# In a process of its own: the C libraries write warnings to the terminal, cannot be interrupted, and must not take a
# console with a running make down with them.
_PYGRAPHVIZ = """\
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1][2:], prog="dot"))
"""

# Letters that no font has are drawn as boxes of one width. U+E000 is such a letter everywhere.
_NO_LETTER = "\ue000"
_PROBE = (
    f'graph {{ node [shape=plain, fontname="{FONTS}"] a [label="iiii"] b [label="WWWW"] c [label="{_NO_LETTER * 4}"] }}'
)
_OWN_FONTS = Path(__file__).parent / "data"


class Engine(NamedTuple):
    """A Graphviz that was seen to work here."""

    command: tuple[str, ...]
    """Takes `-Tpng` and the like as last argument."""
    environment: Mapping[str, str]

    def draw(self, dot_text: str, suffix: str) -> bytes:
        """Return the picture in the format that goes with `suffix`: `.svg`, `.png`, `.pdf`.

        Raises:
            UserError: Graphviz failed; the text has its last words.
        """
        done = subprocess.run(
            [*self.command, f"-T{suffix.removeprefix('.')}"],
            input=dot_text.encode(errors="replace"),
            capture_output=True,
            env=self.environment,
            check=False,
        )
        if done.returncode != 0 or not done.stdout:
            lines = done.stderr.decode(errors="replace").split("\n")
            last_words = next((line for line in reversed(lines) if line.strip()), f"exit code {done.returncode}")
            raise UserError(f"Graphviz ({self.command[0]}) could not draw the {suffix} picture: {last_words.strip()}")
        return done.stdout


def find_engine() -> Engine | None:
    """Return a Graphviz that works, with letters even where no font is installed; None if there is none."""
    environment = dict(os.environ)
    for command in _commands():
        engine = Engine(command, environment)
        try:
            widths = _probe_widths(engine)
        except (UserError, OSError):
            continue
        if len(set(widths)) == 1:
            # Fontconfig looks for `fonts` in this folder. What it hides is known to hold no font.
            engine = Engine(command, {**environment, "XDG_DATA_HOME": str(_OWN_FONTS)})
        return engine
    return None


def _commands() -> Iterator[tuple[str, ...]]:
    yield (sys.executable, "-P", "-c", _PYGRAPHVIZ)
    dot = shutil.which("dot")
    if dot is not None:
        yield (dot,)


def _probe_widths(engine: Engine) -> list[str]:
    lines = engine.draw(_PROBE, ".plain").decode(errors="replace").split("\n")
    return [line.split()[4] for line in lines if line.startswith("node ")]
