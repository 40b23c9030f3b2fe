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
from compmake.ui.commands.session import Session
from compmake.ui.commands.store_makes import is_making, no_make
from compmake.ui.text import clock
from compmake.workspace import Workspace

_LOOK_S = 0.5
_LOST_TOLD_S = 2.0
_SIGN_WITHIN_S = 1.5
_BEGINNING_S = 3.0
"""A private server is there by then, also on a slow machine."""


def refuse_to_hear_nothing(workspace: Workspace) -> None:
    """Refuse to wait for news that cannot come.

    Raises:
        UserError: They are told to nobody, or to a server that these settings do not name.
    """
    settings, told = workspace.settings, told_where(workspace.store)
    if settings.redis == OFF:
        raise UserError("the setting redis is off: nobody tells, and nobody hears, how a make goes")
    if told is not None and told.server == OFF:
        raise UserError("the make that runs tells nobody how it goes: its setting redis is off")
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


def why_unheard(workspace: Workspace, follower: Follower) -> str:
    """Say why the make that runs cannot be heard of at a server that was asked; empty if it can."""
    told, runs, address = (
        told_where(workspace.store),
        workspace.store.runs(),
        news_address(workspace.settings, workspace.store),
    )
    if follower.lost is None and told is not None and follower.hears(told.pid, _SIGN_WITHIN_S):
        return ""
    if not is_making(workspace):
        return no_make(workspace)
    is_private = told is not None and told.socket
    if is_private and runs and time.time() - runs[0].started_at < _BEGINNING_S:
        return "the make has told nothing yet: it is watched from its second second on"
    if follower.lost is not None and address is not None:
        return f"there are no news of the make: {explained(follower.lost, address.url)}"
    return "there are no news of the make: it tells nothing, or its server takes nothing; its own screen says why"


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
                away_s = time.time() - self._heard_at if self._why_silent(self._follower) else 0.0
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
        why = self._why_silent(follower)
        if not why:
            since, self._heard_at = self._heard_at, time.time() - follower.silent_s
            was_told, self._told = self._told, False
            return f"There are news again, after {time.time() - since:.0f} s." if was_told else ""
        if self._told or time.time() - self._heard_at < _LOST_TOLD_S or not is_making(self._workspace):
            return ""
        self._told = True
        return f"No news since {clock(self._heard_at)}: {why}"

    def _why_silent(self, follower: Follower) -> str:
        """Return why no news come, empty if they do."""
        if follower.lost is not None and self._address is not None:
            return str(explained(follower.lost, self._address.url))
        if not follower.is_well:
            return "the make says nothing"
        told = told_where(self._workspace.store)
        if told is not None and follower.driver != str(told.pid):
            return "the make tells nothing here; its own screen says why"
        return ""


def happenings(session: Session, *, forever: bool) -> Iterator[tuple[Happenings, Listener]]:
    """Yield what happens in the make that runs, with who hears it; `forever` goes on with the next makes.

    Ctrl-C is the way to leave.
    """
    while True:
        if is_making(session.workspace):
            listener = Listener(session)
            for found in listener.hear():
                yield found, listener
        if not forever:
            return
        time.sleep(_LOOK_S)
