"""What the tests of hard circumstances share: how a message must look, and programs that tests speak to."""

import ctypes
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from spaces import Finished, Space, clean_environment

FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What must never reach a terminal: C0 but newline and tab, DEL, C1, bytes that are no UTF-8."""
OWN_SEQUENCES = re.compile("\r+\n|\x1b\\[K\r?|\x1b\\[J|\x1b\\[[0-9;]*m")
"""What compmake itself sends to a terminal: its line's start and end, colours, and the terminal's own `\\r\\n`."""
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_PR_CAPBSET_DROP = 24


def assert_told(done: Finished, code: int, *words: str, lines: int = 2) -> None:
    """Assert that the process said in at most so many lines what is wrong, without a traceback of compmake's."""
    assert done.code == code, done.err + done.out
    assert "this is a bug" not in done.err
    assert not re.search(r'File ".*/compmake/(?!tests)\w+\.py"', done.err), done.err
    told = done.err[done.err.index("compmake: ") :]
    assert len(told.splitlines()) <= lines, told
    assert not FORBIDDEN.search(done.err), ascii(done.err)
    missing = [word for word in words if word not in told]
    assert not missing, (missing, told)


def wait_until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Return as soon as the condition holds; fail if it never does."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        select.select([], [], [], 0.005)


def start(space: Space, *args: str) -> subprocess.Popen[bytes]:
    """Start compmake in a session of its own and return while it runs."""
    return subprocess.Popen(
        [sys.executable, "-m", "compmake", *args],
        cwd=space.path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def run_in_terminal(space: Space, *args: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run compmake with a pseudo-terminal as its three streams; return exit code and everything that it showed."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "compmake", *args],
        cwd=space.path,
        env=clean_environment() | (env or {}),
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        start_new_session=True,
    )
    os.close(secondary)
    shown = b""
    try:
        while True:
            try:
                data = os.read(primary, 65536)
            except OSError:  # Linux says so when the last process has closed the terminal
                break
            if not data:
                break
            shown += data
    finally:
        os.close(primary)
    return process.wait(60), shown.decode("utf-8", "surrogateescape")


def obey_permissions() -> None:
    """Let root, too, be stopped by the permissions of files; for the child of a fork, before it runs a program."""
    if os.geteuid() == 0 and sys.platform == "linux":
        libc = ctypes.CDLL(None)
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
            libc.prctl(_PR_CAPBSET_DROP, capability)


def run_prepared(space: Space, prepare: Callable[[], None], *args: str) -> Finished:
    """Run compmake in a process that `prepare` has changed first: its permissions, its limits."""
    done = subprocess.run(
        [sys.executable, "-m", "compmake", *args],
        cwd=space.path,
        env=clean_environment() | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=prepare,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr)


def object_files(space: Space, program: str = "prog") -> list[Path]:
    """Return the files of large results."""
    return sorted(path for path in (space.path / ".compmake" / program / "objects").rglob("*") if path.is_file())


def flip_a_bit(path: Path, at: int) -> None:
    """Change one bit of a file."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
