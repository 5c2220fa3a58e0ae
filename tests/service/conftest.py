"""`stampede serve` with real workers, and a client that asks it over real HTTP."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import Command, own_redis, said, stampede, start

__all__ = ["own_redis", "said", "stampede", "start"]

WORKER = "stampede.service.worker"
PATIENCE_S = 15.0
"""Who has no answer by then hangs."""


class Service:
    """A running `stampede serve`."""

    def __init__(self, command: Command) -> None:
        self.command = command
        assert command.process.stderr is not None
        self.said = command.process.stderr.readline()
        found = re.match(r"stampede: (http://\S+)/tracks", self.said)
        assert found, self.said + command.process.stderr.read()
        self.url = found[1]

    def workers(self) -> set[int]:
        """The processes of its workers."""
        return {pid for pid, line in self.command.processes().items() if f"-m {WORKER}" in line}

    def kill(self, name: str) -> None:
        """`redis` or `database` dies."""
        os.kill(self.command.server(name), signal.SIGKILL)

    @asynccontextmanager
    async def client(self, connections: int = 0) -> AsyncIterator[Client]:
        """Somebody who asks it, over as many connections as there are requests at once, or so many."""
        connector = aiohttp.TCPConnector(limit=connections)
        patience = aiohttp.ClientTimeout(PATIENCE_S)
        async with aiohttp.ClientSession(self.url, connector=connector, timeout=patience) as session:
            yield Client(session)


class Client:
    """Asks."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, path: str, method: str = "GET") -> tuple[int, Any]:
        """The status, and what the JSON says."""
        async with self._session.request(method, path) as response:
            body = await response.read()
            if not body:
                return response.status, None
            assert response.content_type == "application/json"
            assert b"\n" not in body
            return response.status, await response.json()

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """All samples, by their name and the values of their labels."""
        async with self._session.get("/metrics") as response:
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            families = text_string_to_metric_families(await response.text())
            return {
                (sample.name, *sample.labels.values()): sample.value
                for family in families
                for sample in family.samples
            }

    async def hits(self) -> float:
        """Loads that have reached the database."""
        return (await self.metrics())["stampede_database_hits_total",]

    async def burst(self, count: int, path: str) -> Counter[int]:
        """So many requests at once: how often each status."""
        return Counter(status for status, _ in await asyncio.gather(*(self.ask(path) for _ in range(count))))


class Load:
    """Callers who ask again and again, each on a connection of its own, and what became of it."""

    def __init__(self, service: Service, path: str = "/tracks/1") -> None:
        self._service = service
        self._path = path
        self.statuses: Counter[int] = Counter()
        self.refused = 0
        self.lost: list[str] = []
        self.longest_s = 0.0

    @asynccontextmanager
    async def by(self, callers: int) -> AsyncIterator[None]:
        """Have so many ask meanwhile."""
        stop = asyncio.Event()
        async with self._service.client() as client:
            asking = [asyncio.create_task(self._ask_until(stop, client)) for _ in range(callers)]
            try:
                yield
            finally:
                stop.set()
                await asyncio.gather(*asking)

    async def _ask_until(self, stop: asyncio.Event, client: Client) -> None:
        while not stop.is_set():
            begun = time.monotonic()
            try:
                status, _ = await client.ask(self._path)
                self.statuses[status] += 1
            except aiohttp.ClientConnectorError:
                self.refused += 1
                await asyncio.sleep(0.01)
            except (aiohttp.ClientError, TimeoutError) as error:
                self.lost.append(repr(error))
            self.longest_s = max(self.longest_s, time.monotonic() - begun)


@pytest.fixture
def serve(start: Callable[..., Command], real_time: None) -> Iterator[Callable[..., Service]]:
    """Starts `stampede serve WORDS...` on a free port, and ends it if the test has not."""
    services: list[Service] = []

    def serve(*words: object) -> Service:
        services.append(Service(start("serve", "--port", 0, *words)))
        return services[-1]

    yield serve
    for service in services:
        if service.command.process.poll() is None:
            service.command.terminate()
            assert service.command.ended().code == 0


@pytest.fixture
def until() -> Callable[..., Any]:
    """Waits until something is so."""

    async def until(so: Callable[[], Any], within: float = 20.0) -> None:
        deadline = time.monotonic() + within
        while not (await answer if asyncio.iscoroutine(answer := so()) else answer):
            assert time.monotonic() < deadline, "it has not become so"
            await asyncio.sleep(0.02)

    return until
