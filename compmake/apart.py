"""Keeps the client of Redis apart from a module of the user's with its name: each side imports its own `redis`."""

import importlib
import os
import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from types import ModuleType

from compmake.fingerprint.modules import is_user_file

_NAME = "redis"
_USERS = (
    "compmake.redis_link",
    "compmake.channel.redis_ask",
    "compmake.channel.redis_beat",
    "compmake.channel.redis_follow",
    "compmake.channel.redis_forward",
    "compmake.store.redis",
)
"""Together they import all of the library that is ever needed, and hold what they need of it."""


def keep_apart(path: Sequence[str]) -> None:
    """Load the library now and leave its name to the user, if that is what the name means on this import path.

    Later would be too late: what has the name in `sys.modules` is what everybody gets.
    """
    spec = PathFinder.find_spec(_NAME, list(path))
    if spec is None or spec.origin is None or not is_user_file(spec.origin):
        return
    places = spec.submodule_search_locations
    theirs = os.path.dirname(os.path.realpath(places[0] if places else spec.origin))
    before, known = sys.path[:], _take_out()
    sys.path[:] = [entry for entry in before if os.path.realpath(entry) != theirs]
    try:
        for user in _USERS:
            importlib.import_module(user)
    finally:
        sys.path[:] = before
        _take_out()
        sys.modules.update({name: module for name, module in known.items() if is_user_file(_file_of(module))})


def _take_out() -> dict[str, ModuleType]:
    """Return what has the name, or is in the package of the name, and let it be loaded by nobody yet."""
    names = [name for name in sys.modules if name.partition(".")[0] == _NAME]
    return {name: sys.modules.pop(name) for name in names}


def _file_of(module: ModuleType) -> str:
    return getattr(module, "__file__", None) or ""
