"""Commands about the store: `check`, `gc`, `delete`, `dump`."""

import json
import pickle
import sqlite3

from command_lines import run_each


def test_check_of_a_sound_store(small):
    """Everything is as it was written: exit code 0."""
    done = small.run("prog", "check")
    assert (done.code, done.out) == (0, "10 records checked: all as it was written.\n")


def test_check_names_what_is_damaged(small):
    """A damaged result is named with its job, exits with 3, and only that job is made again."""
    with sqlite3.connect(small.path / ".compmake" / "prog" / "index.db") as index:
        index.execute("update jobs set inline = x'00' where job_id = 'func1-2'")
    index.close()
    done = small.run("prog", "check", "--json")
    assert done.code == 3
    (found,) = done.objects
    assert (found["job"], found["function"]) == ("func1-2", "func1")
    assert small.run("prog", "make", "func3-2").code == 0
    assert small.take_ledger() == ["func1 2"]


def test_gc_drops_what_is_no_longer_defined(small):
    """With `-y` the records of old ids go, those of the program stay."""
    first, second, left = run_each(small, [["prog", "gc", "-y"], ["prog", "gc"], ["prog", "check"]])
    assert first.out.startswith("2 records dropped, ")
    assert second.out.startswith("0 records dropped, ")
    assert left.out.startswith("8 records checked")


def test_delete_forgets_old_ids_only(small):
    """`delete` selects among ids that the program no longer defines; others are unknown to it."""
    one, defined, rest, none = run_each(
        small,
        [
            ["prog", "delete", "old-1"],
            ["prog", "delete", "func1"],
            ["prog", "delete", "all"],
            ["prog", "delete", "all"],
        ],
    )
    assert (one.code, one.out) == (0, "1 job deleted.\n")
    assert defined.code == 2
    assert rest.out == "1 job deleted.\n"
    assert none.out == "Nothing to delete: the store knows no job that the program does not define.\n"
    assert len(small.run("prog", "ls").out.splitlines()) == 9


def test_dump_writes_results_and_an_index(small):
    """Each result as a plain pickle, text also as `.txt`, and the index says which file is whose."""
    done = small.run("prog", "dump", "func1()", "func3()", "dir=results")
    assert done.code == 0
    assert "1 job without a result left out" in done.out
    assert "5 results written to results" in done.out
    folder = small.path / "results"
    index = json.loads((folder / "index.json").read_text())
    assert sorted(index) == ["func1", "func1-2", "func1-3", "func3", "func3-2"]
    values = {job: pickle.loads((folder / files[0]).read_bytes()) for job, files in index.items()}
    assert values["func1-3"] == 15
    assert values["func3"] == "text 15"
    text = next(name for name in index["func3"] if name.endswith(".txt"))
    assert (folder / text).read_text() == "text 15"


def test_dump_over_existing_files_asks(small):
    """A second dump into the same folder needs `-y`."""
    first, second, third = run_each(small, [["prog", "dump", "func1", "dir=d", *y] for y in ([], [], ["-y"])])
    assert first.code == third.code == 0
    assert second.code == 2
    assert "write over 1 file in d? Nothing was done: say -y to mean it" in second.err


def test_dump_into_what_is_no_folder(small):
    """A folder that cannot be made is named, with exit code 2."""
    done = small.run("prog", "dump", "func1", "dir=prog.py")
    assert done.code == 2
    assert "prog.py cannot be written" in done.err


def test_dump_that_cannot_write_says_what_to_do(small):
    """A name that is taken by a folder: exit code 2, the place, and the option that names another."""
    (small.path / "results" / "index.json").mkdir(parents=True)
    done = small.run("prog", "dump", "func1", "dir=results")
    assert done.code == 2
    assert "results/index.json cannot be written: Is a directory. Name another folder with dir=DIR." in done.err


def test_dump_goes_on_after_what_cannot_be_loaded(space):
    """A result whose class is gone is dumped as it is stored; text that is no UTF-8 is written; the others too."""
    space.write("shapes.py", "class Circle:\n    pass\ndef make():\n    return Circle()\n")
    space.write(
        "prog.py",
        """\
        import shapes
        from compmake import comp

        def text(number):
            return chr(number)

        comp(shapes.make)
        comp(text, 0xD800)
        comp(text, 0xE4)
        """,
    )
    assert space.run("prog", "make").code == 0
    space.write("shapes.py", "def make():\n    return 1\n")
    done = space.run("prog", "dump", "dir=results")
    assert done.code == 0, done.err
    written = json.loads((space.path / "results" / "index.json").read_text())
    assert {job: [name.rpartition(".")[2] for name in names] for job, names in written.items()} == {
        "make": ["pickle"],
        "text": ["pickle", "txt"],
        "text-2": ["pickle", "txt"],
    }
