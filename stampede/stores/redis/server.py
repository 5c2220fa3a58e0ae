"""A Redis server as a run sees it: something to open, to clean and to ask for its traffic."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from redis.asyncio import Redis
from redis.exceptions import RedisError

from stampede.core.errors import StoreError
from stampede.core.ports import NOTHING, Demand
from stampede.stores.redis.cleaning import ALIVE, BATCH, sweep
from stampede.stores.redis.codec import guard_name, milliseconds, value_name, waiting_name
from stampede.stores.redis.probe import probe
from stampede.stores.redis.pulses import Pulses
from stampede.stores.redis.store import RedisStore
from stampede.stores.redis.wire import connect, disconnect


class RedisServer:
    """The contract of `stampede.core.ports.StoreServer`.

    Between trials keys are removed by their names: looking for them costs a huge server a scan of everything.
    """

    def __init__(self, url: str, prefix: str) -> None:
        self.url = url
        self.prefix = prefix
        self._client: Redis = connect(url, 1)
        self._pulses = Pulses(url)
        self._before = 0

    async def probe(self, demand: Demand = NOTHING) -> str:
        return await probe(self.url, self.prefix, demand)

    async def open(self, pool: int | None = None) -> RedisStore:
        return await RedisStore.open(self.url, self.prefix, pool)

    async def remove(self, keys: Iterable[str]) -> None:
        names = [name(self.prefix, key) for key in keys for name in (value_name, guard_name, waiting_name)]
        try:
            for begin in range(0, len(names), BATCH):
                await asyncio.shield(self._client.unlink(*names[begin : begin + BATCH]))
        except (RedisError, OSError) as error:
            raise StoreError(f"Redis: {error}") from None

    async def announce(self, seconds: float) -> None:
        try:
            await self._client.set(self.prefix + ALIVE, b"", px=milliseconds(seconds))
        except (RedisError, OSError) as error:
            raise StoreError(f"Redis: {error}") from None

    async def sweep(self) -> int:
        return await sweep(self.url, self.prefix)

    async def traffic(self) -> int | None:
        counted = await self._counted()
        return None if counted is None else self._before + counted - self._pulses.bytes

    async def keep_counts(self) -> None:
        self._before += await self._counted() or 0

    async def _counted(self) -> int | None:
        """Bytes since the server was started; None: it does not tell."""
        try:
            stats = await self._client.info("stats")
        except (RedisError, OSError):
            return None
        return int(stats["total_net_input_bytes"]) + int(stats["total_net_output_bytes"])

    async def pulse(self) -> float:
        return await self._pulses.take()

    async def close(self) -> None:
        await disconnect(self._client)
        await self._pulses.close()
