"""A Python prompt over some values: IPython if there is one, else Python's own; without a terminal a script is read."""

import code
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from compmake.ui.debugger import harmless_exit


def open_prompt(names: dict[str, Any], told: Sequence[str]) -> int:
    """Let the user work with values until they leave.

    Args:
        names: The variables that there are from the start.
        told: Lines that say which these are; without a terminal only if there is no script.

    Returns:
        1 if a script failed, else 0.
    """
    if not sys.stdin.isatty():
        return _run_script(names, told)
    print("\n".join(told), flush=True)
    if importlib.util.find_spec("IPython") is not None:
        _run_ipython(names)
    else:
        _run_python(names)
    return 0


def _run_script(names: dict[str, Any], told: Sequence[str]) -> int:
    source = sys.stdin.read()
    if not source.strip():
        print("\n".join(told), flush=True)
        return 0
    interpreter = _Interpreter(names)
    try:
        interpreter.runsource(source, "<stdin>", "exec")
    except SystemExit as left:
        return 1 if left.code else 0
    return 1 if interpreter.failed else 0


class _Interpreter(code.InteractiveInterpreter):
    """Notes whether what it ran raised."""

    failed = False

    def write(self, data: str) -> None:
        self.failed = True
        super().write(data)


def _run_python(names: dict[str, Any]) -> None:
    with _completion(names), harmless_exit(), suppress(SystemExit):
        code.interact(banner="", local=names, exitmsg="")


@contextmanager
def _completion(names: dict[str, Any]) -> Iterator[None]:
    """Let Tab complete names and attributes, where Python was built so."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        yield
        return
    before = readline.get_completer()
    readline.set_completer(rlcompleter.Completer(names).complete)
    is_libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
    try:
        yield
    finally:
        readline.set_completer(before)


def _run_ipython(names: dict[str, Any]) -> None:
    ipython: Any = importlib.import_module("IPython")
    shells: Any = importlib.import_module("IPython.terminal.interactiveshell")
    apps: Any = importlib.import_module("IPython.terminal.ipapp")
    try:
        ipython.start_ipython(argv=["--no-banner", "--no-confirm-exit"], user_ns=names)
    except SystemExit:
        pass
    finally:  # both are made once, and would keep these values
        apps.TerminalIPythonApp.clear_instance()
        shells.TerminalInteractiveShell.clear_instance()
