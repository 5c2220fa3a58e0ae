"""The store over a real Redis or Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from secrets import token_hex

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
from stampede.stores.redis.steps import Steps
from stampede.stores.redis.tracking import ChangeListener
from stampede.stores.redis.wire import ALONE, Lanes, PooledConnections, Wire, connect
from stampede.stores.watchers import Watchers

SUBSCRIBE = "subscribe to messages"
RENEWED_AT_ONCE = 500
"""Guards in one script: it keeps everybody else waiting for about a millisecond."""


class RedisStore(Steps):
    """The contract of `stampede.core.ports.OpenStore`.

    News of a key are published to those processes that hold it or wait for it, each over a channel of its own: what
    they cost grows with these, and not with the fleet. Only what `tell` says goes to all.
    """

    def __init__(self, wire: Wire, url: str, prefix: str) -> None:
        super().__init__(wire, prefix)
        self._all = prefix + "fills"
        self._channel = f"{self._all}:"
        self._me = token_hex(8)
        self._watchers = Watchers()
        self._fills = Conversation(FillListener(url, [self._all, self._channel + self._me], self._watchers).listen)
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
            store = cls(wire, url, prefix)
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
        return decode_look(*await self._send("MGET", self._value(key), self._guard(key)))

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        arguments = (token, self._milliseconds(ttl), over, *self._listeners(key))
        holder: bytes = await self._run("add", self._guard_first(key), *arguments)
        return holder.decode()

    def _listeners(self, key: str) -> tuple[str, str]:
        """Who wants to be told as the key's holder, and who as one that waits: this process, or nobody."""
        watches = self._watchers.watched(key)
        return self._me if watches or self._watchers.hears_invalidations else "", self._me if watches else ""

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
        return await self._release([self._guard(key), self._waiting(key)], token, news)

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        news = News(key, entry if notify is Notify.PUSH else None, token=token)
        message = encode(news) if notify is not Notify.NOTHING else b""
        knows = "" if self._watchers.watched(key) else self._me
        arguments = (token, encode(entry), self._milliseconds(ttl), self._channel, message, knows)
        filled = bool(await self._run("fill", self._names(key), *arguments, sent=sent))
        if filled and message and knows:  # who has begun to wait meanwhile: a huge value is overtaken on its way
            self._watchers.notify(key, news.filled())
        return filled

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        arguments = (token, encode(entry), self._milliseconds(ttl))
        return bool(await self._run("put_under", self._names(key), *arguments, sent=sent))

    async def fail(self, key: str, token: str, error: str | None, keep: float, notify: Notify) -> bool:
        news = None if notify is Notify.NOTHING else News(key, None, error, token, unshared=error is None)
        names = [self._guard(key), self._waiting(key)]
        return await self._release(names, token, news, encode_note(token, error), keep)

    async def _release(
        self, names: list[str], holds: str, news: News | None, note: str = "", keep: float = 0.0
    ) -> bool:
        message = encode(news) if news else b""
        keep_ms = self._milliseconds(keep) if keep > 0 else 0
        return bool(await self._run("release", names, holds, note, keep_ms, self._channel, message))

    # -- leases ------------------------------------------------------------------------------------------------

    async def lease(self, key: str, token: str, ttl: float, sent: Sent = unheeded) -> LeaseAnswer:
        arguments = (token, self._milliseconds(ttl), *self._listeners(key))
        value, holder, left_ms = await self._run("lease", self._names(key), *arguments, sent=sent)
        if value is not None:
            return LeaseAnswer(decode_entry(value), None, 0.0)
        return LeaseAnswer(None, holder.decode(), max(0.001, left_ms / 1000))

    # -- claims ------------------------------------------------------------------------------------------------

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        _, waits = self._listeners(key)
        there = await self._run("claim", self._names(key), CLAIM + token, self._milliseconds(ttl), waits)
        if is_claim(there):
            return Look(None, there.decode().removeprefix(CLAIM))
        return Look(decode_entry(there), None)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        news = encode(News(key, token=token))
        arguments = (CLAIM + token, encode(entry), self._milliseconds(ttl), self._channel, news)
        return bool(await self._run("swap", [self._value(key), self._waiting(key)], *arguments))

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        names = [self._value(key), self._waiting(key)]
        return await self._release(names, CLAIM + token, News(key, None, error, token))

    # -- news --------------------------------------------------------------------------------------------------

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    async def listen(self, news: asyncio.Future[Filled], seconds: float) -> None:
        await asyncio.wait([news], timeout=seconds)

    def look_again(self) -> None:
        self._watchers.look_again()

    async def tell(self, key: str, news: Filled) -> None:
        await self._send("PUBLISH", self._all, encode(News(key, *news)))

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
