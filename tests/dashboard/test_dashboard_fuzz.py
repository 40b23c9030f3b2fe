"""Keys and sizes at random: nothing is raised, and q always leads out."""

import contextlib
import random
import re
import sys
from pathlib import Path

import urwid
from consoles import COOKED
from dashboards import Seen, Told, live_events
from terminal import KEYS, Terminal
from withstanding import FORBIDDEN

from compmake.text_safety import cells
from compmake.ui.dashboard.dashboard_keys import KEYS as TABLE
from compmake.ui.text import Style

TESTS = Path(__file__).parents[1]
_KEYS = 10_000
_SIZES = ((1, 1), (2, 30), (20, 5), (39, 9), (40, 10), (80, 24), (119, 60), (160, 45), (300, 100))
_GIVE_THE_TERMINAL_AWAY = {"e", "y"}
_TYPED = [*"abcxyz019~=!:/ []{}%", "esc", "enter", "backspace", "left", "right", "ctrl w", "ctrl u", "delete", "日"]


def _keys():
    return [name for key in TABLE for name in key.names if name not in _GIVE_THE_TERMINAL_AWAY] + _TYPED


def test_random_keys_in_random_sizes_raise_nothing_and_lead_out_again():
    """Whatever was pressed, in whatever size, while news come; no line is wider than the screen."""
    chance = random.Random(11)
    source = Told(list(live_events()), again=True)
    seen, keys, size = Seen(source), _keys(), (80, 24)
    for number in range(_KEYS):
        if not number % 7:
            seen.tick(chance.random())
        if not number % 50:
            size = chance.choice(_SIZES)
            lines = seen.lines(*size)
            assert len(lines) == size[1]
            assert all(cells(line) <= size[0] and not FORBIDDEN.search(line) for line in lines)
            source.is_lost = chance.random() < 0.2
        try:
            seen.press(chance.choice(keys), size=size)
        except urwid.ExitMainLoop:  # q at the top
            seen = Seen(source, style=Style(ascii=chance.random() < 0.3))
    for _ in range(20):
        try:
            seen.press("q", "esc", "q")
        except urwid.ExitMainLoop:
            return
    raise AssertionError("q does not lead out")


def test_random_keys_on_a_terminal_leave_it_as_it_was(tmp_path):
    """As bytes, in bursts, with the window resized meanwhile, the editor and mouse included."""
    chance = random.Random(5)
    typed = [
        *KEYS.values(),
        *"abcdefghijklmnoprstuvwxyzABCDEFGHIJKLMNOPRSTUVWXYZ 0123456789/:?<>+-=~!",
        "日",
        "\x1b[<0;5;9M",
    ]
    typed = [key for key in typed if key not in ("\x03", "\x1a", "\x1c", "\x1bOQ", "\x1b", "q")]
    argv = [sys.executable, str(TESTS / "dashboards.py"), "256"]
    with Terminal(argv, cwd=tmp_path, env={"EDITOR": "true", "PYTHONPATH": str(TESTS)}) as terminal:
        terminal.wait_for("prog")
        for _ in range(60):
            terminal.resize(chance.randint(1, 200), chance.randint(1, 60))
            for key in chance.choices(typed, k=40):
                terminal.send(key)
            assert not terminal.ended
        terminal.resize(80, 24)
        for key in ["escape", "q"] * 10:
            terminal.press(key)  # one after the other: together they would be a key of their own
            with contextlib.suppress(AssertionError):
                terminal.wait_until(lambda: terminal.line_modes == COOKED, "the end", timeout_s=0.3)
                break
        terminal.wait_for(re.compile("^after", re.MULTILINE))
        assert terminal.wait_end() == 0
        assert not terminal.screen.in_full_screen
