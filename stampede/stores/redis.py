"""The store over a real Redis or Valkey (6.2 and later): the few atomic steps are Lua, beside this file in `lua/`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any

import msgspec
from redis.exceptions import NoScriptError, RedisError

from stampede.core.errors import StoreError
from stampede.core.model import Entry, Filled, Lease, Look, Tell
from stampede.stores.watchers import Watchers
from stampede.stores.wire import Argument, PooledConnections, TickPipeline, Wire, connect, disconnect

SCRIPTS = {
    name: files("stampede.stores").joinpath("lua", f"{name}.lua").read_text()
    for name in ("add", "drop", "fail", "fill", "lease", "renew")
}
_SHA = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()}


class _News(msgspec.Struct, array_like=True):
    """What a fill or a failure publishes."""

    key: str
    entry: Entry | None
    error: str | None


_encode = msgspec.msgpack.Encoder().encode
_decode_entry = msgspec.msgpack.Decoder(Entry).decode
_decode_news = msgspec.msgpack.Decoder(_News).decode


def value_name(prefix: str, key: str) -> str:
    """The value's name in Redis."""
    return f"{prefix}value:{key}"


def guard_name(prefix: str, key: str) -> str:
    """The guard's name in Redis: apart from all values, whatever the keys are called."""
    return f"{prefix}guard:{key}"


class RedisStore:
    """The contract of `stampede.core.ports.Store`; every name in Redis begins with `prefix`.

    Braces in the prefix keep a key and its guard on one node of a cluster.
    """

    def __init__(self, wire: Wire, url: str, prefix: str) -> None:
        self._wire = wire
        self._url = url
        self._prefix = prefix
        self._channel = prefix + "fills"
        self._watchers = Watchers()
        self._listener: asyncio.Task[None] | None = None

    @classmethod
    async def open(cls, url: str, prefix: str, pool: int | None = None) -> RedisStore:
        """Connect, load the scripts, and subscribe to fills. `pool`: connections of the pooled mode.

        Raises:
            StoreError: Redis is not there or refuses us.
        """
        client = connect(url, pool or 4)
        store = cls(PooledConnections(client) if pool else TickPipeline(client), url, prefix)
        try:
            await store._load_scripts()
            subscribed = asyncio.Event()
            store._listener = asyncio.create_task(store._listen(subscribed))
            async with asyncio.timeout(5):
                await subscribed.wait()
        except TimeoutError:
            await store.close()
            raise StoreError("Redis does not let us subscribe to messages") from None
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def commands(self) -> int:
        """Commands sent so far; a script counts as one."""
        return self._wire.commands

    async def close(self) -> None:
        """End the subscription and close every connection."""
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.wait([self._listener])
        await disconnect(self._wire.client)

    async def warm(self, at_once: int) -> None:
        """Open the connections and walk the code paths that a burst of `at_once` commands needs."""
        await asyncio.gather(*(self._send("GET", self._prefix + "warm-up") for _ in range(at_once)))

    # -- the contract ------------------------------------------------------------------------------------------

    async def get(self, key: str) -> Entry | None:
        reply = await self._send("GET", self._value(key))
        return _decode_entry(reply) if reply is not None else None

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._send("SET", self._value(key), _encode(entry), "PX", _ms(ttl))

    async def look(self, key: str) -> Look:
        value, guard = await self._send("MGET", *self._names(key))
        entry = _decode_entry(value) if value is not None else None
        if guard is None:
            return Look(entry, None)
        holder: str = guard.decode()
        if not holder.startswith("!"):
            return Look(entry, holder)
        _, token, message = holder.split("!", 2)
        return Look(entry, token, message)

    async def add(self, key: str, token: str, ttl: float) -> str:
        return (await self._run("add", [self._guard(key)], token, _ms(ttl))).decode()  # type: ignore[no-any-return]

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return bool(await self._run("renew", [self._guard(key)], token, _ms(ttl)))

    async def drop(self, key: str, token: str) -> bool:
        return bool(await self._run("drop", [self._guard(key)], token))

    async def fill(self, key: str, token: str, entry: Entry, ttl: float, tell: Tell) -> bool:
        news = _News(key, entry if tell is Tell.PUSH else None, None)
        message = _encode(news) if tell is not Tell.NOTHING else b""
        envelope = _encode(entry)
        return bool(await self._run("fill", self._names(key), token, envelope, _ms(ttl), self._channel, message))

    async def fail(self, key: str, token: str, error: str, keep: float, tell: Tell) -> bool:
        message = _encode(_News(key, None, error)) if tell is not Tell.NOTHING else b""
        note, keep_ms = f"!{token}!{error}", _ms(keep) if keep > 0 else 0
        return bool(await self._run("fail", [self._guard(key)], token, note, keep_ms, self._channel, message))

    async def lease(self, key: str, token: str, ttl: float) -> Lease:
        value, holder, left_ms = await self._run("lease", self._names(key), token, _ms(ttl))
        if value is not None:
            return Lease(_decode_entry(value), None, 0.0)
        return Lease(None, holder.decode(), max(0.001, left_ms / 1000))

    async def delete(self, key: str) -> None:
        await self._send("UNLINK", *self._names(key))

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    # -- the way there -----------------------------------------------------------------------------------------

    def _guard(self, key: str) -> str:
        return guard_name(self._prefix, key)

    def _value(self, key: str) -> str:
        return value_name(self._prefix, key)

    def _names(self, key: str) -> list[str]:
        return [self._value(key), self._guard(key)]

    def _send(self, *command: Argument) -> Awaitable[Any]:
        return self._wire.send(*command)

    async def _run(self, script: str, keys: list[str], *arguments: Argument) -> Any:
        command: tuple[Argument, ...] = ("EVALSHA", _SHA[script], len(keys), *keys, *arguments)
        try:
            return await self._send(*command)
        except NoScriptError:  # the server was restarted, or somebody flushed its scripts
            await self._load_scripts()
            return await self._send(*command)

    async def _load_scripts(self) -> None:
        for text in SCRIPTS.values():
            await self._send("SCRIPT LOAD", text)

    async def _listen(self, subscribed: asyncio.Event) -> None:
        """Hear all fills of the fleet over one subscription; come back after a lost connection.

        What is published while the connection is gone goes unheard; waiters are bounded by their lease.
        """
        while True:
            client = connect(self._url, 1, timeout=None)
            try:
                async with client.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self._channel)
                    await pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                    subscribed.set()
                    async for message in pubsub.listen():
                        news = _decode_news(message["data"])
                        self._watchers.tell(news.key, Filled(news.entry, news.error))
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            finally:
                await disconnect(client)


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
