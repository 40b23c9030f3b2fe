"""Finds what PROGRAM means (a module, a file, the folder of a store) and loads it under its own module name."""

import importlib
import os
import sys
import traceback
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from compmake.define import Definitions, defining
from compmake.errors import CompmakeError, ProgramError
from compmake.fingerprint.digests import digest_bytes
from compmake.fingerprint.values import set_main_alias
from compmake.importing import import_by_content, imported_source

STORE_PARENT = ".compmake"


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

    @property
    def default_store(self) -> Path:
        """Return the folder of the store unless `--store` names another."""
        return self.store or self.folder / STORE_PARENT / self.name


@dataclass(frozen=True, slots=True)
class Program:
    """A program that was loaded."""

    ref: ProgramRef
    definitions: Definitions


def find_program(text: str) -> ProgramRef:
    """Tell what the user means by PROGRAM.

    Raises:
        ProgramError: There is no such module, file or store; the text says where it was looked for.
    """
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
    set_main_alias(ref.name)
    import_by_content()
    folder = str(ref.folder)
    sys.path[:] = [folder, *(entry for entry in sys.path if entry not in ("", folder))]
    before, sys.argv = sys.argv, [str(ref.path)]
    try:
        with defining(definitions):
            importlib.import_module(ref.name)
    except (CompmakeError, Exception, SystemExit) as error:
        raise _loading_failed(ref, error) from error
    finally:
        sys.argv = before
    source = imported_source(str(ref.path))
    if source is not None and source != digest_bytes(ref.path.read_bytes()):
        raise ProgramError(f"{ref.path} changed while it was loading: run the command again")
    return Program(ref, definitions)


def _from_file(path: Path, text: str) -> ProgramRef:
    if path.is_dir():
        init = path / "__init__.py"
        if not init.is_file():
            raise ProgramError(f"{text} is a folder, but neither a store (no index.db) nor a package (no __init__.py)")
        path = init
    elif not path.exists():
        raise ProgramError(f"there is no file {text} in {Path.cwd()}")
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
    try:
        spec = find_spec(text)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ProgramError(
            f"there is no program {text!r}: no {text.replace('.', '/')}.py in {Path.cwd()} and no such module on the "
            "import path. Name a module, a file ending in .py, or the folder of a store."
        )
    path = Path(spec.origin).resolve()
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
    frames = _user_frames(error)
    where = f"{frames[-1].filename}:{frames[-1].lineno}: " if frames else ""
    if isinstance(error, CompmakeError):
        return type(error)(f"{where}{error}")
    if isinstance(error, SystemExit):
        return ProgramError(
            f"{where}{ref.name} called sys.exit({'' if error.code is None else repr(error.code)}) while loading. "
            'Put what should not run then under `if __name__ == "__main__":`.'
        )
    lines = traceback.format_list(frames[-10:]) + traceback.format_exception_only(error)
    return ProgramError(f"{ref.name} raised while it was loading:\n{''.join(lines).rstrip()}")


def _user_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames from the program's first line on: neither compmake's nor those of Python's import."""
    own = str(Path(__file__).parent) + os.sep
    frames = traceback.extract_tb(error.__traceback__)
    return [f for f in frames if not f.filename.startswith((own, "<frozen importlib"))]
