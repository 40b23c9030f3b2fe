"""Which code is the user's own, and its source as it was when it was read."""

import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from compmake.fingerprint.digests import digest_bytes
from compmake.job import Digest

_LIBRARY_FOLDERS = frozenset({"site-packages", "dist-packages"})
_NOT_USER_ROOTS = tuple(
    os.path.realpath(root) + os.sep
    for root in {
        *(sysconfig.get_paths()[key] for key in ("stdlib", "platstdlib")),
        str(Path(os.__file__).parent),
        str(Path(__file__).parent.parent),  # compmake itself, also when it is worked on
    }
)


class Source(NamedTuple):
    """The bytes of one module's file when they were read."""

    path: str
    data: bytes
    digest: Digest

    @property
    def is_package(self) -> bool:
        """Tell whether relative imports in it start at the module itself."""
        return Path(self.path).name == "__init__.py"


@lru_cache(maxsize=65536)
def is_user_file(path: str) -> bool:
    """Tell whether code of this file is the user's own.

    It is unless it belongs to the standard library, to compmake, or lies below a `site-packages` or `dist-packages`
    folder. Links are followed, so an editable install by link is the user's. `<string>` is none.
    """
    if not path or path.startswith("<"):
        return False
    real = os.path.realpath(path)
    return not real.startswith(_NOT_USER_ROOTS) and _LIBRARY_FOLDERS.isdisjoint(Path(real).parts)


def read_source(path: str) -> Source | None:
    """Read a module's source, or None when it cannot be read."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    return Source(path, data, digest_bytes(data))


def user_source_path(module: ModuleType) -> str | None:
    """Return the source file of a loaded module if it is the user's, else None."""
    path = getattr(module, "__file__", None)
    if not isinstance(path, str) or not path.endswith((".py", ".pyw")) or not is_user_file(path):
        return None
    return path


def class_name(kind: type) -> tuple[str, str]:
    """Return module and qualified name of a class, without asking its metaclass, which may be the user's."""
    return str(type.__getattribute__(kind, "__module__")), str(type.__getattribute__(kind, "__qualname__"))


def is_user_class(kind: type) -> bool:
    """Tell whether a class was made by the user's code."""
    module = sys.modules.get(class_name(kind)[0])
    return module is not None and (user_source_path(module) is not None or module.__name__ == "__main__")


def loaded_user_modules(aliases: Mapping[str, str], *, aliases_first: bool = True) -> dict[str, tuple[str, ModuleType]]:
    """Return the source path and the module of every user module loaded now, by name.

    Args:
        aliases: Names under which modules count instead of their own.
        aliases_first: Such a module goes before another of that name, not behind it.
    """
    found: dict[str, tuple[str, ModuleType]] = {}
    for name, module in sorted(sys.modules.copy().items(), key=lambda item: (item[0] in aliases) != aliases_first):
        if isinstance(module, ModuleType) and (path := user_source_path(module)):
            found.setdefault(aliases.get(name, name), (path, module))
    return found


def locate(name: str) -> str | None:
    """Find the source file of a user module that need not be loaded, without running any code.

    Returns:
        The path, or None when there is no such module or it is not the user's.
    """
    loaded = sys.modules.get(name)
    if isinstance(loaded, ModuleType):
        return user_source_path(loaded)
    origin = find_origin(name)
    return origin if origin and origin.endswith((".py", ".pyw")) and is_user_file(origin) else None


def find_origin(name: str) -> str | None:
    """Return where a module would be imported from, without running any code, its packages' included."""
    parent, _, _ = name.rpartition(".")
    path = _search_path(parent) if parent else None
    if parent and path is None:
        return None
    return _find(name, path)[0]


def _search_path(package: str) -> Sequence[str] | None:
    loaded = sys.modules.get(package)
    if loaded is not None:
        return _as_paths(getattr(loaded, "__path__", None))
    parent, _, _ = package.rpartition(".")
    path = _search_path(parent) if parent else None
    if parent and path is None:
        return None
    return _find(package, path)[1]


def _find(name: str, path: Sequence[str] | None) -> tuple[str | None, Sequence[str] | None]:
    for finder in sys.meta_path:
        try:
            spec = finder.find_spec(name, path)
        except Exception:  # a finder of the user's own may do anything; fingerprints never raise
            continue
        if spec is not None:
            return spec.origin, _as_paths(spec.submodule_search_locations)
    return None, None


def _as_paths(paths: object) -> Sequence[str] | None:
    try:
        return [str(path) for path in paths] if paths is not None else None  # type: ignore[attr-defined]  # any iterable
    except TypeError:
        return None
