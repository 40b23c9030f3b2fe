"""The store in a folder; SQLite is used here and nowhere else."""

from compmake.store.files.store import FileStore

__all__ = ["FileStore"]
