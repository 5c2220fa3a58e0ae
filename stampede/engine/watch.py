"""What the servers and the machine did in the middle of a trial."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from stampede.core.cpu import cpu_s
from stampede.engine.bench import Bench
from stampede.engine.heartbeat import Heartbeat
from stampede.engine.machine import CpuTimes, processors
from stampede.measure.observed import Surroundings


class Watch:
    """Heartbeats to the servers, and the kernel's count of what the processors did."""

    def __init__(self, bench: Bench) -> None:
        self._store = Heartbeat(bench.store.pulse, time.monotonic)
        self._database = Heartbeat(bench.slow.client.pulse, time.monotonic) if bench.slow else None
        # A server of the user's own works for others, too, and may be on another machine.
        self._ours = bench.embedded is not None
        self._ticks: tuple[CpuTimes | None, CpuTimes | None] = (None, None)
        self._run_s = self._proxy_s = 0.0
        self._proxy = bench.proxy

    @asynccontextmanager
    async def during(self) -> AsyncIterator[None]:
        """Watch meanwhile."""
        async with AsyncExitStack() as stack:
            for heartbeat in filter(None, (self._store, self._database)):
                await stack.enter_async_context(heartbeat.during())
            relayed = await self._proxy.cpu_s() if self._proxy else 0.0
            ticks, used = CpuTimes.now(), cpu_s()
            yield
            self._ticks, self._run_s = (ticks, CpuTimes.now()), cpu_s() - used
            self._proxy_s = await self._proxy.cpu_s() - relayed if self._proxy else 0.0

    def surroundings(self, own_s: float) -> Surroundings:
        """What was seen; `own_s` are the CPU seconds of the instances and of the fake-slow database."""
        store_s = self._store.cpu_s if self._ours else None
        return Surroundings(
            store_cpu_s=store_s,
            store_stall_s=self._store.stall_s,
            database_stall_s=self._database.stall_s if self._database else None,
            processors=processors(*self._ticks, own_s + (store_s or 0.0) + self._run_s + self._proxy_s),
            all_known=self._ours and self._database is not None,
        )
