"""Loads that ask for further keys: what works, and what is refused because it would wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError
from stampede.core.model import Role

MakeOne = Callable[..., Any]
OnVirtualTime = Callable[[Callable[[], Any]], None]
SOON = 10.0
"""Virtual seconds that suffice for every load here to end; without detection they wait for ever."""


@pytest.fixture(params=registry.names("coalescing"))
def coalescing(request: pytest.FixtureRequest) -> str:
    """Every choice that there is."""
    return str(request.param)


async def outcomes(it: Any, *keys: str) -> list[Any]:
    """Ask for these keys at one instant; versions, and messages of errors."""
    async with asyncio.timeout(SOON):
        answers: list[Any] = await asyncio.gather(*map(it.get, keys), return_exceptions=True)
    errors = [each for each in answers if isinstance(each, BaseException)]
    assert all(isinstance(each, LoadError) for each in errors), errors
    return [str(each) if isinstance(each, LoadError) else each.entry.version for each in answers]


def test_a_load_that_asks_for_its_own_key_is_refused(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    async def work() -> None:
        it = one(coalescing)
        it.asks["a"] = ["a"]
        said = await outcomes(it, "a", "a")
        assert all("the load of 'a' asks for 'a', but that would wait for itself" in each for each in said)
        it.asks.clear()
        assert await outcomes(it, "a") == [1], "the key is free again"

    on_virtual_time(work)


@pytest.mark.parametrize("asked", [["a"], ["a", "b"], ["c", "a", "b"]])
def test_a_cycle_over_several_keys_is_refused_whoever_begins_it(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str, asked: list[str]
) -> None:
    async def work() -> None:
        it = one(coalescing)
        it.asks |= {"a": ["b"], "b": ["c"], "c": ["a"]}
        said = await outcomes(it, *asked)
        assert all("'a' and 'b' and 'c' form a cycle" in str(each) for each in said)
        assert not it.protection.cache.loads._of, "nothing is left behind"

    on_virtual_time(work)


def test_loads_that_need_one_another_without_a_cycle_are_no_matter(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    """Two parents share a child, and one asks for the other, too."""

    async def work() -> None:
        it = one(coalescing)
        it.asks |= {"a": ["child", "b"], "b": ["child"]}
        assert await outcomes(it, "a", "b", "child", "a") == [1] * 4

    on_virtual_time(work)


@pytest.mark.parametrize("children", [["x", "y", "z"], ["x", "x", "x"]], ids=["own", "shared"])
def test_parents_that_hold_every_place_while_their_children_need_one_are_refused(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str, children: list[str]
) -> None:
    async def work() -> None:
        it = one(f"bulkhead(limit=3)+{coalescing}")
        parents = ["a", "b", "c"]
        it.asks |= {parent: [child] for parent, child in zip(parents, children, strict=True)}
        said = await outcomes(it, *parents)
        refused = [each for each in said if each != 1]
        assert refused, "somebody has to give way"
        assert all("all places of bulkhead(limit=3) are held by loads that wait" in each for each in refused)
        assert await outcomes(it, "other", "another", "third") == [1, 1, 1], "the places are free again"

    on_virtual_time(work)


def test_parents_that_join_a_child_which_queues_already_are_refused(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    """The child's load was begun by somebody else: nothing but what waits for what ties it to its parents."""

    async def work() -> None:
        it = one("bulkhead(limit=2)+single-flight")
        it.asks |= {"a": ["x"], "b": ["x"]}
        it.pause_before_asking = 0.5
        asking = asyncio.ensure_future(outcomes(it, "a", "b"))
        await asyncio.sleep(0.1)
        x = asyncio.ensure_future(outcomes(it, "x"))
        said = await asking
        assert sum("all places of bulkhead(limit=2)" in str(each) for each in said) == 1, "one has to give way"
        assert 1 in said
        assert await x == [1]

    on_virtual_time(work)


def test_a_full_bulkhead_that_will_have_room_is_waited_for(
    one: MakeOne, on_virtual_time: OnVirtualTime, coalescing: str
) -> None:
    async def work() -> None:
        it = one(f"bulkhead(limit=2)+{coalescing}")
        it.asks |= {"a": ["x"], "x": []}
        assert await outcomes(it, "a", "plain", "plainer", "x") == [1] * 4

    on_virtual_time(work)


def test_what_a_load_leaves_behind_in_the_background_may_ask_for_its_key(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        it = one("single-flight")
        later: list[asyncio.Task[Any]] = []

        async def ask_later() -> Any:
            await asyncio.sleep(3)
            return await it.get("a")

        it.on_load = lambda key: later.append(asyncio.ensure_future(ask_later()))
        await it.get("a")
        assert (await later[0]).role is Role.HIT

    on_virtual_time(work)


@pytest.mark.parametrize("seed", range(100))
def test_random_nests_end_in_answers_or_refusals(one: MakeOne, on_virtual_time: OnVirtualTime, seed: int) -> None:
    """Whatever asks for whatever: nobody waits for ever, and where nothing forms a cycle nobody is refused."""

    async def work() -> None:
        random = Random(seed)
        keys = [f"k{number}" for number in range(8)]
        acyclic = seed % 2 == 0
        it = one(f"bulkhead(limit={8 if acyclic else random.randint(1, 3)})+single-flight", seed=seed)
        for number, key in enumerate(keys):
            others = keys[number + 1 :] if acyclic else keys
            it.asks[key] = random.sample(others, k=min(random.randint(0, 2), len(others)))
        said = await outcomes(it, *random.choices(keys, k=12))
        if acyclic:
            assert said == [1] * 12

    on_virtual_time(work)
