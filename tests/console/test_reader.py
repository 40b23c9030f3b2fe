"""Lines that are said while somebody types, or is about to."""

import sys

from terminal import Terminal

READING = """
import sys
from compmake.ui.console.reader import RichReader
from compmake.ui.text import Style
from compmake.ui.vocabulary import Vocabulary

class Late(RichReader):
    def _begin(self):
        self.say(["said while the prompt begins"])
        super()._begin()

reader = Late(sys.stdout, style=Style(), history=None, vocabulary=Vocabulary, toolbar=lambda: [])
print("typed:", reader.read(lambda: [("", "@ ")]))
"""


def test_what_is_said_while_the_prompt_begins_is_printed_at_once(tmp_path):
    """It does not wait for the next line that is said, or typed."""
    with Terminal([sys.executable, "-c", READING], cwd=tmp_path) as terminal:
        terminal.wait_for("said while the prompt begins")
        terminal.send("words\r")
        terminal.wait_for("typed: words")
