"""What a server would lose, told before anything is entrusted to it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis import Redis

from compmake.errors import ServerError
from compmake.redis_link import Link

_EVICTING = "allkeys"
"""Policies that begin so drop any key when memory is full; `volatile` ones only what expires, and nothing here does."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a server keeps what it is given."""

    appends: bool
    """Every write goes to a file."""
    saves: bool | None
    """All data is written to a file now and then; None if the server does not tell."""
    eviction: str
    is_replica: bool

    @property
    def evicts(self) -> bool:
        """Whether it drops values by itself when its memory is full."""
        return self.eviction.startswith(_EVICTING)

    def warning(self) -> str:
        """Return in one line what would be lost, nothing if nothing would be."""
        lost = []
        if not self.appends and self.saves:
            lost.append("a crash of this server loses what was made since it last saved (`appendonly yes` keeps all)")
        elif not self.appends:
            word = "may lose" if self.saves is None else "loses"
            lost.append(f"a restart of this server {word} all results (`appendonly yes` keeps them)")
        if self.evicts:
            lost.append(f"when its memory is full it drops results ({self.eviction})")
        return "; ".join(lost)


def read_policy(link: Link) -> Policy:
    """Ask the server; this is the first thing that is asked of it.

    Raises:
        ServerError: It cannot be reached, or refuses.
    """
    told: dict[str, Any] = link.brief_call(lambda client: client.execute_command("INFO"))
    saves: bool | None = None
    with suppress(ServerError):  # many that are rented do not tell
        saves = link.brief_call(_saves)
    replica = told.get("role") == "slave" and str(told.get("slave_read_only", 1)) == "1"
    return Policy(bool(told.get("aof_enabled")), saves, str(told.get("maxmemory_policy", "noeviction")), replica)


def _saves(client: Redis) -> bool:
    answer = client.execute_command("CONFIG GET", "save")
    value = answer.get("save", "") if isinstance(answer, dict) else b"".join(answer[1:2])
    return bool(value)


def refuse_if_evicting(policy: Policy, location: str, cache_only: bool) -> None:
    """Refuse to entrust results to a server that drops them, unless the user said that it may.

    Raises:
        ServerError: It does and they did not.
    """
    if policy.evicts and not cache_only:
        raise ServerError(
            f"{location}: when its memory is full this server drops results (maxmemory-policy {policy.eviction}). "
            "Set it to noeviction, or accept that with --cache-only."
        )
