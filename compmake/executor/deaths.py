"""How the death of a worker is told: which signal, how much memory, where it was, what probably happened."""

import contextlib
import os
import re
import signal
from typing import NamedTuple

from compmake.fingerprint.modules import is_user_file
from compmake.frames import frame_at, is_own_file
from compmake.job import Failure, Frame
from compmake.serving import EXIT_CUT_OFF

_FAULT = "Fatal Python error: "
_FAULT_LINE = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
_MUCH = 0.7
"""Of the memory there is: who was killed with so much of it was probably killed for it."""
_FAULT_BYTES = 65536


class Seen(NamedTuple):
    """A line of the user's that a job was seen at, and how long before its death."""

    file: str
    line: int
    function: str
    before_s: float


class MemoryFigures:
    """How much memory there is, and whether the kernel has killed for lack of it since this was made."""

    def __init__(self) -> None:
        self._kills = _kill_count()

    def is_short(self, peak_bytes: int) -> bool:
        """Tell whether a process that was killed with such a peak was probably out of memory."""
        return _kill_count() > self._kills or peak_bytes > _MUCH * _memory_bytes()


def failure_of(status: int, memory: str, printed: bytes, seen: Seen | None, short: bool) -> Failure:
    """Return why a job failed whose process died.

    Args:
        status: As `os.wait` gives it.
        memory: What is known of the most memory that the process had: `16M`, `at most 16M`; empty if nothing is.
        printed: What it had printed: the traceback of a crash is at its end.
        seen: Where it was at its last sign of life.
        short: Whether memory was probably short when it was killed.
    """
    code = os.waitstatus_to_exitcode(status)
    frames = _frames_of_fault(printed)
    notes = (_last_seen(seen),) if seen is not None and not frames else ()
    memory = f", with {memory} of memory at its peak" if memory else ""
    if code >= 0:
        why = f"its process ended with exit code {code} in the middle of the job, as os._exit({code}) does"
        if code == EXIT_CUT_OFF:
            why = "its process lost the connection to compmake: did the job close file descriptors?"
        return Failure("ProcessExited", why, frames, notes)
    name = signal_name(-code)
    if -code == signal.SIGKILL:
        text = f"its process was killed by SIGKILL{memory}"
        if short:
            return Failure("OutOfMemory", f"{text}, probably out of memory", frames, notes)
        return Failure("Killed", text, frames, notes)
    what = _CRASHES.get(-code)
    text = f"its process died of {name}" + (f" ({what})" if what else "") + memory
    return Failure("Crashed" if what else "Killed", text, frames, notes)


_CRASHES: dict[int, str] = {
    signal.SIGSEGV: "segmentation fault",
    signal.SIGBUS: "bus error: was a mapped file cut?",
    signal.SIGABRT: "abort by C code",
    signal.SIGFPE: "arithmetic error in C code",
    signal.SIGILL: "illegal instruction: C code for another processor",
}


def signal_name(number: int) -> str:
    """Return `SIGKILL` for 9, `signal 99` for what has no name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _frames_of_fault(printed: bytes) -> tuple[Frame, ...]:
    """Return the frames that `faulthandler` wrote while the process died, the deepest last."""
    text = printed[-_FAULT_BYTES:].decode(errors="replace")
    _, found, tail = text.rpartition(_FAULT)
    frames = [_frame(file, int(line), function) for file, line, function in _FAULT_LINE.findall(tail)] if found else []
    return tuple(frame for frame in reversed(frames) if not (is_own_file(frame.file) or frame.file == "<string>"))


def _last_seen(seen: Seen) -> str:
    """Say where a job was last seen: it may have died at another line."""
    text = f"last seen at {os.path.basename(seen.file)}:{seen.line} in {seen.function}, {seen.before_s:.1f}s before"
    frame = _frame(seen.file, seen.line, seen.function)
    source = next((source.strip() for number, source in frame.source if number == seen.line), "")
    return f"{text}\n> {seen.line}  {source}" if source else text


def _frame(file: str, line: int, function: str) -> Frame:
    return frame_at(file, line, function, is_user=is_user_file(file))


def without_fault(printed: bytes) -> bytes:
    """Return what a job printed without the traceback of its crash, which is kept as frames."""
    at = printed.rfind(_FAULT.encode(), -_FAULT_BYTES)
    return printed[:at] if at >= 0 else printed


def _kill_count() -> int:
    """Return how many processes the kernel has killed for lack of memory; 0 where it does not tell."""
    with contextlib.suppress(OSError, ValueError), open("/proc/vmstat") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("oom_kill ")), 0)
    return 0


def _memory_bytes() -> int:
    """Return the memory that there is for us: the machine's, or what a control group allows."""
    import psutil  # costs every make 20 ms, and few see a death

    total = psutil.virtual_memory().total
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError), open(path) as file:
            total = min(total, int(file.read()))
    return int(total)
