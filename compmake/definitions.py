"""`Definitions`: turns calls, with their arguments as they are now, into jobs and keeps them in order."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import CodeType, FrameType, FunctionType, MethodType
from typing import Any

from compmake.codec import BufferPool, freeze_call
from compmake.errors import DefinitionError
from compmake.functions import (
    Function,
    argument,
    is_plain_method,
    masked_argument,
    names_in,
    parameter_name,
    plain_argument,
)
from compmake.graph import Graph
from compmake.job import NO_OPTIONS, Argument, Dependency, Job, JobId, JobOptions, Promise

NO_PROMISES: tuple[Promise, ...] = ()
"""What `extra_dep` is unless the program says otherwise."""

# Not float: 0.0 and -0.0 are equal and different.
_COMPARABLE = frozenset({int, str, bool, bytes, type(None)})
_SHORT = 200
_BIG = 10**_SHORT


# Fields of a `Job` from `args` to `names`: a program makes 100,000 of them before anything can be shown.
_Parts = tuple[
    tuple[Any, ...] | None,
    Mapping[str, Any] | None,
    bytes | None,
    Any,
    tuple[Argument, ...] | None,
    tuple[Dependency, ...],
    tuple[str, ...],
    tuple[Any, ...],
    tuple[str, ...],
]


class Definitions:
    """The jobs that a program has defined so far, in order."""

    def __init__(self, main_alias: str | None = None) -> None:
        self.jobs: dict[JobId, Job] = {}
        self.prefix = ""
        self.defining_modules: set[str] = set()
        """Modules whose top level was running when `comp` was called: they describe the graph."""
        self._main_alias = main_alias
        self._next_number: dict[str, int] = {}
        self._functions: dict[int, Function] = {}
        self._pool = BufferPool()
        self._callers: set[CodeType] = set()
        self._last_caller: CodeType | None = None

    def graph(self) -> Graph:
        """Return the graph of all jobs defined."""
        return Graph(self.jobs)

    def add(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        options: JobOptions,
        *,
        job_id: str | None = None,
        extra_dep: Promise | Iterable[Promise] = NO_PROMISES,
        command_name: str | None = None,
    ) -> Promise:
        """Define one job and return the promise of its result.

        Raises:
            DefinitionError: No callable, a duplicate or impossible id, a promise of another program.
            UnpicklableError: An argument cannot be pickled; the text names the place.
        """
        caller = sys._getframe(2)
        if caller.f_code is not self._last_caller:
            self._note_caller(caller)
        if type(function) is not FunctionType:
            function, args, kwargs = _flatten(function, args, kwargs)
        info = self._functions.get(id(function)) or self._describe_function(function)
        if options is NO_OPTIONS and info.own_keyword:
            raise DefinitionError(
                f"function {info.display}() has a parameter named {info.own_keyword!r}, which comp() takes for itself. "
                f"Use comp.options()({info.display}, ...): there every keyword is the function's."
            )
        info.refuse_wrong_call(args, kwargs)
        own_id = self._new_id(command_name or info.display, job_id, caller)
        # Numbers, strings and promises cannot change any more; anything else is taken as it is now.
        parts = _plain(info, args, kwargs) or self._freeze(own_id, info, args, kwargs)
        order_after = () if extra_dep is NO_PROMISES else _promises_of(own_id, extra_dep)
        for _, dependency_id in parts[5]:
            if dependency_id not in self.jobs:
                raise _unknown(own_id, dependency_id)
        for dependency_id in order_after:
            if dependency_id not in self.jobs:
                raise _unknown(own_id, dependency_id)
        defined_at = (caller.f_code.co_filename, caller.f_lineno)
        display = command_name or info.display
        self.jobs[own_id] = Job(own_id, function, info.name, display, *parts, order_after, options, defined_at)
        return Promise(own_id)

    def arguments_of(self, job: Job) -> tuple[Argument, ...]:
        """Return the arguments of a job as fingerprints and messages see them.

        Those that do not matter are left out, and promises that are arguments by themselves: they are dependencies.
        """
        info = self._functions[id(job.function)]
        described = job.described
        if described is None:
            assert job.args is not None and job.kwargs is not None
            described = tuple(
                [
                    plain_argument(place, value) if type(value) in _COMPARABLE else argument(place, value)[0]
                    for place, value in _places(job.args, job.kwargs)
                    if type(value) is not Promise
                ]
            )
        if info.hidden:
            described = info.hidden + described
        if job.options.ignore:
            ignored = set(job.options.ignore)
            described = tuple(a for a in described if parameter_name(a.place, info.parameters) not in ignored)
        return tuple([masked_argument(a, info.parameters) for a in described])

    def call_of(self, job: Job) -> bytes:
        """Return what identifies the call but for the results it takes: function, values, places of promises."""
        if job.call is not None and not job.options.ignore:
            return job.call
        values = [f"{a.place}#{a.digest.hex() if a.digest else '?'}" for a in self.arguments_of(job)]
        promises = [f"{place}<>" for place, _ in job.dependencies]
        return f"{job.function_name}({', '.join(values + promises)})".encode("utf-8", "surrogatepass")

    def parameters_of(self, job: Job) -> tuple[str, ...]:
        """Return the names of the function's positional parameters, to show `x` where records say `args[0]`."""
        return self._functions[id(job.function)].parameters

    def _freeze(self, job_id: JobId, info: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Parts:
        payload = freeze_call(job_id, info.name, args, kwargs, self._pool)
        arguments = [(*argument(place, value), value) for place, value in _places(args, kwargs)]
        descriptions = [description for _, description, _ in arguments]
        return (
            None,
            None,
            None,
            payload,
            tuple(a for a, _, value in arguments if type(value) is not Promise),
            tuple(dep for d in descriptions for dep in d.promises),
            tuple(file for d in descriptions for file in d.files),
            info.roots + tuple(root for d in descriptions for root in d.code),
            tuple(dict.fromkeys(names_in([*args, *kwargs.values()]))),
        )

    def _new_id(self, base: str, explicit: str | None, caller: FrameType) -> JobId:
        if explicit is not None:
            job_id = JobId(self.prefix + _checked_id(explicit))
            if job_id in self.jobs:
                file, line = self.jobs[job_id].defined_at
                raise DefinitionError(
                    f"two jobs have the id {job_id!r}: {file}:{line} and "
                    f"{caller.f_code.co_filename}:{caller.f_lineno}. "
                    "Give one of them another job_id."
                )
            return job_id
        base = self.prefix + base
        number = self._next_number.get(base, 1)
        job_id = JobId(base if number == 1 else f"{base}-{number}")
        while job_id in self.jobs:  # somebody took the name with an explicit id
            number += 1
            job_id = JobId(f"{base}-{number}")
        self._next_number[base] = number  # not the one after it: this call may still be refused
        return job_id

    def _describe_function(self, function: Callable[..., Any]) -> Function:
        info = self._functions[id(function)] = Function.of(function, self._main_alias)
        return info

    def _note_caller(self, caller: FrameType) -> None:
        self._last_caller = caller.f_code
        if caller.f_code in self._callers:
            return
        self._callers.add(caller.f_code)
        frame: FrameType | None = caller
        while frame is not None:
            if frame.f_code.co_name == "<module>":
                self.defining_modules.add(frame.f_globals.get("__name__", ""))
            frame = frame.f_back


def _plain(info: Function, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> _Parts | None:
    """Return the parts of a job whose arguments are atoms and promises, None if some are not: most loops make such."""
    if info.call is None:
        return None
    found: list[Dependency] = []
    parts: list[str] = []
    texts: list[str] = []
    places = [(f"args[{at}]", "", value) for at, value in enumerate(args)]
    if kwargs:
        places += [(f"kwargs[{key!r}]", f"{key}=", kwargs[key]) for key in sorted(kwargs)]
    for place, prefix, value in places:
        kind = type(value)
        if kind is Promise:
            found.append(Dependency(place, value.job_id))
            parts.append(prefix + "<>")
            continue
        write = _WRITERS.get(kind)
        text = write(value) if write is not None else None
        if text is None:
            return None
        parts.append(prefix + text)
        if kind is str:
            texts.append(value)
    call = f"{info.call}({', '.join(parts)})".encode()
    names = tuple(names_in(texts)) if texts else ()
    return args, kwargs, call, None, None, tuple(found), (), info.roots, names


def _short(value: str | bytes) -> str | None:
    return ascii(value) if len(value) < _SHORT else None


# Atoms as text in ASCII, None for one that would make a long text.
_WRITERS: dict[type, Callable[[Any], str | None]] = {
    type(None): repr,
    bool: repr,
    float: repr,
    complex: repr,
    int: lambda value: repr(value) if -_BIG < value < _BIG else None,
    str: _short,
    bytes: _short,
}


def _unknown(job_id: JobId, dependency: JobId) -> DefinitionError:
    return DefinitionError(
        f"job {job_id!r} depends on the promise of {dependency!r}, which another program or Context made. "
        "Define both jobs in the same one."
    )


def _flatten(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> tuple[Callable[..., Any], tuple[Any, ...], Mapping[str, Any]]:
    """A partial is its function with more arguments, a method its function with the object in front."""
    while isinstance(function, partial):
        function, args, kwargs = function.func, function.args + args, {**function.keywords, **kwargs}
    if isinstance(function, MethodType) and is_plain_method(function):
        function, args = function.__func__, (function.__self__, *args)
    return function, args, kwargs


_ARGS = tuple([f"args[{i}]" for i in range(16)])
"""Places of most arguments; every job's are asked for."""


def _places(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    if len(args) <= len(_ARGS):
        places = list(zip(_ARGS, args, strict=False))
    else:
        places = [(f"args[{i}]", value) for i, value in enumerate(args)]
    if kwargs:
        places.extend((f"kwargs[{key!r}]", kwargs[key]) for key in sorted(kwargs))
    return places


def _checked_id(job_id: object) -> str:
    if not isinstance(job_id, str) or not job_id:
        raise DefinitionError(f"a job_id is text that is not empty, not {job_id!r:.60}")
    if "\0" in job_id:
        raise DefinitionError(f"job_id {job_id!r:.80} holds a NUL character, which no store can keep")
    try:
        job_id.encode()
    except UnicodeEncodeError:
        raise DefinitionError(
            f"job_id {job_id!a:.80} holds a lone surrogate, which no terminal or file can show"
        ) from None
    return str(job_id)


def _promises_of(job_id: JobId, extra_dep: Promise | Iterable[Promise]) -> tuple[JobId, ...]:
    found: list[JobId] = []
    one = isinstance(extra_dep, Promise) or not hasattr(extra_dep or (), "__iter__")
    for promise in [extra_dep] if one else list(extra_dep or ()):
        if not isinstance(promise, Promise):
            raise DefinitionError(
                f"job {job_id!r}: extra_dep takes a promise or a list of promises, not {promise!r:.60}"
            )
        found.append(promise.job_id)
    return tuple(dict.fromkeys(found))
