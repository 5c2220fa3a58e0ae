"""A store in this process's memory, with the same steps as Redis: what virtual time runs on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import ANY_NOTE, Clock, Sent, unheeded
from stampede.stores.expiring import Expiring
from stampede.stores.watchers import Watchers


class MemoryStore:
    """The contract of `stampede.core.ports.Store`, with `latency` seconds for each round trip.

    A guard is a pair: the token, and how its load ended if it is only a note of that.
    """

    def __init__(self, clock: Clock, latency: float = 0.0) -> None:
        self.commands = 0
        self.latency = latency
        self._entries: Expiring[Entry] = Expiring(clock)
        self._claims: Expiring[str] = Expiring(clock)
        self._guards: Expiring[tuple[str, Filled | None]] = Expiring(clock)
        self._watchers = Watchers()

    async def _travel(self, sent: Sent = unheeded) -> None:
        self.commands += 1
        sent()
        await asyncio.sleep(self.latency)

    async def get(self, key: str, sent: Sent = unheeded) -> Entry | None:
        await self._travel(sent)
        return self._entries.get(key)

    def _write(self, key: str, entry: Entry, ttl: float) -> None:
        self._claims.pop(key)  # as in Redis, where a claim sits in the value's own place
        self._entries.set(key, entry, ttl)
        self._watchers.changed(key)
        asyncio.get_running_loop().call_later(ttl, self._end, key)

    def _end(self, key: str) -> None:
        if self._entries.get(key) is None:
            self._watchers.changed(key)

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._travel()
        self._write(key, entry, ttl)

    async def look(self, key: str) -> Look:
        await self._travel()
        holder, note = self._guards.get(key) or (None, None)
        ended = (note.error, note.unshared) if note else ()
        return Look(self._entries.get(key), holder, *ended)

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        await self._travel()
        return self._take(key, token, ttl, over)

    def _take(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        guard = self._guards.get(key)
        if guard is not None and (guard[1] is None or over not in (ANY_NOTE, guard[0])):
            return guard[0]
        claim = self._claims.get(key)
        if claim is not None:
            return claim
        self._guards.set(key, (token, None), ttl)
        return token

    def _holds(self, key: str, token: str) -> bool:
        return self._guards.get(key) == (token, None)

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return (await self.renew_all([(key, token)], ttl))[0]

    async def renew_all(self, held: Sequence[tuple[str, str]], ttl: float) -> list[bool]:
        await self._travel()
        return [self._renew(key, token, ttl) for key, token in held]

    def _renew(self, key: str, token: str, ttl: float) -> bool:
        if self._holds(key, token):
            self._guards.set(key, (token, None), ttl)
        elif self._claims.get(key) == token:
            self._claims.set(key, token, ttl)
        else:
            return False
        return True

    async def drop(self, key: str, token: str, notify: Notify = Notify.NOTHING) -> bool:
        await self._travel()
        return self._release(key, Filled(None, None, token), 0, notify)

    def _release(self, key: str, ended: Filled, keep: float, notify: Notify) -> bool:
        assert ended.token is not None
        if not self._holds(key, ended.token):
            return False
        self._guards.pop(key)
        if keep > 0:
            self._guards.set(key, (ended.token, ended), keep)
        if notify is not Notify.NOTHING:
            self._watchers.notify(key, ended)
        return True

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        await self._travel(sent)
        if not self._holds(key, token):
            return False
        self._write(key, entry, ttl)
        self._guards.pop(key)
        if notify is not Notify.NOTHING:
            self._watchers.notify(key, Filled(entry if notify is Notify.PUSH else None, None, token))
        return True

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        await self._travel(sent)
        if not self._holds(key, token):
            return False
        self._write(key, entry, ttl)
        return True

    async def fail(self, key: str, token: str, error: str | None, keep: float, notify: Notify) -> bool:
        await self._travel()
        return self._release(key, Filled(None, error, token, unshared=error is None), keep, notify)

    async def lease(self, key: str, token: str, ttl: float, sent: Sent = unheeded) -> LeaseAnswer:
        await self._travel(sent)
        entry = self._entries.get(key)
        if entry is not None:
            return LeaseAnswer(entry, None, 0.0)
        holder = self._take(key, token, ttl)
        return LeaseAnswer(None, holder, self._guards.remaining(key))

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        await self._travel()
        entry, holder = self._entries.get(key), self._claims.get(key)
        if entry is not None or holder is not None:
            return Look(entry, None if entry is not None else holder)
        guard = self._guards.get(key)
        if guard is not None and guard[1] is None:
            return Look(None, guard[0])
        self._claims.set(key, token, ttl)
        return Look(None, token)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        await self._travel()
        if self._claims.get(key) != token:
            return False
        self._write(key, entry, ttl)
        self._watchers.notify(key, Filled(None, None, token))
        return True

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        await self._travel()
        if self._claims.get(key) != token:
            return False
        self._claims.pop(key)
        self._watchers.notify(key, Filled(None, error, token))
        return True

    async def delete(self, key: str) -> None:
        await self._travel()
        self._entries.pop(key)
        self._guards.pop(key)
        self._claims.pop(key)
        self._watchers.changed(key)
        self._watchers.invalidated(key)

    async def listen(self, news: asyncio.Future[Filled], seconds: float) -> None:
        await asyncio.wait([news], timeout=seconds)

    def look_again(self) -> None:
        self._watchers.look_again()

    async def tell(self, key: str, news: Filled) -> None:
        await self._travel()
        self._watchers.notify(key, news)

    def on_invalidated(self, callback: Callable[[str | None], None]) -> None:
        self._watchers.on_invalidated(callback)

    async def track(self, callback: Callable[[str | None], None]) -> None:
        self._watchers.on_changed(callback)

    @property
    def tracking(self) -> bool:
        return True

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    async def close(self) -> None:
        """There is nothing to close."""
