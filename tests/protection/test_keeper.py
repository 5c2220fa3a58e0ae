"""The rights to load that a process holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from stampede.protection.keeper import Keeper

MakeOne = Callable[..., Any]
OnVirtualTime = Callable[..., Any]


def test_what_is_held_from_the_instant_on_in_which_all_else_was_let_go_is_renewed_too(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        cache = one("lease").protection.cache
        keeper = Keeper(cache, 1.0)
        for key in ("first", "second"):
            await cache.store.add(key, "token", 1.0)
        with keeper.holding("first", "token"):
            await asyncio.sleep(0.1)
        with keeper.holding("second", "token"):
            await asyncio.sleep(3.0)
            assert (await cache.store.look("second")).holder == "token"

    on_virtual_time(work)


def test_a_token_under_which_two_loads_are_made_is_renewed_until_the_second_has_ended(
    one: MakeOne, on_virtual_time: OnVirtualTime
) -> None:
    async def work() -> None:
        cache = one("single-flight").protection.cache
        keeper = Keeper(cache, 1.0)
        await cache.store.add("key", "token", 1.0)
        with keeper.holding("key", "token"):
            with keeper.holding("key", "token"):
                await asyncio.sleep(0.1)
            await asyncio.sleep(3.0)
            assert (await cache.store.look("key")).holder == "token"

    on_virtual_time(work)
