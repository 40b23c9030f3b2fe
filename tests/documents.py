"""Runs what the documents show: files are written, edits applied, commands run or typed, what they show is compared.

In a document, `<!-- file: NAME -->` before a fenced block makes it a file, `<!-- edit: NAME -->` before a `diff` block
changes one, and every `console` block is run unless `<!-- not run -->` stands before it: `$` commands by a shell. After
`<!-- typed -->` they open compmake's console in a pseudo-terminal, where what stands behind the prompts `@ ...: ` is
typed; the console stays open for later blocks. `<!-- typed: PATTERN -->` shows the last command at the moment when the
pattern is on the screen, and the next block goes on from there. `<!-- screen: KEY -->` is what the last command filled
the screen with, and the key that leaves it. All blocks of a document share one folder.
`python tests/documents.py DOCUMENT...` writes the real output into the documents.
"""

import difflib
import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sessions import Session

SHOWN_FOLDER = "/home/ana/work"
WIDTH = 110
_FENCE = re.compile(r"(?:<!-- (?P<mark>[^>]*?) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$", re.M | re.S)
_VARYING = [
    (re.compile(r"^@ .*?(▶|ETA).*?: "), "@ COUNTS: "),  # in a prompt, while a make runs
    (re.compile(r", with (at most )?\d+(\.\d+)?[BKMG](…| of [a-z ]*…?)"), ", with SIZE of memory"),
    (re.compile(r"\b\d\d:\d\d:\d\d\b"), "TIME"),
    (re.compile(r"\bETA [^@▶ ]\S*( \([^)]*\))?( [≈~]\d\d:\d\d)?"), "ETA TIME"),
    (re.compile(r"\b\d+(\.\d+)?(ms|s|m|h)( \d+(ms|s|m|h))?( ago)?(?=$|[\s,;:)])"), "DURATION"),
    (re.compile(r"(\d+|less than \d+) (milli)?seconds?\b( ago)?"), "DURATION"),
    (re.compile(r"(?<![\w.])\d+(\.\d+)?[BKMG](?=$|[\s,;)])"), "SIZE"),
    (re.compile(r"\b[0-9a-f]{10}\b"), "DIGEST"),
    (re.compile(r'"(wall_s|cpu_s|peak_bytes|made_at)": [\d.e-]+'), r'"\1": NUMBER'),
    (re.compile(r"\bjust now\b"), "DURATION"),
    (re.compile(r"\battempt +\d+,"), "attempt N,"),
    (re.compile(r"Python [\d.]+\w* on .*"), "PYTHON"),  # with the packages that are there
    (re.compile(r"\b\d+ workers?\b"), "WORKERS"),
    (re.compile(r"\b(worker +|on )w\d+\b"), r"\1WORKER"),
    (re.compile(r" rss=SIZE"), ""),
    (re.compile(r"running: \w.*"), "running: JOBS"),
    (re.compile(r"\bprocess \d+ of \S+"), "PROCESS"),
    # What a running make shows: how far it is differs by the speed of the machine.
    (re.compile(r"^ MAKE .*"), " MAKE"),
    (re.compile(r"^ ▶ \w+ (\w+)-\S+ .*"), r" ▶ \1-N"),
    (re.compile(r"\d+/(\d+) done"), r"N/\1 done"),
    (re.compile(r", \d+ running(?=,)"), ""),
    (re.compile(r"[ \t]+"), " "),
]

_NOW_AND_THEN = re.compile(r"TIME N/\d+ done \d+ running ETA ")
"""How far a make is, told every few seconds: where among the events depends on when the command got to it."""


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
    """A command of a console block with its prompt, what the document shows from there on, and what really is."""

    command: str
    shown: str
    real: str

    @property
    def difference(self) -> str:
        """How the real output differs from the one shown, apart from times, sizes and digests."""
        lines = difflib.unified_diff(normalized(self.shown), normalized(self.real), "shown", "real", lineterm="")
        return "\n".join(lines)


class Folder:
    """The folder in which a document is played; `with` it, for it is removed.

    Its path is as long as the one that is shown instead, so that lines break where they do in the document.
    """

    def __init__(self) -> None:
        self.path, self._bin = (Path(tempfile.mkdtemp(prefix="c", dir="/tmp")).resolve() for _ in range(2))
        for name, arguments in (("compmake", "-m compmake"), ("python", "")):
            script = self._bin / name
            script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
            script.chmod(0o755)
        self._session: Session | None = None

    def __enter__(self) -> "Folder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        for folder in (self.path, self._bin):
            shutil.rmtree(folder)

    def close(self) -> None:
        """End the console, if it is open."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def play(self, document: Path) -> Iterator[tuple[Block, list[Shown]]]:
        """Carry out the blocks one after the other and yield each console block with what it printed."""
        yield from self.play_text(document.read_text(encoding="utf-8"))

    def play_text(self, text: str) -> Iterator[tuple[Block, list[Shown]]]:
        """Do the same with the text of a document."""
        found = list(blocks(text))
        for block, following in zip(found, [*found[1:], None], strict=True):
            kind, _, name = block.mark.partition(": ")
            if kind == "file":
                self._write(name, block.body)
            elif kind == "edit":
                self._edit(name, block.body)
            elif kind == "typed":
                opens_screen = following is not None and following.mark.startswith("screen")
                yield block, list(self._type(block.body, name, is_left_open=opens_screen))
            elif kind == "screen":
                assert self._session is not None, "no console is open"
                yield block, [Shown("", block.body, self._shown(self._session.take_screen(name)))]
            elif block.language == "console" and kind != "not run":
                yield (
                    block,
                    [
                        Shown(command, f"$ {command}\n{shown}", f"$ {command}\n{self.run(command)}")
                        for command, shown in commands(block.body)
                    ],
                )

    def _type(self, body: str, moment: str, *, is_left_open: bool) -> Iterator[Shown]:
        """Type the lines of a block; the last one may be left under way, or with a screen open."""
        first, *rest = re.split(r"^(?=[$@] )", body, flags=re.M)
        if first:
            assert self._session is not None, "no console is open"
            yield Shown("", first, self._shown(self._session.take_answer()))
        for number, shown in enumerate(rest, 1):
            head = shown.partition("\n")[0]
            if head.startswith("$ "):
                real = f"{head}\n{self._open(head.removeprefix('$ compmake '))}"
                yield Shown(head, shown, self._shown(real))
                continue
            assert self._session is not None, "no console is open"
            prompt, _, line = head.partition(": ")
            real = self._session.type_line(line, f"{prompt}:")
            if number < len(rest) or not (moment or is_left_open):
                real = self._session.take_answer()
            elif moment:
                real = self._session.take_moment(moment)
            yield Shown(line, shown, self._shown(real))

    def run(self, command: str) -> str:
        """Run a shell command at a terminal that can nothing but print, and return what it showed."""
        ours, theirs = pty.openpty()
        environment = {n: v for n, v in os.environ.items() if not n.startswith("COMPMAKE_")} | self._environment()
        environment |= {"TERM": "dumb", "COLUMNS": str(WIDTH)}
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
        return self._shown(text)

    def _open(self, arguments: str) -> str:
        """Open the console and return its banner."""
        self.close()
        self._session = Session(self, [str(self._bin / "compmake"), *shlex.split(arguments)], self._environment())
        return self._session.take_answer()

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{self._bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(Path(__file__).parents[1]),
            "PYTHONUTF8": "1",
            "PYTHONHASHSEED": "0",  # as compmake sets it, which costs a start
            "XDG_CONFIG_HOME": str(self._bin),
        }

    def _shown(self, text: str) -> str:
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
    return [line for line in lines if not _NOW_AND_THEN.match(line)]


def rewrite(document: Path, folder: Folder) -> None:
    """Put the real output into a document."""
    text = filled(document.read_text(encoding="utf-8"), folder)
    document.write_text(text, encoding="utf-8")
    for name in pictures(text):
        shutil.copyfile(folder.path / Path(name).name, document.parent / name)


def filled(text: str, folder: Folder) -> str:
    """Return the text of a document with the real output in its blocks."""
    for block, played in reversed(list(folder.play_text(text))):
        text = text[: block.start] + "".join(_clean(found.real) for found in played) + text[block.end :]
    return text


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
        with Folder() as folder:
            rewrite(Path(document), folder)


if __name__ == "__main__":
    main(sys.argv[1:])
