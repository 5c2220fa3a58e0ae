"""The store over a real Redis or Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import ANY_NOTE, Sent, unheeded
from stampede.stores.redis.codec import (
    CLAIM,
    News,
    decode_entry,
    decode_look,
    encode,
    encode_note,
    is_claim,
)
from stampede.stores.redis.conversation import Conversation
from stampede.stores.redis.fills import FillListener
from stampede.stores.redis.scripts import knows_ifeq
from stampede.stores.redis.steps import Steps
from stampede.stores.redis.tracking import ChangeListener
from stampede.stores.redis.wire import ALONE, Lanes, PooledConnections, Wire, connect
from stampede.stores.watchers import Watchers

SUBSCRIBE = "subscribe to messages"
RENEWED_AT_ONCE = 500
"""Guards in one script: it keeps everybody else waiting for about a millisecond."""


class RedisStore(Steps):
    """The contract of `stampede.core.ports.OpenStore`. `compares`: the server knows SET … IFEQ."""

    def __init__(self, wire: Wire, url: str, prefix: str, compares: bool) -> None:
        super().__init__(wire, prefix)
        self._channel = prefix + "fills"
        self._compares = compares
        self._watchers = Watchers()
        self._fills = Conversation(FillListener(url, self._channel, self._watchers).listen)
        self._tracker = ChangeListener(url, prefix, self._watchers)
        self._changes = Conversation(self._tracker.listen)

    @classmethod
    async def open(cls, url: str, prefix: str, pool: int | None = None) -> RedisStore:
        """Connect, load the scripts, and subscribe to fills. `pool`: connections of the pooled mode.

        Raises:
            StoreError: Redis is not there or refuses us.
        """
        client = connect(url, pool or ALONE)
        wire = PooledConnections(client) if pool else Lanes(client)
        try:
            store = cls(wire, url, prefix, await knows_ifeq(wire, prefix))
            await store._scripts.load()
        except BaseException:
            await wire.close()
            raise
        try:
            await store._fills.begin(SUBSCRIBE)
            await store.warm(1)
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """End the subscriptions and close every connection."""
        await self._fills.end()
        await self._changes.end()
        await self._wire.close()

    async def ready(self) -> None:
        """Wait until everything is as it was at first, should the server have been away. Raises StoreError.

        Who wants changes tracked waits for that on its own.
        """
        await self._fills.begin(SUBSCRIBE)
        await self._scripts.load()

    async def warm(self, at_once: int) -> None:
        """Open the connections and walk the code paths that a burst of `at_once` commands needs."""
        command = "GET", self._prefix + "warm-up"
        await asyncio.gather(self._wire.send(*command, first=True), *(self._send(*command) for _ in range(at_once)))

    # -- values ------------------------------------------------------------------------------------------------

    async def get(self, key: str, sent: Sent = unheeded) -> Entry | None:
        return decode_entry(await self._wire.send("GET", self._value(key), sent=sent))

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._send("SET", self._value(key), encode(entry), "PX", self._milliseconds(ttl))

    async def delete(self, key: str) -> None:
        news = encode(News(key))
        await self._run("delete", self._names(key), self._channel, news)

    # -- guards ------------------------------------------------------------------------------------------------

    async def look(self, key: str) -> Look:
        return decode_look(*await self._send("MGET", *self._names(key)))

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        holder: bytes = await self._run("add", self._guard_first(key), token, self._milliseconds(ttl), over)
        return holder.decode()

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return (await self.renew_all([(key, token)], ttl))[0]

    async def renew_all(self, held: Sequence[tuple[str, str]], ttl: float) -> list[bool]:
        if len(held) <= RENEWED_AT_ONCE:
            return await self._renew(held, ttl)
        begins = range(0, len(held), RENEWED_AT_ONCE)
        parts = await asyncio.gather(*(self._renew(held[begin : begin + RENEWED_AT_ONCE], ttl) for begin in begins))
        return [kept for part in parts for kept in part]

    async def _renew(self, held: Sequence[tuple[str, str]], ttl: float) -> list[bool]:
        names = [name for key, _ in held for name in self._guard_first(key)]
        tokens = (token for _, token in held)
        return [bool(kept) for kept in await self._run("renew", names, self._milliseconds(ttl), *tokens)]

    async def drop(self, key: str, token: str, notify: Notify = Notify.NOTHING) -> bool:
        news = None if notify is Notify.NOTHING else News(key, token=token)
        return await self._release(self._guard(key), token, news)

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        news = News(key, entry if notify is Notify.PUSH else None, token=token)
        message = encode(news) if notify is not Notify.NOTHING else b""
        arguments = (token, encode(entry), self._milliseconds(ttl), self._channel, message)
        return bool(await self._run("fill", self._names(key), *arguments, sent=sent))

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        arguments = (token, encode(entry), self._milliseconds(ttl))
        return bool(await self._run("put_under", self._names(key), *arguments, sent=sent))

    async def fail(self, key: str, token: str, error: str | None, keep: float, notify: Notify) -> bool:
        news = None if notify is Notify.NOTHING else News(key, None, error, token, unshared=error is None)
        return await self._release(self._guard(key), token, news, encode_note(token, error), keep)

    async def _release(self, name: str, holds: str, news: News | None, note: str = "", keep: float = 0.0) -> bool:
        message = encode(news) if news else b""
        keep_ms = self._milliseconds(keep) if keep > 0 else 0
        return bool(await self._run("release", [name], holds, note, keep_ms, self._channel, message))

    # -- leases ------------------------------------------------------------------------------------------------

    async def lease(self, key: str, token: str, ttl: float, sent: Sent = unheeded) -> LeaseAnswer:
        arguments = (token, self._milliseconds(ttl))
        value, holder, left_ms = await self._run("lease", self._names(key), *arguments, sent=sent)
        if value is not None:
            return LeaseAnswer(decode_entry(value), None, 0.0)
        return LeaseAnswer(None, holder.decode(), max(0.001, left_ms / 1000))

    # -- claims ------------------------------------------------------------------------------------------------

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        there = await self._run("claim", self._names(key), CLAIM + token, self._milliseconds(ttl))
        if is_claim(there):
            return Look(None, there.decode().removeprefix(CLAIM))
        return Look(decode_entry(there), None)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        name, claim, envelope = self._value(key), CLAIM + token, encode(entry)
        if self._compares:
            step = self._send("SET", name, envelope, "IFEQ", claim, "PX", self._milliseconds(ttl))
        else:
            step = self._run("swap", [name], claim, envelope, self._milliseconds(ttl))
        swapped = bool(await step)
        if swapped:
            await self.tell(key, Filled(None, None, token))
        return swapped

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        return await self._release(self._value(key), CLAIM + token, News(key, None, error, token))

    # -- news --------------------------------------------------------------------------------------------------

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    async def listen(self, news: asyncio.Future[Filled], seconds: float) -> None:
        await asyncio.wait([news], timeout=seconds)

    def look_again(self) -> None:
        self._watchers.look_again()

    async def tell(self, key: str, news: Filled) -> None:
        await self._send("PUBLISH", self._channel, encode(News(key, *news)))

    def on_invalidated(self, callback: Callable[[str | None], None]) -> None:
        self._watchers.on_invalidated(callback)

    async def track(self, callback: Callable[[str | None], None]) -> None:
        self._watchers.on_changed(callback)
        await self._changes.begin("track changes")

    @property
    def tracking(self) -> bool:
        return self._tracker.hears

    def forget_callbacks(self) -> None:
        """Forget who wanted to hear of invalidations and changes: their trial is over."""
        self._watchers.forget()
