"""What every fault promises: it strikes only what it says, and takes back what it says it takes back."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import UsageError
from stampede.core.units import Duration
from stampede.engine import virtual
from stampede.origins.latency import Latency
from stampede.scenario.fault import Fault

KEYS, INSTANCES = 40, 8
WRITTEN = {"lasting": "2s", "latency": "3s", "share": "0.5"}
"""A value for every parameter that a fault may need."""
NORMAL = {"slow": None, "fail": False, "redis runs": True, "freeze redis": False, "slow redis": None}
"""How servers are when no fault is at work."""


class Ground:
    """A target that notes what is done to it, and when."""

    def __init__(self, clock: Any, keys: int = KEYS, instances: int = INSTANCES, seed: int = 1) -> None:
        self.random = Random(seed)
        self.done: list[tuple[str, Any, float]] = []
        self._clock, self._keys, self._instances = clock, keys, instances

    def keys(self) -> int:
        return self._keys

    def instances(self) -> int:
        return self._instances

    async def remove(self, keys: list[int]) -> None:
        self.done.append(("remove", keys, self._clock()))

    async def slow(self, latency: Latency | None) -> None:
        self.done.append(("slow", latency, self._clock()))

    async def fail(self, failing: bool) -> None:
        self.done.append(("fail", failing, self._clock()))

    async def restart(self, instances: list[int]) -> None:
        self.done.append(("restart", instances, self._clock()))

    async def crash_redis(self) -> None:
        self.done.append(("redis runs", False, self._clock()))

    async def start_redis(self) -> None:
        self.done.append(("redis runs", True, self._clock()))

    async def freeze_redis(self, frozen: bool) -> None:
        self.done.append(("freeze redis", frozen, self._clock()))

    async def slow_redis(self, latency: Latency | None) -> None:
        self.done.append(("slow redis", latency, self._clock()))


def made(name: str, **written: str) -> Fault:
    """The fault with these parameters, and some value where it needs one."""
    plugin = registry.load("faults", name)
    required = [each for each, default in registry.parameters(plugin).items() if default is registry.REQUIRED]
    params = {each: WRITTEN[each] for each in required} | written
    call = f"{name}({','.join(f'{key}={value}' for key, value in params.items())})" if params else name
    return Fault.parse(call)


def struck(fault: Fault, **ground: Any) -> tuple[list[tuple[str, Any, float]], float]:
    """What the fault does to a target, and how long that takes."""

    async def work() -> tuple[list[tuple[str, Any, float]], float]:
        loop = asyncio.get_running_loop()
        target = Ground(loop.time, **ground)
        await fault.inject(target)
        return target.done, loop.time()

    return virtual.run(work())


@pytest.mark.parametrize("name", registry.names("faults"))
def test_every_fault_does_something_and_takes_as_long_as_it_says(name: str) -> None:
    fault = made(name)
    done, took = struck(fault)
    assert done
    assert took == pytest.approx(fault.lasts())


@pytest.mark.parametrize("name", registry.names("faults"))
def test_what_a_fault_does_to_the_servers_is_taken_back_at_its_end(name: str) -> None:
    done, took = struck(made(name))
    for kind, normal in NORMAL.items():
        changes = [(value, at) for what, value, at in done if what == kind]
        if changes:
            assert changes[0][0] != normal
            assert changes[-1][0] == normal
            assert changes[-1][1] == pytest.approx(took)


@pytest.mark.parametrize("name", registry.names("faults"))
@pytest.mark.parametrize(("keys", "instances"), [(1, 1), (3, 2), (1000, 64)])
def test_every_fault_strikes_what_exists_and_each_thing_once(name: str, keys: int, instances: int) -> None:
    done, _ = struck(made(name), keys=keys, instances=instances)
    for what, value, _ in done:
        if what in ("remove", "restart"):
            assert 1 <= len(set(value)) == len(value)
            assert set(value) <= set(range(keys if what == "remove" else instances))


@pytest.mark.parametrize("name", registry.names("faults"))
def test_a_fault_repeats_with_its_seed(name: str) -> None:
    assert struck(made(name), seed=5) == struck(made(name), seed=5)


@pytest.mark.parametrize("name", registry.names("faults"))
def test_a_parameter_that_a_fault_does_not_have_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(UsageError, match=rf"'{name}'.*'bogus'|'bogus'.*'{name}'"):
        made(name, bogus="1")


@pytest.mark.parametrize("name", registry.names("faults"))
def test_a_parameter_that_is_missing_or_makes_no_sense_is_an_error(name: str) -> None:
    known = registry.parameters(registry.load("faults", name))
    for parameter, default in known.items():
        with pytest.raises(UsageError, match=f"'{name}', parameter '{parameter}'"):
            made(name, **{parameter: "nonsense"})
        with pytest.raises(UsageError, match=f"'{name}', parameter '{parameter}'"):
            made(name, **{parameter: "-1"})
        if default is registry.REQUIRED:
            others = {each: WRITTEN[each] for each in WRITTEN if each in known and each != parameter}
            with pytest.raises(UsageError, match=f"'{name}' needs {parameter}: write {name}"):
                registry.convert(registry.load("faults", name), name, others)


def test_a_flush_removes_every_key_and_an_eviction_its_share() -> None:
    assert struck(made("flush"))[0] == [("remove", list(range(KEYS)), 0.0)]
    ((_, evicted, _),) = struck(made("evict", share="0.25"))[0]
    assert len(evicted) == KEYS / 4
    ((_, everything, _),) = struck(made("evict", share="1"))[0]
    assert sorted(everything) == list(range(KEYS))


def test_a_restart_takes_its_share_of_the_instances() -> None:
    ((_, restarted, _),) = struck(made("restart", share="0.5"))[0]
    assert len(restarted) == INSTANCES / 2


def test_a_share_above_the_whole_is_refused() -> None:
    for name in ("evict", "restart"):
        with pytest.raises(UsageError, match="<= 1"):
            made(name, share="1.5")


@pytest.mark.parametrize("name", registry.names("faults"))
def test_a_fault_that_strikes_redis_says_so(name: str) -> None:
    fault = made(name)
    struck_redis = {what for what, _, _ in struck(fault)[0]} & {"redis runs", "freeze redis", "slow redis"}
    assert fault.own_redis == bool(struck_redis)
    assert fault.troubles_store == bool(struck_redis)
    assert fault.redis_proxy == ("slow redis" in struck_redis)


def test_whatever_a_fault_gives_back_it_says_that_it_holds() -> None:
    """Those that hold one thing are never at work at once."""
    one_thing = {"freeze redis": "redis runs"}
    held: dict[str, set[str]] = {}
    for fault in [made("redis-outage", how="hang"), *map(made, registry.names("faults"))]:
        changed = {one_thing.get(what, what) for what, _, _ in struck(fault)[0] if what in NORMAL}
        assert bool(changed) == bool(fault.holds), fault
        for what in changed:
            held.setdefault(what, set()).add(fault.holds)
    assert all(len(names) == 1 for names in held.values())
    assert len(set.union(*held.values())) == len(held)


def test_an_outage_refuses_connections_or_does_not_answer() -> None:
    assert struck(made("redis-outage"))[0] == [("redis runs", False, 0.0), ("redis runs", True, 2.0)]
    assert struck(made("redis-outage", how="hang"))[0] == [("freeze redis", True, 0.0), ("freeze redis", False, 2.0)]


def test_the_databases_latency_is_changed_for_so_long() -> None:
    slow = made("slow-database", latency="lognormal(median=2s,sigma=0.5)", lasting="7s")
    assert struck(slow)[0] == [("slow", Latency(Duration(2.0), 0.5), 0.0), ("slow", None, 7.0)]
