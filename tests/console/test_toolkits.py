"""Without a terminal there is no console, and nothing that only consoles need is imported."""

import subprocess
import sys

import pytest
from consoles import Console
from spaces import clean_environment

CHECK = """\
import sys
from compmake.cli import main
code = main(sys.argv[1:])
found = [name for name in ("prompt_toolkit", "urwid", "IPython", "readline", "pdb", "asyncio") if name in sys.modules]
print("imported:", found, file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("arguments", "stdin"),
    [
        (["--version"], ""),
        (["--help"], ""),
        (["prog", "ls"], ""),
        (["prog", "make", "func1()"], ""),
        (["prog", "-c", "ls failed; why"], ""),
        (["prog", "traceback", "func2-3"], ""),
        (["prog"], "ls failed\nmake func1()\nexit\n"),
    ],
)
def test_batch_mode_imports_no_toolkit(made, arguments, stdin):
    """One command, several, a script on standard input: none of them needs a screen."""
    done = made.python("-c", CHECK, *arguments, stdin=stdin)
    assert done.code in (0, 1), done.err
    assert "imported: []" in done.err


def test_a_command_in_a_terminal_imports_no_toolkit_either(made):
    """`compmake prog ls` at a shell's prompt."""
    made.write("check.py", CHECK)
    with Console(made, argv=[sys.executable, "check.py", "prog", "ls", "failed"]) as terminal:
        terminal.wait_for("imported: []")
        assert terminal.wait_end() == 0


def test_a_script_has_no_banner_and_no_prompt(made):
    """Only what the commands say; it ends at what cannot be carried out."""
    done = made.run("prog", stdin="ls func1\nnosuch\nls func1-2\n")
    assert done.code == 2
    assert done.out.startswith("func1 ") and "func1-2" not in done.out and "@ " not in done.out + done.err


def test_what_needs_the_console_says_so_elsewhere(made):
    """One line, exit code 2."""
    for arguments in (["fg"], ["jobs"], ["-c", "make func1 &"], ["reload"]):
        done = made.run("prog", *arguments)
        assert done.code == 2 and "needs the interactive console" in done.err


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_no_bug(made, closed):
    """A service starts it with nothing open: no traceback, no escape codes."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" -m compmake prog {closed}', sys.executable],
        cwd=made.path,
        env=clean_environment(),
        input="ls failed\n",
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr and "\x1b" not in done.stdout + done.stderr
