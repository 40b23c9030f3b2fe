"""Opens what a user names: the settings, the store and the program behind PROGRAM."""

import json
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from compmake.config import load_settings
from compmake.errors import StoreError, UserError
from compmake.program import STORE_PARENT, ProgramRef, find_program, load_program, require_jobs
from compmake.settings import Settings
from compmake.store import Store
from compmake.store.files import FileStore
from compmake.workspace import Workspace

_PROGRAM = "program"


def open_workspace(
    program: str, *, flags: Iterable[str] = (), tell: Callable[[str], None], read_only: bool = False
) -> Workspace:
    """Find the program, open its store, load it.

    Args:
        program: As typed: a module name, a file, or the folder of a store.
        flags: `KEY=VALUE` settings of the command line.
        tell: Hears remarks, for example where the store is when it is not in its usual place.
        read_only: Never write to the store.

    Raises:
        UserError: The program cannot be found or loaded, or defines no jobs.
        StoreError: The store cannot be opened.
    """
    ref = find_program(program)
    settings = load_settings(ref.folder, flags=flags)
    if ref.path is None:
        assert ref.store is not None
        store: Store = _open_folder(ref.store, settings, create=False, read_only=read_only)
        return Workspace(_name_of(store, ref), store, settings, None)
    loaded = load_program(ref)
    require_jobs(loaded)
    store = open_store(ref, settings, tell, read_only=read_only)
    try:
        return Workspace(ref.name, store, settings, loaded)
    except BaseException:
        store.close()
        raise


def open_store(ref: ProgramRef, settings: Settings, tell: Callable[[str], None], *, read_only: bool = False) -> Store:
    """Open the store of a program: where the settings say, else beside the program, else in the current folder.

    Raises:
        StoreError: It cannot be opened or created, or belongs to another program of the same name.
    """
    if settings.store is not None:
        if "://" in settings.store:
            raise UserError(
                f"store {settings.store!r}: only folders can be stores; name one, for example --store results"
            )
        path = Path(settings.store)
    else:
        path = ref.default_store
        if not _can_be_store(path):
            path = Path.cwd() / STORE_PARENT / ref.name
            if path != ref.default_store:
                tell(f"{ref.default_store} cannot be written: the store is {path}")
    store = _open_folder(path, settings, create=not read_only, read_only=read_only)
    try:
        _check_owner(store, path, ref)
    except BaseException:
        store.close()
        raise
    return store


def _open_folder(path: Path, settings: Settings, *, create: bool, read_only: bool) -> FileStore:
    return FileStore.open(
        path,
        create=create,
        read_only=read_only,
        keep=settings.keep,
        keep_bytes=settings.keep_bytes,
        durability=settings.durability,
    )


def _can_be_store(path: Path) -> bool:
    """Tell whether there is a store already, if only to read, or one can be made."""
    if path.exists():
        return True
    parent = next(folder for folder in path.parents if folder.exists())
    return os.access(parent, os.W_OK | os.X_OK)


def _check_owner(store: Store, path: Path, ref: ProgramRef) -> None:
    """A store belongs to one program. It may move together with its program, hence the relative path too."""
    assert ref.path is not None
    absolute, relative = str(ref.path), os.path.relpath(ref.path, path.resolve())
    text = store.get_meta(_PROGRAM)
    if text is not None:
        try:
            known = json.loads(text)
            owner, beside = str(known["path"]), str(known["relative"])
        except (ValueError, KeyError, TypeError):
            owner = beside = ""
        if owner and absolute != owner and relative != beside and Path(owner).exists():
            raise StoreError(
                f"{path} is the store of another program, {owner}. Name another for {absolute}: --store FOLDER"
            )
        if (owner, beside) == (absolute, relative):
            return
    if not store.read_only:
        store.set_meta(_PROGRAM, json.dumps({"name": ref.name, "path": absolute, "relative": relative}))


def _name_of(store: Store, ref: ProgramRef) -> str:
    try:
        return str(json.loads(store.get_meta(_PROGRAM) or "{}").get("name", ref.name))
    except (ValueError, AttributeError):
        return ref.name
