"""The test bench: the servers, and the fleet that works with them."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from stampede.core.errors import DatabaseUnavailable, RedisUnavailable, UsageError
from stampede.core.keys import run_prefix
from stampede.core.ports import NOTHING, Demand, StoreServer
from stampede.core.urls import without_password
from stampede.engine.fleet import Fleet, Launcher
from stampede.engine.interrupts import to_its_end
from stampede.engine.local_process import LocalProcess
from stampede.engine.messages import Setup
from stampede.engine.room import require_room
from stampede.engine.visit import Visit
from stampede.measure.run import FAKE_SLOW
from stampede.origins.query import Query
from stampede.origins.slow import SlowDatabaseClient
from stampede.processes.redis_proxy import RedisProxy
from stampede.processes.redis_server import EmbeddedRedis
from stampede.processes.slow_database import SlowDatabaseProcess
from stampede.scenario.model import FleetSetup, Scenario
from stampede.stores.choose import store_server


@dataclass(frozen=True)
class Servers:
    """What to measure against; None means the embedded or the fake-slow one.

    `may_evict`: the user's own Redis may evict what others keep there.
    """

    redis: str | None = None
    redis_server: str | None = None
    database: str | None = None
    query: Query | None = None
    may_evict: bool = False

    def check(self, scenario: Scenario) -> None:
        """Check what can be known before the run.

        Raises:
            UsageError: the scenario wants of the database what only the fake-slow one does.
            EnvironmentFault: it does not fit this machine.
        """
        if self.database is not None and scenario.database.cancel:
            raise UsageError("cancelling loads needs the fake-slow database: leave --database or --db-cancel out")
        if self.database is not None and scenario.events:
            raise UsageError("events need the fake-slow database: leave --database out")
        if self.redis is not None and (strikes := [event.do for event in scenario.events if event.do.own_redis]):
            raise UsageError(
                f"the event '{strikes[0]}' is for a Redis that stampede starts, and this one is yours: "
                "leave --redis and STAMPEDE_REDIS_URL out"
            )
        work = scenario.workload
        require_room(scenario.fleet, work.arrivals.total(work.concurrency or 0), self.redis is None)


@dataclass(frozen=True)
class SlowDatabase:
    """The fake-slow database: its process, and the run's own line to it."""

    process: SlowDatabaseProcess
    client: SlowDatabaseClient

    @classmethod
    @asynccontextmanager
    async def ready(cls, process: SlowDatabaseProcess) -> AsyncIterator[SlowDatabase]:
        """Once it has started. Raises DatabaseUnavailable."""
        await process.ready()
        client = await SlowDatabaseClient.open(str(process.path))
        try:
            yield cls(process, client)
        finally:
            await client.close()


@dataclass(frozen=True)
class Bench:
    """Servers and instances that are ready, until the end of `async with Bench.open(…)`. Nothing of it stays behind.

    `embedded` and `slow` are None where the user's own server stands in their place, `proxy` where no event needs it;
    `labels` begin the names of the keys of each trial.
    """

    servers: Servers
    store: StoreServer
    store_version: str
    embedded: EmbeddedRedis | None
    slow: SlowDatabase | None
    fleet: Fleet
    proxy: RedisProxy | None = None
    labels: Iterator[str] = field(default_factory=lambda: (f"t{number}" for number in itertools.count()))

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        servers: Servers,
        setup: FleetSetup,
        launcher: Launcher = LocalProcess.launch,
        demand: Demand = NOTHING,
        with_proxy: bool = False,
    ) -> AsyncIterator[Bench]:
        """Start everything, the instances while the servers start; `demand`: what is asked of the store's server.

        `with_proxy`: the instances reach an embedded Redis through a proxy, which events can slow down.

        Raises StampedeError: something cannot be had.
        """
        require_room(setup, own_redis=servers.redis is None)
        async with AsyncExitStack() as stack:
            embedded = None if servers.redis else EmbeddedRedis(servers.redis_server)
            if embedded:
                stack.callback(embedded.stop)
            process = None if servers.database else SlowDatabaseProcess()
            if process:
                stack.callback(process.stop)
            url = embedded.url if embedded else servers.redis or ""
            store = store_server(url, run_prefix())
            stack.push_async_callback(store.close)
            visit = Visit(store)
            if not embedded:
                stack.push_async_exit(visit.end)  # it cleans when nobody writes any more
            database = str(process.path) if process else servers.database or ""
            proxy = RedisProxy(embedded) if embedded and with_proxy else None
            if proxy:
                stack.callback(proxy.stop)
            reached = proxy.url if proxy else url
            fleet = Fleet(launcher, setup.instances, partial(_setup, servers, reached, store.prefix, database, setup))
            stack.push_async_callback(lambda: to_its_end(fleet.stop()))
            launched = asyncio.create_task(fleet.launch())
            stack.push_async_callback(asyncio.wait, [launched])
            if embedded:
                await embedded.ready()
            if proxy:
                await proxy.ready()
            version = await store.probe(demand._replace(may_evict=servers.may_evict))
            if not embedded:
                await visit.begin()
            slow = await stack.enter_async_context(SlowDatabase.ready(process)) if process else None
            await launched
            await fleet.ready()
            yield cls(servers, store, version, embedded, slow, fleet, proxy)

    def describe(self) -> dict[str, str]:
        """The servers, for the run's environment."""
        where = "embedded" if self.embedded else without_password(self.store.url)
        where += ", behind a proxy" * (self.proxy is not None)
        database = without_password(self.servers.database) if self.servers.database else FAKE_SLOW
        return {
            "redis": f"{self.store_version} ({where})",
            "database": database,
            "garbage collection": "off during a trial",
        }

    def require_servers(self) -> None:
        """Raises DatabaseUnavailable, RedisUnavailable: a server that we started is gone."""
        if self.slow and not self.slow.process.alive:
            raise DatabaseUnavailable("the fake-slow database died in mid-run: look into the system's log")
        if self.embedded and not self.embedded.alive:
            raise RedisUnavailable("the embedded Redis died in mid-run: is the machine out of memory?")
        if self.proxy and not self.proxy.alive:
            raise RedisUnavailable("the proxy in front of Redis died in mid-run: look into the system's log")

    async def traffic(self) -> int | None:
        """Bytes in and out of the embedded server so far; a user's server talks to others too."""
        return await self.store.traffic() if self.embedded else None


def _setup(
    servers: Servers, url: str, prefix: str, database: str, fleet: FleetSetup, number: int, start: int
) -> Setup:
    return Setup(
        number=number,
        instances=fleet.instances,
        owner=f"{number}.{start}",
        redis=url,  # the run's own words, for they say which kind of store is meant
        redis_pool=fleet.redis_pool,
        prefix=prefix,
        database=database,
        query=servers.query,
    )
