"""What is in a folder, for the completion of file names."""

import os
from typing import NamedTuple

_MOST = 2000


class Entry(NamedTuple):
    """A file or a folder."""

    name: str
    is_folder: bool


def entries(folder: str) -> list[Entry]:
    """Return what is in a folder, sorted; nothing if it cannot be read, and never more than 2,000 names.

    Args:
        folder: As it was typed: empty for the current one, with `~` for a home.
    """
    found = []
    try:
        with os.scandir(os.path.expanduser(folder) or ".") as listing:
            for entry, _ in zip(listing, range(_MOST), strict=False):
                if entry.name.isprintable():  # what is not can be typed nowhere
                    found.append(Entry(entry.name, entry.is_dir()))
    except (OSError, ValueError):
        return sorted(found)
    return sorted(found)
