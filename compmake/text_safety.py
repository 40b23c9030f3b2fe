"""The only exits for foreign text: to the terminal, to file names, to messages that could hold a password."""

import re
import unicodedata
from functools import lru_cache

from blake3 import blake3

_CONTROLS = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls: they reorder what was printed before
    "\u2028\u2029"  # line and paragraph separator: some terminals break lines there
    "\ud800-\udfff"  # lone surrogates cannot be encoded
    "]"
)
_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9_.,=+-]|^[.-]")
_NAME_CHARACTERS = 40
_NAME_DIGEST_BYTES = 10
_PASSWORD_PARAMETER = re.compile(r"(?i)([?&]password=)[^&\s]*")


def sanitize(text: str) -> str:
    r"""Return `text` with everything that could steer a terminal made visible: ESC becomes the four characters `\x1b`.

    Newline and tab stay. Text that is already safe is returned unchanged.
    """
    return text if text.isprintable() else _CONTROLS.sub(_visible, text)


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cells(text: str) -> int:
    """Return how many terminal cells sanitized `text` takes: 2 for wide East Asian characters, 0 for accents."""
    if text.isascii():
        return len(text)
    return len(text) + sum([_character_cells(character) - 1 for character in text if character > "\x7f"])


@lru_cache(maxsize=4096)
def _character_cells(character: str) -> int:
    if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def one_line(text: str, width: int) -> str:
    """Return `text` sanitized on one line of at most `width` terminal cells.

    Newlines inside are shown as `⏎`, those at the end are dropped, tabs become a space; `…` marks what was cut. Below
    width 1 nothing fits.
    """
    # Eight characters a cell is more than any script needs; the rest of a 10 MB text is never looked at.
    start = text[: 8 * max(width, 0) + 1]
    line = sanitize(start.rstrip("\n").replace("\n", "⏎").replace("\t", " "))
    cut = len(start) < len(text) and bool(text[len(start) :].rstrip("\n"))
    if not cut and cells(line) <= width:
        return line
    kept = ""
    room = width - 1
    if line.isascii() and width > 0:
        return line[:room] + "…"
    for character in line:
        room -= _character_cells(character)
        if room < 0:
            break
        kept += character
    return kept + "…" if width > 0 else ""


def safe_name(text: str) -> str:
    """Return a file name for `text`: its first 40 characters with unsafe ones as `_`, and a digest of all of it.

    Different texts get different names, also on file systems that ignore case. The name holds no separator, starts
    with neither a dot nor a dash, and has at most 61 ASCII characters.
    """
    digest = blake3(text.encode("utf-8", "surrogatepass")).hexdigest(length=_NAME_DIGEST_BYTES)
    readable = _UNSAFE_IN_NAME.sub("_", text[:_NAME_CHARACTERS])
    return f"{readable or '_'}-{digest}"


def redact(text: str) -> str:
    """Return `text` with the passwords of URLs in it as `***`: `redis://user:***@host`.

    When it cannot be known where a password ends, too much is hidden rather than too little.
    """
    if "://" in text:
        text = "".join(map(_redact_url, re.split(r"(\s+)", text)))
    return _PASSWORD_PARAMETER.sub(r"\1***", text)


def _redact_url(word: str) -> str:
    scheme, found, rest = word.partition("://")
    login, at, host = rest.rpartition("@")
    user, colon, password = login.partition(":")
    return f"{scheme}://{user}:***@{host}" if found and at and colon and password else word
