"""Runs commands as on a terminal of a given size, without one: what they print depends on nothing else."""

from spaces import Space

_DRIVER = """\
import sys
import compmake.ui.commands
from compmake.opening import open_workspace
from compmake.ui.commands.line import parse_line
from compmake.ui.commands.runner import run_steps
from compmake.ui.commands.session import Screen, Session
from compmake.ui.text import Style

line, width, rows, ascii_only = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "True"
workspace = open_workspace("prog", tell=print, read_only=True)
session = Session(workspace, None, Screen(Style(ascii=ascii_only), width, rows or None))
sys.exit(run_steps(session, parse_line(line)))
"""


def on_screen(space: Space, line: str, *, width: int, rows: int = 0, ascii_only: bool = False) -> list[str]:
    """Return the lines that a line of commands prints; with `rows` as in the console, else as in batch mode."""
    done = space.python("-c", _DRIVER, line, str(width), str(rows), str(ascii_only))
    assert done.code == 0, done.err
    return done.out.splitlines()
