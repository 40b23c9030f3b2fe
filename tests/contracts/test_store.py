"""What every store promises, whatever it is made of."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis_stores import open_redis, shared_server
from store_samples import digest, fail, fast_folder, large, make, record, success, value

from compmake.errors import ResultDamagedError, ResultMissingError, StoreError
from compmake.job import Blob, JobId
from compmake.store import INLINE_BYTES, Attempt, Changes, Run, Store
from compmake.store.files import FileStore
from compmake.store.memory import MemoryStore


def open_store(kind: str, folder: Path, **options: object) -> Store:
    if kind == "redis":
        return open_redis(shared_server(), str(folder), **options)
    return MemoryStore(**options) if kind == "memory" else FileStore.open(folder / "store", **options)


@pytest.fixture(params=["memory", "files", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def store(kind: str, tmp_path: Path) -> Iterator[Store]:
    opened = open_store(kind, tmp_path)
    yield opened
    opened.close()


def test_a_new_store_is_empty(store):
    """A store that was just made has no records, runs, attempts or parts."""
    assert store.load_records() == {} == store.load_superseded()
    assert store.runs() == [] == store.attempts()
    assert store.parts([digest(1)]) == {} == store.cached_code(["k"])
    assert store.get_meta("program") is None


@pytest.mark.parametrize("size", [0, 1, INLINE_BYTES - 1, INLINE_BYTES, INLINE_BYTES + 1, 3_000_000])
def test_a_result_of_any_size_comes_back(store, size):
    """Results below and above the limit for inline bytes come back byte by byte."""
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    made = make(store, "a", data)
    assert value(store, made) == data
    assert (store.blob(made).inline is None) == (size >= INLINE_BYTES)


def test_pieces_are_stored_as_their_concatenation(store):
    """Writing pieces of any buffer type stores what they are together."""
    pieces = [b"ab", bytearray(b"cd"), memoryview(b"efgh")[1:3], b"", memoryview(bytearray(80_000))]
    blob = store.objects.write(pieces)
    assert bytes(store.objects.read(blob)) == b"abcdfg" + bytes(80_000)


@pytest.mark.parametrize("size", [10, 100_000, 2_000_000])
def test_what_is_read_is_writable_and_private(store, size):
    """Changing the bytes that were read changes nothing for the next reader."""
    made = make(store, "a", b"x" * size)
    view = store.objects.read(store.blob(made))
    view[:] = b"y" * size
    assert value(store, made) == b"x" * size


def test_every_field_of_a_record_comes_back_with_its_type(store):
    """A record comes back equal and with the same types in each field."""
    blob = store.objects.write([b"data"])
    given = record("p=3 a/b-ü☃", blob, asked=True, details='{"x": "\\u0000"}', result_files="[]", peak_bytes=2**40)
    failed = record("bad", None)
    store.commit(Changes(records=[(given, blob), (failed, None)]))
    loaded = store.load_records()
    assert loaded == {given.job_id: given, failed.job_id: failed}
    assert [type(field) for field in loaded[given.job_id]] == [type(field) for field in given]


def test_a_success_supersedes_the_success_before_it(store):
    """The record that is replaced stays available with its result."""
    first = make(store, "a", b"one", 1)
    second = make(store, "a", b"two", 2)
    assert store.load_records() == {"a": second}
    assert store.load_superseded() == {"a": [first]}
    assert value(store, first) == b"one"
    assert value(store, second) == b"two"


def test_one_record_can_be_read_alone(store):
    """It is what all of them say of that job, and as new; nothing is no error."""
    make(store, "a", b"one", 1)
    make(store, "b", b"other", 1)
    newest = make(store, "a", b"two", 2)
    assert store.load_record(JobId("a")) == newest and store.load_record(JobId("c")) is None
    assert store.attempts(JobId("a")) == [one for one in store.attempts() if one.job_id == "a"]


def test_a_failure_keeps_the_success_before_it(store):
    """A failure becomes the newest record and the last success is kept, however often it fails."""
    good = make(store, "a", b"one", 1)
    fail(store, "a", 2)
    failed = fail(store, "a", 3)
    assert store.load_records() == {"a": failed}
    assert store.load_superseded() == {"a": [good]}


def test_two_attempts_in_one_commit_count_one_after_the_other(store):
    """If a job was made twice before a commit, the later attempt is the newest."""
    one, two = success(store.objects, "a", b"one", 1), success(store.objects, "a", b"two", 2)
    store.commit(Changes(records=[one, two]))
    assert store.load_records() == {"a": two[0]}
    assert store.load_superseded() == {"a": [one[0]]}


def test_at_most_keep_superseded_records_are_kept(kind, tmp_path):
    """The least recently used ones go first."""
    store = open_store(kind, tmp_path, keep=2)
    made = [make(store, "a", b"%d" % number, number) for number in range(1, 6)]
    assert store.load_superseded() == {"a": [made[3], made[2]]}
    store.close()


def test_keep_of_zero_keeps_nothing(kind, tmp_path):
    """With keep=0 only the newest record of a job is there."""
    store = open_store(kind, tmp_path, keep=0)
    make(store, "a", b"one", 1)
    make(store, "a", b"two", 2)
    assert store.load_superseded() == {}
    store.close()


def test_results_of_superseded_records_are_bounded_together(kind, tmp_path):
    """Beyond keep_bytes the least recently used superseded results go, of whichever job."""
    store = open_store(kind, tmp_path, keep_bytes=250_000)
    old = {name: make(store, name, large((name, 1)), 1) for name in "abcd"}
    for name in "abcd":
        make(store, name, large((name, 2)), 2)
    assert store.load_superseded() == {"c": [old["c"]], "d": [old["d"]]}
    for name in "ab":
        with pytest.raises(ResultMissingError):
            store.blob(old[name])
    store.close()


def test_a_superseded_record_that_can_never_match_again_is_dropped(store):
    """A job made again with the same fingerprint does not fill its history with equals."""
    make(store, "a", b"one", 1, fingerprint="same")
    again = make(store, "a", b"one", 2, fingerprint="same")
    assert store.load_records() == {"a": again}
    assert store.load_superseded() == {}


def test_nothing_is_dropped_during_a_run(kind, tmp_path):
    """Until the run ends every superseded record can still be restored or claimed."""
    store = open_store(kind, tmp_path, keep=0)
    first = make(store, "a", large(1), 1)
    run_id = store.begin_run("make", 1.0)
    make(store, "a", large(2), 2)
    assert store.load_superseded() == {"a": [first]}
    assert value(store, first) == large(1)
    store.end_run(Run(run_id, "make", 1.0, 2.0))
    assert store.load_superseded() == {}
    store.close()


def test_a_restored_record_changes_places_with_the_newest(store):
    """Undoing an edit makes the superseded record the newest one again, and the newest superseded."""
    first = make(store, "a", b"one", 1)
    second = make(store, "a", large(2), 2)
    store.commit(Changes(restored=[first._replace(run_id=7)]))
    assert store.load_records() == {"a": first._replace(run_id=7)}
    assert store.load_superseded() == {"a": [second]}
    assert (value(store, first), value(store, second)) == (b"one", large(2))


def test_a_claimed_record_moves_with_its_result(store):
    """After a claim the old id has no record and the new id has it; what that had is superseded."""
    moving = make(store, "a", b"moving", 1)
    before = make(store, "b", b"before", 1)
    store.commit(Changes(claims=[(moving, moving._replace(job_id=JobId("b")))]))
    moved = moving._replace(job_id=JobId("b"))
    assert store.load_records() == {"b": moved}
    assert store.load_superseded() == {"b": [before]}
    assert value(store, moved) == b"moving"


def test_ids_that_all_shift_keep_their_work(store):
    """When a value is put at the front of a loop, each record moves one id on, all in one commit."""
    old = [make(store, f"f-{number}", b"%d" % number) for number in range(5)]
    new = success(store.objects, "f-0", b"new", 2)
    claims = [(old[number], old[number]._replace(job_id=JobId(f"f-{number + 1}"))) for number in range(5)]
    store.commit(Changes(records=[new], claims=claims))
    loaded = store.load_records()
    assert [value(store, loaded[JobId(f"f-{n}")]) for n in range(6)] == [b"new", b"0", b"1", b"2", b"3", b"4"]
    assert store.load_superseded() == {}


def test_a_record_that_was_superseded_by_a_claim_can_be_claimed_later(store):
    """Ids that shift over several commits of one run keep their work too."""
    run_id = store.begin_run("make", 1.0)
    one, two = make(store, "f-1", b"one"), make(store, "f-2", b"two")
    store.commit(Changes(claims=[(one, one._replace(job_id=JobId("f-2")))]))
    store.commit(Changes(claims=[(two, two._replace(job_id=JobId("f-3")))]))
    store.end_run(Run(run_id, "make", 1.0, 2.0))
    loaded = store.load_records()
    assert {job_id: value(store, loaded[job_id]) for job_id in loaded} == {"f-2": b"one", "f-3": b"two"}


def test_a_commit_that_cannot_be_carried_out_changes_nothing(store):
    """All or nothing: a claim of a record that is gone leaves the other changes unwritten."""
    kept = make(store, "a", b"one", 1)
    gone = record("gone", store.objects.write([b"gone"]))
    new = success(store.objects, "a", b"two", 2)
    with pytest.raises(StoreError, match="gone"):
        store.commit(
            Changes(
                records=[new],
                claims=[(kept, kept._replace(job_id=JobId("b"))), (gone, gone._replace(job_id=JobId("c")))],
                parts={digest(1): b"p"},
            )
        )
    assert store.load_records() == {"a": kept}
    assert store.load_superseded() == {}
    assert store.parts([digest(1)]) == {}
    assert store.attempts() == [attempt(kept)]


def test_forget_drops_records_and_results(store):
    """After a clean nothing of the job is left, and the others are untouched."""
    make(store, "a", large(1), 1)
    cleaned = make(store, "a", large(2), 2)
    other = make(store, "b", b"other")
    store.forget([JobId("a"), JobId("never made")])
    assert store.load_records() == {"b": other}
    assert store.load_superseded() == {}
    with pytest.raises(ResultMissingError):
        store.blob(cleaned)
    with pytest.raises(ResultMissingError):
        store.objects.read(Blob(cleaned.blob, cleaned.size_bytes))


def test_a_shared_object_stays_while_a_record_names_it(store):
    """Two jobs with equal results share one object; cleaning one does not harm the other."""
    make(store, "a", large("shared"))
    other = make(store, "b", large("shared"))
    assert store.size(["a", "b"]).objects == 1
    store.forget([JobId("a")])
    assert value(store, other) == large("shared")
    store.forget([JobId("b")])
    assert store.size(["a", "b"]).objects == 0


def test_large_output_named_in_details_is_kept(store):
    """The object of a captured output lives as long as the record whose details name it."""
    output = store.objects.write([large("output")])
    details = f'{{"output": ["{output.digest.hex()}", {output.size_bytes}]}}'
    make(store, "a", b"result", details=details)
    store.collect_garbage(["a"])
    assert bytes(store.objects.read(output)) == large("output")
    store.forget([JobId("a")])
    with pytest.raises(ResultMissingError):
        store.objects.read(output)


def test_marked_records_are_asked_until_made_again(store):
    """`invalidate` marks the newest and the superseded records; the next success is not marked."""
    make(store, "a", b"one", 1)
    make(store, "a", b"two", 2)
    other = make(store, "b", b"other")
    store.mark_asked([JobId("a")])
    assert store.load_records()["a"].asked and store.load_superseded()["a"][0].asked
    assert store.load_records()["b"] == other
    again = make(store, "a", b"three", 3)
    assert store.load_records()["a"] == again
    assert store.load_superseded() == {}


def test_replace_rewrites_a_record_and_keeps_its_result(store):
    """`accept` blesses a result: the record changes in place and supersedes nothing."""
    made = make(store, "a", b"one", 1)
    accepted = made._replace(fingerprint=digest("new"), code=digest("new code"))
    store.replace([accepted])
    assert store.load_records() == {"a": accepted}
    assert store.load_superseded() == {}
    assert value(store, accepted) == b"one"
    with pytest.raises(StoreError, match="never"):
        store.replace([record("never", None)])


@pytest.mark.parametrize("data", [b"small", large("large")])
def test_a_missing_result_is_found_and_its_record_stays(store, data):
    """After mark_missing the record is there, its result is not, and find_damaged says so."""
    made = make(store, "a", data)
    assert store.find_damaged([made]) == {}
    store.mark_missing([JobId("a")])
    left = store.load_records()["a"]
    assert left.result_digest == made.result_digest
    assert set(store.find_damaged([left])) == {"a"}
    with pytest.raises(ResultMissingError):
        store.blob(left)
    again = make(store, "a", data, 2)
    assert store.load_superseded() == {}
    assert value(store, again) == data


def test_find_damaged_accepts_whole_results_of_any_kind(store):
    """Small, large, empty and superseded results and failures are not damaged."""
    records = [
        make(store, "small", b"x"),
        make(store, "large", large(1)),
        make(store, "empty", b""),
        fail(store, "bad"),
    ]
    old = make(store, "old", b"old", 1)
    make(store, "old", b"new", 2)
    assert store.find_damaged([*records, old]) == {}


def test_find_damaged_names_records_that_are_gone(store):
    """A result whose row or object is no longer there is named."""
    small, big = make(store, "small", b"x"), make(store, "large", large(1))
    store.forget([JobId("small"), JobId("large")])
    assert set(store.find_damaged([small, big])) == {"small", "large"}


def test_reading_a_wrong_digest_or_length_is_refused(store):
    """Bytes that are not what the blob says are never returned."""
    blob = store.objects.write([b"data"])
    for wrong in (blob._replace(inline=b"dat4"), blob._replace(inline=b"data "), blob._replace(size_bytes=3)):
        with pytest.raises(ResultDamagedError):
            store.objects.read(wrong)
    with pytest.raises(ResultMissingError):
        store.objects.read(Blob(digest("never stored"), 100_000))


def test_parts_come_back_by_digest(store):
    """Parts are found by digest; those that are not there are left out; writing one twice is harmless."""
    parts = {digest(number): b"part %d" % number for number in range(1200)}
    store.commit(Changes(parts=parts))
    store.commit(Changes(parts={digest(1): b"part 1"}))
    assert store.parts([*parts, digest("no")]) == parts


def test_cached_code_comes_back_by_key(store):
    """Parse results are found by key and can be replaced."""
    store.cache_code({"a.py": b"1", "ü.py": b"\x00\xff"})
    store.cache_code({"a.py": b"2"})
    assert store.cached_code(["a.py", "ü.py", "no.py"]) == {"a.py": b"2", "ü.py": b"\x00\xff"}


def test_runs_are_numbered_and_newest_first(store):
    """A run has the next number; one that was killed has no end."""
    assert [store.begin_run("make", 1.0), store.begin_run("make a", 5.0)] == [1, 2]
    ended = Run(2, "make a", 5.0, 6.0, done=3, failed=1, blocked=2, up_to_date=4, ended="finished")
    store.end_run(ended)
    assert store.runs() == [ended, Run(1, "make", 1.0)]


def attempt(of: object) -> Attempt:
    return Attempt(of.job_id, of.function, of.run_id, of.made_at, of.wall_s, of.cpu_s, of.peak_bytes, of.ok)


def test_attempts_remember_what_records_no_longer_tell(store):
    """Every attempt is in history once, newest first: current, superseded, failed and cleaned ones."""
    made = [make(store, "a", b"1", 1), fail(store, "a", 2), make(store, "a", b"3", 3)]
    cleaned = make(store, "b", b"b", 4)
    store.forget([JobId("b")])
    assert store.attempts() == [attempt(cleaned), *(attempt(of) for of in reversed(made))]
    assert store.attempts(JobId("b")) == [attempt(cleaned)]


def test_a_restored_attempt_is_in_history_once(store):
    """Going back and forth between two records adds no attempts."""
    first, second = make(store, "a", b"1", 1), make(store, "a", b"2", 2)
    store.commit(Changes(restored=[first]))
    store.commit(Changes(restored=[second]))
    assert store.attempts() == [attempt(second), attempt(first)]


def test_history_keeps_the_last_200_attempts_of_a_function(store):
    """Older attempts of a function are forgotten, those of other functions are not."""
    store.commit(Changes(records=[success(store.objects, "g", b"g", 1, function="mod:g")]))
    store.commit(Changes(records=[success(store.objects, "a", b"%d" % n, n) for n in range(1, 251)]))
    attempts = store.attempts()
    assert [of.run_id for of in attempts if of.function == "mod:f"] == list(range(250, 50, -1))
    assert [of.run_id for of in attempts if of.function == "mod:g"] == [1]


def test_meta_keeps_notes(store):
    """A note can be written, replaced and read."""
    store.set_meta("program", "/a/b.py")
    store.set_meta("program", "/ü/c.py")
    assert store.get_meta("program") == "/ü/c.py"


def test_garbage_is_what_no_defined_job_needs(store):
    """gc drops records of ids that are not defined and objects that nothing names; size tells beforehand."""
    kept = make(store, "kept", large("kept"))
    make(store, "gone", large("gone"), 1)
    make(store, "gone", b"small", 2)
    store.objects.write([large("never recorded")])
    size = store.size(["kept"])
    assert (size.records, size.superseded, size.objects) == (2, 1, 3)
    assert size.free_able_bytes >= 2 * len(large(1)) > 0
    freed = store.collect_garbage(["kept"])
    assert freed >= 2 * len(large(1)) - 10_000
    assert store.load_records() == {"kept": kept}
    assert store.load_superseded() == {}
    left = store.size(["kept"])
    assert (left.records, left.superseded, left.objects) == (1, 0, 1)
    assert left.total_bytes <= size.total_bytes - freed + 10_000
    assert value(store, kept) == large("kept")


def test_garbage_is_not_collected_during_a_run(store):
    """Results of running jobs are not named yet, so gc refuses."""
    store.begin_run("make", 1.0)
    with pytest.raises(StoreError, match="running"):
        store.collect_garbage([])


def test_check_finds_nothing_in_a_whole_store(store):
    """A store that nobody touched has no damage."""
    make(store, "a", b"one", 1)
    make(store, "a", large(2), 2)
    fail(store, "b")
    assert store.check() == []


def test_the_lock_can_be_taken_again_after_it_was_given_back(store):
    """Locking twice, unlocking twice and locking again are harmless."""
    for _ in range(2):
        store.lock("compmake p make")
        store.lock("compmake p make")
        store.unlock()
        store.unlock()


operations = st.lists(
    st.tuples(
        st.sampled_from(["make", "make", "fail", "restore", "claim", "ask", "forget", "miss", "run", "gc"]),
        st.sampled_from("abc"),
        st.sampled_from("abc"),
    ),
    min_size=8,
    max_size=30,
)


def play(store: Store, steps: list[tuple[str, str, str]]) -> list[object]:
    """Carry out steps and return everything that can be seen after each."""
    seen: list[object] = []
    run_id = None
    for number, (step, job, other) in enumerate(steps, 1):
        newest, superseded = store.load_records(), store.load_superseded()
        if step == "make":
            make(store, job, large(other) if number % 2 else other.encode(), number, fingerprint=(job, other))
        elif step == "fail":
            fail(store, job, number)
        elif step == "restore" and job in superseded:
            store.commit(Changes(restored=[superseded[job][-1]]))
        elif step == "claim" and job != other and job in newest:
            store.commit(Changes(claims=[(newest[job], newest[job]._replace(job_id=JobId(other)))]))
        elif step == "ask":
            store.mark_asked([job])
        elif step == "forget":
            store.forget([job])
        elif step == "miss":
            store.mark_missing([job])
        elif step == "run" and run_id is None:
            run_id = store.begin_run("make", float(number))
        elif step == "run":
            store.end_run(Run(run_id, "make", 1.0, 2.0))
            run_id = None
        elif step == "gc" and run_id is None:
            store.collect_garbage(["a", "b"])
        seen.append((store.load_records(), store.load_superseded(), store.attempts(), store.size("ab").objects))
        for record_ in [*store.load_records().values(), *(r for rs in store.load_superseded().values() for r in rs)]:
            if record_.blob:
                value(store, record_)
    return seen


@settings(max_examples=25, deadline=None)
@given(steps=operations)
def test_files_redis_and_memory_do_the_same(steps):
    """Whatever is done, all stores show the same records, history and objects, and every result can be read."""
    seen = play(MemoryStore(keep=2), steps)
    with fast_folder() as folder:
        for kind in ("files", "redis"):
            store = open_store(kind, folder, keep=2)
            assert play(store, steps) == seen
            assert store.check() == []
            store.close()


def test_a_twin_sees_and_writes_the_same_store(store):
    """What is written through a handle or its twin is there for both, and closing the twin closes nothing else."""
    twin = store.twin()
    made = make(twin, "a", b"1")
    twin.close()
    assert store.load_records()["a"] == made
    make(store, "b", b"2")
    assert value(store, made) == b"1"


def test_the_lock_is_shared_with_a_twin(store):
    """A handle and its twin may hold the lock together; it is held until both have given it back."""
    twin = store.twin()
    twin.lock("compmake p make")
    store.lock("clean")
    store.unlock()
    store.lock("clean")
    twin.unlock()
    twin.close()
    store.unlock()


def test_no_garbage_is_collected_while_a_twin_makes(kind, tmp_path):
    """Objects that a make is about to name are no garbage: collecting is refused until it has ended."""
    store = open_store(kind, tmp_path)
    twin = store.twin()
    twin.lock("compmake p make")
    twin.begin_run("make", 1.0)
    with pytest.raises(StoreError, match="make is running"):
        store.collect_garbage([])
    twin.end_run(Run(1, "make", 1.0, 2.0, ended="finished"))
    twin.unlock()
    twin.close()
    assert store.collect_garbage([]) >= 0
    store.close()


def test_the_version_is_another_when_somebody_else_has_written(store):
    """Who holds a handle sees by its version that a twin has committed, forgotten or marked something."""
    twin = store.twin()
    for write in (lambda: make(twin, "a", b"1"), lambda: twin.mark_asked(["a"]), lambda: twin.forget(["a"])):
        before = store.version
        assert store.version == before
        write()
        assert store.version != before
    twin.close()
