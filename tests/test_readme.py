"""The README is true: its programs are written, its edits made, its commands run, its output compared."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from documents import Folder, Shown, pictures

from compmake import comp

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"


@pytest.fixture(scope="module")
def played() -> Iterator[tuple[Folder, list[Shown]]]:
    """The folder in which the README was played once, and what each command printed."""
    with Folder() as folder:
        yield folder, [shown for _, commands in folder.play(README) for shown in commands]


def test_every_command_prints_what_the_readme_shows(played):
    """Apart from times, sizes and digests a reader who types what the README says sees what it shows."""
    _, commands = played
    assert len(commands) > 20
    assert not [shown.difference for shown in commands if shown.difference]


def test_the_picture_is_the_one_that_the_command_draws(played):
    """The picture in the README has the jobs and states of the program as it is at that point."""
    folder, _ = played
    (name,) = pictures(README.read_text())
    assert _texts(ROOT / name) == _texts(folder.path / Path(name).name)


def test_the_readme_lists_every_option_of_comp():
    """The table of `comp.options` is complete."""
    text = README.read_text()
    assert not [name for name in inspect.signature(comp.options).parameters if f"`{name}=" not in text]


def test_what_the_readme_says_about_installing_is_there():
    """The targets of make, the command and the Python version that it names exist."""
    text, project = README.read_text(), tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), flags=re.M)
    assert set(re.findall(r"^\$ make (\w+)", text, flags=re.M)) == {"demo", "test"} <= set(targets)
    assert list(project["scripts"]) == ["compmake"]
    brought = text.partition("It brings")[2].partition("elsewhere")[0]
    assert {re.split("[>;]", line)[0] for line in project["dependencies"]} == set(re.findall(r"`(\w+)`", brought))
    assert f"Python {project['requires-python'].removeprefix('>=')} or newer" in text


def _texts(picture: Path) -> list[str]:
    return sorted(re.findall(r">([^<>]+)</text>", picture.read_text(encoding="utf-8")))
