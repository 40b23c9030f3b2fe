"""Opens a file of the user's in their editor, at a line."""

import os
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from compmake.config import user_editor
from compmake.text_safety import one_line

_USUAL = ("nano", "vim", "vi")
_WITH_GOTO = frozenset({"code", "code-insiders", "codium", "vscodium", "cursor", "windsurf", "positron"})
_WITH_COLON = frozenset({"hx", "helix", "subl", "sublime_text", "zed", "zeditor", "lapce", "mcedit"})
_WITH_LINE = frozenset({"kate", "kwrite", "pycharm", "charm", "idea"})
_WITHOUT_LINE = frozenset({"ed", "open", "xdg-open"})
_CELLS = 300


def editor_command(words: Sequence[str], file: str, line: int) -> list[str]:
    """Return the command that opens a file at a line; editors that are not known are taken for relatives of vi.

    Args:
        words: The editor with arguments of its own, such as `code -w`.
        file: What to open.
        line: Where, from 1.
    """
    name = Path(words[0]).name.lower()
    if name in _WITH_GOTO:
        where = [f"{file}:{line}"] if {"-g", "--goto"} & set(words[1:]) else ["--goto", f"{file}:{line}"]
    elif name in _WITH_COLON:
        where = [f"{file}:{line}"]
    elif name in _WITH_LINE:
        where = ["--line", str(line), file]
    else:
        where = [file] if name in _WITHOUT_LINE else [f"+{line}", file]
    return [*words, *where]


def edit(file: str, line: int, editor: str | None = None) -> str:
    """Let the user edit a file, and return when the editor has ended.

    Args:
        file: What to open.
        line: Where, from 1.
        editor: What the user has chosen; by default what the environment says.

    Returns:
        One line that tells what went wrong, empty if nothing did.
    """
    if not Path(file).is_file():
        return one_line(f"there is no file {file}: it was moved, or never was one", _CELLS)
    words = _words(user_editor() if editor is None else editor, shutil.which)
    if not words:
        return f"no editor was found: set EDITOR, or install one of {', '.join(_USUAL)}"
    command = editor_command(words, file, max(line, 1))
    try:
        code = _run(command)
    except OSError as error:
        return one_line(f"the editor {words[0]} cannot be started: {error.strerror or error}", _CELLS)
    return one_line(f"the editor {words[0]} ended with exit code {code}", _CELLS) if code else ""


def _words(editor: str, find: Callable[[str], str | None]) -> list[str]:
    """Return the editor with its arguments; without one the first that is installed."""
    if editor.strip():
        if os.path.isfile(editor):  # a path with a space in it
            return [editor]
        try:
            return shlex.split(editor)
        except ValueError:
            return [editor]
    return next(([name] for name in _USUAL if find(name)), [])


def _run(command: Sequence[str]) -> int:
    """Run a program that has the terminal: Ctrl-C is meant for it."""
    if threading.current_thread() is not threading.main_thread():
        return subprocess.run(command, check=False).returncode
    before = signal.signal(signal.SIGINT, lambda *_: None)  # not ignored: the editor would inherit that
    try:
        return subprocess.run(command, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)
