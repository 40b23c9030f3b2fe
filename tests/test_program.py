"""Finding and loading what PROGRAM names."""

import sys
from pathlib import Path

import pytest
from spaces import Space

from compmake.errors import CompmakeError, DefinitionError, ProgramError
from compmake.program import find_program, load_program


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A current folder of its own; modules and paths of this process are put back."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield Space(tmp_path)
    for name in set(sys.modules) - before:
        if not name.startswith("compmake"):
            del sys.modules[name]


PROGRAM = "from compmake import comp\ncomp(pow, 2, 3)\n"


@pytest.mark.parametrize(
    ("text", "name", "file"),
    [
        ("prog_here", "prog_here", "prog_here.py"),
        ("prog_here.py", "prog_here", "prog_here.py"),
        ("./prog_here.py", "prog_here", "prog_here.py"),
        ("work/other.py", "other", "work/other.py"),
        ("work.other", "work.other", "work/other.py"),
        ("packed", "packed", "packed/__init__.py"),
        ("packed/", "packed", "packed/__init__.py"),
        ("packed.mod", "packed.mod", "packed/mod.py"),
        ("packed/mod.py", "packed.mod", "packed/mod.py"),
    ],
)
def test_modules_files_and_packages(here, text, name, file):
    """The current folder first: a file outside a package goes by its stem, one inside by its full name."""
    for path in ("prog_here.py", "work/other.py", "packed/__init__.py", "packed/mod.py"):
        here.write(path, PROGRAM)
    ref = find_program(text)
    assert (ref.name, ref.path) == (name, here.path.resolve() / file)
    top = here.path / "work" if name == "other" else here.path
    assert ref.default_store == top.resolve() / ".compmake" / name


def test_a_module_of_the_import_path(here):
    """What is not in the current folder is looked for on the import path."""
    here.write("elsewhere/far_away.py", PROGRAM)
    sys.path.append(str(here.path / "elsewhere"))
    assert find_program("far_away").path == (here.path / "elsewhere" / "far_away.py").resolve()


def test_a_file_reached_through_a_link_is_itself(here):
    """A link to a program is the program: its store and its helpers are where it is."""
    here.write("real/prog_linked.py", PROGRAM)
    (here.path / "link.py").symlink_to(here.path / "real" / "prog_linked.py")
    assert find_program("link.py").name == "prog_linked"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("nosuch", "there is no program 'nosuch': no nosuch.py in"),
        ("nosuch.py", "there is no file nosuch.py in"),
        ("no.such.thing", r"no no/such/thing.py in"),
        ("empty/", "neither a store .no index.db. nor a package"),
        ("./notes.txt", "is not a Python file: its name must end in .py"),
        ("..", "there is no|neither a store"),
    ],
)
def test_what_is_not_there_says_where_it_was_looked_for(here, text, problem):
    """Each error names the place and what a PROGRAM can be."""
    (here.path / "empty").mkdir()
    here.write("notes.txt", "")
    with pytest.raises(ProgramError, match=problem):
        find_program(text)


def load(here, text, name="prog_loaded"):
    here.write(f"{name}.py", text)
    return load_program(find_program(name))


def test_a_program_sees_itself_as_its_only_argument(here):
    """While it loads `sys.argv` is its file, its folder is first on the import path, and its name is its own."""
    program = load(
        here,
        """\
        import sys
        from compmake import comp
        folder, _, file = sys.argv[0].rpartition("/")
        comp(print, len(sys.argv), file, sys.path[0] == folder, __name__)
        """,
    )
    (job,) = program.definitions.jobs.values()
    texts = [argument.text for argument in program.definitions.arguments_of(job)]
    assert texts == ["1", "'prog_loaded.py'", "True", "'prog_loaded'"]
    assert sys.argv[0] != str(here.path / "prog_loaded.py")


def test_a_program_loaded_twice_defines_its_jobs_twice(here):
    """Opening it again in one process defines everything anew, also jobs of the modules that it imports."""
    here.write("prog_more.py", "from compmake import comp\ncomp(abs, 1)\n")
    text = "import prog_more\n" + PROGRAM
    assert list(load(here, text).definitions.jobs) == ["abs", "pow"]
    assert list(load(here, text).definitions.jobs) == ["abs", "pow"]


def test_an_edited_program_is_loaded_as_it_is_now(here):
    """A second load in one process sees the new text."""
    load(here, PROGRAM)
    assert list(load(here, PROGRAM.replace("pow", "divmod")).definitions.jobs) == ["divmod"]


@pytest.mark.parametrize(
    ("text", "error", "problem"),
    [
        ("x = 1\n1 / 0\n", ProgramError, "raised while it was loading:\n.*prog_loaded.py.*line 2.*ZeroDivisionError"),
        ("def f(:\n", ProgramError, "raised while it was loading.*SyntaxError"),
        ("import nosuchmodule\n", ProgramError, "nosuchmodule"),
        ("import sys\nsys.exit(3)\n", ProgramError, r"prog_loaded.py:2: prog_loaded called sys.exit\(3\) while"),
        ("from compmake import comp\ncomp(3)\n", DefinitionError, r"prog_loaded.py:2: comp\(\) wants a function"),
    ],
)
def test_what_goes_wrong_while_loading_names_the_line(here, text, error, problem):
    """The user's own frames only, or the one line that is to blame."""
    with pytest.raises(error, match=f"(?s){problem}") as caught:
        load(here, text)
    assert isinstance(caught.value, CompmakeError)
    assert str(Path(sys.modules["compmake"].__file__).parent) not in str(caught.value)


@pytest.mark.parametrize(("name", "owner"), [("json", "the standard library"), ("compmake", "compmake itself")])
def test_a_program_with_the_name_of_another_module_is_refused(here, name, owner):
    """It would be imported in the place of that module, or not at all."""
    here.write(f"{name}.py", PROGRAM)
    with pytest.raises(ProgramError, match=f"{owner} .{name}.: rename the file, for example my_{name}.py"):
        load_program(find_program(f"{name}.py"))
