"""The trial's keys in Redis: a user's server is a guest's house, where nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.engine.callers import key_name
from stampede.protection.names import office_of
from stampede.scenario.model import Scenario
from stampede.stores.redis import guard_name, value_name

BATCH = 1000


class KeyCleaner:
    """Removes keys by their names: looking for them would cost a huge server a scan of everything."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def remove(self, label: str, numbers: Iterable[int]) -> None:
        """Remove values and guards. Raises redis-py's errors."""
        keys = [key_name(label, number) for number in numbers]
        await self._unlink([name(self._prefix, key) for key in keys for name in (value_name, guard_name)])

    async def clean(self, label: str, scenario: Scenario) -> None:
        """Remove whatever the trial may have left; quietly, for a server that is gone has nothing left."""
        with contextlib.suppress(RedisError, OSError):
            await self.remove(label, range(scenario.workload.keys.count()))
            await self._unlink([guard_name(self._prefix, office_of(key_name(label, 0)))])

    async def traffic(self) -> int:
        """Bytes that the server has received and sent so far."""
        stats = await self._client.info("stats")
        return int(stats["total_net_input_bytes"]) + int(stats["total_net_output_bytes"])

    async def _unlink(self, names: list[str]) -> None:
        for begin in range(0, len(names), BATCH):
            await asyncio.shield(self._client.unlink(*names[begin : begin + BATCH]))
