"""`compmake` and `python -m compmake`: answers `--version` at once, hands everything else to the command line."""

import sys

from compmake import __version__


def run() -> None:
    """Entry point of the console script."""
    if sys.argv[1:] == ["--version"]:
        print(f"compmake {__version__}")
        return
    from compmake.cli import main

    sys.exit(main(sys.argv[1:], may_restart=True))


if __name__ == "__main__":
    run()
