"""What every store promises of claims, of notes that hold a newcomer off, of invalidations and of changes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from stampede.core.model import Entry, Filled, Look, Notify
from stampede.core.ports import Store

SOON = 0.03
AFTERWARDS = 0.08
HEARD_WITHIN = 5


async def heard(news: asyncio.Future[Filled]) -> Filled:
    """What a watcher is told, which takes a round trip."""
    return await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN)


async def until(calls: list[str | None], *expected: str | None) -> None:
    """Wait until all of these were called."""
    async with asyncio.timeout(HEARD_WITHIN):
        while not set(expected) <= set(calls):
            await asyncio.sleep(0.01)


# -- claims --------------------------------------------------------------------------------------------------------


async def test_a_claim_is_the_first_ones_and_named_to_all_others(store: Store) -> None:
    assert await store.claim("k", "one", 10) == Look(None, "one")
    assert await store.claim("k", "two", 10) == Look(None, "one")
    assert await store.claim("other", "two", 10) == Look(None, "two")


async def test_a_claim_is_atomic_among_many(store: Store) -> None:
    looks = await asyncio.gather(*(store.claim("k", f"token-{n}", 10) for n in range(100)))
    assert len({look.holder for look in looks}) == 1


async def test_a_value_is_not_claimed_but_found(store: Store, entry: Entry) -> None:
    await store.put("k", entry, 10)
    assert await store.claim("k", "one", 10) == Look(entry, None)
    assert not await store.swap("k", "one", entry, 10)


@pytest.mark.parametrize("value", [b"null", b"0", b'""', b"false", b"[]", b"", b"~one"])
async def test_a_falsy_value_is_not_claimed_either(store: Store, entry: Entry, value: bytes) -> None:
    falsy = msgspec.structs.replace(entry, value=value)
    assert (await store.claim("k", "one", 10)).holder == "one"
    assert await store.swap("k", "one", falsy, 10)
    assert await store.claim("k", "two", 10) == Look(falsy, None)
    assert await store.get("k") == falsy


async def test_a_claim_is_no_value(store: Store) -> None:
    await store.claim("k", "one", 10)
    assert await store.get("k") is None
    assert (await store.look("k")).entry is None


async def test_a_claim_ends_with_its_time(store: Store, entry: Entry) -> None:
    await store.claim("k", "one", SOON)
    await asyncio.sleep(AFTERWARDS)
    assert not await store.swap("k", "one", entry, 10)
    assert await store.claim("k", "two", 10) == Look(None, "two")


async def test_a_swap_writes_over_ones_own_claim_once_and_wakes_the_watchers(store: Store, entry: Entry) -> None:
    news = store.watch("k")
    await store.claim("k", "one", 10)
    results = await asyncio.gather(*(store.swap("k", "one", entry, 10) for _ in range(5)))
    assert sorted(results) == [False, False, False, False, True]
    assert await heard(news) == Filled(None, None, "one")
    assert await store.get("k") == entry


async def test_a_swapped_value_ends_with_its_time_to_live(store: Store, entry: Entry) -> None:
    await store.claim("k", "one", 10)
    await store.swap("k", "one", entry, SOON)
    await asyncio.sleep(AFTERWARDS)
    assert await store.get("k") is None


async def test_a_swap_without_ones_own_claim_is_fenced_off(store: Store, entry: Entry) -> None:
    assert not await store.swap("k", "one", entry, 10)
    await store.claim("k", "two", 10)
    assert not await store.swap("k", "one", entry, 10)
    assert await store.claim("k", "three", 10) == Look(None, "two")


async def test_a_swap_after_a_delete_is_fenced_off(store: Store, entry: Entry) -> None:
    await store.claim("k", "one", 10)
    await store.delete("k")
    assert not await store.swap("k", "one", entry, 10)
    assert await store.get("k") is None


async def test_a_value_that_was_put_over_a_claim_is_not_swapped_for_an_older_one(store: Store, entry: Entry) -> None:
    newer = msgspec.structs.replace(entry, version=8)
    await store.claim("k", "one", 10)
    await store.put("k", newer, 10)
    assert not await store.swap("k", "one", entry, 10)
    assert await store.get("k") == newer


@pytest.mark.parametrize("error", [None, "no!", ""])
async def test_unclaim_gives_ones_own_claim_back_and_tells_the_watchers(store: Store, error: str | None) -> None:
    news = store.watch("k")
    await store.claim("k", "one", 10)
    assert await store.unclaim("k", "one", error)
    assert await heard(news) == Filled(None, error, "one")
    assert await store.claim("k", "two", 10) == Look(None, "two")


async def test_unclaim_leaves_the_claim_of_another_and_a_value_alone(store: Store, entry: Entry) -> None:
    await store.claim("k", "two", 10)
    assert not await store.unclaim("k", "one", None)
    assert await store.claim("k", "three", 10) == Look(None, "two")
    await store.swap("k", "two", entry, 10)
    assert not await store.unclaim("k", "two", None)
    assert await store.get("k") == entry


async def test_a_claim_and_a_guard_of_one_key_exclude_each_other(store: Store) -> None:
    await store.claim("claimed", "one", 10)
    assert await store.add("claimed", "two", 10) == "one"
    assert (await store.look("claimed")).holder is None
    await store.add("guarded", "one", 10)
    assert await store.claim("guarded", "two", 10) == Look(None, "one")
    assert not await store.unclaim("guarded", "two", None)
    await store.fail("guarded", "one", "no", 10, Notify.NOTHING)
    assert await store.claim("guarded", "two", 10) == Look(None, "two")


async def test_a_claim_is_renewed_like_a_guard(store: Store, entry: Entry) -> None:
    await store.claim("k", "one", 1.5)
    assert not await store.renew("k", "two", 10)
    assert await store.renew("k", "one", 10)
    await asyncio.sleep(1.6)
    assert await store.swap("k", "one", entry, 10)
    assert not await store.renew("k", "one", 10)


# -- notes ---------------------------------------------------------------------------------------------------------


async def test_a_note_that_a_newcomer_does_not_know_holds_it_off(store: Store) -> None:
    await store.add("k", "one", 10)
    await store.fail("k", "one", "no", 10, Notify.NOTHING)
    assert await store.add("k", "two", 10, over="") == "one"
    assert await store.add("k", "two", 10, over="somebody else's") == "one"
    assert await store.look("k") == Look(None, "one", "no")


async def test_a_note_that_a_newcomer_knows_is_replaced(store: Store) -> None:
    await store.add("k", "one", 10)
    await store.fail("k", "one", "no", 10, Notify.NOTHING)
    assert await store.add("k", "two", 10, over="one") == "two"
    assert await store.look("k") == Look(None, "two", None)


async def test_without_a_note_it_does_not_matter_which_one_is_known(store: Store) -> None:
    assert await store.add("free", "one", 10, over="") == "one"
    await store.add("held", "one", 10)
    assert await store.add("held", "two", 10, over="one") == "one"


# -- invalidations and changes -------------------------------------------------------------------------------------


async def test_a_watcher_is_told_to_ask_again_when_the_key_is_deleted(store: Store) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    await store.delete("k")
    assert await heard(news) == Filled(None, None)


async def test_every_invalidation_of_what_is_held_is_called_and_no_fill(store: Store, entry: Entry) -> None:
    calls: list[str | None] = []
    store.on_invalidated(calls.append)
    await store.put("filled", entry, 10)
    await store.add("filled", "one", 10)
    await store.fill("filled", "one", entry, 10, Notify.PUSH)
    for key in ("a", "b"):
        await store.add(key, "one", 10)
        await store.delete(key)
    await until(calls, "a", "b")
    assert calls == ["a", "b"]


@pytest.mark.parametrize("how", ["put", "fill", "swap", "delete"])
async def test_every_change_of_a_value_is_called(store: Store, entry: Entry, how: str) -> None:
    calls: list[str | None] = []
    if how == "delete":
        await store.put("k", entry, 10)
    await store.track(calls.append)
    if how == "put":
        await store.put("k", entry, 10)
    elif how == "fill":
        await store.add("k", "one", 10)
        await store.fill("k", "one", entry, 10, Notify.NOTHING)
    elif how == "swap":
        await store.claim("k", "one", 10)
        await store.swap("k", "one", entry, 10)
    else:
        await store.delete("k")
    await until(calls, "k")
    assert set(calls) == {"k"}


async def test_a_values_end_is_a_change_too(store: Store, entry: Entry) -> None:
    calls: list[str | None] = []
    await store.track(calls.append)  # before: on a busy machine the end comes sooner than the tracking
    await store.put("k", entry, 0.2)
    begun = asyncio.get_running_loop().time()
    async with asyncio.timeout(HEARD_WITHIN):
        while calls.count("k") < 2:  # its beginning is one, too
            await asyncio.sleep(0.01)
            if asyncio.get_running_loop().time() - begun > HEARD_WITHIN / 2:
                await store.get("k")  # one of thousands of keys that has ended is found late, or when it is read
    assert await store.get("k") is None


async def test_a_guard_that_comes_and_goes_is_no_change_of_a_value(store: Store, entry: Entry) -> None:
    calls: list[str | None] = []
    await store.track(calls.append)
    await store.add("guarded", "one", 10)
    await store.fail("guarded", "one", "no", 10, Notify.NOTHING)
    await store.put("k", entry, 10)
    await until(calls, "k")
    assert set(calls) == {"k"}
