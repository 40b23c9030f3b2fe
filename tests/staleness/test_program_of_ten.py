"""One program of ten modules, in the manner of real ones: each edit runs exactly the jobs it can change."""

from edited_programs import Edit, claims
from ten_modules import PROGRAM


def edit(file, old, new, *runs):
    """Return an edit of a module of the package, or of the program."""
    name = file if file in ("jobs.py", "prog.py") else f"survey/{file}"
    return Edit(PROGRAM, name, old, new, tuple(sorted(runs)))


OF_VALUES = ("filtered", "staged", "checked", "plugged")
ALL_OF_SIGNAL = ("read", "combined", "highest", *OF_VALUES)

CASES = {
    "nothing but a comment": edit("loading.py", "def load", "# reads\ndef load"),
    "a constant that nobody uses": edit("settings.py", "UNUSED = 7", "UNUSED = 8"),
    "a method that nobody calls": edit("settings.py", "1 / self.points", "2 / self.points"),
    "a constant of a module imported as a whole": edit("settings.py", "GAIN = 2.0", "GAIN = 3.0", *ALL_OF_SIGNAL),
    "a constant with the same value": edit("settings.py", "GAIN = 2.0", "GAIN = 4.0 / 2"),
    "the text of a log message": edit("loading.py", "loading %s", "now %s", "read"),
    "the cache is bound in another way": edit("loading.py", "_cache = {}", "_cache = dict()"),
    "a helper through a re-export and a relative import": edit(
        "arrays.py", "dtype=float)", "dtype=float) + 1", *ALL_OF_SIGNAL
    ),
    "a helper that gives the same result": edit("arrays.py", "np.arange(n", "np.arange(0, n", "read"),
    "an array at top level": edit("arrays.py", "0.25]", "0.5]", *OF_VALUES),
    "a method of a dependency's result": edit("arrays.py", "values.max()", "values.max() + 1", "highest"),
    "a property of a dependency's result": edit("arrays.py", "**2).sum", "**4).sum", "combined"),
    # Which of them adds cannot be told from names.
    "an operator of a dependency's result": edit(
        "arrays.py",
        "values + other",
        "values - other",
        "read",
        "combined",
        "highest",
        "filtered",
        "staged",
        "plugged",
        "checked",
    ),
    "an abstract base's template method": edit("stages.py", "+ self.offset()", "- self.offset()", "staged"),
    "a hook that the base class calls": edit("stages.py", "return 0", "return 1", "staged", "checked"),
    "an override": edit("stages.py", "values * factor", "values + factor", "staged", "checked"),
    "a cached helper": edit("stages.py", "n * 1", "n * 3", "staged", "checked"),
    "a function inside a partial": edit("stages.py", "values**exponent", "-(values**exponent)", "staged", "checked"),
    "an argument of a partial": edit("stages.py", "exponent=2", "exponent=3", "staged", "checked"),
    "a function registered by a decorator": edit("checks.py", "< 100", "< 3", "checked"),
    "another registered function": edit(
        "checks.py",
        '@check("small")',
        '@check("big")\ndef is_big(values):\n    return len(values) > 3\n@check("small")',
        "checked",
    ),
    "a method of an enum": edit("modes.py", "* 10", "* 20", "rounds"),
    "a value of an enum": edit("modes.py", "SLOW = 2", "SLOW = 3", "rounds"),
    "a class registered by __init_subclass__": edit("plugins.py", "- values.min()", "+ values.min()", "plugged"),
    "a context manager": edit("timing.py", "name.upper()", "name.lower()", "labelled"),
    "a nested field of a configuration object": edit("prog.py", "Grid(8)", "Grid(9)", *ALL_OF_SIGNAL),
    "a default of a configuration class": edit(
        "settings.py", "tags: tuple = ()", "tags: tuple = (1,)", *ALL_OF_SIGNAL[:1]
    ),
    "an unrelated job": edit(
        "prog.py",
        'comp(jobs.labelled, "hello")',
        'comp(jobs.labelled, "hello")\ncomp(jobs.labelled, "more")',
        "labelled",
    ),
}


@claims(CASES)
def test_edit_of_a_grown_program(space, made, edit):
    """What ran is what the edit can change."""
    assert made.make_edited(space, edit) == list(edit.runs)


def test_nothing_changed(space, made):
    """A logger, a time stamp at top level and in a default, caches and objects as arguments are no reason."""
    assert made.make_edited(space, edit("loading.py", "def load", "def load")) == []
