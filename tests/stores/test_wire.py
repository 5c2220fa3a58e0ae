"""The way to Redis and back: whatever goes wrong there, goes wrong for one caller, and not for long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, NoReturn

import msgspec
import pytest
from redis import Redis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import ConnectionError

from stampede.core.errors import StoreError, StoreGone
from stampede.core.model import Entry, Filled, Notify
from stampede.core.ports import Store
from stampede.processes.redis_server import EmbeddedRedis
from stampede.stores.redis.codec import value_name
from stampede.stores.redis.connections import Connections
from stampede.stores.redis.store import RedisStore
from stampede.stores.redis.wire import Lanes, PooledConnections, Wire, connect, disconnect

INNOCENT = 22
HEARD_WITHIN = 5
GONE_WITHIN_S = 20

KEYED: dict[str, Callable[[RedisStore, Any, Entry], Awaitable[object]]] = {
    "get": lambda store, key, entry: store.get(key),
    "put": lambda store, key, entry: store.put(key, entry, 1),
    "delete": lambda store, key, entry: store.delete(key),
    "look": lambda store, key, entry: store.look(key),
    "add": lambda store, key, entry: store.add(key, "one", 1),
    "renew": lambda store, key, entry: store.renew(key, "one", 1),
    "drop": lambda store, key, entry: store.drop(key, "one"),
    "fill": lambda store, key, entry: store.fill(key, "one", entry, 1, Notify.PUSH),
    "fail": lambda store, key, entry: store.fail(key, "one", "no", 1, Notify.PUSH),
    "lease": lambda store, key, entry: store.lease(key, "one", 1),
    "claim": lambda store, key, entry: store.claim(key, "one", 1),
    "swap": lambda store, key, entry: store.swap(key, "one", entry, 1),
    "unclaim": lambda store, key, entry: store.unclaim(key, "one", None),
}


async def heard(store: Store, entry: Entry) -> bool:
    """Whether the store hears of a fill."""
    told = Filled(None, None)
    while told == Filled(None, None):  # the subscription has just come back, and knows no more
        news = store.watch("k")
        await store.add("k", "one", 10)
        await store.fill("k", "one", entry, 10, Notify.PUSH)
        told = await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN)
    return told == Filled(entry, None, "one")


@pytest.mark.parametrize("step", KEYED)
@pytest.mark.parametrize("key", ["\udcff", 5, None, b"k"], ids=["surrogate", "int", "None", "bytes"])
async def test_a_key_that_cannot_be_encoded_fails_its_own_caller_and_no_other_of_the_tick(
    redis_store: RedisStore, entry: Entry, step: str, key: Any
) -> None:
    await redis_store.put("good", entry, 10)
    innocent = [redis_store.get("good") for _ in range(INNOCENT)]
    bad, *good = await asyncio.gather(KEYED[step](redis_store, key, entry), *innocent, return_exceptions=True)
    assert isinstance(bad, StoreError)
    assert good == [entry] * INNOCENT


@pytest.mark.parametrize("pool", [None, 3], ids=["pipelined", "pooled"])
async def test_an_argument_that_cannot_be_encoded_fails_its_own_command(
    redis_url: str, prefix: str, entry: Entry, runner: asyncio.Runner, pool: int | None
) -> None:
    store = await RedisStore.open(redis_url, prefix, pool)
    try:
        await store.put("good", entry, 10)
        callers = [store.get("good"), store.add("k", "\udcff", 1), store.get("good")]
        first, bad, last = await asyncio.gather(*callers, return_exceptions=True)
        assert (first, last) == (entry, entry)
        assert isinstance(bad, StoreError)
    finally:
        await store.close()


@pytest.mark.parametrize("step", ["put", "fill", "swap"])
async def test_a_value_that_is_no_bytes_is_refused_where_it_is_written(
    redis_store: RedisStore, entry: Entry, step: str
) -> None:
    text: Any = "text"
    with pytest.raises(StoreError, match="a value must be bytes, not str"):
        await KEYED[step](redis_store, "k", msgspec.structs.replace(entry, value=text))


async def test_what_somebody_else_keeps_in_a_values_place_is_an_error_of_the_one_who_reads_it(
    redis_store: RedisStore, entry: Entry, raw: Redis, prefix: str
) -> None:
    await redis_store.put("good", entry, 10)
    raw.set(value_name(prefix, "bad"), "not ours", px=10_000)
    bad, good = await asyncio.gather(redis_store.get("bad"), redis_store.get("good"), return_exceptions=True)
    assert isinstance(bad, StoreError)
    assert good == entry


STR_IN_PLACE_OF_BYTES = msgspec.msgpack.encode(["k", ["text", 1, 0.0, 0.0, 0.0, 0.0], None, False])


@pytest.mark.parametrize(
    "garbage",
    [STR_IN_PLACE_OF_BYTES, msgspec.msgpack.encode([5, None, None]), b"\xa2\xff\xfe", b"\xc1", b"", b"hello"],
)
async def test_garbage_on_the_channel_ends_no_listener(
    redis_store: RedisStore, raw: Redis, prefix: str, entry: Entry, garbage: bytes
) -> None:
    assert raw.publish(prefix + "fills", garbage) == 1
    assert await heard(redis_store, entry)


async def test_a_listener_that_is_told_something_that_it_cannot_bear_listens_on(
    redis_store: RedisStore, raw: Redis, prefix: str, entry: Entry
) -> None:
    def refuse(key: str | None) -> None:
        if key is not None:
            raise ValueError(key)

    redis_store.on_invalidated(refuse)
    before = ids(raw, "pubsub")
    await redis_store.add("other", "one", 10)
    await redis_store.delete("other")
    async with asyncio.timeout(HEARD_WITHIN):
        while not (now := ids(raw, "pubsub")) or now & before:
            await asyncio.sleep(0.01)
    assert await heard(redis_store, entry)


@pytest.fixture
def impatient() -> Iterator[EmbeddedRedis]:
    """A server that closes what is idle for a second."""
    server = EmbeddedRedis()
    try:
        asyncio.run(server.ready())
        with Redis.from_url(server.url) as client:
            client.config_set("timeout", 1)
        yield server
    finally:
        server.stop()


def ids(client: Redis, kind: str) -> set[str]:
    """Who is connected to the server."""
    return {each["id"] for each in client.client_list(_type=kind)}


@pytest.mark.parametrize("seen", [True, False], ids=["seen", "unseen"])
@pytest.mark.parametrize("pool", [None, 3], ids=["pipelined", "pooled"])
async def test_a_connection_that_the_server_closed_as_idle_costs_nobody_an_error(
    runner: asyncio.Runner, impatient: EmbeddedRedis, prefix: str, entry: Entry, pool: int | None, seen: bool
) -> None:
    store = await RedisStore.open(impatient.url, prefix, pool)
    try:
        await store.warm(8)
        await store.put("k", entry, 30)
        with Redis.from_url(impatient.url) as raw:
            theirs = ids(raw, "normal") - {str(raw.client_id())}
            assert theirs
            deadline = time.monotonic() + GONE_WITHIN_S
            while theirs & ids(raw, "normal"):  # in one piece: the loop shall not hear that they are closed
                assert time.monotonic() < deadline
                time.sleep(0.02)  # noqa: ASYNC251
        if seen:
            await asyncio.sleep(0)
        assert await asyncio.gather(*(store.get("k") for _ in range(20))) == [entry] * 20
    finally:
        await store.close()


@pytest.mark.parametrize("idle", [True, False], ids=["idle", "in use"])
async def test_only_on_a_connection_that_was_idle_a_command_is_sent_again(
    redis_url: str, raw: Redis, runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch, idle: bool
) -> None:
    client = connect(redis_url, 1)
    connections = Connections(client)
    try:
        [number] = await connections.ask([("CLIENT", "ID")])
        raw.client_kill_filter(_id=number)  # and nobody hears of it before the next command is written
        monkeypatch.setattr("stampede.stores.redis.connections.IDLE_S", 0 if idle else 60)
        if idle:
            assert await connections.ask([("PING",), ("ECHO", "k")]) == [b"PONG", b"k"]
        else:  # it was closed for another reason, and may have been executed
            with pytest.raises(ConnectionError):
                await connections.ask([("PING",)])
            assert await connections.ask([("PING",)]) == [b"PONG"]
    finally:
        await disconnect(client)


class Closing(BlockingConnectionPool):
    """A pool whose connections close as they are taken, as those to a dying server may at the wrong moment."""

    async def get_connection(self, *arguments: object, **named: object) -> NoReturn:
        self.make_connection()

    def make_connection(self) -> NoReturn:
        raise RuntimeError("the handler is closed")


@pytest.mark.parametrize("wire", [Lanes, PooledConnections])
def test_whatever_the_client_raises_reaches_everybody_who_waits_for_a_reply(
    wire: Callable[[AsyncRedis], Wire],
) -> None:
    async def test() -> None:
        way = wire(AsyncRedis(connection_pool=Closing()))
        replies = await asyncio.gather(*(way.send("GET", "k") for _ in range(3)), return_exceptions=True)
        assert [str(reply) for reply in replies] == ["Redis: the handler is closed"] * 3
        assert {type(reply) for reply in replies} == {StoreGone}

    asyncio.run(test())


@pytest.mark.usefixtures("real_time")
async def test_an_option_of_the_url_makes_no_text_of_the_values(valkey: EmbeddedRedis, entry: Entry) -> None:
    store = await RedisStore.open(f"{valkey.url}?decode_responses=true", "stampede:{wire}:")
    try:
        await store.put("k", entry, 10)
        assert await store.get("k") == entry
    finally:
        await store.close()
