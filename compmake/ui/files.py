"""Files that the user asked for, such as pictures and dumped results: each appears complete or not at all."""

import os
from contextlib import suppress
from pathlib import Path

from compmake.errors import UserError


def write_whole(path: Path, data: bytes, advice: str) -> None:
    """Write a file, with the permissions that new files of the user have; an existing one is replaced.

    Raises:
        UserError: It cannot be written; the text ends with `advice`.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            temporary.write_bytes(data)
            temporary.replace(path)
        finally:
            with suppress(OSError):
                temporary.unlink()
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. {advice}") from error
