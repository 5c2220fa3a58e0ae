"""What faults may lay hands on in one trial."""

from __future__ import annotations

import asyncio
import time
from random import Random

from stampede.engine.bench import Bench
from stampede.engine.key_cleaner import KeyCleaner
from stampede.engine.messages import Prepare
from stampede.engine.own_redis import OwnRedis
from stampede.origins.latency import Latency
from stampede.scenario.model import Event


class TrialTarget:
    """The contract of `stampede.scenario.fault.Target`, for one trial.

    `removed` has rows (instant on the monotonic clock, key number).
    """

    def __init__(self, bench: Bench, trial: Prepare) -> None:
        assert bench.slow is not None, "events are refused beside a database of the user's own"
        self.random = Random(f"{trial.seed}/events")
        self._trial = trial
        self._fleet = bench.fleet
        self._key_cleaner = KeyCleaner(bench.store)
        self._database = bench.slow.client
        self._latency = trial.scenario.database.latency
        self._failing = False
        self._redis = OwnRedis(bench)
        self.restore = self._redis.restore
        self.removed: list[tuple[float, int]] = []

    async def inject(self, until_release: float) -> None:
        """Have every event of the scenario happen at its time. Raises StampedeError."""

        async def at_its_time(event: Event) -> None:
            await asyncio.sleep(until_release + event.at)
            await event.do.inject(self)

        await asyncio.gather(*map(at_its_time, self._trial.scenario.events))

    def keys(self) -> int:
        return self._trial.scenario.workload.keys.count()

    def instances(self) -> int:
        return self._trial.scenario.fleet.instances

    async def remove(self, keys: list[int]) -> None:
        await self._redis.awake.wait()  # as every command to it has to
        if not self._redis.down:  # else nothing is there
            await self._key_cleaner.remove(self._trial.keys_label, keys)
        self.removed += [(time.monotonic(), key) for key in keys]

    def _all_are_gone(self) -> None:
        self.removed += [(time.monotonic(), key) for key in range(self.keys())]

    async def slow(self, latency: Latency | None) -> None:
        self._latency = latency or self._trial.scenario.database.latency
        await self._database.change(str(self._latency), self._failing)

    async def fail(self, failing: bool) -> None:
        self._failing = failing
        await self._database.change(str(self._latency), self._failing)

    async def restart(self, instances: list[int]) -> None:
        await self._fleet.restart(instances)

    async def crash_redis(self) -> None:
        await self._redis.crash()
        self._all_are_gone()

    async def start_redis(self) -> None:
        await self._redis.start()

    async def freeze_redis(self, frozen: bool) -> None:
        await self._redis.freeze(frozen)

    async def slow_redis(self, latency: Latency | None) -> None:
        await self._redis.slow(latency, self.random.random())
