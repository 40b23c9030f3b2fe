"""Which edits of a program change the code that a job depends on, and which do not."""

import pytest

PROG = '''
    """A program."""
    import helper
    from compmake import comp

    LIMIT = 3

    def unused(x):
        return x - 1

    def decorate(f):
        return f

    class Base:
        def run(self):
            return 1

    class Model(Base):
        """Fits."""
        size: int = 4

        def __init__(self, n):
            self.n = n

        def fit(self):
            return self.step(self.n)

        def step(self, n):
            return n + 1

    @decorate
    def job(x: int, k=5) -> int:
        """Do it."""
        model = Model(x)
        # fit it
        return helper.clean(model.fit()) + LIMIT + model.run()

    for value in [1, 2]:
        pass
'''
HELPER = """
    from deep import scrub

    def clean(x):
        return scrub(x) * 2

    def idle(x):
        return x
"""
DEEP = """
    def scrub(x):
        return x + 100
"""

COUNTING = {
    "own body": ("prog", "+ LIMIT +", "+ LIMIT -"),
    "default argument": ("prog", "k=5", "k=6"),
    "decorator": ("prog", "return f\n", "return f or None\n"),
    "decorator removed": ("prog", "@decorate\n", "\n"),
    "constant": ("prog", "LIMIT = 3", "LIMIT = 4"),
    "base class": ("prog", "return 1", "return 2"),
    "bases": ("prog", "class Model(Base)", "class Model(Base, object)"),
    "class field": ("prog", "size: int = 4", "size: int = 5"),
    "class field's annotation": ("prog", "size: int = 4", "size: float = 4"),
    "method through self": ("prog", "return n + 1", "return n + 2"),
    "helper": ("helper", "* 2", "* 3"),
    "helper's helper": ("deep", "+ 100", "+ 101"),
    "new override": ("prog", "    def step", "    def run(self):\n        return 9\n\n    def step"),
}

NOT_COUNTING = {
    "comment": ("prog", "# fit it", "# do fit it"),
    "docstring": ("prog", "Do it.", "Do it now."),
    "class docstring": ("prog", "Fits.", "Fits well."),
    "module docstring": ("prog", "A program.", "The program."),
    "blank lines": ("prog", "model = Model(x)", "model = Model(x)\n\n\n"),
    "annotation": ("helper", "def clean(x):", "def clean(x: 'int') -> 'int':"),
    "pass": ("prog", '"""Do it."""', '"""Do it."""\n    pass'),
    "layout": ("prog", "helper.clean(model.fit()) + LIMIT", "(helper.clean(\n    model.fit(),\n) + LIMIT)"),
    "unused function": ("prog", "return x - 1", "return x - 2"),
    "unused function of a helper module": ("helper", "return x\n", "return x + 1\n"),
    "new function": ("helper", "def idle", "def another():\n    return 1\n\ndef idle"),
    "value of a loop": ("prog", "[1, 2]", "[1, 2, 3]"),
    "new loop": ("prog", "for value in", "for other in [5]:\n    print\nfor value in"),
    "import of a library": ("prog", "import helper", "import helper\nimport json"),
}


@pytest.fixture
def written(program):
    program.write("prog", PROG.replace("from compmake import comp\n", ""))
    program.write("helper", HELPER)
    program.write("deep", DEEP)
    return program


@pytest.mark.parametrize("edit", COUNTING.values(), ids=COUNTING)
def test_an_edit_of_code_in_use_counts(written, edit):
    """A change anywhere in what a job can reach must change its code."""
    assert written.changes(*edit)


@pytest.mark.parametrize("edit", NOT_COUNTING.values(), ids=NOT_COUNTING)
def test_an_edit_without_effect_does_not_count(written, edit):
    """Spelling, comments, unused code and the loops that define jobs must change no job's code."""
    assert not written.changes(*edit)


def test_order_of_definitions_does_not_count(written):
    """Functions, classes and methods may stand in any order."""
    before = written.code()
    text = (written.folder / "prog.py").read_text()
    head, unused, rest = text.partition("def unused(x):\n    return x - 1\n")
    step = "    def step(self, n):\n        return n + 1\n"
    rest = rest.replace(step, "").replace("    def __init__", step + "\n    def __init__")
    (written.folder / "prog.py").write_text(head + rest + "\n" + unused)
    assert written.code().digest == before.digest


def test_undo_gives_the_old_code_again(written):
    """An edit and its undo lead back to the same digest."""
    before = written.code()
    assert written.changes("deep", "+ 100", "+ 101")
    written.edit("deep", "+ 101", "+ 100")
    assert written.code().digest == before.digest


def test_a_set_names_units_and_what_brought_them_in(written):
    """`why` must be able to say through which function a helper is used."""
    code = written.code()
    assert {"prog:job", "prog:Model", "prog:Model.step", "prog:Base.run", "helper:clean", "deep:scrub"} <= set(
        code.units
    )
    assert not {"prog:unused", "helper:idle", "prog:value"} & {*code.units, *code.globals}
    assert code.via["deep:scrub"] == "helper:clean"
    assert code.via["helper:clean"] == "prog:job"
    assert code.globals["prog:LIMIT"][1] == "3"


def test_a_set_survives_the_store(written):
    """What is read back from the store equals what was written."""
    code = written.code()
    assert type(code).from_bytes(code.to_bytes()) == code
    assert type(code).from_bytes(code.to_bytes()).digest == code.digest
    with pytest.raises(ValueError, match="not a set"):
        type(code).from_bytes(b"{}")


def test_source_is_readable_and_without_comments(written):
    """The text of a unit is Python that shows what counts and nothing else."""
    loaded = written.load()
    loaded.code("prog.job")
    assert loaded.index.source("prog:job").splitlines()[:2] == ["@decorate", "def job(x: int, k=5) -> int:"]
    assert "fit it" not in loaded.index.source("prog:job")
    assert "Do it" not in loaded.index.source("prog:job")
    assert "members: __init__, fit, step" in loaded.index.source("prog:Model")
    assert loaded.index.source("deep:scrub") == "def scrub(x):\n    return x + 100"
    assert loaded.index.source("nowhere:f") == ""


def test_where_gives_file_and_line(written):
    """Messages name the file and the line of a unit."""
    file, line = written.load().index.where("deep:scrub")
    assert (file, line) == (str(written.folder / "deep.py"), 2)


def test_own_code_can_be_left_out(written):
    """With `version=` the function's own text does not count, but what it uses does."""
    how = {"without": ["prog.job"]}
    assert not written.changes("prog", "k=5", "k=6", "prog.job", **how)
    assert written.changes("deep", "+ 100", "+ 101", "prog.job", **how)


def test_mode_function_counts_only_the_function(written):
    """In mode `function` helpers do not count."""
    assert not written.changes("deep", "+ 100", "+ 101", "prog.job", mode="function")
    assert written.changes("prog", "k=5", "k=6", "prog.job", mode="function")


def test_mode_module_counts_imported_modules_whole(written):
    """In mode `module` unused code of imported modules counts, comments and loops that define jobs do not."""
    assert written.changes("helper", "return x\n", "return x + 1\n", "prog.job", mode="module")
    assert written.changes("deep", "+ 100", "+ 101", "prog.job", mode="module")
    assert not written.changes("prog", "[1, 2]", "[1, 2, 3]", "prog.job", mode="module")
    assert not written.changes("prog", "# fit it", "#", "prog.job", mode="module")


def test_mode_off_counts_nothing(written):
    """In mode `off` no edit counts, and there are no units."""
    assert not written.changes("prog", "k=5", "k=6", "prog.job", mode="off")
    assert not written.code(mode="off").units


def test_an_unknown_mode_is_refused(written):
    """A mode that does not exist is an error, not another mode."""
    with pytest.raises(ValueError, match="no code mode"):
        written.code(mode="deep")
