"""What if loading is slow or fails, on virtual time."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError, StoreError
from stampede.core.model import Role
from stampede.core.ports import Sent, unheeded
from stampede.protection.resilience.negative import Negative
from stampede.stores.memory import MemoryStore

TTL = 10.0
MakeOne = Callable[..., Any]
OnVirtualTime = Callable[[Callable[[], Any]], None]


@pytest.mark.parametrize("freshness", ["ttl", "refresh-ahead", "xfetch(beta=1000)"])
def test_when_a_load_fails_the_last_known_value_is_served_and_loads_are_throttled(
    one: MakeOne, on_virtual_time: OnVirtualTime, freshness: str
) -> None:
    """Also where freshness would have so old a value reloaded at every request."""

    async def work() -> None:
        it = one(f"{freshness}+fail-safe(max-age=30s,throttle=2s)+two-level")
        await it.get("k")
        it.error, it.seconds = "no", 0.1
        for step in range(120):
            await it.until(12 + step / 10)
            answer = await it.get("k")
            assert answer.entry.version == 1
            assert answer.role in (Role.STALE, Role.LEADER)
        assert it.loads == pytest.approx(1 + 12 / 2, abs=1), "one try per throttle, not one per request"
        it.error, it.version = None, 2
        await it.until(27)
        await it.get("k")
        assert (await it.get("k")).entry.version == 2

    on_virtual_time(work)


@pytest.mark.parametrize("freshness", ["swr(grace=20s)", "refresh-ahead", "xfetch(beta=3)"])
@pytest.mark.parametrize("coalescing", ["two-level", "redis-lock", "single-flight", "none"])
def test_fail_safe_leaves_a_value_that_can_still_be_served_its_lifetime_when_an_early_reload_fails(
    one: MakeOne, on_virtual_time: OnVirtualTime, freshness: str, coalescing: str
) -> None:
    """Early reloads fail until shortly before the value is over: nobody waits, and the throttle holds."""
    ends = TTL + 20 if freshness.startswith("swr") else TTL

    async def work() -> None:
        it = one(f"{freshness}+{coalescing}+fail-safe(throttle=1s)")
        first = (await it.get("k")).entry
        it.error, it.seconds = "no", 0.1
        waited = 0
        while it.loop.time() < 1 + ends - 0.3:
            began = it.loop.time()
            answer = await it.get("k")
            waited += it.loop.time() > began and answer.role is not Role.VOLUNTEER
            assert answer.entry.expires_at >= first.expires_at
            await asyncio.sleep(0.05)
        assert waited == 0
        at_once = 2 if coalescing == "none" else 1  # callers within the tenth of a second that a load takes
        assert 2 <= it.loads <= 1 + at_once * (ends / 1.1 + 1), "one try per throttle"

    on_virtual_time(work)


@pytest.mark.parametrize("freshness", ["ttl", "swr(grace=2s)"])
def test_fail_safe_serves_nothing_beyond_its_maximum_age(
    one: MakeOne, on_virtual_time: OnVirtualTime, freshness: str
) -> None:
    async def work() -> None:
        it = one(f"{freshness}+fail-safe(max-age=5s,throttle=3s)+single-flight")
        entry = (await it.get("k")).entry
        it.error, it.seconds = "no", 0.1
        longest = TTL + 5 + (2 if freshness.startswith("swr") else 0)
        served = []

        async def while_it_is_served() -> None:
            while await it.get("k"):
                served.append(it.loop.time() - entry.loaded_at)
                await asyncio.sleep(0.05)

        with pytest.raises(LoadError, match="no"):
            await while_it_is_served()
        assert longest - 0.2 < served[-1] <= longest + it.seconds

    on_virtual_time(work)


def test_a_value_that_lives_shorter_than_the_others_stands_in_for_so_much_shorter(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("swr(grace=1s)+fail-safe(max-age=5s,throttle=1s)+two-level")
        it.ttl, it.seconds = 2.0, 0.1
        entry = (await it.get("k")).entry
        assert (entry.stale_at, entry.expires_at) == (pytest.approx(2.1), pytest.approx(3.1))
        it.error, it.seconds = "no", 0.01
        await it.until(8.0)  # its life, the grace and the maximum age are over at 8.1
        assert (await it.get("k")).entry.version == 1
        await it.until(8.2)
        with pytest.raises(LoadError, match="no"):
            await it.get("k")

    on_virtual_time(work)


def test_a_value_that_is_older_than_its_maximum_age_is_not_served_even_by_fail_safe(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("fail-safe(max-age=5s,throttle=1s)+single-flight")
        await it.get("k")
        it.error, it.seconds = "no", 0.1
        await it.until(1 + TTL + 4)
        assert (await it.get("k")).entry.version == 1
        await it.until(1 + TTL + 6)
        with pytest.raises(LoadError, match="no"):
            await it.get("k")

    on_virtual_time(work)


def test_a_key_that_was_never_loaded_has_nothing_to_fall_back_on(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("fail-safe+lease")
        it.error = "no"
        with pytest.raises(LoadError, match="no"):
            await it.get("k")

    on_virtual_time(work)


def test_a_load_beyond_the_hard_timeout_has_failed_and_frees_its_key(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("timeouts(soft=100ms,hard=3s)+lease")
        it.seconds = 60.0
        with pytest.raises(LoadError, match="no answer within 3s"):
            await it.get("k")
        assert it.loop.time() == pytest.approx(3)
        it.seconds = 1.0
        await it.until(3.001)
        assert (await it.get("k")).role is Role.LEADER
        assert it.loop.time() == pytest.approx(4.001)

    on_virtual_time(work)


def test_after_the_soft_timeout_the_old_value_is_served_and_the_load_goes_on(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("timeouts(soft=100ms,hard=5s)+two-level")
        await it.get("k")
        it.version = 2
        await it.until(1 + TTL + 1)
        began = it.loop.time()
        answers = await asyncio.gather(*(it.get("k") for _ in range(20)))
        assert it.loop.time() - began == pytest.approx(0.1)
        assert {(answer.role, answer.entry.version) for answer in answers} == {(Role.STALE, 1)}
        await it.until(began + 1.5)
        answer = await it.get("k")
        assert (answer.role, answer.entry.version, it.loads) == (Role.HIT, 2, 2)

    on_virtual_time(work)


def test_where_there_is_no_old_value_the_soft_timeout_changes_nothing(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("timeouts(soft=100ms,hard=5s)+two-level")
        assert (await it.get("k")).role is Role.LEADER
        assert it.loop.time() == pytest.approx(1)

    on_virtual_time(work)


WITH_TIMEOUTS = [
    name for name in registry.names("coalescing") if "timeouts" not in registry.load("coalescing", name).excludes
]


class HangingStore(MemoryStore):
    """While it hangs, every command fails after two seconds, as those to a Redis that was stopped."""

    hangs = False

    async def _travel(self, sent: Sent = unheeded) -> None:
        await super()._travel(sent)
        if self.hangs:
            await asyncio.sleep(2)
            raise StoreError("hung")


def test_a_store_that_cannot_give_the_last_known_value_is_counted(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        store = HangingStore(asyncio.get_running_loop().time)
        it = one("fail-safe", store=store)
        it.error = "down"
        it.on_load = lambda key: setattr(store, "hangs", True)
        with pytest.raises(LoadError, match="down"):
            await it.get("k")
        assert it.protection.cache.counters.store_errors == 1

    on_virtual_time(work)


@pytest.mark.parametrize("coalescing", WITH_TIMEOUTS)
def test_a_store_that_hangs_after_the_soft_timeout_does_not_cost_the_answer_of_the_load(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    async def work() -> None:
        store = HangingStore(asyncio.get_running_loop().time)
        it = one(f"timeouts(soft=100ms,hard=10s)+{coalescing}", store=store)
        await it.get("k")
        it.version = 2
        await it.until(1 + TTL + 1)
        asking = asyncio.ensure_future(it.get("k"))
        await asyncio.sleep(0.05)
        store.hangs = True
        assert (await asking).entry.version == 2

    on_virtual_time(work)


def test_what_was_loaded_and_has_expired_while_a_caller_waited_is_found_before_the_hard_timeout(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    """Waiters that poll may see none of the values that others load, each gone before the next look."""

    async def work() -> None:
        it = one("timeouts(soft=100ms,hard=3s)+redis-lock", ttl=0.001)
        answers = await asyncio.gather(*(it.get("k") for _ in range(30)))
        assert {answer.entry.version for answer in answers} == {1}
        assert it.loop.time() <= 3
        await it.tasks.settle(60)

    on_virtual_time(work)


@pytest.mark.parametrize("coalescing", WITH_TIMEOUTS)
@pytest.mark.parametrize("hangs", ["the database", "the store"])
def test_the_hard_timeout_counts_from_the_request_and_over_everything(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str, hangs: str
) -> None:
    """Over the queue of a bulkhead, and over a store that does not answer."""

    async def work() -> None:
        store = HangingStore(asyncio.get_running_loop().time)
        it = one(f"timeouts(soft=100ms,hard=500ms)+bulkhead(limit=1)+{coalescing}", store=store)
        it.seconds, store.hangs = 60.0, hangs == "the store"
        answers = await asyncio.gather(*(it.get(f"k{number}") for number in range(11)), return_exceptions=True)
        assert it.loop.time() == pytest.approx(0.5)
        assert {type(answer) for answer in answers} == {LoadError}
        assert "no answer within 500ms" in {str(answer) for answer in answers}
        await asyncio.sleep(60)
        assert await it.tasks.settle(0) == 0, "nobody waits for ever behind the callers' backs"

    on_virtual_time(work)


@pytest.mark.parametrize(
    ("spec", "after", "served_after"),
    [
        ("timeouts(soft=100ms,hard=500ms,max-age=20s)", 18, 0.1),
        ("timeouts(soft=100ms,hard=500ms,max-age=20s)+fail-safe(max-age=1m)", 18, 0.1),
        ("timeouts(soft=100ms,hard=500ms,max-age=20s)+fail-safe(max-age=1m)", 30, 0.5),
        ("timeouts(soft=100ms,hard=500ms,max-age=20s)", 30, None),
        ("timeouts(soft=10s,hard=500ms,max-age=20s)", 18, 0.45),
    ],
)
def test_an_old_value_stands_in_for_as_long_as_the_choices_say(
    one: MakeOne, on_virtual_time: OnVirtualTime, spec: str, after: int, served_after: float | None
) -> None:
    """After the soft timeout what timeouts keeps, after the hard one what any choice does."""

    async def work() -> None:
        it = one(f"{spec}+two-level")
        it.seconds = 0.1
        await it.get("k")
        it.seconds = 60.0
        await it.until(1 + TTL + after)
        began = it.loop.time()
        if served_after is None:
            with pytest.raises(LoadError):
                await it.get("k")
            assert it.loop.time() - began == pytest.approx(0.5)
        else:
            assert (await it.get("k")).entry.version == 1
            assert it.loop.time() - began == pytest.approx(served_after)
        await it.tasks.settle(60)

    on_virtual_time(work)


def test_a_bulkhead_lets_so_many_loads_in_and_the_others_queue(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("bulkhead(limit=3)+single-flight")
        answers = await asyncio.gather(*(it.get(f"k{number}") for number in range(12)))
        assert len(answers) == it.loads == 12
        assert it.peak == 3
        assert it.loop.time() == pytest.approx(4)

    on_virtual_time(work)


def test_a_load_that_fails_leaves_the_bulkhead(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("bulkhead(limit=1)+single-flight")
        it.error = "no"
        await asyncio.gather(*(it.get(f"k{number}") for number in range(3)), return_exceptions=True)
        it.error = None
        assert (await it.get("k")).role is Role.LEADER
        assert it.loop.time() == pytest.approx(4)

    on_virtual_time(work)


@pytest.mark.parametrize(
    ("value", "lives"), [(b"null", 1.0), (b"false", TTL), (b"0", TTL), (b'""', TTL), (b"[]", TTL)]
)
def test_only_what_is_not_there_is_cached_for_the_shorter_while(
    one: MakeOne, on_virtual_time: OnVirtualTime, value: bytes, lives: float
) -> None:
    async def work() -> None:
        it = one("negative(ttl=1s)+single-flight")
        it.value = value
        await it.get("k")
        await it.until(1 + lives - 0.01)
        assert ((await it.get("k")).role, it.loads) == (Role.HIT, 1)
        await it.until(1 + lives + 0.01)
        assert ((await it.get("k")).role, it.loads) == (Role.LEADER, 2)

    on_virtual_time(work)


def test_a_key_that_comes_into_being_during_a_load_is_seen_after_that_and_the_shorter_while(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("negative(ttl=1s)+single-flight")
        it.value = b"null"
        asked = asyncio.ensure_future(it.get("k"))
        await it.until(0.01)
        it.value = b'"there"'
        assert (await asked).entry.value == b"null"
        await it.until(1 + 1 - 0.01)
        assert (await it.get("k")).entry.value == b"null"
        await it.until(1 + 1 + 0.01)
        assert (await it.get("k")).entry.value == b'"there"'

    on_virtual_time(work)
    assert "after at most `ttl` + Δ" in (inspect.getdoc(Negative) or "")


def test_an_error_is_not_cached_as_not_found(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("negative(ttl=1s)+single-flight")
        it.value, it.error = b"null", "no"
        with pytest.raises(LoadError):
            await it.get("k")
        it.value, it.error = b'"there"', None
        assert (await it.get("k")).entry.value == b'"there"'

    on_virtual_time(work)
