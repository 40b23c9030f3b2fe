"""The nouns of compmake, as frozen data: jobs, what is remembered of them, how an attempt ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, NewType, NoReturn

JobId = NewType("JobId", str)
Digest = NewType("Digest", bytes)
"""16 bytes of BLAKE3; `short` shows the first ten hexadecimal digits."""

DIGEST_BYTES = 16


def short(digest: Digest) -> str:
    """Return the ten hexadecimal digits by which people see a digest."""
    return digest.hex()[:10]


class JobState(Enum):
    """State of a job in one make, and what `list` shows outside one; the value is the word that users see."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"
    STALE = "stale"
    TODO = "todo"

    # Enum hashes the name in Python code at each use as a key; plans count states by the hundred thousand.
    __hash__ = object.__hash__


class Promise:
    """Placeholder for the result of a job, returned by `comp`.

    It has no value of its own: using it as one (truth, iteration, arithmetic, comparison, attributes) raises a
    TypeError that explains.
    """

    __slots__ = ("job_id",)

    def __init__(self, job_id: JobId) -> None:
        self.job_id = job_id

    def __repr__(self) -> str:
        return f"<promise of {self.job_id}>"

    def __hash__(self) -> int:
        return hash((Promise, self.job_id))

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"the promise of {self.job_id!r} is only a placeholder: pass it to comp() as an argument")

    def _refuse(self, *_: object) -> NoReturn:
        raise self._misuse()

    def _misuse(self) -> TypeError:
        return TypeError(
            f"the promise of {self.job_id!r} has no value yet: the job runs later. "
            "Pass the promise to comp() and use the value inside that function."
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Promise):
            return self.job_id == other.job_id
        raise self._misuse()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):  # copy, pickle and numpy probe for these
            raise AttributeError(name)
        self._refuse()

    __bool__ = __len__ = __iter__ = __contains__ = __getitem__ = __setitem__ = __call__ = _refuse
    __int__ = __float__ = __index__ = __complex__ = __abs__ = __neg__ = __pos__ = __invert__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _refuse
    __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = __lshift__ = __rshift__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __enter__ = __exit__ = __await__ = __next__ = _refuse


@dataclass(frozen=True, slots=True)
class File:
    """A file whose content counts.

    As an argument, at any depth, the function receives its `Path`; as a result the job vouches for the file: changed
    or gone, the job is stale.
    """

    path: str

    def __init__(self, path: str | Path) -> None:
        object.__setattr__(self, "path", str(path))

    def __fspath__(self) -> str:
        return self.path


class Argument(NamedTuple):
    """One argument of a call, as fingerprints and messages see it.

    `digest` stands for the value with every promise and every file in it replaced by a mark: those count by
    themselves. It is None where the value cannot be digested stably; `unstable` then says at which place.
    """

    place: str
    digest: Digest | None
    text: str
    unstable: str | None = None


class Dependency(NamedTuple):
    """A promise at one place of a call, for example `args[0]` or `kwargs['data'][3]`."""

    place: str
    job_id: JobId


@dataclass(frozen=True, slots=True)
class JobOptions:
    """What `comp.options` said about a job, and nothing that was only defaulted."""

    version: str | None = None
    code: str | None = None
    ignore: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    timeout_s: float | None = None
    retries: int | None = None
    memory_bytes: int | None = None


NO_OPTIONS = JobOptions()


class Limits(NamedTuple):
    """What one attempt at a job may take, and how often a failed one is repeated; no part of any fingerprint."""

    timeout_s: float | None = None
    memory_bytes: int | None = None
    retries: int = 0


NO_LIMITS = Limits()


class Blob(NamedTuple):
    """Bytes that the store keeps: by themselves in a row if small (`inline`), else an object known by its digest."""

    digest: Digest
    size_bytes: int
    inline: bytes | None = None


class FileState(NamedTuple):
    """A file as it was when it was last read; `digest` is None when it was not there."""

    path: str
    size_bytes: int
    mtime_ns: int
    digest: Digest | None


class Result(NamedTuple):
    """What a job returned: `digest` is of the value and is what dependents compare; `blob` is how it is stored."""

    digest: Digest
    blob: Blob
    files: tuple[FileState, ...] = ()
    text: str = ""
    """The value in short, for `details`; empty if it is large."""


class Frame(NamedTuple):
    """One line of a traceback, with the source around it as it was when the job failed."""

    file: str
    line: int
    function: str
    is_user: bool
    source: tuple[tuple[int, str], ...] = ()
    locals: tuple[tuple[str, str], ...] = ()
    """Names and values in short, of the user's frames."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed, as text only: the exception itself never leaves the process that ran the job."""

    type_name: str
    message: str
    frames: tuple[Frame, ...] = ()
    notes: tuple[str, ...] = ()
    cause: "Failure | None" = None
    cause_is_context: bool = False
    members: tuple["Failure", ...] = ()
    """Those of an exception group."""

    @property
    def deepest_user_frame(self) -> Frame | None:
        """Return the user's own line that was reached last, that of what caused this if here is none, or None."""
        own = next((frame for frame in reversed(self.frames) if frame.is_user), None)
        return own if own is not None or self.cause is None else self.cause.deepest_user_frame


class OutcomeKind(Enum):
    """How an attempt ended."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    LOST = "lost"
    """The process that ran it died under it."""
    INTERRUPTED = "interrupted"
    DAMAGED = "damaged"
    """It did not start: stored results of dependencies are missing or damaged."""
    RETURNED = "returned"
    """It did not start, or its worker was lost for a reason that is not the job's: it is to be made all the same."""


class Outcome(NamedTuple):
    """How one attempt at a job ended, as it crosses from where the job ran to the driver."""

    job_id: JobId
    kind: OutcomeKind
    started_at: float
    wall_s: float
    cpu_s: float = 0.0
    peak_bytes: int = 0
    result: Result | None = None
    failure: Failure | None = None
    damaged: tuple[JobId, ...] = ()
    output: Blob | None = None
    modules: tuple[tuple[str, str, Digest], ...] = ()
    """User modules that this process imported while running jobs: name, file, digest of the source that ran."""
    notes: tuple[str, ...] = ()
    worker: str = ""
    """Which worker ran it, `w3`; empty for the driver's own process."""
    last_lines: str = ""
    """The end of what an attempt that failed had printed."""


def place_text(file: str, line: int, function: str) -> str:
    """Return a line of code as people read it, `mycomputations.py:61 in train`; empty without a file."""
    return f"{Path(file).name}:{line} in {function}" if file else ""


class Beat(NamedTuple):
    """A sign of life of a running job: all that is known of it now."""

    place: str = ""
    """The line of the user's code that it is at: `mycomputations.py:61 in train`."""
    progress: str = ""
    """What it last said by `progress()`: `fold 2/5, epoch 31/40`."""
    last_line: str = ""
    """The last line that it printed, as it came."""
    cpu_percent: float = 0.0
    """CPU time of its processes over wall time since the beat before."""
    rss_bytes: int = 0
    """Memory of its processes that is in use now."""
    frozen: bool = False
    """Its process was stopped (SIGSTOP)."""
    share: float | None = None
    """Which part of its loops is behind it by what it said, 0 to 1; None if it did not say of how many."""


class Record(NamedTuple):
    """What the store remembers of a job's attempt; the fields are the columns of its row.

    A `Record` is loaded 30,000 at a time, so what only messages need stays JSON text until somebody asks.
    """

    job_id: JobId
    function: str
    ok: bool
    fingerprint: Digest
    """Digest of everything that counts: equal fingerprint, equal result."""
    code: Digest
    """Digest of the set of code units, a part of the store."""
    inputs: str
    """JSON: args, deps, files, options, mode, as in `staleness.Inputs`."""
    result_digest: Digest
    """Value digest of the result; empty for a failed attempt."""
    blob: Digest
    size_bytes: int
    made_at: float
    wall_s: float
    cpu_s: float
    peak_bytes: int
    attempt: int
    """1 for the first attempt ever at this job."""
    run_id: int
    asked: bool
    """`invalidate` or `remake` asked for a new attempt: matches no fingerprint."""
    modules: str
    """JSON list: user modules loaded while the job ran, beyond those loaded with the program."""
    result_files: str
    """JSON list of the `FileState`s that the result vouches for, empty text when there are none."""
    details: str
    """JSON: host, python, packages, notes, output blob."""
    failure: str
    """JSON of a `Failure`, empty text when the attempt succeeded."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause why a job must run."""

    code: "ReasonCode"
    text: str
    old: str = ""
    new: str = ""
    diff: str = ""


class ReasonCode(Enum):
    """Causes in the order in which they are reported."""

    ASKED_FOR = "asked-for"
    NEVER_MADE = "never-made"
    FAILED = "failed-last-time"
    OPTION = "option-changed"
    ARGUMENT = "argument-changed"
    DEPENDENCY = "dependency-changed"
    OWN_CODE = "function-changed"
    USED_CODE = "helper-changed"
    GLOBAL = "global-changed"
    FILE = "file-changed"
    RESULT = "result-missing"
    UNSTABLE = "argument-cannot-be-compared"
    MAY_CHANGE = "dependency-may-change"


class Job(NamedTuple):
    """One call to make, as it was when `comp` saw it; promises not yet replaced.

    `args` and `kwargs` are kept only while they cannot change any more (numbers, strings, promises). Anything else
    was pickled on the spot into `payload`, so that a list which the program goes on filling is what it was.
    """

    job_id: JobId
    function: Callable[..., Any]
    function_name: str
    """`module:qualname`, as records and fingerprints know it."""
    display_function: str
    """The name as users write it in ids and selections: `func1`, `Model.fit`, `lambda`."""
    args: tuple[Any, ...] | None
    kwargs: Mapping[str, Any] | None
    call: bytes | None = None
    """The call as text, `mod:f(3, <>)` with a mark for each promise, when `args` and `kwargs` are kept."""
    payload: Any = None
    """A `codec.FrozenCall`, or None when `args` and `kwargs` are kept."""
    described: tuple[Argument, ...] | None = None
    """The arguments' digests if they had to be taken at once; `Definitions.arguments_of` gives them in any case."""
    dependencies: tuple[Dependency, ...] = ()
    files: tuple[str, ...] = ()
    """Paths of `File` arguments."""
    code_roots: tuple[Any, ...] = ()
    """The function, and functions and classes found in the arguments: their code counts."""
    names: tuple[str, ...] = ()
    """Texts among the arguments that could be names of functions, which the job may look up."""
    order_after: tuple[JobId, ...] = ()
    """Dependencies of `extra_dep`: order only, no part of the fingerprint."""
    options: JobOptions = NO_OPTIONS
    defined_at: tuple[str, int] = ("", 0)

    @property
    def all_dependencies(self) -> tuple[JobId, ...]:
        """Return each job that must be done first, once, in order of appearance."""
        return tuple(dict.fromkeys([dep.job_id for dep in self.dependencies] + list(self.order_after)))
