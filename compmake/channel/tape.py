"""News of makes in a file, line by line as JSON: `Tape` records them, `open_tape` and `events_of` read them again."""

import contextlib
import json
import os
import stat
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, NamedTuple

from compmake.channel import Channel, Event, EventKind
from compmake.errors import UserError
from compmake.masking import mask_text

_FORMAT = 1
_BEGIN = b'{"compmake_recording": '
_HEAD_BYTES = 4096
_PROCESS = uuid.uuid4().hex
"""In the first line of what this process records: a later make of it goes on there."""
_EVERY_S = 0.25
_LAST_S = 10.0
"""The end of a make waits no longer for a disk that does not answer."""


class TapeHead(NamedTuple):
    """The first line of a recording."""

    version: str
    """Of compmake."""
    program: str


class Tape:
    """Writes what a channel carries while the body runs; trouble with the file is a notice, and the make goes on."""

    def __init__(self, path: str, channel: Channel, head: TapeHead) -> None:
        """Prepare to write to `path`, in place of an older recording there; of anything else nothing is overwritten.

        What this process has recorded there before stays, and is followed by this make.
        """
        self._path, self._channel, self._head = path, channel, head
        self._file: IO[bytes] | None = None
        self._position = 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="compmake-recording", daemon=True)

    def __enter__(self) -> "Tape":
        try:
            _refuse_to_overwrite(self._path)
            head = {"compmake_recording": _FORMAT, "version": self._head.version, "program": self._head.program}
            line = json.dumps({**head, "process": _PROCESS}).encode() + b"\n"
            is_ours = _begins_with(self._path, line)
            self._file = open(self._path, "ab" if is_ours else "wb")
            if not is_ours:
                self._file.write(line)
                self._file.flush()
        except (OSError, UserError) as error:
            self._excuse(error)
        else:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_LAST_S)

    def _run(self) -> None:
        assert self._file is not None
        try:
            with self._file as file:
                while not self._ending.wait(_EVERY_S):
                    self._write(file)
                self._write(file)
        except OSError as error:
            self._excuse(error)

    def _write(self, file: IO[bytes]) -> None:
        events, self._position = self._channel.read(self._position)
        for event in events:
            file.write(json.dumps(_masked(event).to_dict(), separators=(",", ":")).encode() + b"\n")
        file.flush()

    def _excuse(self, error: Exception) -> None:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        text = f"the make is not recorded any more, but goes on: {self._path}: {why}"
        self._channel.publish([Event(EventKind.NOTICE, time.time(), text=text)])


def _refuse_to_overwrite(path: str) -> None:
    """Refuse what is there and is no recording: somebody's program perhaps.

    Raises:
        UserError: It is such a thing.
    """
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(status.st_mode):
        raise UserError("it is no plain file")
    with open(path, "rb") as file:
        head = file.read(len(_BEGIN))
    if head and head != _BEGIN:
        raise UserError("it is there already, and is no recording; nothing is overwritten")


def _begins_with(path: str, line: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(line)) == line
    except FileNotFoundError:
        return False


def _masked(event: Event) -> Event:
    """Return an event with the secrets that its texts name as `***`; local variables and arguments never hold any."""
    if event.text:
        event = replace(event, text=mask_text(event.text))
    if event.failure is not None:
        event = replace(event, failure=replace(event.failure, message=mask_text(event.failure.message)))
    if event.beat is not None and (event.beat.last_line or event.beat.progress):
        beat = event.beat
        last_line, progress = mask_text(beat.last_line), mask_text(beat.progress)
        event = replace(event, beat=beat._replace(last_line=last_line, progress=progress))
    return event


def open_tape(path: str) -> tuple[TapeHead, IO[bytes]]:
    """Open a recording; the file stands behind its first line.

    Raises:
        UserError: It cannot be read, is no recording, or one of a later version.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 -- the caller's from here on
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from error
    with contextlib.ExitStack() as stack:
        stack.push(file)
        try:
            line = file.readline(_HEAD_BYTES)
            head = json.loads(line) if line.startswith(_BEGIN) else None
            if not isinstance(head, dict):
                raise UserError(f"{path} is no recording of a make: `compmake --record FILE PROGRAM make` writes one")
            if head["compmake_recording"] != _FORMAT:
                version = str(head.get("version"))
                raise UserError(f"{path} was recorded by compmake {version}, whose recordings this one cannot read")
        except (OSError, ValueError) as error:
            raise UserError(f"{path} is no recording of a make, or only the beginning of its first line") from error
        stack.pop_all()
    return TapeHead(str(head.get("version", "")), str(head.get("program", ""))), file


def events_of(lines: Sequence[bytes] | IO[bytes]) -> Iterator[Event]:
    """Yield the events of a recording; what is none is left out, as the half line of one that was cut off."""
    for line in lines:
        with contextlib.suppress(ValueError, AttributeError, RecursionError):
            yield Event.from_dict(json.loads(line))


def name_of(path: str) -> str:
    """Return what a recording is called on the screen."""
    return Path(path).name
