"""Loads the program that is open anew in the same process, or leaves everything as it was."""

import gc
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from compmake.config import load_settings
from compmake.errors import ProgramError, UserError
from compmake.job import Digest
from compmake.module_watch import ModuleWatch
from compmake.program import Program, ProgramRef, load_program, require_jobs
from compmake.settings import OF_THE_STORE, Settings
from compmake.surroundings import Loaded, Surroundings
from compmake.workspace import Workspace


class Reloaded(NamedTuple):
    """The program as it is now."""

    workspace: Workspace
    """Takes the place of the one before: the same store, the graph and the code of the new program."""
    waiting: tuple[str, ...]
    """Settings that changed too, but count only when the store is opened the next time."""


def reload(workspace: Workspace, watch: ModuleWatch, *, flags: Iterable[str] = ()) -> Reloaded:
    """Load the program, all user modules that it imports, and the settings anew.

    No make may run meanwhile. When nothing refers to the old workspace any more, `forget_old_program` frees its memory.

    Args:
        workspace: What is open.
        watch: Is told what the program does not load with.
        flags: `KEY=VALUE` settings, as the command line and the user at the prompt gave them.

    Raises:
        UserError: A file of settings is wrong, or there is no program that could be loaded anew.
        CompmakeError: The program does not load any more. It, and all that it left in this process, is as before.
    """
    program, surroundings = _loadable(workspace)
    settings, waiting = _settings(workspace.settings, program.ref, flags)
    contents = watch.contents()
    old = surroundings.loaded()
    collects = gc.isenabled()
    gc.disable()  # jobs are many objects, and none of them is garbage
    try:
        old.take_out()
        surroundings.restore()
        loaded = load_program(program.ref)
        require_jobs(loaded)
        # A later reload starts from where the first one did: what libraries changed is none of the program's.
        return Reloaded(workspace.reloaded(replace(loaded, surroundings=surroundings), settings), waiting)
    except BaseException:
        watch.refuse({**contents, **_undo(surroundings, old)})
        raise
    finally:
        if collects:
            gc.enable()


def forget_old_program() -> None:
    """Free the memory of a program that was loaded before; functions and their modules refer to one another."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()  # what is open now stays, and is many objects


def _loadable(workspace: Workspace) -> tuple[Program, Surroundings]:
    program = workspace.program
    if program is None or program.surroundings is None:
        raise UserError(f"{workspace.name} cannot be loaded anew: only a program that compmake loaded itself can")
    path = program.ref.path
    if path is None or not Path(path).is_file():
        raise ProgramError(f"{path} is gone: put it back, or leave and name the program that took its place")
    return program, program.surroundings


def _settings(old: Settings, ref: ProgramRef, flags: Iterable[str]) -> tuple[Settings, tuple[str, ...]]:
    """Return the settings as they are now, those of the store as it was opened, and which of these would differ."""
    new = load_settings(ref.folder, flags=flags)
    kept = {name: getattr(old, name) for name in OF_THE_STORE}
    waiting = tuple(name for name, value in kept.items() if getattr(new, name) != value)
    origins = {name: origin for name, origin in new.origins.items() if name not in kept}
    origins |= {name: origin for name, origin in old.origins.items() if name in kept}
    return replace(new, **kept, origins=origins), waiting


def _undo(surroundings: Surroundings, old: Loaded) -> dict[str, Digest]:
    """Put back what was loaded before; return the files that the failed attempt ran, with their digests."""
    tried: dict[str, Digest] = {}
    while True:
        try:
            failed = surroundings.loaded()
            if not tried:
                tried = failed.imported.digests
            failed.take_out()
            old.put_back()
        except KeyboardInterrupt:  # pressed once more: half of it undone would help nobody
            continue
        return tried
