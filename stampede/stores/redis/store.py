"""The store over a real Redis or Valkey."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from stampede.core.errors import StoreError
from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import ANY_NOTE
from stampede.stores.redis.codec import (
    CLAIM,
    News,
    decode_entry,
    decode_look,
    encode,
    encode_note,
    guard_name,
    is_claim,
    milliseconds,
    value_name,
)
from stampede.stores.redis.connections import Argument
from stampede.stores.redis.conversation import Conversation
from stampede.stores.redis.fills import FillListener
from stampede.stores.redis.scripts import Scripts
from stampede.stores.redis.tracking import ChangeListener
from stampede.stores.redis.wire import PooledConnections, TickPipeline, Wire, connect, disconnect
from stampede.stores.watchers import Watchers


class RedisStore:
    """The contract of `stampede.core.ports.Store`; every name in Redis begins with `prefix`.

    Braces in the prefix keep a key and its guard on one node of a cluster. `compares`: the server knows SET … IFEQ.
    """

    def __init__(self, wire: Wire, url: str, prefix: str, compares: bool) -> None:
        self._wire = wire
        self._scripts = Scripts(wire)
        self._prefix = prefix
        self._channel = prefix + "fills"
        self._compares = compares
        self.longest = math.inf
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
        client = connect(url, pool or 4)
        wire = PooledConnections(client) if pool else TickPipeline(client)
        try:
            store = cls(wire, url, prefix, await _knows_ifeq(wire, prefix))
            await store._scripts.load()
        except BaseException:
            await disconnect(client)
            raise
        try:
            await store._fills.begin("subscribe to messages")
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def commands(self) -> int:
        """Commands sent so far; a script counts as one."""
        return self._wire.commands

    async def close(self) -> None:
        """End the subscriptions and close every connection."""
        await self._fills.end()
        await self._changes.end()
        await disconnect(self._wire.client)

    async def warm(self, at_once: int) -> None:
        """Open the connections and walk the code paths that a burst of `at_once` commands needs."""
        await asyncio.gather(*(self._send("GET", self._prefix + "warm-up") for _ in range(at_once)))

    # -- values ------------------------------------------------------------------------------------------------

    async def get(self, key: str) -> Entry | None:
        return decode_entry(await self._send("GET", self._value(key)))

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._send("SET", self._value(key), encode(entry), "PX", self._milliseconds(ttl))

    async def delete(self, key: str) -> None:
        news = encode(News(key, None, None, invalidated=True))
        await self._run("delete", self._names(key), self._channel, news)

    # -- guards ------------------------------------------------------------------------------------------------

    async def look(self, key: str) -> Look:
        return decode_look(*await self._send("MGET", *self._names(key)))

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        holder: bytes = await self._run("add", [self._guard(key)], token, self._milliseconds(ttl), over)
        return holder.decode()

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return bool(await self._run("renew", [self._guard(key)], token, self._milliseconds(ttl)))

    async def drop(self, key: str, token: str) -> bool:
        return bool(await self._run("drop", [self._guard(key)], token))

    async def fill(self, key: str, token: str, entry: Entry, ttl: float, notify: Notify) -> bool:
        news = News(key, entry if notify is Notify.PUSH else None, None)
        message = encode(news) if notify is not Notify.NOTHING else b""
        arguments = (token, encode(entry), self._milliseconds(ttl), self._channel, message)
        return bool(await self._run("fill", self._names(key), *arguments))

    async def fail(self, key: str, token: str, error: str, keep: float, notify: Notify) -> bool:
        message = encode(News(key, None, error)) if notify is not Notify.NOTHING else b""
        note, keep_ms = encode_note(token, error), self._milliseconds(keep) if keep > 0 else 0
        return bool(await self._run("fail", [self._guard(key)], token, note, keep_ms, self._channel, message))

    # -- leases ------------------------------------------------------------------------------------------------

    async def lease(self, key: str, token: str, ttl: float) -> LeaseAnswer:
        value, holder, left_ms = await self._run("lease", self._names(key), token, self._milliseconds(ttl))
        if value is not None:
            return LeaseAnswer(decode_entry(value), None, 0.0)
        return LeaseAnswer(None, holder.decode(), max(0.001, left_ms / 1000))

    # -- claims ------------------------------------------------------------------------------------------------

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        there = await self._run("claim", [self._value(key)], CLAIM + token, self._milliseconds(ttl))
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
            await self._publish(News(key, None, None))
        return swapped

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        removed = bool(await self._run("drop", [self._value(key)], CLAIM + token))
        if removed:
            await self._publish(News(key, None, error))
        return removed

    # -- news --------------------------------------------------------------------------------------------------

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    def on_invalidated(self, callback: Callable[[str], None]) -> None:
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

    # -- the way there -----------------------------------------------------------------------------------------

    def _milliseconds(self, seconds: float) -> int:
        return milliseconds(min(seconds, self.longest))

    def _guard(self, key: str) -> str:
        return guard_name(self._prefix, key)

    def _value(self, key: str) -> str:
        return value_name(self._prefix, key)

    def _names(self, key: str) -> list[str]:
        return [self._value(key), self._guard(key)]

    def _send(self, *command: Argument) -> Awaitable[Any]:
        return self._wire.send(*command)

    def _run(self, script: str, keys: list[str], *arguments: Argument) -> Awaitable[Any]:
        return self._scripts.run(script, keys, *arguments)

    def _publish(self, news: News) -> Awaitable[Any]:
        return self._send("PUBLISH", self._channel, encode(news))


async def _knows_ifeq(wire: Wire, prefix: str) -> bool:
    """Valkey does from 8.1 on, Redis from 8.4; others call it a syntax error. Raises StoreError."""
    try:
        await wire.send("SET", prefix + "probe", b"", "IFEQ", b"nothing", "PX", 1)
    except StoreError as error:
        if "syntax" in str(error).lower():
            return False
        raise
    return True
