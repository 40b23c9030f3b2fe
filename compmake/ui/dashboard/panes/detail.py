"""The detail pane: of one job its traceback, output, arguments, dependencies and past attempts."""

from collections.abc import Sequence

from compmake.job import Failure, JobId
from compmake.text_safety import one_line
from compmake.ui.dashboard.board.jobs import Jobs
from compmake.ui.dashboard.board.states import SIGNS, State
from compmake.ui.dashboard.failure_rows import Row, detail_lines, first_row, fullest, row_line, rows_of
from compmake.ui.dashboard.keys import Line
from compmake.ui.dashboard.panes.fitting import clean
from compmake.ui.dashboard.panes.look import TABS, Details
from compmake.ui.dashboard.panes.scene import Scene
from compmake.ui.dashboard.scrolling import Scroll
from compmake.ui.text import ago, duration, printed
from compmake.ui.traceback import headline
from compmake.ui.view import where
from compmake.words import bytes_text

_OUTPUT = TABS.index("output")
_COMPACT_ROWS = 7
"""With fewer lines only what counts most is shown, without tabs."""
_AROUND, _COMPACT_AROUND = 3, 1
_LOCAL_CELLS = 60
_OUTPUT_CELLS = 4000
_NAMED = 200
_NAMED_BRIEFLY = 3


class DetailPane:
    """Shows one job; remembers how far it was scrolled."""

    def __init__(self) -> None:
        self.scroll = Scroll([])
        """Where its body is."""
        self._shown: tuple[JobId, int] | None = None
        self._told: tuple[object, ...] = ()
        self._kept: Details | None = None

    def title(self, scene: Scene, job_id: JobId | None, rows: int) -> str:
        """Return the title: the job and its state, on small screens also why it failed."""
        number = None if job_id is None else scene.board.jobs.number(job_id)
        if job_id is None or number is None:
            return "no job"
        sign = SIGNS[scene.board.jobs.state(number)]
        text = f"{clean(job_id, scene.style)}  {sign.mark(scene.style)} {sign.word}"
        failure = scene.board.jobs.failures.get(job_id)
        if failure is not None and rows <= _COMPACT_ROWS and scene.board.jobs.state(number) is State.FAILED:
            text += f"  {scene.style.spell(headline(failure, 60))}  {clean(where(failure), scene.style)}"
        return text

    def lines(self, scene: Scene, job_id: JobId | None, details: Details | None, columns: int, rows: int) -> list[Line]:
        """Return what there is room for."""
        number = None if job_id is None else scene.board.jobs.number(job_id)
        if job_id is None or number is None:
            return [[("dim", " no job is under the cursor")]]
        known = details if details is not None and details.job_id == job_id else None
        is_compact = rows <= _COMPACT_ROWS
        head = [] if is_compact else [_tabs(scene), _standing(scene, number)]
        if head and known is not None and known.output_note and scene.look.tab == _OUTPUT:
            head.append([("dim", f" {clean(known.output_note, scene.style)}")])  # seen wherever the output is scrolled
        self._prepare(scene, number, known, compact=is_compact)
        seen = self.scroll.seen(columns - 1, rows - len(head), wrap=scene.look.wraps)
        return head + [[("plain", " "), *line] for line in seen]

    def _prepare(self, scene: Scene, number: int, details: Details | None, *, compact: bool) -> None:
        """Make the body anew if it tells something else than before."""
        board, look = scene.board, scene.look
        job_id = board.jobs.ids[number]
        failure = board.jobs.failures.get(job_id)
        told: tuple[object, ...] = (id(details), id(failure), look.folds, look.tab, compact, job_id)
        told += (board.jobs.state(number), board.generation)
        is_live = look.tab == TABS.index("deps") or (look.tab == 0 and board.jobs.state(number) is not State.FAILED)
        if is_live:
            told += (board.version, int(scene.now))
        if told == self._told:
            return
        body = _body(scene, number, details, compact=compact)
        if self._shown == (job_id, look.tab):
            self.scroll.replace(body)
        else:
            self.scroll = Scroll(body, at_end=look.tab == _OUTPUT)
        self._shown, self._told = (job_id, look.tab), told
        self._kept = details  # its identity stands for it, so it must not be reused


def _tabs(scene: Scene) -> Line:
    line: Line = []
    for at, name in enumerate(TABS):
        is_here = at == scene.look.tab
        line.append(("strong" if is_here else "dim", f"[{at + 1} {name}]" if is_here else f" {at + 1} {name} "))
    return line


def _standing(scene: Scene, number: int) -> Line:
    """Return ` w3  attempt 1  41s (usual 22s)  rss 1.9G  2m ago`."""
    jobs = scene.board.jobs
    attempt, usual_s = jobs.attempt(number), scene.board.usual_s(number)
    usual = f" (usual {duration(usual_s)})" if usual_s is not None else ""
    taken_s = attempt.wall_s
    if jobs.state(number) is State.RUNNING and attempt.started_at is not None:
        taken_s = max(0.0, scene.now - attempt.started_at)
    texts = [f"{clean(jobs.functions[number], scene.style)}()"]
    texts.append(clean(attempt.worker, scene.style))
    if attempt.number:
        texts.append(f"attempt {attempt.number}")
    texts.append(f"{duration(taken_s)}{usual}" if taken_s is not None else usual.strip(" ()"))
    if attempt.peak_bytes:
        texts.append(f"rss {bytes_text(attempt.peak_bytes)}")
    if attempt.ended_at is not None:
        texts.append(ago(scene.now - attempt.ended_at))
    return [("plain", " " + "   ".join(filter(None, texts)))]


def _body(scene: Scene, number: int, details: Details | None, *, compact: bool) -> list[Line]:
    job_id = scene.board.jobs.ids[number]
    if scene.look.tab == 0:
        known = details.failure if details is not None else None
        failure = fullest(scene.board.jobs.failures.get(job_id), known)
        shown = _failure(scene, failure, compact=compact) if failure is not None else _condition(scene, number)
        return shown + _neighbours(scene, number)[compact:]
    if TABS[scene.look.tab] == "deps":
        return _dependencies(scene, number)
    if details is None:
        unknown = "a recording does not tell this" if scene.about.is_recording else f"asking{scene.style.ellipsis}"
        return [[("dim", unknown)]]
    if scene.look.tab == _OUTPUT:
        return _output(scene, details, compact=compact)
    told, nothing = {
        "args": (details.call, "its arguments are not known here"),
        "past runs": (details.runs, "no attempt at it is remembered"),
    }[TABS[scene.look.tab]]
    lines: list[Line] = [[("plain", clean(text, scene.style))] for text in told]
    return lines or [[("dim", nothing)]]


def _failure(scene: Scene, failure: Failure, *, compact: bool) -> list[Line]:
    """Return the frames, with source and local variables at the user's own line that was reached last."""
    rows = rows_of(failure, fold=scene.look.folds)
    here = first_row(rows, failure)
    if compact:
        return _told_of(_compact(rows[here]), scene)
    lines: list[Line] = [[("error", headline(failure))], []]
    for at, row in enumerate(rows):
        lines.append(row_line(row))
        if at == here and row.frame is not None:
            around = detail_lines(row, head="", call="", around=_AROUND)[1:]
            lines += [[("plain", "  "), *line] for line in around]
    return _told_of(lines, scene)


def _compact(row: Row) -> list[Line]:
    """Return the source around a frame, and its local variables in one line."""
    frame = row.frame
    if frame is None:
        return detail_lines(row, head="", call="", around=0)
    lines = detail_lines(row._replace(frame=frame._replace(locals=())), head="", call="", around=_COMPACT_AROUND)[1:]
    if frame.locals:
        told = "  ".join(one_line(f"{name}={text}", _LOCAL_CELLS) for name, text in frame.locals)
        lines.append([("dim", "locals "), ("plain", told)])
    return lines


def _told_of(lines: list[Line], scene: Scene) -> list[Line]:
    return [[(role, scene.style.spell(text)) for role, text in line] for line in lines]


def _condition(scene: Scene, number: int) -> list[Line]:
    """Return what there is to say of a job that has not failed."""
    jobs, style = scene.board.jobs, scene.style
    worker = scene.board.workers.running(jobs.ids[number])
    state = jobs.state(number)
    if worker is None or state is not State.RUNNING:
        texts = {
            State.READY: "it waits for nothing but a worker",
            State.WAITING: "it waits for what it needs",
            State.BLOCKED: "it cannot run: something that it needs has failed",
            State.UP_TO_DATE: "it was up to date, so it was not run",
            State.INTERRUPTED: "it was interrupted; the next make runs it again",
            State.DONE: "it was made in this run",
        }
        return [[("plain", texts.get(state, ""))]]
    beat = worker.beat
    told = (("at", beat.place), ("progress", beat.progress), ("printed", printed(beat.last_line)))
    lines: list[Line] = [[("dim", f"{name:<9}"), ("plain", clean(text, style))] for name, text in told if text]
    if (silent_s := worker.silent_s(scene.now)) and not scene.about.trouble:
        lines.append([("silent", f"silent for {duration(silent_s)}")])
    if worker.has_beaten:
        text = f"cpu {beat.cpu_percent:.0f}%  rss {bytes_text(beat.rss_bytes)}"
        lines.append([("dim", "now      "), ("plain", text)])
    return lines or [[("plain", "it runs; it has given no sign of life yet")]]


def _output(scene: Scene, details: Details, *, compact: bool) -> list[Line]:
    shown = [scene.style.spell(one_line(printed(text).expandtabs(4), _OUTPUT_CELLS)) for text in details.output]
    lines: list[Line] = [[("plain", text)] for text in shown] or [[("dim", "(it has printed nothing)")]]
    return [[("dim", clean(details.output_note, scene.style))], *lines] if compact and details.output_note else lines


def _neighbours(scene: Scene, number: int) -> list[Line]:
    """Return `needs load-b=7 ✔   blocks report ⊘, …`; empty if there are none."""
    jobs = scene.board.jobs
    line: Line = []
    blocks = "blocks" if jobs.state(number) is State.FAILED else "needed by"
    for word, numbers in (("needs", jobs.needs[number]), (blocks, jobs.dependents(number))):
        if numbers:
            line += [("dim", f"{'   ' if line else ''}{word} "), ("plain", _named(scene, jobs, numbers))]
    return [[], line] if line else []


def _named(scene: Scene, jobs: Jobs, numbers: Sequence[int]) -> str:
    first = [_with_sign(scene, jobs, number) for number in numbers[:_NAMED_BRIEFLY]]
    more = len(numbers) - len(first)
    return ", ".join(first) + (f" +{more} more" if more else "")


def _with_sign(scene: Scene, jobs: Jobs, number: int) -> str:
    return f"{clean(jobs.ids[number], scene.style)} {SIGNS[jobs.state(number)].mark(scene.style)}"


def _dependencies(scene: Scene, number: int) -> list[Line]:
    jobs = scene.board.jobs
    if not jobs.has_table:
        return [[("dim", "what needs what was not told")]]
    lines: list[Line] = []
    for word, numbers in (("needs", jobs.needs[number]), ("needed by", jobs.dependents(number))):
        lines.append([("strong", f"{word} {len(numbers)}")])
        for other in numbers[:_NAMED]:
            sign = SIGNS[jobs.state(other)]
            lines.append([(sign.role, f"  {sign.mark(scene.style)} {sign.word:<11}")])
            lines[-1].append(("plain", f" {clean(jobs.ids[other], scene.style)}"))
        if len(numbers) > _NAMED:
            lines.append([("dim", f"  {scene.style.ellipsis} {len(numbers) - _NAMED} more")])
    return lines
