"""What a program finds in this process and what loading it puts there: taken out again when it is loaded anew."""

import contextlib
import copyreg
import linecache
import os
import sys
import typing
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from compmake.codec import forget_functions
from compmake.fingerprint.modules import class_name, is_user_file
from compmake.fingerprint.objects import code_in
from compmake.fingerprint.values import REGISTERED, forget_steady
from compmake.importing import Imported, forget_imported, imported, remember_imported

_ENVIRONMENT = frozenset({"__main__", "sitecustomize", "usercustomize"})
"""Modules that are there before any program, or that cannot be imported again."""
_OURS = frozenset({
    "blake3", "cloudpickle", "compmake", "prompt_toolkit", "psutil", "pygraphviz", "typing_extensions", "urwid",
    "wcwidth",
})  # fmt: skip
"""Packages that compmake itself uses: never the program's, wherever they lie."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where code runs: folder, environment, import path, arguments."""

    folder: str | None
    environ: Mapping[str, str]
    path: tuple[str, ...]
    argv: tuple[str, ...]

    @classmethod
    def here(cls) -> "Place":
        """Return it as it is now."""
        try:
            folder = os.getcwd()
        except OSError:  # it was removed
            folder = None
        return cls(folder, dict(os.environ), tuple(sys.path), tuple(sys.argv))

    def go(self) -> None:
        """Make it so again."""
        if self.folder is not None:
            with contextlib.suppress(OSError):
                os.chdir(self.folder)
        for name in set(os.environ) - set(self.environ):
            del os.environ[name]
        for name, value in self.environ.items():
            if os.environ.get(name) != value:
                os.environ[name] = value
        sys.path[:] = self.path
        sys.argv[:] = self.argv


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The process as a program finds it."""

    modules: frozenset[str]
    """Names that are none of the program's, the user's own included: `sitecustomize`, a notebook's."""
    place: Place

    @classmethod
    def take(cls, program: Path) -> "Surroundings":
        """Look at the process before a program is loaded.

        Args:
            program: Its file. If this process runs that file as a script, what the script imported is the program's.
        """
        script = getattr(sys.modules.get("__main__"), "__file__", None)
        is_script = isinstance(script, str) and Path(script).resolve() == program
        return cls(_ENVIRONMENT if is_script else frozenset(sys.modules), Place.here())

    def restore(self) -> None:
        """Give back folder, environment and import path; what libraries added to the path they will not add again."""
        added = tuple(entry for entry in sys.path if entry not in self.place.path and not is_user_file(entry))
        self.place.go()
        sys.path.extend(added)

    def loaded(self) -> "Loaded":
        """Return what the program and all that it imported have put into this process; nothing is changed."""
        by_content = imported(without=self.modules)
        modules = {
            name: module
            for name, module in sys.modules.copy().items()
            if name not in self.modules
            and name.partition(".")[0] not in _OURS
            and (name in by_content.paths or _is_the_users(module))
        }
        names = {*modules, *by_content.paths}  # one that raised while it was imported is not loaded
        return Loaded(
            modules,
            [attribute for name, module in modules.items() for attribute in _bound_in_parent(name, module, modules)],
            [*_registered(copyreg.dispatch_table, names), *_registered(REGISTERED, names)],
            [(hooks, tuple(hooks)) for hooks in (sys.meta_path, sys.path_hooks)],
            by_content,
            Place.here(),
        )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a program that was loaded has put into this process. Both ways can be gone again after an interruption."""

    modules: dict[str, Any]
    attributes: list[tuple[dict[str, Any], str, Any]]
    """The modules in packages that stay."""
    registered: list[tuple[dict[Any, Any], Any, Any]]
    """How its objects are pickled and digested, or how it wants those of libraries to be."""
    hooks: list[tuple[list[Any], tuple[Any, ...]]]
    """Lists that importing goes by, as they were."""
    imported: Imported
    place: Place

    def take_out(self) -> None:
        """Leave the process as if it had never been loaded, but for libraries."""
        for name in self.modules:
            sys.modules.pop(name, None)
        for namespace, name, _ in self.attributes:
            namespace.pop(name, None)
        for table, key, _ in self.registered:
            table.pop(key, None)
        for hooks, before in self.hooks:
            hooks[:] = [hook for hook in before if not self._has(getattr(hook, "__module__", None))]
        forget_imported(self.imported)
        self._forget_what_was_found_out()

    def put_back(self) -> None:
        """Undo that."""
        sys.modules.update(self.modules)
        for namespace, name, module in self.attributes:
            namespace[name] = module
        for table, key, value in self.registered:
            table[key] = value
        for hooks, before in self.hooks:
            hooks[:] = [*before, *(hook for hook in hooks if hook not in before)]
        remember_imported(self.imported)
        self._forget_what_was_found_out()
        self.place.go()

    def _has(self, module: object) -> bool:
        return module in self.modules or module in self.imported.paths

    def _forget_what_was_found_out(self) -> None:
        """Clear what is kept of classes, functions and files: it may be untrue now, and would keep modules alive."""
        forget_steady()
        forget_functions()
        is_user_file.cache_clear()
        sys.path_importer_cache.clear()
        for path in self.imported.paths.values():
            linecache.cache.pop(path, None)
        linecache.checkcache()
        for clear in getattr(typing, "_cleanups", ()):  # `Optional[MyClass]` keeps the class
            clear()


def _is_the_users(module: object) -> bool:
    """Tell whether a module is the user's and can be imported again: extension modules can not."""
    if not isinstance(module, ModuleType):
        return False
    file = vars(module).get("__file__")
    if isinstance(file, str):
        return is_user_file(file) and not file.endswith(tuple(EXTENSION_SUFFIXES))
    try:
        folders = [str(folder) for folder in vars(module).get("__path__") or ()]
    except Exception:  # of a package without __init__.py: asks the package around it, which may be gone
        return True
    return bool(folders) and all(map(is_user_file, folders))


def _bound_in_parent(name: str, module: object, gone: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str, Any]]:
    package, _, child = name.rpartition(".")
    parent = sys.modules.get(package)
    if package not in gone and isinstance(parent, ModuleType) and vars(parent).get(child) is module:
        yield vars(parent), child, module


def _registered(
    table: dict[Any, Callable[..., Any]], names: Collection[str]
) -> Iterable[tuple[dict[Any, Any], Any, Any]]:
    return [
        (table, key, value)
        for key, value in table.copy().items()
        if any(_module_of(thing) in names for thing in code_in([key, value]))
    ]


def _module_of(thing: FunctionType | type) -> str:
    return class_name(thing)[0] if isinstance(thing, type) else str(thing.__module__)
