"""Finds what PROGRAM means (a module, a file, the folder of a store) and loads it under its own module name."""

import contextlib
import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from compmake.apart import keep_apart
from compmake.define import defining
from compmake.definitions import Definitions
from compmake.errors import CompmakeError, ProgramError
from compmake.fingerprint.modules import find_origin, is_user_file
from compmake.fingerprint.values import set_main_alias
from compmake.importing import import_by_content
from compmake.surroundings import Surroundings

STORE_PARENT = ".compmake"
_defining: set[str] = set()
"""Modules that defined jobs when this process loaded a program."""
_FRAMES_SHOWN = 10
_LINE_CHARS = 2000


@dataclass(frozen=True, slots=True)
class ProgramRef:
    """Where a program is, before it is loaded."""

    name: str
    """Module name, dotted for a module of a package."""
    path: Path | None
    """The source file; None for the folder of a store, which is looked at without its program."""
    folder: Path
    """Goes first on `sys.path`; the default store lies in it."""
    store: Path | None = None
    store_url: str = ""
    """A store on a server that is looked at without its program."""

    @property
    def default_store(self) -> Path:
        """Return the folder of the store unless `--store` names another."""
        return self.store or self.folder / STORE_PARENT / self.name


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was loaded, or one that is running and defines its jobs itself."""

    ref: ProgramRef
    definitions: Definitions
    surroundings: Surroundings | None = None
    """The process as `load_program` found it; None for a program that is running."""


def find_program(text: str) -> ProgramRef:
    """Tell what the user means by PROGRAM.

    Raises:
        ProgramError: There is no such module, file or store; the text says where it was looked for.
    """
    if "://" in text:
        return ProgramRef(text.partition("#")[2], None, Path.cwd(), store_url=text)
    path = Path(text)
    if (path / "index.db").is_file():
        path = path.resolve()
        return ProgramRef(path.name, None, path.parent, store=path)
    if text.endswith(".py") or os.sep in text or path.is_file():
        return _from_file(path, text)
    return _from_module_name(text)


def load_program(ref: ProgramRef) -> Program:
    """Import the program, which calls `comp`, and return what it defined.

    Raises:
        ProgramError: It raised or exited; the text is its own traceback, short.
        DefinitionError, UnpicklableError: A call of `comp` was refused; the text names the line.
    """
    assert ref.path is not None
    _forbid_shadowing(ref)
    definitions = Definitions()
    keep_apart([str(ref.folder), *sys.path])
    surroundings = Surroundings.take(ref.path)
    set_main_alias(ref.name)
    import_by_content()
    folder = str(ref.folder)
    sys.path[:] = [folder, *(entry for entry in sys.path if entry not in ("", folder))]
    for name in {ref.name, *_defining} - {"__main__"}:  # opened before in this process: jobs are defined anew
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    before, sys.argv = sys.argv, [str(ref.path)]
    try:
        with defining(definitions), _printing_to_stderr():
            importlib.import_module(ref.name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _loading_failed(ref, error) from error
    finally:
        sys.argv = before
        _defining.update(definitions.defining_modules - surroundings.modules)
    return Program(ref, definitions, surroundings)


def require_jobs(program: Program) -> None:
    """Refuse a program that defines nothing.

    Raises:
        ProgramError: It has no jobs.
    """
    if not program.definitions.jobs:
        ref = program.ref
        raise ProgramError(
            f"{ref.name} ({ref.path}) defines no jobs: call comp(function, arguments) at its top level, not under "
            '`if __name__ == "__main__":`'
        )


def _from_file(path: Path, text: str) -> ProgramRef:
    if path.is_dir():
        init = path / "__init__.py"
        if not init.is_file():
            raise ProgramError(f"{text} is a folder, but neither a store (no index.db) nor a package (no __init__.py)")
        path = init
    elif not path.exists():
        beside = path.with_name(path.name + ".py")
        hint = f": did you mean {beside}?" if beside.is_file() else ""
        raise ProgramError(f"there is no file {text} in {Path.cwd()}{hint}")
    elif path.suffix != ".py":
        raise ProgramError(f"{text} is not a Python file: its name must end in .py")
    path = path.resolve()
    parts = [path.stem] if path.name != "__init__.py" else []
    folder = path.parent
    while (folder / "__init__.py").is_file():  # a module of a package is loaded under its full name
        parts.insert(0, folder.name)
        folder = folder.parent
    return ProgramRef(".".join(parts), path, folder)


def _from_module_name(text: str) -> ProgramRef:
    beside = Path.cwd().joinpath(*text.split("."))
    for candidate in (beside.with_name(beside.name + ".py"), beside / "__init__.py"):
        if candidate.is_file():
            ref = _from_file(candidate, text)
            if ref.name == text:
                return ref
            return ProgramRef(text, candidate.resolve(), Path.cwd())  # folders without __init__.py: a namespace package
    origin = find_origin(text)  # find_spec() would import the packages around it, outside of any loading
    if origin is None or not origin.endswith(".py"):
        raise ProgramError(
            f"there is no program {text!r}: no {text.replace('.', '/')}.py in {Path.cwd()} and no such module on the "
            "import path. Name a module, a file ending in .py, or the folder of a store."
        )
    path = Path(origin).resolve()
    folder = path.parent
    for _ in range(text.count(".") + (path.name == "__init__.py")):
        folder = folder.parent
    return ProgramRef(text, path, folder)


def _forbid_shadowing(ref: ProgramRef) -> None:
    top = ref.name.partition(".")[0]
    if top in sys.stdlib_module_names or top == "compmake":
        owner = "compmake itself" if top == "compmake" else "a module of the standard library"
        raise ProgramError(f"{ref.path} has the name of {owner} ({top}): rename the file, for example my_{top}.py")


def _loading_failed(ref: ProgramRef, error: BaseException) -> CompmakeError:
    frames = [f for f in _user_frames(traceback.extract_tb(error.__traceback__)) if is_user_file(f.filename)]
    where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    if isinstance(error, CompmakeError):
        return type(error)(f"{where}{error}")
    if isinstance(error, SystemExit):
        return ProgramError(
            f"{where}{ref.name} called sys.exit({'' if error.code is None else repr(error.code)}) while loading. "
            'Put what should not run then under `if __name__ == "__main__":`.'
        )
    shown = _short(traceback.TracebackException.from_exception(error))
    lines = [_cut(line) for line in "".join(shown.format()).rstrip().split("\n")]
    if lines[0] == "Traceback (most recent call last):":  # it starts at the program's first line: no need to say so
        del lines[0]
    return ProgramError("\n".join([f"{ref.name} raised while it was loading:", *lines]))


def _short(error: traceback.TracebackException) -> traceback.TracebackException:
    """Leave the last user frames of an exception, of what caused it, and of its members."""
    error.stack = traceback.StackSummary.from_list(_user_frames(error.stack)[-_FRAMES_SHOWN:])
    for inner in (error.__cause__, error.__context__, *(error.exceptions or ())):
        if inner is not None:
            _short(inner)
    return error


def _cut(line: str) -> str:
    return line if len(line) <= _LINE_CHARS else f"{line[:_LINE_CHARS]}... ({len(line) - _LINE_CHARS:,} more)"


def _user_frames(frames: Iterable[traceback.FrameSummary]) -> list[traceback.FrameSummary]:
    """Return the frames from the program's first line on: neither compmake's nor those of Python's import."""
    own = (str(Path(__file__).parent) + os.sep, "<frozen importlib", importlib.__file__)
    return [f for f in frames if not f.filename.startswith(own)]


@contextlib.contextmanager
def _printing_to_stderr() -> Iterator[None]:
    """Send what the program prints while it loads to standard error: standard output is for what commands answer."""
    with contextlib.suppress(Exception):  # without a standard output, or with one that is no file
        sys.stdout.flush()
    try:
        saved = os.dup(1)
    except OSError:
        yield
        return
    try:
        with contextlib.suppress(OSError):
            os.dup2(2, 1)
        yield
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
        os.dup2(saved, 1)
        os.close(saved)
