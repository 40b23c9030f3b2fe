"""Decides whether a job must run and says why: the same comparison gives the decision and its explanation. Pure."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii
from typing import NamedTuple

from blake3 import blake3

from compmake.fingerprint.closure import WHOLE_MODULE, CodeSet
from compmake.functions import HIDDEN_INPUTS, parameter_name
from compmake.job import DIGEST_BYTES, Argument, Digest, FileState, Job, JobId, Reason, ReasonCode, Record
from compmake.masking import MASK

# json.dumps would make an encoder for each call.
encode_json = json.JSONEncoder(separators=(",", ":")).encode

quoted = encode_basestring_ascii
"""Return a text as JSON."""


class DependencyDigest(NamedTuple):
    """What stands at one place of a call: the digest of a job's result. The job id is for messages only."""

    place: str
    job_id: JobId
    digest: Digest


class Current(NamedTuple):
    """Everything that counts for one job as it is now, and the fingerprint of it all."""

    job: Job
    fingerprint: Digest
    arguments_of: Callable[[Job], tuple[Argument, ...]]
    """`Definitions.arguments_of`."""
    results: Sequence[Digest]
    """Of the job's dependencies, in the order of their places."""
    files: tuple[FileState, ...]
    options: Mapping[str, str]
    code: CodeSet
    modules: str
    """JSON list of the user modules loaded by the attempt that this is compared with."""
    call: bytes
    context: Digest
    """With `results` and the digest of `code` what the fingerprint is made of."""

    @property
    def arguments(self) -> tuple[Argument, ...]:
        """The arguments, described one by one: for records and messages, the fingerprint of most jobs needs none."""
        return self.arguments_of(self.job)

    @property
    def dependencies(self) -> tuple[DependencyDigest, ...]:
        """The results that it takes, each with its place."""
        pairs = zip(self.job.dependencies, self.results, strict=True)
        return tuple([DependencyDigest(*dependency, digest) for dependency, digest in pairs])

    @property
    def is_stable(self) -> bool:
        """Whether all arguments can be compared; those of a call of plain values always can."""
        return self.job.call is not None or all(argument.digest is not None for argument in self.arguments)


@dataclass(frozen=True, slots=True)
class Inputs:
    """The elements of a recorded fingerprint, kept so that `why` needs no rerun."""

    args: Mapping[str, tuple[str, str]]
    """place -> (hexadecimal digest, short text)"""
    deps: Mapping[str, tuple[str, str]]
    """place -> (hexadecimal digest of the result, job id)"""
    files: Mapping[str, str]
    """path -> hexadecimal digest, empty if the file was not there"""
    options: Mapping[str, str]
    mode: str
    call: str
    """Hexadecimal digest of the call itself, see `call_digest`."""

    @classmethod
    def from_json(cls, text: str) -> "Inputs":
        """Read what `inputs_json` wrote; anything else reads as inputs that match nothing."""
        try:
            data = json.loads(text)
            return cls(
                args={str(k): (str(v[0]), str(v[1])) for k, v in data["args"].items()},
                deps={str(k): (str(v[0]), str(v[1])) for k, v in data["deps"].items()},
                files={str(k): str(v[2]) for k, v in data["files"].items()},
                options={str(k): str(v) for k, v in data["options"].items()},
                mode=str(data["mode"]),
                call=str(data["call"]),
            )
        except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
            return cls({}, {}, {}, {}, "", "")


def inputs_json(now: Current, call: Digest) -> str:
    """Return the elements of a fingerprint as the record keeps them."""
    # Put together by hand: every record of a make has them, and an encoder takes four times as long.
    args = [f'{quoted(a.place)}:["{a.digest.hex() if a.digest else ""}",{quoted(a.text)}]' for a in now.arguments]
    deps = [
        f'{quoted(place)}:["{digest.hex()}",{quoted(job_id)}]'
        for (place, job_id), digest in zip(now.job.dependencies, now.results, strict=True)
    ]
    files = "{}"
    if now.files:
        files = encode_json({f.path: (f.size_bytes, f.mtime_ns, f.digest.hex() if f.digest else "") for f in now.files})
    options = encode_json(now.options) if now.options else "{}"
    return (
        f'{{"args":{{{",".join(args)}}},"deps":{{{",".join(deps)}}},"files":{files},"options":{options},'
        f'"mode":"{now.code.mode}","call":"{call.hex()}"}}'
    )


def recorded_files(inputs: str) -> list[FileState]:
    """Return the states of input files that a record kept."""
    try:
        files = json.loads(inputs)["files"].items()
        return [
            FileState(str(p), int(v[0]), int(v[1]), Digest(bytes.fromhex(v[2])) if v[2] else None) for p, v in files
        ]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return []


def fingerprint(call: bytes, results: Sequence[Digest], code: Digest, context: Digest) -> Digest:
    """Return the digest of everything that counts; job ids do not, so that ids may shift.

    Args:
        call: Function, arguments and places of promises, see `Definitions.call_of`.
        results: Result digests of the dependencies, in the order of their places.
        code: Digest of the code set.
        context: Digest of files and options, see `context_digest`.
    """
    # All but the call, which says how many results there are, is of one length: nothing is ambiguous.
    return Digest(blake3(b"".join((code, context, *results, call))).digest(DIGEST_BYTES))


def context_digest(files: Iterable[FileState], options: Mapping[str, str], passed_code: Iterable[str]) -> Digest:
    """Return the digest of what else counts for a job: input files, options, which functions are passed where."""
    pieces: list[str | bytes] = []
    for file in files:
        pieces += ("f", file.path, file.digest or b"gone")
    for name in sorted(options):
        pieces += ("o", name, options[name])
    for root in passed_code:
        pieces += ("c", root)
    return _digest(pieces)


def call_digest(call: bytes, dependencies: Iterable[Digest]) -> Digest:
    """Return the identity of a call that is known without running anything and does not depend on ids or code.

    `dependencies` are the call digests of the jobs whose results it takes, in the order of their places.
    """
    return Digest(blake3(b"".join((*dependencies, call))).digest(DIGEST_BYTES))


def _digest(pieces: Iterable[str | bytes]) -> Digest:
    encoded = [p if isinstance(p, bytes) else p.encode("utf-8", "surrogatepass") for p in pieces]
    prefixed = b"".join([b"%d:%b" % (len(p), p) for p in encoded])
    return Digest(blake3(prefixed).digest(DIGEST_BYTES))


@dataclass(frozen=True, slots=True)
class Explain:
    """What explanations need beyond the fingerprints: asked only when a job is stale and somebody wants to know."""

    code_set: Callable[[Digest], CodeSet | None]
    """The recorded set of code units."""
    old_source: Callable[[Digest], str]
    """The recorded source of a unit, empty text if it is not kept."""
    new_source: Callable[[str], str]
    where: Callable[[str], tuple[str, int]]
    own_units: Callable[[Job], frozenset[str]]
    parameters: Callable[[Job], tuple[str, ...]]
    known: dict[tuple[str, str, Digest, Digest], tuple[Reason, ...]] = field(default_factory=dict)
    """What was found about code: all jobs of a function mostly have the same old and new."""


def why_stale(now: Current, record: Record | None, damage: Reason | None, explain: Explain) -> tuple[Reason, ...]:
    """Return every reason why the job must run, in the order of `ReasonCode`; empty if it is up to date.

    Args:
        now: The job as it is now.
        record: Its newest record, None if there is none.
        damage: What is wrong with its stored result or the files it vouches for, None if nothing.
        explain: Where texts for messages come from.
    """
    unstable = tuple(_unstable(now))
    if record is None:
        return (Reason(ReasonCode.NEVER_MADE, "never made"), *unstable)
    reasons: list[Reason] = []
    if record.asked:
        reasons.append(Reason(ReasonCode.ASKED_FOR, "asked for"))
    if not record.ok:
        reasons.append(Reason(ReasonCode.FAILED, "failed last time"))
    if record.fingerprint != now.fingerprint:
        differences = _code_alone(now, record, explain) or _differences(now, record, explain)
        if not differences:
            differences = [Reason(ReasonCode.OPTION, _WITHOUT_DIFFERENCE)]
        reasons.extend(differences)
    if damage is not None:
        reasons.append(damage)
    return (*reasons, *unstable)


def _code_alone(now: Current, record: Record, explain: Explain) -> Sequence[Reason]:
    """Return what changed in the code if nothing else did: so it mostly is, and many jobs are asked for at once."""
    alone = record.fingerprint == fingerprint(now.call, now.results, record.code, now.context)
    return _code_reasons(now, record, explain) if alone else ()


def _differences(now: Current, record: Record, explain: Explain) -> Sequence[Reason]:
    before = Inputs.from_json(record.inputs)
    parameters = explain.parameters(now.job)
    return [
        *_options(now, before),
        *_arguments(now, before, parameters),
        *_dependencies(now, before, parameters),
        *_code_reasons(now, record, explain),
        *_files(now, before),
    ]


_WITHOUT_DIFFERENCE = (
    "functions among the arguments changed places, or another version of compmake recorded what counts in another way"
)


def _unstable(now: Current) -> Iterator[Reason]:
    for argument in now.arguments if now.job.call is None else ():
        if argument.digest is None:
            yield Reason(
                ReasonCode.UNSTABLE,
                f"{argument.unstable or argument.place} cannot be compared with the last time, so the job always runs: "
                "pass what it is made of, or name it in ignore=",
            )


def _options(now: Current, before: Inputs) -> Iterator[Reason]:
    for name in sorted({*now.options, *before.options}):
        old, new = before.options.get(name, "none"), now.options.get(name, "none")
        if old != new:
            yield Reason(ReasonCode.OPTION, f"{name} changed: {old} -> {new}", old, new)
    if before.mode and before.mode != now.code.mode:
        text = f"code mode changed: {before.mode} -> {now.code.mode}"
        yield Reason(ReasonCode.OPTION, text, before.mode, now.code.mode)


def _arguments(now: Current, before: Inputs, parameters: tuple[str, ...]) -> Iterator[Reason]:
    here = {a.place: (a.digest.hex() if a.digest else "", a.text) for a in now.arguments}
    for place in {**here, **before.args}:
        if here.get(place, ("",))[0] == before.args.get(place, ("",))[0] and place in here and place in before.args:
            continue
        what = HIDDEN_INPUTS.get(place) or f"argument {parameter_name(place, parameters)}"
        old, new = before.args.get(place, ("", "nothing"))[1], here.get(place, ("", "nothing"))[1]
        detail = f"{old} -> {new}" if old != new or new == MASK else f"{new}, the same at first sight, differs inside"
        yield Reason(ReasonCode.ARGUMENT, f"{what} changed: {detail}", old, new)


def _dependencies(now: Current, before: Inputs, parameters: tuple[str, ...]) -> Iterator[Reason]:
    here = {d.place: (d.digest.hex(), d.job_id) for d in now.dependencies}
    for place in {**here, **before.deps}:
        new, old = here.get(place), before.deps.get(place)
        if new is not None and old is not None and new[0] == old[0]:
            continue
        name = parameter_name(place, parameters)
        if new is None:
            assert old is not None
            yield Reason(ReasonCode.DEPENDENCY, f"no longer takes the result of {old[1]} as {name}", old[1], "")
        elif old is None:
            yield Reason(ReasonCode.DEPENDENCY, f"now takes the result of {new[1]} as {name}", "", new[1])
        elif not new[0] and new[1] == old[1]:  # it has none now: whether it changes is seen when it is made
            yield Reason(ReasonCode.MAY_CHANGE, f"may change: {new[1]}", new=new[1])
        else:
            text = f"the result of {new[1]} changed ({name})"
            yield Reason(ReasonCode.DEPENDENCY, text, old[0][:10], new[0][:10])


def _code_reasons(now: Current, record: Record, explain: Explain) -> tuple[Reason, ...]:
    key = (record.function, now.job.function_name, record.code, now.code.digest)
    found = explain.known.get(key)
    if found is None:
        found = explain.known[key] = tuple(_code(now, record, explain))
    return found


def _code(now: Current, record: Record, explain: Explain) -> Iterator[Reason]:
    if record.function != now.job.function_name:
        text = f"another function: {record.function} -> {now.job.function_name}"
        yield Reason(ReasonCode.OWN_CODE, text, record.function, now.job.function_name)
        return
    if record.code == now.code.digest:
        return
    before = explain.code_set(record.code)
    if before is None:
        yield Reason(ReasonCode.USED_CODE, "the code changed, and the store no longer has what it was")
        return
    if before.mode != now.code.mode:
        return  # told as an option: units of one mode are not those of the other
    own = explain.own_units(now.job)
    changed = [u for u in {**before.units, **now.code.units} if before.units.get(u) != now.code.units.get(u)]
    for unit in sorted(changed, key=lambda u: (u not in own, u)):
        yield _unit_reason(unit, before, now.code, explain, unit in own)
    for name in sorted({**before.globals, **now.code.globals}):
        old, new = before.globals.get(name), now.code.globals.get(name)
        if (old and old[0]) == (new and new[0]):
            continue
        shown_old, shown_new = old[1] if old else "not used", new[1] if new else "not used"
        text = f"global {_plain(name)} changed: {shown_old} -> {shown_new}{_place(name, now.code, explain)}"
        yield Reason(ReasonCode.GLOBAL, text + _through(name, now.code), shown_old, shown_new)


def _unit_reason(unit: str, before: CodeSet, now: CodeSet, explain: Explain, is_own: bool) -> Reason:
    code = ReasonCode.OWN_CODE if is_own else ReasonCode.USED_CODE
    old_digest = before.units.get(unit)
    old = explain.old_source(old_digest) if old_digest else ""
    if unit not in now.units:
        text = f"{_unit_words(unit)} is no longer used{_through(unit, before)}"
        return Reason(code, text, diff=_diff(old, ""))
    new = explain.new_source(unit)
    place = _place(unit, now, explain)
    if old_digest is None:
        return Reason(code, f"{_unit_words(unit)} is now used{place}{_through(unit, now)}", diff=_diff("", new))
    whose = "own function" if is_own else "helper"
    through = "" if is_own else _through(unit, now)
    return Reason(code, f"{whose} {_unit_words(unit)} changed{place}{through}", diff=_diff(old, new))


def _diff(old: str, new: str) -> str:
    if not old and not new:
        return ""
    import difflib

    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=3)
    return "\n".join(list(lines)[2:])  # without the two lines that would name files


def _plain(unit: str) -> str:
    return unit.partition(":")[2] or unit


def _unit_words(unit: str) -> str:
    module, colon, name = unit.partition(":")
    if not colon:
        return unit
    if name == "<module>":
        return f"the top level of {module}"
    if name == WHOLE_MODULE:
        return f"module {module}"
    return f"{name}()" if name[:1].islower() or "." in name or name.startswith(("_", "<")) else name


def _place(unit: str, now: CodeSet, explain: Explain) -> str:
    if unit not in now.units and unit not in now.globals:
        return ""
    file, line = explain.where(unit)
    return f" ({file.rpartition('/')[2]}:{line})" if file else ""


def _through(unit: str, code: CodeSet) -> str:
    via = code.via.get(unit)
    return f", used by {_unit_words(via)}" if via and via != unit else ""


def _files(now: Current, before: Inputs) -> Iterator[Reason]:
    here = {f.path: f.digest.hex() if f.digest else "" for f in now.files}
    for path in sorted({**here, **before.files}):
        old, new = before.files.get(path), here.get(path)
        if old == new:
            continue
        if new == "":
            yield Reason(ReasonCode.FILE, f"file {path} is gone", old or "", "")
        elif old is None:
            yield Reason(ReasonCode.FILE, f"file {path} now counts", "", new or "")
        elif new is None:
            yield Reason(ReasonCode.FILE, f"file {path} no longer counts", old, "")
        else:
            yield Reason(ReasonCode.FILE, f"file {path} changed", old[:10], new[:10])
