"""Workers that die, and a service that ends."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from stampede.service.places import pause_s
from stampede.service.setup import FINISH_S
from tests.service.conftest import Load

Serve = Callable[..., Any]
Until = Callable[..., Any]

SLOW = ("--db-latency", "60s", "--workers", 1)


async def test_others_answer_when_a_worker_is_killed_and_another_takes_its_place(serve: Serve, until: Until) -> None:
    service = serve("--workers", 3)
    before = service.workers()
    load = Load(service)
    async with load.by(30), service.client() as client:
        await until(lambda: load.statuses[200] > 200)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        answered = load.statuses[200]
        await until(lambda: load.statuses[200] > answered + 200)
        await until(lambda: len(service.workers()) == 3)
        assert len(service.workers() & before) == 2

        async def all_serve() -> bool:
            return bool((await client.metrics())["stampede_workers",] == 3)

        await until(all_serve)
        assert (await client.metrics())["stampede_worker_restarts_total",] == 1
    assert set(load.statuses) == {200}
    assert load.refused == 0
    assert len(load.lost) <= 30, "no more than the killed one's connections"
    assert load.longest_s < 5.0
    assert "worker" in (line := service.command.process.stderr.readline())
    assert "was ended by SIGKILL: another one starts at once" in line


async def test_what_a_killed_worker_has_counted_is_not_lost(serve: Serve, until: Until) -> None:
    service = serve("--workers", 1, "--db-latency", "5ms")
    async with service.client() as client:
        for _ in range(20):
            assert (await client.ask("/tracks/7"))[0] == 200
        before = await client.metrics()
        (worker,) = service.workers()
        os.kill(worker, signal.SIGKILL)
        await until(lambda: service.workers() - {worker})
        assert (await client.ask("/tracks/7"))[0] == 200
        after = await client.metrics()
    assert after["stampede_http_requests_total", "/tracks/{id}", "200"] == 21
    assert {name for name, value in before.items() if name[0].endswith("_total") and after[name] < value} == set()


async def test_it_serves_on_when_nobody_reads_any_more_what_it_says(serve: Serve, until: Until) -> None:
    service = serve("--workers", 1, "--db-latency", "5ms")
    service.command.process.stderr.close()
    for _ in range(2):
        (worker,) = service.workers()
        os.kill(worker, signal.SIGKILL)
        await until(lambda worker=worker: service.workers() - {worker})
    async with service.client() as client:
        assert (await client.ask("/tracks/1"))[0] == 200
    service.command.process.terminate()
    assert service.command.process.wait(20) == 0


async def test_a_termination_under_load_loses_no_request_that_was_accepted(serve: Serve, until: Until) -> None:
    service = serve("--workers", 2, "--db-latency", "20ms", "--ttl", "50ms", "--strategy", "two-level")
    load = Load(service)
    async with load.by(40):
        await until(lambda: load.statuses[200] > 500)
        service.command.terminate()
        await until(lambda: load.refused > 40)
    assert (set(load.statuses), load.lost) == ({200}, [])
    assert service.command.ended().code == 0


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGHUP, 130)])
async def test_what_is_under_way_is_finished(serve: Serve, number: signal.Signals, code: int) -> None:
    service = serve("--workers", 2, "--db-latency", "1.5s")
    async with service.client() as client:
        asked = asyncio.create_task(client.burst(20, "/tracks/1"))
        await asyncio.sleep(0.5)
        service.command.process.send_signal(number)
        assert await asked == {200: 20}
    ended = service.command.ended()
    assert (ended.code, ended.out, ended.err) == (code, "", "")


async def test_ctrl_c_of_a_terminal_is_for_the_whole_group_and_ends_as_gently(serve: Serve) -> None:
    service = serve("--db-latency", "1.5s")
    async with service.client() as client:
        asked = asyncio.create_task(client.burst(20, "/tracks/1"))
        await asyncio.sleep(0.5)
        service.command.interrupt()
        service.command.interrupt()
        assert await asked == {200: 20}
    assert service.command.ended().code == 130


async def test_a_second_signal_ends_at_once(serve: Serve) -> None:
    service = serve(*SLOW)
    async with service.client() as client:
        asked = asyncio.create_task(client.ask("/tracks/1"))
        await asyncio.sleep(0.5)
        service.command.terminate()
        await asyncio.sleep(1.5)
        assert service.command.process.poll() is None
        begun = time.monotonic()
        service.command.terminate()
        assert service.command.ended().code == 130
        assert time.monotonic() - begun < 3.0
        with pytest.raises(aiohttp.ClientError):
            await asked


async def test_what_takes_too_long_is_cut_off(serve: Serve) -> None:
    service = serve(*SLOW)
    async with service.client() as client:
        asked = asyncio.create_task(client.ask("/tracks/1"))
        await asyncio.sleep(0.5)
        begun = time.monotonic()
        service.command.terminate()
        with pytest.raises(aiohttp.ClientError):
            await asked
        assert service.command.ended().code == 0
    assert FINISH_S <= time.monotonic() - begun < FINISH_S + 5.0


async def test_nothing_is_left_of_a_service_that_was_killed(serve: Serve) -> None:
    service = serve("--workers", 3)
    assert len(service.workers()) == 3
    service.command.kill()
    service.command.ended()
    service.command.leaves_nothing()


async def test_an_interrupt_while_it_starts_leaves_nothing(start: Callable[..., Any], real_time: None) -> None:
    command = start("serve", "--port", 0, "--workers", 4)
    command.wait_until(
        lambda: any("stampede.service.worker" in line for line in command.processes().values()), "start"
    )
    command.interrupt()
    ended = command.ended()
    assert (ended.code, ended.err) == (130, "")


def test_the_pause_grows_when_a_worker_keeps_dying() -> None:
    assert [pause_s(deaths) for deaths in range(7)] == [0, 0, 0.1, 0.2, 0.4, 0.8, 1.6]
    assert pause_s(50) == pause_s(5000) == 10.0
