"""Every mix that the families allow keeps the same promises: on virtual time, and on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from random import Random
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError, UsageError
from stampede.core.model import Answer
from stampede.core.strategy import Strategy
from stampede.stores.redis import RedisStore

CALLERS = 20
MakeFleet = Callable[..., Any]
RESILIENCE = ["", *registry.names("resilience"), "+".join(registry.names("resilience"))]
LOCALITY = ["", *registry.names("locality")]


def mixes_of(coalescing: str) -> list[str]:
    """All mixes with this choice; what cannot go together is left out, by the rule that users meet."""
    found = []
    for parts in itertools.product(LOCALITY, registry.names("freshness"), [coalescing], RESILIENCE):
        with contextlib.suppress(UsageError):
            found.append(str(Strategy.parse("+".join(filter(None, parts)))))
    return found


ALL = [mix for name in registry.names("coalescing") for mix in mixes_of(name)]


async def begin(fleet: Any, *keys: str) -> None:
    for protection in fleet.protections:
        await protection.begin(keys)


async def keeps_its_promises(make: Callable[[], Any]) -> None:
    """A cold key has one value for all; errors release; cancelling harms nobody; falsy values hit."""
    fleet = make()
    await begin(fleet, "k:0")
    answers = await fleet.answers(CALLERS, "k:0")
    assert {answer.entry.value for answer in answers} == {b'"value"'}

    fleet.origin.value = b"false"
    assert {a.entry.value for a in await fleet.answers(CALLERS, "falsy:0")} == {b"false"}
    await fleet.settle()
    before = fleet.origin.loads["falsy:0"]
    assert {a.entry.value for a in await fleet.answers(CALLERS, "falsy:0")} == {b"false"}
    assert fleet.origin.loads["falsy:0"] == before

    fleet.origin.error = "no"
    errors = await asyncio.gather(*fleet.burst(CALLERS, "error:0"), return_exceptions=True)
    assert {(type(error), str(error)) for error in errors} == {(LoadError, "no")}
    fleet.origin.error = None
    assert len(await fleet.answers(1, "error:0")) == 1

    callers = fleet.burst(CALLERS, "cancel:0")
    await asyncio.sleep(fleet.origin.seconds / 2)
    for caller in callers[: fleet.instances]:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert sum(isinstance(result, Answer) for result in results) == CALLERS - fleet.instances
    await fleet.settle()


@pytest.mark.parametrize("mix", ALL)
async def test_every_mix_keeps_its_promises_on_virtual_time(mix: str, fleet: MakeFleet) -> None:
    await keeps_its_promises(lambda: fleet(mix))


@pytest.mark.parametrize("mix", [mix for mix in ALL if "scheduled" not in mix])
async def test_a_value_that_expires_while_it_is_loaded_still_reaches_its_waiters(mix: str, fleet: MakeFleet) -> None:
    it = fleet(mix, ttl=0.001)
    await begin(it, "k:0")
    assert {answer.entry.value for answer in await it.answers(CALLERS, "k:0")} == {b'"value"'}


def one_part_each(coalescing: str) -> list[str]:
    """The choice alone, with each other choice there is, and with as much as goes together."""
    alone = str(Strategy.parse(coalescing))
    return [mix for mix in mixes_of(coalescing) if mix.count("+") <= alone.count("+") + 1] + mixes_of(coalescing)[-1:]


@pytest.mark.parametrize("coalescing", registry.names("coalescing"))
async def test_every_choice_keeps_its_promises_with_every_other_on_a_real_server(
    coalescing: str, redis_url: str, runner: asyncio.Runner, real_fleet: Callable[..., Any]
) -> None:
    """All these mixes at once, each below a prefix of its own."""
    mixes = one_part_each(coalescing)
    prefixes = [f"mix:{{{Random().getrandbits(64):x}}}:" for _ in mixes]
    stores = [await asyncio.gather(*(RedisStore.open(redis_url, prefix) for _ in range(2))) for prefix in prefixes]
    try:
        makes = [real_fleet(mix, pair) for mix, pair in zip(mixes, stores, strict=True)]
        await asyncio.gather(*(keeps_its_promises(make) for make in makes))
    finally:
        await asyncio.gather(*(store.close() for pair in stores for store in pair))
