"""What is stored, who may claim it, and what was really run: undo, damage, shifted ids, edits during a make."""

import os

import pytest
from edited_programs import write_program

CHAINED = """
== work.py
from ledger import note
def first(x):
    note(f"first {x}")
    return x * 100
def second(made, y):
    note(f"second {made} {y}")
    return made + y
def third(made):
    note(f"third {made}")
    return made
== prog.py
from compmake import comp
from work import first, second, third
for x in [1, 2, 3]:
    for y in [10, 11]:
        comp(third, comp(second, comp(first, x), y))
"""


@pytest.fixture
def chained(space):
    """The loops of the user's own example, made once."""
    write_program(space, CHAINED)
    assert len(space.make()) == 18
    return space


def chain(x, y):
    """Return what one turn of the loops notes."""
    return [f"first {x}", f"second {x * 100} {y}", f"third {x * 100 + y}"]


EQUAL = """
== work.py
from ledger import note
def first(x):
    note(f"first {x}")
    return x // 10
def second(made):
    note(f"second {made}")
    return made
def last(made):
    note(f"last {len(made)}")
== prog.py
from compmake import comp
from work import first, second, last
comp(last, [comp(second, comp(first, x)) for x in [1, 2]])
"""


def test_result_that_a_job_uses_is_not_claimed_from_it(space):
    """Ids shift among jobs whose inputs are equal: the new id takes no record that another job is done with."""
    write_program(space, EQUAL)
    space.make()
    space.edit("prog.py", "[1, 2]", "[3, 1, 2]")
    assert space.make() == ["first 3", "last 3", "second 0"]
    assert space.make() == []


def test_a_free_record_is_counted_on_once(space):
    """Two equal calls under new ids and one record: `plan` says that one of them runs, and one does."""
    write_program(space, EQUAL)
    space.make()
    space.write("prog.py", "from compmake import comp\nfrom work import first\n")
    with open(space.path / "prog.py", "a") as file:
        file.write("for name in 'ab':\n    comp(first, 1, job_id=name)\n")
    assert space.run("prog", "plan").out.startswith("1 job will run: never made\n1 up to date\n")
    assert space.make() == ["first 1"]


def test_a_value_in_front_of_the_outer_loop(chained):
    """All ids shift by two levels of dependents: only the jobs of the new value run."""
    chained.edit("prog.py", "[1, 2, 3]", "[0, 1, 2, 3]")
    assert chained.make() == sorted(chain(0, 10) + chain(0, 11))
    assert chained.make() == []


def test_a_value_in_front_of_the_inner_loop(chained):
    """Ids shift by one more with each turn of the outer loop: only the jobs of the new value run."""
    chained.edit("prog.py", "[10, 11]", "[9, 10, 11]")
    assert chained.make() == sorted(chain(1, 9) + chain(2, 9) + chain(3, 9))
    assert chained.make() == []


def test_a_value_removed_and_put_back(chained):
    """Records of ids that are gone are kept: nothing runs, neither without the value nor with it again."""
    chained.edit("prog.py", "[1, 2, 3]", "[2, 3]")
    assert chained.make() == []
    chained.edit("prog.py", "[2, 3]", "[1, 2, 3]")
    assert chained.make() == []


def test_both_loops_turned_round(chained):
    """Every job finds its record under another id."""
    chained.edit("prog.py", "[1, 2, 3]", "[3, 2, 1]")
    chained.edit("prog.py", "[10, 11]", "[11, 10]")
    assert chained.make() == []


def test_a_value_in_front_and_the_last_function_edited(chained):
    """Shifted ids do not hide an edit: what was not edited is claimed, what was edited runs."""
    chained.edit("prog.py", "[1, 2, 3]", "[0, 1, 2, 3]")
    chained.edit("work.py", "    return made\n", "    return -made\n")
    thirds = [chain(x, y)[2] for x in (1, 2, 3) for y in (10, 11)]
    assert chained.make() == sorted(chain(0, 10) + chain(0, 11) + thirds)


ONE_JOB = """
== work.py
from ledger import note
def job(x):
    note(f"job {x}")
    return [x] * SIZE
def user(made):
    note("user")
    return len(made)
SIZE = 3
== prog.py
from compmake import comp
from work import job, user
comp(user, comp(job, 1))
"""


def test_an_edit_and_its_undo(space):
    """The result before the edit is still there: nothing runs the second time."""
    write_program(space, ONE_JOB)
    space.make()
    space.edit("work.py", "[x]", "[-x]")
    assert space.make() == ["job 1", "user"]
    space.edit("work.py", "[-x]", "[x]")
    assert space.make() == []
    space.edit("work.py", "[x]", "[-x]")
    assert space.make() == []


def test_two_equal_calls_one_cleaned(space):
    """Equal calls are separate jobs: exactly the cleaned one runs, none takes the other's record."""
    write_program(space, ONE_JOB)
    space.write("prog.py", "from compmake import comp\nfrom work import job\ncomp(job, 1)\ncomp(job, 1)\n")
    assert space.make() == ["job 1", "job 1"]
    assert space.run("prog", "clean", "job-2").code == 0
    assert [o["job"] for o in space.run("prog", "plan", "--json").objects] == ["job-2"]
    assert space.make() == ["job 1"]
    assert space.make() == []


def test_another_hash_seed_and_another_folder_order(space):
    """What a process draws at random, and how its folder lists files, is no reason."""
    write_program(space, ONE_JOB)
    space.edit("prog.py", "comp(job, 1)", "comp(job, frozenset({'a', 'b', 'c', 'd'}))")
    space.make(env={"PYTHONHASHSEED": "1"})
    for name in ("prog.py", "ledger.py", "work.py"):  # new entries of the folder, in another order
        text = (space.path / name).read_text()
        (space.path / name).unlink()
        space.write(name, text)
    assert space.make(env={"PYTHONHASHSEED": "2"}) == []


def test_another_current_folder(space):
    """The program is the same when it is named from elsewhere."""
    write_program(space, ONE_JOB)
    space.make()
    space.take_ledger()
    done = space.run(os.path.join(space.path.name, "prog.py"), "make", cwd=space.path.parent)
    assert (done.code, space.take_ledger()) == (0, []), done.err


def objects_of(space):
    """Return the files of large results."""
    return [path for path in (space.path).rglob("objects/**/*") if path.is_file()]


def flip(path, at):
    """Flip one bit of a file, keeping its size and time."""
    before = path.stat()
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.fixture
def large(space):
    """A program whose result is large enough for a file of its own, made; its reader is to be made again."""
    write_program(space, ONE_JOB)
    space.edit("work.py", "SIZE = 3", "SIZE = 200_000")
    space.make()
    assert len(objects_of(space)) == 1
    return space


def test_a_result_file_deleted(large):
    """The job is stale with the reason, and runs; its reader does not, for the result is the same."""
    objects_of(large)[0].unlink()
    told = large.run("prog", "why", "job", "--json").objects[0]
    assert [reason["code"] for reason in told["reasons"]] == ["result-missing"]
    assert large.make() == ["job 1"]
    assert large.make() == []


def test_a_bit_of_a_large_result_flipped(large):
    """Size and time tell nothing; whoever reads the result finds it, and the job is made again before its reader."""
    flip(objects_of(large)[0], 1000)
    large.edit("work.py", "len(made)", "sum(made)")
    assert large.make() == ["job 1", "user"]
    assert large.run("prog", "check").code == 0


def test_a_bit_of_a_large_result_flipped_with_another_time(large):
    """A file whose time differs from the record is read and found damaged before anybody needs it."""
    flip(objects_of(large)[0], 1000)
    os.utime(objects_of(large)[0])
    assert large.make() == ["job 1"]


def test_a_bit_of_a_small_result_flipped(space):
    """A small result lies in the index; a flipped bit is found and the job is made again."""
    write_program(space, ONE_JOB)
    space.edit("work.py", "[x] * SIZE", "'recognisable result ' + str(x)")
    space.make()
    index = next(space.path.rglob("index.db"))
    places = [index.read_bytes().find(b"recognisable result 1")]
    while (after := index.read_bytes().find(b"recognisable result 1", places[-1] + 1)) >= 0:
        places.append(after)
    for place in places:
        flip(index, place)
    space.edit("work.py", 'note("user")', 'note(f"user {made}")')
    assert space.make() == ["job 1", "user recognisable result 1"]


LATE = """
== late.py
def value():
    return "old"
== work.py
import pathlib
from ledger import note
def touch():
    note("touch")
    here = pathlib.Path(__file__).parent / "late.py"
    here.write_text(here.read_text().replace("old", "new"))
def lazy(x):
    import late
    note(f"lazy {x} {late.value()}")
def eager(x):
    note(f"eager {x}")
    return x
== prog.py
from compmake import comp
from work import eager, lazy, touch
first = comp.options(extra_dep=comp(eager, 1))(touch)
for x in (1, 2):
    comp.options(extra_dep=first)(lazy, x)
"""


def test_a_user_file_edited_in_the_middle_of_a_make(space):
    """What ran is not what the driver read: nothing is recorded for those jobs, the text names the file."""
    write_program(space, LATE)
    done = space.run("prog", "make")
    assert done.code == 1
    assert "late.py changed while running" in done.err
    states = {o["job"]: o["state"] for o in space.run("prog", "ls", "--json").objects}
    assert {job: states[job] for job in ("touch", "eager")} == {"touch": "done", "eager": "done"}
    assert "done" not in (states["lazy"], states["lazy-2"])
    space.take_ledger()
    assert space.make() == ["lazy 1 new", "lazy 2 new"]
    assert space.make() == []
