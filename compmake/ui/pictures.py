"""Draws the graph: jobs with their states as DOT text, and files of it in the formats that Graphviz knows."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple, TypeVar

from compmake.errors import UserError
from compmake.job import JobId, JobState
from compmake.text_safety import sanitize
from compmake.ui.files import write_whole
from compmake.ui.graphviz import FONTS, HOW_TO_INSTALL, find_engine

T = TypeVar("T", bound=str)

MAX_JOBS_DRAWN = 300
"""Above this one node stands for all jobs of a function."""
MAX_EDGES_DRAWN = 2000
"""Above this too: nobody can follow them, and the layout would take minutes."""
SUFFIXES = (".svg", ".png", ".pdf", ".dot")
_ADVICE = "Name another place with out=FILE."

_MAX_CHARACTERS = 48
# Points; a cell grows when its text is wider, so these need only be good enough to align a column.
_PILL_WIDTH, _LETTER_WIDTH, _BAR_WIDTH = 58, 7, 180
_COLUMN = 40
_INK, _FAINT, _LINE, _BAND = "#222222", "#666666", "#9a9a9a", "#f4f5f7"
# Okabe and Ito: told apart with every kind of colour vision, all light enough for black letters but one.
_COLOURS = {
    JobState.DONE: "#009e73",
    JobState.RUNNING: "#56b4e9",
    JobState.FAILED: "#d55e00",
    JobState.BLOCKED: "#e69f00",
    JobState.INTERRUPTED: "#cc79a7",
    JobState.STALE: "#f0e442",
    JobState.READY: "#0072b2",
    JobState.WAITING: "#d9dde1",
    JobState.TODO: "#d9dde1",
}
_LETTERS = {JobState.READY: "#ffffff"}


class Node(NamedTuple):
    """A job as the picture shows it; dependencies on jobs that are not drawn are left out."""

    job_id: JobId
    function: str
    state: JobState
    dependencies: tuple[JobId, ...]


def write_diagram(nodes: Sequence[Node], paths: Sequence[Path], title: str) -> list[Path]:
    """Draw `nodes` and write the picture to each of `paths`, in the format that its suffix names.

    Each file appears complete or not at all; existing files are replaced.

    Raises:
        UserError: Unknown suffix (nothing was written), a folder that cannot be written, a failure of Graphviz, or no
            Graphviz at all: then the DOT text was written beside the first picture and the message says where.
    """
    for path in paths:
        if path.suffix.lower() not in SUFFIXES:
            raise UserError(f"cannot draw {str(path)!r}: the name must end in one of {', '.join(SUFFIXES)}")
    text = dot_text(nodes, title)
    pictures = [path for path in paths if path.suffix.lower() != ".dot"]
    engine = find_engine() if pictures else None
    if pictures and engine is None:
        instead = pictures[0].with_suffix(".dot")
        write_whole(instead, text.encode(), _ADVICE)
        raise UserError(f"Graphviz is missing: wrote {instead} only. For pictures {HOW_TO_INSTALL}.")
    for path in paths:
        suffix = path.suffix.lower()
        data = engine.draw(text, suffix) if engine is not None and suffix != ".dot" else text.encode()
        write_whole(path, data, _ADVICE)
    return list(paths)


def dot_text(nodes: Sequence[Node], title: str) -> str:
    """Return the graph in Graphviz's language: one node a job, or one a function when there are too many jobs."""
    drawn = {node.job_id for node in nodes}
    edges = [(before, node.job_id) for node in nodes for before in node.dependencies if before in drawn]
    one_a_job = len(nodes) <= MAX_JOBS_DRAWN and len(edges) <= MAX_EDGES_DRAWN
    body = _jobs(nodes, edges) if one_a_job else _functions(nodes, edges)
    return "\n".join([*_head(nodes, title), *body, "}", ""])


def _head(nodes: Sequence[Node], title: str) -> Iterator[str]:
    counts = Counter(node.state for node in nodes)
    jobs = "1 job" if len(nodes) == 1 else f"{len(nodes):,} jobs"
    pills = "".join(_pill(state, f"&#160;{counts[state]:,} {state.value}&#160;") for state in _COLOURS if counts[state])
    yield "digraph {"
    yield (
        f'graph [rankdir=LR, ranksep=0.7, nodesep=0.11, pad=0.3, dpi=120, bgcolor=white, fontname="{FONTS}", '
        f'fontcolor="{_INK}", labelloc=t, labeljust=l, label=<<table border="0" cellborder="0" cellspacing="5">'
        f'<tr><td><font point-size="16"><b>{_markup(title)}</b></font></td>'
        f'<td><font color="{_FAINT}">{jobs}</font></td>{pills}</tr></table>>]'
    )
    yield f'node [shape=plain, fontname="{FONTS}", fontsize=11, fontcolor="{_INK}"]'
    yield f'edge [color="{_LINE}", fontname="{FONTS}", fontsize=10, fontcolor="{_FAINT}", arrowsize=0.6, penwidth=0.9]'


def _jobs(nodes: Sequence[Node], edges: Collection[tuple[JobId, JobId]]) -> Iterator[str]:
    names = _names(node.job_id for node in nodes)
    connected = {job_id for edge in edges for job_id in edge}
    for i, (function, members) in enumerate(_by_function(nodes).items()):
        count = f' <font color="{_FAINT}">{len(members)} jobs</font>' if len(members) > 1 else ""
        yield (
            f'subgraph cluster_{i} {{ style="filled,rounded"; color="{_BAND}"; margin=10; labeljust=l; fontsize=12; '
            f"label=<<b>{_call(function)}</b>{count}>;"
        )
        id_width = _LETTER_WIDTH * max(len(_cut(node.job_id)) for node in members)
        for node in reversed(members):  # Graphviz stacks a column from below
            yield f"{names[node.job_id]} [label=<{_job_label(node, id_width)}>];"
        loose = [node for node in members if node.job_id not in connected]
        for left, right in zip(loose, loose[_COLUMN:], strict=False):  # a long list goes on in the next column
            yield f"{names[left.job_id]} -> {names[right.job_id]} [style=invis, weight=2];"
        yield "}"
    stopped = {node.job_id for node in nodes if node.state in (JobState.FAILED, JobState.BLOCKED)}
    for before, after in edges:
        # The way from a failure to what it blocks is what a reader looks for.
        style = f' [color="{_COLOURS[JobState.FAILED]}", penwidth=1.4]' if {before, after} <= stopped else ""
        yield f"{names[before]} -> {names[after]}{style};"


def _job_label(node: Node, id_width: int) -> str:
    return (
        f'<table border="1" cellborder="0" cellspacing="3" cellpadding="2" style="rounded" bgcolor="white" '
        f'color="{_COLOURS[node.state]}"><tr>{_pill(node.state, node.state.value, width=_PILL_WIDTH)}'
        f'<td align="left" width="{id_width}">{_markup(node.job_id)}</td></tr></table>'
    )


def _functions(nodes: Sequence[Node], edges: Iterable[tuple[JobId, JobId]]) -> Iterator[str]:
    groups = _by_function(nodes)
    names = _names(groups)
    for function, members in groups.items():
        counts = Counter(node.state for node in members)
        yield f"{names[function]} [label=<{_function_label(function, counts)}>];"
    function_of = {node.job_id: node.function for node in nodes}
    between = Counter((function_of[before], function_of[after]) for before, after in edges)
    for (before, after), count in between.items():
        yield f'{names[before]} -> {names[after]} [label=" {count:,} "];'


def _function_label(function: str, counts: Mapping[JobState, int]) -> str:
    total = sum(counts.values())
    shown = [state for state in _COLOURS if counts.get(state)]
    bar = "".join(
        f'<td width="{max(3, round(_BAR_WIDTH * counts[state] / total))}" height="7" fixedsize="true" '
        f'bgcolor="{_COLOURS[state]}"></td>'
        for state in shown
    )
    words = "".join(_pill(state, f"{counts[state]:,} {state.value}") for state in shown)
    jobs = "1 job" if total == 1 else f"{total:,} jobs"
    return (
        f'<table border="1" cellborder="0" cellspacing="0" cellpadding="5" style="rounded" bgcolor="white" '
        f'color="{_LINE}"><tr><td align="left"><b>{_call(function)}</b>  <font color="{_FAINT}">{jobs}</font></td></tr>'
        f'<tr><td><table border="0" cellborder="0" cellspacing="0" cellpadding="0"><tr>{bar}</tr></table></td></tr>'
        f'<tr><td><table border="0" cellborder="0" cellspacing="4" cellpadding="3"><tr>{words}</tr></table></td></tr>'
        "</table>"
    )


def _pill(state: JobState, text: str, width: int = 0) -> str:
    letters = _LETTERS.get(state, _INK)
    return f'<td bgcolor="{_COLOURS[state]}" width="{width}"><font color="{letters}" point-size="9">{text}</font></td>'


def _by_function(nodes: Iterable[Node]) -> dict[str, list[Node]]:
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(node.function, []).append(node)
    return groups


def _names(texts: Iterable[T]) -> dict[T, str]:
    """Return a DOT string for each text, all different; a pointer resting on the node shows it in full."""
    lines: dict[str, T] = {}
    for text in texts:
        line = _one_line(text)
        while line in lines:
            line += "′"
        lines[line] = text
    return {text: '"{}"'.format(line.replace("\\", "\\\\").replace('"', '\\"')) for line, text in lines.items()}


def _call(function: str) -> str:
    return f"{_markup(function)}()"


def _markup(text: str) -> str:
    return escape(_cut(text))


def _cut(text: str) -> str:
    """Return foreign text with the middle left out if it is long: ids differ at their ends."""
    line = _one_line(text)
    if len(line) <= _MAX_CHARACTERS:
        return line
    half = _MAX_CHARACTERS // 2
    return f"{line[:half]}…{line[-half:]}"


def _one_line(text: str) -> str:
    line = sanitize(text).replace("\n", "⏎").replace("\t", " ")
    # XML has no way to write these two characters.
    return line.replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
