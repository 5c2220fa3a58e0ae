"""The first level inside the process: bounded, short-lived, and told by Redis what has changed."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from redis.asyncio import Redis

from stampede.core.model import Answer, Loaded, Role
from stampede.core.tasks import Tasks
from stampede.protection.compose import Protection, protection
from stampede.protection.strategy import Strategy
from stampede.stores.memory import MemoryStore
from stampede.stores.redis.codec import value_name
from stampede.stores.redis.store import RedisStore

MakeOne = Callable[..., Any]
OnVirtualTime = Callable[[Callable[[], Any]], None]
WITHIN_S = 10.0


def test_a_near_hit_asks_nobody(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("near+single-flight")
        await it.protection.begin(["k"])
        await it.get("k")
        await asyncio.sleep(0.01)  # now it is written, and kept from the next read on
        await it.get("k")
        before = it.store.commands
        for _ in range(100):
            assert (await it.get("k")).role is Role.HIT
        assert (it.store.commands, it.loads) == (before, 1)

    on_virtual_time(work)


def test_it_keeps_no_more_answers_than_its_size_and_none_longer_than_its_ttl(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("near(size=10,ttl=2s)+single-flight", ttl=100.0)
        it.seconds = 0.001
        keys = [f"k{number}" for number in range(50)]
        await it.protection.begin(keys)
        for key in keys * 2:
            await it.get(key)
        before = it.store.commands
        for key in reversed(keys):  # those kept come first: a miss would push them out
            await it.get(key)
        assert it.store.commands - before == 40
        await asyncio.sleep(2)
        before = it.store.commands
        await it.get(keys[0])
        assert it.store.commands == before + 1

    on_virtual_time(work)


def test_it_never_serves_a_value_beyond_its_expiry(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        # Fail-safe keeps the value in the store beyond its expiry, so that no news of its end come from there.
        it = one("near(ttl=1m)+single-flight+fail-safe", ttl=5.0)
        await it.protection.begin(["k"])
        await it.get("k")
        await it.get("k")
        await it.until(1 + 5.001)
        assert (await it.get("k")).role is Role.LEADER

    on_virtual_time(work)


def test_a_change_that_arrives_during_a_read_keeps_the_older_answer_out(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        it = one("near+lease", store=store)
        await it.protection.begin(["k"])
        reading = asyncio.ensure_future(it.get("k"))
        await asyncio.sleep(0.5)
        await store.delete("k")
        it.version = 2
        assert (await reading).entry.version == 1
        assert (await it.get("k")).entry.version == 2

    on_virtual_time(work)


@pytest.mark.parametrize("freshness", ["refresh-ahead", "xfetch(beta=2)", "swr(grace=1s)"])
def test_a_near_hit_is_judged_by_freshness_and_starts_its_reload(
    one: MakeOne, on_virtual_time: OnVirtualTime, freshness: str
) -> None:
    """With local copies that live as long as the value, nobody waits but volunteers."""

    async def work() -> None:
        it = one(f"near(ttl=1m)+{freshness}+two-level", ttl=2.0)
        it.seconds = 0.1
        await it.protection.begin(["k"])
        await it.get("k")
        roles: Counter[Role] = Counter()

        async def ask() -> None:
            roles[(await it.get("k")).role] += 1

        for _ in range(4000):
            await asyncio.sleep(0.005)
            it.tasks.spawn(ask())
        await it.tasks.settle(1)
        assert set(roles) <= {Role.HIT, Role.STALE, Role.VOLUNTEER}
        assert 9 <= it.loads <= 25
        assert it.store.commands < 4000 / 2, "most are answered from the process"

    on_virtual_time(work)


def test_near_hits_keep_to_the_bounds_of_timeouts(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    """Who volunteers from a local copy does not wait longer than who waits for Redis."""

    async def work() -> None:
        it = one("near(ttl=1m)+xfetch+timeouts(soft=100ms)+two-level")
        await it.protection.begin(["k"])
        await it.get("k")
        await it.get("k")
        await it.until(1 + 10 - 0.5)
        began = it.loop.time()
        answers = await asyncio.gather(*(it.get("k") for _ in range(30)))
        assert it.loads == 2
        assert it.loop.time() - began == pytest.approx(0.1)
        assert {answer.entry.version for answer in answers} == {1}
        await it.tasks.settle(5)

    on_virtual_time(work)


class _Fleet:
    """Instances with near caches over a real server, each with connections of its own."""

    def __init__(self, stores: list[RedisStore]) -> None:
        self.version = 1
        self.load_s = 0.0
        self.stores = stores
        self.tasks = Tasks()
        self.instances = [self._protection(store, number) for number, store in enumerate(stores)]

    def _protection(self, store: RedisStore, number: int) -> Protection:
        return protection(
            Strategy.parse("near(ttl=1h)+two-level"),
            store=store,
            origin=self._load,
            ttl=3600.0,
            clock=asyncio.get_running_loop().time,
            random=Random(number),
            tasks=self.tasks,
            owner=f"i{number}",
        )

    async def _load(self, key: str) -> Loaded:
        version = self.version
        await asyncio.sleep(self.load_s)
        return Loaded(b"%d" % version, version)

    async def until_all_see(self, version: int) -> list[Answer]:
        """Ask all instances again and again until each answers with this version."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                answers = [await each.get("k:0") for each in self.instances]
                if all(answer.entry.version == version for answer in answers):
                    return answers
                await asyncio.sleep(0.002)


def on_real_server(url: str, work: Callable[[_Fleet, str], Any]) -> None:
    """Run the test with two instances over this server."""

    async def main() -> None:
        prefix = f"test:{{{Random().getrandbits(64):x}}}:"
        stores = [await RedisStore.open(url, prefix) for _ in range(2)]
        try:
            fleet = _Fleet(stores)
            for each in fleet.instances:
                await each.begin(["k:0"])
            await fleet.until_all_see(1)
            commands = sum(store.commands for store in stores)
            # The filler's own change arrives once; then both serve without asking Redis.
            async with asyncio.timeout(WITHIN_S):
                while (await asyncio.gather(*(each.get("k:0") for each in fleet.instances))) and (
                    commands != (commands := sum(store.commands for store in stores))
                ):
                    await asyncio.sleep(0.02)
            await work(fleet, prefix)
            await fleet.tasks.settle(1)
        finally:
            for store in stores:
                await store.close()

    asyncio.run(main())


def test_another_clients_delete_reaches_every_near_cache(redis_url: str) -> None:
    """Client-side tracking: whoever changes the key, and however, the instances hear of it."""

    async def work(fleet: _Fleet, prefix: str) -> None:
        fleet.version = 2
        async with Redis.from_url(redis_url) as stranger:
            assert await stranger.delete(value_name(prefix, "k:0")) == 1
        await fleet.until_all_see(2)

    on_real_server(redis_url, work)


def test_an_invalidation_by_one_instance_reaches_the_others(redis_url: str) -> None:
    async def work(fleet: _Fleet, prefix: str) -> None:
        fleet.version = 2
        await fleet.instances[0].invalidate("k:0")
        await fleet.until_all_see(2)

    on_real_server(redis_url, work)


def test_what_an_invalidation_has_overtaken_while_it_was_loaded_is_not_kept(redis_url: str) -> None:
    """There was no value then, so Redis had no change to tell."""

    async def work(fleet: _Fleet, prefix: str) -> None:
        fleet.load_s = 0.3
        loading = asyncio.ensure_future(fleet.instances[0].get("k:1"))
        await asyncio.sleep(0.15)
        fleet.version = 2
        await fleet.instances[1].invalidate("k:1")
        assert (await loading).entry.version == 1  # it was asked before
        assert (await fleet.instances[0].get("k:1")).entry.version == 2

    on_real_server(redis_url, work)


def test_an_expiry_in_the_server_reaches_every_near_cache(redis_url: str) -> None:
    async def work(fleet: _Fleet, prefix: str) -> None:
        fleet.version = 2
        async with Redis.from_url(redis_url) as stranger:
            assert await stranger.pexpire(value_name(prefix, "k:0"), 1)
        await fleet.until_all_see(2)

    on_real_server(redis_url, work)


def test_a_lost_tracking_connection_empties_the_near_cache_and_tracks_again(redis_url: str) -> None:
    """What changed meanwhile went unheard; what changes afterwards is heard."""

    async def work(fleet: _Fleet, prefix: str) -> None:
        async with Redis.from_url(redis_url) as stranger:
            for version in (2, 4):
                killed = [c["id"] for c in await stranger.client_list() if "t" in c["flags"]]
                assert len(killed) == 2
                for tracker in killed:
                    assert await stranger.client_kill_filter(_id=tracker) == 1
                fleet.version = version
                await stranger.delete(value_name(prefix, "k:0"))
                await fleet.until_all_see(version)
                await until_tracked_again(stranger, killed)
                await fleet.until_all_see(version)
                fleet.version = version + 1
                await stranger.delete(value_name(prefix, "k:0"))
                await fleet.until_all_see(version + 1)

    async def until_tracked_again(stranger: Redis, killed: list[str]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while sum("t" in c["flags"] and c["id"] not in killed for c in await stranger.client_list()) < 2:
                await asyncio.sleep(0.01)

    on_real_server(redis_url, work)


def test_nothing_is_kept_while_nothing_is_heard(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the loss of the tracking connection and its return, every answer comes from Redis."""

    async def work(fleet: _Fleet, prefix: str) -> None:
        async with Redis.from_url(redis_url) as stranger:
            for tracker in [c["id"] for c in await stranger.client_list() if "t" in c["flags"]]:
                await stranger.client_kill_filter(_id=tracker)
            async with asyncio.timeout(WITHIN_S):
                while any(store.tracking for store in fleet.stores):
                    await asyncio.sleep(0.001)
            await fleet.until_all_see(1)
            fleet.version = 2
            await stranger.delete(value_name(prefix, "k:0"))
            assert [(await each.get("k:0")).entry.version for each in fleet.instances] == [2, 2]
            assert not any(store.tracking for store in fleet.stores)

    monkeypatch.setattr("stampede.stores.redis.conversation.AGAIN_AFTER_S", 60.0)
    on_real_server(redis_url, work)
