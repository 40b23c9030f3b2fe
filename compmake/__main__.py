"""`python -m compmake`: the same as the console script."""

from compmake.cli import run

if __name__ == "__main__":
    run()
