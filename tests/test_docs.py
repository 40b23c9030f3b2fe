"""The documents are true, as far as a program can tell."""

import re
import runpy
from pathlib import Path

import pytest
from documents import Folder

from compmake.errors import CompmakeError, StoreError, UserError
from compmake.job import ReasonCode
from compmake.settings import CODE_MODES

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]


def test_every_command_of_the_tutorial_prints_what_it_shows():
    """Apart from times, sizes and digests the tutorial can be followed word by word."""
    with Folder() as folder:
        played = [shown for _, commands in folder.play(DOCS / "tutorial.md") for shown in commands]
    assert len(played) > 20
    assert not [shown.difference for shown in played if shown.difference]


def test_the_list_of_commands_is_the_registry():
    """docs/commands.md is what docs/generate_commands.py writes today."""
    page = runpy.run_path(str(DOCS / "generate_commands.py"))["page"]
    assert (DOCS / "commands.md").read_text() == page(), "run: python docs/generate_commands.py"


def test_help_needs_no_program(space):
    """`compmake help` and `compmake help COMMAND` answer without a program."""
    assert "make [SEL]" in space.run("help").out
    assert space.run("help", "make").out.startswith("make [SEL] [-j N] [--inline]")
    assert space.run("help", "mak").err == "compmake: unknown command 'mak': did you mean make or remake or parmake?\n"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document):
    """A link to a file of the repository names one that is there, and a heading in it that exists."""
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.is_file(), target
        headings = re.findall(r"^#+ (.*)$", path.read_text(), flags=re.M) if anchor else []
        assert not anchor or anchor in [heading.lower().replace(" ", "-") for heading in headings], target


def test_every_cause_and_every_mode_is_explained():
    """docs/staleness.md has each cause as `--json` names it, and each mode of `code`."""
    text = (DOCS / "staleness.md").read_text()
    assert not [word for word in (*(code.value for code in ReasonCode), *CODE_MODES) if f"`{word}`" not in text]


def test_the_exit_codes_are_those_of_the_errors():
    """The README tells the codes that the exceptions have."""
    text = " ".join((ROOT / "README.md").read_text().split())
    assert (UserError.exit_code, StoreError.exit_code, CompmakeError.exit_code) == (2, 3, 70)
    assert re.search(r"2 a mistake in the program or the command, 3 the store .* 130 interrupted, 70 a bug", text)


def test_the_layout_names_what_there_is():
    """The table of docs/DESIGN.md has every module and package of compmake, and no others."""
    text = (DOCS / "DESIGN.md").read_text()
    table = text.partition("## Layout")[2].partition("## The store")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, flags=re.M)
    named = {name for cell in cells for name in re.findall(r"`([\w/.]+)`", cell)}
    package = ROOT / "compmake"
    modules = {path.name for path in package.glob("*.py")} - {"__init__.py"}
    packages = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    screens = {f"ui/{path.parent.name}/" for path in package.glob("ui/*/__init__.py")}
    assert named == modules | packages | screens
    shown = [path for place in ("ui", "ui/console", "ui/dashboard") for path in (package / place).glob("[!_]*.py")]
    assert not [path for path in shown if f"`{path.name}`" not in table]
    assert not [name for name in set(re.findall(r"`(\w+\.py)`", text)) - {"my_program.py"} if not _is_there(name)]


def _is_there(name: str) -> bool:
    return any((ROOT / "compmake").rglob(name))
