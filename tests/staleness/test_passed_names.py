"""Functions that are passed as arguments, or only named there."""

import shutil

from edited_programs import Edit, claims, write_program

DISPATCH = """
== models.py
def linear(x): return x
def square(x): return x * x
def unused(x): return 0
== work.py
from ledger import note
import models
def run(kind, x):
    note(f"run {kind}"); return getattr(models, kind)(x)
def run_config(config):
    note(f"config {config['kind']}"); return getattr(models, config["kind"])(2)
== prog.py
from compmake import comp
from work import run, run_config
for kind in ("linear", "square"):
    comp(run, kind, 3)
    comp(run_config, {"kind": kind})
"""

SWAPPED = """
== work.py
from ledger import note
def both(f, g):
    note("both"); return f(1), g(2)
== prog.py
from compmake import comp
from work import both
comp(both, lambda x: x + 1, lambda x: x * 10)
"""


@claims(
    {
        "a function that an argument names": Edit(
            DISPATCH, "models.py", "x * x", "x * x * x", ("config square", "run square")
        ),
        "a function that no argument names": Edit(DISPATCH, "models.py", "return 0", "return 1"),
        "two functions that change places": Edit(
            SWAPPED, "prog.py", "lambda x: x + 1, lambda x: x * 10", "lambda x: x * 10, lambda x: x + 1", ("both",)
        ),
    }
)
def test_code_that_arguments_name_or_hold_counts_where_it_is_used(space, made, edit):
    """An edit reruns the jobs whose arguments lead to it, and no others."""
    assert made.make_edited(space, edit) == sorted(edit.runs)


def test_a_moved_program_with_lambdas_is_up_to_date(space, tmp_path_factory):
    """Bytecode that came along names the files by their old paths: the code is found all the same."""
    write_program(space, SWAPPED)
    assert space.make() == ["both"]
    moved = type(space)(tmp_path_factory.mktemp("moved") / "here")
    shutil.copytree(space.path, moved.path, dirs_exist_ok=True)
    assert list((moved.path / "__pycache__").glob("work.*.opt-compmake.pyc"))
    shutil.rmtree(space.path)
    assert moved.make() == []


SWEEP = """
== work.py
from ledger import note
def double(x):
    note(f"double {x}"); return 2 * x
== prog.py
from compmake import comp
from work import double
for x in [1, 2, 3]:
    comp(double, x)
"""


def test_a_plan_after_ids_shifted_calls_the_new_job_never_made(space, made):
    """The record under its id belongs to another job now: it is not compared with the new one."""
    made.copy_edited(space, Edit(SWEEP, "prog.py", "[1, 2, 3]", "[7, 1, 2, 3]"))
    assert space.run("prog", "plan").out.splitlines()[0] == "1 job will run: never made"


def test_a_claimed_record_tells_the_dependencies_by_their_new_ids(space):
    """Looked at without its program, a store shows what depends on what as it was after ids shifted."""
    space.write("prog.py", "from compmake import comp\nfor x in [1, 2]:\n    comp(str, comp(abs, x))\n")
    space.make()
    space.edit("prog.py", "[1, 2]", "[7, 1, 2]")
    space.make()
    (found,) = space.run(".compmake/prog", "details", "str-3", "--json").objects
    assert found["needs"] == ["abs-3"]
