"""What a store can do, in atomic steps: a choice declares which of these it needs, so that a store may have fewer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify

ANY_NOTE = "*"

Sent = Callable[[], None]
"""Called when a command is written to the wire: it sees all that was done in the store until then."""


def unheeded() -> None:
    """Nobody wants to know."""


@runtime_checkable
class Values(Protocol):
    """Values by key, each with a time to live."""

    async def get(self, key: str, sent: Sent = unheeded) -> Entry | None:
        """The value, or None for a miss."""
        ...

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        """Write without a guard."""
        ...

    async def delete(self, key: str) -> None:
        """Invalidate: remove the value and void the guard, so that a load in progress cannot fill any more.

        Watchers are told to ask again, and `invalidated` is called with the key where somebody watches or holds it.
        """
        ...


@runtime_checkable
class Guards(Protocol):
    """Every key has a *guard* beside it: it names the token that may load the key."""

    async def look(self, key: str) -> Look:
        """The value and the guard in one step."""
        ...

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        """Set the guard unless it exists; return the token that holds it now (one's own: acquired).

        A claim in the value's place holds the key as well.

        The note of a failed load holds nothing and is replaced; but with `over` only that token's note is, and
        another token's is returned like a holder: its load failed while the caller was on its way here.
        """
        ...

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        """Extend the guard, or the claim, if it still holds the token."""
        ...

    async def renew_all(self, held: Sequence[tuple[str, str]], ttl: float) -> list[bool]:
        """Extend many guards and claims, each if it still holds its token; for each, whether it does."""
        ...

    async def drop(self, key: str, token: str, notify: Notify = Notify.NOTHING) -> bool:
        """Remove the guard if it still holds the token (compare-and-delete), and have the watchers look again."""
        ...

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        """If the guard still holds the token: write, release the guard, tell the watchers, in one step."""
        ...

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        """If the guard still holds the token: write. The guard stays, for others who load under the same token."""
        ...

    async def fail(self, key: str, token: str, error: str | None, keep: float, notify: Notify) -> bool:
        """If the guard still holds the token: release it and tell the watchers, in one step.

        Without an error the load was well, but its value can be given to nobody: whoever waits loads by itself. With
        `keep` above zero the guard becomes a note of that for so long, for those who poll.
        """
        ...


@runtime_checkable
class Leases(Protocol):
    """A miss grants the right to load, in one step."""

    async def lease(self, key: str, token: str, ttl: float, sent: Sent = unheeded) -> LeaseAnswer:
        """The value, or the lease, or who holds it and for how long, in one step."""
        ...


@runtime_checkable
class Claims(Protocol):
    """A token can sit in the value's own place."""

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        """Put the token in the value's own place unless something is there, or the guard held; what is there now."""
        ...

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        """Write the value over the claim, if it is still the token's (compare-and-set), and wake the watchers."""
        ...

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        """Remove the claim if it is still the token's (compare-and-delete), and tell the watchers."""
        ...


@runtime_checkable
class News(Protocol):
    """Who waits for a key is told how its load ended."""

    def watch(self, key: str) -> asyncio.Future[Filled]:
        """Resolves at the key's next fill or failure, and when news may have been missed.

        Who watches, and then asks for the right to load, is told, whether or not that was given. Shared by all
        waiters: wait for it with `listen`, never cancel it.
        """
        ...

    async def listen(self, news: asyncio.Future[Filled], seconds: float) -> None:
        """Wait for the news, at most for so many seconds."""
        ...

    def look_again(self) -> None:
        """Have everybody in this process who waits for news ask again."""
        ...

    async def tell(self, key: str, news: Filled) -> None:
        """Tell the watchers, whoever holds the guard: the token in the news says whom they are for."""
        ...

    def on_invalidated(self, callback: Callable[[str | None], None]) -> None:
        """Have the callback called for every key that anybody in the fleet deletes while it is held or awaited here.

        None means that invalidations may have been missed, of all keys.
        """
        ...


@runtime_checkable
class Changes(Protocol):
    """Whoever keeps values of its own is told when they change in the store."""

    async def track(self, callback: Callable[[str | None], None]) -> None:
        """Have the callback called for every key that changes in the store, whoever changed it, expiry included.

        None means that changes may have been missed: all keys.
        """
        ...

    @property
    def tracking(self) -> bool:
        """Whether changes are heard now."""
        ...
