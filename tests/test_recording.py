"""What records keep of a job and of an attempt, as text."""

import json

from compmake.filestate import FileState
from compmake.fingerprint.codeset import CodeSet
from compmake.job import Argument, Blob, Dependency, Digest, Job, JobId, Outcome, OutcomeKind, Result
from compmake.recording import Recorder, details_of
from compmake.staleness import Current, Inputs, inputs_json, recorded_files

ODD = 'a "quoted" \\ \n \x1b ü \ud800 \N{SNOWMAN} text'
ONE, TWO = Digest(bytes(range(16))), Digest(bytes(16))
FILE = FileState(f"{ODD}.csv", 3, 4, TWO)


def current() -> Current:
    """Return a job whose every text is odd."""
    place = f"kwargs[{ODD!r}]"
    job = Job(JobId(ODD), print, "m:f", "f", None, None, dependencies=(Dependency(place, JobId(ODD)),))
    arguments = (Argument(place, ONE, ODD), Argument("args[0]", None, "<lock>", "args[0]: a lock"))
    return Current(job, ONE, lambda _: arguments, [TWO], (FILE,), {ODD: ODD}, CodeSet({}), "[]", b"", ONE)


def test_inputs_are_read_as_they_were_written():
    """The text is put together by hand, whatever stands in it."""
    place = f"kwargs[{ODD!r}]"
    text = inputs_json(current(), ONE)
    assert Inputs.from_json(text) == Inputs(
        args={place: (ONE.hex(), ODD), "args[0]": ("", "<lock>")},
        deps={place: (TWO.hex(), ODD)},
        files={FILE.path: TWO.hex()},
        options={ODD: ODD},
        mode="closure",
        call=ONE.hex(),
    )
    assert recorded_files(text) == [FILE]


def test_details_of_an_attempt_are_read_as_they_were_written():
    """So are these, with the facts that all records of a run share."""
    outcome = Outcome(
        JobId("a"),
        OutcomeKind.OK,
        1.0,
        2.0,
        result=Result(ONE, Blob(TWO, 1, b"x"), text=ODD),
        output=Blob(ONE, 7, b"printed\xff"),
        notes=(ODD, "b"),
        worker="w1",
    )
    facts = {"host": ODD, "packages": {"numpy": "1"}}
    record = Recorder(7, facts).record(current(), outcome, call=ONE, attempt=2)
    told = {"worker": "w1", "notes": [ODD, "b"], "result": ODD, "output_text": "printed\ufffd"}
    assert details_of(record) == facts | told
    assert (record.run_id, record.attempt, record.made_at, record.size_bytes) == (7, 2, 3.0, 1)
    bare = Recorder(7, {}).record(current(), Outcome(JobId("a"), OutcomeKind.FAILED, 1.0, 2.0), call=ONE, attempt=1)
    assert json.loads(bare.details) == {} and not bare.ok
