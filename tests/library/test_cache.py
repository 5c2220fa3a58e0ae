"""A cache for an application's own coroutines, on real servers."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

import msgspec
import pytest
from redis import Redis

from stampede import BYTES, MSGPACK, Cache, LoadError, RedisUnavailable, StoreError, UsageError
from stampede.core.model import Role
from stampede.library.metrics import Answered, Event, Invalidated, LoadEnded
from stampede.processes.redis_server import EmbeddedRedis

from .conftest import Loader

pytestmark = pytest.mark.usefixtures("real_time")

CHAMPION = "swr(grace=5s)+two-level+fail-safe"
FILLED_S = 0.05
"""A fill goes on behind the back of whoever has loaded."""


class User(msgspec.Struct, frozen=True):
    name: str


class Basket(msgspec.Struct):
    goods: list[str]


# -- answers ---------------------------------------------------------------------------------------------------


async def test_a_burst_loads_once_and_everybody_has_the_value(redis_url: str, namespace: str, load: Loader) -> None:
    async with Cache.connect(redis_url, CHAMPION, ttl="10s", namespace=namespace) as cache:
        answers = await asyncio.gather(*(cache.get("user:1", load) for _ in range(50)))
        assert answers == [{"name": "ann"}] * 50
        assert load.loads == 1
        await asyncio.sleep(FILLED_S)
        assert await cache.get("user:1", load) == {"name": "ann"}
        counts = cache.counts
    assert (counts.leads, counts.waits, counts.hits, counts.loads) == (1, 49, 1, 1)


async def test_two_caches_share_values_by_their_namespace(redis_url: str, namespace: str, load: Loader) -> None:
    async with (
        Cache.connect(redis_url, ttl=10, namespace=namespace) as one,
        Cache.connect(redis_url, ttl=10, namespace=namespace) as other,
        Cache.connect(redis_url, ttl=10, namespace=namespace + "2") as stranger,
    ):
        for cache in (one, other, stranger):
            await cache.get("k", load)
    assert load.loads == 2


async def test_a_value_that_was_invalidated_elsewhere_is_loaded_again(
    redis_url: str, namespace: str, load: Loader
) -> None:
    async with (
        Cache.connect(redis_url, "near+two-level", ttl=10, namespace=namespace) as one,
        Cache.connect(redis_url, "near+two-level", ttl=10, namespace=namespace) as other,
    ):
        for key in ("a", "b"):
            await one.get(key, load)
        load.value = "new"
        await other.invalidate("a", "b")
        await asyncio.sleep(0.1)  # `near` hears of it by a message
        assert [await one.get(key, load) for key in ("a", "b")] == ["new", "new"]
        assert other.counts.invalidations == 2


@pytest.mark.parametrize("value", [None, 0, "", False, [], {}])
async def test_an_empty_value_is_a_hit_like_any_other(namespace: str, load: Loader, value: object) -> None:
    load.value = value
    async with Cache.connect("memory://", ttl=10) as cache:
        assert [await cache.get("k", load) for _ in range(3)] == [value] * 3
    assert load.loads == 1


async def test_a_value_lives_as_long_as_its_request_says(redis_url: str, namespace: str, load: Loader) -> None:
    async with Cache.connect(redis_url, ttl="1h", namespace=namespace) as cache:
        await cache.get("short", load, ttl="200ms")
        await cache.get("long", load)
        await asyncio.sleep(FILLED_S)
        with Redis.from_url(redis_url) as client:
            left = [client.pttl(f"{{{namespace}}}:value:{key}") for key in ("short", "long")]
        assert 0 < left[0] <= 200
        assert 3_590_000 < left[1] <= 3_600_000
        await asyncio.sleep(0.25)
        await cache.get("short", load)
        assert load.loads == 3


async def test_fail_safe_keeps_a_value_for_as_long_as_its_own_life_and_no_longer(
    namespace: str, load: Loader
) -> None:
    async with Cache.connect("memory://", "two-level+fail-safe(max-age=200ms,throttle=50ms)", ttl="1h") as cache:
        assert await cache.get("k", load, ttl="100ms") == {"name": "ann"}
        load.error = OSError("gone")
        await asyncio.sleep(0.15)
        assert await cache.get("k", load, ttl="100ms") == {"name": "ann"}
        await asyncio.sleep(0.25)
        with pytest.raises(LoadError, match="gone"):
            await cache.get("k", load, ttl="100ms")


async def test_a_stale_value_is_reloaded_behind_the_callers_back_by_its_own_loader(
    redis_url: str, namespace: str, load: Loader
) -> None:
    other = Loader()
    async with Cache.connect(redis_url, "swr(grace=10s)+two-level", ttl="100ms", namespace=namespace) as cache:
        await cache.get("k", load)
        await cache.get("other", other)
        await asyncio.sleep(0.15)
        load.value = "new"
        assert await cache.get("k", load) == {"name": "ann"}
        await cache.get("other", other)
        await asyncio.sleep(0.15)
        assert await cache.get("k", load, ttl="1h") == "new"
        assert cache.counts.stale >= 2


async def test_loaders_ask_for_further_keys(redis_url: str, namespace: str, load: Loader) -> None:
    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:

        async def parent() -> Any:
            return [await cache.get("child", load), await cache.get("child", load)]

        assert await cache.get("parent", parent) == [{"name": "ann"}] * 2
        assert load.loads == 1

        async def itself() -> Any:
            return await cache.get("circle", itself)

        with pytest.raises(LoadError, match="would wait for itself"):
            await cache.get("circle", itself)


async def test_a_loader_sees_the_context_of_its_request(redis_url: str, namespace: str) -> None:
    tenant: ContextVar[str] = ContextVar("tenant", default="nobody")

    async def load() -> str:
        return tenant.get()

    async with Cache.connect(redis_url, "swr(grace=10s)+two-level", ttl="50ms", namespace=namespace) as cache:
        tenant.set("ann")
        assert await cache.get("k", load) == "ann"
        await asyncio.sleep(0.1)
        tenant.set("bob")
        await cache.get("k", load)
        await asyncio.sleep(0.1)
        assert await cache.get("k", load) == "bob", "a reload has the context of whoever caused it"


async def test_a_request_that_is_cancelled_harms_no_other(redis_url: str, namespace: str, load: Loader) -> None:
    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        first = asyncio.create_task(cache.get("k", load))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(cache.get("k", load))
        await asyncio.sleep(0.01)
        first.cancel()
        assert await second == {"name": "ann"}
    assert load.loads == 1


# -- errors ----------------------------------------------------------------------------------------------------


async def test_what_a_loader_raises_is_the_cause_for_all_who_waited(
    redis_url: str, namespace: str, load: Loader
) -> None:
    load.error = KeyError("no such user")
    async with (
        Cache.connect(redis_url, ttl=10, namespace=namespace) as one,
        Cache.connect(redis_url, ttl=10, namespace=namespace) as other,
    ):
        asked = [asyncio.create_task(cache.get("k", load)) for cache in (one, one, one)]
        await asyncio.sleep(0.02)
        asked.append(asyncio.create_task(other.get("k", load)))
        errors: list[Any] = await asyncio.gather(*asked, return_exceptions=True)
    assert load.loads == 1
    assert {type(error).__mro__.index(LoadError) >= 0 for error in errors} == {True}
    assert {str(error) for error in errors} == {"KeyError: 'no such user'"}
    assert [error.__cause__ for error in errors] == [load.error] * 3 + [None], "elsewhere there is its message"
    assert len({id(error) for error in errors}) == 4, "each has its own traceback"


async def test_a_loader_that_raises_an_error_of_a_store_has_failed_and_is_not_called_again(
    redis_url: str, namespace: str, load: Loader
) -> None:
    load.error = StoreError("another cache's")
    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        with pytest.raises(LoadError, match="another cache's"):
            await cache.get("k", load)
    assert load.loads == 1


async def test_a_plain_function_is_no_loader_of_coroutines(load: Loader) -> None:
    async with Cache.connect("memory://", ttl=10) as cache:
        with pytest.raises(LoadError, match="the loader of 'k' is a plain function: write 'async def', or use Sync"):
            await cache.get("k", dict)  # type: ignore[arg-type]


async def test_a_value_that_would_not_come_back_is_said_and_not_cached(redis_url: str, namespace: str) -> None:
    async def user() -> User:
        return User("ann")

    async def unfit() -> object:
        return object()

    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        with pytest.raises(
            LoadError, match=r"'k' cannot be cached: it would not come back as it is .*: say its type"
        ):
            await cache.get("k", user)
        assert await cache.get("k", user, type=User) == User("ann"), "nothing had been written"
        with pytest.raises(LoadError, match=r"'other' cannot be cached: .*object"):
            await cache.get("other", unfit)
        with pytest.raises(LoadError, match="cannot be cached: Expected `object`, got `array`"):
            await cache.get("list", _giving([1]), type=User)


def _giving(value: object) -> Loader:
    load = Loader()
    load.value = value
    return load


async def test_what_a_program_with_other_types_has_written_is_loaded_again_once(
    redis_url: str, namespace: str, load: Loader
) -> None:
    load.value = {"nick": "ann"}
    fresh = _giving(User("ann"))
    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        await cache.get("k", load)
        answers = await asyncio.gather(*(cache.get("k", fresh, type=User) for _ in range(20)))
        assert answers == [User("ann")] * 20
        assert fresh.loads == 1


async def test_a_redis_that_is_not_there_is_said_in_a_line_without_the_password() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        cache = Cache.connect(f"redis://me:secret@127.0.0.1:{port}", ttl=10)
        with pytest.raises(RedisUnavailable, match=rf"^no usable Redis at redis://me:\*\*\*@127.0.0.1:{port} .*URL$"):
            await cache
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_key_is_text(load: Loader) -> None:
    async with Cache.connect("memory://", ttl=10) as cache:
        with pytest.raises(UsageError, match="a key is text, not 7: write str"):
            await cache.get(7, load)  # type: ignore[arg-type]
    assert load.loads == 0


@contextlib.contextmanager
def served(binary: str, port: int) -> Iterator[None]:
    """A Redis on this port."""
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            yield
        finally:
            server.terminate()


async def test_a_redis_that_is_not_required_is_done_without_until_it_is_there(
    redis_server: str, namespace: str, load: Loader
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words: dict[str, Any] = {"ttl": "1h", "namespace": namespace, "required": False}
    async with Cache.connect(f"redis://127.0.0.1:{port}", "near+swr+two-level", **words) as cache:
        assert await asyncio.gather(*(cache.get("k", load) for _ in range(20))) == [{"name": "ann"}] * 20
        assert (load.loads, cache.counts.degraded) == (1, 1)
        with pytest.raises(StoreError, match="no usable Redis at"):
            await cache.invalidate("k")
        with served(redis_server, port):
            while cache.counts.hits == 0:
                await cache.get("k", load)
                await asyncio.sleep(0.05)
            loads = load.loads
            await cache.get("k", load)
            await cache.invalidate("k")
            assert (load.loads, cache.counts.loads) == (loads, loads)
            await cache.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.mark.usefixtures("real_time")
async def test_nobody_waits_for_a_redis_that_hangs(load: Loader) -> None:
    server = EmbeddedRedis()
    await server.ready()
    try:
        async with Cache.connect(server.url, ttl=30) as cache:
            await cache.get("k", load)
            await server.freeze()
            for number in range(20):
                begun = time.monotonic()
                assert await cache.get(f"k{number}", load) == load.value
                took = time.monotonic() - begun
                assert took < 1  # a silence and a load, on a busy machine; the connection's own patience is 2 s
            assert took < 0.1 + load.seconds + 0.1  # the breaker is open by now
            await server.thaw()
            async with asyncio.timeout(20):
                while (await _loads_of(cache, load, "k20")) > 0:
                    await asyncio.sleep(0.1)
    finally:
        server.stop()


async def _loads_of(cache: Cache, load: Loader, key: str) -> int:
    before = load.loads
    await cache.get(key, load)
    return load.loads - before


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"url": "http://localhost"}, "not a Redis URL: http://localhost: write redis://HOST"),
        ({"spec": "two-levels"}, "did you mean 'two-level'"),
        ({"ttl": "10"}, "'10' is not a duration: write it like 250ms, 2s or 1m"),
        ({"ttl": 0}, "0 is no time to live: write seconds above zero"),
        ({"ttl": True}, "True is no time to live"),
        ({"namespace": "my shop"}, "'my shop' is no namespace"),
        ({"namespace": "{shop}"}, "'{shop}' is no namespace"),
        ({"spec": "scheduled+two-level"}, "name the keys and their loaders, scheduled="),
        ({"scheduled": {"k": Loader()}}, r"has no schedule: write 'scheduled\(every=30s\)\+two-level'"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(changed: dict[str, Any], line: str) -> None:
    words: dict[str, Any] = {"url": "memory://", "spec": "two-level", "ttl": 10, **changed}
    with pytest.raises(UsageError, match=line):
        Cache.connect(words.pop("url"), words.pop("spec"), **words)


# -- values ----------------------------------------------------------------------------------------------------


async def test_a_value_that_nobody_can_change_is_read_once_for_all_who_are_answered_together(
    redis_url: str, namespace: str
) -> None:
    user, basket = _giving(User("ann")), _giving(Basket(["tea"]))
    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        users = await asyncio.gather(*(cache.get("user", user, type=User) for _ in range(10)))
        baskets = await asyncio.gather(*(cache.get("basket", basket, type=Basket) for _ in range(10)))
        plain = await asyncio.gather(*(cache.get("plain", _giving({"a": 1})) for _ in range(10)))
        assert len(cache._reader._read) == 0, "nothing is kept of a value that nobody holds any more"
    assert len({id(each) for each in users}) == 1
    assert len({id(each) for each in baskets}) == 10
    assert len({id(each) for each in plain}) == 10


@pytest.mark.parametrize(
    ("codec", "value", "type"),
    [
        (MSGPACK, b"\x00\xff", bytes),
        (MSGPACK, User("ann"), User),
        (MSGPACK, {"a": [1, None]}, None),
        (BYTES, b"\x00\xff", None),
        (BYTES, b"", bytes),
    ],
)
async def test_other_codecs(redis_url: str, namespace: str, codec: Any, value: Any, type: Any) -> None:
    async with Cache.connect(redis_url, ttl=10, namespace=namespace, codec=codec) as cache:
        assert [await cache.get("k", _giving(value), type=type) for _ in range(2)] == [value, value]


async def test_a_type_that_a_codec_does_not_take_is_refused_before_anything_is_loaded(load: Loader) -> None:
    async with Cache.connect("memory://", ttl=10, codec=BYTES) as cache:
        with pytest.raises(UsageError, match="BYTES keeps bytes only, not User: use JSON or MSGPACK"):
            await cache.get("k", load, type=User)
    async with Cache.connect("memory://", ttl=10) as cache:
        with pytest.raises(
            UsageError, match=r"values of the type list.* cannot be cached: .* more than one array-like"
        ):
            await cache.get("k", load, type=list[int] | tuple[int])
    assert load.loads == 0


# -- many keys -------------------------------------------------------------------------------------------------


async def test_many_keys_are_asked_for_together_and_the_missing_are_loaded_in_one_call(
    redis_url: str, namespace: str
) -> None:
    calls: list[list[str]] = []

    async def users(keys: list[str]) -> dict[str, str]:
        calls.append(keys)
        await asyncio.sleep(0.02)
        return {key: key.upper() for key in keys}

    async with Cache.connect(redis_url, CHAMPION, ttl=10, namespace=namespace) as cache:
        assert await cache.get_many(["b", "a", "b"], users) == {"b": "B", "a": "A"}
        assert list(await cache.get_many(["c", "a", "d"], users)) == ["c", "a", "d"]
        assert calls == [["b", "a"], ["c", "d"]]
        both: Any = await asyncio.gather(cache.get_many(["e", "f"], users), cache.get_many(["f", "g"], users))
        assert both == [{"e": "E", "f": "F"}, {"f": "F", "g": "G"}]
        assert calls[2:] == [["e", "f"], ["g"]], "what another one loads already is waited for"
        assert await cache.get_many([], users) == {}


async def test_of_many_keys_those_that_were_loaded_are_kept_though_another_has_failed(
    redis_url: str, namespace: str
) -> None:
    calls: list[list[str]] = []

    async def users(keys: list[str]) -> dict[str, str]:
        calls.append(keys)
        return {key: key.upper() for key in keys if key != "gone"}

    async with Cache.connect(redis_url, ttl=10, namespace=namespace) as cache:
        with pytest.raises(LoadError, match="users gave nothing for 'gone': give a value for every key"):
            await cache.get_many(["a", "gone", "b"], users)
        assert await cache.get_many(["a", "b"], users) == {"a": "A", "b": "B"}
    assert len(calls) == 1


# -- its life --------------------------------------------------------------------------------------------------


async def test_it_connects_when_it_is_awaited_entered_or_asked(redis_url: str, namespace: str, load: Loader) -> None:
    awaited = await Cache.connect(redis_url, ttl=10, namespace=namespace)
    asked = Cache.connect(redis_url, ttl=10, namespace=namespace)
    assert await asyncio.gather(*(asked.get("k", load) for _ in range(5))) == [{"name": "ann"}] * 5
    await awaited.close()
    await asked.close()
    with pytest.raises(UsageError, match=r"this cache is closed: open\(\) it again"):
        await asked.get("k", load)
    async with asked:
        assert await asked.get("k", load) == {"name": "ann"}
    assert asked.counts.hits + asked.counts.waits + asked.counts.leads == 6, "it goes on counting"


async def test_closed_it_leaves_no_task_no_connection_and_no_thread(
    redis_url: str, namespace: str, load: Loader
) -> None:
    def connections() -> int:
        with Redis.from_url(redis_url) as client:
            return len(client.client_list())

    before, threads = connections(), threading.active_count()
    load.seconds = 0.1
    cache = await Cache.connect(redis_url, "near+swr(grace=5s)+placeholder", ttl=0.05, namespace=namespace)
    await cache.get("k", load)
    await asyncio.sleep(0.06)
    await cache.get("k", load)  # reloads behind our back
    assert connections() > before
    await cache.close()
    assert load.loads == 2
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert threading.active_count() == threads
    deadline = asyncio.get_running_loop().time() + 5
    while connections() > before:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


async def test_who_waits_for_a_load_that_the_end_cuts_short_gets_an_error(namespace: str, load: Loader) -> None:
    load.seconds = 60
    cache = await Cache.connect("memory://", ttl=10)
    waiting = asyncio.create_task(cache.get("k", load))
    await asyncio.sleep(0.05)
    await cache.close(within=0.1)
    with pytest.raises(LoadError, match="the cache was closed before the load had ended"):
        await waiting


async def test_what_runs_until_the_end_keeps_nothing_of_the_request_that_opened_it(
    redis_url: str, namespace: str, load: Loader
) -> None:
    class Request:
        pass

    request: ContextVar[Request] = ContextVar("request")
    cache = Cache.connect(redis_url, "near+two-level", ttl=10, namespace=namespace)

    async def first() -> weakref.ref[Request]:
        mine = Request()
        request.set(mine)
        await cache.get("k", load)
        return weakref.ref(mine)

    seen = await asyncio.create_task(first())
    async with asyncio.timeout(5):  # what has begun behind the request's back ends within moments
        while seen() is not None:
            await asyncio.sleep(0.01)
            gc.collect()
    await cache.close()


def test_it_belongs_to_one_loop_until_that_is_closed(redis_url: str, namespace: str, load: Loader) -> None:
    cache = Cache.connect(redis_url, ttl=10, namespace=namespace)

    async def elsewhere() -> None:
        with pytest.raises(UsageError, match="open on another event loop: close it there first, or use SyncCache"):
            await cache.get("k", load)

    with asyncio.Runner() as one:
        one.run(cache.get("k", load))
        with asyncio.Runner() as other:
            other.run(elsewhere())
        one.run(cache.close())
    with asyncio.Runner() as other:
        other.run(cache.open())
        assert other.run(cache.get("k", load)) == {"name": "ann"}
        other.run(cache.close())
    assert load.loads == 1


async def test_a_schedule_loads_its_keys_before_anybody_asks(redis_url: str, namespace: str, load: Loader) -> None:
    other = _giving(7)
    words = {"ttl": 10, "namespace": namespace, "scheduled": {"top": load, "seven": other}}
    async with Cache.connect(redis_url, "scheduled(every=200ms)+two-level", **words) as cache:  # type: ignore[arg-type]
        assert (load.loads, other.loads) == (1, 1)
        load.value = "new"
        await asyncio.sleep(0.5)
        nobody = _giving("nobody asks this one")
        assert (await cache.get("top", nobody), await cache.get("seven", nobody)) == ("new", 7)
        assert nobody.loads == 0


# -- metrics ---------------------------------------------------------------------------------------------------


async def test_hooks_hear_of_every_answer_load_and_invalidation(redis_url: str, namespace: str, load: Loader) -> None:
    heard: list[Event] = []
    async with Cache.connect(redis_url, ttl=10, namespace=namespace, hooks=[heard.append]) as cache:
        await cache.get("k", load)
        await asyncio.sleep(FILLED_S)
        await cache.get("k", load)
        await cache.invalidate("k")
        load.error = OSError("gone")
        with pytest.raises(LoadError):
            await cache.get("k", load)
    kinds = [type(event) for event in heard]
    assert kinds == [LoadEnded, Answered, Answered, Invalidated, LoadEnded, Answered]
    loaded, led, hit, _, failed, error = heard
    assert isinstance(loaded, LoadEnded)
    assert isinstance(failed, LoadEnded)
    assert (loaded.failed, failed.failed) == (False, True)
    assert 0.04 < loaded.seconds < 5
    assert [each.role for each in (led, hit, error) if isinstance(each, Answered)] == [Role.LEADER, Role.HIT, None]
    assert isinstance(error, Answered)
    assert isinstance(error.error, LoadError)
    assert {event.key for event in heard} == {"k"}


async def test_a_hook_that_fails_is_logged_and_costs_nobody_an_answer(
    load: Loader, caplog: pytest.LogCaptureFixture
) -> None:
    def bad(event: Event) -> None:
        raise ZeroDivisionError

    async with Cache.connect("memory://", ttl=10, hooks=[bad]) as cache:
        assert await cache.get("k", load) == {"name": "ann"}
    assert "a hook of the cache failed" in caplog.text
