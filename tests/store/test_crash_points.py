"""Dying or failing at every single file operation of a commit, and on a disk that is full."""

import errno
import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from store_samples import fail, large, make, object_files, success, temporaries, value

from compmake.errors import StoreError
from compmake.store import Changes, Run
from compmake.store.atomic import Files, atomic_write
from compmake.store.files import FileStore


class FaultyFiles(Files):
    """Calls `fault` instead of the n-th call that changes a file."""

    def __init__(self, at: int, fault: Callable[[], None]) -> None:
        self.at, self.fault, self.calls = at, fault, 0

    def _count(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            self.fault()

    def create(self, path):
        self._count()
        return super().create(path)

    def write(self, descriptor, data):
        self._count()
        return super().write(descriptor, data[:40_000])

    def sync(self, descriptor):
        self._count()
        super().sync(descriptor)

    def close(self, descriptor):
        super().close(descriptor)
        self._count()

    def replace(self, source, target):
        self._count()
        super().replace(source, target)

    def remove(self, path):
        self._count()
        super().remove(path)

    def make_folder(self, path):
        self._count()
        super().make_folder(path)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def disk_full() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def io_error() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def work(folder, files, durability):
    """A short life of a store: made, written, superseded, cleaned; return its records."""
    store = FileStore.open(folder, files=files, durability=durability, keep=0)
    try:
        make(store, "kept", large("kept"), fingerprint=1)
        run_id = store.begin_run("make", 1.0)
        for attempt in (1, 2):
            make(store, "again", large(("again", attempt)), attempt)
        store.end_run(Run(run_id, "make", 1.0, 2.0))
        make(store, "gone", large("gone"))
        fail(store, "bad")
        store.forget(["gone"])
        store.collect_garbage(["kept", "again", "bad"])
    finally:
        store.close()


def assert_sound(folder):
    """The store opens, every result its records name can be read, and gc leaves no temporary file."""
    store = FileStore.open(folder)
    records = store.load_records()
    for record in records.values():
        if record.ok:
            value(store, record)
    assert store.find_damaged(records.values()) == {}
    assert store.check() == []
    store.collect_garbage(records)
    assert temporaries(folder) == []
    made = make(store, "next", large("next"))
    assert value(store, made) == large("next")
    store.close()


def count_operations(folder, durability):
    files = FaultyFiles(0, die)
    work(folder, files, durability)
    return files.calls


def test_killed_at_every_file_operation(fast_path):
    """Whichever operation is the last one, the next process finds a sound store without any repair."""
    operations = count_operations(fast_path / "count", "power")
    assert operations > 40
    for at in range(1, operations + 1):
        folder = fast_path / str(at)
        child = os.fork()
        if child == 0:
            work(folder, FaultyFiles(at, die), "power")
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL, "the fault fired"
        assert_sound(folder)


@pytest.mark.parametrize(("fault", "durability"), [(disk_full, "process"), (io_error, "power")])
def test_an_error_at_every_file_operation(fast_path, fault, durability):
    """An operation that fails is a StoreError or harmless; nothing is left behind and the store stays sound."""
    operations = count_operations(fast_path / "count", durability)
    raised = 0
    for at in range(1, operations + 1):
        folder = fast_path / str(at)
        files = FaultyFiles(at, fault)
        try:
            work(folder, files, durability)
        except StoreError as error:
            raised += 1
            assert str(folder) in str(error)
        assert files.calls >= at, "the fault fired"
        assert_sound(folder)
    assert raised > operations // 2


def test_atomic_write_leaves_old_or_new(fast_path):
    """At every operation that fails the file is the old one or the new one, and alone in its folder."""
    path = fast_path / "file"
    for at in range(1, 12):
        path.write_bytes(b"old")
        files = FaultyFiles(at, disk_full)
        try:
            atomic_write(str(path), [b"new", bytes(100_000)], files=files, sync=True)
        except StoreError as error:
            assert "No space left" in str(error) and "100003 bytes" in str(error)
        assert path.read_bytes() in (b"old", b"new" + bytes(100_000))
        assert os.listdir(fast_path) == ["file"]
    assert files.calls < 11, "all operations were tried"


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 2 MB; needs root."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        pytest.skip("only root can mount a small disk")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", [30_000, 200_000])
def test_a_full_disk_is_a_store_error_and_loses_nothing(small_disk, size):
    """On a full disk nothing that was committed is lost, and after making room the make goes on."""
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(500_000))
    store = FileStore.open(small_disk / "store")
    done = {}
    with pytest.raises(StoreError, match=r"No space left on device: it needs about \d+ bytes more"):
        for number in range(1000):
            done[f"job-{number}"] = make(store, f"job-{number}", bytes([number]) * size)
    assert len(done) > 3
    assert store.load_records() == done
    assert temporaries(small_disk) == []
    for number, made in enumerate(done.values()):
        assert value(store, made) == bytes([number]) * size
    ballast.unlink()
    again = make(store, "again", b"x" * size)
    assert value(store, again) == b"x" * size
    assert store.check() == []
    store.close()


def test_a_limit_on_file_size_is_a_store_error(tmp_path):
    """An index that may not grow is a StoreError in words, and what was committed stays."""
    folder = tmp_path / "store"
    child = os.fork()
    if child == 0:
        import resource

        store = FileStore.open(folder)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000))
        try:
            for number in range(100):
                store.commit(Changes(records=[success(store.objects, f"job-{number}", b"x" * 20_000)]))
        except StoreError as error:
            os._exit(0 if str(folder) in str(error) and "full" in str(error) + "space" else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store = FileStore.open(folder)
    records = store.load_records()
    assert len(records) > 5
    assert store.find_damaged(records.values()) == {}
    assert object_files(store) == []
    store.close()
