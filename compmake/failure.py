"""How an exception becomes a `Failure`: text that is safe to keep, send and show. Nothing here ever raises."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from compmake.frame_locals import describe_locals
from compmake.frames import SOURCE_CHARS, Look, frames_of, is_own_file, user_frames
from compmake.job import Failure, Frame

MESSAGE_CHARS = 10_000
CHAIN_LENGTH = 10
_NOTES = 50
_MEMBERS = 20
_MEMBER_CHARS = 500
_MEMBERS_TOLD = 20
_LEVELS_TOLD = 3
"""Members of groups of which the frames are kept too, those of groups inside counted."""


def capture(
    exc: BaseException,
    *,
    is_user: Callable[[str], bool],
    hide: Callable[[str], bool] = is_own_file,
    with_locals: bool = True,
) -> Failure:
    """Describe an exception and what led to it, as text only.

    Args:
        exc: What the job raised; with its traceback.
        is_user: Whether a file holds the user's own code.
        hide: Whether a file is part of the machinery; such frames are left out.
        with_locals: Whether local variables are kept.

    Returns:
        At most 10 exceptions of the chain, 50 frames each (a frame without a file stands for those left out, `line`
        says how many), 10,000 characters a message. Source lines are as `linecache` has them: five around each user
        line, library lines alone. User frames have their local variables as `describe_locals` tells them.
    """
    try:
        return _chain(exc, Look(hide, is_user, {}), with_locals=with_locals)
    except Exception as error:
        return Failure(type(exc).__name__, f"(what it said cannot be shown: {type(error).__name__} while asking)")


def _chain(exc: BaseException, look: Look, *, with_locals: bool) -> Failure:
    """Describe all that led to an exception, and the members if it is a group."""
    links, is_cut = _links(exc)
    members = {id(link): _told_members(link) for link, _ in links}
    if with_locals:
        told = chain((link for link, _ in links), chain.from_iterable(members.values()))
        look = look._replace(locals=describe_locals(frame for each in told for frame in user_frames(each, look)))
    return _linked(links, is_cut, look, members)


def _told_members(exc: BaseException) -> list[BaseException]:
    """Return the members of a group of which frames are kept, those of groups inside last."""
    found: list[BaseException] = []
    groups = [exc]
    for _ in range(_LEVELS_TOLD):
        members = [member for group in groups if isinstance(group, BaseExceptionGroup) for member in group.exceptions]
        found += members[: _MEMBERS_TOLD - len(found)]
        groups = members
    return found


def _linked(
    links: list[tuple[BaseException, bool]],
    is_cut: bool,
    look: Look,
    members: Mapping[int, list[BaseException]],
) -> Failure:
    """Describe a chain from its far end, so that every `Failure` can hold its cause."""
    failure: Failure | None = None
    for number, (link, by_context) in enumerate(reversed(links)):
        told = {id(member) for member in members[id(link)]}
        failure = _describe(link, look, failure, by_context and failure is not None)
        failure = replace(failure, members=_members_of(link, look, told))
        if number == 0 and is_cut:
            failure = replace(failure, notes=(*failure.notes, "... what caused this in turn is left out"))
    assert failure is not None
    return failure


def _members_of(exc: BaseException, look: Look, told: Collection[int]) -> tuple[Failure, ...]:
    """Describe the members of a group that are to be told."""
    if not isinstance(exc, BaseExceptionGroup):
        return ()
    return tuple(
        replace(_describe(member, look, None, False), members=_members_of(member, look, told))
        for member in exc.exceptions[:_MEMBERS]
        if id(member) in told
    )


def _links(exc: BaseException) -> tuple[list[tuple[BaseException, bool]], bool]:
    """Return the exceptions that led to this one, itself first, each with whether the next is only its context.

    And whether there are more than are kept. What compmake raises to pass on another exception is left out in between.
    """
    links: list[tuple[BaseException, bool]] = []
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen and len(links) < CHAIN_LENGTH:
        seen.add(id(current))
        by_context = current.__cause__ is None
        if not links or by_context or not _is_own(type(current)):
            links.append((current, by_context))
        following = current.__context__ if by_context else current.__cause__
        current = None if by_context and current.__suppress_context__ else following
    return links, current is not None and id(current) not in seen


def _is_own(kind: type[BaseException]) -> bool:
    return kind.__module__.partition(".")[0] == __package__


def _describe(exc: BaseException, look: Look, cause: Failure | None, by_context: bool) -> Failure:
    notes = list(islice(chain(_position(exc), _members(exc, look), _own_notes(exc)), _NOTES + 1))
    if len(notes) > _NOTES:
        notes[_NOTES:] = ["... and more notes"]
    return Failure(_type_name(exc), _message(exc), frames_of(exc, look), tuple(notes), cause, by_context)


def _type_name(exc: BaseException) -> str:
    kind = type(exc)
    if _is_own(kind):
        return kind.__qualname__.lstrip("_")
    if kind.__module__ in ("builtins", "__main__"):
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def _message(exc: BaseException) -> str:
    if isinstance(exc, SystemExit):
        return _cut(f"job called sys.exit({'' if exc.code is None else _text_of(exc.code, repr)})")
    return _cut(_text_of(exc, str))


def _text_of(value: object, ask: Callable[[object], str]) -> str:
    """Ask an object for its text; whatever user code does instead of answering becomes the text."""
    try:
        return "".join((ask(value),))  # an exact str, also when it answers with a subclass
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"(its text cannot be shown: {type(error).__name__} while asking)"


def _cut(text: str, limit: int = MESSAGE_CHARS) -> str:
    return text if len(text) <= limit else f"{text[:limit]}... ({len(text) - limit:,} more characters were cut)"


def _own_notes(exc: BaseException) -> list[str]:
    """Return what `add_note` added; user code may have put anything there."""
    try:
        notes: object = getattr(exc, "__notes__", None)
    except Exception:
        return []
    return [_cut(_text_of(note, str)) for note in notes] if isinstance(notes, list | tuple) else []


def _position(exc: BaseException) -> list[str]:
    """Say where a syntax error is: it is no frame of the traceback."""
    if not isinstance(exc, SyntaxError) or exc.lineno is None:
        return []
    lines = [f"{_text_of(exc.filename or '<string>', str)}:{_text_of(exc.lineno, str)}"]
    if isinstance(exc.text, str) and exc.text.strip():
        text = exc.text.rstrip()
        code = text.lstrip()
        column = exc.offset - 1 - (len(text) - len(code)) if isinstance(exc.offset, int) else -1
        lines.append("    " + _cut(code, SOURCE_CHARS))
        if 0 <= column <= min(len(code), SOURCE_CHARS):
            lines.append("    " + " " * column + "^")
    return lines


def _members(exc: BaseException, look: Look, depth: int = 0) -> Iterator[str]:
    """Describe the members of an exception group, a line each, those of groups inside indented."""
    if not isinstance(exc, BaseExceptionGroup):
        return
    for number, member in enumerate(exc.exceptions, 1):
        if number > _MEMBERS:
            yield f"{'  ' * depth}... and {len(exc.exceptions) - _MEMBERS} more"
            return
        user = Failure("", "", frames_of(member, look)).deepest_user_frame
        where = f"  ({Path(user.file).name}:{user.line} in {user.function})" if user else ""
        message = _cut(_message(member), _MEMBER_CHARS)
        yield f"{'  ' * depth}[{number}] {_type_name(member)}: {message}{where}"
        if depth < CHAIN_LENGTH:
            yield from _members(member, look, depth + 1)


def to_json(failure: Failure) -> str:
    """Return the failure as one line of ASCII."""
    return json.dumps(_as_dict(failure))


def _as_dict(failure: Failure) -> dict[str, object]:
    data: dict[str, object] = {
        "type": failure.type_name,
        "message": failure.message,
        "frames": [list(frame) if frame.locals else list(frame[:-1]) for frame in failure.frames],
        "notes": failure.notes,
        "cause": None if failure.cause is None else _as_dict(failure.cause),
        "context": failure.cause_is_context,
    }
    return data | {"members": [_as_dict(member) for member in failure.members]} if failure.members else data


def from_json(text: str) -> Failure:
    """Return what `to_json` wrote; for any other text a `Failure` that says so."""
    try:
        return _from_dict(json.loads(text), CHAIN_LENGTH)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        return Failure("UnreadableFailure", f"what the store keeps of this failure cannot be read ({error})"[:200])


def _from_dict(data: Any, links: int) -> Failure:
    if links == 0:
        raise ValueError("its chain of causes is too long")
    return Failure(
        _typed(data["type"], str),
        _typed(data["message"], str),
        tuple(map(_frame_from, _typed(data["frames"], list))),
        tuple(_typed(note, str) for note in _typed(data["notes"], list)),
        None if data["cause"] is None else _from_dict(data["cause"], links - 1),
        _typed(data["context"], bool),
        tuple(_from_dict(member, CHAIN_LENGTH) for member in _typed(data.get("members", []), list)),
    )


def _frame_from(data: Any) -> Frame:
    file, line, function, is_user, source, *more = _typed(data, list)
    (names,) = more or ([],)
    return Frame(
        _typed(file, str),
        _typed(line, int),
        _typed(function, str),
        _typed(is_user, bool),
        tuple((_typed(number, int), _typed(text, str)) for number, text in _typed(source, list)),
        tuple((_typed(name, str), _typed(text, str)) for name, text in _typed(names, list)),
    )


def _typed(value: Any, kind: type[Any]) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{kind.__name__} expected, not {type(value).__name__}")
    return value
