"""What type checkers make of the library: nothing runs here, mypy reads it."""

from __future__ import annotations

from typing import assert_type

import msgspec

from stampede import Cache, SyncCache


class User(msgspec.Struct, frozen=True):
    name: str


async def load() -> User:
    return User("ann")


async def load_many(keys: list[str]) -> dict[str, User]:
    return {key: User(key) for key in keys}


cache = Cache.connect("memory://", ttl="1m")
threads = SyncCache.connect("memory://", ttl=60)


@cache.cached("user:{user_id}")
async def user(user_id: int) -> User:
    return User(str(user_id))


@threads.cached("user:{user_id}")
def plain(user_id: int) -> User:
    return User(str(user_id))


class Users:
    @cache.cached("user:{user_id}")
    async def user(self, user_id: int) -> User:
        return User(str(user_id))


async def coroutines() -> None:
    assert_type(await cache, Cache)
    async with cache as entered:
        assert_type(entered, Cache)
    assert_type(await cache.get("k", load, type=User), User)
    assert_type(await cache.get_many(["k"], load_many, type=User), dict[str, User])
    assert_type(await user(7), User)
    assert_type(await Users().user(7), User)
    await user.invalidate(7)
    await user("7")  # type: ignore[arg-type]
    await user.invalidate()  # type: ignore[call-arg]


def on_threads() -> None:
    assert_type(threads.get("k", lambda: User("ann"), type=User), User)
    assert_type(threads.get("k", load, type=User), User)
    assert_type(threads.get_many(["k"], lambda keys: {key: User(key) for key in keys}), dict[str, User])
    assert_type(plain(7), User)
    plain.invalidate(7)
    plain("7")  # type: ignore[arg-type]
