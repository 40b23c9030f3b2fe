"""Opens the dashboard for whoever wants it: the console, another terminal, a recording."""

import gc
import threading
from collections.abc import Callable
from functools import partial

from compmake.channel.address import Output
from compmake.channel.source import Source
from compmake.errors import UserError
from compmake.job import JobId
from compmake.telling import news_address
from compmake.text_safety import redact
from compmake.ui.commands.session import Session
from compmake.ui.console.checking import Check
from compmake.ui.console.console_source import ConsoleSource
from compmake.ui.console.makes import Makes
from compmake.ui.console.steering import Steering
from compmake.ui.dashboard.desk import Desk
from compmake.ui.dashboard.opening import Opening, show_dashboard
from compmake.ui.dashboard.panes.look import About
from compmake.ui.dashboard.standing_source import WithStanding
from compmake.ui.text import Style
from compmake.ui.vocabulary import ProgramNames, Vocabulary

_GARBAGE = 200_000
"""Objects that are new and not gone again."""


def show_console_dashboard(
    session: Session,
    makes: Makes,
    check: Check,
    steering: Steering,
    vocabulary: Callable[[], Vocabulary],
    style: Style,
) -> None:
    """Show the dashboard of the console until the user leaves it.

    Raises:
        UserError: The setting `keys` is wrong.
    """
    settings = session.workspace.settings

    def stopped() -> str:
        make = makes.newest
        return "" if make is None or make.error is None else f"{make.command}: {redact(str(make.error))}"

    desk = Desk(
        session,
        lock=check.lock,
        renew=steering.workspace,
        vocabulary=vocabulary,
        is_left=lambda: steering.is_left,
        stopped=stopped,
    )
    printed = _Printed(session)
    about = About(program=session.workspace.name, store=session.workspace.store.location)
    news = ConsoleSource(makes, desk.is_making, partial(_news_from_elsewhere, session))
    source = WithStanding(news, desk.standing, desk.version, lambda: desk.asked, desk.is_making)
    opening = Opening(source, desk, printed, None, about)
    try:
        # In the middle of a line the lock is this thread's, and those that look things up would wait for it for ever.
        with check.unlocked():
            show_dashboard(opening, style, keys=settings.keys, mouse=settings.mouse)
    finally:
        source.close()
        printed.close()


def show_dashboard_elsewhere(session: Session) -> None:
    """Show the dashboard of a make of another process until the user leaves it.

    Raises:
        UserError: No news can come, or the setting `keys` is wrong.
    """
    from compmake.ui.commands.hearing import refuse_to_hear_nothing

    _collect_rarely()
    workspace = session.workspace
    settings, store = workspace.settings, workspace.store
    refuse_to_hear_nothing(workspace)
    lock = threading.RLock()
    seen: list[int] = [store.version]

    def renew() -> None:
        if store.version != seen[0]:
            seen[0] = store.version
            workspace.refresh()

    names = _Names(session)
    desk = Desk(session, lock=lock, renew=renew, vocabulary=names)
    news = _news_from_elsewhere(session)
    source = WithStanding(news, desk.standing, desk.version, lambda: desk.asked, desk.is_making)
    printed = _Printed(session)
    about = About(program=workspace.name, store=store.location, prefix=session.prefix)
    try:
        show_dashboard(
            Opening(source, desk, printed, None, about),
            session.style,
            keys=settings.keys,
            mouse=settings.mouse,
        )
    finally:
        source.close()
        printed.close()


def _news_from_elsewhere(session: Session) -> Source:
    from compmake.channel.redis_source import RedisSource  # knows the client of Redis, which takes 0.1 s

    workspace = session.workspace
    return RedisSource(lambda: news_address(workspace.settings, workspace.store))


def _collect_rarely() -> None:
    """Turn on the garbage collector, which commands do without: this lives long. 100,000 jobs are no garbage."""
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    gc.enable()


class _Names:
    """The words of lines of commands; those of the program are collected when a line is typed first."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names = ProgramNames()
        self._thread = threading.Thread(target=self._collect, name="compmake-names", daemon=True)

    def __call__(self) -> Vocabulary:
        """Return what is known by now."""
        if self._thread.ident is None:
            self._thread.start()
        return Vocabulary(self._names, self._session.aliases)

    def _collect(self) -> None:
        self._names = ProgramNames.of(self._session.workspace.graph.jobs)


class _Printed:
    """Asks the server of the news what a running job has printed; for one thread."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ask: Callable[[JobId], Output | None] | None = None
        self._close: Callable[[], None] = lambda: None

    def __call__(self, job_id: JobId) -> Output | None:
        """Return it, None if nobody tells."""
        if self._ask is None:
            from compmake.ui.commands.following import Printed  # knows the client of Redis, which takes 0.1 s

            try:
                printed = Printed(self._session)
            except UserError:
                return None
            self._ask, self._close = printed.of, printed.close
        return self._ask(job_id)

    def close(self) -> None:
        """Close the connection."""
        self._close()
