"""Damaged results are never used: they are made again, at once, and it is said why."""

import os

from stored_program import ALL, index_rows, store
from withstanding import assert_told, flip_a_bit, object_files


def test_a_damaged_large_result_is_made_again_and_told(made):
    """One bit of an object flipped between two makes: that job runs, its readers do not, the file is kept aside."""
    victim = object_files(made)[0]
    flip_a_bit(victim, 5_000)
    job = next(row["job"] for row in made.run("prog", "ls", "--json").objects if row["state"] == "stale")
    assert "damaged" in made.run("prog", "why", job).out
    ran = made.make()
    assert len(ran) == 1
    assert ran[0].startswith("big")
    assert list((store(made) / "quarantine").iterdir())
    assert made.make() == []


def test_a_damaged_small_result_is_made_again(made):
    """One bit of a result inside the index flipped: that job runs and nothing else."""
    ((blob,),) = index_rows(made, "select inline from jobs where job_id = 'small-2'")
    index_rows(made, "update jobs set inline = ? where job_id = 'small-2'", bytes([blob[0] ^ 1]) + blob[1:])
    assert made.make() == ["small 1"]


def test_damage_that_nobody_could_see_is_found_when_the_result_is_read(made):
    """Same size and same time of change: a reader finds it, the job is made again in the same make."""
    for victim in object_files(made):
        times = victim.stat()
        flip_a_bit(victim, 5_000)
        os.utime(victim, ns=(times.st_atime_ns, times.st_mtime_ns))
    made.edit("prog.py", "return len(b) + a", "return sum(b) + a")
    done = made.run("prog", "make")
    assert done.code == 0, done.err
    assert made.take_ledger() == ALL[:3] + ALL[6:]
    assert made.run("prog", "check").code == 0


def test_a_result_damaged_while_making_is_made_again(space):
    """A job damages the stored result of another one that a third reads: no wrong value, no failure."""
    space.write(
        "prog.py",
        """\
        import glob
        from compmake import comp
        from ledger import note

        def big():
            note("big")
            return bytes(300_000)

        def vandal(order):
            for path in glob.glob(".compmake/prog/objects/*/*"):
                with open(path, "r+b") as file:
                    file.seek(9_999)
                    file.write(b"!")
            return 1

        def read(data, after):
            note(f"read {sum(data)}")
            return sum(data)

        first = comp(big)
        comp(read, first, comp(vandal, 1, extra_dep=first))
        """,
    )
    assert space.make() == ["big", "big", "read 0"]


def test_a_result_whose_class_is_gone_is_told_by_name(space):
    """The reader of a result that cannot be unpickled fails with job, class and reason; others go on."""
    space.write(
        "prog.py",
        """\
        from compmake import comp
        import shapes

        def read(shape, version):
            return version

        def other():
            return 1

        comp(read, comp(shapes.make), 1)
        comp(other)
        """,
    )
    space.write("shapes.py", "class Circle:\n    pass\ndef make():\n    return Circle()\n")
    assert space.run("prog", "make").code == 0
    space.write("shapes.py", "def make():\n    return 1\n")
    space.edit("prog.py", "shapes.make)", "shapes.make)")
    assert space.run("prog", "accept", "make", "-y").code == 0
    space.edit("prog.py", "return version", "return version + 1")
    space.edit("prog.py", "return 1", "return 2")
    done = space.run("prog", "make")
    assert done.code == 1, done.err
    assert "result of 'make'" in done.err
    assert "Circle" in done.err
    states = {row["job"]: row["state"] for row in space.run("prog", "ls", "--json").objects}
    assert states == {"make": "done", "read": "failed", "other": "done"}


def test_what_waits_for_results_that_are_always_damaged_counts_as_blocked(space):
    """A disk that spoils every object: the reader fails after three attempts, and what needs it is told as blocked."""
    space.write(
        "prog.py",
        """\
        import os
        from compmake import comp

        def big():
            rename = os.replace

            def spoil(source, target):
                if "objects" in target:
                    with open(source, "r+b") as file:
                        file.seek(9_999)
                        file.write(b"!")
                rename(source, target)

            os.replace = spoil
            return bytes(300_000)

        def read(data):
            return sum(data)

        comp(print, comp(read, comp(big)))
        """,
    )
    done = space.run("prog", "make")
    assert done.code == 1, done.err
    assert "1 done, 1 failed, 1 blocked" in done.err
    assert "not started" not in done.err


def test_a_result_that_is_gone_before_it_was_recorded_is_an_error_of_the_store_and_stops_nobody(space):
    """All other jobs are made and recorded; exit code 3, and the message names the job."""
    space.write(
        "prog.py",
        """\
        import os
        from compmake import comp

        def big():
            rename = os.replace

            def lose(source, target):
                rename(source, target)
                if "objects" in target:
                    os.unlink(target)

            os.replace = lose
            return bytes(300_000)

        def small(number):
            return number

        comp(big)
        for number in range(20):
            comp(small, number)
        """,
    )
    done = space.run("prog", "make")
    assert_told(done, 3, "'big'", "vanished")
    assert [row["state"] for row in space.run("prog", "ls", "small()", "--json").objects] == ["done"] * 20
