"""Starts a make: builds its plan, executor, channel and screen, runs it, and takes all of them down again."""

import contextlib
import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TextIO

from compmake import __version__
from compmake.channel import Channel, Event, EventKind
from compmake.channel.memory import MemoryChannel
from compmake.channel.tape import Tape, TapeHead
from compmake.config import OutputMode, color_count, output_mode, terminal_width
from compmake.control import INLINE, Control
from compmake.durations import Durations
from compmake.errors import StoreError
from compmake.executor import Executor
from compmake.fingerprint.modules import loaded_user_modules
from compmake.foretold import SHORTEST_S, foretold, remember
from compmake.interrupting import heeding_signals
from compmake.job import NO_OPTIONS, Beat, Digest, Job, JobId, Limits
from compmake.job_progress import flush as flush_progress
from compmake.job_table import Estimate
from compmake.make import Make
from compmake.make_result import MakeResult
from compmake.news import Forecast, function_news
from compmake.plan import Plan
from compmake.recording import environment
from compmake.settings import Settings
from compmake.status import causes_to_run
from compmake.store import Run, Store
from compmake.telling import Telling
from compmake.text_safety import sanitize
from compmake.ui.frontend import Frontend, Ticker
from compmake.ui.json_log import JsonLog
from compmake.ui.live import LiveLine
from compmake.ui.plain import PlainLog
from compmake.ui.text import Style, can_encode
from compmake.wanted_jobs import job_table, table_of
from compmake.words import close_matches
from compmake.workspace import Workspace

_TICK_S = 0.25
_EXPECTED_AT_ONCE = 2000
"""With more jobs to make an estimate would hold up the start; it comes a second later."""
_GARBAGE = 100_000
"""New objects before garbage is looked for: at Python's own number that takes a tenth of the time of a make."""


def start_make(
    workspace: Workspace,
    targets: Sequence[JobId],
    command: str,
    *,
    jobs: int = 1,
    inline: bool = False,
    verbose: bool = False,
    silent: bool = False,
    background: bool = False,  # noqa: ARG001 -- the console has a start of its own, the runner refuses & elsewhere
    prefix: str = "",
) -> MakeResult:
    """Make the targets and what they need; `ui.commands.session.StartMake` says what the arguments mean.

    `silent` shows nothing at all, for programs; `prefix` stands before commands that the summary recommends.

    Raises:
        StoreError: The store is locked, read-only or failed.
    """
    channel, control = MemoryChannel(), Control()
    # Inline jobs have the terminal: nothing may redraw a line there.
    settings = workspace.settings
    settings = replace(settings, ui="plain") if inline and settings.ui == "auto" else settings
    try:
        with _screen(settings, channel, verbose=verbose, silent=silent, prefix=prefix):
            return run_make(workspace, targets, command, channel, control, jobs=jobs, inline=inline)
    finally:
        control.close()


def run_make(
    workspace: Workspace,
    targets: Sequence[JobId],
    command: str,
    channel: Channel,
    control: Control,
    *,
    jobs: int = 1,
    inline: bool = False,
) -> MakeResult:
    """Make the targets and what they need in this thread, and tell the channel how it goes.

    Args:
        workspace: What is open; used by this thread alone meanwhile.
        targets: Jobs wanted.
        command: As typed, for the list of runs.
        channel: Carries the news.
        control: What the user wants of the make; also signals say so, if this is the main thread.
        jobs: How many may run at once, each in a worker process.
        inline: Run jobs in this process instead, one at a time.

    Raises:
        StoreError: The store is locked, read-only or failed.
    """
    workspace.require_program()
    changing = workspace.changing(f"compmake {workspace.name} {command}")
    with _store_heard(workspace.store, channel), changing, _recorded(workspace, channel):
        try:
            graph, checker = workspace.graph, workspace.checker
            wanted = set(targets) | (graph.ancestors(targets) if len(targets) < len(graph.jobs) else set())
            order = [job_id for job_id in graph.order if job_id in wanted]
            checker.look_at_results(order)
            done = checker.sweep(order)
            if len(done) == len(order):
                return _nothing_to_do(workspace.store, channel, command, len(done))
            plan = Plan(graph, targets, done=done.keys())
            return _run(workspace, plan, done, channel, command, control, workers=0 if inline else jobs)
        finally:
            workspace.refresh()
            workspace.forget_cleaned()


def _recorded(workspace: Workspace, channel: Channel) -> contextlib.AbstractContextManager[object]:
    """Record the news of a make if that is wanted."""
    path = workspace.settings.record
    return Tape(path, channel, TapeHead(__version__, workspace.name)) if path else contextlib.nullcontext()


@contextlib.contextmanager
def _store_heard(store: Store, channel: Channel) -> Iterator[None]:
    """Let the channel carry what the store has to say at once."""
    before = store.tell_by(lambda text: channel.publish([Event(EventKind.NOTICE, time.time(), text=text)]))
    try:
        yield
    finally:
        store.tell_by(before)


def _run(
    workspace: Workspace,
    plan: Plan,
    done: Mapping[JobId, Digest],
    channel: Channel,
    command: str,
    control: Control,
    *,
    workers: int,
) -> MakeResult:
    """Make what `plan` wants; `done` are the results of the jobs that it has as done, `workers` 0 runs jobs here."""
    graph, index = workspace.graph, workspace.index
    assert index is not None
    todo = [job_id for job_id in graph.order if job_id in plan.wanted and job_id not in done]
    workers = min(workers, len(todo))
    _tell_of_settings(workspace, channel)
    from compmake.estimating import Estimating  # what only running jobs need is imported then

    with Telling(workspace, channel, control) as telling, Estimating(channel) as estimating:
        start = (
            partial(_processes, todo=todo, telling=telling, control=control, workers=workers) if workers else _inline
        )
        executor = start(workspace, channel)
        try:
            control.executor, control.refusal = (executor, "") if workers else (None, INLINE)
            durations = workspace.durations()
            plan.prioritise(durations.priorities(graph, plan.wanted), durations.unmeasured(graph, plan.wanted))
            forecast = _forecast(workspace, plan, done, todo, durations, workers)
            collect_garbage_from_now_on(often=not workers)
            make = Make(
                graph,
                plan,
                workspace.checker,
                index,
                store=workspace.store,
                executor=executor,
                channel=channel,
                environment=environment(workspace.packages()),
                results=done,
                limits=_limits(workspace.settings),
                control=control,
                workers=workers,
            )
            with heeding_signals(control, inline=not workers):
                result = make.run(command, forecast)
            _remember_estimates(workspace.store, result, forecast.expected, estimating.made(), estimating.steered)
            return result
        finally:
            control.executor = None
            executor.close()


def _forecast(
    workspace: Workspace,
    plan: Plan,
    done: Mapping[JobId, Digest],
    todo: Sequence[JobId],
    durations: Durations,
    workers: int,
) -> Forecast:
    """Say what will run, why, and how long that will take."""
    graph, checker = workspace.graph, workspace.checker
    order = [job_id for job_id in graph.order if job_id in plan.wanted]
    causes = causes_to_run(graph, checker, checker.explain(workspace.store.parts), order, done)
    table = job_table(graph, plan, durations, done, causes.may_run)
    expected = None
    if len(todo) <= _EXPECTED_AT_ONCE:
        from compmake.estimate import Estimator

        left = table_of(graph, todo, plan.priorities, durations, may_run=causes.may_run)
        expected = Estimator(left, workers).estimate(time.time())
    return Forecast(expected, function_news(graph, todo, durations), tuple(causes.lines()), table)


def _remember_estimates(
    store: Store, result: MakeResult, first: Estimate | None, made: Sequence[Estimate], steered: str
) -> None:
    """Keep what was expected of a make that ended of itself, against what it took."""
    if result.interrupted or result.wall_s < SHORTEST_S or not (made or steered):
        return
    started_at = time.time() - result.wall_s
    every = made if first is None or steered else [first._replace(made_at=started_at), *made]
    with contextlib.suppress(StoreError):  # the make has ended well all the same
        remember(store, foretold(result.run_id, started_at, result.wall_s, every, steered))


def _inline(workspace: Workspace, channel: Channel) -> Executor:
    """Run jobs in this process, for a debugger: they have the terminal."""
    from compmake.executor.inline import InlineExecutor  # what only running jobs need is imported then

    def report(job_id: JobId, text: str, share: float | None) -> None:
        beat = Beat(progress=text, share=share)
        channel.publish([Event(EventKind.HEARTBEAT, time.time(), job_id=job_id, beat=beat)])

    return InlineExecutor(workspace.store.objects, report, with_locals=workspace.settings.locals)


def _processes(
    workspace: Workspace, channel: Channel, *, todo: Sequence[JobId], telling: Telling, control: Control, workers: int
) -> Executor:
    """Start worker processes for the jobs that are to be made."""
    from compmake.codec.main_module import dump_main
    from compmake.cpus import blas_environment
    from compmake.executor.processes import ProcessExecutor
    from compmake.zygote import Setup

    assert workspace.program is not None
    jobs = workspace.graph.jobs
    modules = dict.fromkeys(str(jobs[job_id].function.__module__) for job_id in todo)
    in_script = modules.pop("__main__", "") is None
    ref = workspace.program.ref
    main = dump_main() if in_script else b""
    address, with_locals = workspace.store.objects.address, workspace.settings.locals
    order = tuple(name for name in loaded_user_modules({}) if name not in (ref.name, "__main__"))
    setup = Setup(tuple(modules), str(ref.path), ref.name, address, main, with_locals, order, telling.address)
    environ = {**os.environ, "PYTHONHASHSEED": "0", **blas_environment(workers, os.environ)}

    def report(job_id: JobId, beat: Beat, heard_at: float) -> None:
        channel.publish([Event(EventKind.HEARTBEAT, heard_at, job_id=job_id, beat=beat)])

    return ProcessExecutor(
        setup,
        workspace.store.objects,
        workers=workers,
        environ=environ,
        report=report,
        tell_output=telling.tell_output,
        tell_words=telling.tell_words,
        wake=control.wake,
    )


def _tell_of_settings(workspace: Workspace, channel: Channel) -> None:
    """Tell of settings for functions whose name was probably misspelt; others may be for other programs."""
    names = {job.function_name for job in workspace.graph.jobs.values()}
    places = [name.replace(":", ".") for name in names]
    for place in workspace.settings.without_function(names):
        same_end = [name for name in places if name.endswith(f".{place}")]
        meant = same_end or close_matches(place, places, 1)
        if meant:
            text = f"settings for {place!r} fit no function of this program; did you mean {meant[0]!r}?"
            channel.publish([Event(EventKind.NOTICE, time.time(), text=text)])


def _limits(settings: Settings) -> Callable[[Job], Limits]:
    """Return what says the limits of a job; those without options of their own share them by function."""
    by_function: dict[str, Limits] = {}

    def limits(job: Job) -> Limits:
        if job.options is not NO_OPTIONS:
            return settings.limits(job.function_name, job.options)
        found = by_function.get(job.function_name)
        if found is None:
            found = by_function[job.function_name] = settings.limits(job.function_name, job.options)
        return found

    return limits


def collect_garbage_from_now_on(*, often: bool) -> None:
    """All that was made before is no garbage; jobs in this process may leave some `often`, a make itself hardly any."""
    if not gc.isenabled():
        gc.freeze()
        if not often:
            gc.set_threshold(_GARBAGE, *gc.get_threshold()[1:])
        gc.enable()


def _nothing_to_do(store: Store, channel: Channel, command: str, count: int) -> MakeResult:
    """Record and tell a make whose every job is up to date."""
    started_at = time.time()
    run_id = store.begin_run(command, started_at)
    ended = "finished"
    channel.publish(
        [
            Event(EventKind.RUN_STARTED, started_at, count=count, text=command),
            Event(EventKind.UP_TO_DATE, started_at, count=count),
            Event(EventKind.RUN_ENDED, time.time(), text=ended),
        ]
    )
    store.end_run(Run(run_id, command, started_at, time.time(), up_to_date=count, ended=ended))
    return MakeResult(run_id, 0, count, {}, (), False, time.time() - started_at)


@contextlib.contextmanager
def _screen(settings: Settings, channel: MemoryChannel, *, verbose: bool, silent: bool, prefix: str) -> Iterator[None]:
    """Show what the channel tells, on a copy of standard error: that itself is captured while a job runs."""
    if silent:  # but for what somebody at the terminal must know: what their Ctrl-C did
        leave = channel.subscribe(_print_notices)
        try:
            yield
        finally:
            leave()
        return
    sys.stderr.flush()
    stream = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding or "utf-8", errors="backslashreplace")
    frontend = _frontend(settings, stream, verbose=verbose, prefix=prefix)
    leave = channel.subscribe(lambda events: frontend.feed(events, time.time()))

    def tick(at: float) -> None:
        flush_progress()
        frontend.tick(at)

    try:
        with Ticker(tick, _TICK_S):
            yield
    finally:
        leave()
        frontend.close()
        with contextlib.suppress(OSError):  # nobody reads the log any more: how the make ended matters all the same
            stream.close()


def _print_notices(events: Sequence[Event]) -> None:
    for event in events:
        if event.kind is EventKind.NOTICE:
            print(f"compmake: {sanitize(event.text)}", file=sys.stderr)


def _frontend(settings: Settings, stream: TextIO, *, verbose: bool, prefix: str) -> Frontend:
    is_tty = stream.isatty()
    ascii_only = settings.ascii or not can_encode(stream.encoding)
    mode = output_mode(settings.ui, is_tty=is_tty)
    verbose = verbose or settings.verbose
    if mode is OutputMode.LIVE:
        style = Style(color_count(settings.color, is_tty=is_tty), ascii_only)
        descriptor = stream.fileno()
        return LiveLine(stream, style=style, width=lambda: terminal_width(descriptor), verbose=verbose, prefix=prefix)
    if mode is OutputMode.JSON:
        return JsonLog(stream)
    quiet = mode is OutputMode.QUIET
    return PlainLog(stream, ascii_only=ascii_only, verbose=verbose, quiet=quiet, prefix=prefix)
