"""What may be typed at the cursor, for the Tab key; pure but for the names of files."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from compmake.settings import KEYS
from compmake.ui.candidates import MOST, Candidate, Found, Place, shown
from compmake.ui.commands.registry import Command, Option, find_command, is_dashed, read_option
from compmake.ui.folders import Entry, entries
from compmake.ui.job_completion import complete_names, complete_selection
from compmake.ui.typed import Kind, Part, split_line
from compmake.ui.vocabulary import Vocabulary, choices_of
from compmake.words import Word, close_matches, quoted

_PATH_VALUES = ("FILE", "DIR")
_QUOTES = ("'", '"')


def complete(
    text_before_cursor: str, vocabulary: Vocabulary, list_folder: Callable[[str], Sequence[Entry]] = entries
) -> list[Candidate]:
    """Return what may stand at the cursor, at most 200 candidates.

    Names that begin with what was typed come first, in natural order, behind what they all begin with. Only if there
    is none, those that hold it somewhere.

    Args:
        text_before_cursor: What was typed so far.
        vocabulary: What there is.
        list_folder: Lists a folder, named as it was typed.
    """
    line = split_line(text_before_cursor)
    parts = list(line.parts)
    end = len(text_before_cursor)
    place = Place(text_before_cursor, end, "", False, vocabulary, entries=list_folder)
    kind, current = line.expects, None
    if parts and parts[-1].end == end and parts[-1].kind in (Kind.COMMAND, Kind.WORD, Kind.FILE):
        current = parts.pop()
        kind = current.kind
        place = replace(place, start=current.start, typed=current.word.text, quoted=current.word.quoted)
    found = _at(place, kind, parts, current)
    typed = text_before_cursor[place.start :]
    return [] if len(found) == 1 and found[0].text == typed[-found[0].replaces :] else found


def _at(place: Place, kind: Kind, parts: list[Part], current: Part | None) -> list[Candidate]:
    """Complete what is being typed, given the parts before it."""
    if kind is Kind.COMMAND:
        return _commands(place)
    if kind is Kind.FILE:
        return _paths(place)
    if kind is not Kind.WORD:
        return []
    first = max(at for at, part in enumerate(parts) if part.kind is Kind.COMMAND)
    return _after_command(place, parts[first:], current)


def _after_command(place: Place, parts: Sequence[Part], current: Part | None) -> list[Candidate]:
    """Complete a word behind a command, which may be an alias with words of its own."""
    found = place.vocabulary.find_command(parts[0].word)
    if found is None:
        return []
    before = [Part(Kind.WORD, 0, 0, word) for word in found[1]]
    return _arguments(replace(place, command=found[0]), [*before, *parts[1:]], current)


def _commands(place: Place) -> list[Candidate]:
    if place.typed.startswith("@") and not place.quoted:  # a file with lines; it cannot be quoted
        inside = replace(place, start=place.start + 1, typed=place.typed[1:])
        return [candidate for candidate in _paths(inside) if candidate.text[:1] not in _QUOTES]
    names = place.vocabulary.command_words()
    found = place.all(Found(name, _about_command(name, place.vocabulary), literal=True) for name in names)
    if not found and place.typed:
        close = close_matches(place.typed, names)
        found = [place.candidate(Found(name, _about_command(name, place.vocabulary), literal=True)) for name in close]
    return found


def _about_command(name: str, vocabulary: Vocabulary) -> str:
    if name in vocabulary.aliases:
        return f"= {vocabulary.aliases[name]}"
    command = find_command(name)
    return command.summary if command.name == name else f"= {command.name}: {command.summary}"


def _arguments(place: Place, before: Sequence[Part], current: Part | None) -> list[Candidate]:
    """Complete a word of a command, given those before it."""
    command = place.command
    assert command is not None
    taken: list[Part] = []
    awaited: Option | None = None
    for part in before:
        if awaited is not None:
            awaited = None
            continue
        option, _, equals, _ = read_option(command, part.word)
        awaited = option if option is not None and option.value and not equals else None
        if option is None and not is_dashed(part.word):
            taken.append(part)
    if awaited is not None:
        return _values(place, awaited)
    inline = _inline_value(place, current)
    if inline is not None:
        return inline
    options = (
        [] if place.quoted else [one for one in _options(command, place.typed) if one.name.startswith(place.typed)]
    )
    if place.typed.startswith("-") and not place.quoted:
        return place.all(options)
    return _words(replace(place, most=MOST - len(options)), taken, current) + place.all(options)


def _words(place: Place, taken: list[Part], current: Part | None) -> list[Candidate]:
    """Complete one of the words that the command takes."""
    assert place.command is not None
    vocabulary = place.vocabulary
    first = not taken
    match place.command.takes.strip("[]"):
        case "SEL":
            return complete_selection(place, taken, current)
        case "JOB" if first:
            return complete_names(place, [], [])
        case "COMMAND" if first:
            return _commands(place)
        case "MAKE" if first:
            return place.all(Found(str(make.number), make.command) for make in vocabulary.makes)
        case "KEY VALUE" if first:
            return place.all(Found(name, key.meaning) for name, key in KEYS.items())
        case "KEY VALUE" if len(taken) == 1:
            key = KEYS.get(taken[0].word.text)
            return place.all(Found(word, key.meaning if key else "") for word in choices_of(taken[0].word.text))
        case "NAME" | "NAME LINE" if first:
            return place.all(Found(name, f"= {line}", literal=True) for name, line in vocabulary.aliases.items())
        case "NAME LINE" if len(taken) == 1:
            return _commands(place)
        case "NAME LINE":
            return _after_command(place, taken[1:], current)
    return []


def _options(command: Command, typed: str) -> list[Found]:
    """Return how its options that begin so may be written: with dashes, or as `key=`."""
    found = []
    for option in command.options:
        names = dict.fromkeys((option.name, *option.aliases))
        if option.value and not typed.startswith("-"):
            found += [Found(f"{name}=", option.help) for name in names]
        elif not typed or typed.startswith("-"):
            found += [Found(f"--{name}", option.help) for name in names if len(name) > 1]
        if typed.startswith("-") and len(option.short) == 1:
            found.append(Found(f"-{option.short}", option.help))
    return [one for one in found if one.name.startswith(typed)]


def _values(place: Place, option: Option) -> list[Candidate]:
    if option.value in _PATH_VALUES:
        return _paths(place, folders_only=option.value == "DIR")
    return place.all(Found(choice, option.help) for choice in option.choices)


def _inline_value(place: Place, current: Part | None) -> list[Candidate] | None:
    """Complete the value in `key=value`; None if the word is none. One that needs quotes becomes `--key 'value'`."""
    assert place.command is not None
    if current is None:
        return None
    key, equals, value = current.word.text.partition("=")
    raw = place.line[place.start :]
    option = read_option(place.command, Word(f"{key}=")).option if equals and raw.startswith(f"{key}=") else None
    if option is None or not option.value:
        return None
    at = len(key) + 1
    plain = replace(place, start=place.start + at, typed=value, quoted=False, command=None)
    candidates = []
    for found in _values(plain, option):
        if current.word.quoted or found.text[:1] in _QUOTES:
            text = found.text if found.text[:1] in _QUOTES else quoted(found.text)
            found = found._replace(text=f"--{option.name} {text}", replaces=len(raw))
        candidates.append(found)
    return candidates


def _paths(place: Place, *, folders_only: bool = False) -> list[Candidate]:
    folder, name = os.path.split(place.typed)
    base = place.typed[: len(place.typed) - len(name)]
    found = []
    for entry in place.entries(folder):
        if not entry.name.startswith(name) or (entry.name.startswith(".") and not name.startswith(".")):
            continue
        if entry.is_folder:
            found.append(Found(f"{base}{entry.name}/", "folder", literal=True, partial=True))
        elif not folders_only:
            found.append(Found(base + entry.name, "file", literal=True))
    return [place.candidate(one)._replace(display=shown(one.name[len(base) :])) for one in found[:MOST]]
