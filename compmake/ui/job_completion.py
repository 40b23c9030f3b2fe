"""What may be typed in a selection: operators, functions, states and job ids; pure."""

from dataclasses import replace

from compmake.job import JobId
from compmake.selection.parser import RELATIONS, SETS, STATES
from compmake.ui.candidates import MOST, Candidate, Found, Place
from compmake.ui.typed import Part, Token, needs_quotes, tokens_of
from compmake.ui.vocabulary import Vocabulary

_MOST_GUESSED = 50
_ABOUT_SETS = {
    "all": "all jobs",
    "top": "jobs that no other needs",
    "bottom": "jobs that need no other",
    "last": "what the previous command selected",
    **{state.value: "state" for state in STATES},
}
_ABOUT_RELATIONS = {
    "deps": "jobs that these need",
    "dependents": "jobs that need these",
    "ancestors": "all that these need, directly or not",
    "descendants": "all that need these, directly or not",
}
_ABOUT_OPERATORS = {
    "in": "both of the left and of the right",
    "except": "without those on the right",
    "and": "the same as in",
    "but": "the same as except",
    "or": "both, as side by side",
}
_ABOUT_NOT = {"not": "all jobs but these"}


def complete_selection(place: Place, taken: list[Part], current: Part | None) -> list[Candidate]:
    """Complete a word of a selection: what may stand there depends on what stands before."""
    ids = place.vocabulary.names.ids
    tokens = [token for part in taken for token in tokens_of(part, ids.__contains__)]
    if current is not None and not place.quoted:
        inside = _being_typed(current, place.vocabulary)
        tokens += inside[:-1]
        place = replace(place, start=inside[-1].start, typed=inside[-1].text)
    if place.quoted:
        return complete_names(place, [], [])
    last = tokens[-1] if tokens else Token("(", 0, 0)
    bare = "" if last.quoted else last.text
    if bare in RELATIONS:
        return place.all([Found("of", "of which jobs")])
    sets = [Found(name, _ABOUT_SETS[name]) for name in SETS]
    relations = [Found(f"{name} of", _ABOUT_RELATIONS[name]) for name in _ABOUT_RELATIONS]
    operators: list[Found] = []
    if bare in ("(", "in", "and", "except", "but"):
        relations += [Found(name, about) for name, about in _ABOUT_NOT.items()]
    elif bare not in ("not", "or", "of"):
        operators = [Found(name, about) for name, about in _ABOUT_OPERATORS.items()]
    return complete_names(place, operators, [*sets, *relations])


def _being_typed(current: Part, vocabulary: Vocabulary) -> list[Token]:
    """Return the tokens of a bare word, the last one being typed: an id with parentheses, `func1(`, or nothing yet."""
    text, start = current.word.text, current.start
    opening = len(text) - len(text.lstrip("("))
    before = [Token("(", start + at, start + at + 1) for at in range(opening)]
    rest = text[opening:]
    if not rest or (vocabulary.names.ids.count(rest) and not vocabulary.names.ids.count(text)):
        return [*before, Token(rest, start + opening, current.end)]
    if vocabulary.names.ids.count(text):
        return [Token(text, start, current.end)]
    tokens = tokens_of(current, lambda _: False)
    last = tokens[-1]
    if last.text == "(" and len(tokens) > 1 and tokens[-2].text not in ("(", ")"):
        name = tokens[-2]
        return [*tokens[:-2], Token(f"{name.text}(", name.start, last.end)]
    return tokens if last.text not in ("(", ")") else [*tokens, Token("", last.end, last.end)]


def complete_names(place: Place, operators: list[Found], keywords: list[Found]) -> list[Candidate]:
    """Return operators, functions, keywords and job ids; functions only where there are keywords."""
    words = [*operators, *(_functions(place) if keywords else []), *keywords]
    words = [word for word in words if word.name.startswith(place.typed)]
    names = place.vocabulary.names
    hits = names.ids.count(place.typed)
    if not words and not hits:
        return _guesses(place, with_functions=bool(keywords))
    room = max(place.most - len(words) - 2, 0)
    found = [*words, *(_job(job_id, place) for job_id in names.ids.starting_with(place.typed, room))]
    candidates = [place.candidate(one) for one in found]
    common = _common([*names.ids.ends(place.typed), *(word.name for word in words)])
    if hits > room:
        # What is inserted is what all have in common, not only those that are shown.
        more = place.candidate(Found(common, "type on", literal=True, partial=True))
        candidates.append(more._replace(display=f"… {hits - room:,} more"))
    elif len(common) > len(place.typed) and common != found[0].name and not place.quoted and needs_quotes(common):
        candidates.insert(0, place.candidate(Found(common, "how all of these begin", literal=True, partial=True)))
    return candidates


def _common(names: list[str]) -> str:
    """Return what all of the names begin with."""
    low, high = min(names), max(names)
    return low[: next((at for at, pair in enumerate(zip(low, high, strict=False)) if len(set(pair)) > 1), len(low))]


def _job(job_id: JobId, place: Place) -> Found:
    return Found(job_id, place.vocabulary.about_job(job_id), literal=True)


def _functions(place: Place) -> list[Found]:
    names = place.vocabulary.names
    if "." in place.typed:
        shown = sorted(name for name in names.full_functions if name.startswith(place.typed.rstrip("()")))
    else:
        shown = list(names.functions)
    plain = [f"{name}()" for name in shown if not needs_quotes(name)]
    return [Found(name, "function") for name in plain if name.startswith(place.typed)][: MOST // 2]


def _guesses(place: Place, *, with_functions: bool) -> list[Candidate]:
    """Return functions and jobs that hold what was typed, or its letters."""
    typed = place.typed.casefold().rstrip("()")
    if not typed:
        return []
    shown = place.vocabulary.names.functions if with_functions else ()
    functions = [Found(f"{name}()", "function") for name in shown if typed in name.casefold()]
    jobs = [_job(job_id, place) for job_id in place.vocabulary.names.ids.holding(place.typed, _MOST_GUESSED)]
    return [place.candidate(one) for one in [*functions[:_MOST_GUESSED], *jobs]]
