"""A store that cannot be used is told with exit code 3; what was done stays, and nothing wrong is ever used."""

import os
import resource
import shutil
import subprocess
import sys

import pytest
from stored_program import ALL, PROGRAM, index_rows, store
from withstanding import assert_told, obey_permissions, run_prepared, start, wait_until


def test_a_copied_store_is_up_to_date(made):
    """The ground of this file: nothing runs in an untouched copy."""
    assert made.make() == []


@pytest.mark.parametrize("command", ["make", "clean -y", "gc -y", "invalidate all -y"])
def test_a_read_only_store_is_told_and_left_alone(made, command):
    """Every command that changes says that the store is read-only; no job runs."""
    for path in (store(made), store(made) / "index.db", store(made) / "lock"):
        path.chmod(path.stat().st_mode & ~0o222)
    made.edit("prog.py", "return x", "return 2 * x")
    done = run_prepared(made, obey_permissions, "prog", *command.split())
    store(made).chmod(0o700)
    assert_told(done, 3, str(store(made)), "read-only", "--store")
    assert made.take_ledger() == []


def test_a_read_only_store_can_be_looked_at(made):
    """`ls` and `why` work without a right to write, and write nothing."""
    for path in (store(made), store(made) / "index.db"):
        path.chmod(path.stat().st_mode & ~0o222)
    before = sorted(os.listdir(store(made)))
    done = run_prepared(made, obey_permissions, "prog", "-c", "ls done; why; stats")
    assert done.code == 0, done.err
    assert sum("done" in line for line in done.out.splitlines()) >= 9
    assert sorted(os.listdir(store(made))) == before
    store(made).chmod(0o700)


def test_a_program_in_a_read_only_folder_keeps_its_store_in_the_current_one(space):
    """Where the usual place cannot be written, the store is in the current folder, and that is said."""
    space.write("there/prog.py", PROGRAM)
    space.write("there/ledger.py", "def note(text):\n    pass\n")
    (space.path / "there").chmod(0o500)
    done = run_prepared(space, obey_permissions, "there/prog.py", "make")
    (space.path / "there").chmod(0o700)
    assert done.code == 0, done.err
    assert f"the store is {space.path / '.compmake' / 'prog'}" in done.err


def test_a_program_in_a_read_only_current_folder_is_told_once(space):
    """There is no other place to fall back to: one message, which names `--store`."""
    space.write("prog.py", "from compmake import comp\ncomp(len, 'a')\n")
    space.path.chmod(0o500)
    done = run_prepared(space, obey_permissions, "prog", "make")
    space.path.chmod(0o700)
    assert_told(done, 3, str(store(space)), "--store")
    assert "the store is" not in done.err


def test_a_file_in_the_place_of_a_store_is_told(space):
    """It is left as it is, and the message says what to do."""
    space.write("prog.py", "from compmake import comp\ncomp(len, 'a')\n")
    space.write(".compmake/prog", "mine")
    assert_told(space.run("prog", "make"), 3, str(store(space)), "Not a directory", "move it", "--store")
    assert store(space).read_text() == "mine"


def can_mount() -> bool:
    """Tell whether this process may mount a small file system."""
    return (
        os.geteuid() == 0
        and shutil.which("unshare") is not None
        and (subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0)
    )


def test_a_full_disk_stops_the_make_and_loses_nothing(space):
    """The path and what is needed are told; what was done before stays; with space again, the rest is made."""
    space.write("prog.py", PROGRAM)
    limit = 200_000

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = run_prepared(space, small_files, "prog", "make")
    assert_told(done, 3, "objects", "cannot be written", "300", "bytes more", "Free some space")
    ran = (space.path / "ledger.txt").read_text().splitlines()
    before = next(number for number, name in enumerate(ran) if name.startswith("big"))
    assert not list(space.path.rglob(".tmp-*"))
    states = {row["job"]: row["state"] for row in space.run("prog", "ls", "--json").objects}
    assert "failed" not in states.values()
    finished = {job for job, state in states.items() if state == "done"}
    # A worker may have begun the job behind the one that did not fit.
    assert 0 < before <= len(finished) <= len([name for name in ran if not name.startswith("big")])
    assert len(space.make()) == 9 - len(finished)


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a small file system")
def test_a_really_full_file_system_stops_the_make_and_loses_nothing(space):
    """The same on a file system of 800 kB that is then enlarged."""
    space.write("prog.py", PROGRAM)
    (space.path / "full").mkdir()
    make = "python -m compmake --store full/store prog make"
    script = f"""
        mount -t tmpfs -o size=800k tmpfs full
        {make}; echo "code $?"; df -k full > /dev/null
        find full -name '.tmp-*'
        mount -o remount,size=8m full
        {make}; echo "code $?"
    """
    script = script.replace("python -m", f"'{sys.executable}' -m")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=space.path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["code", "3", "code", "0"], done.stderr
    assert "No space left on device" in done.stderr
    ran = (space.path / "ledger.txt").read_text().splitlines()
    again = [name for name in ran if ran.count(name) > 1]
    assert sorted(set(ran)) == ALL
    # What could not be stored, and what was sent ahead behind it, runs twice; nothing that came before.
    (unstored,) = {name for name in again if name.startswith("big")}
    assert again[0] == unstored


@pytest.mark.skipif(not can_mount(), reason="needs the right to mount a small file system")
def test_only_what_a_full_file_system_took_is_told_as_done(space):
    """Small results go into the index: those of a commit that failed are not counted in the summary."""
    space.write("prog.py", "from compmake import comp\nfor n in range(30):\n    comp(bytes, 60_000 + n)\n")
    (space.path / "full").mkdir()
    compmake = f"'{sys.executable}' -m compmake --store full/store prog"
    script = f"mount -t tmpfs -o size=700k tmpfs full; {compmake} make; {compmake} ls done | wc -l"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=space.path, capture_output=True, text=True, timeout=60, check=False
    )
    assert "No space left on device" in done.stderr
    assert f" {int(done.stdout)} done" in done.stderr, done.stderr


@pytest.mark.parametrize("content", [b"", b"hello\n", b"SQLite format 3\x00" + bytes(range(256)) * 100])
def test_a_damaged_index_is_told_with_a_way_out_that_works(made, content):
    """The message names the file and the command; after it, everything is made anew."""
    for path in store(made).glob("index.db*"):
        path.unlink()
    index = store(made) / "index.db"
    index.write_bytes(content)
    index.chmod(0o600)
    for command in ("make", "ls"):
        assert_told(made.run("prog", command), 3, str(index), "damaged", "mv index.db index.db.damaged")
    index.rename(index.with_name("index.db.damaged"))
    assert made.make() == ALL


def test_a_page_of_the_index_gone_bad_is_never_believed(made):
    """Pages of the index overwritten in turn: an error with code 3, or jobs made again; the good index still works."""
    index = store(made) / "index.db"
    good = index.read_bytes()
    for start_at in range(4096, len(good), 4 * 4096):
        index.write_bytes(good[:start_at] + b"\xa5" * 4096 + good[start_at + 4096 :])
        for extra in store(made).glob("index.db-*"):
            extra.unlink()
        done = made.run("prog", "make")
        if done.code:
            assert_told(done, 3, str(index), "damaged")
    index.write_bytes(good)
    assert made.run("prog", "make").code == 0


@pytest.mark.parametrize("name", ["lock", ".gitignore", "objects", "quarantine"])
def test_a_damaged_file_beside_the_index_is_repaired_or_told(made, name):
    """Garbage instead of any other part of the store: made again, or one message with code 3."""
    path = store(made) / name
    if path.is_dir():
        shutil.rmtree(path)
    path.write_bytes(b"\xff garbage \x1b[31m")
    path.chmod(0o600)
    done = made.run("prog", "make")
    if name in ("objects", "quarantine"):
        assert_told(done, 3, str(path), "not a folder", "Move it away")
    else:
        assert done.code == 0, done.err


def test_a_store_of_a_newer_version_is_refused(made):
    """Nothing is read or written; the message says which version and what to do."""
    index_rows(made, "update meta set value = '99' where key = 'schema'")
    assert_told(made.run("prog", "make"), 3, str(store(made)), "newer compmake", "99")


def test_a_store_that_another_make_holds_is_refused_with_its_holder(made):
    """Command, process id and host of the holder are told; looking works meanwhile."""
    made.edit("prog.py", 'note(f"small {x}")', 'note(f"small {x}"); open("started", "w").close(); open("pipe").read()')
    os.mkfifo(made.path / "pipe")
    other = start(made, "prog", "make")
    try:
        wait_until((made.path / "started").exists, "the first make to run a job")
        assert_told(made.run("prog", "make"), 3, "is held by", "compmake prog make", f"pid {other.pid}", "Wait for it")
        assert_told(made.run("prog", "clean", "-y"), 3, "is held by", f"pid {other.pid}")
        assert made.run("prog", "ls").code == 0
    finally:
        other.kill()
        other.communicate()


def test_the_store_of_another_program_of_the_same_name_is_refused(made):
    """Both programs and the way out are named."""
    assert made.make() == []
    made.write("other/prog.py", PROGRAM)
    made.write("other/ledger.py", "def note(text):\n    pass\n")
    done = made.run("--store", str(store(made)), "prog", "make", cwd=made.path / "other")
    assert_told(done, 3, "is the store of another program", str(made.path / "prog.py"), "other/prog.py", "--store")


def test_a_folder_with_other_files_never_becomes_a_store(space):
    """`--store` with a folder of somebody else's files is refused, and nothing is put there."""
    space.write("prog.py", PROGRAM)
    space.write("thesis/chapter1.txt", "words")
    assert_told(space.run("--store", "thesis", "prog", "make"), 3, "is not a store", "'chapter1.txt'", "--store")
    assert os.listdir(space.path / "thesis") == ["chapter1.txt"]
