"""Shows a recorded make: in the dashboard at a terminal, else as lines; needs neither program nor store."""

import sys
from collections.abc import Iterable, Iterator

from compmake.channel.tape_source import TapeSource
from compmake.config import ConsoleMode, color_count, console_mode, load_settings
from compmake.settings import Settings
from compmake.text_safety import one_line
from compmake.ui.text import Style, can_encode
from compmake.ui.view import View
from compmake.ui.watch_lines import event_lines

_CELLS = 100


def replay(path: str, flags: Iterable[str] = ()) -> int:
    """Play a recording, and return the exit code.

    Args:
        path: Of the file.
        flags: `KEY=VALUE` settings of the command line.

    Raises:
        UserError: It cannot be read, or is no recording.
    """
    settings = load_settings(None, flags=flags)
    source = TapeSource(path)
    try:
        is_tty = sys.stdout.isatty()
        mode = console_mode(
            settings.ui, stdin_tty=sys.stdin.isatty(), stdout_tty=is_tty, stderr_tty=sys.stderr.isatty()
        )
        if mode is ConsoleMode.RICH and is_tty:
            _show(source, settings)
        else:
            for line in _lines(source):
                print(line)
    finally:
        source.close()
    return 0


def _show(source: TapeSource, settings: Settings) -> None:
    from compmake.ui.dashboard.opening import Opening, show_dashboard  # the toolkit takes long to import
    from compmake.ui.dashboard.panes.look import About

    style = Style(color_count(settings.color, is_tty=True), settings.ascii or not can_encode(sys.stdout.encoding))
    about = About(program=one_line(source.head.program, _CELLS), is_recording=True)
    opening = Opening(source, playback=source, about=about, clock=source.clock)
    show_dashboard(opening, style, keys=settings.keys, mouse=settings.mouse)


def _lines(source: TapeSource) -> Iterator[str]:
    """Yield what `watch` would have printed, without waiting."""
    view = View()
    source.seek(source.length_s)
    while events := source.read():
        for event in events:
            view.apply(event)
            yield from event_lines(event, view)
    if trouble := source.trouble():
        yield trouble
