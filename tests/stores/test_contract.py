"""What every store promises: the memory store on virtual time, and Redis in both of its modes."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from stampede.core.model import Entry, Filled, LeaseAnswer, Look, Notify
from stampede.core.ports import OpenStore, Store

SOON = 0.03
AFTERWARDS = 0.08
HEARD_WITHIN = 5


async def heard(news: asyncio.Future[Filled]) -> Filled:
    """What a watcher is told, which takes a round trip."""
    return await asyncio.wait_for(asyncio.shield(news), HEARD_WITHIN)


async def all_messages_of(store: Store, entry: Entry) -> None:
    """Wait until everything that was told before now has been heard."""
    news = store.watch("last")
    await store.add("last", "me", 10)
    await store.fill("last", "me", entry, 10, Notify.WAKE)
    await heard(news)


# -- values --------------------------------------------------------------------------------------------------------


async def test_what_was_never_put_is_a_miss(store: Store) -> None:
    assert await store.get("k") is None
    assert await store.look("k") == Look(None, None, None)


async def test_a_value_that_was_put_is_found_whole(store: Store, entry: Entry) -> None:
    await store.put("k", entry, 10)
    assert await store.get("k") == entry
    assert await store.look("k") == Look(entry, None, None)
    assert await store.get("other") is None


async def test_a_value_ends_with_its_time_to_live(store: Store, entry: Entry) -> None:
    await store.put("k", entry, SOON)
    await asyncio.sleep(AFTERWARDS)
    assert await store.get("k") is None


async def test_a_value_that_is_put_again_gets_its_full_time_to_live(store: Store, entry: Entry) -> None:
    newer = msgspec.structs.replace(entry, version=8)
    await store.put("k", entry, SOON)
    await store.put("k", newer, 10)
    await asyncio.sleep(AFTERWARDS)
    assert await store.get("k") == newer


@pytest.mark.parametrize("value", [b"null", b"0", b'""', b"false", b"[]", b"", b"\xff\x00\n"])
async def test_falsy_values_are_hits(store: Store, entry: Entry, value: bytes) -> None:
    falsy = msgspec.structs.replace(entry, value=value)
    await store.put("k", falsy, 10)
    assert await store.get("k") == falsy
    assert (await store.look("k")).entry == falsy
    assert await store.lease("k", "me", 10) == LeaseAnswer(falsy, None, 0.0)


@pytest.mark.parametrize("key", ["k:guard", "ключ", "a b\r\n", "{x}y", ""])
async def test_any_text_is_a_key_apart_from_all_others(store: Store, entry: Entry, key: str) -> None:
    await store.add("k", "me", 10)
    await store.put("k", entry, 10)
    await store.put("other", entry, 10)
    await store.delete(key)
    assert await store.get(key) is None
    assert await store.look("k") == Look(entry, "me", None)
    assert await store.get("other") == entry


# -- the guard -----------------------------------------------------------------------------------------------------


async def test_add_gives_the_guard_to_the_first_and_names_it_to_all_others(store: Store) -> None:
    assert await store.add("k", "one", 10) == "one"
    assert await store.add("k", "two", 10) == "one"
    assert await store.look("k") == Look(None, "one", None)
    assert await store.add("other", "two", 10) == "two"


async def test_add_is_atomic_among_many(store: Store) -> None:
    tokens = [f"token-{n}" for n in range(100)]
    holders = await asyncio.gather(*(store.add("k", token, 10) for token in tokens))
    assert len(set(holders)) == 1
    assert holders[0] in tokens
    assert (await store.look("k")).holder == holders[0]


async def test_a_guard_ends_with_its_lease(store: Store) -> None:
    await store.add("k", "one", SOON)
    await asyncio.sleep(AFTERWARDS)
    assert await store.look("k") == Look(None, None, None)
    assert await store.add("k", "two", 10) == "two"


async def test_renew_prolongs_ones_own_guard(store: Store) -> None:
    await store.add("k", "one", 0.5)
    assert await store.renew("k", "one", 10)
    assert (await store.lease("k", "two", 10)).remaining > 5


async def test_renew_and_drop_leave_the_guard_of_another_alone(store: Store) -> None:
    await store.add("k", "one", 10)
    assert not await store.renew("k", "two", 20)
    assert not await store.drop("k", "two")
    lease = await store.lease("k", "three", 10)
    assert lease.holder == "one"
    assert lease.remaining <= 10


async def test_renew_and_drop_of_a_guard_that_is_gone_do_nothing(store: Store) -> None:
    assert not await store.renew("k", "one", 10)
    assert not await store.drop("k", "one")
    assert await store.look("k") == Look(None, None, None)


async def test_many_guards_are_renewed_at_once_each_if_it_is_still_ones_own(store: OpenStore, entry: Entry) -> None:
    keys = [f"k{number}" for number in range(1201)]  # more than travel together
    await asyncio.gather(*(store.add(key, "one", 20) for key in keys[::2]))
    await store.add("k1", "another", 10)
    await store.put("k3", entry, 10)
    before = store.commands
    assert await store.renew_all([(key, "one") for key in keys], 100) == [n % 2 == 0 for n in range(len(keys))]
    assert store.commands - before <= 3
    leases = await asyncio.gather(*(store.lease(key, "two", 10) for key in keys[::2]))
    assert {lease.holder for lease in leases} == {"one"}
    assert all(lease.remaining > 50 for lease in leases)
    assert await store.renew_all([], 10) == []


async def test_drop_releases_ones_own_guard(store: Store) -> None:
    await store.add("k", "one", 10)
    assert await store.drop("k", "one")
    assert await store.add("k", "two", 10) == "two"


# -- fill ----------------------------------------------------------------------------------------------------------


async def test_fill_writes_the_value_and_releases_the_guard_in_one_step(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    assert await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.look("k") == Look(entry, None, None)


async def test_a_filled_value_ends_with_its_time_to_live(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    assert await store.fill("k", "one", entry, SOON, Notify.NOTHING)
    await asyncio.sleep(AFTERWARDS)
    assert await store.get("k") is None


async def test_fill_without_the_guard_is_fenced_off(store: Store, entry: Entry) -> None:
    assert not await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.get("k") is None


async def test_fill_with_anothers_guard_is_fenced_off_and_leaves_the_guard(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    assert not await store.fill("k", "two", entry, 10, Notify.NOTHING)
    assert await store.look("k") == Look(None, "one", None)


async def test_fill_after_the_guards_end_is_fenced_off(store: Store, entry: Entry) -> None:
    await store.add("k", "one", SOON)
    await asyncio.sleep(AFTERWARDS)
    assert not await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.get("k") is None


async def test_fill_happens_once(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    results = await asyncio.gather(*(store.fill("k", "one", entry, 10, Notify.NOTHING) for _ in range(5)))
    assert sorted(results) == [False, False, False, False, True]


# -- put under a token ---------------------------------------------------------------------------------------------


async def test_put_under_the_guards_token_writes_and_leaves_the_guard_to_the_others(
    store: Store, entry: Entry
) -> None:
    await store.add("k", "one", 10)
    newer = msgspec.structs.replace(entry, version=8)
    assert await store.put_under("k", "one", entry, 10)
    assert await store.put_under("k", "one", newer, 10)
    assert await store.look("k") == Look(newer, "one", None)


async def test_put_under_anothers_token_or_none_is_fenced_off(store: Store, entry: Entry) -> None:
    assert not await store.put_under("k", "one", entry, 10)
    await store.add("k", "two", 10)
    assert not await store.put_under("k", "one", entry, 10)
    assert await store.look("k") == Look(None, "two", None)


async def test_put_under_a_token_that_a_delete_removed_is_fenced_off(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    await store.delete("k")
    assert not await store.put_under("k", "one", entry, 10)
    assert await store.look("k") == Look(None, None, None)


async def test_what_is_put_under_a_token_ends_with_its_time_to_live(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    assert await store.put_under("k", "one", entry, SOON)
    await asyncio.sleep(AFTERWARDS)
    assert await store.get("k") is None


# -- fail ----------------------------------------------------------------------------------------------------------


async def test_fail_without_a_note_releases_the_guard(store: Store) -> None:
    await store.add("k", "one", 10)
    assert await store.fail("k", "one", "no", 0, Notify.NOTHING)
    assert await store.look("k") == Look(None, None, None)


@pytest.mark.parametrize("message", ["the database said no", "a!b!c", "!", "", "naïve ✗\nsecond line"])
async def test_fail_with_a_note_leaves_the_message_for_those_who_poll(store: Store, message: str) -> None:
    await store.add("k", "one", 10)
    assert await store.fail("k", "one", message, 10, Notify.NOTHING)
    assert await store.look("k") == Look(None, "one", message)


async def test_a_note_ends_with_its_time(store: Store) -> None:
    await store.add("k", "one", 10)
    await store.fail("k", "one", "no", SOON, Notify.NOTHING)
    await asyncio.sleep(AFTERWARDS)
    assert await store.look("k") == Look(None, None, None)


async def test_newcomers_may_take_the_guard_although_a_note_is_there(store: Store) -> None:
    for take in (store.add, store.lease):
        await store.delete("k")
        await store.add("k", "one", 10)
        await store.fail("k", "one", "no", 10, Notify.NOTHING)
        taken = await take("k", "two", 10)
        assert taken == "two" or (isinstance(taken, LeaseAnswer) and taken.holder == "two")
        assert await store.look("k") == Look(None, "two", None)


async def test_a_note_is_no_guard_any_more_to_the_one_who_left_it(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    await store.fail("k", "one", "no", 10, Notify.NOTHING)
    assert not await store.renew("k", "one", 10)
    assert not await store.drop("k", "one")
    assert not await store.fail("k", "one", "again", 10, Notify.NOTHING)
    assert not await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.look("k") == Look(None, "one", "no")


async def test_fail_without_ones_own_guard_does_nothing(store: Store) -> None:
    assert not await store.fail("k", "one", "no", 10, Notify.NOTHING)
    await store.add("k", "two", 10)
    assert not await store.fail("k", "one", "no", 10, Notify.NOTHING)
    assert await store.look("k") == Look(None, "two", None)


async def test_fail_without_an_error_leaves_a_note_that_the_value_is_given_to_nobody(store: Store) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    assert await store.fail("k", "one", None, 10, Notify.WAKE)
    assert await heard(news) == Filled(None, None, "one", unshared=True)
    assert await store.look("k") == Look(None, "one", None, unshared=True)
    assert (await store.look("k")).note == "one"


async def test_a_note_without_an_error_holds_nothing_either(store: Store) -> None:
    for take in (store.add, store.lease, store.claim):
        await store.delete("k")
        await store.add("k", "one", 10)
        await store.fail("k", "one", None, 10, Notify.NOTHING)
        assert not await store.renew("k", "one", 10)
        taken = await take("k", "two", 10)
        assert taken == "two" or (isinstance(taken, LeaseAnswer | Look) and taken.holder == "two")
    await store.delete("k")
    await store.add("k", "one", 10)
    await store.fail("k", "one", None, 10, Notify.NOTHING)
    assert await store.add("k", "two", 10, over="") == "one"
    assert await store.add("k", "two", 10, over="one") == "two"


# -- lease ---------------------------------------------------------------------------------------------------------


async def test_lease_answers_with_the_value_and_takes_no_guard(store: Store, entry: Entry) -> None:
    await store.put("k", entry, 10)
    assert await store.lease("k", "one", 10) == LeaseAnswer(entry, None, 0.0)
    assert (await store.look("k")).holder is None


async def test_lease_of_a_missing_key_is_ones_own(store: Store) -> None:
    lease = await store.lease("k", "one", 10)
    assert (lease.entry, lease.holder) == (None, "one")
    assert lease.remaining == pytest.approx(10)
    assert await store.add("k", "two", 10) == "one"


async def test_lease_that_is_taken_names_the_holder_and_the_seconds_left(store: Store) -> None:
    await store.lease("k", "one", 10)
    lease = await store.lease("k", "two", 99)
    assert (lease.entry, lease.holder) == (None, "one")
    assert 5 < lease.remaining <= 10


async def test_lease_is_atomic_among_many(store: Store) -> None:
    leases = await asyncio.gather(*(store.lease("k", f"token-{n}", 10) for n in range(100)))
    assert len({lease.holder for lease in leases}) == 1


async def test_lease_and_add_share_one_guard(store: Store, entry: Entry) -> None:
    await store.lease("k", "one", 10)
    assert await store.renew("k", "one", 10)
    assert await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.get("k") == entry


# -- delete --------------------------------------------------------------------------------------------------------


async def test_delete_removes_the_value(store: Store, entry: Entry) -> None:
    await store.put("k", entry, 10)
    await store.delete("k")
    assert await store.get("k") is None


async def test_delete_voids_the_guard_so_that_a_load_in_progress_cannot_fill(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    await store.delete("k")
    assert not await store.fill("k", "one", entry, 10, Notify.NOTHING)
    assert await store.get("k") is None
    assert await store.add("k", "two", 10) == "two"


async def test_delete_of_nothing_is_no_error(store: Store) -> None:
    await store.delete("k")


# -- watch ---------------------------------------------------------------------------------------------------------


async def test_a_watcher_is_woken_by_a_fill_without_its_value(store: Store, entry: Entry) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    await store.fill("k", "one", entry, 10, Notify.WAKE)
    assert await heard(news) == Filled(None, None, "one")


async def test_a_watcher_is_pushed_the_value_itself(store: Store, entry: Entry) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    await store.fill("k", "one", entry, 10, Notify.PUSH)
    assert await heard(news) == Filled(entry, None, "one")


@pytest.mark.parametrize("notify", [Notify.WAKE, Notify.PUSH])
@pytest.mark.parametrize("keep", [0, 10])
async def test_a_watcher_is_told_the_error_of_a_load_that_failed(store: Store, notify: Notify, keep: float) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    await store.fail("k", "one", "no!", keep, notify)
    assert await heard(news) == Filled(None, "no!", "one")


async def test_a_watcher_is_told_of_a_guard_that_was_given_back(store: Store) -> None:
    news = store.watch("k")
    await store.add("k", "one", 10)
    assert not await store.drop("k", "another", Notify.WAKE)
    assert await store.drop("k", "one", Notify.WAKE)
    assert await heard(news) == Filled(None, None, "one")


async def test_a_watcher_is_told_whoever_holds_the_guard(store: Store, entry: Entry) -> None:
    await store.add("k", "two", 10)
    for told in (Filled(entry, None, "one"), Filled(None, "no", "one"), Filled(None, None, "one", unshared=True)):
        news = store.watch("k")
        await store.tell("k", told)
        assert await heard(news) == told
    assert await store.look("k") == Look(None, "two", None)


async def test_all_watchers_of_a_key_hear_one_fill(store: Store, entry: Entry) -> None:
    watching = [store.watch("k") for _ in range(100)]
    await store.add("k", "one", 10)
    await store.fill("k", "one", entry, 10, Notify.PUSH)
    assert [await heard(news) for news in watching] == [Filled(entry, None, "one")] * 100


async def test_a_watcher_hears_the_next_fill_and_not_the_one_before(store: Store, entry: Entry) -> None:
    newer = msgspec.structs.replace(entry, version=8)
    for each in (entry, newer):
        news = store.watch("k")
        await store.add("k", "one", 10)
        await store.fill("k", "one", each, 10, Notify.PUSH)
        assert await heard(news) == Filled(each, None, "one")


async def test_a_watcher_hears_nothing_of_other_keys_of_silence_and_of_what_was_fenced_off(
    store: Store, entry: Entry
) -> None:
    news = store.watch("k")
    await store.fill("k", "nobody", entry, 10, Notify.PUSH)
    await store.fail("k", "nobody", "no", 0, Notify.PUSH)
    for key, tell in (("other", Notify.PUSH), ("k", Notify.NOTHING)):
        await store.add(key, "one", 10)
        assert await store.fill(key, "one", entry, 10, tell)
    await store.add("k", "one", 10)
    assert await store.fail("k", "one", "no", 0, Notify.NOTHING)
    await all_messages_of(store, entry)
    assert not news.done()


async def test_a_fill_that_nobody_watches_is_no_error(store: Store, entry: Entry) -> None:
    await store.add("k", "one", 10)
    assert await store.fill("k", "one", entry, 10, Notify.PUSH)
    await all_messages_of(store, entry)
    assert await store.get("k") == entry
