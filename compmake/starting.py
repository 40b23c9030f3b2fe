"""Starts a make: builds its plan, executor, channel and screen, runs it, and takes all of them down again."""

import contextlib
import gc
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from compmake.channel import Event, EventKind
from compmake.channel.memory import MemoryChannel
from compmake.config import OutputMode, color_count, output_mode, terminal_width
from compmake.job import Digest, JobId
from compmake.job_progress import flush as flush_progress
from compmake.make import Make, MakeResult
from compmake.plan import Plan
from compmake.recording import environment
from compmake.settings import Settings
from compmake.store import Run, Store
from compmake.ui.frontend import Frontend, Ticker
from compmake.ui.live import LiveLine
from compmake.ui.plain import PlainLog
from compmake.ui.text import Style, can_encode
from compmake.workspace import Workspace

_TICK_S = 0.25


def start_make(
    workspace: Workspace,
    targets: Sequence[JobId],
    command: str,
    *,
    inline: bool = False,
    verbose: bool = False,
    silent: bool = False,
    prefix: str = "",
) -> MakeResult:
    """Make the targets and what they need; `ui.commands.session.StartMake` says what the arguments mean.

    `silent` shows nothing at all, for programs; `prefix` stands before commands that the summary recommends.

    Raises:
        StoreError: The store is locked, read-only or failed.
    """
    workspace.require_program()
    with workspace.changing(f"compmake {workspace.name} {command}"):
        try:
            graph, checker = workspace.graph, workspace.checker
            wanted = set(targets) | (graph.ancestors(targets) if len(targets) < len(graph.jobs) else set())
            order = [job_id for job_id in graph.order if job_id in wanted]
            checker.look_at_results(order)
            done = checker.sweep(order)
            channel = MemoryChannel()
            with _screen(workspace.settings, channel, verbose=verbose, silent=silent, prefix=prefix):
                if len(done) == len(order):
                    return _nothing_to_do(workspace.store, channel, command, len(done))
                return _run(workspace, Plan(graph, targets, done=done.keys()), done, channel, command, inline=inline)
        finally:
            workspace.refresh()
            workspace.forget_cleaned()


def _run(
    workspace: Workspace,
    plan: Plan,
    done: Mapping[JobId, Digest],
    channel: MemoryChannel,
    command: str,
    *,
    inline: bool,
) -> MakeResult:
    """Make what `plan` wants; `done` are the results of the jobs that it has as done."""
    from compmake.executor.inline import InlineExecutor  # what only running jobs need is imported then

    graph = workspace.graph
    assert workspace.index is not None

    def report(job_id: JobId, text: str) -> None:
        channel.publish([Event(EventKind.PROGRESS, 0.0, job_id=job_id, text=text)])

    durations = workspace.durations()
    plan.prioritise(durations.priorities(graph, plan.wanted), durations.unmeasured(graph, plan.wanted))
    expected_s = durations.total_s(graph, [job_id for job_id in plan.wanted if job_id not in done])
    if not gc.isenabled():  # jobs may leave garbage; all that was made before them is none
        gc.freeze()
        gc.enable()
    executor = InlineExecutor(workspace.store.objects, report, capture=not inline)
    try:
        return Make(
            graph,
            plan,
            workspace.checker,
            workspace.index,
            store=workspace.store,
            executor=executor,
            channel=channel,
            environment=environment(workspace.packages()),
            results=done,
        ).run(command, expected_s)
    finally:
        executor.close()


def _nothing_to_do(store: Store, channel: MemoryChannel, command: str, count: int) -> MakeResult:
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
    if silent:
        yield
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


def _frontend(settings: Settings, stream: TextIO, *, verbose: bool, prefix: str) -> Frontend:
    is_tty = stream.isatty()
    ascii_only = settings.ascii or not can_encode(stream.encoding)
    mode = output_mode(settings.ui, is_tty=is_tty)
    verbose = verbose or settings.verbose
    if mode is OutputMode.LIVE:
        style = Style(color_count(settings.color, is_tty=is_tty), ascii_only)
        descriptor = stream.fileno()
        return LiveLine(stream, style=style, width=lambda: terminal_width(descriptor), verbose=verbose, prefix=prefix)
    quiet = mode is OutputMode.QUIET
    return PlainLog(stream, ascii_only=ascii_only, verbose=verbose, quiet=quiet, prefix=prefix)
