"""The keys of one store on a server: read in few round trips, changed in one step or not at all."""

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from redis import Redis

from compmake.errors import StoreError
from compmake.redis_link import Link, run_script
from compmake.signing import Signer
from compmake.store.redis.scripts import APPLY, SWEEP

T = TypeVar("T")
_WORDS = 2000
"""Of one command in a script: Lua cannot hand on more than 8000 at once."""
_FIELDS = 5000
_TRIES = 50


class ChangedError(Exception):
    """Somebody else has written since the draft was begun."""


class Draft:
    """Changes that are to be written together, made for one version of the store."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.next_version = version + 1
        self.words: list[bytes | str | int] = []

    def add(self, command: str, key: str, words: Iterable[bytes | str | int]) -> None:
        """Add a command with words that may be split over several."""
        left = list(words)
        for start in range(0, len(left), _WORDS):
            some = left[start : start + _WORDS]
            self.words += [command, key, len(some), *some]

    def set(self, key: str, fields: Mapping[Any, bytes | str | int]) -> None:
        """Set fields of a hash."""
        self.add("HSET", key, [word for pair in fields.items() for word in pair])

    def remove(self, key: str, fields: Collection[bytes | str | int]) -> None:
        """Remove fields of a hash."""
        self.add("HDEL", key, fields)


class Database:
    """One store's keys, all of which begin with `compmake:{store}:`."""

    def __init__(self, link: Link, signer: Signer) -> None:
        self.link, self.signer = link, signer
        self.location = f"{link.name}#{signer.store}"
        self.prefix = f"compmake:{{{signer.store}}}:"
        self.token: Callable[[], str] = lambda: ""
        """Tells the token of the lease, nothing while it is not held."""
        self._own_changes = 0

    def twin(self) -> "Database":
        """Return the same keys for another handle, whose changes are not ours."""
        twin = Database(self.link, self.signer)
        twin.token = self.token
        return twin

    def key(self, name: str) -> str:
        """Return the whole name of a key."""
        return self.prefix + name

    def read(self, *commands: tuple[Any, ...]) -> list[Any]:
        """Carry out commands in one round trip; the second word of each is the key."""

        def run(client: Redis) -> list[Any]:
            pipe = client.pipeline(transaction=False)
            for command, key, *words in commands:
                pipe.execute_command(command, self.prefix + key, *words)
            return list(pipe.execute())

        return self.link.call(run)

    def fields(self, key: str, names: Collection[Any]) -> dict[Any, bytes]:
        """Return those of the fields of a hash that are there."""
        left = list(names)
        parts = [left[start : start + _FIELDS] for start in range(0, len(left), _FIELDS)]
        found = self.read(*(("HMGET", key, *part) for part in parts)) if parts else []
        values = [value for part in found for value in part]
        return {name: value for name, value in zip(left, values, strict=True) if value is not None}

    def sealed(self, key: str, names: Collection[bytes]) -> dict[bytes, bytes]:
        """Return those of the fields of a hash that are there and genuine, without their signatures."""
        return self.signer.open_all(key, self.fields(key, names))

    def script(self, text: str, *words: Any) -> Any:
        """Carry out a script."""
        return self.link.call(lambda client: run_script(client, text, self.prefix, *words))

    def change(self, work: Callable[[], tuple[Draft, T]]) -> T:
        """Write what `work` drafts, all or nothing; it is asked again if somebody else wrote meanwhile.

        Raises:
            StoreError: Somebody else has taken the store, or the server has lost it; nothing was written.
        """
        for _ in range(_TRIES):
            draft, result = work()
            try:
                self._apply(draft)
            except ChangedError:
                continue
            self._own_changes += 1
            return result
        raise StoreError(f"{self.location} is changed by others all the time. Try again.")

    def _apply(self, draft: Draft) -> None:
        # The name tells whether it was written, should the answer be lost and the write be sent again.
        name = os.urandom(8).hex()
        head = (name, self.token(), draft.version, draft.next_version)
        answer = self.script(APPLY, *head, *draft.words)
        if answer == b"CHANGED":
            raise ChangedError
        self.refuse_if_lost(answer)

    def version(self) -> int:
        """Return the version, which every change raises; 0 if there is no store."""
        return int(self.read(("HGET", "state", "version"))[0] or 0)

    def version_of_others(self) -> int:
        """Return a number that changes when others write, not when this does; a server that is away is not waited for.

        Raises:
            StoreError: It is away, or refuses.
        """
        version = self.link.brief_call(lambda client: client.hget(self.prefix + "state", "version"))
        return int(version or 0) - self._own_changes

    def sweep(self, digests: Collection[bytes]) -> None:
        """Remove the results and objects among these that no row names."""
        if digests:
            self.refuse_if_lost(self.script(SWEEP, self.token(), *digests))

    def refuse_if_lost(self, answer: object) -> None:
        """Raise the error for what a script answers that found another token.

        Raises:
            StoreError: It did.
        """
        if answer == b"FENCED":
            raise StoreError(
                f"{self.location} was taken by another compmake while this one stood still: nothing more is written. "
                "Run the command again."
            )
        if answer == b"EMPTY":
            raise StoreError(
                f"{self.location} has lost its data since this began (restarted without persistence, or flushed): "
                "nothing more is written. Run the command again."
            )
