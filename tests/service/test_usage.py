"""What cannot be served: one line that says what to do."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

import pytest

from stampede.core import interrupted

Stampede = Callable[..., Any]
Said = Callable[..., Any]


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        (["-s", "two-levl"], "'two-levl'", "did you mean 'two-level'"),
        (["--workers", "0"], "--workers", "1"),
        (["--port", "70000"], "--port", "65535"),
        (["--host", "no.such.host.invalid"], "no.such.host.invalid", "127.0.0.1"),
        (["--ttl", "10"], "'10'", "write it like 250ms"),
        (["--db-latency", "fast"], "--db-latency", "write it like 250ms"),
        (["--db-connections", "0"], "--db-connections", "1"),
        (["--redis", "redis://h", "--redis-server", "x"], "--redis-server", "give one of them"),
        (["elsewhere"], "elsewhere", "stampede serve --help"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_options_are_one_line(said: Said, words: list[str], problem: str, remedy: str) -> None:
    ended = said("serve", *words)
    assert ended.code == 2
    assert problem in ended.complaint()
    assert remedy in ended.complaint()


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--ttl", "1s", "-s", "scheduled(every=2s)+two-level"], "scheduled(every=2s) must be shorter than the ttl"),
        (["--redis", "http://localhost"], "not a Redis URL"),
    ],
)
def test_what_only_a_worker_finds_out_is_one_line_too(stampede: Stampede, words: list[str], problem: str) -> None:
    ended = stampede("serve", "--port", 0, *words)
    assert (ended.code, problem in ended.complaint()) == (2, True)


def test_what_signals_do_is_as_before_if_none_came(said: Said) -> None:
    before = [signal.getsignal(number) for number in interrupted.NUMBERS]
    assert said("serve", "--host", "no.such.host.invalid").code == 2
    assert [signal.getsignal(number) for number in interrupted.NUMBERS] == before


def test_a_port_that_is_taken_is_one_line(stampede: Stampede) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = stampede("serve", "--port", port)
    assert ended.code == 3
    assert (
        ended.complaint()
        == f"stampede: port {port} of 127.0.0.1 is taken: give another --port, or 0 for any that is free"
    )


def test_more_workers_than_fit_are_one_line(said: Said) -> None:
    ended = said("serve", "--workers", 10**7)
    assert ended.code == 3
    assert "serving with 10,000,000 workers needs " in ended.complaint()


def test_an_address_of_others_is_one_line(stampede: Stampede) -> None:
    ended = stampede("serve", "--port", 0, "--host", "192.0.2.1")
    assert (ended.code, "192.0.2.1 is no address of this machine" in ended.complaint()) == (3, True)


def test_a_redis_that_is_not_there_is_one_line(stampede: Stampede) -> None:
    ended = stampede("serve", "--port", 0, "--redis", "redis://me:geheim@127.0.0.1:1")
    assert (ended.code, "no usable Redis at redis://me:***@127.0.0.1:1" in ended.complaint()) == (3, True)


async def test_it_says_where_it_listens_and_what_it_does(serve: Callable[..., Any]) -> None:
    service = serve("--host", "::1", "--workers", 1)
    assert service.url.startswith("http://[::1]:")
    for word in ("1 worker,", "swr(grace=5s)+two-level+fail-safe", "ttl 10s", "100ms × 20 connections", "Ctrl-C"):
        assert word in service.said
    async with service.client() as client:
        assert (await client.ask("/health"))[0] == 200
