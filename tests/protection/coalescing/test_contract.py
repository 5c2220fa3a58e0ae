"""What every coalescing choice promises, on virtual time: a new one is tested without an edit here.

The promises are numbered as in the conformance list. A choice that does not make one of them says so in a table.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError, StoreError
from stampede.core.model import Answer, Entry, Loaded, Look, Notify, Role
from stampede.core.ports import Sent, Store, unheeded
from stampede.protection.promise import Promise, Scope, WithoutStore
from stampede.stores.memory import MemoryStore

CALLERS = 40
LOAD_S = 1.0
LEASE_S = 0.5
NOTICED_S = 0.3
WAY_S = 0.01
FILL_S = 3.0
STEPS = [name for name, _ in inspect.getmembers(Store, inspect.iscoroutinefunction)]
ORDERS = 8

PROMISES: dict[str, Promise] = {
    name: registry.load("coalescing", name).promise for name in registry.names("coalescing")
}

MakeFleet = Callable[..., Any]
LoadsAllowed = Callable[[int], int]


class Misfortune(MemoryStore):
    """A memory store in which the named steps fail, from their `begin`-th call on, until it recovers."""

    def __init__(self, clock: Callable[[], float], steps: set[str], begin: int = 1) -> None:
        super().__init__(clock)
        self._steps = steps
        self._good = begin - 1
        self.failed = 0

    def recover(self) -> None:
        """From now on all is well."""
        self._steps = set()

    def _perhaps(self, step: str) -> None:
        if step in self._steps:
            self._good -= 1
            if self._good < 0:
                self.failed += 1
                raise StoreError(f"Redis: no {step} today")

    async def get(self, key: str, sent: Sent = unheeded) -> Entry | None:
        self._perhaps("get")
        return await super().get(key, sent)

    async def look(self, key: str) -> Look:
        self._perhaps("look")
        return await super().look(key)

    async def put(self, key: str, entry: Entry, ttl: float) -> None:
        self._perhaps("put")
        await super().put(key, entry, ttl)

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        self._perhaps("put")
        return await super().put_under(key, token, entry, ttl, sent)

    async def renew(self, key: str, token: str, ttl: float) -> bool:
        self._perhaps("renew")
        return await super().renew(key, token, ttl)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        self._perhaps("fill")
        return await super().swap(key, token, entry, ttl)

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        self._perhaps("fill")
        return await super().fill(key, token, entry, ttl, notify, sent)


class SlowToFill(MemoryStore):
    """A memory store that takes `FILL_S` to write, and writes then."""

    async def put_under(self, key: str, token: str, entry: Entry, ttl: float, sent: Sent = unheeded) -> bool:
        await asyncio.sleep(FILL_S)
        return await super().put_under(key, token, entry, ttl, sent)

    async def swap(self, key: str, token: str, entry: Entry, ttl: float) -> bool:
        await asyncio.sleep(FILL_S)
        return await super().swap(key, token, entry, ttl)

    async def fill(
        self, key: str, token: str, entry: Entry, ttl: float, notify: Notify, sent: Sent = unheeded
    ) -> bool:
        await asyncio.sleep(FILL_S)
        return await super().fill(key, token, entry, ttl, notify, sent)


class Silent(MemoryStore):
    """A memory store whose messages are all lost."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self._watchers.notify = lambda key, news: None  # type: ignore[method-assign]


def both_ways(step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A step of the store whose answer takes its time, too."""

    async def travelling(store: Uneven, *arguments: Any, **more: Any) -> Any:
        answer = await step(store, *arguments, **more)
        await store.wait()
        return answer

    return travelling


class Uneven(MemoryStore):
    """A memory store to which every way, there and back, takes from nothing to `WAY_S`, by the seed."""

    def __init__(self, clock: Callable[[], float], seed: int) -> None:
        super().__init__(clock)
        self._random = Random(seed)

    async def wait(self) -> None:
        await asyncio.sleep(self._random.uniform(0, WAY_S))

    async def _travel(self, sent: Sent = unheeded) -> None:
        self.commands += 1
        sent()
        await self.wait()


for _step in STEPS:
    setattr(Uneven, _step, both_ways(getattr(MemoryStore, _step)))


def values(answers: list[Answer]) -> set[tuple[bytes, int]]:
    return {(answer.entry.value, answer.entry.version) for answer in answers}


async def outcomes(callers: list[asyncio.Task[Answer]]) -> list[Answer | BaseException]:
    return await asyncio.gather(*callers, return_exceptions=True)


# -- the burst -----------------------------------------------------------------------------------------------------


async def test_a_cold_burst_gives_every_caller_the_value_for_as_many_loads_as_promised(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(name)
    answers = await it.answers(CALLERS)
    assert values(answers) == {(b'"value"', 1)}
    assert 1 <= it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


async def test_unprotected_callers_do_stampede(fleet: MakeFleet) -> None:
    """A contract that its opposite would pass as well would show nothing."""
    it = fleet("none")
    await it.answers(CALLERS)
    assert it.origin.loads["k"] == it.origin.peak == CALLERS


async def test_every_load_is_counted_once_and_has_one_leader(name: str, fleet: MakeFleet) -> None:
    it = fleet(name)
    roles = [answer.role for answer in await it.answers(CALLERS)]
    assert roles.count(Role.LEADER) == it.origin.loads["k"] == sum(p.cache.counters.loads for p in it.protections)
    assert set(roles) <= {Role.LEADER, Role.WAITER}


async def test_one_caller_alone_loads_once_and_then_hits(name: str, fleet: MakeFleet) -> None:
    it = fleet(name)
    assert [answer.role for answer in await it.answers(1)] == [Role.LEADER]
    assert [answer.role for answer in await it.answers(1)] == [Role.HIT]
    assert it.origin.loads["k"] == 1
    assert it.elapsed() == pytest.approx(LOAD_S)


async def test_a_warm_burst_hits_without_any_load(name: str, fleet: MakeFleet) -> None:
    it = fleet(name)
    await it.answers(1)
    it.restart()
    answers = await it.answers(CALLERS)
    assert {answer.role for answer in answers} == {Role.HIT}
    assert it.origin.loads["k"] == 0
    assert it.elapsed() == 0


async def test_callers_who_come_during_a_load_share_it_too(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(name)
    callers = []
    for _ in range(9):
        callers += it.burst(it.instances)
        await asyncio.sleep(0.1)
    assert values(await asyncio.gather(*callers)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= loads_allowed(len(callers))
    assert it.elapsed() < (2 * LOAD_S if PROMISES[name].loads is Scope.CALLER else LOAD_S + NOTICED_S)


async def test_each_epoch_is_loaded_anew(name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed) -> None:
    it = fleet(name, ttl=5)
    for version in (1, 2, 3):
        it.origin.version = version
        it.restart()
        assert values(await it.answers(CALLERS)) == {(b'"value"', version)}
        assert 1 <= it.origin.loads["k"] <= loads_allowed(CALLERS)
        await asyncio.sleep(6)


async def test_a_value_gets_its_full_time_to_live(name: str, fleet: MakeFleet) -> None:
    """Promise 25."""
    it = fleet(name, ttl=5)
    await it.answers(1)
    await asyncio.sleep(4.9)
    assert [answer.role for answer in await it.answers(1)] == [Role.HIT]


@pytest.mark.parametrize("value", [b"null", b"0", b'""', b"false", b"[]"])
async def test_falsy_values_are_hits(name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed, value: bytes) -> None:
    """Promise 8."""
    it = fleet(name)
    it.origin.value = value
    assert values(await it.answers(CALLERS)) == {(value, 1)}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    it.restart()
    assert values(await it.answers(CALLERS)) == {(value, 1)}
    assert it.origin.loads["k"] == 0


async def test_a_value_that_has_expired_by_then_still_reaches_its_waiters(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """Promise 9."""
    it = fleet(name, ttl=0.001)
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= (loads_allowed(CALLERS) if PROMISES[name].hands_over else CALLERS)


async def test_unrelated_keys_do_not_wait_for_each_other(name: str, fleet: MakeFleet) -> None:
    """Promise 22."""
    it = fleet(name)
    it.origin.seconds_of = {"slow": 60.0}
    slow = it.burst(it.instances, "slow")
    await asyncio.sleep(0.1)
    it.restart()
    await asyncio.gather(*(it.answers(it.instances, f"quick-{n}") for n in range(5)))
    assert it.elapsed() < LOAD_S + NOTICED_S
    assert not any(caller.done() for caller in slow)
    assert values(await asyncio.gather(*slow)) == {(b'"value"', 1)}


async def test_a_load_that_asks_the_cache_for_another_key_does_not_deadlock(name: str, fleet: MakeFleet) -> None:
    """Promise 20."""
    it = fleet(name)
    inner_load = it.origin.load

    async def load(key: str) -> Loaded:
        if key == "outer":
            await it.protections[0].get("inner")
        loaded: Loaded = await inner_load(key)
        return loaded

    for protection in it.protections:
        protection.cache.origin = load
    assert values(await it.answers(CALLERS, "outer")) == {(b'"value"', 1)}
    assert it.elapsed() < 2 * LOAD_S + 2 * NOTICED_S


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("message", ["the database is on fire", "a!b!", "naïve ✗"])
async def test_a_loaders_error_reaches_every_caller_after_one_load_time(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed, message: str
) -> None:
    """Promises 1, 6 and 37: nobody is left waiting, nobody gets another error, nobody retries one after the other."""
    it = fleet(name)
    it.origin.error = message
    errors = await outcomes(it.burst(CALLERS))
    assert {(type(error), str(error)) for error in errors} == {(LoadError, message)}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


async def test_an_error_that_comes_at_once_is_shared_too(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(name)
    it.origin.error, it.origin.seconds = "refused", 0.0
    errors = await outcomes(it.burst(CALLERS))
    assert {(type(error), str(error)) for error in errors} == {(LoadError, "refused")}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < NOTICED_S


async def test_callers_do_not_share_one_error_object(name: str, fleet: MakeFleet) -> None:
    it = fleet(name)
    it.origin.error = "no"
    errors = await outcomes(it.burst(CALLERS))
    assert len({id(error) for error in errors}) == CALLERS


async def test_an_error_is_not_kept_the_next_request_loads_and_succeeds(name: str, fleet: MakeFleet) -> None:
    """Promises 7 and 18: no error is cached, and no guard is left behind."""
    it = fleet(name)
    it.origin.error = "no"
    await outcomes(it.burst(CALLERS))
    it.restart()
    it.origin.error = None
    assert values(await it.answers(1)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] == 1
    assert it.elapsed() == pytest.approx(LOAD_S)


async def test_a_burst_right_after_an_error_is_coalesced_like_any_other(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(name)
    it.origin.error = "no"
    await outcomes(it.burst(CALLERS))
    it.restart()
    it.origin.error = None
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


async def raised_by_the_loader(it: Any, error: BaseException) -> list[Any]:
    """What a burst of callers gets whose loader raises this."""

    async def load(key: str) -> None:
        it.origin.loads[key] += 1
        await asyncio.sleep(LOAD_S)
        raise error

    for protection in it.protections:
        protection.cache.origin = load
    return await outcomes(it.burst(CALLERS))


async def test_an_error_that_is_not_of_the_origins_own_kind_releases_everybody(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """A user's loader may raise anything."""
    it = fleet(name)
    errors = await raised_by_the_loader(it, KeyError("theirs"))
    assert all(isinstance(error, Exception) and "theirs" in str(error) for error in errors)
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S
    left = await it.store.look("k")
    # Where loads exclude each other; elsewhere what is left keeps nobody from loading.
    assert left.holder is None or left.failed is not None or PROMISES[name].loads is Scope.INSTANCE


async def test_a_loader_that_raises_what_is_no_exception_releases_everybody(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(name)
    errors = await raised_by_the_loader(it, GeneratorExit("theirs"))
    assert {str(error) for error in errors} == {"theirs"}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


async def test_a_loader_that_raises_a_cancellation_has_failed_and_everybody_is_told(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """Something inside of a user's loader was cancelled: that is no reason to try again, one caller after another."""
    it = fleet(name)
    errors = await raised_by_the_loader(it, asyncio.CancelledError())
    assert {(type(error), str(error)) for error in errors} == {(LoadError, "the load was cancelled from within")}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


# -- cancellation --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cancelled", [0, 1, CALLERS - 1], ids=["the leader", "another", "the last"])
@pytest.mark.parametrize("after", [0.0, 0.5])
async def test_a_caller_that_is_cancelled_harms_nobody_else_and_starts_no_second_load(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed, cancelled: int, after: float
) -> None:
    """Promises 3 and 4."""
    it = fleet(name)
    callers = it.burst(CALLERS)
    for _ in range(3):
        await asyncio.sleep(0)
    await asyncio.sleep(after)
    callers[cancelled].cancel()
    results = await outcomes(callers)
    assert isinstance(results.pop(cancelled), asyncio.CancelledError)
    answers = [result for result in results if isinstance(result, Answer)]
    assert len(answers) == CALLERS - 1
    assert values(answers) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < LOAD_S + NOTICED_S


async def test_a_newcomer_joins_a_load_whose_leader_was_cancelled(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """Promise 5."""
    it = fleet(name)
    (leader,) = it.burst(1)
    await asyncio.sleep(0.5)
    leader.cancel()
    await asyncio.sleep(0.1)
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= loads_allowed(1 + CALLERS)
    assert it.elapsed() < 0.6 + LOAD_S + NOTICED_S


async def test_when_all_callers_are_cancelled_nothing_is_left_that_would_hold_up_the_next(
    name: str, fleet: MakeFleet
) -> None:
    it = fleet(name)
    callers = it.burst(CALLERS)
    await asyncio.sleep(0.5)
    for caller in callers:
        caller.cancel()
    await outcomes(callers)
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.elapsed() < 0.5 + LOAD_S + NOTICED_S
    await it.settle()


async def test_an_instance_that_shuts_down_gives_its_guard_back_at_once(
    name: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """Promise 18: every exit unlocks, so nobody waits for the end of a lease (2 s and more)."""
    it = fleet(name)
    it.origin.seconds = 60
    leaving = it.burst(1)
    await asyncio.sleep(0.5)
    await it.tasks[0].settle(0)
    for caller in leaving:
        caller.cancel()
    await outcomes(leaving)
    it.origin.seconds = LOAD_S
    it.restart()
    callers = [asyncio.ensure_future(protection.get("k")) for protection in it.protections[1:] for _ in range(5)]
    assert values(await asyncio.gather(*callers)) == {(b'"value"', 1)}
    assert it.elapsed() < LOAD_S + NOTICED_S
    assert it.origin.loads["k"] <= loads_allowed(len(callers))


# -- in whatever order things happen -------------------------------------------------------------------------------


@pytest.mark.parametrize("load_s", [1.0, 0.01, 0.0])
async def test_a_cold_burst_keeps_the_promise_in_whatever_order_the_round_trips_end(
    name: str, fleet: MakeFleet, runner: asyncio.Runner, loads_allowed: LoadsAllowed, load_s: float
) -> None:
    """Promises 10 and 23: there is no gap between the miss and the flight, and the guard is taken atomically."""
    for seed in range(ORDERS):
        it = fleet(name, Uneven(runner.get_loop().time, seed))
        it.origin.seconds = load_s
        assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
        assert it.origin.loads["k"] <= loads_allowed(CALLERS), seed
        assert it.elapsed() < load_s + NOTICED_S, seed


@pytest.mark.parametrize("load_s", [1.0, 0.01, 0.0])
async def test_an_error_is_not_retried_one_by_one_in_whatever_order_the_round_trips_end(
    name: str, fleet: MakeFleet, runner: asyncio.Runner, load_s: float
) -> None:
    """Promise 37, also when loads fail quicker than the callers arrive: who waited for one does not load as well."""
    for seed in range(ORDERS):
        it = fleet(name, Uneven(runner.get_loop().time, seed))
        it.origin.seconds, it.origin.error = load_s, "no"
        errors = await outcomes(it.burst(CALLERS))
        assert {(type(error), str(error)) for error in errors} == {(LoadError, "no")}
        assert it.elapsed() < 2 * load_s + NOTICED_S, seed


@pytest.mark.parametrize("load_s", [1.0, 0.0])
async def test_a_stale_value_is_reloaded_as_often_as_promised_in_whatever_order_the_round_trips_end(
    name: str, fleet: MakeFleet, runner: asyncio.Runner, loads_allowed: LoadsAllowed, load_s: float
) -> None:
    """Also when a reload ends before others, who read the old value, take the guard: they look again first."""
    # Without a guard, a reload that is over already holds up nobody who read before.
    allowed = CALLERS if PROMISES[name].loads is Scope.INSTANCE and not load_s else loads_allowed(CALLERS)
    for seed in range(ORDERS):
        it = fleet(f"swr(grace=1m)+{name}", Uneven(runner.get_loop().time, seed), ttl=5)
        await it.answers(1)
        await asyncio.sleep(6)
        it.restart()
        it.origin.seconds, it.origin.version = load_s, 2
        assert values(await it.answers(CALLERS)) <= {(b'"value"', 1), (b'"value"', 2)}
        await it.settle()
        assert 1 <= it.origin.loads["k"] <= allowed, seed
        assert values(await it.answers(1)) == {(b'"value"', 2)}


async def test_cancellations_harm_nobody_else_in_whatever_order_things_happen(
    name: str, fleet: MakeFleet, runner: asyncio.Runner, loads_allowed: LoadsAllowed
) -> None:
    for seed in range(ORDERS):
        it, random = fleet(name, Uneven(runner.get_loop().time, seed)), Random(seed)
        it.origin.seconds = 0.1
        callers = it.burst(CALLERS)
        leaving = random.sample(callers, CALLERS // 2)
        for caller in leaving:
            asyncio.get_running_loop().call_later(random.uniform(0, 0.1), caller.cancel)
        staying = [caller for caller in callers if caller not in leaving]
        assert values(await asyncio.gather(*staying)) == {(b'"value"', 1)}, seed
        assert it.origin.loads["k"] <= loads_allowed(CALLERS), seed
        await outcomes(leaving)


# -- leases --------------------------------------------------------------------------------------------------------


async def test_a_load_that_outlasts_its_lease_is_not_repeated_because_the_lease_is_renewed(
    with_lease: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(with_lease)
    it.origin.seconds = 3 * LEASE_S
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)
    assert it.elapsed() < 3 * LEASE_S + NOTICED_S


async def test_a_holder_that_died_is_followed_within_one_lease_and_by_one(
    with_lease: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    """Promises 14 and 17."""
    it = fleet(with_lease)
    await it.store.add("k", "a process that was killed", LEASE_S)
    it.restart()
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.elapsed() < LEASE_S + NOTICED_S + LOAD_S
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)


async def test_a_holder_that_died_in_mid_load_is_followed_within_one_lease_of_its_last_renewal(
    with_lease: str, fleet: MakeFleet, loads_allowed: LoadsAllowed
) -> None:
    it = fleet(with_lease)
    await it.store.add("k", "a process that is killed", LEASE_S)
    it.restart()
    callers = it.burst(CALLERS)
    for _ in range(6):
        await asyncio.sleep(LEASE_S / 3)
        await it.store.renew("k", "a process that is killed", LEASE_S)
    killed = it.elapsed()
    assert values(await asyncio.gather(*callers)) == {(b'"value"', 1)}
    assert it.elapsed() < killed + LEASE_S + NOTICED_S + LOAD_S
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)


async def test_a_lost_message_costs_no_more_than_one_lease(
    with_lease: str, fleet: MakeFleet, runner: asyncio.Runner, loads_allowed: LoadsAllowed
) -> None:
    """Promise 32."""
    it = fleet(with_lease, Silent(runner.get_loop().time))
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
    assert it.elapsed() < LOAD_S + LEASE_S + NOTICED_S
    assert it.origin.loads["k"] <= loads_allowed(CALLERS)


# -- invalidation --------------------------------------------------------------------------------------------------


async def test_a_fill_that_was_fenced_off_still_answers_its_caller_and_leaves_nothing_in_the_store(
    name: str, fleet: MakeFleet
) -> None:
    """Promises 16 and 24."""
    it = fleet(name)
    callers = it.burst(1)
    await asyncio.sleep(0.5)
    await it.store.delete("k")
    assert values(await asyncio.gather(*callers)) == {(b'"value"', 1)}
    assert it.elapsed() == pytest.approx(LOAD_S)
    left = await it.store.look("k")
    assert left.holder is None
    if PROMISES[name].fenced:
        assert left.entry is None
        assert sum(protection.cache.counters.fenced_fills for protection in it.protections) == 1


@pytest.mark.parametrize("name", [name for name, promise in PROMISES.items() if not promise.fenced])
async def test_who_does_not_promise_that_an_invalidation_wins_serves_what_it_has_overtaken(
    name: str, fleet: MakeFleet
) -> None:
    """The classic way, which says so: a contract that its opposite would pass as well would show nothing."""
    it = fleet(name)
    before = it.burst(1)
    await asyncio.sleep(0.5)
    it.origin.version = 2
    await it.protections[0].invalidate("k")
    await asyncio.gather(*before)
    assert values(await it.answers(1)) == {(b'"value"', 1)}


async def test_an_invalidation_during_a_burst_wins_and_everybody_is_answered(name: str, fleet: MakeFleet) -> None:
    """Promise 24: what is served after the burst is not older than the invalidation."""
    it = fleet(name)
    callers = it.burst(CALLERS)
    await asyncio.sleep(0.5)
    it.origin.version = 2
    await it.store.delete("k")
    answers = await asyncio.gather(*callers)
    assert {answer.entry.version for answer in answers} <= {1, 2}
    if PROMISES[name].fenced:
        assert values(await it.answers(1)) == {(b'"value"', 2)}


@pytest.mark.parametrize("name", [name for name, promise in PROMISES.items() if promise.fenced])
async def test_who_asks_after_an_invalidation_gets_the_new_value_at_every_instance_while_the_old_one_is_loaded(
    name: str, fleet: MakeFleet
) -> None:
    """Promise 24 for those who come later: they do not join a flight that began before the invalidation."""
    it = fleet(name)
    before = it.burst(CALLERS)
    await asyncio.sleep(0.5)
    it.origin.version = 2
    await it.store.delete("k")
    assert values(await it.answers(CALLERS)) == {(b'"value"', 2)}
    assert len(await asyncio.gather(*before)) == CALLERS


async def test_a_second_invalidation_wins_too(name: str, fleet: MakeFleet) -> None:
    """Promise 34: neither the loads nor their winner are lost when a key is invalidated again and again."""
    it = fleet(name)
    callers = it.burst(CALLERS)
    for version in range(2, 6):
        await asyncio.sleep(0.3)
        it.origin.version = version
        await it.store.delete("k")
    answers = await asyncio.gather(*callers)
    assert len(answers) == CALLERS
    if PROMISES[name].fenced:
        assert values(await it.answers(1)) == {(b'"value"', 5)}


# -- a store in trouble --------------------------------------------------------------------------------------------


async def test_a_value_that_cannot_be_stored_still_reaches_its_caller(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Promise 39."""
    store = Misfortune(runner.get_loop().time, {"fill", "put"})
    it = fleet(name, store)
    assert values(await it.answers(1)) == {(b'"value"', 1)}
    assert it.elapsed() == pytest.approx(LOAD_S)
    assert store.failed == sum(protection.cache.counters.store_errors for protection in it.protections) == 1
    assert await store.get("k") is None


async def test_a_burst_whose_values_cannot_be_stored_is_answered_all_the_same(
    with_lease: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    it = fleet(with_lease, Misfortune(runner.get_loop().time, {"fill", "put"}))
    assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}


async def test_a_store_that_cannot_be_read_is_an_error_and_not_a_miss(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Promise 30."""

    class Dead(MemoryStore):
        async def _travel(self, sent: Sent = unheeded) -> None:
            raise StoreError("Redis: connection refused")

    it = fleet(name, Dead(runner.get_loop().time))
    if PROMISES[name].without_store is WithoutStore.COLLAPSED:
        assert values(await it.answers(CALLERS)) == {(b'"value"', 1)}
        assert it.origin.loads["k"] == it.instances
        assert sum(protection.cache.counters.degraded for protection in it.protections) == it.instances
        return
    errors = await outcomes(it.burst(CALLERS))
    assert {(type(error), str(error)) for error in errors} == {(StoreError, "Redis: connection refused")}
    assert it.origin.loads["k"] == 0


@pytest.mark.parametrize("begin", [1, 2])
async def test_a_read_that_fails_leaves_nothing_that_would_hold_up_the_next_caller(
    name: str, fleet: MakeFleet, runner: asyncio.Runner, begin: int
) -> None:
    """Promise 18: every exit unlocks, so the guard is not kept until its lease ends (2 s and more)."""
    store = Misfortune(runner.get_loop().time, {"get", "look"}, begin)
    it = fleet(name, store)
    answers = PROMISES[name].without_store is WithoutStore.COLLAPSED
    for result in await outcomes(it.burst(1)):
        assert isinstance(result, StoreError if store.failed and not answers else Answer)
    store.recover()
    it.restart()
    assert values(await it.answers(1)) == {(b'"value"', 1)}
    assert it.elapsed() < LOAD_S + NOTICED_S


@pytest.mark.parametrize("name", [name for name, promise in PROMISES.items() if promise.fenced])
async def test_whoever_loads_is_answered_when_the_load_ends_and_the_fill_goes_on_behind(
    name: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    store = SlowToFill(runner.get_loop().time)
    it = fleet(name, store)
    assert values(await it.answers(1)) == {(b'"value"', 1)}
    assert it.elapsed() == pytest.approx(LOAD_S)
    assert await store.get("k") is None
    await asyncio.sleep(FILL_S + NOTICED_S)
    assert (await store.get("k")) is not None


async def test_nobody_loads_while_the_fill_is_under_way(name: str, fleet: MakeFleet, runner: asyncio.Runner) -> None:
    it = fleet(name, SlowToFill(runner.get_loop().time))
    await it.answers(1)
    later = it.burst(1)  # of the same instance
    assert values([await each for each in later]) == {(b'"value"', 1)}
    assert it.origin.loads["k"] == 1


async def test_a_holder_that_cannot_renew_its_lease_still_answers_its_caller(
    with_lease: str, fleet: MakeFleet, runner: asyncio.Runner
) -> None:
    """Promise 16."""
    it = fleet(with_lease, Misfortune(runner.get_loop().time, {"renew"}))
    it.origin.seconds = 3 * LEASE_S
    assert values(await it.answers(1)) == {(b'"value"', 1)}
    assert it.elapsed() == pytest.approx(3 * LEASE_S)
    assert it.origin.loads["k"] == 1
