"""Every mix that the families allow keeps the same promises: on virtual time, and on a real server."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core import registry
from stampede.core.errors import LoadError, UsageError
from stampede.core.model import Answer
from stampede.protection.strategy import Strategy

CALLERS = 8
FEW = 4
REAL_LOAD_S = 0.1
BARELY_S = 0.001
MakeFleet = Callable[..., Any]
EACH = [*(set(registry.names("resilience")) - {"store"}), "store(timeout=10s)"]  # a busy machine is no silent store
RESILIENCE = ["", *sorted(EACH), "+".join(sorted(EACH))]
LOCALITY = ["", *registry.names("locality")]


def mixes_of(coalescing: str) -> list[str]:
    """All mixes with this choice; what cannot go together is left out, by the rule that users meet."""
    found = []
    for parts in itertools.product(LOCALITY, registry.names("freshness"), [coalescing], RESILIENCE):
        with contextlib.suppress(UsageError):
            found.append(str(Strategy.parse("+".join(filter(None, parts)))))
    return found


ALL = [mix for name in registry.names("coalescing") for mix in mixes_of(name)]
NOT_SCHEDULED = [mix for mix in ALL if "scheduled" not in mix]
"""A schedule is no shorter than the shortest time to live."""


async def keeps_its_promises(fleet: Any, callers: int, label: str = "") -> None:
    """A cold key has one value for all; falsy values hit; errors release; cancelling harms nobody."""
    for protection in fleet.protections:
        await protection.begin([f"{label}k:0"])
    answers = await fleet.answers(callers, f"{label}k:0")
    assert {answer.entry.value for answer in answers} == {b'"value"'}
    await falsy_values_hit(fleet, callers, f"{label}falsy:0")
    await errors_release(fleet, callers, f"{label}error:0")
    await cancelling_harms_nobody(fleet, callers, f"{label}cancel:0")
    await fleet.settle()


async def falsy_values_hit(fleet: Any, callers: int, key: str) -> None:
    fleet.origin.value = b"false"
    assert {answer.entry.value for answer in await fleet.answers(callers, key)} == {b"false"}
    before = fleet.origin.loads[key]
    assert {answer.entry.value for answer in await fleet.answers(callers, key)} == {b"false"}
    assert fleet.origin.loads[key] == before


async def errors_release(fleet: Any, callers: int, key: str) -> None:
    fleet.origin.error = "no"
    errors = await asyncio.gather(*fleet.burst(callers, key), return_exceptions=True)
    assert {(type(error), str(error)) for error in errors} == {(LoadError, "no")}
    fleet.origin.error = None
    assert len(await fleet.answers(1, key)) == 1


async def cancelling_harms_nobody(fleet: Any, callers: int, key: str) -> None:
    tasks = fleet.burst(callers, key)
    while not fleet.origin.loads[key]:
        await asyncio.sleep(fleet.origin.seconds / 10)
    for task in tasks[: fleet.instances]:  # every instance's first, so the leader is one of them
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(isinstance(result, Answer) for result in results) == callers - fleet.instances


async def survives_an_expiry(fleet: Any, callers: int, label: str = "") -> None:
    """A value that has expired by the time its waiters look still reaches them."""
    for protection in fleet.protections:
        await protection.begin([f"{label}k:0"])
    answers = await fleet.answers(callers, f"{label}k:0")
    assert {answer.entry.value for answer in answers} == {b'"value"'}
    await fleet.settle()


@pytest.mark.parametrize("mix", ALL)
async def test_every_mix_keeps_its_promises_on_virtual_time(mix: str, fleet: MakeFleet) -> None:
    await keeps_its_promises(fleet(mix), CALLERS)


@pytest.mark.parametrize("mix", NOT_SCHEDULED)
async def test_a_value_that_expires_while_it_is_loaded_still_reaches_its_waiters(mix: str, fleet: MakeFleet) -> None:
    await survives_an_expiry(fleet(mix, ttl=BARELY_S), CALLERS)


async def test_every_mix_keeps_its_promises_on_a_real_server(name: str, real_fleet: MakeFleet) -> None:
    """All mixes at once, below a label of their own each; who breaks a promise is named."""

    async def one(number: int, mix: str) -> None:
        try:
            await keeps_its_promises(real_fleet(mix, f"{number}-", REAL_LOAD_S), FEW, f"{number}-")
            if mix in NOT_SCHEDULED:
                brief = real_fleet(mix, f"{number}-brief-", REAL_LOAD_S, BARELY_S)
                await survives_an_expiry(brief, FEW, f"{number}-brief-")
        except BaseException as error:
            error.add_note(f"the mix is {mix}")
            raise

    await asyncio.gather(*(one(number, mix) for number, mix in enumerate(mixes_of(name))))
