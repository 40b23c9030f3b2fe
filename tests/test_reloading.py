"""Noticing that code changed on disk, and loading the program anew in the same process."""

import copyreg
import gc
import importlib
import json
import linecache
import os
import shutil
import sys
import weakref

import pytest
from opened_programs import Opened
from own_modules import hide
from spaces import Space

from compmake.codec import load_value
from compmake.define import current
from compmake.errors import CompmakeError, DefinitionError, ProgramError, UserError
from compmake.importing import imported
from compmake.reloading import forget_old_program
from compmake.starting import start_make
from compmake.surroundings import Surroundings

FILES = {
    "helper.py": """\
        LIMIT = 3
        TABLE = {"a": 1}
        def clean(x):
            return x + 1
        def unused(x):
            return x
        """,
    "shapes.py": """\
        from helper import clean
        class Shape:
            def __init__(self, size):
                self.size = size
            def area(self):
                return clean(self.size)
        """,
    "packed/__init__.py": "from packed.inner import scale\n",
    "packed/inner.py": """\
        def scale(x):
            return 2 * x
        """,
    "work.py": """\
        from helper import LIMIT, TABLE, clean
        from packed import scale
        from shapes import Shape
        def job(x):
            return clean(x) + LIMIT
        def table(key):
            return TABLE[key]
        def scaled(x):
            return scale(x)
        def area(shape):
            return shape.area()
        def late(x):
            from tardy import slowly
            return slowly(x)
        """,
    "tardy.py": """\
        def slowly(x):
            return -x
        """,
    "prog.py": """\
        from compmake import comp, comp_prefix
        from shapes import Shape
        import work
        for x in range(3):
            comp(work.job, x)
        comp(work.table, "a")
        comp(work.scaled, comp(work.job, 7))
        comp(work.area, Shape(4))
        comp(work.late, 5)
        comp_prefix("later-")
        comp(work.job, 8)
        """,
}
FRESH = f"""
import json, sys
sys.path.append({os.path.dirname(__file__)!r})
from opened_programs import Opened
print(json.dumps(Opened().dump()))
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """The folder of a program that was made once."""
    space = Space(tmp_path_factory.mktemp("made"))
    for name, text in FILES.items():
        space.write(name, text)
    space.make()
    return space.path


@pytest.fixture
def here(made, tmp_path, monkeypatch):
    """A copy of it, the current folder; what this process imports from there is forgotten."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    hide(monkeypatch)
    before = Surroundings.take(tmp_path)
    yield Space(tmp_path)
    before.loaded().take_out()
    before.place.go()


@pytest.fixture
def opened(here):
    """The program of `here`, open."""
    opened = Opened()
    yield opened
    opened.workspace.close()


def change(space, files):
    """Write files; None deletes one or a folder, a pair replaces text."""
    for name, text in files.items():
        path = space.path / name
        if isinstance(text, tuple):
            space.edit(name, *text)
        elif text is not None:
            space.write(name, text)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


EDITS = {
    "a helper's code": {"helper.py": ("x + 1", "x + 2")},
    "an edit that keeps the size": {"helper.py": ("x + 1", "1 + x")},
    "a global": {"helper.py": ("LIMIT = 3", "LIMIT = 4")},
    "a global that is imported by name": {"helper.py": ('{"a": 1}', '{"a": 2}')},
    "a new job": {"prog.py": ("comp_prefix(", "comp(work.job, 99)\ncomp_prefix(")},
    "the prefix is gone": {"prog.py": ('comp_prefix("later-")', "")},
    "a function moved to another module": {
        "helper.py": ("def clean(x):\n    return x + 1\n", ""),
        "washing.py": "def clean(x):\n    return x + 1\n",
        "work.py": ("LIMIT, TABLE, clean", "LIMIT, TABLE\nfrom washing import clean"),
        "shapes.py": ("helper", "washing"),
    },
    "a module split in two": {
        "helper.py": "from numbers_of import LIMIT, TABLE\nfrom washing import clean\n",
        "washing.py": "def clean(x):\n    return x + 1\n",
        "numbers_of.py": 'LIMIT = 3\nTABLE = {"a": 1}\n',
    },
    "a class": {"shapes.py": ("clean(self.size)", "clean(self.size) ** 2")},
    "a class tells another state": {
        "shapes.py": ("def area", "def __getstate__(self):\n        return {}\n    def area")
    },
    "a class differs after pickling": {
        "shapes.py": ("def area", "def __setstate__(self, state):\n        self.size = 0\n    def area")
    },
    "another name is imported": {"work.py": ("import scale\n", "import inner\nfrom helper import unused as scale\n")},
    "a module of a package": {"packed/inner.py": ("2 * x", "3 * x")},
    "a package becomes a module": {"packed": None, "packed.py": "def scale(x):\n    return 5 * x\n"},
    "a module becomes a package": {
        "helper.py": None,
        "helper/__init__.py": 'LIMIT = 3\nTABLE = {"a": 1}\nfrom .washing import clean\n',
        "helper/washing.py": "def clean(x):\n    return x + 2\n",
    },
    "a package without __init__.py gets one": {
        "packed/__init__.py": None,
        "work.py": ("from packed import", "from packed.inner import"),
    },
    "a module is deleted": {"tardy.py": None},
    "a module that functions import": {"tardy.py": ("-x", "-x - 1")},
    "a comment": {"helper.py": ("def clean", "# wash\ndef clean")},
    "nothing": {},
}


@pytest.mark.parametrize("files", EDITS.values(), ids=EDITS)
def test_a_reload_sees_what_a_fresh_process_sees(here, opened, files):
    """States, reasons, fingerprints, code and arguments are those of a new process on the same store."""
    opened.dump()
    change(here, files)
    opened.reload()
    after = opened.dump()
    opened.workspace.close()
    assert after == json.loads(here.python("-c", FRESH).out)


SETS_UP = """\
import copyreg, os, sys
from fractions import Fraction
from compmake import register_digest
register_digest(Fraction, lambda value: 1)
copyreg.pickle(slice, lambda value: (slice, (0,)))
sys.path.append(os.path.abspath("more"))
os.environ["SET_BY_PROGRAM"] = "1"
os.makedirs("down", exist_ok=True)
os.chdir("down")
"""


def test_what_a_program_no_longer_sets_up_is_gone(here, opened):
    """Registrations, paths, variables and folder of a version in between leave nothing behind."""
    change(here, {"sets_up.py": SETS_UP, "prog.py": ("import work", "import sets_up, work")})
    opened.reload()
    assert os.environ["SET_BY_PROGRAM"] == "1"
    use_fraction = "import work\nfrom fractions import Fraction\ncomp(work.job, Fraction(1, 2))"
    change(here, {"prog.py": ("import sets_up, work", use_fraction)})
    opened.reload()
    assert "SET_BY_PROGRAM" not in os.environ
    assert slice not in copyreg.dispatch_table
    assert not any(entry.endswith("more") for entry in sys.path)
    assert os.getcwd() == str(here.path)
    after = opened.dump()
    opened.workspace.close()
    assert after == json.loads(here.python("-c", FRESH).out)


REGISTERING = "import copyreg\ncopyreg.pickle(slice, lambda value: (slice, (0,)))\n"
FAILURES = {
    "a syntax error": ({"helper.py": "def clean(:\n"}, ProgramError),
    "an exception": ({"shapes.py": "raise LookupError('no shapes')\n"}, ProgramError),
    "an exception after a registration": ({"prog.py": REGISTERING + "raise LookupError\n"}, ProgramError),
    "a module that is missing": ({"work.py": ("from packed", "import nowhere\nfrom packed")}, ProgramError),
    "sys.exit": ({"prog.py": "import sys, work\nsys.exit(3)\n"}, ProgramError),
    "no jobs": ({"prog.py": "import work\n"}, ProgramError),
    "a duplicate id": ({"prog.py": ("range(3):", "range(3):\n    comp(work.job, x, job_id='same')")}, DefinitionError),
    "what cannot be pickled": ({"prog.py": ('"a")', "open(__file__))")}, CompmakeError),
    "Ctrl-C": ({"prog.py": ("import work", "import work\nraise KeyboardInterrupt")}, KeyboardInterrupt),
    "the program is gone": ({"prog.py": None}, ProgramError),
    "an edit while it loads": (
        {"prog.py": ("import work", "import work\nopen(work.__file__, 'a').write('# more\\n')")},
        ProgramError,
    ),
    "wrong settings": ({"compmake.toml": "keep = 'many'\n"}, UserError),
}
UPSETS = """\
import copyreg, os, sys
sys.path.insert(0, "elsewhere")
sys.argv[:] = ["other"]
sys.meta_path.insert(0, type("Finder", (), {"find_spec": lambda *_: None, "invalidate_caches": lambda *_: None})())
os.environ["UPSET"] = "1"
os.chdir("packed")
copyreg.pickle(range, lambda value: (range, (0,)))
"""


def process_state(folder):
    """Return what loading a program may change in this process."""
    modules = {name: id(m) for name, m in sys.modules.items() if str(getattr(m, "__file__", "")).startswith(folder)}
    tables = [list(sys.path), list(sys.argv), list(sys.meta_path), list(sys.path_hooks), dict(copyreg.dispatch_table)]
    return [modules, *tables, os.getcwd(), dict(os.environ), current(), imported()]


@pytest.mark.parametrize(("files", "error"), FAILURES.values(), ids=FAILURES)
def test_a_program_that_does_not_load_leaves_everything_as_it_was(here, opened, files, error):
    """Modules, paths, arguments, folder, environment, registrations, graph and states; and it can be mended."""
    before, state = opened.dump(), process_state(str(here.path))
    texts = {path.name: path.read_text() for path in here.path.glob("*.py")}
    here.write("upsets.py", UPSETS)
    here.write("helper.py", "import upsets\n" + texts["helper.py"])
    change(here, files)
    with pytest.raises(error):
        opened.reload()
    assert process_state(str(here.path)) == state
    assert opened.watch.changed()
    opened.workspace.refresh()
    assert opened.dump() == before
    (here.path / "compmake.toml").unlink(missing_ok=True)
    for name, text in texts.items():
        (here.path / name).write_text(text)
    assert opened.watch.changed() == []
    opened.reload()
    assert opened.dump() == before


def test_a_module_that_raises_is_named_with_its_line_as_it_is_now(here, opened):
    """The error is the one of a fresh process, with the source that failed."""
    here.edit("helper.py", "def unused", "nonsense = missing_name\ndef unused")
    with pytest.raises(ProgramError, match=r"(?s)helper.py\", line 5.*nonsense = missing_name.*NameError"):
        opened.reload()


def test_an_import_inside_a_function_of_the_old_graph_finds_the_old_module(here, opened):
    """After a reload that failed the old functions go on in the old modules."""
    old = sys.modules["helper"]
    change(here, {"helper.py": "raise LookupError\n"})
    with pytest.raises(ProgramError):
        opened.reload()
    assert sys.modules["work"].clean.__globals__ is vars(old)
    assert sys.modules["packed"].inner is sys.modules["packed.inner"]


@pytest.mark.parametrize(
    "name", ["helper.py", "prog.py", "packed/__init__.py", "packed/inner.py", "tardy.py"], ids=lambda name: name
)
def test_a_change_of_a_module_is_noticed(here, opened, name):
    """The program, its helpers, a package, a module in it, and one that only functions import."""
    opened.dump()
    assert opened.watch.changed() == []
    here.write(name, (here.path / name).read_text() + "# more\n")
    assert opened.watch.names(opened.watch.changed()) == [name]
    (here.path / name).unlink()
    assert opened.watch.names(opened.watch.changed()) == [name]


def test_only_content_is_a_change(here, opened):
    """No touch, no edit that was undone, no bytecode, no new file, no data file; but one that keeps size and time."""
    path = here.path / "helper.py"
    stat, text = path.stat(), path.read_text()
    path.touch()
    path.write_text("other")
    path.write_text(text)
    here.write("data.csv", "1,2")
    here.write("brand_new.py", "x = 1")
    here.write("__pycache__/helper.cpython-311.pyc", "")
    assert opened.watch.changed() == []
    path.write_text(text.replace("x + 1", "x + 2"))
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert opened.watch.changed() == [str(path)]


def test_files_that_rest_are_not_read_again(here, opened):
    """A second look at many modules costs one `stat` for each."""
    names = [f"part_{number}" for number in range(300)]
    for name in names:
        here.write(f"{name}.py", "x = 1\n")
        os.utime(here.path / f"{name}.py", (1_000_000_000, 1_000_000_000))
    change(here, {"prog.py": ("import work", f"import work, {', '.join(names)}")})
    opened.reload()
    assert opened.watch.changed() == []
    read = []
    watched = [True]
    sys.addaudithook(lambda event, args: read.append(str(args[0])) if event == "open" and watched else None)
    assert opened.watch.changed() == []
    watched.clear()
    assert read
    assert not [path for path in read if "part_" in path]
    here.edit("part_7.py", "x = 1", "x = 2")
    assert opened.watch.names(opened.watch.changed()) == ["part_7.py"]


def test_what_did_not_load_is_worth_another_try_when_it_changes(here, opened):
    """Also when only a file was mended, or written, that the old program does not have."""
    watch = opened.watch
    assert not watch.is_worth_a_try()
    change(here, {"fresh.py": "def f(:\n", "prog.py": ("import work", "import work, fresh, missing")})
    assert watch.is_worth_a_try()
    for name, text in (("fresh.py", "x = 1\n"), ("missing.py", "1 / 0\n"), ("missing.py", "x = 1\n")):
        with pytest.raises(ProgramError):
            opened.reload()
        assert watch.changed()
        assert not watch.is_worth_a_try()
        here.write(name, text)
        assert watch.is_worth_a_try()
    opened.reload()
    assert not opened.watch.is_worth_a_try()


def test_old_programs_leave_the_memory(here, opened):
    """Neither modules nor jobs of a program that was loaded anew are kept, though a make has frozen them."""
    change(
        here,
        {
            "prog.py": ("import work", "import work\nfor i in range(10_000):\n    comp(work.job, i)"),
            "work.py": ("def job", "from typing import Optional\nMaybe = Optional[Shape]\ndef job"),
        },
    )
    old = []
    for _ in range(4):
        opened.reload()
        opened.workspace.look()
        old.append([weakref.ref(thing) for thing in (sys.modules["work"], sys.modules["work"].job, opened.workspace)])
        gc.freeze()
    opened.reload()
    forget_old_program()
    assert [[thing() for thing in things] for things in old] == [[None] * 3] * 4


def test_results_are_objects_of_the_new_classes(here):
    """What was stored before a reload comes back with the methods of now."""
    change(here, {"prog.py": "from compmake import comp\nfrom shapes import Shape\ncomp(Shape, 6)\n"})
    here.make()
    opened = Opened()
    change(here, {"shapes.py": ("clean(self.size)", "self.size * 100")})
    opened.reload()
    store, record = opened.workspace.store, opened.workspace.records.newest["Shape"]
    shape = load_value(store.objects.read(store.blob(record)))
    assert type(shape) is sys.modules["shapes"].Shape
    assert shape.area() == 600
    opened.workspace.close()


def test_the_next_make_runs_the_new_code_in_fresh_workers(here, opened):
    """A make after a reload runs what the edit reaches, as it is now, and nothing else."""
    before = start_make(opened.workspace, opened.jobs(), "make", silent=True)
    assert (before.done, before.up_to_date) == (0, len(opened.jobs()))
    change(here, {"packed/inner.py": ("2 * x", "3 * x")})
    opened.reload()
    after = start_make(opened.workspace, opened.jobs(), "make", silent=True)
    assert (after.done, after.up_to_date, list(after.failed)) == (1, len(opened.jobs()) - 1, [])
    store, record = opened.workspace.store, opened.workspace.records.newest["scaled"]
    assert load_value(store.objects.read(store.blob(record))) == 3 * (7 + 1 + 3)


def test_settings_are_read_anew(here, opened):
    """Those of the command line still win; those of the open store wait."""
    here.write("compmake.toml", "jobs = 3\nverbose = true\nkeep = 9\n")
    done = opened.reload("jobs=2")
    settings = done.workspace.settings
    assert (settings.jobs, settings.verbose, settings.keep) == (2, True, 3)
    assert done.waiting == ("keep",)


def test_a_traceback_shows_the_new_lines(here, opened):
    """The source that tracebacks show is that of the module as it was loaded last."""
    path = str(here.path / "helper.py")
    assert linecache.getline(path, 4) == "    return x + 1\n"
    change(here, {"helper.py": ("x + 1", "x + 2")})
    opened.reload()
    assert linecache.getline(path, 4) == "    return x + 2\n"


SCRIPT = f"""import json
from compmake import comp
from helper import clean
LIMIT = 5
def job(x):
    return clean(x) + LIMIT
comp(job, 1)
if __name__ == "__main__":
    import sys
    sys.path.append({os.path.dirname(__file__)!r})
    import pathlib
    from opened_programs import Opened
    opened = Opened("prog.py")
    opened.dump()
    for name, old, new in (("helper.py", "x + 1", "x + 2"), ("prog.py", "LIMIT = 5", "LIMIT = 6")):
        path = pathlib.Path(name)
        path.write_text(path.read_text().replace(old, new, 1))
    assert opened.watch.names(opened.watch.changed()) == ["helper.py", "prog.py"]
    opened.reload()
    assert opened.watch.changed() == []
    print(json.dumps(opened.dump()))
    opened.workspace.close()
"""


def test_a_script_that_was_run_is_loaded_anew_under_its_own_name(here):
    """Where `__main__` is the program its globals are those of before; what it imported is the program's too."""
    here.write("prog.py", SCRIPT)
    after = here.python("prog.py")
    assert json.loads(after.out) == json.loads(here.python("-c", FRESH).out), after.err


def test_a_module_of_a_package_elsewhere_is_loaded_with_its_package(here, monkeypatch):
    """Finding a program on the import path runs nothing, so that all of it is noticed and loaded anew."""
    here.write("far/suite/__init__.py", "from compmake import comp\nfrom suite import tools\ncomp(tools.one)\n")
    here.write("far/suite/tools.py", "def one():\n    return 1\n")
    here.write("far/suite/main.py", "from compmake import comp\nfrom suite.tools import one\ncomp(one)\n")
    sys.path.append(str(here.path / "far"))
    opened = Opened("suite.main")
    assert opened.jobs() == ["one", "one-2"]
    here.write("far/suite/__init__.py", "# nothing\n")
    assert opened.watch.names(opened.watch.changed()) == ["suite/__init__.py"]
    opened.reload()
    assert opened.jobs() == ["one"]
    opened.workspace.close()


def test_what_the_environment_had_imported_stays(here):
    """The user's modules that were there before the program are none of the program's, as `sitecustomize`."""
    here.write("earlier.py", "x = 1\n")
    sys.path.insert(0, str(here.path))
    earlier = importlib.import_module("earlier")
    change(here, {"prog.py": ("import work", "import earlier, work")})
    opened = Opened()
    opened.reload()
    assert sys.modules["earlier"] is earlier
    opened.workspace.close()


def test_a_store_without_its_program_cannot_be_loaded_anew(here, opened):
    """There is nothing to load."""
    opened.workspace.program = None
    with pytest.raises(UserError, match="cannot be loaded anew"):
        opened.reload()
