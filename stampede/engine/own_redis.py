"""The Redis server that we started, and what events may do to it in one trial."""

from __future__ import annotations

import asyncio

from stampede.core.errors import UsageError
from stampede.engine.bench import Bench
from stampede.origins.latency import Latency
from stampede.processes.redis_proxy import RedisProxy
from stampede.processes.redis_server import EmbeddedRedis


class OwnRedis:
    """Does what events ask for, and takes back, at the end of the trial, what an event could not take back itself."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self.down = self._slow = False
        self.awake = asyncio.Event()
        """Set unless it is frozen."""
        self.awake.set()
        self._changing = asyncio.Lock()
        """Who kills it or starts it does so to the end before the next event does: else it could stay down."""

    @property
    def _server(self) -> EmbeddedRedis:
        if self._bench.embedded is None:
            raise UsageError("this event strikes a Redis that stampede starts: leave --redis out")
        return self._bench.embedded

    @property
    def _proxy(self) -> RedisProxy:
        if self._bench.proxy is None:
            raise UsageError("this event needs the proxy in front of Redis, so it must set 'redis_proxy'")
        return self._bench.proxy

    async def crash(self) -> None:
        """Kill it, unless another event already has. Raises StampedeError."""
        async with self._changing:
            if not self.down:
                server, self.down = self._server, True
                await self._bench.store.keep_counts()
                await server.crash()

    async def start(self) -> None:
        """Start it again, unless another event already has. Raises StampedeError."""
        async with self._changing:
            if self.down:
                await self._server.start_again()
                self.down = False

    async def freeze(self, frozen: bool) -> None:
        """Have it stand still, or go on. Raises StampedeError."""
        server = self._server
        if frozen:
            self.awake.clear()
            await server.freeze()
        else:
            await server.thaw()
            self.awake.set()

    async def slow(self, latency: Latency | None, seed: float) -> None:
        """Have every round trip to it take longer, or no longer. Raises StampedeError."""
        proxy, self._slow = self._proxy, latency is not None
        await proxy.slow(latency, seed)

    async def restore(self) -> None:
        """Have it run as it is to at the start of a trial, however the events were ended. Raises StampedeError."""
        if not self.awake.is_set():
            await self.freeze(False)
        await self.start()
        if self._slow:
            await self.slow(None, 0.0)
