"""What stands in a pickle for a promise or a file, and the names by which things are found instead of pickled."""

import sys
import threading
from collections.abc import Callable
from typing import Any

from compmake.job import File, JobId, Promise


class _Meanings(threading.local):
    """What marks become in this thread, while `streams.unpickle` is at work."""

    promise: Callable[[JobId], Any] = Promise
    file: Callable[[str], Any] = File


MEANINGS = _Meanings()


def promise_mark(job_id: JobId) -> Any:
    """Stand in a pickled call for a promise; whoever loads the call says what it becomes."""
    return MEANINGS.promise(job_id)


def file_mark(path: str) -> Any:
    """Stand in a pickle for a `File`; whoever loads it says what it becomes."""
    return MEANINGS.file(path)


# Stored pickles name these two; that name must outlive a rearrangement of our files.
MARKS_MODULE = "compmake.codec"
promise_mark.__module__ = file_mark.__module__ = MARKS_MODULE


def _reduce_promise(promise: Promise) -> tuple[Callable[[JobId], Any], tuple[JobId]]:
    return promise_mark, (promise.job_id,)


def _reduce_file(file: File) -> tuple[Callable[[str], Any], tuple[str]]:
    return file_mark, (file.path,)


FILE_MARK: dict[type, Callable[[Any], Any]] = {File: _reduce_file}
BOTH_MARKS: dict[type, Callable[[Any], Any]] = {File: _reduce_file, Promise: _reduce_promise}


def importable_name(thing: Any) -> tuple[str, str] | None:
    """Return module and qualified name by which `thing` itself is found among the loaded modules, None if it is not."""
    try:
        module, qualname = thing.__module__, thing.__qualname__
        if type(module) is not str or type(qualname) is not str or "<" in qualname:
            return None
        found: Any = sys.modules[module]
        for name in qualname.split("."):
            found = getattr(found, name)
    except Exception:  # whatever a descriptor of the user's raises, the name does not lead there
        return None
    return (module, qualname) if found is thing else None
