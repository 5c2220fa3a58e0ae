"""What the store over Redis promises beyond the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis import Redis

from stampede.core.errors import StampedeError, StoreError, UsageError
from stampede.core.model import Entry, Filled, Notify
from stampede.processes.redis_server import EmbeddedRedis
from stampede.stores.redis.codec import value_name, waiting_name
from stampede.stores.redis.scripts import SCRIPTS, Scripts
from stampede.stores.redis.store import RedisStore

TTL_S = 30
CALLERS = 50
HEARD_WITHIN = 5

STEPS: dict[str, Callable[[RedisStore, Entry], Awaitable[object]]] = {
    "get": lambda store, entry: store.get("k"),
    "put": lambda store, entry: store.put("k", entry, 1),
    "look": lambda store, entry: store.look("k"),
    "add": lambda store, entry: store.add("k", "one", 1),
    "renew": lambda store, entry: store.renew("k", "one", 1),
    "drop": lambda store, entry: store.drop("k", "one"),
    "fill": lambda store, entry: store.fill("k", "one", entry, 1, Notify.PUSH),
    "put_under": lambda store, entry: store.put_under("k", "one", entry, 1),
    "fail": lambda store, entry: store.fail("k", "one", "no", 1, Notify.PUSH),
    "release": lambda store, entry: store.drop("k", "one", Notify.WAKE),
    "tell": lambda store, entry: store.tell("k", Filled(entry, None, "one")),
    "lease": lambda store, entry: store.lease("k", "one", 1),
    "claim": lambda store, entry: store.claim("k", "one", 1),
    "swap": lambda store, entry: store.swap("k", "one", entry, 1),
    "delete": lambda store, entry: store.delete("k"),
}


def reads(raw: Redis) -> int:
    """How often the server has read from a client so far."""
    return int(raw.info("stats")["total_reads_processed"])


async def pushed(store: RedisStore, filler: RedisStore, key: str, entry: Entry) -> Filled:
    """What one store that waits hears when another one fills."""
    news = store.watch(key)
    await filler.add(key, "one", 10)
    await store.add(key, "two", 10)
    await filler.fill(key, "one", entry, 10, Notify.PUSH)
    return await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN)


async def hears(store: RedisStore, entry: Entry) -> bool:
    """Whether a store hears its own fill within a moment."""
    try:
        async with asyncio.timeout(0.2):
            return await pushed(store, store, "k", entry) == Filled(entry, None, "one")
    except TimeoutError:
        return False


async def test_every_key_carries_a_time_to_live(
    redis_store: RedisStore, entry: Entry, raw: Redis, prefix: str
) -> None:
    await redis_store.put("put", entry, TTL_S)
    await redis_store.add("added", "one", TTL_S)
    await redis_store.lease("leased", "one", TTL_S)
    await redis_store.add("renewed", "one", 1)
    await redis_store.renew("renewed", "one", TTL_S)
    for tell in Notify:
        await redis_store.add(f"filled-{tell}", "one", 1)
        await redis_store.fill(f"filled-{tell}", "one", entry, TTL_S, tell)
        await redis_store.add(f"failed-{tell}", "one", 1)
        await redis_store.fail(f"failed-{tell}", "one", "no", TTL_S, tell)
    await redis_store.add("failed-without-note", "one", TTL_S)
    await redis_store.fail("failed-without-note", "one", "no", 0, Notify.NOTHING)
    await redis_store.fill("fenced-off", "one", entry, TTL_S, Notify.PUSH)
    left = {key.decode(): raw.pttl(key) for key in raw.scan_iter(match=prefix.replace("{", "[{]") + "*")}
    lists = {name: left.pop(name) for name in list(left) if name.startswith(waiting_name(prefix, ""))}
    assert len(lists) == 3  # of those who hold, and have not ended yet
    assert all(TTL_S * 1000 < milliseconds <= TTL_S * 1000 + 1000 for milliseconds in lists.values()), lists
    assert len(left) == 4 + 2 * len(Notify)
    assert all(name.startswith(prefix) for name in left)
    assert all(TTL_S * 500 < milliseconds <= TTL_S * 1000 for milliseconds in left.values()), left


async def test_a_key_and_its_guard_live_on_one_node_of_a_cluster(
    redis_store: RedisStore, entry: Entry, raw: Redis, prefix: str
) -> None:
    await redis_store.put("k", entry, TTL_S)
    await redis_store.add("k", "one", TTL_S)
    names = list(raw.scan_iter(match=prefix.replace("{", "[{]") + "*"))
    assert len(names) == 3
    assert {name.split(b"{")[1].split(b"}")[0] for name in names} == {prefix.split("{")[1].split("}")[0].encode()}


async def test_the_commands_of_one_tick_travel_together(redis_store: RedisStore, raw: Redis) -> None:
    await redis_store.warm(8)
    before, commands = reads(raw), redis_store.commands
    await asyncio.gather(*(redis_store.get(f"k{n}") for n in range(100)))
    assert redis_store.commands - commands == 100
    assert reads(raw) - before <= 4  # one for the pipeline and one for the question, where 100 would be one each


async def test_a_pooled_store_sends_each_command_by_itself_over_its_connections(
    redis_url: str, prefix: str, raw: Redis, runner: asyncio.Runner
) -> None:
    store = await RedisStore.open(redis_url, prefix, pool=4)
    try:
        await store.warm(4)
        before, commands, clients = reads(raw), store.commands, raw.info("clients")["connected_clients"]
        await asyncio.gather(*(store.get(f"k{n}") for n in range(100)))
        assert store.commands - commands == 100
        assert reads(raw) - before >= 100
        assert raw.info("clients")["connected_clients"] <= clients
    finally:
        await store.close()


async def test_a_renewal_overtakes_the_commands_that_wait_for_their_way(redis_store: RedisStore) -> None:
    """A holder must not lose what it holds to its own queue."""
    await redis_store.add("held", "one", 20)
    ended: list[str] = []

    async def note(what: str, step: Awaitable[object]) -> None:
        await step
        ended.append(what)

    reads = [note("read", redis_store.get(f"k{n}")) for n in range(10_000)]
    await asyncio.gather(*reads, note("renewal", redis_store.renew("held", "one", 20)))
    assert ended.index("renewal") < len(reads) / 2


async def test_replies_reach_the_caller_who_asked(redis_store: RedisStore, entry: Entry) -> None:
    entries = {f"k{n}": Entry(str(n).encode(), n, 0.0, 0.0, 0.0, 0.0) for n in range(200)}
    await asyncio.gather(*(redis_store.put(key, each, TTL_S) for key, each in entries.items()))
    found = await asyncio.gather(*(redis_store.get(key) for key in entries))
    assert dict(zip(entries, found, strict=True)) == entries


async def test_a_wrong_type_fails_its_own_command_and_no_other_of_the_tick(
    redis_store: RedisStore, entry: Entry, raw: Redis, prefix: str
) -> None:
    await redis_store.put("good", entry, TTL_S)
    raw.rpush(value_name(prefix, "bad"), "a list")
    try:
        bad, good = await asyncio.gather(redis_store.get("bad"), redis_store.get("good"), return_exceptions=True)
    finally:
        raw.delete(value_name(prefix, "bad"))
    assert isinstance(bad, StoreError)
    assert good == entry


@pytest.mark.parametrize("step", SCRIPTS)
async def test_scripts_that_the_server_forgot_are_sent_again(
    redis_store: RedisStore, entry: Entry, raw: Redis, step: str
) -> None:
    raw.script_flush()
    before = redis_store.commands
    results = await asyncio.gather(*(STEPS[step](redis_store, entry) for _ in range(CALLERS)))
    assert len(results) == CALLERS
    # Each caller's own step is sent twice, and all scripts once for all of them.
    assert redis_store.commands - before <= 2 * CALLERS + len(SCRIPTS)


async def test_scripts_that_somebody_keeps_flushing_are_an_error_of_the_store(
    redis_store: RedisStore, raw: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Scripts, "load", lambda self: asyncio.to_thread(raw.script_flush))
    raw.script_flush()
    with pytest.raises(StoreError, match="keeps flushing"):
        await redis_store.add("k", "one", 1)


async def test_a_cancelled_caller_does_not_break_the_others_of_its_tick(
    redis_store: RedisStore, entry: Entry
) -> None:
    await redis_store.put("k", entry, TTL_S)
    for moment in range(4):
        callers = [asyncio.ensure_future(redis_store.get("k")) for _ in range(20)]
        for _ in range(moment):
            await asyncio.sleep(0)
        callers[0].cancel()
        callers[7].cancel()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert [isinstance(result, asyncio.CancelledError) for result in results] == [n in (0, 7) for n in range(20)]
        assert [result for n, result in enumerate(results) if n not in (0, 7)] == [entry] * 18
    assert await redis_store.get("k") == entry


async def test_a_fill_is_heard_by_the_stores_of_other_instances(
    redis_store: RedisStore, redis_url: str, prefix: str, entry: Entry
) -> None:
    other = await RedisStore.open(redis_url, prefix)
    try:
        assert await pushed(other, redis_store, "k", entry) == Filled(entry, None, "one")
    finally:
        await other.close()


async def test_a_run_does_not_hear_the_fills_of_another_run(
    redis_store: RedisStore, redis_url: str, prefix: str, entry: Entry
) -> None:
    stranger = await RedisStore.open(redis_url, "another:" + prefix)
    try:
        mine = redis_store.watch("k")
        assert await pushed(stranger, stranger, "k", entry) == Filled(entry, None, "one")
        assert await pushed(redis_store, redis_store, "later", entry) == Filled(entry, None, "one")
        assert not mine.done()
    finally:
        await stranger.close()


async def test_the_subscription_comes_back_after_it_was_killed(
    redis_store: RedisStore, raw: Redis, entry: Entry, prefix: str
) -> None:
    channel = prefix + "fills"
    assert dict(raw.pubsub_numsub(channel)) == {channel.encode(): 1}
    raw.client_kill_filter(_type="pubsub")
    async with asyncio.timeout(HEARD_WITHIN):
        while not await hears(redis_store, entry):  # what is published in between goes unheard
            pass
    assert dict(raw.pubsub_numsub(channel)) == {channel.encode(): 1}


async def test_after_a_lost_subscription_everybody_who_watches_looks_again(
    redis_store: RedisStore, raw: Redis
) -> None:
    """What was published meanwhile went unheard, and may have been anything."""
    invalidated: list[str | None] = []
    redis_store.on_invalidated(invalidated.append)
    watching = [redis_store.watch(f"k{n}") for n in range(3)]
    raw.client_kill_filter(_type="pubsub")
    heard = await asyncio.wait_for(asyncio.gather(*map(asyncio.shield, watching)), HEARD_WITHIN)
    assert heard == [Filled(None, None)] * 3
    assert invalidated == [None]


async def test_a_closed_store_leaves_no_connection_behind(
    redis_url: str, prefix: str, raw: Redis, runner: asyncio.Runner
) -> None:
    before = {client["id"] for client in raw.client_list()}
    for pool in (None, 3):
        store = await RedisStore.open(redis_url, prefix, pool)
        await store.warm(8)
        assert {client["id"] for client in raw.client_list()} - before
        await store.close()
    async with asyncio.timeout(5):
        while not {client["id"] for client in raw.client_list()} <= before:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("pool", [None, 3], ids=["pipelined", "pooled"])
async def test_a_server_that_dies_is_a_store_error_and_never_a_miss(
    runner: asyncio.Runner, prefix: str, entry: Entry, pool: int | None
) -> None:
    server = EmbeddedRedis()
    try:
        await server.ready()
        store = await RedisStore.open(server.url, prefix, pool)
        await store.put("k", entry, TTL_S)
        server.stop()
        try:
            for name, step in STEPS.items():
                with pytest.raises(StoreError, match=r"^Redis: "):
                    pytest.fail(f"{name} answered {await step(store, entry)!r}")
            results = await asyncio.gather(*(store.get("k") for _ in range(20)), return_exceptions=True)
            assert all(isinstance(result, StoreError) for result in results)
            assert len({id(result) for result in results}) == 20
        finally:
            async with asyncio.timeout(5):
                await store.close()
        with pytest.raises(StoreError):
            await RedisStore.open(server.url, prefix, pool)
    finally:
        server.stop()


@pytest.mark.parametrize(
    "url", ["nonsense", "http://host", "redis://:zQzQz/rest@host:6379", "redis://me:zQzQz#@host:x"]
)
async def test_a_url_that_is_none_is_an_error_that_does_not_show_its_password(
    runner: asyncio.Runner, url: str
) -> None:
    with pytest.raises(StampedeError) as caught:
        await RedisStore.open(url, "test:")
    assert "zQzQz" not in str(caught.value)
    if "zQzQz" not in url:
        assert isinstance(caught.value, UsageError)


async def stores(redis_url: str, prefix: str, number: int) -> list[RedisStore]:
    return [await RedisStore.open(redis_url, prefix) for _ in range(number)]


def published(raw: Redis) -> int:
    return int(raw.info("commandstats").get("cmdstat_publish", {"calls": 0})["calls"])


@pytest.mark.parametrize("how", ["fill", "fail", "drop", "delete", "swap", "unclaim"])
async def test_news_go_to_those_processes_only_that_wait(
    redis_url: str, raw: Redis, prefix: str, entry: Entry, runner: asyncio.Runner, how: str
) -> None:
    holder, waiting, *others = fleet = await stores(redis_url, prefix, 6)
    claims = how in ("swap", "unclaim")
    try:
        assert await (holder.claim("k", "me", 5) if claims else holder.lease("k", "me", 5))
        news = waiting.watch("k")
        for store in (waiting, *others):  # the others want to know who loads, and do not wait for it
            await (store.claim("k", "you", 5) if claims else store.lease("k", "you", 5))
        unheard = [store.watch("k") for store in others]
        before = published(raw)
        end: dict[str, Callable[[], Awaitable[object]]] = {
            "fill": lambda: holder.fill("k", "me", entry, 5, Notify.PUSH),
            "fail": lambda: holder.fail("k", "me", "no", 0, Notify.PUSH),
            "drop": lambda: holder.drop("k", "me", Notify.WAKE),
            "delete": lambda: holder.delete("k"),
            "swap": lambda: holder.swap("k", "me", entry, 5),
            "unclaim": lambda: holder.unclaim("k", "me", None),
        }
        await end[how]()
        await asyncio.wait_for(asyncio.shield(news), TTL_S)
        assert published(raw) - before == 1
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in unheard)
    finally:
        for store in fleet:
            await store.close()


async def test_an_invalidation_is_told_to_the_holder_that_wants_to_know(
    redis_url: str, raw: Redis, prefix: str, runner: asyncio.Runner
) -> None:
    holder, other, third = fleet = await stores(redis_url, prefix, 3)
    told: list[tuple[str, str | None]] = []
    try:
        for name, store in (("holder", holder), ("other", other)):
            store.on_invalidated(lambda key, name=name: told.append((name, key)))  # type: ignore[misc]
        await holder.lease("k", "me", 5)
        await third.delete("k")
        async with asyncio.timeout(TTL_S):
            while not told:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        assert told == [("holder", "k")]
    finally:
        for store in fleet:
            await store.close()


async def test_who_waits_is_told_however_long_the_load_is_renewed(
    redis_url: str, prefix: str, entry: Entry, runner: asyncio.Runner
) -> None:
    holder, waiting = fleet = await stores(redis_url, prefix, 2)
    try:
        await holder.lease("k", "me", 0.2)
        news = waiting.watch("k")
        await waiting.lease("k", "you", 0.2)
        for _ in range(20):
            await asyncio.sleep(0.1)
            assert await holder.renew("k", "me", 0.2)
        await holder.fill("k", "me", entry, 5, Notify.PUSH)
        assert await asyncio.wait_for(asyncio.shield(news), TTL_S) == Filled(entry, None, "me")
    finally:
        for store in fleet:
            await store.close()


async def test_a_renewal_waits_for_nothing_else_that_is_under_way(redis_store: RedisStore, prefix: str) -> None:
    """A lease must not be lost to its holder's own queue, however long that is."""
    await redis_store.add("k", "me", 10)
    under_way = asyncio.ensure_future(redis_store._wire.send("BLPOP", f"{prefix}nothing", "0.5"))
    await asyncio.sleep(0.01)
    assert await redis_store.renew("k", "me", 10)
    assert not under_way.done()
    await under_way


async def test_who_begins_to_wait_while_a_huge_value_is_on_its_way_is_told_of_it(redis_store: RedisStore) -> None:
    """It travels by itself, so what its own process asks later may get there before it."""
    huge = Entry(bytes(20_000_000), version=1, loaded_at=1.0, stale_at=2.0, expires_at=3.0, load_s=0.1)
    await redis_store.lease("k", "one", TTL_S)
    filling = asyncio.ensure_future(redis_store.fill("k", "one", huge, TTL_S, Notify.PUSH))
    await asyncio.sleep(0)
    news = redis_store.watch("k")
    assert (await redis_store.lease("k", "two", TTL_S)).holder == "one"
    assert await filling
    assert await asyncio.wait_for(news, HEARD_WITHIN) == Filled(huge, None, "one")


@pytest.mark.parametrize("how", ["evicted", "evicted before", "no room"])
async def test_who_waits_is_told_although_the_list_of_those_who_wait_is_lost(
    redis_url: str, raw: Redis, prefix: str, entry: Entry, runner: asyncio.Runner, how: str
) -> None:
    holder, waiting, late = fleet = await stores(redis_url, prefix, 3)
    try:
        await holder.lease("k", "me", 5)
        heard = [store.watch("k") for store in (waiting, late)]
        if how == "no room":
            raw.config_set("maxmemory", 1)
        await waiting.lease("k", "you", 5)
        raw.config_set("maxmemory", 0)
        if how == "evicted before":
            raw.delete(waiting_name(prefix, "k"))
        await late.lease("k", "they", 5)
        if how == "evicted":
            raw.delete(waiting_name(prefix, "k"))
        await holder.fill("k", "me", entry, 5, Notify.PUSH)
        for news in heard:
            assert await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN) == Filled(entry, None, "me")
    finally:
        raw.config_set("maxmemory", 0)
        for store in fleet:
            await store.close()


async def test_who_waits_with_a_long_lease_is_told_although_another_one_waits_with_a_short_one(
    redis_url: str, prefix: str, entry: Entry, runner: asyncio.Runner
) -> None:
    holder, waiting, hasty = fleet = await stores(redis_url, prefix, 3)
    try:
        await holder.add("k", "me", 5)
        heard = [store.watch("k") for store in (waiting, hasty)]
        await waiting.add("k", "you", 5)
        await hasty.add("k", "they", 0.01)
        await asyncio.sleep(1.1)
        await holder.fill("k", "me", entry, 5, Notify.WAKE)
        for news in heard:
            assert (await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN)).token == "me"
    finally:
        for store in fleet:
            await store.close()
