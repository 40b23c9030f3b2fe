"""Runs what the documents show: files are written, edits applied, `$` commands run, their output compared.

In a document, `<!-- file: NAME -->` before a fenced block makes it a file, `<!-- edit: NAME -->` before a `diff` block
changes one, and every `console` block is run unless `<!-- not run -->` stands before it. All blocks of a document share
one folder. `python tests/documents.py DOCUMENT...` writes the real output into the documents.
"""

import difflib
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SHOWN_FOLDER = "/home/ana/work"
WIDTH = 110
_FENCE = re.compile(r"(?:<!-- (?P<mark>[^>]*?) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
_VARYING = [
    (re.compile(r", with (at most )?\d+(\.\d+)?[BKMG](…| of [a-z ]*…?)"), ", with SIZE of memory"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\b\d+(\.\d+)?(ms|s|m|h)( \d+(ms|s|m|h))?( ago)?(?=$|[\s,;:)])"), "DURATION"),
    (re.compile(r"(\d+|less than \d+) (milli)?seconds?\b( ago)?"), "DURATION"),
    (re.compile(r"(?<![\w.])\d+(\.\d+)?[BKMG](?=$|[\s,;)])"), "SIZE"),
    (re.compile(r"\b[0-9a-f]{10}\b"), "DIGEST"),
    (re.compile(r'"wall_s": [\d.e-]+'), '"wall_s": SECONDS'),
    (re.compile(r"\bjust now\b"), "DURATION"),
    (re.compile(r"\battempt +\d+,"), "attempt N,"),
    (re.compile(r"Python [\d.]+\w* on \S+"), "PYTHON"),
    (re.compile(r"\b\d+ workers?\b"), "WORKERS"),
    (re.compile(r"\b(worker +|on )w\d+\b"), r"\1WORKER"),
    (re.compile(r" rss=SIZE"), ""),
    (re.compile(r"[ \t]+"), " "),
]


@dataclass(frozen=True)
class Block:
    """A fenced block: where its body stands in the document and what the mark before it says."""

    mark: str
    language: str
    body: str
    start: int
    end: int


@dataclass(frozen=True)
class Shown:
    """A command of a console block, the output that the document shows, and the real one."""

    command: str
    shown: str
    real: str

    @property
    def difference(self) -> str:
        """How the real output differs from the one shown, apart from times, sizes and digests."""
        lines = difflib.unified_diff(normalized(self.shown), normalized(self.real), "shown", "real", lineterm="")
        return "\n".join(lines)


class Folder:
    """The folder in which a document is played."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve() / "work"
        self.path.mkdir()
        self._bin = path.resolve() / "bin"
        self._bin.mkdir()
        for name, arguments in (("compmake", "-m compmake"), ("python", "")):
            script = self._bin / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            script.chmod(0o755)

    def play(self, document: Path) -> Iterator[tuple[Block, list[Shown]]]:
        """Carry out the blocks one after the other and yield each console block with what it printed."""
        for block in blocks(document.read_text(encoding="utf-8")):
            kind, _, name = block.mark.partition(": ")
            if kind == "file":
                self._write(name, block.body)
            elif kind == "edit":
                self._edit(name, block.body)
            elif block.language == "console" and kind != "not run":
                yield block, [Shown(command, shown, self.run(command)) for command, shown in commands(block.body)]

    def run(self, command: str) -> str:
        """Run a shell command at a terminal that can nothing but print, and return what it showed."""
        ours, theirs = pty.openpty()
        environment = {n: v for n, v in os.environ.items() if not n.startswith("COMPMAKE_")} | {
            "PATH": f"{self._bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONUTF8": "1",
            "TERM": "dumb",
            "PYTHONHASHSEED": "0",  # as compmake sets it, which costs a start
            "COLUMNS": str(WIDTH),
            "XDG_CONFIG_HOME": str(self._bin),
        }
        with subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
        ):
            os.close(theirs)
            pieces = list(_until_closed(ours))
        os.close(ours)
        text = b"".join(pieces).decode().replace("\r\n", "\n")
        return text.replace(str(self.path), SHOWN_FOLDER)

    def _write(self, name: str, body: str) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def _edit(self, name: str, body: str) -> None:
        path = self.path / name
        lines = body.splitlines(keepends=True)
        old = "".join(line[1:] for line in lines if line[:1] in "- ")
        new = "".join(line[1:] for line in lines if line[:1] in "+ ")
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{name} must hold once:\n{old}"
        path.write_text(text.replace(old, new), encoding="utf-8")


def blocks(text: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    for match in _FENCE.finditer(text):
        yield Block(match["mark"] or "", match["language"], match["body"], match.start("body"), match.end("body"))


def commands(body: str) -> Iterator[tuple[str, str]]:
    """Yield the commands of a console block with the output shown under each."""
    for piece in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, shown = piece.partition("\n")
        yield command, shown


def normalized(text: str) -> list[str]:
    """Return the lines of an output without what differs from one run to the next."""
    lines = []
    for line in text.splitlines():
        for pattern, word in _VARYING:
            line = pattern.sub(word, line)
        lines.append(line.strip())
    return lines


def rewrite(document: Path, folder: Folder) -> None:
    """Put the real output into a document."""
    text = document.read_text(encoding="utf-8")
    for block, played in reversed(list(folder.play(document))):
        body = "".join(f"$ {found.command}\n{_clean(found.real)}" for found in played)
        text = text[: block.start] + body + text[block.end :]
    document.write_text(text, encoding="utf-8")
    for name in pictures(text):
        shutil.copyfile(folder.path / Path(name).name, document.parent / name)


def pictures(text: str) -> list[str]:
    """Return the pictures that a document shows; its commands make them."""
    return re.findall(r"!\[[^]]*\]\((\S+)\)", text)


def _clean(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _until_closed(descriptor: int) -> Iterator[bytes]:
    while True:
        try:
            data = os.read(descriptor, 65536)
        except OSError:  # Linux says EIO when the other side is closed
            return
        if not data:
            return
        yield data


def main(documents: Iterable[str]) -> None:
    for document in documents:
        with tempfile.TemporaryDirectory() as folder:
            rewrite(Path(document), Folder(Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
