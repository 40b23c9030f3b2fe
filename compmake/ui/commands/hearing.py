"""Finding the make that runs on a store, in whichever process, and following its news."""

import time
from collections.abc import Iterator
from typing import NamedTuple

from compmake.channel import Event, EventKind
from compmake.channel.redis_follow import Follower
from compmake.channel.redis_news import Keys, connector
from compmake.channel.redis_steer import RedisSteer
from compmake.channel.server import NO_SERVER
from compmake.errors import UserError
from compmake.redis_link import explained
from compmake.telling import OFF, named_server, news_address, signing, told_where
from compmake.text_safety import one_line
from compmake.ui.commands.session import Session
from compmake.ui.text import clock
from compmake.workspace import Workspace

_LOOK_S = 0.5
_LOST_TOLD_S = 2.0


def is_making(workspace: Workspace) -> bool:
    """Tell whether a make of this store runs, as far as that can be seen from here."""
    runs, told = workspace.store.runs(), told_where(workspace.store)
    return bool(runs) and runs[0].ended_at is None and not (told is not None and told.is_gone)


def no_make(workspace: Workspace) -> str:
    """Say that nothing runs, and how the last make ended."""
    runs = workspace.store.runs()
    if not runs:
        return "No make is running, and none ever was."
    ended = one_line(runs[0].ended or "did not end", 60)
    return f"No make is running. The last one, {one_line(runs[0].command, 60)}, {clock(runs[0].started_at)}: {ended}."


def refuse_to_hear_nothing(workspace: Workspace) -> None:
    """Refuse to wait for news that cannot come.

    Raises:
        UserError: They are told to nobody, or to a server that these settings do not name.
    """
    settings, told = workspace.settings, told_where(workspace.store)
    if settings.redis == OFF:
        raise UserError("the setting redis is off: nobody tells, and nobody hears, how a make goes")
    if told is not None and told.server and not named_server(settings):
        raise UserError(f"the make tells its news to {told.server}: name that server with --redis URL")


def open_follower(workspace: Workspace) -> Follower:
    """Return what follows the news of a store's makes.

    Raises:
        UserError: They are told to nobody, or to a server that these settings do not name.
    """
    refuse_to_hear_nothing(workspace)
    address = news_address(workspace.settings, workspace.store)
    if address is None:
        raise UserError(NO_SERVER)
    return Follower(connector(address.url), Keys(address.store_id))


def open_steer(workspace: Workspace) -> RedisSteer:
    """Return what can be done to the make that runs in another process.

    Raises:
        UserError: None runs, or it tells its news where these settings do not look.
    """
    if not is_making(workspace):
        raise UserError(no_make(workspace))
    refuse_to_hear_nothing(workspace)
    address = news_address(workspace.settings, workspace.store)
    if address is None:
        raise UserError(NO_SERVER)
    url = address.url
    how = signing(workspace.settings, address)
    return RedisSteer(connector(url), Keys(address.store_id), how, lambda error: str(explained(error, url)))


class Happenings(NamedTuple):
    """Events in order; the first `past` of them happened before anybody looked."""

    events: list[Event]
    past: int = 0


class Listener:
    """Hears of one store's makes; what is wrong with the news is news too, as notices."""

    def __init__(self, session: Session) -> None:
        self._workspace = session.workspace
        self._follower: Follower | None = None
        self._address = news_address(session.workspace.settings, session.workspace.store)
        self._heard_at = time.time()
        self._told = False
        """Whether it was said that no news come."""

    def hear(self) -> Iterator[Happenings]:
        """Yield what happens, at least twice a second an empty list, until the make has ended.

        Raises:
            UserError: The news are told to nobody, or to a server that these settings do not name.
        """
        self._follower = open_follower(self._workspace)
        try:
            while True:
                events, past = self._follower.look(_LOOK_S)
                if self._follower.ended_before:
                    events, past = [], 0  # those of the make before: this one has told nothing yet
                yield Happenings(events, past)
                if any(event.kind is EventKind.RUN_ENDED for event in events[-1:]):
                    return
                if notice := self._trouble(self._follower):
                    yield Happenings([Event(EventKind.NOTICE, time.time(), text=notice)])
                away_s = 0.0 if self._follower.is_well else time.time() - self._heard_at
                if away_s > _LOST_TOLD_S and not is_making(self._workspace):
                    text = "The make has ended; its last news did not come."
                    yield Happenings([Event(EventKind.NOTICE, time.time(), text=text)])
                    return
        finally:
            self._follower.close()

    def beats(self) -> list[Event]:
        """Return the newest sign of life of each running job."""
        return self._follower.beats() if self._follower is not None else []

    def _trouble(self, follower: Follower) -> str:
        """Return what is to be said, once, of news that do not come, or come again."""
        if follower.is_well:
            since, self._heard_at = self._heard_at, time.time()
            was_told, self._told = self._told, False
            return f"There are news again, after {self._heard_at - since:.0f} s." if was_told else ""
        if self._told or time.time() - self._heard_at < _LOST_TOLD_S:
            return ""
        self._told = True
        why = "the make says nothing"
        if follower.lost is not None and self._address is not None:
            why = str(explained(follower.lost, self._address.url))
        return f"No news since {clock(self._heard_at)}: {why}"


def happenings(session: Session, *, forever: bool) -> Iterator[tuple[Happenings, Listener]]:
    """Yield what happens in the make that runs, with who hears it; `forever` goes on with the next makes.

    Ctrl-C is the way to leave.
    """
    try:
        while True:
            if is_making(session.workspace):
                listener = Listener(session)
                for found in listener.hear():
                    yield found, listener
            if not forever:
                return
            time.sleep(_LOOK_S)
    except KeyboardInterrupt:
        return
