"""How a program stands: what the banner tells, what the prompt and the line below it keep telling; pure."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from compmake.job import JobState
from compmake.text_safety import cells, one_line
from compmake.ui.text import Parts, Style, cut
from compmake.ui.view import View
from compmake.words import plural

_FILE_CELLS = 30
_NARROW = 60
"""Columns below which the prompt only says that something changed, not what."""
_IN_PROMPT = (JobState.FAILED, JobState.RUNNING)
_IN_BANNER = (JobState.DONE, JobState.RUNNING, JobState.FAILED, JobState.BLOCKED, JobState.STALE, JobState.TODO)


class Standing(NamedTuple):
    """How many jobs there are, and how many in which state; None while that is being worked out."""

    total: int | None = None
    counts: Mapping[JobState, int] | None = None

    def during(self, view: View, outside: Mapping[JobState, int]) -> "Standing":
        """Return how it stands while a make runs.

        Args:
            view: The make.
            outside: Counts of the jobs that it does not want.
        """
        counts = dict(outside)
        for state, count in view.counts().items():
            counts[state] = counts.get(state, 0) + count
        return Standing(self.total, counts)


def prompt_parts(standing: Standing, *, eta: str = "", changed: Sequence[str] = (), style: Style, width: int) -> Parts:
    """Return the prompt: `@ 1044/1211 ✘4 ▶8 ETA 5m: `; it begins with `@ ` and ends with `: ` whatever is known.

    Args:
        standing: The counts.
        eta: When the make that runs is expected to end, `ETA 5m`; empty if none runs or nobody knows.
        changed: Names of files whose code changed on disk since it was loaded.
        style: Glyphs and colours.
        width: Columns of the terminal.
    """
    counts, unknown = standing.counts, style.ellipsis
    parts: Parts = [("", "@ ")]
    if standing.total is None:
        parts.append(("", unknown))
    else:
        done = unknown if counts is None else str(counts.get(JobState.DONE, 0))
        parts.append(("", f"{done}/{standing.total}"))
    shown = [(state, (counts or {}).get(state, 0)) for state in _IN_PROMPT]
    parts += [(state, f" {style.glyph(state)}{count}") for state, count in shown if count]
    if eta:
        parts.append(("", f" {eta}"))
    if changed:
        name = one_line(changed[0], _FILE_CELLS) + (f" +{len(changed) - 1}" if len(changed) > 1 else "")
        parts.append((JobState.STALE, f" {name} changed, reload?" if width >= _NARROW else " changed"))
    parts.append(("", ": "))
    return parts


_KEYS = " Tab completes  Ctrl-R searches  F2 dashboard  Ctrl-D leaves  help "
_FEW_KEYS = " Tab  Ctrl-R  F2  Ctrl-D  help "


def toolbar_parts(running: str, *, style: Style, width: int) -> Parts:
    """Return what stands below the prompt: what runs in the background and how to get at it, or some keys.

    Args:
        running: `[1] running, 3/11 done, 12s`; empty if nothing runs.
        style: Says how a cut is marked.
        width: Columns of the terminal.
    """
    role, texts = "dim", [_KEYS, _FEW_KEYS]
    if running:
        role, texts = "", [f" {running}  {hint} " for hint in ("fg shows it, stop ends it", "fg stop")]
    return [(role, next((text for text in texts if cells(text) <= width), cut(texts[-1], width, style)))]


def counts_text(standing: Standing, style: Style) -> str:
    """Return `1,211 jobs (✔ 1,020 done, ✘ 3 failed, · 176 todo)`, without the counts while they are not known."""
    if standing.total is None:
        return ""
    counts = standing.counts or {}
    shown = [
        style.paint(state, f"{style.glyph(state)} {counts[state]:,} {state.value}")
        for state in _IN_BANNER
        if counts.get(state)
    ]
    return f"{standing.total:,} {plural(standing.total, 'job').partition(' ')[2]}" + (
        f" ({', '.join(shown)})" if shown else ""
    )
