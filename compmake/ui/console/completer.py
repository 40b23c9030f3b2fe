"""The Tab key of prompt_toolkit: `completion.complete` in its terms."""

from collections.abc import Callable, Iterator

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from compmake.ui.completion import complete
from compmake.ui.text import PLAIN, Style
from compmake.ui.vocabulary import Vocabulary


class LineCompleter(Completer):
    """Completes lines of the console."""

    def __init__(self, vocabulary: Callable[[], Vocabulary], style: Style = PLAIN) -> None:
        """Prepare.

        Args:
            vocabulary: Asked at each key, so that what a reload brings is seen.
            style: What the screen can show.
        """
        self._vocabulary, self._style = vocabulary, style

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: ARG002
        """Yield what may stand at the cursor."""
        for found in complete(document.text_before_cursor, self._vocabulary()):
            display, about = self._style.spell(found.display), self._style.spell(found.about)
            yield Completion(found.text, -found.replaces, display=display, display_meta=about)
