"""The folder of a store: private, recognised, refused when it is not safe."""

import os
import shutil
import sqlite3
import stat
import tempfile
from pathlib import Path

import pytest
from store_samples import flip_bit, large, make, object_path, value

from compmake.errors import ResultDamagedError, StoreError
from compmake.store import Changes
from compmake.store.files import FileStore
from compmake.store.files.folder import network_file_system

ROOT = os.geteuid() == 0
NOBODY = 65534


def modes(folder):
    return {path.relative_to(folder).as_posix(): stat.S_IMODE(path.lstat().st_mode) for path in folder.rglob("*")}


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_everything_is_private_whatever_the_umask(tmp_path, umask):
    """Folders are 0700 and files 0600, those that SQLite makes included."""
    old = os.umask(umask)
    try:
        store = FileStore.open(tmp_path / "new" / "store")
        made = make(store, "a", large(1))
        other = make(store, "b", large(2))
        flip_bit(object_path(store, other), 500)
        store.check()
        store.lock("make")
        folder = tmp_path / "new"
        expected = {path: 0o700 if (folder / path).is_dir() else 0o600 for path in modes(folder)}
        assert modes(folder) == expected
        assert "store/index.db-wal" in expected
        assert value(store, made) == large(1)
        store.close()
    finally:
        os.umask(old)


def test_a_store_ignores_itself_in_git(tmp_path):
    """The store and the .compmake folder that was made for it hold a .gitignore; the folder above does not."""
    FileStore.open(tmp_path / "project" / ".compmake" / "program").close()
    assert (tmp_path / "project/.compmake/program/.gitignore").read_text() == "*\n"
    assert (tmp_path / "project/.compmake/.gitignore").read_text() == "*\n"
    assert not (tmp_path / "project/.gitignore").exists()


def test_a_folder_with_other_files_does_not_become_a_store(tmp_path):
    """`--store .` in a project does not spread files over it."""
    (tmp_path / "my_program.py").touch()
    with pytest.raises(StoreError, match=r"not a store.*my_program.py"):
        FileStore.open(tmp_path)
    assert os.listdir(tmp_path) == ["my_program.py"]


def test_an_empty_folder_becomes_a_private_store(tmp_path):
    """A folder that the user made for the store is made private."""
    (tmp_path / "s").mkdir(mode=0o777)
    FileStore.open(tmp_path / "s").close()
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o700


def test_a_missing_store_is_not_made_to_be_looked_at(tmp_path):
    """Without `create`, or read-only, a store that is not there is an error and nothing is made."""
    for options in ({"create": False}, {"read_only": True}):
        with pytest.raises(StoreError, match="there is no store"):
            FileStore.open(tmp_path / "none", **options)
    assert os.listdir(tmp_path) == []


def test_a_world_writable_store_is_refused(tmp_path):
    """What anybody could have written is not used."""
    FileStore.open(tmp_path / "s").close()
    for path in (tmp_path / "s", tmp_path / "s" / "index.db"):
        mode = path.stat().st_mode
        path.chmod(mode | 0o002)
        with pytest.raises(StoreError, match="anybody"):
            FileStore.open(tmp_path / "s")
        path.chmod(mode)
    FileStore.open(tmp_path / "s").close()


@pytest.mark.parametrize("name", ["index.db", "objects", "lock", "quarantine", "index.db-wal"])
def test_a_symbolic_link_in_a_store_is_refused(tmp_path, name):
    """A part of the store that points elsewhere is refused, also when it points nowhere."""
    store = FileStore.open(tmp_path / "s")
    make(store, "a", large(1))
    store.close()
    path = tmp_path / "s" / name
    if path.exists():
        path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="symbolic link"):
        FileStore.open(tmp_path / "s")


@pytest.mark.skipif(not ROOT, reason="only root can give a folder away")
@pytest.mark.parametrize("name", [".", "index.db", "objects"])
def test_a_store_of_another_user_is_refused(tmp_path, name):
    """Folder, index and objects must be the user's own."""
    store = FileStore.open(tmp_path / "s")
    make(store, "a", large(1))
    store.close()
    os.chown(tmp_path / "s" / name, NOBODY, NOBODY)
    with pytest.raises(StoreError, match="another user"):
        FileStore.open(tmp_path / "s")


def test_a_newer_store_is_refused(tmp_path):
    """A schema that this version does not know is named together with the way out."""
    FileStore.open(tmp_path / "s").close()
    with sqlite3.connect(tmp_path / "s/index.db") as db:
        db.execute("update meta set value = '7' where key = 'schema'")
    db.close()
    with pytest.raises(
        StoreError, match=r"newer compmake \(schema 7, this one knows 1\): upgrade compmake or use --sto"
    ):
        FileStore.open(tmp_path / "s")


def test_a_path_that_cannot_be_a_folder_is_a_store_error(tmp_path):
    """A file in the way is named."""
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        FileStore.open(tmp_path / "file" / "store")
    with pytest.raises(StoreError, match="file"):
        FileStore.open(tmp_path / "file")


def test_odd_paths_work(tmp_path):
    """Folders with spaces, percent and question signs and bytes that are not UTF-8."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/a b%20?mode=ro#x \xff"))
    store = FileStore.open(path)
    made = make(store, "a", b"x")
    store.close()
    assert FileStore.open(path).load_records() == {"a": made}


def test_a_store_can_be_moved(tmp_path):
    """Nothing in the store depends on where it is."""
    store = FileStore.open(tmp_path / "s")
    made = [make(store, "a", large(1)), make(store, "b", b"b")]
    store.close()
    shutil.move(tmp_path / "s", tmp_path / "t")
    moved = FileStore.open(tmp_path / "t", create=False)
    assert [value(moved, record) for record in made] == [large(1), b"b"]
    moved.close()


def test_network_file_systems_are_recognised():
    """The longest mount point that holds the path decides; octal escapes are read."""
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\nsrv:/home /home nfs4 rw 0 0\n/dev/sdb /home/me/local xfs rw 0 0\n"
        "me@host: /mnt/my\\040data fuse.sshfs rw 0 0\n//nas/x /nas cifs rw 0 0\nbroken\n"
    )
    found = {
        path: network_file_system(Path(path), mounts)
        for path in ("/", "/home/you", "/home/me/local/x", "/homes", "/mnt/my data/s", "/nas")
    }
    expected = {"/home/you": "nfs4", "/mnt/my data/s": "fuse.sshfs", "/nas": "cifs"}
    assert found == {path: expected.get(path) for path in found}


WRITES = {
    "commit": lambda store: store.commit(Changes(parts={b"d" * 16: b""})),
    "forget": lambda store: store.forget(["a"]),
    "mark_asked": lambda store: store.mark_asked(["a"]),
    "mark_missing": lambda store: store.mark_missing(["a"]),
    "replace": lambda store: store.replace([]),
    "begin_run": lambda store: store.begin_run("make", 1.0),
    "set_meta": lambda store: store.set_meta("a", "b"),
    "collect_garbage": lambda store: store.collect_garbage([]),
    "lock": lambda store: store.lock("make"),
    "write": lambda store: store.objects.write([large(3)]),
}


def test_a_read_only_store_refuses_to_be_written(tmp_path):
    """Everything that writes raises StoreError; caching parse results silently does nothing."""
    store = FileStore.open(tmp_path / "s")
    made = make(store, "a", large(1))
    looking = FileStore.open(tmp_path / "s", read_only=True)
    for write in WRITES.values():
        with pytest.raises(StoreError, match="read-only"):
            write(looking)
    looking.cache_code({"k": b"v"})
    assert looking.cached_code(["k"]) == {}
    flip_bit(object_path(store, made), 500)
    with pytest.raises(ResultDamagedError):
        value(looking, made)
    assert object_path(store, made).exists(), "looking moves nothing"
    looking.close()
    assert store.load_records() == {"a": made}
    store.close()


def look(folder):
    """Read everything that can be read in a store that cannot be written; return what went wrong."""
    store = FileStore.open(folder, create=True)
    assert store.read_only
    records = store.load_records()
    assert set(records) == {"a", "b"}
    assert [value(store, records[name]) for name in "ab"] == [large(1), b"small"]
    assert store.find_damaged(records.values()) == {} == store.load_superseded()
    assert store.check() == []
    assert len(store.attempts()) == 2
    assert store.runs() == [] and store.get_meta("x") is None and store.size("ab").records == 2
    with pytest.raises(StoreError, match="read-only"):
        store.set_meta("a", "b")
    store.close()


@pytest.mark.parametrize("state", ["closed", "written by a living process", "log left by a killed process"])
def test_a_store_without_write_permission_can_be_looked_at(tmp_path, state):
    """A folder that cannot be written, with or without a log of SQLite in it, opens read-only by itself."""
    folder = Path(tempfile.mkdtemp()) / "s"  # tmp_path lies in a folder that only its owner may enter
    store = FileStore.open(folder)
    make(store, "a", large(1))
    make(store, "b", b"small")
    if state == "log left by a killed process":
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        (copy / "index.db-shm").unlink()
        store.close()
        shutil.rmtree(folder)
        copy.rename(folder)
    elif state == "closed":
        store.close()
    try:
        (folder.parent).chmod(0o755)
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o500 if path.is_dir() else 0o400)
            if ROOT:
                os.chown(path, NOBODY, NOBODY)
        child = os.fork()
        if child == 0:
            try:
                if ROOT:
                    os.setgid(NOBODY)
                    os.setuid(NOBODY)
                look(folder)
            except BaseException as error:
                os.write(2, repr(error).encode())
                os._exit(1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o700)
        shutil.rmtree(folder.parent)
