"""The fake-slow database in its own process, as instances meet it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from stampede.core.errors import DatabaseUnavailable, LoadError
from stampede.origins.slow import SlowDatabaseClient
from stampede.origins.tracks import COLUMNS
from stampede.processes.slow_database import SlowDatabaseProcess

QUICK, SLOW = "20ms", "30s"


@asynccontextmanager
async def connected(
    process: SlowDatabaseProcess, latency: str = QUICK, connections: int = 5
) -> AsyncIterator[SlowDatabaseClient]:
    database = await SlowDatabaseClient.open(str(process.path))
    try:
        await database.reset(latency, connections, 1)
        yield database
    finally:
        await database.close()


async def arrived(database: SlowDatabaseClient, hits: int) -> None:
    """Wait until the database has seen so many loads."""
    while sum((await database.seen()).hits.values()) < hits:
        await asyncio.sleep(0.005)


def pid_behind(path: Path) -> int:
    """The process that listens on a Unix socket."""
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        return int(struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0])


async def test_a_load_is_a_query_for_ten_tracks(process: SlowDatabaseProcess) -> None:
    async with connected(process) as database:
        loaded = await database.load("k")
    tracks = json.loads(loaded.value)
    assert [tuple(track) for track in tracks] == [COLUMNS] * 10
    assert loaded.version == 1


async def test_the_databases_counts_agree_with_those_of_its_clients(process: SlowDatabaseProcess) -> None:
    async with connected(process) as one, connected(process) as two:
        loads = [database.load(key) for database in (one, two) for key in ("a", "a", "b") for _ in range(10)]
        values = await asyncio.gather(*loads)
        seen, same = await one.seen(), await two.seen()
    assert len(values) == 60
    assert seen.hits == {"a": 40, "b": 20}
    assert seen.peak_in_flight == 5
    assert 50 <= seen.peak_queued <= 55
    assert seen.timeline[-1][1:] == (0, 0)
    assert msgspec.structs.replace(same, cpu_s=seen.cpu_s) == seen


async def test_a_thousand_loads_at_once_all_come_back_each_with_its_own_value(process: SlowDatabaseProcess) -> None:
    async with connected(process, connections=1000) as database:
        keys = [f"k{number}" for number in range(1000)]
        values = await asyncio.gather(*(database.load(key) for key in keys))
        again = await asyncio.gather(*(database.load(key) for key in reversed(keys)))
    assert [loaded.value for loaded in values] == [loaded.value for loaded in reversed(again)]
    assert len({loaded.value for loaded in values}) > 500


async def test_a_reset_begins_a_new_count_with_the_new_model(process: SlowDatabaseProcess) -> None:
    loop = asyncio.get_running_loop()
    async with connected(process, latency="200ms") as database:
        begun = loop.time()
        await database.load("k")
        assert loop.time() - begun >= 0.2
        await database.reset("lognormal(median=1ms,sigma=0.1)", 1, 1)
        assert (await database.seen()).hits == {}
        await asyncio.gather(*(database.load("k") for _ in range(5)))
        seen = await database.seen()
    assert seen.hits == {"k": 5}
    assert seen.peak_in_flight == 1


async def test_a_load_that_is_cancelled_does_not_disturb_the_others(process: SlowDatabaseProcess) -> None:
    async with connected(process, latency="100ms", connections=50) as database:
        loads = [asyncio.ensure_future(database.load("k")) for _ in range(20)]
        await arrived(database, 20)
        loads[0].cancel()
        results = await asyncio.gather(*loads, return_exceptions=True)
        assert isinstance(results[0], asyncio.CancelledError)
        assert not any(isinstance(result, BaseException) for result in results[1:])
        await database.load("k")


@pytest.mark.parametrize("cancel", [False, True])
async def test_the_database_drops_the_loads_of_clients_that_gave_up_only_if_they_say_so(
    process: SlowDatabaseProcess, cancel: bool
) -> None:
    async with connected(process, latency="100ms", connections=1) as database:
        database.begin(cancel)
        served, queued, patient = (database.load("k") for _ in range(3))
        await arrived(database, 3)
        served.cancel()
        queued.cancel()
        await patient
        seen = await database.seen()
    assert seen.hits == {"k": 3}
    assert (seen.executed, seen.abandoned) == ((1, 2) if cancel else (3, 0))
    assert seen.timeline[-1][1:] == (0, 0)


async def test_who_gives_up_when_the_answer_is_on_its_way_disturbs_nobody(process: SlowDatabaseProcess) -> None:
    async with connected(process, latency="1ms", connections=100) as database:
        database.begin(cancel=True)
        for _ in range(20):
            loads = [database.load("k") for _ in range(50)]
            await loads[0]
            for load in loads[1:]:
                load.cancel()
        await asyncio.gather(*(database.load("k") for _ in range(50)))
        seen = await database.seen()
    assert sum(seen.hits.values()) == 20 * 50 + 50 == seen.executed + seen.abandoned


async def test_loads_under_way_fail_when_their_connection_is_closed(process: SlowDatabaseProcess) -> None:
    async with connected(process, latency=SLOW) as database:
        load = asyncio.ensure_future(database.load("k"))
        await arrived(database, 1)
    with pytest.raises(LoadError, match="the database is gone"):
        await load
    with pytest.raises(LoadError, match="the database is gone"):
        await database.load("k")


@pytest.mark.skipif(sys.platform != "linux", reason="asks the socket who listens")
async def test_loads_fail_when_the_process_is_killed_those_under_way_and_those_after(
    process: SlowDatabaseProcess,
) -> None:
    async with connected(process, latency=SLOW) as database:
        loads = [asyncio.ensure_future(database.load("k")) for _ in range(10)]
        await arrived(database, 10)
        assert process.alive
        os.kill(pid_behind(process.path), signal.SIGKILL)
        errors = await asyncio.gather(*loads, return_exceptions=True)
        assert [(type(error), str(error)) for error in errors] == [(LoadError, "the database is gone")] * 10
        with pytest.raises(LoadError, match="the database is gone"):
            await database.load("k")
        with pytest.raises(LoadError, match="the database is gone"):
            await database.seen()
        async with asyncio.timeout(5):
            while process.alive:
                await asyncio.sleep(0.01)


async def test_stopping_ends_the_process_and_removes_its_folder(process: SlowDatabaseProcess) -> None:
    folder = process.path.parent
    assert process.path.exists()
    assert folder.stat().st_mode & 0o777 == 0o700
    async with connected(process, latency=SLOW) as database:
        load = asyncio.ensure_future(database.load("k"))
        await arrived(database, 1)
        process.stop()
        with pytest.raises(LoadError):
            await load
    assert not process.alive
    assert not folder.exists()
    process.stop()


async def test_a_process_is_not_ready_before_it_listens(process: SlowDatabaseProcess, tmp_path: Path) -> None:
    """The socket's file appears with `bind`, but connections are refused until `listen`."""
    process.path = tmp_path / "bound.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(process.path))
        ready = asyncio.ensure_future(process.ready())
        await asyncio.sleep(0.1)
        assert not ready.done()
        ready.cancel()
        await asyncio.wait([ready])


async def test_a_database_that_is_not_there_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot reach the fake-slow database"):
        await SlowDatabaseClient.open(str(tmp_path / "nothing.sock"))
