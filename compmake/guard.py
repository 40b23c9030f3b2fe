"""What a job may leave behind in the process that ran it: put back what can be, tell what cannot."""

import os
from typing import Any

from compmake.leftovers import Leftovers
from compmake.process_state import own_state, shared_state
from compmake.tqdm_bars import end_monitor

_forks = 0


def _count_fork() -> None:
    global _forks
    _forks += 1


# To ask for the process id after each job would cost more.
os.register_at_fork(after_in_child=_count_fork)


class Guard:
    """Knows how a worker process was before its first job; to be used in the thread that made it."""

    def __init__(self, *, shared: bool = False) -> None:
        """Take the present state as the one to keep; threads that run now belong to the worker.

        Functions are taken now, so that a job that replaces `os.getcwd` deceives nobody.

        Args:
            shared: Others use this process too, such as the driver and its user's notebook. Then only what they leave
                alone is put back, and threads, children and files are taken for theirs. If not, this must be the main
                thread of a process that has no children.
        """
        self._forks, self._exit = _forks, os._exit
        self._kept = shared_state() if shared else own_state()
        self._reads = tuple(kept.read for kept in self._kept)
        self._values = [kept.value for kept in self._kept]
        self._stuck: list[str] = []
        self._left = None if shared else Leftovers()

    def restore(self) -> list[str]:
        """Put back what the job that ended changed, and return one note for each thing that was put back.

        A job that forked, and returned or raised in the child too, ends here in the child: else two processes would
        answer for one call.
        """
        if _forks != self._forks:
            self._exit(0)
        values = [read() for read in self._reads]
        if _equal(values, self._values):
            return []
        notes = []
        for kept, now in zip(self._kept, values, strict=True):
            if _equal(now, kept.value):
                continue
            changed = kept.words(now, kept.value)
            try:
                kept.put(kept.value)
                notes.append(f"{changed}; put back")
            except (OSError, ValueError) as error:
                reason = error.strerror if isinstance(error, OSError) else error
                # In a worker `leftovers` tells it, which has the worker replaced.
                (notes if self._left is None else self._stuck).append(f"{changed}; it cannot be put back: {reason}")
        return notes

    def leftovers(self) -> list[str]:
        """Return what the job left that `restore` could not undo, in words; if anything, the worker must be replaced.

        To be called after `restore`. Always empty if the process is shared: nobody can replace it.
        """
        if self._left is None:
            return []
        end_monitor()
        return [*self._stuck, *self._left.find()]


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # for example an array in sys.argv
        return False
