"""The colours of a line in prompt_toolkit: `highlighting.highlight` and the palette in its terms."""

from collections.abc import Callable, Hashable

from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.formatted_text.utils import split_lines
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from compmake.job import JobState
from compmake.ui.highlighting import highlight
from compmake.ui.text import PALETTE
from compmake.ui.vocabulary import Vocabulary

_ATTRIBUTES = {1: "bold", 2: "ansibrightblack", 4: "underline"}
_LEVELS = (0, 95, 135, 175, 215, 255)
"""What each of six steps of red, green and blue is in the palette of 256 colours."""
_CUBE = 16


class LineLexer(Lexer):
    """Colours lines of the console."""

    def __init__(self, vocabulary: Callable[[], Vocabulary]) -> None:
        """`vocabulary` is asked whenever the line changes."""
        self._vocabulary = vocabulary

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the coloured pieces of each line; ids may hold line breaks."""
        pieces: StyleAndTextTuples = [
            (_style_class(role), text) for role, text in highlight(document.text, self._vocabulary())
        ]
        lines = list(split_lines(pieces))
        return lambda number: lines[number] if number < len(lines) else []

    def invalidation_hash(self) -> Hashable:
        """Return what changes when other words are known: the ids may be there only later than the prompt."""
        vocabulary = self._vocabulary()
        return id(vocabulary.names), tuple(vocabulary.aliases)


def _style_class(role: JobState | str) -> str:
    name = role.value if isinstance(role, JobState) else role
    return f"class:line.{name}" if name else ""


def _style(codes: str) -> str:
    """Return the style for SGR codes such as `1;38;5;166`."""
    words = []
    rest = iter(map(int, codes.split(";")))
    for code in rest:
        if code == 38:
            next(rest)
            red, rest_of_cube = divmod(next(rest) - _CUBE, 36)
            channels = (_LEVELS[step] for step in (red, *divmod(rest_of_cube, 6)))
            words.append("#" + "".join(f"{channel:02x}" for channel in channels))
        else:
            words.append(_ATTRIBUTES[code])
    return " ".join(words)


STYLE = Style.from_dict(
    {_style_class(role).removeprefix("class:"): _style(codes[0]) for role, codes in PALETTE.items()}
)
"""The palette of `text` for prompt_toolkit, which finds the nearest colours that the terminal has."""
