"""What a process of the application holds, and its part in a trial."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from random import Random

from stampede.core.cpu import cpu_s
from stampede.core.keys import key_name
from stampede.core.ports import Clock, OpenStore
from stampede.core.tasks import Tasks
from stampede.engine.callers import Callers
from stampede.engine.lag import LagMeter
from stampede.engine.messages import (
    Done,
    Prepare,
    Release,
    Setup,
)
from stampede.engine.writer import Writer
from stampede.origins.connect import OpenOrigin, connect_origin
from stampede.protection import compose
from stampede.protection.counters import Counters
from stampede.stores.choose import store_server
from stampede.workload.laws import Share

SETTLE_S = 5.0
WARM_UP = 64


@dataclass(frozen=True)
class Instance:
    """What a process of the application holds, from its set-up to its end."""

    setup: Setup
    store: OpenStore
    origin: OpenOrigin
    clock: Clock = time.monotonic

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, setup: Setup) -> AsyncIterator[Instance]:
        """Connect to everything, and walk the paths once. Raises StampedeError."""
        async with contextlib.AsyncExitStack() as stack:
            store = await store_server(setup.redis, setup.prefix).open(setup.redis_pool)
            stack.push_async_callback(store.close)
            origin = await connect_origin(setup.database, setup.query)
            stack.push_async_callback(origin.close)
            await store.warm(setup.redis_pool or WARM_UP)
            yield cls(setup, store, origin)


class InstanceTrial:
    """One instance's part in one trial: its callers, and its protection, which a restart replaces."""

    def __init__(self, instance: Instance, asked: Prepare) -> None:
        instance.store.forget_callbacks()
        instance.store.longest = asked.lifetime
        self._instance = instance
        self._count = instance.origin.begin(asked.scenario.database.cancel)
        self._asked = asked
        self.share = Share(instance.setup.number, instance.setup.instances)
        self._random = Random(f"{asked.seed}/{self.share.instance}")
        self.names = [key_name(asked.keys_label, number) for number in range(asked.scenario.workload.keys.count())]
        self._lives: list[tuple[Tasks, compose.Protection]] = []
        self.protection = self._protect()
        scenario = asked.scenario
        self._callers = Callers(self.protection.get, self.names, scenario, self.share, self._random, instance.clock)

    def _protect(self) -> compose.Protection:
        """A new protection, and a new life if the instance was restarted."""
        tasks = Tasks()
        protection = compose.protection(
            self._asked.strategy,
            store=self._instance.store,
            origin=self._instance.origin.load,
            ttl=self._asked.scenario.cache.ttl,
            clock=self._instance.clock,
            random=self._random,
            tasks=tasks,
            owner=f"{self._instance.setup.owner}-{self._asked.keys_label}.{len(self._lives)}",
        )
        self._lives.append((tasks, protection))
        return protection

    async def warm(self) -> None:
        """Load this instance's part of the keys; nobody is going to ask."""
        mine = self.names[self.share.instance :: self.share.instances]
        await asyncio.gather(*map(self.protection.cache.load_and_put, mine))

    async def prepare(self) -> None:
        """Bring the callers to the barrier."""
        await self.protection.begin(self.names)
        await self._callers.assemble()

    async def close(self) -> None:
        """End what a trial that was never released has left waiting."""
        await self._callers.interrupt(self._callers.get)
        for tasks, _ in self._lives:
            await tasks.settle(0)

    async def restart(self) -> None:
        """Lose everything that a process holds; what was under way fails."""
        tasks, _ = self._lives[-1]
        self.protection = self._protect()
        await self._callers.interrupt(self.protection.get)
        await tasks.settle(0)
        await self.protection.begin(self.names)

    async def run(self, release: Release) -> Done:
        """From the release to the last answer, and what it took."""
        lag = LagMeter(self._instance.clock)
        cpu, commands = cpu_s(), self._instance.store.commands
        async with self._writing():
            await lag.during(self._callers.run(release.at, release.deadline))
        unsettled = sum([await tasks.settle(SETTLE_S) for tasks, _ in self._lives])
        return Done(
            columns=self._callers.records.columns(),
            counters=sum((life.cache.counters for _, life in self._lives), start=Counters()),
            redis_commands=self._instance.store.commands - commands,
            unsettled=unsettled,
            lag_max=lag.maximum,
            cpu=cpu_s() - cpu,
            count=self._count,
        )

    @contextlib.asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        """Have the first instance write meanwhile, if the workload has writes."""
        if not self._asked.scenario.workload.writes or self.share.instance:
            yield
            return
        writer = Writer(self._asked.scenario, self._asked.keys_label, self._random)
        writing = asyncio.create_task(writer.write(self._instance.origin, self._invalidate))
        yield
        writing.cancel()
        await asyncio.wait([writing])

    async def _invalidate(self, key: str) -> None:
        await self.protection.invalidate(key)
