"""Object files: what they look like, how damage is found, what it costs."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from store_samples import LARGE, digest, flip_bit, large, make, object_files, object_path, success, temporaries, value

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.job import Blob
from compmake.store import Changes
from compmake.store.files import FileStore
from compmake.store.objects import HEADER_BYTES, FileObjects


@pytest.fixture
def store(tmp_path):
    opened = FileStore.open(tmp_path / "store")
    yield opened
    opened.close()


def test_an_object_is_named_by_its_digest(store):
    """The file lies in objects/ab/ under the 32 hexadecimal digits of its digest, after a header."""
    made = make(store, "a", large(1))
    name = made.blob.hex()
    path = Path(store.location, "objects", name[:2], name)
    assert object_files(store) == [path]
    assert path.read_bytes()[HEADER_BYTES:] == large(1)


def test_a_worker_reads_and_writes_objects_with_the_folder_alone(store):
    """Another process needs only the path of the folder to exchange results."""
    blob = store.objects.write([large("there")])
    code = (
        "import sys; from pathlib import Path; from compmake.job import Blob\n"
        "from compmake.store.objects import FileObjects\n"
        "objects = FileObjects(Path(sys.argv[1]))\n"
        "data = objects.read(Blob(bytes.fromhex(sys.argv[2]), int(sys.argv[3])))\n"
        "back = objects.write([data, b'back']); print(back.digest.hex(), back.size_bytes)\n"
    )
    command = [sys.executable, "-c", code, store.location, blob.digest.hex(), str(blob.size_bytes)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    back = Blob(bytes.fromhex(answer[0]), int(answer[1]))
    assert bytes(store.objects.read(back)) == large("there") + b"back"


@pytest.mark.parametrize("position", [0, 8, 16, 24, 31, 40, 63, 64, 64 + LARGE // 2, -1])
def test_one_flipped_bit_is_damage(store, position):
    """A bit flipped in header or payload, with size and mtime as before, is found by reading; the file is moved."""
    made = make(store, "a", large(1))
    path = object_path(store, made)
    flip_bit(path, position, 3)
    with pytest.raises(ResultDamagedError, match="quarantine"):
        value(store, made)
    assert not path.exists()
    assert [file.name[:32] for file in Path(store.location, "quarantine").iterdir()] == [path.name]
    assert set(store.find_damaged([made])) == {"a"}


def truncate(path):
    os.truncate(path, LARGE // 2)


def empty(path):
    os.truncate(path, 0)


def grow(path):
    path.write_bytes(path.read_bytes() + b"x")


def overwrite(path):
    path.write_text("something else")


def link(path):
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


@pytest.mark.parametrize("harm", [truncate, empty, grow, overwrite, link, Path.unlink])
def test_find_damaged_sees_a_touched_object(store, harm):
    """Truncated, emptied, grown, overwritten, replaced by a link or removed: found without reading the others."""
    made, other = make(store, "a", large(1)), make(store, "b", large(2))
    harm(object_path(store, made))
    found = store.find_damaged([made, other])
    assert set(found) == {"a"}
    assert made.blob.hex() in found["a"]
    with pytest.raises((ResultDamagedError, ResultMissingError)):
        value(store, made)


def test_find_damaged_only_looks_at_size_and_mtime_of_untouched_objects(store):
    """A flip that keeps size and mtime is left to reading and to check, which both find it."""
    made = make(store, "a", large(1))
    flip_bit(object_path(store, made), 1000)
    assert store.find_damaged([made]) == {}
    (damage,) = store.check()
    assert damage.job_id == "a"
    assert Path(damage.moved_to).exists()


def test_an_object_written_again_is_not_damaged(store):
    """Writing equal content anew changes the mtime; no record that shares the object becomes damaged."""
    made = make(store, "a", large(1))
    store.objects.write([large(1)])
    assert store.find_damaged([made]) == {}
    os.utime(object_path(store, made), (1, 1))
    assert store.find_damaged([made]) == {}


def test_writing_an_object_heals_a_damaged_one(store):
    """A job that is made again with an equal result replaces the damaged file."""
    made = make(store, "a", large(1))
    flip_bit(object_path(store, made), 500)
    assert value(store, make(store, "a", large(1), 2)) == large(1)


def test_a_record_is_not_written_when_its_object_vanished(store):
    """Result first, record after: a commit whose object is gone is refused."""
    made, blob = success(store.objects, "a", large(1))
    object_files(store)[0].unlink()
    with pytest.raises(StoreError, match="vanished"):
        store.commit(Changes(records=[(made, blob)]))
    assert store.load_records() == {}


def test_many_mapped_results_do_not_exhaust_descriptors(store):
    """A job with more large dependencies than the process may have open files still gets them all."""
    blobs = [store.objects.write([b"%d" % number, bytes(1 << 20)]) for number in range(60)]
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/dev/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 20, hard))
    try:
        views = [store.objects.read(blob) for blob in blobs]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert [bytes(view[:2]).rstrip(b"\0") for view in views] == [b"%d" % number for number in range(60)]


def test_a_folder_that_is_gone_is_a_store_error(tmp_path):
    """Objects of a store that was removed meanwhile cannot be written; the error names the path."""
    objects = FileObjects(tmp_path / "gone")
    with pytest.raises(StoreError, match="gone"):
        objects.write([large(1)])
    with pytest.raises(ResultMissingError, match="missing"):
        objects.read(Blob(digest(1), LARGE))


def test_nothing_is_left_when_the_disk_is_full(tmp_path):
    """A write that the system refuses in the middle leaves no file and says what was needed."""
    store = FileStore.open(tmp_path / "store")
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
        try:
            store.objects.write([bytes(1_000_000)])
        except StoreError as error:
            os._exit(0 if "1000064 bytes" in str(error) and store.location in str(error) else 2)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert object_files(store) == [] == temporaries(tmp_path)
    store.close()


def test_large_results_cost_no_second_copy(tmp_path):
    """Writing and reading 64 MB makes the process grow by less than twice that."""
    code = (
        "import mmap, resource, sys; from pathlib import Path\n"
        "from compmake.store.objects import FileObjects\n"
        "size = 64 << 20\n"
        "data = mmap.mmap(-1, size); data[::4096] = b'x' * (size // 4096)\n"
        "objects = FileObjects(Path(sys.argv[1])); objects.write([bytes(100_000)])\n"
        "unit = 1 if sys.platform == 'darwin' else 1024\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit\n"
        "before = peak(); blob = objects.write([b'head', memoryview(data)]); wrote = peak() - before\n"
        "view = objects.read(blob); assert view[4:5] == b'x'; print(wrote / size, (peak() - before) / size)\n"
    )
    (tmp_path / "objects").mkdir()
    answer = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
    wrote, both = map(float, answer.split())
    assert wrote < 0.2
    assert both < 1.2
