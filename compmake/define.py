"""`comp` as user programs call it: adds to the definitions of the program that is being loaded."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from os import PathLike
from types import FrameType
from typing import Any

from compmake.definitions import NO_PROMISES, Definitions
from compmake.errors import DefinitionError
from compmake.job import NO_OPTIONS, JobId, JobOptions, Promise
from compmake.limits import LIMITS
from compmake.settings import CODE_MODES

# The definitions that module-level `comp` adds to. A script run by `python my_program.py` has some of its own from the
# start, so that its calls of `comp` mean something even before `compmake_console()` loads it as a program.
_current = Definitions()
_running_job: JobId | None = None


@contextmanager
def defining(definitions: Definitions) -> Iterator[Definitions]:
    """Let module-level `comp` add to `definitions` while a program loads."""
    global _current
    before, _current = _current, definitions
    try:
        yield definitions
    finally:
        _current = before


@contextmanager
def running(job_id: JobId) -> Iterator[None]:
    """Mark that a job runs in this process: `comp` refuses, except in modules that the job imports."""
    global _running_job
    before, _running_job = _running_job, job_id
    try:
        yield
    finally:
        _running_job = before


def enter_job(job_id: JobId | None) -> None:
    """Mark that this process, which does nothing else, runs a job now; None when it has ended."""
    global _running_job
    _running_job = job_id


def current() -> Definitions:
    """Return the definitions that `comp` adds to now."""
    return _current


def is_loading() -> bool:
    """Tell whether compmake is loading a program or running a job: then `compmake_console()` does nothing."""
    return _running_job is not None or is_defining()


def is_defining() -> bool:
    """Tell whether compmake is loading a program."""
    return _current is not _own


_own = _current


class Comp:
    """`comp(f, *args, **kwargs)` defines a job; `comp.options(...)` gives the form with options."""

    def __init__(self, definitions: Callable[[], Definitions]) -> None:
        """Add to the definitions that are asked for at each call."""
        self._definitions = definitions

    def __call__(
        self,
        function: Callable[..., Any],
        /,
        *args: Any,
        job_id: str | None = None,
        extra_dep: Promise | Iterable[Promise] = NO_PROMISES,
        command_name: str | None = None,
        **kwargs: Any,
    ) -> Promise:
        """Describe the call `function(*args, **kwargs)` as a job; nothing runs yet.

        Args:
            function: Any callable that can be pickled; lambdas and local functions work too.
            args: Its arguments; promises in them, at any depth, become dependencies.
            job_id: The job's name; default `function`, `function-2`, ...
            extra_dep: Promise or promises whose jobs must be done first although their results are not used.
            command_name: A name to use instead of the function's in ids and selections.
            kwargs: Keyword arguments of the function.

        Returns:
            The promise of the result, to be passed to other calls of `comp`.

        Raises:
            DefinitionError: The call cannot become a job; the text says why.
            UnpicklableError: An argument cannot be pickled; the text names the place.
        """
        if _running_job is not None:
            return _while_running(sys._getframe(1))
        return self._definitions().add(
            function, args, kwargs, NO_OPTIONS, job_id=job_id, extra_dep=extra_dep, command_name=command_name
        )

    def options(
        self,
        *,
        job_id: str | None = None,
        extra_dep: Promise | Iterable[Promise] = NO_PROMISES,
        command_name: str | None = None,
        version: str | None = None,
        code: str | None = None,
        ignore: Iterable[str] = (),
        files: Iterable[str | PathLike[str]] = (),
        timeout: float | str | None = None,
        retries: int | None = None,
        memory: int | str | None = None,
    ) -> "Callable[..., Promise]":
        """Return a `comp` with these options, whose every keyword is the function's own.

        Args:
            job_id: As for `comp`.
            extra_dep: As for `comp`.
            command_name: As for `comp`.
            version: Replaces the function's own code in the decision whether the job is up to date.
            code: How much code counts: `closure` (default), `module`, `function` or `off`.
            ignore: Names of parameters that do not matter.
            files: Paths that the function reads: their content counts.
            timeout: How long one attempt may take: seconds, or text such as `90s`, `5m`, `1h30m`.
            retries: How often the job is tried again in the same make if it fails.
            memory: How much memory the job may use: bytes, or text such as `500MB`, `2GB`.

        Where one of the last three is not given the settings decide; the text `none` means no timeout, no limit of
        memory, whatever they say. Changing these three runs no job again.
        """
        options = JobOptions(
            version=None if version is None else str(version),
            code=_checked_mode(code),
            ignore=_texts("ignore", ignore),
            files=_texts("files", files),
            timeout_s=_limit("timeout", timeout),
            retries=_limit("retries", retries),
            memory_bytes=_limit("memory", memory),
        )

        def comp_with_options(function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Promise:
            if _running_job is not None:
                return _while_running(sys._getframe(1))
            return self._definitions().add(
                function, args, kwargs, options, job_id=job_id, extra_dep=extra_dep, command_name=command_name
            )

        return comp_with_options


def comp_prefix(prefix: str | None = "") -> None:
    """Put `prefix`, literally, before the ids of the jobs defined from now on; empty ends it."""
    if not isinstance(prefix, str | None):
        raise DefinitionError(f"comp_prefix() takes text, not {prefix!r:.60}")
    _current.prefix = prefix or ""


def _while_running(caller: FrameType) -> Promise:
    """Answer `comp` in a process that runs a job: modules that the job imports may call it, the job may not."""
    frame: FrameType | None = caller
    while frame is not None and frame.f_globals.get("__name__") != "compmake.worker":
        if frame.f_code.co_name == "<module>":
            return Promise(JobId("(defined while a job was running)"))
        frame = frame.f_back
    raise DefinitionError(
        f"comp() inside job {_running_job!r}: the graph is fixed before the run. Call comp() while the program loads."
    )


def _checked_mode(code: str | None) -> str | None:
    if code is not None and code not in CODE_MODES:
        raise DefinitionError(f"code={code!r}: choose one of {', '.join(CODE_MODES)}")
    return code


def _limit(option: str, value: object) -> Any:
    if value is None:
        return None
    try:
        if option == "retries" and isinstance(value, str):  # settings may be text only, arguments are what they are
            raise ValueError
        return LIMITS[option].read(value)
    except ValueError as error:
        raise DefinitionError(f"{option}={value!r:.60}: expected {LIMITS[option].expected}") from error


def _texts(option: str, values: Iterable[str | PathLike[str]]) -> tuple[str, ...]:
    found = (values,) if isinstance(values, str) else tuple(values)
    if not all(isinstance(value, str | PathLike) for value in found):
        raise DefinitionError(f"{option}= takes a list of texts, not {values!r:.60}")
    return tuple(str(value) for value in found)


comp = Comp(current)
