"""What the operating system and the interpreter keep once for a whole process, and how each thing is put back.

What a job changes in modules, their globals and the options of libraries, is none of it: nobody can tell that from what
an import did. `decimal` is the exception, for a precision that a job leaves behind changes numbers without a word.
"""

import _locale
import _signal  # type: ignore[import-not-found]  # signal.getsignal makes enums and costs ten times as much
import gc
import os
import resource
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any, NamedTuple

from compmake.text_safety import one_line

_SIGNALS = tuple(
    getattr(signal, f"SIG{name}").value
    for name in ("HUP", "INT", "QUIT", "USR1", "USR2", "PIPE", "ALRM", "TERM", "CHLD", "XCPU", "VTALRM", "PROF")
)
_LIMITS = tuple((getattr(resource, f"RLIMIT_{name}"), name) for name in ("AS", "FSIZE", "NOFILE", "CPU"))
_DECIMAL = attrgetter("prec", "rounding", "Emin", "Emax", "capitals", "clamp", "traps")
_NAMES_SHOWN, _NAME_CELLS, _FOLDER_CELLS = 8, 60, 500


class Kept(NamedTuple):
    """One thing that is to be the same for every job."""

    read: Callable[[], Any]
    put: Callable[[Any], object]
    """Raises OSError or ValueError if it cannot."""
    words: Callable[[Any, Any], str]
    """Says what a job did, from the value now and the one before."""
    value: Any
    """What it was when it was noted."""


def shared_state() -> tuple[Kept, ...]:
    """Note what nobody but a job changes in a process that does other things besides, in the order of `own_state`."""
    return (*_files_and_environment(), *_lists_in_sys(), *_locale_categories(), _decimal())


def own_state() -> tuple[Kept, ...]:
    """Note all of the present state of a process that only runs jobs; to be called and used in its main thread.

    What is first is to be read and put back first. The functions for that are taken now, so a job that replaced
    `os.getcwd` deceives nobody.
    """
    return (
        _alarm(),  # first: it could go off while the rest is put back
        *_limits(),  # what follows needs memory
        *_signals(),
        *shared_state(),
        *_interpreter(),
    )


def listed(names: Iterable[str]) -> str:
    """Return names given by users, sorted, on one line and not too long."""
    shown = [one_line(name, _NAME_CELLS) for name in sorted(names)]
    more = f" and {len(shown) - _NAMES_SHOWN} more" if len(shown) > _NAMES_SHOWN else ""
    return ", ".join(shown[:_NAMES_SHOWN]) + more


def _keep(read: Callable[[], Any], put: Callable[[Any], object], words: str | Callable[[Any, Any], str]) -> Kept:
    """Keep what `read` returns now; `words` that are a text may have the value that a job left as `{}`."""
    told = (lambda now, _: words.format(now)) if isinstance(words, str) else words
    value = read()
    return Kept(read, put, told, value.copy() if isinstance(value, list | dict | set) else value)


def _keep_by_reading(exchange: Callable[[], Any], words: str) -> Kept:
    """Keep a thing that `exchange` sets to what it was while it returns what it is."""
    return _keep(exchange, lambda _: None, words)


def _alarm() -> Kept:
    return _keep_by_reading(partial(signal.setitimer, signal.ITIMER_REAL, 0.0), "it left an alarm set")


def _limits() -> list[Kept]:
    """Keep the limits that jobs set: to have MemoryError instead of a machine without memory, or against runaways."""
    return [_limit(number, name) for number, name in _LIMITS]


def _limit(number: int, name: str) -> Kept:
    get, put = resource.getrlimit, resource.setrlimit

    def write(limit: tuple[int, int]) -> None:
        try:
            put(number, limit)
        except ValueError:  # the hard limit was lowered; what this process still has to do should not suffer
            hard = get(number)[1]
            put(number, (hard, hard))
            raise

    return _keep(partial(get, number), write, f"it changed the limit RLIMIT_{name}")


def _signal_names(numbers: Iterable[int]) -> str:
    known = {int(member): member.name for member in signal.Signals}
    return listed(known.get(number, f"signal {number}") for number in numbers)


def _signals() -> list[Kept]:
    get, put, mask, pending = _signal.getsignal, signal.signal, _signal.pthread_sigmask, _signal.sigpending
    stop = signal.setitimer

    def handlers() -> list[Any]:
        return list(map(get, _SIGNALS))

    def put_handlers(kept: list[Any]) -> None:
        # Whoever runs these timers, from Python, has a handler for them; so nothing needs to be asked after other jobs.
        stop(signal.ITIMER_VIRTUAL, 0.0)
        stop(signal.ITIMER_PROF, 0.0)
        for number, handler in zip(_SIGNALS, kept, strict=True):
            # None: it was set by something other than Python, and nothing can put that back.
            if handler is not None and get(number) != handler:
                put(number, handler)

    def handlers_changed(now: list[Any], before: list[Any]) -> str:
        changed = (number for number, one, other in zip(_SIGNALS, now, before, strict=True) if one != other)
        return f"it changed what is done on {_signal_names(changed)}"

    def blocked() -> set[int]:
        return mask(signal.SIG_BLOCK, ())  # type: ignore[no-any-return]

    def put_blocked(kept: set[int]) -> None:
        for number in pending() - kept:
            # It would end the worker the moment it is let through. Ignoring a signal discards it.
            handler = get(number)
            if handler is not None and not callable(handler):
                put(number, signal.SIG_IGN)
                put(number, handler)
        mask(signal.SIG_SETMASK, kept)

    def blocked_changed(now: set[int], before: set[int]) -> str:
        return f"it changed whether {_signal_names(now ^ before)} is blocked"

    signal.set_wakeup_fd(wakeup := signal.set_wakeup_fd(-1))
    return [
        _keep(handlers, put_handlers, handlers_changed),
        _keep(blocked, put_blocked, blocked_changed),
        _keep_by_reading(partial(signal.set_wakeup_fd, wakeup), "it left a signal wakeup descriptor set"),
    ]


def _files_and_environment() -> list[Kept]:
    getcwd = os.getcwdb

    def folder() -> bytes:
        try:
            return getcwd()
        except OSError:
            return b""

    def folder_changed(now: bytes, _: bytes) -> str:
        if not now:
            return "its current folder is gone"
        return f"it changed the current folder to {one_line(os.fsdecode(now), _FOLDER_CELLS)}"

    umask = os.umask(0o077)
    os.umask(umask)
    return [
        _keep(folder, os.chdir, folder_changed),
        _keep_by_reading(partial(os.umask, umask), "it changed the umask to {:03o}"),
        _environment(),
    ]


def _environment() -> Kept:
    environ, data = os.environ, os.environ._data  # type: ignore[attr-defined]
    put, remove, tzset = os.putenv, os.unsetenv, time.tzset

    def read() -> dict[bytes, bytes] | None:
        return data if os.environ is environ else None

    def changes(before: dict[bytes, bytes]) -> list[bytes]:
        return [name for name in data.keys() | before.keys() if data.get(name) != before.get(name)]

    def write(kept: dict[bytes, bytes]) -> None:
        os.environ = environ  # noqa: B003 -- it is the one that was there before
        for name in changes(kept):
            if name in kept:
                data[name] = kept[name]
                put(name, kept[name])
            else:
                del data[name]
                remove(name)
            if name == b"TZ":
                tzset()

    def words(_: object, before: dict[bytes, bytes]) -> str:
        names = changes(before)
        plural = "s" if len(names) > 1 else ""
        changed = f"changed the environment variable{plural} {listed(map(os.fsdecode, names))}"
        return f"it {changed}" if names else "it replaced os.environ"

    return _keep(read, write, words)


def _interpreter() -> list[Kept]:
    return [
        _filters(),
        _keep(sys.getrecursionlimit, sys.setrecursionlimit, "it changed the recursion limit to {}"),
        _keep(sys.gettrace, sys.settrace, "it left a trace function set"),
        _keep(sys.getprofile, sys.setprofile, "it left a profile function set"),
        _keep(
            gc.isenabled, lambda on: gc.enable() if on else gc.disable(), "it switched the garbage collector on or off"
        ),
        _keep(socket.getdefaulttimeout, socket.setdefaulttimeout, "it changed the default timeout of sockets to {} s"),
    ]


def _locale_categories() -> list[Kept]:
    # To ask for all categories takes long; who sets one of the others sets one of these too, or only translates texts.
    get, everything = _locale.setlocale, _locale.setlocale(_locale.LC_ALL)
    return [
        _keep(
            partial(get, category),
            lambda _: get(_locale.LC_ALL, everything),
            f"it changed {name} of the locale to {{}}",
        )
        for name, category in (("LC_NUMERIC", _locale.LC_NUMERIC), ("LC_TIME", _locale.LC_TIME))
    ]


def _lists_in_sys() -> list[Kept]:
    return [_list_in_sys("path", lambda: sys.path), _list_in_sys("argv", lambda: sys.argv)]


def _list_in_sys(name: str, read: Callable[[], list[str]]) -> Kept:
    original = read()

    def write(kept: list[str]) -> None:
        original[:] = kept
        setattr(sys, name, original)

    return _keep(read, write, f"it changed sys.{name}")


def _filters() -> Kept:
    original: Any = warnings.filters

    def write(kept: list[Any]) -> None:
        warnings.filters = original
        warnings.resetwarnings()  # to have Python look at the filters anew
        original.extend(kept)

    return _keep(lambda: warnings.filters, write, "it, or a module that it imported, changed the warning filters")


def _decimal() -> Kept:
    modules = sys.modules  # most programs never load it, and this is no reason to
    module = modules.get("_decimal")
    context = module.getcontext().copy() if module is not None else None

    def read() -> bool:
        nonlocal context
        if (module := modules.get("_decimal")) is None:
            return True
        if context is None:
            context = module.Context()
        return bool(_DECIMAL(module.getcontext()) == _DECIMAL(context))

    def write(_: bool) -> None:
        if context is not None:
            modules["_decimal"].setcontext(context.copy())

    return Kept(read, write, lambda *_: "it changed the context of decimal", True)
