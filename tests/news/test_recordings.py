"""Makes recorded in a file, and played again."""

import resource
from dataclasses import replace
from pathlib import Path

import pytest
from redis_servers import wait_for
from run_events import T, beat, begin, done, end, failed, start

from compmake.channel import Event, EventKind
from compmake.channel.memory import MemoryChannel
from compmake.channel.tape import Tape, TapeHead
from compmake.channel.tape_source import TapeSource
from compmake.errors import UserError
from compmake.job import JobId
from compmake.job_table import JobTable

HEAD = TapeHead("1.0", "prog")
TABLE = JobTable([JobId("a"), JobId("b")], ["f", "f"], [(), (0,)], [1.5, None], [2.0, 1.0], frozenset({0}))
EVENTS = [
    start(2),
    Event(EventKind.JOBS, T, table=TABLE),
    begin("a", 1.0),
    beat("a", 2.0, progress="1/3"),
    done("a", 10.0),
    begin("b", 10.0),
    failed("b", 20.0),
    end(20.0),
]


class Clock:
    """A clock that is set by hand."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "run.jsonl")


def record(path, *events):
    channel = MemoryChannel()
    with Tape(path, channel, HEAD):
        channel.publish(events)
    return [event.text for event in channel.read(0)[0] if event.kind is EventKind.NOTICE]


def kinds(events):
    return [event.kind for event in events]


@pytest.fixture
def played(path):
    """A recording and the clock by which it is played."""
    record(path, *EVENTS)
    clock = Clock()
    source = TapeSource(path, clock=clock)
    yield source, clock
    source.close()


def test_makes_of_one_process_follow_one_another(path):
    """In one file, also if hours lay between them: those are not played."""
    record(path, *EVENTS)
    record(path, *(replace(event, time=event.time + 7200) for event in EVENTS))
    clock = Clock()
    source = TapeSource(path, clock=clock)
    clock.now_s += 20.0
    assert len(source.read()) == len(EVENTS)
    clock.now_s += 2.0
    assert source.read() == []
    clock.now_s += 2.0
    assert source.read()[0].kind is EventKind.RUN_STARTED
    clock.now_s += 20.0
    assert source.read()[-1].kind is EventKind.RUN_ENDED
    assert source.trouble() == ""
    source.close()


def test_the_last_of_several_makes_may_be_cut_off(path):
    """Then that is said, though the others have their ends."""
    record(path, *EVENTS)
    record(path, *EVENTS[:-1])
    source = TapeSource(path, clock=Clock())
    source.seek(source.length_s)
    source.read()
    assert "cut off" in source.trouble()
    source.close()


def test_what_is_played_is_what_was_told(played):
    """Every event comes back as it was, with the table of all jobs; the file has a name and a program."""
    source, clock = played
    clock.now_s += 100
    events = source.read()
    assert [event.to_dict() for event in events] == [event.to_dict() for event in EVENTS]
    assert (source.about(), source.head, source.length_s, source.trouble()) == ("run.jsonl", HEAD, 20.0, "")


def test_events_come_as_fast_as_they_came(played):
    """At its own speed each event comes at its time, and the clock of the recording is that of the viewer."""
    source, clock = played
    assert kinds(source.read()) == [EventKind.RUN_STARTED, EventKind.JOBS]
    clock.now_s += 9.9
    assert kinds(source.read()) == [EventKind.JOB_STARTED, EventKind.HEARTBEAT]
    assert source.clock() == pytest.approx(9.9)
    clock.now_s += 0.2
    assert kinds(source.read()) == [EventKind.JOB_DONE, EventKind.JOB_STARTED]


def test_a_recording_may_be_played_faster_and_halted(played):
    """What passed at the old speed stays passed; halted, nothing comes and its clock stands."""
    source, clock = played
    source.read()
    source.speed = 0.0
    clock.now_s += 50
    assert source.read() == [] and source.clock() == 0.0
    source.speed = 8.0
    clock.now_s += 1.25
    assert kinds(source.read())[-1] is EventKind.JOB_STARTED and source.clock() == 10.0


def test_seeking_goes_on_or_begins_anew(played):
    """Forward what lies between comes at once; backwards everything comes again from the start."""
    source, _ = played
    source.seek(12.0)
    assert len(source.read()) == 6
    source.seek(1.5)
    assert kinds(source.read()) == [EventKind.RUN_STARTED, EventKind.JOBS, EventKind.JOB_STARTED]
    source.seek(1e9)
    assert kinds(source.read())[-1] is EventKind.RUN_ENDED


def test_secrets_are_not_recorded(path):
    """What texts, messages and signs of life name as a secret is masked, as it is on the screen."""
    said = "password=hunter2"
    record(path, start(1, text=f"make {said}"), beat("a", last_line=said, progress=said), failed("a", message=said))
    with open(path) as file:
        text = file.read()
    assert "hunter2" not in text and text.count("password=***") >= 4


def test_recording_that_was_cut_off_is_played_to_there(path):
    """The half line at its end is left out, and one line says that the end is missing."""
    record(path, *EVENTS)
    with open(path, "rb") as file:
        data = file.read()
    with open(path, "wb") as file:
        file.write(data[: -len(data) // 8])
    source = TapeSource(path)
    source.seek(1e9)
    assert kinds(source.read())[:4] == kinds(EVENTS)[:4]
    assert source.trouble() == "the recording ends here: it was cut off before the end of the make"
    source.close()


@pytest.mark.parametrize("data", [b"", b"import os\n", b'{"event": 1}\n', b'{"compmake_recording": 1', b"\xff\x00"])
def test_foreign_file_is_refused(path, data):
    """One line that names the file; nothing is played."""
    with open(path, "wb") as file:
        file.write(data)
    with pytest.raises(UserError, match=r"run\.jsonl is no recording of a make"):
        TapeSource(path)


def test_recording_of_a_later_version_is_refused(path):
    """It may mean something else."""
    with open(path, "wb") as file:
        file.write(b'{"compmake_recording": 2, "version": "9.0", "program": "x"}\n')
    with pytest.raises(UserError, match=r"recorded by compmake 9\.0"):
        TapeSource(path)


def test_other_peoples_files_are_not_overwritten(path):
    """A file that is no recording stays as it is; the make is told, and goes on."""
    with open(path, "w") as file:
        file.write("precious")
    assert "is no recording; nothing is overwritten" in record(path, *EVENTS)[0]
    with open(path) as file:
        assert file.read() == "precious"


@pytest.mark.parametrize("place", ["no/such/folder/run.jsonl", ".", "/dev/null"])
def test_place_that_cannot_be_written_is_told(tmp_path, place):
    """One line, and the make goes on."""
    assert len(record(str(tmp_path / place), *EVENTS)) == 1


def test_older_recording_is_replaced(path):
    """Of another process; the last one that recorded there is the one that stays."""
    record(path, *EVENTS, *EVENTS)
    whole = Path(path).read_bytes()
    Path(path).write_bytes(whole.replace(b'"process": "', b'"process": "another', 1))
    record(path, start(1), end(1.0))
    source = TapeSource(path)
    source.seek(1e9)
    assert kinds(source.read()) == [EventKind.RUN_STARTED, EventKind.RUN_ENDED]
    source.close()


def test_full_disk_is_told_once(path):
    """When nothing more can be written the make is told and goes on; what was written is played."""
    channel = MemoryChannel()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with Tape(path, channel, HEAD):
            channel.publish([start(2), *[done("a", number) for number in range(1000)]])
            wait_for(lambda: channel.read(0)[0][-1].kind is EventKind.NOTICE, "the notice")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "the make is not recorded any more, but goes on" in channel.read(0)[0][-1].text
    source = TapeSource(path)
    source.seek(1e9)
    assert len(source.read()) > 50 and source.trouble()
    source.close()


PROGRAM = """\
from compmake import comp

def broken(x):
    raise ValueError("no")

def f(x):
    return x

comp(broken, comp(f, 1), job_id="bad")
"""


def test_recorded_make_is_shown_as_lines_without_a_terminal(space):
    """`--record` writes it, `--replay` prints what `watch` would have; neither program nor store is needed."""
    space.write("prog.py", PROGRAM)
    space.run("--record", "run.jsonl", "prog", "make")
    (space.path / "prog.py").unlink()
    shown = space.run("--replay", "run.jsonl")
    assert shown.code == 0
    for text in ("make 2 jobs", "done f", "FAILED bad broken()", "ValueError: no", "make finished"):
        assert text in shown.out


@pytest.mark.parametrize("words", [["--replay", "x", "prog"], ["--replay", "x", "-c", "ls"], ["--replay"]])
def test_replay_stands_alone(space, words):
    """With a program or a command it is refused in one line."""
    done = space.run(*words)
    assert done.code == 2 and done.err.count("\n") == 1
