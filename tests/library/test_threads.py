"""The cache for threads: Django, Flask and others."""

from __future__ import annotations

import signal
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest
from werkzeug.serving import make_server

from stampede import LoadError, SyncCache, UsageError
from stampede.library.background import background

from .conftest import Loader, Script, said

CHAMPION = "swr(grace=5s)+two-level+fail-safe"
CALLERS = 20


@pytest.fixture
def cache(redis_url: str, namespace: str) -> Iterator[SyncCache]:
    """One cache of the champion's."""
    with SyncCache.connect(redis_url, CHAMPION, ttl="10s", namespace=namespace) as cache:
        yield cache


def at_once(work: Callable[[], Any], callers: int = CALLERS) -> list[Any]:
    """What threads get that all begin together."""
    barrier = threading.Barrier(callers)

    def one() -> Any:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(callers) as pool:
        return [each.result() for each in [pool.submit(one) for _ in range(callers)]]


def test_threads_share_a_flight(cache: SyncCache, load: Loader) -> None:
    assert at_once(lambda: cache.get("k", load.blocking)) == [{"name": "ann"}] * CALLERS
    assert load.loads == 1
    assert cache.counts.waits + cache.counts.hits == CALLERS - 1


def test_a_loader_runs_on_the_thread_of_its_caller_and_sees_its_context(cache: SyncCache) -> None:
    tenant: ContextVar[str] = ContextVar("tenant")
    tenant.set("ann")
    seen = cache.get("k", lambda: [threading.current_thread().name, tenant.get()])
    assert seen == [threading.current_thread().name, "ann"]


def test_coroutine_functions_are_awaited_on_the_loop(cache: SyncCache, load: Loader) -> None:
    async def coroutine() -> Any:
        return await load()

    assert cache.get("k", coroutine) == {"name": "ann"}


def test_a_slow_loader_keeps_nobody_else_waiting(cache: SyncCache, load: Loader) -> None:
    load.seconds = 1.0
    slow = threading.Thread(target=cache.get, args=("slow", load.blocking))
    slow.start()
    cache.get("quick", lambda: 1)
    assert slow.is_alive()
    slow.join()


def test_a_stale_value_is_reloaded_on_a_thread_of_its_own(redis_url: str, namespace: str, load: Loader) -> None:
    with SyncCache.connect(redis_url, CHAMPION, ttl="100ms", namespace=namespace) as cache:
        cache.get("k", load.blocking)
        time.sleep(0.15)
        load.seconds, load.value = 0.5, "new"
        begun = time.monotonic()
        assert cache.get("k", load.blocking) == {"name": "ann"}
        assert time.monotonic() - begun < 0.4
        time.sleep(0.7)
        assert cache.get("k", load.blocking, ttl="1h") == "new"
    assert load.threads[0] is threading.current_thread()
    assert load.threads[1].name == "stampede-load"


def test_under_timeouts_a_caller_is_answered_in_time_though_its_load_goes_on(
    redis_url: str, namespace: str, load: Loader
) -> None:
    load.seconds = 1.0
    spec = "two-level+timeouts(soft=50ms,hard=200ms)"
    with SyncCache.connect(redis_url, spec, ttl="10s", namespace=namespace) as cache:
        begun = time.monotonic()
        with pytest.raises(LoadError, match=r"no answer within 200ms|the load took longer than 200ms"):
            cache.get("k", load.blocking)
        assert time.monotonic() - begun < 0.8


def test_loaders_ask_for_further_keys(cache: SyncCache, load: Loader) -> None:
    def parent() -> Any:
        return [cache.get("child", load.blocking), cache.get("child", load.blocking)]

    assert cache.get("parent", parent) == [{"name": "ann"}] * 2
    assert load.loads == 1

    def itself() -> Any:
        return cache.get("circle", itself)

    with pytest.raises(LoadError, match="would wait for itself"):
        cache.get("circle", itself)


def test_a_caller_who_is_busy_with_one_load_does_not_keep_its_others_waiting(
    redis_url: str, namespace: str, load: Loader
) -> None:
    """Two keys of one `get_many` come to be loaded at different times, and the first load asks for the second key."""

    with SyncCache.connect(redis_url, "lease", ttl="10s", namespace=namespace) as cache:
        invalidated = threading.Event()

        def some(keys: list[str]) -> dict[str, Any]:
            if keys == ["first"]:
                invalidated.wait()
                time.sleep(0.2)
                return {"first": cache.get("second", load.blocking)}
            time.sleep(0.5)
            return dict.fromkeys(keys, "second")

        with ThreadPoolExecutor(2) as pool:
            load.seconds = 1.0
            other = pool.submit(cache.get, "second", load.blocking)
            time.sleep(0.2)
            many = pool.submit(cache.get_many, ["first", "second"], some)
            time.sleep(0.2)
            cache.invalidate("second")  # whose load is now up to the one who asks for many
            invalidated.set()
            assert many.result(timeout=10) == {"first": "second", "second": "second"}
            assert other.result() == {"name": "ann"}
        assert load.loads == 1


def test_many_keys_are_loaded_in_one_call_on_the_callers_thread(cache: SyncCache) -> None:
    calls: list[tuple[list[str], threading.Thread]] = []

    def users(keys: list[str]) -> dict[str, str]:
        calls.append((keys, threading.current_thread()))
        return {key: key.upper() for key in keys}

    assert cache.get_many(["a", "b"], users) == {"a": "A", "b": "B"}
    assert cache.get_many(["a", "c"], users) == {"a": "A", "c": "C"}
    assert calls == [(["a", "b"], threading.current_thread()), (["c"], threading.current_thread())]
    cache.invalidate("a", "b")
    cache.get_many(["a", "b", "c"], users)
    assert calls[2][0] == ["a", "b"]


def test_what_a_loader_raises_is_the_cause_for_all_threads(cache: SyncCache, load: Loader) -> None:
    load.error = KeyError("no such user")

    def failed() -> LoadError:
        with pytest.raises(LoadError, match="no such user") as caught:
            cache.get("k", load.blocking)
        return caught.value

    errors = at_once(failed)
    assert {error.__cause__ for error in errors} == {load.error}
    assert len({id(error) for error in errors}) == CALLERS
    assert load.loads == 1


@pytest.mark.parametrize("error", [StopIteration(), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_a_loader_may_raise_what_it_likes_and_the_cache_goes_on(cache: SyncCache, error: BaseException) -> None:
    def bad() -> None:
        raise error

    with pytest.raises((LoadError, type(error))):
        cache.get("k", bad)
    time.sleep(0.3)  # the flight ends a little after the caller has left it
    assert cache.get("k", lambda: 1) == 1

    async def coroutine() -> int:
        raise error

    with pytest.raises(LoadError, match=r"StopIteration|ended by"):
        cache.get("other", coroutine)
    assert cache.get("other", lambda: 1) == 1


def test_it_is_not_waited_for_on_its_own_loop(cache: SyncCache) -> None:
    async def own() -> Any:
        with pytest.raises(UsageError, match="on its own event loop: use plain functions as loaders"):
            cache.get("other", lambda: 1)
        return 1

    assert cache.get("k", own) == 1


def test_closed_it_is_opened_again_by_name_and_all_share_one_thread(
    redis_url: str, namespace: str, load: Loader
) -> None:
    one, other = (SyncCache.connect(redis_url, ttl=10, namespace=namespace) for _ in range(2))
    one.get("k", load.blocking)
    other.get("k", load.blocking)
    assert [each.name for each in threading.enumerate()].count("stampede") == 1
    one.close()
    one.close()
    with pytest.raises(UsageError, match=r"this cache is closed: open\(\) it again"):
        one.get("k", load.blocking)
    with one:
        assert one.get("k", load.blocking) == {"name": "ann"}
    other.close()
    assert load.loads == 1
    assert background().at_end == {}


def test_a_schedule_loads_its_keys_before_anybody_asks(redis_url: str, namespace: str, load: Loader) -> None:
    words: dict[str, Any] = {"ttl": 10, "namespace": namespace, "scheduled": {"top": load.blocking}}
    with SyncCache.connect(redis_url, "scheduled(every=1s)+two-level", **words) as cache:
        assert load.loads == 1
        assert cache.get("top", Loader().blocking) == {"name": "ann"}


# -- programs --------------------------------------------------------------------------------------------------


def test_a_program_that_closes_nothing_ends_at_once_and_quietly(
    redis_url: str, namespace: str, script: Script
) -> None:
    program = """
        import sys, time
        from stampede import SyncCache
        cache = SyncCache.connect(sys.argv[1], "near+swr+two-level", ttl="10ms", namespace=sys.argv[2])
        cache.get("k", lambda: 1)
        time.sleep(0.05)
        print(cache.get("k", lambda: time.sleep(0.2) or 2), flush=True)  # it reloads behind our back
    """
    started = script(program, redis_url, namespace)
    assert started.stdout is not None
    assert started.stdout.readline() == "1\n"
    begun = time.monotonic()
    assert said(started) == ""
    assert time.monotonic() - begun < 5


def test_an_interrupt_reaches_the_thread_that_waits_and_the_load_goes_on(
    redis_url: str, namespace: str, script: Script
) -> None:
    program = """
        import sys, threading, time
        from stampede import SyncCache
        cache = SyncCache.connect(sys.argv[1], ttl=10, namespace=sys.argv[2])
        def load():
            print("loads", flush=True)
            time.sleep(1)
            return 1
        other = threading.Thread(target=cache.get, args=("k", load))
        other.start()
        time.sleep(0.3)
        try:
            cache.get("k", load)
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        other.join()
        print(cache.get("k", load))
    """
    started = script(program, redis_url, namespace)
    assert started.stdout is not None
    assert started.stdout.readline() == "loads\n"
    time.sleep(0.5)
    started.send_signal(signal.SIGINT)
    assert said(started) == "interrupted\n1\n"


FORKS = """
    import os, sys, threading, warnings
    warnings.simplefilter("ignore")  # Python warns of every fork beside threads
    from stampede import SyncCache
    from stampede.library.background import background

    cache = SyncCache.connect(sys.argv[1], "swr+two-level", ttl=10, namespace=sys.argv[2])
    inherited = background() if sys.argv[3:] == ["used"] and cache.get("parent", lambda: "parent") else None

    def child(number):
        if inherited:  # as connections do when they are collected
            for key in list(inherited.selector.get_map().values()):
                inherited.selector.unregister(key.fileobj)
        mine = cache.get(f"child {number}", lambda: number)
        assert cache.get("shared", lambda: number) in (0, 1)
        assert [each.name for each in threading.enumerate()].count("stampede") == 1
        sys.exit(0 if mine == number else 1)

    children = []
    for number in range(2):
        pid = os.fork()
        if pid == 0:
            child(number)
        children.append(pid)
    codes = [os.waitpid(pid, 0)[1] for pid in children]
    for number in range(200):  # the children have ended, and have taken nothing of ours along
        cache.get(f"key {number}", lambda: number)
    cache.invalidate("parent")
    print(codes, cache.get("parent", lambda: "again"), cache.counts.errors)
"""


@pytest.mark.parametrize("parent", ["fresh", "used"])
def test_after_a_fork_each_process_has_a_loop_of_its_own(
    redis_url: str, namespace: str, script: Script, parent: str
) -> None:
    assert said(script(FORKS, redis_url, namespace, parent)) == "[0, 0] again 0\n"


# -- frameworks ------------------------------------------------------------------------------------------------


def flask_app(view: Callable[[], Any]) -> Any:
    """An application whose one page is the view's value."""
    from flask import Flask, jsonify

    app = Flask("shop")
    app.add_url_rule("/", view_func=lambda: jsonify(view()), endpoint="home")
    return app


VIEWS: dict[str, Callable[[], Any]] = {}
"""Django is set up once in a process: what its page shows."""


def django_app(view: Callable[[], Any]) -> Any:
    """The same, in Django."""
    import django
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application
    from django.http import JsonResponse
    from django.urls import path

    class Urls:
        urlpatterns = (path("", lambda request: JsonResponse(VIEWS["home"]())),)

    VIEWS["home"] = view
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="of a test", ROOT_URLCONF=Urls)
        django.setup()
    return get_wsgi_application()


@pytest.mark.parametrize("app", [flask_app, django_app])
def test_the_requests_of_a_web_server_share_a_load(
    cache: SyncCache, load: Loader, app: Callable[[Callable[[], Any]], Any]
) -> None:
    load.seconds = 0.3
    server = make_server("127.0.0.1", 0, app(lambda: cache.get("k", load.blocking)), threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/"

        def page() -> bytes:
            with urllib.request.urlopen(url, timeout=20) as answer:
                found: bytes = answer.read()
            return found.replace(b" ", b"").strip()

        assert at_once(page) == [b'{"name":"ann"}'] * CALLERS
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    assert load.loads == 1
