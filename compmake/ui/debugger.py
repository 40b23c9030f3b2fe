"""Makes a call under pdb: at the exception or the Ctrl-C that ends it, or from its first line on."""

import bdb
import builtins
import pdb
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from types import TracebackType
from typing import Any, NamedTuple, NoReturn

from compmake.calling import Called
from compmake.failure import capture
from compmake.fingerprint.modules import is_user_file
from compmake.frames import is_own_file
from compmake.job import Failure

_TAKES_EXCEPTIONS = (3, 13)
"""From here on pdb goes through chained exceptions by itself."""


class Ended(NamedTuple):
    """How a call ended: with a value, with an exception, or before its end because the user left."""

    value: Any = None
    failure: Failure | None = None
    left: bool = False

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C ended it."""
        return self.failure is not None and self.failure.type_name == KeyboardInterrupt.__name__


def call_debugged(called: Called, *, step: bool, tell: Callable[[Failure], None]) -> Ended:
    """Make a call, and let the user look around in pdb where it raises, or where it is at Ctrl-C.

    Args:
        called: The function and its arguments.
        step: Stop at the first line of the function already.
        tell: Says what was raised, before pdb opens.
    """
    function, args, kwargs = called
    with harmless_exit():
        try:
            if step:
                debugger = _Debugger(nosigint=True)
                value = debugger.runcall(function, *args, **kwargs)
                return Ended(value, left=debugger.is_left)
            return Ended(copy_context().run(function, *args, **kwargs))
        except bdb.BdbQuit:
            return Ended(left=True)
        except BaseException as error:
            failure = capture(error, is_user=is_user_file, hide=_is_machinery, with_locals=False)
            tell(failure)
            _look_around(error)
            return Ended(failure=failure)
        finally:
            sys.settrace(None)


class _Debugger(pdb.Pdb):
    """Knows whether the user has left: `runcall` returns all the same."""

    is_left = False

    def set_quit(self) -> None:
        self.is_left = True
        super().set_quit()


def _look_around(error: BaseException) -> None:
    """Open pdb where the exception was raised, and go up to the user's own line that was reached last."""
    traceback = error.__traceback__
    while traceback is not None and _is_machinery(traceback.tb_frame.f_code.co_filename):
        traceback = traceback.tb_next
    if traceback is None:  # a function in C was called
        return
    link = traceback
    while link.tb_next is not None:
        if _is_machinery(link.tb_next.tb_frame.f_code.co_filename):  # what `exit()` is here
            link.tb_next = None
        else:
            link = link.tb_next
    debugger = pdb.Pdb(nosigint=True)
    debugger.reset()
    above = _library_frames(traceback)
    if above:
        debugger.cmdqueue.append(f"up {above}")
    place: Any = error.with_traceback(traceback) if sys.version_info >= _TAKES_EXCEPTIONS else traceback
    with suppress(bdb.BdbQuit, KeyboardInterrupt, SystemExit):
        debugger.interaction(None, place)


def _library_frames(traceback: TracebackType) -> int:
    """Return how many frames are below the user's deepest one; 0 if none is the user's."""
    below, found, link = 0, False, traceback
    while True:
        is_user = is_user_file(link.tb_frame.f_code.co_filename)
        found = found or is_user
        below = 0 if is_user else below + 1
        if link.tb_next is None:
            return below if found else 0
        link = link.tb_next


def _is_machinery(path: str) -> bool:
    return is_own_file(path) or path == bdb.__file__


class _Exit:
    """What `exit` and `quit` are meanwhile: Python's own close standard input, which is the console's too."""

    def __call__(self, code: object = None) -> NoReturn:
        raise SystemExit(code)

    def __repr__(self) -> str:
        return "exit() or Ctrl-D leaves"


@contextmanager
def harmless_exit() -> Iterator[None]:
    """Let `exit()` raise SystemExit and do nothing else."""
    missing = object()
    before = {name: getattr(builtins, name, missing) for name in ("exit", "quit")}
    for name in before:
        setattr(builtins, name, _Exit())
    try:
        yield
    finally:
        for name, value in before.items():
            if value is missing:
                delattr(builtins, name)
            else:
                setattr(builtins, name, value)
