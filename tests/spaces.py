"""`Space`: a folder with a program of its own, run by real compmake processes."""

import json
import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

LEDGER = '''\
import os

def note(text):
    """Jobs append here, so that executions can be counted independently of compmake."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "ledger.txt")
    with open(path, "a") as file:
        file.write(text + "\\n")
'''


@dataclass(frozen=True)
class Finished:
    """How a process ended and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict]:
        """Standard output as the objects of `--json`."""
        return [json.loads(line) for line in self.out.splitlines()]


class Space:
    """A folder with a program, its store and its ledger."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write("ledger.py", LEDGER)

    def write(self, name: str, text: str) -> Path:
        """Write a file, its common indentation removed."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace text that must be there in a file."""
        path = self.path / name
        text = path.read_text()
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new))

    def run(self, *args: str, cwd: Path | None = None, stdin: str = "", env: dict[str, str] | None = None) -> Finished:
        """Run `compmake ARGS` in a new process."""
        return self.python("-m", "compmake", *args, cwd=cwd, stdin=stdin, env=env)

    def python(
        self, *args: str, cwd: Path | None = None, stdin: str = "", env: dict[str, str] | None = None
    ) -> Finished:
        """Run Python in a new process, in the folder of the program."""
        done = subprocess.run(
            [sys.executable, *args],
            cwd=cwd or self.path,
            input=stdin,
            env=clean_environment() | (env or {}),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def take_ledger(self) -> list[str]:
        """Return what jobs noted since the last call, sorted."""
        path = self.path / "ledger.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return sorted(lines)

    def make(self, program: str = "prog", *args: str, env: dict[str, str] | None = None) -> list[str]:
        """Make everything in a new process, which must succeed, and return what the jobs noted, sorted."""
        self.take_ledger()
        done = self.run(program, "make", *args, env=env)
        assert done.code == 0, done.err + done.out
        return self.take_ledger()


def clean_environment() -> dict[str, str]:
    """Return an environment without settings of whoever runs the tests; the hash seed is fixed as compmake wants it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMPMAKE_")}
    # Bytecode is written, as it is for users.
    for name in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        kept.pop(name, None)
    return kept | {"PYTHONHASHSEED": "0", "TERM": "xterm", "XDG_CONFIG_HOME": os.path.join(os.sep, "nonexistent")}
