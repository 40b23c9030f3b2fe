"""Opens what a user names: the settings, the store and the program behind PROGRAM."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from compmake.apart import keep_apart
from compmake.config import key_file, load_settings, user_state_dir
from compmake.errors import NoStoreError, StoreError, UserError
from compmake.program import STORE_PARENT, ProgramRef, find_program, load_program, require_jobs
from compmake.settings import Settings
from compmake.signing import read_key
from compmake.store import Store
from compmake.store.copying import copy_store
from compmake.store.files import FileStore
from compmake.telling import NEWS_NOTES, running_elsewhere
from compmake.text_safety import redact, safe_name
from compmake.workspace import Workspace

_PROGRAM = "program"


def open_workspace(
    program: str,
    *,
    flags: Iterable[str] = (),
    tell: Callable[[str], None],
    read_only: bool = False,
    store_only: bool = False,
    unless_idle: bool = False,
) -> Workspace:
    """Find the program, open its store, load it.

    Args:
        program: As typed: a module name, a file, or the folder of a store.
        flags: `KEY=VALUE` settings of the command line.
        tell: Hears remarks, for example where the store is when it is not in its usual place.
        read_only: Never write to the store.
        store_only: Load no program: the store is looked at alone.
        unless_idle: But load it if nobody makes: of a job that was never made only the program knows, or the make.

    Raises:
        UserError: The program cannot be found or loaded, or defines no jobs.
        StoreError: The store cannot be opened.
    """
    ref = find_program(program)
    keep_apart(sys.path)  # `python -m compmake` has the current folder on it
    settings = load_settings(ref.folder, flags=flags)
    if ref.path is None:
        store = _open_named(ref.store_url or str(ref.store), settings, tell, create=False, read_only=read_only)
        return Workspace(_name_of(store, ref), store, settings, None)
    if store_only:
        with suppress(NoStoreError):  # nothing was ever made: what there is only the program knows
            store = open_store(ref, settings, tell, read_only=True)
            if not unless_idle or store.holder() is not None:
                return Workspace(ref.name, store, settings, None)
            store.close()
            read_only = True
    loaded = load_program(ref)
    require_jobs(loaded)
    store = open_store(ref, settings, tell, read_only=read_only)
    try:
        workspace = Workspace(ref.name, store, settings, loaded)
    except BaseException:
        store.close()
        raise
    workspace.running = partial(running_elsewhere, settings, store)
    return workspace


def open_store(ref: ProgramRef, settings: Settings, tell: Callable[[str], None], *, read_only: bool = False) -> Store:
    """Open the store of a program: where the settings say, else beside the program, else in the current folder.

    Raises:
        StoreError: It cannot be opened or created, or belongs to another program of the same name.
    """
    if settings.store is not None:
        if "://" in settings.store:
            return _open_on_server(ref, settings, tell, read_only=read_only)
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


def _open_named(
    text: str, settings: Settings, tell: Callable[[str], None], *, create: bool, read_only: bool, name: str = ""
) -> Store:
    """Open a store by itself: a folder, or a URL with the store's name behind `#`, for which `name` may stand."""
    if "://" not in text:
        return _open_folder(Path(text), settings, create=create, read_only=read_only)
    # The client of Redis takes long to import, and most stores are folders.
    from compmake.redis_link import connect, is_redis_url, shown, split_name
    from compmake.store.redis import RedisStore

    if not is_redis_url(text):
        raise UserError(f"{redact(text)} is no store: name a folder, or redis://host:port/0, rediss:// or unix://")
    url, named = split_name(text)
    name = named or name
    if not name or not name.isprintable() or set(name) & set("{}"):
        raise UserError(f"{shown(text)}: name the store on this server, {shown(url)}#my_program")
    connect(url, timeout_s=settings.patience).close()  # refuses a URL that cannot be used, before a key is made
    path = key_file(settings)
    if settings.key_file and not path.exists():
        tell(f"{path} is not there: a new key is made, with which nothing that others signed can be read")
    return RedisStore.open(
        url,
        name,
        read_key(path),
        create=create,
        read_only=read_only,
        keep=settings.keep,
        keep_bytes=settings.keep_bytes,
        cache_only=settings.cache_only,
        patience_s=settings.patience,
        folder=user_state_dir() / safe_name(f"{name} {shown(url)}"),
        tell=tell,
    )


def _open_on_server(ref: ProgramRef, settings: Settings, tell: Callable[[str], None], *, read_only: bool) -> Store:
    assert settings.store is not None and ref.path is not None
    store = _open_named(settings.store, settings, tell, create=not read_only, read_only=read_only, name=ref.name)
    try:
        _check_owner_on_server(store, ref)
    except BaseException:
        store.close()
        raise
    return store


def _check_owner_on_server(store: Store, ref: ProgramRef) -> None:
    """A store belongs to one program, which on another machine may lie elsewhere."""
    here = {"name": ref.name, "path": str(ref.path), "host": os.uname().nodename}
    try:
        known = json.loads(store.get_meta(_PROGRAM) or "{}")
        owner, host = str(known.get("path", "")), known.get("host", here["host"])
    except (ValueError, AttributeError):
        known, owner, host = {}, "", ""
    if owner and owner != here["path"] and host == here["host"] and Path(owner).exists():
        raise StoreError(f"{store.location} is the store of another program, {owner}. Name another: --store URL#NAME")
    if known != here and not store.read_only:
        store.set_meta(_PROGRAM, json.dumps(here))


def copy_named_store(source: str, target: str, *, flags: Iterable[str], tell: Callable[[str], None]) -> str:
    """Copy a store to a new one, and say what was copied.

    Args:
        source: A folder, or a URL with the store's name behind `#`.
        target: Where there is none yet; a URL without a name takes that of the source's program.
        flags: `KEY=VALUE` settings of the command line.
        tell: Hears remarks.

    Raises:
        UserError: A name cannot be understood.
        StoreError: One cannot be opened, the target has something in it, or the copy is not whole.
    """
    settings = load_settings(None, flags=flags)
    old = _open_named(source, settings, tell, create=False, read_only=False)
    try:
        name = _program_name(old)
        new = _open_named(target, settings, tell, create=True, read_only=False, name=name)
        try:
            copied = copy_store(old, new, tell=tell, without=NEWS_NOTES)
            return f"{old.location}: {copied.text} copied to {new.location} and verified."
        finally:
            new.close()
    finally:
        old.close()


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
    return _program_name(store) or ref.name


def _program_name(store: Store) -> str:
    """Return the name of the program that the store belongs to, empty if it does not say."""
    try:
        return str(json.loads(store.get_meta(_PROGRAM) or "{}").get("name", ""))
    except (ValueError, AttributeError):
        return ""
