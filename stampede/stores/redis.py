"""The store over a real Redis or Valkey (6.2 and later): the few atomic steps are Lua, beside this file in `lua/`."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any

import msgspec
from redis.exceptions import NoScriptError, RedisError

from stampede.core.errors import StoreError
from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import ANY_NOTE
from stampede.stores.watchers import Watchers
from stampede.stores.wire import Argument, PooledConnections, TickPipeline, Wire, connect, disconnect

SCRIPTS = {
    name: files("stampede.stores").joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    for name in ("add", "claim", "delete", "drop", "fail", "fill", "lease", "renew", "swap")
}
_SHA = {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in SCRIPTS.items()}


class _News(msgspec.Struct, array_like=True):
    """What a fill, a failure or an invalidation publishes."""

    key: str
    entry: Entry | None
    error: str | None
    invalidated: bool = False


_encode = msgspec.msgpack.Encoder().encode
_decode_entry = msgspec.msgpack.Decoder(Entry).decode
_decode_news = msgspec.msgpack.Decoder(_News).decode


CLAIM = "~"
INVALIDATIONS = "__redis__:invalidate"
SUBSCRIBE_TIMEOUT_S = 5.0


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
        self._tracker: asyncio.Task[None] | None = None
        self._compares = False  # whether the server knows SET … IFEQ

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
            store._compares = await store._knows_ifeq()
            subscribed = asyncio.Event()
            store._listener = asyncio.create_task(store._listen(subscribed))
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
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
        """End the subscriptions and close every connection."""
        for task in (self._listener, self._tracker):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        await disconnect(self._wire.client)

    async def warm(self, at_once: int) -> None:
        """Open the connections and walk the code paths that a burst of `at_once` commands needs."""
        await asyncio.gather(*(self._send("GET", self._prefix + "warm-up") for _ in range(at_once)))

    # -- the contract ------------------------------------------------------------------------------------------

    async def get(self, key: str) -> Entry | None:
        return _entry(await self._send("GET", self._value(key)))

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        await self._send("SET", self._value(key), _encode(entry), "PX", _ms(ttl))

    async def look(self, key: str) -> Look:
        value, guard = await self._send("MGET", *self._names(key))
        entry = _entry(value)
        if guard is None:
            return Look(entry, None)
        holder: str = guard.decode()
        if not holder.startswith("!"):
            return Look(entry, holder)
        _, token, message = holder.split("!", 2)
        return Look(entry, token, message)

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        return (await self._run("add", [self._guard(key)], token, _ms(ttl), over)).decode()  # type: ignore[no-any-return]

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        return bool(await self._run("renew", [self._guard(key)], token, _ms(ttl)))

    async def drop(self, key: str, token: str) -> bool:
        return bool(await self._run("drop", [self._guard(key)], token))

    async def fill(self, key: str, token: str, entry: Entry, ttl: float, notify: Notify) -> bool:
        news = _News(key, entry if notify is Notify.PUSH else None, None)
        message = _encode(news) if notify is not Notify.NOTHING else b""
        envelope = _encode(entry)
        return bool(await self._run("fill", self._names(key), token, envelope, _ms(ttl), self._channel, message))

    async def fail(self, key: str, token: str, error: str, keep: float, notify: Notify) -> bool:
        message = _encode(_News(key, None, error)) if notify is not Notify.NOTHING else b""
        note, keep_ms = f"!{token}!{error}", _ms(keep) if keep > 0 else 0
        return bool(await self._run("fail", [self._guard(key)], token, note, keep_ms, self._channel, message))

    async def lease(self, key: str, token: str, ttl: float) -> LeaseAnswer:
        value, holder, left_ms = await self._run("lease", self._names(key), token, _ms(ttl))
        if value is not None:
            return LeaseAnswer(_entry(value), None, 0.0)
        return LeaseAnswer(None, holder.decode(), max(0.001, left_ms / 1000))

    async def claim(self, key: str, token: str, ttl: float) -> Look:
        there = await self._run("claim", [self._value(key)], CLAIM + token, _ms(ttl))
        if _is_claim(there):
            return Look(None, there.decode().removeprefix(CLAIM))
        return Look(_entry(there), None)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        name, claim, envelope = self._value(key), CLAIM + token, _encode(entry)
        if self._compares:
            step = self._send("SET", name, envelope, "IFEQ", claim, "PX", _ms(ttl))
        else:
            step = self._run("swap", [name], claim, envelope, _ms(ttl))
        swapped = bool(await step)
        if swapped:
            await self._publish(_News(key, None, None))
        return swapped

    async def unclaim(self, key: str, token: str, error: str | None) -> bool:
        name, claim = self._value(key), CLAIM + token
        removed = bool(await self._run("drop", [name], claim))
        if removed:
            await self._publish(_News(key, None, error))
        return removed

    async def delete(self, key: str) -> None:
        news = _encode(_News(key, None, None, invalidated=True))
        await self._run("delete", self._names(key), self._channel, news)

    def on_invalidated(self, callback: Callable[[str], None]) -> None:
        self._watchers.on_invalidated(callback)

    async def track(self, callback: Callable[[str | None], None]) -> None:
        self._watchers.on_changed(callback)
        if self._tracker is None:
            tracking = asyncio.Event()
            self._tracker = asyncio.create_task(self._track(tracking))
            try:
                async with asyncio.timeout(SUBSCRIBE_TIMEOUT_S):
                    await tracking.wait()
            except TimeoutError:
                raise StoreError("Redis does not let us track changes") from None

    def watch(self, key: str) -> asyncio.Future[Filled]:
        return self._watchers.watch(key)

    def forget_callbacks(self) -> None:
        """Forget who wanted to hear of invalidations and changes: their trial is over."""
        self._watchers.forget()

    # -- the way there -----------------------------------------------------------------------------------------

    def _guard(self, key: str) -> str:
        return guard_name(self._prefix, key)

    def _value(self, key: str) -> str:
        return value_name(self._prefix, key)

    def _names(self, key: str) -> list[str]:
        return [self._value(key), self._guard(key)]

    def _send(self, *command: Argument) -> Awaitable[Any]:
        return self._wire.send(*command)

    def _publish(self, news: _News) -> Awaitable[Any]:
        return self._send("PUBLISH", self._channel, _encode(news))

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

    async def _knows_ifeq(self) -> bool:
        """Valkey does from 8.1 on, Redis from 8.4; others call it a syntax error."""
        try:
            await self._send("SET", self._prefix + "probe", b"", "IFEQ", b"nothing", "PX", 1)
        except StoreError as error:
            if "syntax" in str(error).lower():
                return False
            raise
        return True

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
                        self._hear(_decode_news(message["data"]))
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            finally:
                await disconnect(client)

    def _hear(self, news: _News) -> None:
        if news.invalidated:
            self._watchers.invalidated(news.key)
        else:
            self._watchers.notify(news.key, Filled(news.entry, news.error))

    async def _track(self, tracking: asyncio.Event) -> None:
        """Have Redis name every changed value below our prefix (client-side caching in broadcasting mode).

        The connection that asks for it redirects the names to one that listens: that works with every protocol
        version. After a lost connection everything may have changed.
        """
        name, values = f"{self._prefix}tracker-{secrets.token_hex(4)}", value_name(self._prefix, "")
        while True:
            asking = connect(self._url, 1, timeout=None)
            listening = connect(self._url, 1, timeout=None, client_name=name, protocol=2)
            try:
                async with listening.pubsub(ignore_subscribe_messages=True) as pubsub, asking.client() as held:
                    await pubsub.subscribe(INVALIDATIONS)
                    await pubsub.get_message(ignore_subscribe_messages=False, timeout=5)
                    listeners = await held.client_list(_type="pubsub")
                    number = next(client["id"] for client in listeners if client["name"] == name)
                    await held.execute_command(  # type: ignore[no-untyped-call]
                        "CLIENT", "TRACKING", "ON", "REDIRECT", number, "BCAST", "PREFIX", values
                    )
                    tracking.set()
                    async for message in pubsub.listen():
                        self._change(message["data"])
            except (RedisError, OSError):
                await asyncio.sleep(0.1)
            finally:
                self._watchers.changed(None)
                await disconnect(asking)
                await disconnect(listening)

    def _change(self, names: list[bytes] | None) -> None:
        if names is None:  # the whole database was flushed
            self._watchers.changed(None)
            return
        for name in names:
            self._watchers.changed(name.decode().removeprefix(value_name(self._prefix, "")))


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _is_claim(value: bytes) -> bool:
    """Whether a claim is in the value's place; an envelope is a msgpack array and begins otherwise."""
    return value.startswith(CLAIM.encode())


def _entry(value: bytes | None) -> Entry | None:
    return None if value is None or _is_claim(value) else _decode_entry(value)
