"""When to reload: the laws as tables, and what callers see of them on virtual time."""

from __future__ import annotations

import asyncio
import inspect
import math
import statistics
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.model import Answer, Entry, Role
from stampede.core.ports import ANY_NOTE
from stampede.core.units import Duration
from stampede.protection.choices import Freshness
from stampede.protection.freshness.jitter import Jitter
from stampede.protection.freshness.refresh_ahead import RefreshAhead
from stampede.protection.freshness.swr import Swr
from stampede.protection.freshness.xfetch import Xfetch
from stampede.protection.judging import Action
from stampede.protection.promise import Scope
from stampede.stores.memory import MemoryStore

TTL = 10.0
RELOADED = (Role.VOLUNTEER, Role.LEADER)
MakeOne = Callable[..., Any]
OnVirtualTime = Callable[[Callable[[], Any]], None]


def loaded_at_zero(law: Freshness, load_s: float = 1.0) -> Entry:
    life = law.lifetime(TTL, Random(1))
    return Entry(b"1", 1, 0.0, life.stale_after, life.expires_after, load_s)


def share_of(verdict: Action, law: Freshness, now: float, load_s: float = 1.0) -> float:
    entry, random = loaded_at_zero(law, load_s), Random(7)
    return sum(law.judge(entry, now, random) is verdict for _ in range(20_000)) / 20_000


@pytest.mark.parametrize("name", registry.names("freshness"))
def test_every_law_lets_a_value_live_and_serves_a_new_one_as_it_is(name: str) -> None:
    law = registry.load("freshness", name)()
    life = law.lifetime(TTL, Random(3))
    assert TTL <= life.stale_after <= life.expires_after
    assert law.lifetime(TTL, Random(3)) == life
    assert law.judge(loaded_at_zero(law), 0.001, Random(3)) is Action.FRESH


def test_jitter_spreads_the_expiries_evenly_over_its_maximum() -> None:
    random = Random(5)
    lives = [Jitter(max=Duration(2.0)).lifetime(TTL, random) for _ in range(2000)]
    assert all(life.stale_after == life.expires_after for life in lives)
    ends = sorted(life.expires_after for life in lives)
    assert TTL <= ends[0] < TTL + 0.05
    assert TTL + 1.95 < ends[-1] <= TTL + 2
    assert ends[1000] == pytest.approx(TTL + 1, abs=0.1)


@pytest.mark.parametrize("beta", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("before", [0.1, 1.0, 3.0])
def test_xfetch_volunteers_with_the_probability_of_its_paper(beta: float, before: float) -> None:
    """P(−Δ·beta·ln(rand) ≥ remaining) = e^(−remaining / (Δ·beta))."""
    expected = math.exp(-before / beta)
    assert share_of(Action.EARLY, Xfetch(beta=beta), TTL - before) == pytest.approx(expected, abs=0.015)


def test_xfetch_volunteers_the_earlier_the_longer_a_load_takes() -> None:
    shares = [share_of(Action.EARLY, Xfetch(), TTL - 1, load_s) for load_s in (0.1, 1.0, 5.0)]
    assert shares == sorted(shares)
    assert shares[0] < 0.01 < 0.5 < shares[-1]


@given(st.floats(0.01, 0.99), st.floats(0, 0.999))
def test_refresh_ahead_begins_at_its_share_of_the_life(at: float, age: float) -> None:
    law = RefreshAhead(at=at)
    wanted = Action.BEHIND if age * TTL >= at * TTL else Action.FRESH
    assert law.judge(loaded_at_zero(law), age * TTL, Random(1)) is wanted


def test_swr_is_stale_after_its_time_to_live_and_gone_after_its_grace() -> None:
    law = Swr(grace=Duration(4.0))
    assert law.lifetime(TTL, Random(1)) == (TTL, TTL + 4)
    assert law.judge(loaded_at_zero(law), TTL - 0.001, Random(1)) is Action.FRESH
    assert law.judge(loaded_at_zero(law), TTL, Random(1)) is Action.BEHIND


@pytest.mark.parametrize("name", registry.names("freshness"))
def test_no_answer_is_staler_than_the_lifetime_and_the_load(
    one: MakeOne, on_virtual_time: OnVirtualTime, name: str
) -> None:
    """The origin changes right after a load has read it, so that the value is as old as it can be when it expires."""
    delta = 1.5

    async def work() -> None:
        it = one(f"{name}+single-flight")
        it.seconds = delta
        loading = asyncio.ensure_future(it.protection.cache.load_and_put("k"))
        await asyncio.sleep(0.001)
        it.version, changed = 2, it.loop.time()
        await loading
        oldest, bound = 0.0, it.protection.cache.freshness.lifetime(TTL, Random(1)).expires_after + delta
        if name == "jitter":
            bound = TTL + 2 + delta
        while (await it.get("k")).entry.version == 1:
            oldest = it.loop.time() - changed
            await asyncio.sleep(0.01)
        assert oldest <= bound
        if name in ("ttl", "jitter"):
            assert oldest > TTL + delta - 0.02, "the bound is reached: T alone would be too little"

    on_virtual_time(work)


@pytest.mark.parametrize("name", registry.names("freshness"))
def test_every_law_states_its_staleness_with_the_time_of_a_load(name: str) -> None:
    stated = inspect.getdoc(registry.load("freshness", name)) or ""
    assert "+ Δ" in stated.partition("staleness:")[2].partition("on failure:")[0]


def test_a_stale_value_is_served_at_once_and_reloaded_once_behind_the_callers(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("swr(grace=5s)+single-flight")
        await it.get("k")
        it.version = 2
        await it.until(1 + TTL + 1)
        began = it.loop.time()
        answers = await asyncio.gather(*(it.get("k") for _ in range(50)))
        assert it.loop.time() == began
        assert {(answer.role, answer.entry.version) for answer in answers} <= {(Role.STALE, 1), (Role.HIT, 1)}
        await it.until(began + 1.5)
        assert (await it.get("k")).entry.version == 2
        assert it.loads == 2

    on_virtual_time(work)


def test_after_its_grace_a_stale_value_is_a_cold_key(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("swr(grace=5s)+single-flight")
        await it.get("k")
        await it.until(1 + TTL + 5.001)
        answer = await it.get("k")
        assert (answer.role, it.loads) == (Role.LEADER, 2)

    on_virtual_time(work)


def test_refresh_ahead_keeps_a_key_under_traffic_warm_for_ever(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("refresh-ahead(at=0.8)+single-flight")
        await it.get("k")
        waited = 0.0
        for _ in range(100):
            await it.until(it.loop.time() + 0.5)
            began = it.loop.time()
            assert (await it.get("k")).role is Role.HIT
            waited += it.loop.time() - began
        assert waited == 0
        assert it.loads == pytest.approx(1 + 50 / (0.8 * TTL + 1), abs=1)

    on_virtual_time(work)


def test_a_volunteer_loads_alone_and_its_failure_costs_nobody_the_value(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("xfetch(beta=1000)+redis-lock")
        await it.get("k")
        it.error = "no"
        answers = await asyncio.gather(*(it.get("k") for _ in range(20)))
        assert {(answer.role, answer.entry.version) for answer in answers} == {(Role.HIT, 1)}
        assert it.loads == 2
        it.error, it.version = None, 2
        answers = await asyncio.gather(*(it.get("k") for _ in range(20)))
        roles = [answer.role for answer in answers]
        assert (roles.count(Role.VOLUNTEER), roles.count(Role.HIT), it.loads) == (1, 19, 3)

    on_virtual_time(work)


FLEET_WIDE = [
    name for name in registry.names("coalescing") if registry.load("coalescing", name).promise.loads is Scope.FLEET
]


@pytest.mark.parametrize("coalescing", FLEET_WIDE)
def test_under_a_guard_xfetch_draws_once_and_reloads_as_early_as_its_law_has_it(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    """The lead is the largest of λΔβ exponentials of mean Δβ: Δβ(ln(λΔβ) + γ) on average, and half with two draws."""
    rate, load_s, life, lives = 95.0, 0.5, 5.5, 100
    expected = load_s * (math.log(rate * load_s) + 0.5772)

    async def work() -> None:
        it, random = one(f"xfetch+{coalescing}", ttl=life), Random(11)
        it.seconds = load_s
        expires_at = (await it.get("k")).entry.expires_at
        leads: list[float] = []
        while len(leads) < lives:
            await it.until(expires_at - 5)  # earlier is as good as never
            reloaded: list[Answer] = []

            async def ask(reloaded: list[Answer] = reloaded) -> None:
                answer = await it.get("k")
                if answer.role in RELOADED:
                    reloaded.append(answer)

            while not reloaded:
                await asyncio.sleep(random.expovariate(rate))
                it.tasks.spawn(ask())
            leads.append(expires_at - (reloaded[0].entry.loaded_at - load_s))
            expires_at = reloaded[0].entry.expires_at
        assert it.loads == lives + 1
        assert statistics.mean(leads) == pytest.approx(expected, abs=0.25)
        assert min(leads) > 0

    on_virtual_time(work)


def test_a_schedule_loads_every_key_before_anybody_asks_and_then_on_time(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        fleet = [one("scheduled(every=3s)+single-flight", store=store, owner=f"i{n}") for n in range(3)]
        keys = ["label:0", "label:1"]
        await asyncio.gather(*(it.protection.begin(keys) for it in fleet))
        assert sum(it.loads for it in fleet) == 2
        roles = set()
        for _ in range(60):
            await asyncio.sleep(0.5)
            roles |= {(await it.get(key)).role for it in fleet for key in keys}
        assert roles == {Role.HIT}
        assert sorted(it.loads for it in fleet)[:2] == [0, 0], "one refresher for the whole fleet"
        assert max(it.loads for it in fleet) == pytest.approx(2 + 2 * 30 / 3, abs=4)
        for it in fleet:
            await it.tasks.settle(0)

    on_virtual_time(work)


def test_a_round_that_takes_longer_than_the_office_lasts_is_loaded_once(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        spec = "scheduled(every=10s)+bulkhead(limit=10)"
        fleet = [one(spec, ttl=30.0, store=store, owner=f"i{n}") for n in range(6)]
        for it in fleet:
            it.seconds = 0.09
        keys = [f"label:{number}" for number in range(1000)]
        await asyncio.gather(*(it.protection.begin(keys) for it in fleet))
        await asyncio.sleep(45 - fleet[0].loop.time())
        assert sorted(it.loads for it in fleet)[:-1] == [0] * 5, "one instance in office"
        assert sum(it.loads for it in fleet) == pytest.approx(4.5 * 1000, abs=600)
        for it in fleet:
            await it.tasks.settle(0)

    on_virtual_time(work)


def test_a_round_that_takes_longer_than_its_turn_is_followed_by_the_next_at_once(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("scheduled(every=100ms)")
        it.seconds = 0.15
        await it.protection.begin(["label:0"])
        for _ in range(200):
            await asyncio.sleep(0.01)
            answer = await it.get("label:0")
            assert it.loop.time() - answer.entry.loaded_at <= 0.1 + 0.15 + 0.01, "at most `every` + Δ"
        await it.tasks.settle(0)

    on_virtual_time(work)


def test_a_refresher_that_has_lost_its_office_breaks_its_round_off(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        it = one("scheduled(every=20s)+bulkhead(limit=1)", ttl=30.0, store=store)
        beginning = it.tasks.spawn(it.protection.begin([f"label:{number}" for number in range(15)]))
        await it.until(3.5)
        await store.delete("label:refresher")
        await store.add("label:refresher", "another", 100.0)
        await it.until(15)
        assert beginning.done()
        assert it.loads == 4
        await it.tasks.settle(0)

    on_virtual_time(work)


class SlowToReply(MemoryStore):
    """A store whose replies travel, too: who is cancelled meanwhile has what he asked for."""

    async def add(self, key: str, token: str, ttl: float, over: str = ANY_NOTE) -> str:
        holder = await super().add(key, token, ttl, over)
        await asyncio.sleep(0.1)
        return holder


def test_a_round_that_is_broken_off_leaves_no_guard_behind(one: MakeOne, on_virtual_time: OnVirtualTime) -> None:
    async def work() -> None:
        it = one("scheduled(every=5s)", store=SlowToReply(asyncio.get_running_loop().time))
        beginning = it.tasks.spawn(it.protection.begin(["label:0"]))
        await it.until(0.15)  # elected, and on its way to the key's guard
        assert (await it.store.look("label:0")).holder is not None
        beginning.cancel()
        await it.until(0.4)
        assert (await it.store.look("label:0")).holder is None

    on_virtual_time(work)


def test_a_loader_that_raises_anything_for_one_key_has_all_others_loaded_before_anybody_asks(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("scheduled(every=5s)+two-level")

        def fail(key: str) -> None:
            if key == "bad":
                raise ValueError("theirs")

        it.on_load = fail
        await it.protection.begin(["good", "bad", "better"])
        assert it.loop.time() == pytest.approx(1.0)
        answers = [await it.get(key) for key in ("good", "better")]
        assert [answer.role for answer in answers] == [Role.HIT, Role.HIT]
        await it.tasks.settle(1)

    on_virtual_time(work)


@pytest.mark.parametrize("seconds", [0.3, 3.0])
def test_a_scheduled_value_is_as_old_as_the_schedule_and_a_round_or_two_rounds_that_follow_each_other(
    seconds: float, one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("scheduled(every=1s)+two-level")
        it.seconds = seconds
        await it.protection.begin(["k"])
        oldest = 0.0
        for _ in range(400):
            await asyncio.sleep(0.05)
            oldest = max(oldest, it.loop.time() - (await it.get("k")).entry.loaded_at + seconds)
        assert oldest <= max(1.0 + seconds, 2 * seconds + 0.4) + 1e-9  # of rounding
        await it.tasks.settle(10)

    on_virtual_time(work)


@pytest.mark.parametrize("died_at", [0.05, 0.35, 0.6, 0.85, 1.0, 2.3])
def test_a_dead_refresher_is_followed(one: MakeOne, on_virtual_time: OnVirtualTime, died_at: float) -> None:
    """Wherever in its round it dies."""

    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        fleet = [one("scheduled(every=1s)", store=store, owner=f"i{n}") for n in range(2)]
        for it in fleet:
            await it.protection.begin(["label:0"])
        elected, other = sorted(fleet, key=lambda it: -it.loads)
        assert (elected.loads, other.loads) == (1, 0)
        await asyncio.sleep(died_at)
        # Killed: its renewals end, and nobody gives the office back.
        for task in elected.tasks._running:
            task.cancel()
        store.drop = lambda *_: asyncio.sleep(0, False)  # type: ignore[method-assign]
        died = asyncio.get_running_loop().time()
        await asyncio.sleep(5)
        assert other.begun[0] - died <= 2
        await other.tasks.settle(0)

    on_virtual_time(work)


@pytest.mark.parametrize("coalescing", ["none", "single-flight", "two-level"])
def test_an_invalidation_during_a_scheduled_refresh_wins_over_it(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    async def work() -> None:
        it = one(f"scheduled(every=5s)+{coalescing}")
        await it.protection.begin(["label:0"])
        await it.until(1 + 5 - 0.5)  # in the middle of the second round's load
        assert it.loads == 2
        it.version = 2
        await it.store.delete("label:0")
        await it.until(1 + 5 + 0.5)
        assert (await it.get("label:0")).entry.version == 2
        await it.tasks.settle(0)

    on_virtual_time(work)


@pytest.mark.parametrize("coalescing", ["none", "single-flight", "two-level"])
def test_a_scheduled_refresh_leaves_no_guard_behind_that_would_hold_up_others(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    async def work() -> None:
        it = one(f"scheduled(every=5s)+{coalescing}")
        await it.protection.begin(["label:0"])
        assert (await it.store.look("label:0")).holder is None
        it.error = "no"
        await it.until(1 + 5 + 0.2)
        assert (await it.store.look("label:0")).holder is None
        await it.tasks.settle(0)

    on_virtual_time(work)


@pytest.mark.parametrize(("coalescing", "loads"), [("two-level", 1), ("single-flight", 3), ("none", 60)])
def test_what_is_invalidated_between_two_rounds_is_loaded_as_the_coalescing_choice_says(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str, loads: int
) -> None:
    async def work() -> None:
        store = MemoryStore(asyncio.get_running_loop().time)
        fleet = [one(f"scheduled(every=8s)+{coalescing}", store=store, owner=f"i{n}") for n in range(3)]
        await asyncio.gather(*(it.protection.begin(["label:0"]) for it in fleet))
        before = sum(it.loads for it in fleet)
        await fleet[0].protection.invalidate("label:0")
        await asyncio.gather(*(it.get("label:0") for it in fleet * 20))
        assert sum(it.loads for it in fleet) - before == loads
        for it in fleet:
            await it.tasks.settle(0)

    on_virtual_time(work)


def test_a_schedule_that_is_longer_than_the_time_to_live_is_refused(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        with pytest.raises(UsageError, match=r"scheduled\(every=1m\) must be shorter than the ttl, 10s"):
            await one("scheduled(every=1m)").protection.begin(["label:0"])

    on_virtual_time(work)
