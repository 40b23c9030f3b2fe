"""Programs of jobs that misbehave, from the folder `bad_programs`, and what a make of one left to look at."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spaces import Finished, Space

PROGRAMS = Path(__file__).parent / "bad_programs"


@dataclass
class Made:
    """A program that was made, how that ended, and what its jobs noted."""

    space: Space
    done: Finished
    noted: list[str]

    @cached_property
    def states(self) -> dict[str, str]:
        """The state of each job."""
        return {row["job"]: row["state"] for row in self.space.run("prog", "ls", "--json").objects}

    @cached_property
    def details(self) -> dict[str, dict[str, Any]]:
        """What `details` tells of each job, asked in one process."""
        told = self.space.run("prog", "-c", "; ".join(f"details {job} --json" for job in self.states))
        assert told.code == 0, told.err
        return {row["job"]: row for row in told.objects}

    @property
    def observations(self) -> list[dict[str, Any]]:
        """The notes that are JSON."""
        return [json.loads(line) for line in self.noted if line.startswith("{")]

    def failure(self, job: str) -> tuple[str, str]:
        """Return type and message of a job's failure."""
        failure = self.details[job]["failure"]
        return failure["type"], failure["message"]

    def lines_reached(self, job: str) -> list[str]:
        """Return the source of the user's lines that a failed job was at, the deepest last."""
        frames = [frame for frame in self.details[job]["failure"]["frames"] if frame["user"]]
        return [text.strip() for frame in frames for number, text in frame["source"] if number == frame["line"]]


def write_program(space: Space, name: str) -> None:
    """Put one of the bad programs there as `prog`."""
    space.write("prog.py", (PROGRAMS / f"{name}.py").read_text())


def make_program(folder: Path, name: str, *command: str) -> Made:
    """Make one of the bad programs in a new folder."""
    space = Space(folder)
    write_program(space, name)
    done = space.run("prog", *command)
    return Made(space, done, space.take_ledger())
