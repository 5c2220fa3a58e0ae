"""Functions whose answers are cached."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from stampede import Cache, SyncCache, UsageError
from stampede.library.templates import Template

pytestmark = pytest.mark.usefixtures("real_time")


class User(msgspec.Struct, frozen=True):
    number: int
    loaded: int


async def test_a_function_is_called_once_for_each_key_and_its_annotation_is_the_type(
    redis_url: str, namespace: str
) -> None:
    calls: list[int] = []
    async with Cache.connect(redis_url, ttl="10s", namespace=namespace) as cache:

        @cache.cached("user:{user_id}")
        async def user(user_id: int) -> User:
            """Somebody."""
            calls.append(user_id)
            await asyncio.sleep(0.02)
            return User(user_id, calls.count(user_id))

        answers: Any = await asyncio.gather(user(1), user(user_id=1), user(2))
        assert answers == [User(1, 1), User(1, 1), User(2, 1)]
        assert (user.__name__, user.__doc__, user.key(7)) == ("user", "Somebody.", "user:7")
        await user.invalidate(1)
        assert await user(1) == User(1, 2)
        assert sorted(calls) == [1, 1, 2]


async def test_a_methods_answers_are_its_objects(namespace: str) -> None:
    cache = Cache.connect("memory://", ttl=10, namespace=namespace)

    class Shelf:
        def __init__(self, country: str) -> None:
            self.country = country
            self.loads = 0

        @cache.cached("goods:{self.country}:{kind}")
        async def goods(self, kind: str) -> list[str]:
            self.loads += 1
            return [f"{self.country} {kind}"]

    one, other = Shelf("at"), Shelf("ch")
    async with cache:
        assert [await one.goods("tea"), await other.goods("tea"), await one.goods(kind="tea")] == [
            ["at tea"],
            ["ch tea"],
            ["at tea"],
        ]
        await other.goods.invalidate("tea")
        await one.goods("tea")
        await other.goods("tea")
        assert (one.loads, other.loads, one.goods.key("tea")) == (1, 2, "goods:at:tea")


async def test_an_answer_lives_as_long_as_its_decorator_says(namespace: str) -> None:
    calls: list[None] = []
    async with Cache.connect("memory://", ttl="1h") as cache:

        @cache.cached("now", ttl="50ms")
        async def now() -> int:
            calls.append(None)
            return len(calls)

        assert [await now(), await now()] == [1, 1]
        await asyncio.sleep(0.1)
        assert await now() == 2


def test_a_plain_function_on_threads(redis_url: str, namespace: str) -> None:
    calls: list[int] = []
    with SyncCache.connect(redis_url, ttl=10, namespace=namespace) as cache:

        @cache.cached("user:{user_id}", ignore=["connection"])
        def user(user_id: int, connection: object = None) -> User:
            calls.append(user_id)
            return User(user_id, len(calls))

        assert [user(1), user(1, connection=3), user(2)] == [User(1, 1), User(1, 1), User(2, 2)]
        user.invalidate(1)
        assert user(1) == User(1, 3)


def test_the_wrong_kind_of_function_is_refused() -> None:
    async def coroutine() -> None: ...

    def plain() -> None: ...

    with pytest.raises(UsageError, match="coroutine is a coroutine function: decorate it with a Cache"):
        SyncCache.connect("memory://", ttl=10).cached("k")(coroutine)
    with pytest.raises(UsageError, match="plain is a plain function: write 'async def', or decorate it with a SyncC"):
        Cache.connect("memory://", ttl=10).cached("k")(plain)  # type: ignore[arg-type]


async def test_an_annotation_that_cannot_be_read_is_said(namespace: str) -> None:
    async with Cache.connect("memory://", ttl=10) as cache:

        async def broken() -> Missing: ...  # type: ignore[name-defined]  # noqa: F821

        with pytest.raises(
            UsageError, match=r"return annotation of .*broken cannot be read .*'Missing'.*: say type="
        ):
            await cache.cached("k")(broken)()


# -- templates -------------------------------------------------------------------------------------------------


def two(a: Any, b: Any = 5) -> None: ...


@pytest.mark.parametrize(
    ("text", "words", "key"),
    [
        ("{a}:{b}", (1, 2), "1:2"),
        ("{a}:{b}", (1,), "1:5"),
        ("{a}:{b}", ("1:2", 3), "1%3A2:3"),
        ("{a}:{b}", (1, "2:3"), "1:2%3A3"),
        ("{a}:{b}", ("50%", "50%25"), "50%25:50%2525"),
        ("{a:03d}/{b!r}", (7, "x"), "007/'x'"),
        ("v2-{a.real}-{b[0]}", (7, ["x-y"]), "v2-7-x%2Dy"),
        ("{{{a}}}:{b}", ("}", 1), "{%7D}:1"),
    ],
)
def test_no_two_calls_share_a_key_by_chance(text: str, words: tuple[Any, ...], key: str) -> None:
    assert Template(text, two).key(words, {}) == key


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("user:{c}:{a}", "'user:{c}:{a}': unknown parameter of two 'c': known: a, b"),
        ("user:{a}", "leaves out the parameter 'b' of two, .*: write {b} into it, or ignore="),
        ("{a}{b}", "write something between two fields"),
        ("{a}x{b}", "write something between two fields"),
        ("{a", "is no template for keys: expected '}'"),
        ("{}:{a}", "unknown parameter of two ''"),
    ],
)
def test_a_template_that_does_not_fit_the_function_is_refused(text: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        Template(text, two)


def test_an_ignored_parameter_has_to_exist() -> None:
    with pytest.raises(UsageError, match="unknown parameter of two 'bb'"):
        Template("{a}", two, ignore=["bb"])
